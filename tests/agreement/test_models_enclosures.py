"""Every model against enclosures in Arb that share none of its code: a third route to all three numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from verify import models
from verify.certify import table as integrals
from verify.models.certified import certified_balance
from verify.models.certified.base import balls_of
from verify.models.table import render, rows

ENCLOSED = [
    name for name, kind in models.ALL.items() if balls_of.dispatch(kind) is not balls_of.dispatch(models.SolvableModel)
]


def case(name: str, seed: int) -> tuple[models.SolvableModel[Any], models.Variational]:
    rng = np.random.default_rng(seed)
    model = models.ALL[name].random(rng)
    return model, model.random_q(rng)


def test_what_exact_arithmetic_cannot_hold_is_enclosed() -> None:
    exact = {"finite", "normal-normal", "beta", "dirichlet", "gamma", "pareto", "hidden", "discrete", "mixture"}
    rest = {name for name in models.ALL if name not in exact and name.split("-")[0] not in exact}
    assert set(ENCLOSED) == rest
    assert len(ENCLOSED) == 14


@pytest.mark.parametrize("name", ENCLOSED)
@pytest.mark.parametrize("seed", range(6))
def test_the_floats_lie_within_their_rounding_of_the_enclosures(name: str, seed: int) -> None:
    model, q = case(name, seed)
    certified, floats = certified_balance(model, q), model.balance(q)
    assert certified.residual.contains(0)
    assert certified.residual.radius < 1e-30
    for enclosure, total in [
        (certified.evidence, floats.evidence), (certified.elbo, floats.elbo), (certified.gap, floats.gap)
    ]:  # fmt: skip
        assert enclosure.radius < 1e-30
        assert abs(enclosure.midpoint - total.value) <= total.rounding


@pytest.mark.parametrize("name", ENCLOSED)
def test_the_bound_is_strict_away_from_the_posterior_and_tight_at_it(name: str) -> None:
    model, q = case(name, 7)
    assert certified_balance(model, q).gap.sign == 1
    best = certified_balance(model, model.posterior_q()).gap
    if model.contains_posterior:
        assert best.midpoint < 1e-28  # the square of the rounding of the posterior's floats
    else:
        assert best.midpoint > 1e-6


def test_ill_conditioned_matrices_ask_for_more_bits_and_are_never_wrong() -> None:
    """Noise of 1e-16 and of 1e-300 beside a prior of 1, and loadings that nearly coincide."""
    rng = np.random.default_rng(0)
    for noise in (1e-16, 1e-100, 1e-300):
        loadings = np.outer(rng.normal(size=5), [1, 1 + 1e-12])
        model = models.FactorAnalysis(rng.normal(size=(2, 5)), loadings, np.zeros(5), np.full(5, noise))
        q = models.MultivariateNormal(np.zeros((2, 2)), np.broadcast_to(np.eye(2), (2, 2, 2)))
        certified = certified_balance(model, q)
        assert certified.residual.contains(0)
        assert certified.gap.sign in (1, None)
    few = certified_balance(model, q, bits=4)  # 16 times as many bits are still too few
    assert few.residual.contains(0)


def test_a_model_without_a_transcription_says_so() -> None:
    model, q = case("beta-bernoulli", 0)
    with pytest.raises(TypeError, match="BetaBernoulli has no certified balance"):
        certified_balance(model, q)
    machine = models.RestrictedBoltzmann.random(np.random.default_rng(0), visible=12, hidden=3)
    with pytest.raises(ValueError, match="too many states"):
        certified_balance(machine, machine.posterior_q())


def test_the_table_keeps_the_limits_that_the_models_promise() -> None:
    """Floats 1e-12 relative to the terms, second route as near, identities proved or enclosed to 1e-30."""
    table = rows(instances=4, seed=11)
    assert [row.name for row in table] == list(models.ALL)
    for row in table:
        assert row.residual < 1e-12
        assert row.rounding < 1
        assert row.agreement < 1e-12
        assert row.radius < 1e-30
        assert row.exact == ("-" if row.name in {*ENCLOSED, "mixture-prior"} else "proved")
    assert len(render(table).splitlines()) == len(models.ALL) + 2


def test_certified_integrals_keep_theirs() -> None:
    table = integrals.rows(runs=1)
    assert [row.name for row in table] == list(integrals.CASES)
    for row in table:
        assert row.bound == "less"
        assert row.radius < 1e-30
    assert len(integrals.render(table).splitlines()) == len(table) + 2
