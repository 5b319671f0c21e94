"""Models with probabilities of 1e-300, variances of 1e-16, 100,000 data points, 256 states: finite, and honest.

The floats may lose digits there; what they say they lost (`Sum.rounding`) must cover the difference to the certified
enclosures, which lose none.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import mpmath
import numpy as np
import pytest

from verify import models
from verify.decide import Enclosure, decide_bounds, exact_chain
from verify.models.certified import certified_balance
from verify.models.exact import exact_balance
from verify.models.records import SIMPLEX, SYMMETRIC, Record
from verify.models.special import log_normalised, normalised, relative_entropy_terms
from verify.models.sums import lost

FINITE = ("finite-table", "gaussian-mixture", "hidden-markov", "hidden-markov-mean-field", "discrete-diffusion",
          "discrete-diffusion-exact")  # fmt: skip
NORMAL = ("normal-normal", "log-normal", "linear-gaussian", "factor-analysis", "ppca", "linear-regression",
          "linear-regression-mean-field", "gaussian-diffusion", "gaussian-diffusion-exact", "state-space")  # fmt: skip
SEEDS = range(12)


@pytest.fixture(autouse=True)
def _no_warnings() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def with_tiny_probabilities(record: Any, rng: np.random.Generator) -> Any:
    """A third of all entries of every probability vector at 1e-300."""
    changes = {}
    for name, kind in record.kinds().items():
        if kind is SIMPLEX:
            table = getattr(record, name)
            table = np.where(rng.random(table.shape) < 1 / 3, 1e-300, table)
            changes[name] = table / table.sum(-1, keepdims=True)
    return record.replace(**changes)


def with_tiny_variances(record: Any, share: float, rng: np.random.Generator) -> Any:
    """Some of the variances at 1e-16 of what they were."""
    changes = {}
    for name, kind in record.kinds().items():
        if ("varianc" in name or kind is SYMMETRIC) and rng.random() < share:
            changes[name] = getattr(record, name) * 1e-16
    return record.replace(**changes)


def enclosures(model: Any, q: Any) -> tuple[Enclosure, Enclosure, Enclosure]:
    try:
        exact = exact_balance(model, q)
    except TypeError:
        certified = certified_balance(model, q)
        return certified.evidence, certified.elbo, certified.gap
    evidence, elbo, gap = (value.enclosure(200) for value in (exact.evidence, exact.elbo, exact.gap))
    return evidence, elbo, gap


def is_honest(model: Any, q: Any) -> bool:
    """Every float within its stated rounding of the certified number; they balance within their roundings."""
    balance = model.balance(q)
    sums = balance.evidence, balance.elbo, balance.gap
    assert all(math.isfinite(s.value) for s in sums)
    assert abs(balance.residual) <= balance.rounding
    for enclosure, found in zip(enclosures(model, q), sums, strict=True):
        # A gap that is 0 in floats may be the square of a relative rounding of 1e-13.
        slack = found.rounding + 1e-25 + enclosure.radius
        if not abs(enclosure.midpoint - found.value) <= slack:
            return False
    return True


@pytest.mark.parametrize("name", FINITE)
def test_probabilities_of_1e_300(name: str) -> None:
    """No gap is infinite, although posteriors have entries far below the smallest float."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        model = with_tiny_probabilities(models.ALL[name].random(rng), rng)
        q = with_tiny_probabilities(model.random_q(rng), rng)
        assert is_honest(model, q)


@pytest.mark.parametrize("name", NORMAL)
def test_variances_of_1e_16(name: str) -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        model = with_tiny_variances(models.ALL[name].random(rng), 0.5, rng).sample_data(rng)
        for q in (model.random_q(rng), with_tiny_variances(model.random_q(rng), 1, rng), model.posterior_q()):
            assert is_honest(model, q)


def test_mixture_priors_with_variances_of_1e_16_balance() -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        model = with_tiny_variances(models.MixturePrior.random(rng), 0.5, rng)
        balance = model.balance(model.random_q(rng))
        assert abs(balance.residual) <= balance.rounding


@pytest.mark.parametrize(
    "name",
    ["normal-normal", "log-normal", "beta-bernoulli", "gamma-poisson", "gamma-exponential", "dirichlet-categorical",
     "pareto-uniform", "mixture-prior", "finite-table", "gaussian-mixture", "discrete-diffusion",
     "gaussian-diffusion", "linear-regression"],
)  # fmt: skip
def test_a_hundred_thousand_points(name: str) -> None:
    rng = np.random.default_rng(1)
    model = models.ALL[name].random(rng, points=100_000)
    q = model.random_q(rng)
    balance = model.balance(q)
    assert abs(balance.residual) <= balance.rounding <= 1e-9 * (1 + abs(balance.elbo.value) + balance.gap.value)
    assert model.gap(model.posterior_q()) <= 1e-9
    for gradient in (model.elbo_gradient(q), model.parameter_gradient(q)):
        assert all(np.isfinite(array).all() for array in gradient.values())


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("finite-table", {"points": 50, "states": 256, "values": 256}),
        ("gaussian-mixture", {"points": 50, "components": 256}),
        ("hidden-markov", {"steps": 12, "states": 256, "symbols": 256}),
        ("hidden-markov-mean-field", {"steps": 6, "states": 256}),
        ("discrete-diffusion", {"states": 256, "steps": 4}),
    ],
)
def test_256_states(name: str, sizes: dict[str, int]) -> None:
    rng = np.random.default_rng(2)
    model = models.ALL[name].random(rng, **sizes)
    for q in (model.random_q(rng), with_tiny_probabilities(model.random_q(rng), rng)):
        balance = model.balance(q)
        assert abs(balance.residual) <= balance.rounding <= 1e-9 * (1 + abs(balance.elbo.value))


