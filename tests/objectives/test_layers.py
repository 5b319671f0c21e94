"""Every layer of a check fails where it should and holds where it should; what it cannot apply to it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from verify import strategies
from verify.objectives import Case, CheckReport, Finding, Inquiry, Objective, Settings, examine
from verify.objectives.adapters.plain import PlainObjective
from verify.objectives.layers import LAYERS
from verify.objectives.sequential import Budget

LOG_2PI = np.log(2 * np.pi)
WEIGHT = Objective("elbo", "sum", estimator="log-weight")


def log_normal(x: Any, mean: Any, variance: Any) -> Any:
    return -0.5 * (LOG_2PI + np.log(variance) + (x - mean) ** 2 / variance)


def log_weight(model: Any, q: Any, rng: Any) -> Any:
    z = np.atleast_1d(q.mean + np.sqrt(q.variance) * rng.standard_normal())
    return float(model.log_weight(q, z)[0])


def inquiry(function: Any, objective: Objective, case: Any, noise: Any = None, **settings: Any) -> Inquiry:
    gradient = settings.pop("gradient", None)
    return Inquiry(PlainObjective(function, gradient, noise), objective, case, Settings(**settings))


def found(layer: str, *arguments: Any, **more: Any) -> Mapping[str, Finding]:
    """What one layer alone finds, by property."""
    return {finding.property: finding for finding in LAYERS[layer](inquiry(*arguments, **more))}


def statuses(layer: str, *arguments: Any, **more: Any) -> set[str]:
    return {finding.status for finding in found(layer, *arguments, **more).values()}


CASE = strategies.build("normal-normal", 3, points=4)
FINITE = strategies.build("gaussian-mixture", 3, points=2, components=3, dimension=2)


def test_layers_come_cheapest_first() -> None:
    assert list(LAYERS) == ["structure", "pointwise", "expectation", "gradients", "bounds", "draws", "relations"]


def test_a_check_stops_at_the_first_failure() -> None:
    report = examine(inquiry(lambda rng: np.nan, WEIGHT, CASE))
    assert [finding.status for finding in report.findings] == ["held", "failed"]
    assert {finding.layer for finding in report.findings} == {"structure"}


# ---------------------------------------------------------------- structure


@pytest.mark.parametrize(
    ("returned", "reduction", "holds"),
    [
        (1.0, "sum", True),
        (np.ones(1), "mean", True),
        (np.ones(4), "none", True),
        (np.ones(4), "sum", False),
        (1.0, "none", False),
        (np.ones((4, 1)), "none", False),
        (np.ones((4, 4)), "none", False),
        ("a word", "sum", False),
        (None, "sum", False),
        (1j, "sum", False),
        (np.inf, "sum", False),
        (np.array([1.0, np.nan, 1.0, 1.0]), "none", False),
    ],
)
def test_shape_type_and_finiteness(returned: Any, reduction: Any, holds: bool) -> None:
    objective = Objective("elbo", reduction)
    findings = LAYERS["structure"](inquiry(lambda: returned, objective, CASE, noise="none"))
    first_failure = next((finding for finding in findings if finding.status == "failed"), None)
    assert (first_failure is None) is holds


def test_the_data_point_that_is_not_finite_is_named() -> None:
    objective = Objective("elbo", "none")
    report = examine(inquiry(lambda: np.array([0.0, 0.0, np.inf, 0.0]), objective, CASE, noise="none"))
    assert report.failure is not None
    assert report.failure.message == "returns inf at data point 2"


def test_randomness_from_elsewhere_is_seen() -> None:
    name = "the same seed gives the same value"
    assert found("structure", log_weight, WEIGHT, CASE)[name].status == "held"
    elsewhere = np.random.default_rng(0)
    assert found("structure", lambda rng: elsewhere.random(), WEIGHT, CASE)[name].status == "failed"
    assert found("structure", lambda: elsewhere.random(), WEIGHT, CASE, noise="none")[name].status == "failed"


# ---------------------------------------------------------------- at the posterior


def test_log_weights_are_constant_at_the_posterior() -> None:
    assert statuses("pointwise", log_weight, WEIGHT, CASE) == {"held"}
    assert statuses("pointwise", lambda q, rng: log_weight(CASE.model, q, rng) + 1e-6, WEIGHT, CASE) == {"failed"}


@pytest.mark.parametrize(
    ("objective", "reason"),
    [
        (Objective("elbo", "sum"), 'only for estimator="log-weight"'),
        (replace(WEIGHT, beta=0.5), "minibatches and beta change the log weight"),
        (replace(WEIGHT, batch_size=2), "minibatches and beta change the log weight"),
    ],
)
def test_where_the_posterior_says_nothing_the_reason_is_given(objective: Objective, reason: str) -> None:
    (finding,) = found("pointwise", log_weight, objective, CASE).values()
    assert (finding.status, finding.message) == ("not applicable", reason)


def test_an_objective_that_cannot_be_moved_to_the_posterior_is_told_how() -> None:
    (finding,) = found("pointwise", lambda rng: log_weight(CASE.model, CASE.q, rng), WEIGHT, CASE).values()
    assert finding.message == "q cannot be moved there: let the objective take q"


# ---------------------------------------------------------------- expectations


@pytest.mark.parametrize("by", [1e-3, -1e-3, 1e-6])
def test_expectations_are_exact(by: float) -> None:
    assert statuses("expectation", log_weight, WEIGHT, CASE) == {"held"}
    assert statuses("expectation", lambda q, rng: log_weight(CASE.model, q, rng) + by, WEIGHT, CASE) == {"failed"}


def test_the_expectation_and_not_one_value_is_compared() -> None:
    """Noise with mean 0 changes every value and not the mean."""

    def noisy(q: Any, rng: Any) -> Any:
        return log_weight(CASE.model, q, rng) + 5 * rng.standard_normal()

    assert statuses("expectation", noisy, WEIGHT, CASE) == {"held"}


@pytest.mark.parametrize("beta", [0.0, 0.5, 2.0])
def test_beta_weighs_the_kl(beta: float) -> None:
    case = strategies.build("ppca", 4, points=3, latents=2, dimension=4)

    def value(model: Any, q: Any) -> Any:
        kl = 0.5 * (q.mean**2 + q.variance - 1 - np.log(q.variance)).sum()
        return model.elbo(q) + (1 - beta) * kl

    assert statuses("expectation", value, Objective("elbo", "sum", beta=beta), case, noise="none") == {"held"}
    assert statuses("expectation", value, Objective("elbo", "sum", beta=beta + 0.01), case, noise="none") == {"failed"}


@pytest.mark.parametrize("estimator", ["log-weight", "analytic-kl", None])
def test_the_value_of_a_surrogate_means_nothing(estimator: Any) -> None:
    case = strategies.build("finite-table", 0)
    objective = Objective("elbo", "sum", estimator=estimator)
    assert statuses("expectation", lambda q: 17.0, objective, case, noise="none") == {"failed"}
    surrogate = Objective("elbo", "sum", estimator="surrogate")
    for layer in ("expectation", "bounds", "draws"):
        assert statuses(layer, lambda q: 17.0, surrogate, case, noise="none") == {"not applicable"}


def test_a_reference_of_the_users_own_takes_the_place_of_the_models() -> None:
    doubled = {"reference": lambda model, q: 2 * model.elbo(q), "noise": "none"}
    assert statuses("expectation", lambda model, q: 2 * model.elbo(q), WEIGHT, CASE, **doubled) == {"held"}
    assert statuses("expectation", lambda model, q: model.elbo(q), WEIGHT, CASE, **doubled) == {"failed"}


# ---------------------------------------------------------------- gradients


def exact_gradient(model: Any, q: Any) -> dict[str, Any]:
    by_q = {name: np.array(value) for name, value in model.elbo_gradient(q).items()}
    return {**by_q, "log_std": 2 * q.variance * by_q["variance"]}


def elbo(model: Any, q: Any) -> Any:
    return model.elbo(q)


@pytest.mark.parametrize("name", ["mean", "variance", "log_std"])
@pytest.mark.parametrize("change", [lambda g: 1.001 * g, lambda g: -g, lambda g: 0 * g])
def test_every_coordinate_of_the_gradient_is_compared(name: str, change: Any) -> None:
    plain = Objective("elbo", "sum")

    def wrong(model: Any, q: Any) -> dict[str, Any]:
        found = exact_gradient(model, q)
        return {**found, name: change(found[name])}

    assert statuses("gradients", elbo, plain, CASE, "none", gradient=exact_gradient) == {"held"}
    findings = found("gradients", elbo, plain, CASE, "none", gradient=wrong)
    assert {title for title, finding in findings.items() if finding.status == "failed"} == {
        f"E[gradient in {name}] is exact"
    }


def test_a_gradient_of_another_shape_fails() -> None:
    case = strategies.build("ppca", 0, points=2, latents=2, dimension=4)
    findings = found(
        "gradients", elbo, Objective("elbo", "sum"), case, "none", gradient=lambda q: {"mean": q.mean.sum(0)}
    )
    assert "has shape (2,), expected is (2, 2)" in findings["E[gradient in mean] is exact"].message


def test_a_gradient_by_an_unknown_name_is_refused_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"'mu', which is none of mean, variance, log_variance, std, log_std, model\."):
        found("gradients", elbo, Objective("elbo", "sum"), CASE, "none", gradient=lambda q: {"mu": q.mean})


def test_differences_stand_in_for_a_gradient() -> None:
    plain, wrong = Objective("elbo", "sum"), lambda model, q: model.elbo(q) + 0.01 * q.mean**2
    assert statuses("gradients", elbo, plain, CASE, "none", differences=True) == {"held"}
    findings = found("gradients", wrong, plain, CASE, "none", differences=True)
    assert findings["slope of E[value] in mean"].status == "failed"
    assert findings["slope of E[value] in variance"].status == "held"


# ---------------------------------------------------------------- inequalities


def test_an_expectation_above_the_evidence_is_no_bound() -> None:
    name = "E[value] <= log p(x)"
    above = found("bounds", lambda model, q: model.log_evidence() + 0.01, WEIGHT, CASE, noise="none")[name]
    assert above.status == "failed"
    assert above.message == "not a lower bound: its expectation is 0.01 nats above log p(x)"
    assert found("bounds", elbo, WEIGHT, CASE, noise="none")[name].status == "held"


def test_the_gap_is_the_divergence_from_the_posterior() -> None:
    name = "log p(x) - E[value] = KL(q ‖ p(z|x))"
    assert found("bounds", elbo, WEIGHT, CASE, noise="none")[name].status == "held"
    assert found("bounds", lambda model, q: elbo(model, q) - 0.01, WEIGHT, CASE, noise="none")[name].status == "failed"


def test_a_bound_that_is_loose_everywhere_is_seen_at_the_posterior() -> None:
    name = "E[value] = log p(x) at the posterior"
    assert found("bounds", elbo, WEIGHT, CASE, noise="none")[name].status == "held"
    loose = found("bounds", lambda model, q: elbo(model, q) - 0.01, WEIGHT, CASE, noise="none")[name]
    assert (loose.status, loose.message) == ("failed", "not tight: at the posterior it misses log p(x) by 0.01 nats")


@pytest.mark.parametrize(
    ("objective", "name", "reason"),
    [
        (replace(WEIGHT, beta=0.5), "E[value] <= log p(x)", "need not be a lower bound"),
        (replace(WEIGHT, kind="iwae"), "log p(x) - E[value] = KL(q ‖ p(z|x))", "has another gap"),
        (replace(WEIGHT, beta=2.0), "E[value] = log p(x) at the posterior", "beta moves the optimum"),
        (WEIGHT, "E[value] rises with K", "only for importance-weighted bounds"),
        (WEIGHT, "E[value] falls as alpha rises", "only for Rényi bounds"),
    ],
)
def test_an_inequality_that_does_not_apply_says_why(objective: Objective, name: str, reason: str) -> None:
    finding = found("bounds", elbo, objective, CASE, noise="none")[name]
    assert finding.status == "not applicable"
    assert reason in finding.message


def categories(q: Any, samples: int, rng: Any) -> Any:
    return np.stack([[rng.choice(len(p), p=p) for p in q.probabilities] for _ in range(samples)])


def power_mean(model: Any, q: Any, samples: int, power: float, rng: Any) -> Any:
    picks = categories(q, samples, rng)
    logs = (model.log_joints() - np.log(q.probabilities))[np.arange(picks.shape[1]), picks]
    return ((np.logaddexp.reduce(power * logs, axis=0) - np.log(samples)) / power).sum()


def test_importance_weighted_bounds_rise_with_k() -> None:
    objective, name = replace(WEIGHT, kind="iwae", samples=2), "E[value] rises with K"

    def right(model: Any, q: Any, samples: int, rng: Any) -> Any:
        return power_mean(model, q, samples, 1.0, rng)

    def wrong_from_three_on(model: Any, q: Any, samples: int, rng: Any) -> Any:
        return power_mean(model, q, min(samples, 2), 1.0, rng)

    good = found("bounds", right, objective, FINITE)[name]
    assert good.status == "held"
    assert len(good.detail["at"]) >= 2
    assert list(good.detail["values"]) == sorted(good.detail["values"])
    bad = found("bounds", wrong_from_three_on, objective, FINITE)[name]
    assert bad.status == "failed"
    assert "with K = 3 it is off" in bad.message


def test_renyi_bounds_fall_as_alpha_rises() -> None:
    objective = Objective("elbo", "sum", kind="renyi", alpha=0.5, samples=2)
    name = "E[value] falls as alpha rises"

    def right(model: Any, q: Any, samples: int, alpha: float, rng: Any) -> Any:
        return power_mean(model, q, samples, 1 - alpha, rng)

    def deaf_to_alpha(model: Any, q: Any, samples: int, alpha: float, rng: Any) -> Any:
        return power_mean(model, q, samples, 0.5, rng)

    good = found("bounds", right, objective, FINITE)[name]
    assert good.status == "held"
    assert list(good.detail["values"]) == sorted(good.detail["values"], reverse=True)
    assert found("bounds", deaf_to_alpha, objective, FINITE)[name].status == "failed"


# ---------------------------------------------------------------- ordinary draws


def black_box(by: float) -> Any:
    def value(q: Any, seed: int) -> Any:
        return log_weight(CASE.model, q, np.random.default_rng(seed)) + by

    return value


def test_draws_are_tested_where_nothing_else_can_be() -> None:
    """False alarm at most 1e-6; a deviation of three standard deviations is found in 4096 draws for certain."""
    one = {"budget": Budget(1e-6, tests=1), "max_draws": 4096}
    (right,) = found("draws", black_box(0.0), WEIGHT, CASE, **one).values()
    assert right.status == "undecided"
    spread = float(np.std(CASE.model.log_weight(CASE.q, CASE.q.sample(np.random.default_rng(0), 1000))))
    (wrong,) = found("draws", black_box(3 * spread), WEIGHT, CASE, **one).values()
    assert wrong.status == "failed"
    assert wrong.evaluations <= 128
    assert wrong.detail["alpha"] == 1e-6


@pytest.mark.parametrize(
    ("objective", "settings", "route"),
    [
        (WEIGHT, {}, "the known law of one draw"),
        (Objective("elbo", "sum"), {"variance": 100.0}, "a bound on the variance"),
        (Objective("elbo", "sum"), {"variance": lambda model, q: 50.0 + q.variance}, "a bound on the variance"),
    ],
)
def test_the_sharpest_test_that_is_known_to_be_valid_is_used(objective: Any, settings: Any, route: str) -> None:
    (finding,) = found("draws", black_box(0.0), objective, CASE, budget=Budget(1e-6), **settings).values()
    assert finding.detail["route"] == f"sequential test by {route}"


def test_finite_latents_are_tested_by_betting_on_their_range() -> None:
    def value(model: Any, q: Any, seed: int) -> Any:
        return power_mean(model, q, 1, 1.0, np.random.default_rng(seed))

    (finding,) = found("draws", value, WEIGHT, FINITE, budget=Budget(1e-6)).values()
    assert finding.detail["route"] == "sequential test by betting on the known range"


def test_without_a_known_variance_nothing_is_claimed() -> None:
    (finding,) = found("draws", black_box(5.0), Objective("elbo", "sum"), CASE).values()
    assert finding.status == "not applicable"
    assert "variance=" in finding.message


def test_known_expectations_are_not_tested_by_draws_again() -> None:
    (finding,) = found("draws", log_weight, WEIGHT, CASE).values()
    assert (finding.status, finding.message) == ("not applicable", "the expectation is known exactly")


# ---------------------------------------------------------------- the whole


def test_a_model_of_the_users_own_is_a_case_too() -> None:
    report: CheckReport = examine(inquiry(log_weight, WEIGHT, Case(CASE.model, CASE.q, 5)))
    assert report.failure is None
    assert report.case == "Case(normal-normal, q=Normal, seed=5)"
