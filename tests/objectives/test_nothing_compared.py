"""A check in which nothing was compared does not pass; larger importance-weighted bounds are compared.

A black box takes a seed, so that its noise cannot be prescribed.
"""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from scipy.special import logsumexp

from verify import check_objective, strategies
from verify.objectives import CheckReport, NothingComparedError, ObjectiveError
from verify.objectives.reference.power_means import power_mean_moments

SAMPLES = 5
IWAE = {"returns": "loss", "reduction": "sum", "kind": "iwae", "samples": SAMPLES}


def log_normal(x: Any, mean: Any, variance: Any) -> Any:
    return -0.5 * (np.log(2 * np.pi * variance) + (x - mean) ** 2 / variance)


def log_weights(model: Any, q: Any, samples: int, rng: Any) -> Any:
    """One a draw and data point."""
    z = q.mean + np.sqrt(q.variance) * rng.standard_normal((samples, *q.mean.shape))
    seen = log_normal(model.x, model.mean + z @ model.loadings.T, model.noise_variance).sum(-1)
    return seen + log_normal(z, 0.0, 1.0).sum(-1) - log_normal(z, q.mean, q.variance).sum(-1)


def right(model: Any, q: Any, samples: int, rng: Any) -> Any:
    return -(logsumexp(log_weights(model, q, samples, rng), axis=0) - np.log(samples)).sum()


def without_log_k(model: Any, q: Any, samples: int, rng: Any) -> Any:
    return right(model, q, samples, rng) - len(model.x) * np.log(samples)


def averaged(model: Any, q: Any, samples: int, rng: Any) -> Any:
    return right(model, q, samples, rng) / len(model.x)


def mean_of_logs(model: Any, q: Any, samples: int, rng: Any) -> Any:
    return -log_weights(model, q, samples, rng).mean(0).sum()


def black_box(objective: Any) -> Any:
    def seeded(model: Any, q: Any, samples: int, seed: int) -> Any:
        return objective(model, q, samples, np.random.default_rng(seed))

    return seeded


def checked(objective: Any, **declared: Any) -> CheckReport:
    """Ten normals act together for every data point: too many for quadrature."""
    return check_objective(objective, strategies.build("ppca", 1, points=3, latents=2), **IWAE, **declared)


@pytest.mark.parametrize("objective", [right, without_log_k])
def test_right_or_wrong_it_does_not_pass_untested(objective: Any) -> None:
    with pytest.raises(NothingComparedError) as caught:
        checked(black_box(objective))
    assert 'say estimator="log-weight"' in str(caught.value)
    assert "strategies.build('ppca'" in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_once_the_estimator_is_declared_the_right_one_passes() -> None:
    report = checked(black_box(right), estimator="log-weight")
    tested = {finding.layer for finding in report.findings if finding.status in ("held", "undecided")}
    assert {"pointwise", "draws"} <= tested


@pytest.mark.parametrize(("objective", "layer"), [(without_log_k, "pointwise"), (mean_of_logs, "draws")])
def test_and_wrong_ones_are_caught(objective: Any, layer: str) -> None:
    """The mean of logs is right at the posterior, where all weights are equal: only draws elsewhere show it."""
    with pytest.raises(ObjectiveError) as caught:
        checked(black_box(objective), estimator="log-weight")
    assert caught.value.finding.layer == layer


@pytest.mark.parametrize(("objective", "layer"), [(without_log_k, "bounds"), (mean_of_logs, "expectation")])
def test_with_prescribed_noise_they_are_caught_undeclared(objective: Any, layer: str) -> None:
    """At the posterior no normal matters, and a mean of logs is a sum over normals: both expectations are exact."""
    with pytest.raises(ObjectiveError) as caught:
        checked(objective)
    assert caught.value.finding.layer == layer
    assert any(f.property == "E[value] = log p(x) at the posterior" for f in checked(right).with_status("held"))


@pytest.mark.parametrize(
    ("objective", "sentence"), [(without_log_k, "log K is not subtracted"), (averaged, "averaged over the data points")]
)
def test_the_cause_is_found_at_posteriors_where_no_expectation_can_be_had(objective: Any, sentence: str) -> None:
    with pytest.raises(ObjectiveError, match=sentence):
        checked(black_box(objective), estimator="log-weight")


def test_the_exact_mean_of_the_bound_is_that_of_its_draws() -> None:
    """With 40 000 draws, six standard errors: a false alarm once in 5e8 runs, and the seed is fixed."""
    case = strategies.build("ppca", 1, points=3, latents=2)
    exact = power_mean_moments(case.model, case.q, SAMPLES, 1.0)
    rng = np.random.default_rng(0)
    draws = np.array([-right(case.model, case.q, SAMPLES, rng) for _ in range(40_000)])
    assert exact.error < 1e-3
    assert abs(draws.mean() - exact.mean) < 6 * draws.std() / 200 + exact.error
    assert exact.variance == pytest.approx(draws.var(), rel=0.1)
