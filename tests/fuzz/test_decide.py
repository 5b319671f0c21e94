"""Random expressions, tables and models: decisions never contradict an independent computation."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from verify import certify
from verify.decide import Answer, Value, compare, decide_bounds, exact, exact_chain, finite_chain, posterior_gap

steady = settings(derandomize=True, deadline=None, max_examples=150)
rationals = st.fractions(min_value=-6, max_value=6, max_denominator=12)
positive = st.fractions(min_value=Fraction(1, 40), max_value=40, max_denominator=40)

exponents = st.sampled_from([Fraction(2), Fraction(-1), Fraction(1, 3), Fraction(-3, 2)])
Tree = tuple[object, ...]
trees = st.recursive(
    rationals.map(lambda number: ("number", number)),
    lambda parts: st.one_of(
        st.tuples(st.sampled_from(["+", "-", "*", "/"]), parts, parts),
        st.tuples(st.sampled_from(["log", "exp", "sqrt", "abs"]), parts),
        st.tuples(st.just("power"), parts, exponents),
    ),
    max_leaves=8,
)


class IllConditionedError(Exception):
    """The reference cannot tell on which side of a singularity an argument lies."""


def value_of(tree: Tree) -> Value:
    """The tree by the arithmetic under test."""
    name, *arguments = tree
    if name == "number":
        return exact(arguments[0])  # type: ignore[arg-type]
    values = [value_of(part) for part in arguments if isinstance(part, tuple)]
    if name == "power":
        return values[0] ** arguments[1]  # type: ignore[operator]
    if name in ("log", "exp", "sqrt"):
        return getattr(values[0], str(name))()  # type: ignore[no-any-return]
    if name == "abs":
        return abs(values[0])
    left, right = values
    return {"+": left + right, "-": left - right, "*": left * right, "/": left / right}[str(name)]


def reference_of(tree: Tree) -> mpmath.mpf:
    """The tree by mpmath at the current precision; IllConditionedError near a singularity or beyond 10^±300."""
    name, *arguments = tree
    if name == "number":
        return mpmath.mpf(arguments[0].numerator) / arguments[0].denominator  # type: ignore[attr-defined]
    values = [reference_of(part) for part in arguments if isinstance(part, tuple)]
    first = values[0]
    if name in ("log", "sqrt", "power") and first < mpmath.mpf(10) ** -20:
        raise IllConditionedError
    if (name == "/" and abs(values[1]) < mpmath.mpf(10) ** -20) or (name == "exp" and abs(first) > 300):
        raise IllConditionedError
    if name == "power":
        return first ** (mpmath.mpf(arguments[1].numerator) / arguments[1].denominator)  # type: ignore[attr-defined]
    unary = {"log": mpmath.log, "exp": mpmath.exp, "sqrt": mpmath.sqrt, "abs": abs}
    if name in unary:
        return unary[str(name)](first)
    second = values[1]
    if name == "/":
        return first / second
    return {"+": first + second, "-": first - second, "*": first * second}[str(name)]


@steady
@given(trees, trees)
def test_values_agree_with_mpmath(left: Tree, right: Tree) -> None:
    """Enclosures hold mpmath's 80 digits, and no decision contradicts their order."""
    with mpmath.workdps(80):
        try:
            numbers = [reference_of(left), reference_of(right)]
        except IllConditionedError:
            return
        values = [value_of(left), value_of(right)]
        slack = mpmath.mpf(10) ** -40 * (1 + max(abs(number) for number in numbers))
        for value, number in zip(values, numbers, strict=True):
            enclosure = value.enclosure(256)
            assert enclosure.is_finite
            low, high = (mpmath.mpf(end[0]) * mpmath.mpf(2) ** end[1] for end in (enclosure.lower, enclosure.upper))
            assert low - slack <= number <= high + slack
        difference = numbers[0] - numbers[1]
        answer = compare(*values).answer
        if abs(difference) > slack:
            assert answer is (Answer.GREATER if difference > 0 else Answer.LESS)
        assert compare(*reversed(values)).answer is compare(*values).flipped().answer


entries = st.one_of(
    st.just(0.0),
    st.floats(min_value=1e-3, max_value=1.0),
    st.floats(min_value=0.0, max_value=1e10),
    st.floats(min_value=5e-324, max_value=1e-290, allow_subnormal=True),
    st.sampled_from([0.25, 0.5, 1.0, 5e-324, 1e-305, 1e290]),
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[float], list[float], list[float] | None]:
    """One world: a joint table, a q table and base weights or none."""
    states = draw(st.integers(min_value=1, max_value=5))
    column = st.lists(entries, min_size=states, max_size=states)
    joint = draw(column)
    near_posterior = draw(st.booleans()) and 0 < sum(joint) < 1e300
    q = [j / sum(joint) for j in joint] if near_posterior else draw(column)
    weights = draw(st.none() | st.lists(st.floats(1e-3, 1e3), min_size=states, max_size=states))
    return joint, q, weights


@settings(steady, max_examples=300)
@given(tables())
def test_floats_never_contradict_exact_arithmetic(world: tuple[list[float], list[float], list[float] | None]) -> None:
    """Whatever the floats certify, the same floats taken as rationals confirm; Jensen's bound is never refuted."""
    joint, q, weights = world
    columns = ([[j] for j in joint], [[r] for r in q], weights)
    chain, near = finite_chain(*columns), posterior_gap(*columns)
    exactly = exact_chain(joint, q, weights)
    bound = exactly.bound()
    assert bound.answer is not Answer.GREATER
    assert exactly.identity().answer in (Answer.EQUAL, Answer.UNDECIDED)
    assert chain.gap_sign[0] >= 0
    if chain.gap_sign[0] or near.differs[0] or near.value[0] > near.error[0]:
        assert bound.answer is Answer.LESS
    if bound.answer is Answer.EQUAL:
        assert near.lower[0] == 0
    assert not abs(chain.residual[0]) > chain.residual_error[0]
    assert decide_bounds(*columns)[0].answer is bound.answer


@settings(steady, max_examples=15)
@given(positive, positive, positive, positive, st.integers(0, 9), st.integers(0, 9), st.integers(-5, 5))
def test_certified_models_never_contradict_themselves(
    a: Fraction, b: Fraction, c: Fraction, d: Fraction, count: int, more: int, offset: int
) -> None:
    """Closed forms meet the integrals (or Contradiction is raised), the ELBO is never certified above log p(x)."""
    results = [
        certify.normal_normal(offset, 0, a, b, c - d, d, 40),
        certify.gamma_poisson(count, a, b, c, d, 40),
        certify.beta_binomial(count, count + more, a, b, c, d, 40),
        certify.poisson_lognormal(count, offset, a / 4, offset, b / 4, 40),
        certify.logistic_bernoulli(count % 2, offset, 0, a, 0, b, 40),
    ]
    for result in results:
        assert result.bound.answer is not Answer.GREATER
        assert not result.identity.refutes_equal
        assert result.log_evidence.is_finite
        assert np.isfinite(result.elbo.radius)
