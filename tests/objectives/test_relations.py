"""Relations between calls on a user's own network, where no exact value is known: each holds for a right objective and
fails for a wrong one.

The network is a small VAE with a hidden layer of tanh units, on which nothing can be integrated exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from verify import check_objective
from verify.objectives import CheckReport, NothingComparedError, ObjectiveError, Unsolved

LOG_2PI = np.log(2 * np.pi)
RNG = np.random.default_rng(11)
X = RNG.normal(size=(4, 5))
HIDDEN, OUT = RNG.normal(size=(2, 6)), RNG.normal(size=(6, 5))
ENCODING = RNG.normal(size=(5, 4)) / 3
VARIANCE = 0.3


def decoder(z: Any) -> Any:
    return np.tanh(z @ HIDDEN) @ OUT


def encoder(x: Any) -> tuple[Any, Any]:
    code = x @ ENCODING
    return code[..., :2], code[..., 2:]


def prior(x: Any) -> tuple[Any, Any]:
    return np.zeros((len(x), 2)), np.zeros((len(x), 2))


def log_normal(x: Any, mean: Any, log_variance: Any) -> Any:
    return -0.5 * (LOG_2PI + log_variance + (x - mean) ** 2 / np.exp(log_variance))


def log_weights(x: Any, shift: Any, samples: int, network: Any, rng: Any, bug: str = "") -> Any:
    """log p(x_i, z_ki) - log q(z_ki | x_i), shape (K, N)."""
    decode, encode = network
    mean, log_variance = encode(x)
    z = mean + np.exp(0.5 * log_variance) * rng.standard_normal((samples, *mean.shape))
    of_data = log_normal(x, decode(z), np.log(VARIANCE)).sum(-1) + shift
    if bug == "likelihood tempered":
        of_data = 0.9 * of_data
    of_prior = log_normal(z, 0.0, 0.0).sum(-1)
    of_q = log_normal(z, mean, log_variance).sum(-1)
    if bug == "prior too wide":
        of_prior = log_normal(z, 0.0, np.log(2.0)).sum(-1)
    if bug == "no log q":
        of_q = 0.0
    return of_data + of_prior - of_q


def vae(x: Any, shift: Any, decoder: Any, encoder: Any, rng: Any, bug: str = "") -> Any:
    total = log_weights(x, shift, 1, (decoder, encoder), rng, bug).sum()
    return {
        "averaged twice": total / len(x),
        "constant per batch": total - 3.0,
    }.get(bug, total)


def iwae(x: Any, shift: Any, samples: int, decoder: Any, encoder: Any, rng: Any, bug: str = "") -> Any:
    logs = log_weights(x, shift, samples, (decoder, encoder), rng, bug)
    total = np.logaddexp.reduce(logs, axis=0) - (0.0 if bug == "no log K" else np.log(samples))
    return total.sum() + (np.log(2.0) if bug == "off at one" else 0.0)


CASE = Unsolved(X, decoder=decoder, encoder=prior)


def checked(objective: Callable[..., Any], case: Unsolved = CASE, **declared: Any) -> CheckReport:
    return check_objective(
        objective, case, **{"returns": "elbo", "reduction": "sum", "estimator": "log-weight", **declared}
    )


def relations(report: CheckReport) -> dict[str, str]:
    return {finding.property: finding.status for finding in report.findings if finding.layer == "relations"}


def test_the_right_elbo_meets_every_relation_that_applies() -> None:
    assert relations(checked(vae)) == {
        "shifted likelihood": "held",
        "duplicated data": "held",
        "decoder without z": "held",
        "repeated draws": "not applicable",
        "one sample": "not applicable",
    }


def plain_elbo(x: Any, shift: Any, decoder: Any, encoder: Any, rng: Any) -> Any:
    return vae(x, shift, decoder, encoder, rng)


def test_the_right_importance_weighted_bound_meets_them_all() -> None:
    case = Unsolved(X, decoder=decoder, encoder=prior, elbo=plain_elbo)
    report = checked(iwae, case, kind="iwae", samples=3)
    assert set(relations(report)) == {
        "shifted likelihood", "duplicated data", "decoder without z", "repeated draws", "one sample"
    }  # fmt: skip
    assert set(relations(report).values()) == {"held"}


@pytest.mark.parametrize(
    ("bug", "relation"),
    [
        ("likelihood tempered", "shifted likelihood"),
        ("averaged twice", "shifted likelihood"),
        ("constant per batch", "duplicated data"),
        ("no log q", "decoder without z"),
        ("prior too wide", "decoder without z"),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_a_wrong_elbo_breaks_the_relation_that_is_about_it(bug: str, relation: str, seed: int) -> None:
    def wrong(x: Any, shift: Any, decoder: Any, encoder: Any, rng: Any) -> Any:
        return vae(x, shift, decoder, encoder, rng, bug)

    with pytest.raises(ObjectiveError) as caught:
        checked(wrong, Unsolved(X, decoder=decoder, encoder=prior, seed=seed))
    assert (caught.value.finding.layer, caught.value.finding.property) == ("relations", relation)


@pytest.mark.parametrize(("bug", "relation"), [("no log K", "repeated draws"), ("off at one", "one sample")])
def test_a_wrong_importance_weighted_bound_breaks_its_relation(bug: str, relation: str) -> None:
    def wrong(samples: int, decoder: Any, encoder: Any, rng: Any) -> Any:
        return iwae(X, 0.0, samples, decoder, encoder, rng, bug)

    def elbo(decoder: Any, encoder: Any, rng: Any) -> Any:
        return vae(X, 0.0, decoder, encoder, rng)

    with pytest.raises(ObjectiveError) as caught:
        checked(wrong, Unsolved(X, decoder=decoder, encoder=prior, elbo=elbo), kind="iwae", samples=3)
    assert caught.value.finding.property == relation


@pytest.mark.parametrize(("returns", "sign"), [("elbo", 1), ("loss", -1)])
@pytest.mark.parametrize(("reduction", "reduce"), [("sum", np.sum), ("mean", np.mean), ("none", np.asarray)])
def test_relations_hold_in_every_sign_and_reduction(returns: Any, sign: int, reduction: Any, reduce: Any) -> None:
    def objective(x: Any, shift: Any, decoder: Any, encoder: Any, rng: Any) -> Any:
        return sign * reduce(log_weights(x, shift, 1, (decoder, encoder), rng)[0])

    found = relations(checked(objective, returns=returns, reduction=reduction))
    assert [found[name] for name in ("shifted likelihood", "duplicated data", "decoder without z")] == ["held"] * 3


def test_an_average_that_was_declared_a_sum_breaks_the_relations() -> None:
    def averaged(x: Any, shift: Any, decoder: Any, encoder: Any, rng: Any) -> Any:
        return log_weights(x, shift, 1, (decoder, encoder), rng).mean()

    with pytest.raises(ObjectiveError, match="every data point does not add 3 nats"):
        checked(averaged)


@pytest.mark.parametrize("estimator", ["analytic-kl", None])
def test_a_formula_for_the_kl_passes_too(estimator: Any) -> None:
    """With q = prior its KL is 0, so the value does not depend on z there."""

    def loss(x: Any, shift: Any, decoder: Any, encoder: Any, rng: Any) -> Any:
        mean, log_variance = encoder(x)
        z = mean + np.exp(0.5 * log_variance) * rng.standard_normal(mean.shape)
        kl = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(-1)
        return (kl - log_normal(x, decoder(z), np.log(VARIANCE)).sum(-1) - shift).mean()

    report = checked(loss, returns="loss", reduction="mean", estimator=estimator)
    assert relations(report)["decoder without z"] == "held"


def test_what_is_missing_for_a_relation_is_said() -> None:
    def fixed(rng: Any) -> Any:
        return vae(X, 0.0, decoder, encoder, rng)

    with pytest.raises(NothingComparedError, match="let the objective take shift") as caught:
        checked(fixed)
    reasons = {f.property: f.message for f in caught.value.report.findings if f.layer == "relations"}
    assert reasons["shifted likelihood"] == "let the objective take shift"
    assert reasons["duplicated data"] == "let the objective take x"
    assert reasons["decoder without z"] == "let the objective take decoder"


def test_a_network_that_the_case_does_not_have_is_asked_for() -> None:
    def objective(x: Any, shift: Any, encoder: Any, rng: Any) -> Any:
        return vae(x, shift, decoder, encoder, rng)

    with pytest.raises(TypeError, match="takes 'encoder', which this case does not have; it has"):
        checked(objective, Unsolved(X))