def test_a_filter_that_rounding_has_left_without_an_inverse() -> None:
    """The Kalman filter's own covariance of x loses its rank; log p(x) comes from the mode of z instead."""
    rng = np.random.default_rng(3)
    model = models.LinearGaussianStateSpace.random(rng, latents=2, dimension=4)
    model = model.replace(noise_covariance=model.noise_covariance * 1e-18).sample_data(rng)
    with pytest.raises(np.linalg.LinAlgError):
        model._innovations()
    assert is_honest(model, model.random_q(rng))


@pytest.mark.parametrize("name", ["discrete-diffusion", "gaussian-diffusion"])
def test_a_q_that_starts_from_other_data_is_refused(name: str) -> None:
    rng = np.random.default_rng(0)
    model = models.ALL[name].random(rng, points=3)
    q = model.random_q(rng)
    other = q.replace(start=(q.start + 1) % 2 if name.startswith("discrete") else q.start + 1)
    for function in (model.elbo, model.gap):
        with pytest.raises(ValueError, match="starts from other data"):
            function(other)


def test_a_spike_between_the_nodes_of_coarse_rules_is_seen() -> None:
    """With 100,000 points the posterior is 250 times as narrow as q: the gap against log p(x) − ELBO."""
    rng = np.random.default_rng(1)
    model = models.MixturePrior.random(rng, points=100_000)
    q = model.random_q(rng)
    assert math.isclose(model.gap(q), model.log_evidence() - model.elbo(q), rel_tol=1e-12)


# ---------------------------------------------------------------- what it rests on


def test_logs_below_the_smallest_float() -> None:
    logs = np.array([[0.0, -2000.0], [-np.inf, -np.inf], [-np.inf, 3.0]])
    assert normalised(logs)[0, 1] == 0
    expected = np.array([[0.0, -2000.0], [-math.log(2), -math.log(2)], [-np.inf, 0.0]])
    assert np.array_equal(log_normalised(logs), expected)
    q, p = np.array([1e-300, 1 - 1e-300]), np.array([0.0, 1.0])
    assert np.isinf(relative_entropy_terms(q, p)[0])
    assert math.isclose(relative_entropy_terms(q, p, np.array([-2000.0, 0.0]))[0], 1e-300 * (2000 - 300 * math.log(10)),
                        rel_tol=1e-2)  # fmt: skip


@pytest.mark.parametrize("ratio", [1e-300, 1e-16, 1e-3, 0.95, 1.0, 1 + 1e-9, 5.0, 1e16])
def test_the_divergence_of_variances_of_any_ratio(ratio: float) -> None:
    """KL(N(0, r) ‖ N(0, 1)) = ½ (r − 1 − log r), by mpmath; with log(1 + (r − 1)) it would be 0.28 off at 1e-16."""
    with mpmath.workdps(340):
        exact = (mpmath.mpf(ratio) - 1 - mpmath.log(mpmath.mpf(ratio))) / 2
    law, other = models.Normal.scalar(0.0, ratio), models.Normal.scalar(0.0, 1.0)
    assert math.isclose(law.kl_sum(other).value, float(exact), rel_tol=1e-13)


def test_what_a_square_loses() -> None:
    """(a − b)²/2 for a = 1e8 + 1 + noise: the rounding of a alone moves it by |a − b| |a| u."""
    rng = np.random.default_rng(0)
    a, b = 1e8 + rng.normal(size=1000), 1e8
    exact = sum((math.fma(1.0, x, -b) if hasattr(math, "fma") else x - b) ** 2 / 2 for x in a.tolist())
    moved = sum((x * (1 + 2**-52) - b) ** 2 / 2 for x in a.tolist())
    assert abs(moved - exact) <= 32 * 2**-53 * lost(a - b, np.abs(a) + b)


def test_decisions_at_rounded_posteriors_of_256_states_at_every_scale() -> None:
    """The nearest floats to a posterior are not the posterior: less by about 1e-33, whatever the scale."""
    rng = np.random.default_rng(5)
    joint = rng.exponential(size=(256, 3)) * np.array([1e-290, 1.0, 1e290])
    q = joint / joint.sum(axis=0)
    for b, decision in enumerate(decide_bounds(joint, q)):
        exact = exact_chain(joint[:, b].tolist(), q[:, b].tolist()).bound()
        assert decision.answer is exact.answer
        assert decision.answer.name == "LESS"


def test_weights_that_overflow_leave_the_floats_silent() -> None:
    joint, q, weights = np.array([[1e200], [1.0]]), np.array([[0.25], [0.75]]), np.array([1e200, 1.0])
    (decision,) = decide_bounds(joint, q / (weights @ q), weights)
    assert decision.answer.name == "LESS"


def test_records_stay_as_they_were() -> None:
    """The extremes are made from copies."""
    rng = np.random.default_rng(0)
    model = models.FiniteTable.random(rng)
    before = model.prior.copy()
    assert isinstance(with_tiny_probabilities(model, rng), Record)
    assert np.array_equal(model.prior, before)
