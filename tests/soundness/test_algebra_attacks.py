"""Attacks through algebra: zeros, infinities and undefined terms are written so that they seem to cancel."""

from __future__ import annotations

from fractions import Fraction

import pytest
from attempts import INFINITE, ONE, TWO, ZERO, f, h, outcome, p, theta, x, z
from forge import Draft
from judge import Statement, violation

from derive.claims import Setting
from derive.terms.binding import same
from derive.terms.nodes import Number, Plus, Power, Quotient, Term, Times, negative
from derive.terms.notation import integral, log

RING_ATTACKS: dict[str, tuple[Term, Term]] = {
    "a conditional that was never there": (p(x), Plus(p(x), p(z | x), negative(p(z | x)))),
    "a conditional to the power 0": (Quotient(p(x), TWO), Quotient(Times(p(x), Power(p(z | x), ZERO)), TWO)),
    "an infinite term that was never there": (ONE, Plus(ONE, log(p(x)), negative(log(p(x))))),
    "a weight hidden in a sum, beside a logarithm": (
        Times(p(x), h, log(p(x))),
        Times(Plus(Times(p(x), h), ZERO), log(p(x))),
    ),
    "a weight hidden in a sum, beside a conditional": (
        Times(p(x), h, p(z | x)),
        Times(Plus(Times(p(x), h), ZERO), p(z | x)),
    ),
    "a weight taken away from a conditional": (
        Plus(Times(p(x), h, p(z | x)), Times(p(x), h, h, p(z | x))),
        Times(h, p(z | x), Plus(p(x), Times(p(x), h))),
    ),
    "a weight hidden in a quotient": (
        Quotient(Times(p(x), h, log(p(x))), p(z)),
        Times(Quotient(Times(p(x), h), p(z)), log(p(x))),
    ),
    "a square taken apart beside a logarithm": (Times(Power(h, TWO), log(p(x))), Times(h, h, log(p(x)))),
    "zero over zero from zero times infinity": (
        Times(p(x), Quotient(h, Power(p(x), Number(Fraction(1, 2))))),
        Quotient(Times(p(x), h), Power(p(x), Number(Fraction(1, 2)))),
    ),
    "a joint over its marginal": (
        Times(p(x, z), Quotient(f, p(x))),
        Quotient(Times(p(x, z), f), p(x)),
    ),
    "a quotient of a quotient": (theta, Quotient(ONE, Quotient(ONE, theta))),
    "an infinite denominator cancelled": (Times(INFINITE, Quotient(ONE, INFINITE)), ONE),
    "an infinite denominator created": (ONE, Quotient(INFINITE, INFINITE)),
    "the same factor above and below": (Times(p(x), Quotient(ONE, p(x))), Quotient(p(x), p(x))),
    "sums of infinities": (
        Times(log(p(x)), Plus(TWO, negative(ONE))),
        Plus(Times(TWO, log(p(x))), negative(log(p(x)))),
    ),
    "a sum in front of something infinite": (
        Plus(Times(p(x), h, log(p(x))), Times(p(x), log(p(x)))),
        Times(Plus(Times(p(x), h), p(x)), log(p(x))),
    ),
    "a weight becomes a difference": (
        Times(p(x), log(p(x))),
        Times(Plus(Times(TWO, p(x)), negative(p(x))), log(p(x))),
    ),
    "a difference of infinities to the power 0": (
        Power(p(x), ZERO),
        Power(Plus(p(x), log(p(x)), negative(log(p(x)))), ZERO),
    ),
    "a zero two denominators down": (
        Quotient(h, Power(ZERO, TWO)),
        Quotient(h, Power(Quotient(h, Quotient(h, Quotient(ZERO, Times(p(x), h)))), TWO)),
    ),
}


@pytest.mark.parametrize("name", RING_ATTACKS)
def test_algebra_never_loses_a_defined_value(name: str) -> None:
    before, after = RING_ATTACKS[name]
    assert outcome(lambda: Draft(before).ring(after).theorem()) == ""


@pytest.mark.parametrize("sign", [1, -1])
def test_infinities_of_one_sign_add_up_without_a_condition(sign: int) -> None:
    """4·∞ is ∞ + 3·∞, and 4·∞ is not 5·∞ − ∞."""
    infinite = log(p(x))
    whole, one, three, five = (Times(Number(sign * n), infinite) for n in (4, 1, 3, 5))
    split = Draft(whole).ring(Plus(one, three))
    assert outcome(split.theorem) == ""
    assert split.theorem().conditions == ()
    cancelling = Draft(whole).ring(Plus(five, negative(one)))
    assert outcome(cancelling.theorem) == ""
    assert [condition.kind for condition in cancelling.theorem().conditions] == ["finite"]
    hidden = Draft(whole).ring(Plus(Times(Number(2), Plus(one, one)), Times(Number(-1), Plus(one, negative(one)))))
    assert outcome(hidden.theorem) == ""
    assert any(condition.kind == "finite" for condition in hidden.theorem().conditions)


def test_a_weight_keeps_its_form_when_it_is_rewritten_in_place() -> None:
    """p = 2p − p, but only p by its form makes 0 · log 0 = 0."""
    start = Times(p(x), log(p(x)))
    assert outcome(lambda: Draft(start).ring(Plus(Times(TWO, p(x)), negative(p(x))), (0,)).theorem()) == ""
    inside = Times(integral(p(x, z), z), log(integral(p(x, z), z)))
    spoiled = Plus(Times(TWO, p(x, z)), negative(p(x, z)))
    assert outcome(lambda: Draft(inside).ring(spoiled, (0, 0)).theorem()) == ""


def test_a_denominator_keeps_its_form() -> None:
    """a/0 = ∞ only for a denominator that is non-negative by its form."""
    start = Quotient(ONE, p(x))
    assert outcome(lambda: Draft(start).ring(Plus(Times(TWO, p(x)), negative(p(x))), (1,)).theorem()) == ""


def test_nested_products_mean_what_flat_ones_mean() -> None:
    """The kernel does not tell (p·h)·log p from p·h·log p, so they must have one value."""
    nested, flat = Times(Times(p(x), h), log(p(x))), Times(p(x), h, log(p(x)))
    assert same(nested, flat)
    assert violation(Statement(nested, "⊑", flat, Setting()), 200) == ""
    assert violation(Statement(flat, "⊑", nested, Setting()), 200) == ""


def test_algebra_survives_denominators_that_are_powers_of_sums() -> None:
    before = Quotient(ONE, Power(Plus(h, ONE), TWO))
    after = Quotient(TWO, Times(TWO, Power(Plus(h, ONE), TWO)))
    assert outcome(lambda: Draft(before).ring(after).theorem()) == ""
