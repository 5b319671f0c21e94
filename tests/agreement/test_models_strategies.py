"""Strategies draw every model, shrink to the smallest shape and say how to build a case again."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from verify import models, strategies

QUICK = settings(max_examples=30, derandomize=True, deadline=None, database=None)


@pytest.mark.parametrize("name", list(models.ALL))
def test_every_model_is_drawn_and_shrinks_to_its_smallest_shape(name: str) -> None:
    smallest = find(strategies.solved(name), lambda case: True, settings=QUICK)
    assert dict(smallest.shape) == {argument: low for argument, (low, _) in models.ALL[name].shapes.items()}
    assert smallest.seed == 0


@QUICK
@given(strategies.any_solved(names=["normal-normal", "finite-table", "hidden-markov"]))
def test_the_repr_builds_the_case_again(case: strategies.Solved) -> None:
    again = strategies.build(case.model.name, case.seed, case.place, **dict(case.shape))
    assert repr(again) == repr(case)
    assert repr(case).startswith(f"strategies.build('{case.model.name}', ")
    for field, value in case.model.arrays().items():
        np.testing.assert_array_equal(again.model.arrays()[field], value)
    for field, value in case.q.arrays().items():
        np.testing.assert_array_equal(again.q.arrays()[field], value)


def test_a_wrong_elbo_shrinks_to_the_smallest_shape() -> None:
    """The mean over data points instead of their sum is found, and on the smallest data set."""

    def wrong(case: strategies.Solved) -> bool:
        mean = case.model.elbo(case.q) / len(case.model.x)
        return abs(mean - case.model.elbo(case.q)) > case.rounding

    found = find(strategies.solved("gaussian-mixture", "random"), wrong, settings=QUICK)
    assert dict(found.shape) == {"points": 2, "components": 2, "dimension": 2}


@QUICK
@given(strategies.solved("beta-bernoulli", "posterior"))
def test_the_place_is_respected(case: strategies.Solved) -> None:
    assert case.place == "posterior"
    assert case.model.deviation(case.q).largest == 0


@QUICK
@given(strategies.finite_worlds(zeros=True), strategies.tables(3, 4, zeros=True))
def test_tables_are_exact_laws(world: strategies.FiniteWorld, table: tuple[tuple[Fraction, ...], ...]) -> None:
    assert sum(world.q) == 1
    assert 0 < sum(world.joint) <= 1
    assert sum(world.posterior) == 1
    assert [sum(row) for row in table] == [1, 1, 1]


def test_zeros_are_drawn_where_they_are_allowed_and_only_there() -> None:
    find(strategies.probabilities(3, zeros=True), lambda p: 0 in p, settings=QUICK)

    @QUICK
    @given(st.data())
    def positive(draws: st.DataObject) -> None:
        assert all(draws.draw(strategies.probabilities(3)))

    positive()


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(KeyError):
        strategies.build("no-such-model", 0)
