"""Exact arithmetic proves log p(x) = ELBO + KL and equality at the posterior, and refutes what is false."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify import models, strategies
from verify.decide import Answer, compare
from verify.models import exact
from verify.models.table import with_whole_shapes

EXAMPLES = settings(max_examples=60, derandomize=True, deadline=None, database=None)
RATIONAL = st.fractions(-3, 3, max_denominator=20)
POSITIVE = st.fractions(Fraction(1, 20), 5, max_denominator=20)
WHOLE = st.integers(1, 9)
HALVES = st.integers(1, 12).map(lambda n: Fraction(n, 2))


def assert_balanced(balance: exact.ExactBalance, at_posterior: bool) -> None:
    assert balance.identity.answer is Answer.EQUAL
    assert balance.bound.answer is (Answer.EQUAL if at_posterior else Answer.LESS)
    if not at_posterior:
        swapped = compare(balance.evidence, balance.elbo - balance.gap)
        assert swapped.answer is Answer.GREATER


@EXAMPLES
@given(strategies.finite_worlds(zeros=True, place="posterior"))
def test_finite_worlds_at_the_posterior(world: strategies.FiniteWorld) -> None:
    assert_balanced(exact.finite(world.joint, world.posterior), at_posterior=True)


@EXAMPLES
@given(strategies.finite_worlds())
def test_finite_worlds_anywhere(world: strategies.FiniteWorld) -> None:
    assert_balanced(exact.finite(world.joint, world.q), at_posterior=world.q == world.posterior)


@EXAMPLES
@given(st.lists(RATIONAL, min_size=1, max_size=4), RATIONAL, POSITIVE, POSITIVE, RATIONAL, POSITIVE)
def test_normal_normal(
    x: list[Fraction], m: Fraction, v: Fraction, s: Fraction, mq: Fraction, vq: Fraction
) -> None:
    after = 1 / (1 / v + len(x) / s)
    centre = after * (m / v + sum(x) / s)
    assert_balanced(exact.normal_normal(x, m, v, s, centre, after), at_posterior=True)
    assert_balanced(exact.normal_normal(x, m, v, s, mq, vq), at_posterior=(mq, vq) == (centre, after))


@EXAMPLES
@given(st.lists(st.integers(0, 6), min_size=2, max_size=4), st.data())
def test_dirichlet_counts(counts: list[int], draws: st.DataObject) -> None:
    vector = st.lists(HALVES, min_size=len(counts), max_size=len(counts))
    prior, q = draws.draw(vector), draws.draw(vector)
    after = [a + n for a, n in zip(prior, counts, strict=True)]
    assert_balanced(exact.dirichlet_counts(counts, 1, prior, after), at_posterior=True)
    assert_balanced(exact.dirichlet_counts(counts, 1, prior, q), at_posterior=q == after)


@EXAMPLES
@given(st.integers(0, 9), POSITIVE, HALVES, POSITIVE, HALVES, POSITIVE)
def test_gamma_rate(events: int, time: Fraction, a: Fraction, b: Fraction, aq: Fraction, bq: Fraction) -> None:
    base = -exact.exact(7).log()
    assert_balanced(exact.gamma_rate(events, time, base, (a, b), (a + events, b + time)), at_posterior=True)
    same = (aq, bq) == (a + events, b + time)
    assert_balanced(exact.gamma_rate(events, time, base, (a, b), (aq, bq)), at_posterior=same)


EXACT_MODELS = [
    name
    for name in models.ALL
    if name.split("-")[0] in {"finite", "beta", "dirichlet", "pareto", "hidden", "discrete"}
    or name in {"normal-normal", "gamma-poisson", "gamma-exponential"}
]


@pytest.mark.parametrize("name", EXACT_MODELS)
def test_float_models_taken_exactly(name: str) -> None:
    """With whole shapes the identity is proved, and the floats of the model lie within their rounding of the truth."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        kind = models.ALL[name]
        model = with_whole_shapes(kind.random(rng, **{argument: low for argument, (low, _) in kind.shapes.items()}))
        q = with_whole_shapes(model.random_q(rng))
        balance = exact.exact_balance(model, q)
        assert balance.identity.answer is Answer.EQUAL
        posterior = model.posterior_q().arrays()
        same = all(np.array_equal(value, posterior[field]) for field, value in q.arrays().items())
        assert balance.bound.answer is (Answer.EQUAL if same else Answer.LESS)
        floats = model.balance(q)
        for value, rounded in [
            (balance.evidence, floats.evidence),
            (balance.elbo, floats.elbo),
            (balance.gap, floats.gap),
        ]:
            assert abs(value.enclosure(128).midpoint - rounded.value) <= rounded.rounding


def test_shapes_that_are_not_halves_are_enclosed_but_never_called_equal() -> None:
    rng = np.random.default_rng(0)
    model = models.BetaBernoulli.random(rng)
    balance = exact.exact_balance(model, model.random_q(rng))
    assert balance.radius() < 1e-30
    assert balance.bound.answer is Answer.LESS


def test_a_model_without_an_exact_route_says_so() -> None:
    rng = np.random.default_rng(0)
    model = models.LinearGaussian.random(rng)
    with pytest.raises(TypeError, match="LinearGaussian has no exact evidence"):
        exact.exact_balance(model, model.random_q(rng))


def test_q_must_sum_to_one_exactly() -> None:
    with pytest.raises(ValueError, match="q sums to"):
        exact.finite([Fraction(1, 3), Fraction(1, 3)], [Fraction(1, 3), Fraction(1, 3)])
