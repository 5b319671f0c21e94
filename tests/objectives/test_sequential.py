"""Sequential tests keep the false-alarm rate that they promise, and find deviations.

An e-process promises P(e ever reaches 1/α) <= α.  Each of the laws of `null_streams` is run in 10,000 streams of 250
draws, looked at after every draw.  If the promise holds, the number of streams that reach 1/α is at most binomial with
chance α; a test here fails for more than that binomial's upper 1e-6 quantile.  With 28 laws and three levels all of
them together would fail for one choice of seeds in ten thousand; the seeds are fixed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from null_streams import LAWS, NULLS, STREAMS, Null, largest_log_evidence
from scipy import stats

from verify import strategies
from verify.estimators import elbo_samples
from verify.objectives import Budget, Objective
from verify.objectives.reference import Spread, UnknownVarianceError, spread_of
from verify.objectives.sequential import BettingEvidence, CatoniEvidence, KnownLawEvidence, evidence_for, run

LEVELS = (0.1, 0.01, 0.001)
OWN_RISK = 1e-6
WEIGHT = Objective("elbo", "sum", estimator="log-weight")


def most(alpha: float) -> int:
    """What a count of false alarms exceeds with probability OWN_RISK at most."""
    return int(stats.binom.isf(OWN_RISK, STREAMS, alpha))


@pytest.mark.parametrize("name", NULLS)
def test_false_alarms_are_as_rare_as_promised(name: str) -> None:
    reached = largest_log_evidence(NULLS[name], seed=len(name))
    for alpha in LEVELS:
        assert np.sum(reached >= math.log(1 / alpha)) <= most(alpha)


@pytest.mark.parametrize(
    ("wrong", "alpha"),
    [
        (Null(LAWS["normal"], lambda: CatoniEvidence(0.0, 0.3)), 0.001),
        (Null(LAWS["normal"], lambda: CatoniEvidence(0.2, 1.0)), 0.001),
        (Null(lambda rng, size: rng.normal(0.5, 0.5, size), lambda: BettingEvidence(0.3, 0.0, 1.0)), 0.001),
        (Null(LAWS["normal"], lambda: KnownLawEvidence(0.0, 1.0, lambda tilt: 0.3 * tilt**2)), 0.01),
    ],
)
def test_a_broken_promise_would_be_seen(wrong: Null, alpha: float) -> None:
    """A variance that is too small, another mean, a wrong law: the same count then exceeds the same limit."""
    reached = largest_log_evidence(wrong, seed=1)
    assert np.sum(reached >= math.log(1 / alpha)) > most(alpha)


# ---------------------------------------------------------------- how a test is run


@pytest.mark.parametrize("deviation", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_deviation_is_found_and_sooner_if_it_is_larger(deviation: float, sign: int) -> None:
    """Half a standard deviation at level 1e-8 takes some hundreds of normal draws: 2 log(1e8 · 16)/0.5² = 170."""
    values = np.random.default_rng(2).normal(sign * deviation, 1, 4096)
    result = run(lambda first, last: values[first:last], CatoniEvidence(0.0, 1.0), 1e-8, 4096)
    assert result.rejected
    assert result.draws <= {0.5: 1024, 1.0: 256, 3.0: 128}[deviation]


def test_what_is_called_detectable_is_detected() -> None:
    """A deviation of twice the smallest detectable is found in nearly every one of 200 streams."""
    for evidence in (CatoniEvidence(0.0, 1.0), KnownLawEvidence(0.0, 1.0, lambda t: 0.5 * t**2)):
        reach = evidence.smallest_detectable(1e-6, 1000)
        draws = np.random.default_rng(3).normal(2 * reach, 1, (200, 1000))
        assert np.mean(evidence.update(draws).max(-1) >= math.log(1e6)) > 0.95


def test_evidence_does_not_depend_on_how_the_draws_are_cut() -> None:
    values = np.random.default_rng(4).standard_normal(300)
    whole = CatoniEvidence(0.0, 1.0).update(values)
    parts = CatoniEvidence(0.0, 1.0)
    np.testing.assert_allclose(np.concatenate([parts.update(values[:7]), parts.update(values[7:])]), whole)


def test_draws_double_and_stop_when_the_evidence_is_clear() -> None:
    asked: list[tuple[int, int]] = []

    def draw(first: int, last: int) -> Any:
        asked.append((first, last))
        return np.full(last - first, 5.0)

    result = run(draw, CatoniEvidence(0.0, 1.0), 1e-6, 10_000)
    assert asked == [(0, 64)]
    assert (result.rejected, result.draws, result.mean) == (True, 64, 5.0)
    asked.clear()
    silent = run(lambda a, b: 0.0 * draw(a, b), CatoniEvidence(0.0, 1.0), 1e-6, 500)
    assert asked == [(0, 64), (64, 128), (128, 256), (256, 500)]
    assert not silent.rejected


def test_a_draw_that_is_no_number_rejects_at_once() -> None:
    assert run(lambda first, last: np.full(last - first, np.nan), CatoniEvidence(0.0, 1.0), 1e-6, 500).rejected


def test_a_draw_outside_the_known_range_makes_no_nonsense() -> None:
    """It ruins the bets against it; the evidence stays a number, or minus infinity where all is lost."""
    for outlier in (5.0, -5.0):
        path = BettingEvidence(0.4, 0.0, 1.0).update(np.array([0.5, outlier, 0.5]))
        assert not np.any(np.isnan(path))


@pytest.mark.parametrize(
    ("spread", "kind"),
    [
        (Spread(1.0, ""), CatoniEvidence),
        (Spread(1.0, "", low=-3.0, high=3.0), BettingEvidence),
        (Spread(1.0, "", log_mgf=lambda t: 0.5 * t**2), KnownLawEvidence),
        (Spread(0.0, ""), CatoniEvidence),
        (Spread(0.0, "", log_mgf=lambda t: 0.0), CatoniEvidence),
    ],
)
def test_the_test_that_fits_what_is_known(spread: Spread, kind: type) -> None:
    assert isinstance(evidence_for(spread, 0.0, 1e-9)[0], kind)


def test_a_law_without_spread_rejects_any_other_number() -> None:
    evidence, _ = evidence_for(Spread(0.0, ""), 1.0, 1e-9)
    assert not run(lambda a, b: np.full(b - a, 1.0 + 1e-10), evidence, 1e-6, 500).rejected
    evidence, _ = evidence_for(Spread(0.0, ""), 1.0, 1e-9)
    assert run(lambda a, b: np.full(b - a, 1.001), evidence, 1e-6, 500).rejected


@pytest.mark.parametrize(
    "make",
    [
        lambda: CatoniEvidence(0.0, 0.0),
        lambda: BettingEvidence(2.0, 0.0, 1.0),
        lambda: BettingEvidence(0.5, 1.0, 0.0),
        lambda: KnownLawEvidence(0.0, 1.0, lambda t: math.inf),
    ],
)
def test_knowledge_that_contradicts_itself_is_refused(make: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        make()


# ---------------------------------------------------------------- the budget of a suite


def test_the_shares_of_a_suite_add_up_to_its_budget() -> None:
    known, open_ended = Budget(1e-3, tests=5), Budget(1e-3)
    for key in range(5):
        assert known.share(key) == 2e-4
    for key in range(20_000):
        open_ended.share(key)
    assert known.spent == pytest.approx(1e-3)
    assert 0.999e-3 < open_ended.spent < 1e-3


def test_the_same_test_has_the_same_share_again() -> None:
    budget = Budget(1e-3)
    assert budget.share("a") == budget.share("a") > budget.share("b")
    assert budget.spent == budget.share("a") + budget.share("b")


def test_more_tests_than_announced_are_refused() -> None:
    budget = Budget(1e-3, tests=1)
    budget.share("a")
    with pytest.raises(ValueError, match="announce them all"):
        budget.share("b")


@pytest.mark.parametrize("arguments", [(0.0,), (1.0,), (-1e-3,), (1e-3, 0)])
def test_a_budget_is_a_probability(arguments: Any) -> None:
    with pytest.raises(ValueError, match="budget"):
        Budget(*arguments)


# ---------------------------------------------------------------- variances are derived


CASES = [
    ("normal-normal", {"points": 4}),
    ("log-normal", {"points": 3}),
    ("ppca", {"points": 2, "latents": 2, "dimension": 4}),
    ("linear-gaussian", {"points": 2, "latents": 2, "dimension": 3}),
    ("gaussian-mixture", {"points": 3, "components": 3, "dimension": 2}),
    ("finite-table", {"points": 3, "states": 3, "values": 3}),
    ("gamma-poisson", {"points": 3}),
    ("beta-binomial", {"points": 3, "trials": 5}),
    ("hidden-markov", {"steps": 3, "states": 3, "symbols": 3}),
    ("gaussian-diffusion", {"points": 2, "steps": 3}),
]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("name", "shape"), CASES, ids=[name for name, _ in CASES])
def test_the_variance_of_a_log_weight_is_that_of_its_draws(name: str, shape: dict[str, int], seed: int) -> None:
    """100,000 independent draws, used for nothing else; their variance is within six of its own standard errors."""
    case = strategies.build(name, seed, **shape)
    spread = spread_of(WEIGHT, case.model, case.q)
    draws = elbo_samples(case.model, case.q, np.random.default_rng(seed), 100_000)
    squares = (draws - case.model.elbo(case.q)) ** 2
    assert abs(squares.mean() - spread.variance) <= 6 * squares.std() / math.sqrt(len(squares)) + 1e-9
    assert spread.low - 1e-9 <= draws.min()
    assert draws.max() <= spread.high + 1e-9


@pytest.mark.parametrize("seed", range(3))
def test_the_variance_of_a_reconstruction_is_that_of_its_draws(seed: int) -> None:
    case = strategies.build("ppca", seed, points=3, latents=2, dimension=4)
    spread = spread_of(Objective("loss", "sum", estimator="analytic-kl"), case.model, case.q)
    z = case.q.sample(np.random.default_rng(seed), 100_000)
    away = case.model.x - case.model.mean - z @ case.model.loadings.T
    draws = -0.5 * (away**2 / case.model.noise_variance).sum((-1, -2))
    squares = (draws - draws.mean()) ** 2
    assert abs(squares.mean() - spread.variance) <= 6 * squares.std() / math.sqrt(len(squares))


@pytest.mark.parametrize("tilt", [-0.2, -0.05, 0.05, 0.2])
@pytest.mark.parametrize("name", ["normal-normal", "log-normal"])
def test_the_known_law_is_that_of_the_draws(name: str, tilt: float) -> None:
    case = strategies.build(name, 5, points=3)
    spread = spread_of(WEIGHT, case.model, case.q)
    assert spread.log_mgf is not None
    scaled = tilt / math.sqrt(spread.variance)
    draws = elbo_samples(case.model, case.q, np.random.default_rng(8), 200_000) - case.model.elbo(case.q)
    values = np.exp(scaled * draws)
    allowed = 6 * values.std() / math.sqrt(len(values))
    assert abs(values.mean() - math.exp(spread.log_mgf(scaled))) <= allowed


@pytest.mark.parametrize("samples", [2, 4])
def test_dependent_draws_vary_no_more_than_the_bound(samples: int) -> None:
    """The worst dependence: all draws of an average are the same one."""
    case = strategies.build("normal-normal", 1, points=3)
    spread = spread_of(Objective("elbo", "sum", samples=samples, estimator="log-weight"), case.model, case.q)
    one = spread_of(WEIGHT, case.model, case.q)
    assert spread.variance >= one.variance


@pytest.mark.parametrize(
    "objective",
    [
        Objective("elbo", "sum"),
        Objective("elbo", "sum", estimator="log-weight", batch_size=2),
        Objective("elbo", "sum", estimator="analytic-kl", beta=0.5),
    ],
)
def test_where_no_variance_can_be_derived_it_is_asked_for(objective: Objective) -> None:
    case = strategies.build("ppca", 0, points=3, latents=2, dimension=4)
    with pytest.raises(UnknownVarianceError, match="variance="):
        spread_of(objective, case.model, case.q)
