"""Attacks through the holes of rules, and on the comparison of terms: what does not fit is refused, for every row."""

from __future__ import annotations

from random import Random

import pytest
from attempts import f, h, p, q, r, refused, theta, w, x, y, z
from instances import substitution
from sympy import Basic, Tuple

from derive.rules import TABLE
from derive.rules.pattern import Hole, LawHole, binders, places, scopes
from derive.rules.rule import Rule
from derive.steps import instance
from derive.terms.binding import same
from derive.terms.nodes import Density, Expectation, Function, Integral, Law, Number, Plus, Power, Quotient, Term, Times
from derive.terms.notation import KL, E, integral


def sides(rule: Rule) -> tuple[Basic, ...]:
    return (rule.left, rule.right, *(need.subject for need in rule.needs))


def outside(rule: Rule) -> list[tuple[str, str]]:
    """Holes with a group that some binder of the rule binds, but not around every place of the hole."""
    allowed: dict[str, frozenset[str]] = {}
    for side in sides(rule):
        for name, within in scopes(side).items():
            allowed[name] = allowed.get(name, within) & within
    holes = {place.name for side in sides(rule) for place in places(side) if isinstance(place, Hole)}
    return [(hole, group) for hole in sorted(holes) for group in sorted(binders(sides(rule)) - allowed[hole])]


LEAKS = [(name, hole, group) for name, rule in sorted(TABLE.items()) for hole, group in outside(rule)]
FOREIGN = [(name, hole, group) for name, rule in sorted(TABLE.items()) for hole, group in rule.fresh]
NONNEGATIVE = sorted(
    {(n, place.name) for n, rule in TABLE.items() for side in sides(rule) for place in places(side)
     if isinstance(place, Hole) and place.kind == "nonnegative"}
)  # fmt: skip
LAWS = sorted(
    {(n, place.name) for n, rule in TABLE.items() for side in sides(rule) for place in places(side)
     if isinstance(place, LawHole)}
)  # fmt: skip


def used(rule: Rule, filled: dict[str, Basic]) -> list[bool]:
    """Whether the rule can be used with these holes, from left to right and back."""
    return [not refused(lambda b=backwards: instance(rule, filled, b)) for backwards in (False, True)]  # type: ignore[misc]


@pytest.mark.parametrize(("name", "hole", "group"), LEAKS + FOREIGN)
def test_a_bound_variable_does_not_leave_its_binder(name: str, hole: str, group: str) -> None:
    """c ∫ f dz = ∫ c·f dz, with a c that mentions z."""
    rule, random = TABLE[name], Random(name + hole)
    for _ in range(5):
        filled = substitution(rule, random)
        assert any(used(rule, filled))
        bound = filled[group].args[0]
        law = Density(Law("leak"), (bound,))
        for leak in (law, Times(law, law)):
            assert used(rule, {**filled, hole: leak}) == [False, False]


@pytest.mark.parametrize(("name", "hole"), NONNEGATIVE)
def test_what_may_be_negative_is_put_in_for_nothing_that_may_not(name: str, hole: str) -> None:
    rule, random = TABLE[name], Random(name + hole)
    filled = substitution(rule, random)
    minus = Number(-1)
    for term in (f, minus, Times(minus, p(x)), Plus(p(x), minus), Quotient(p(x), h), Power(h, Number(3))):
        assert used(rule, {**filled, hole: term}) == [False, False]


@pytest.mark.parametrize(("name", "hole"), LAWS)
def test_what_is_not_normalised_is_put_in_for_no_law(name: str, hole: str) -> None:
    rule, random = TABLE[name], Random(name + hole)
    place = next(p for side in sides(rule) for p in places(side) if isinstance(p, LawHole) and p.name == hole)
    filled = substitution(rule, random)
    first, *rest = filled[place.group.name].args
    density = Density(q, (first, *rest))
    odd: list[Term] = [Times(density, Number(2)), Times(density, Density(r, (first, *rest))), Power(density, Number(2))]
    odd += [Density(q, (w,), (first,)), Density(q, (first, *rest, w)), Times(density, h), q[first](first, *rest)]
    assert any(used(rule, {**filled, hole: density}))
    for term in odd:
        assert used(rule, {**filled, hole: term}) == [False, False], term


def test_a_group_names_each_variable_once() -> None:
    rule = TABLE["marginalise"]
    assert refused(lambda: instance(rule, {"p": p, "A": Tuple(x), "Z": Tuple(x), "B": Tuple()}, False))
    assert refused(lambda: instance(rule, {"p": p, "A": Tuple(x), "Z": Tuple(z, z), "B": Tuple()}, False))
    assert refused(lambda: instance(rule, {"p": p, "A": Tuple(x), "Z": Tuple(z), "B": Tuple(z)}, False))


# ---------------------------------------------------------------- comparing

DIFFERENT: list[tuple[Term, Term]] = [
    (Quotient(p(x), p(z)), Quotient(p(z), p(x))),
    (Power(p(x), Number(2)), Power(Number(2), p(x))),
    (KL(q(z), p(z)), KL(p(z), q(z))),
    (p(x | z), p(z | x)),
    (p(x, z), p(x | z)),
    (p(x), q(x)),
    (p[theta](x), p(x)),
    (p[theta](x), p[Number(0)](x)),
    (Function("k", x, z), Function("k", z, x)),
    (E(Function("k", x), p(x)), E(Function("k", x), q(x))),
    (integral(Function("k", x, z), x), integral(Function("k", x, z), z)),
    (integral(Function("k", x, y), x, y), integral(Function("k", x, x), x, y)),
    (integral(integral(Function("k", x, z), x), z), integral(integral(Function("k", z, z), x), z)),
    (Expectation(Expectation(f, q(z)), r(z)), Expectation(Expectation(f, r(z)), q(z))),
    (Plus(p(x), p(x)), p(x)),
    (Times(p(x), p(x)), p(x)),
    (Plus(p(x), p(z)), Times(p(x), p(z))),
    (Number(1), Number(-1)),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_terms_are_not_the_same(one: Term, other: Term) -> None:
    assert not same(one, other)
    assert not same(integral(Times(one, p(y)), y), integral(Times(other, p(y)), y))


def test_letters_and_order_do_not_count() -> None:
    assert same(Plus(p(x), Plus(h, f)), Plus(f, p(x), h))
    assert same(integral(p(x, z), z), integral(p(x, y), y)) is False  # y is a point of another space
    other = type(z)("z'", "z")
    assert same(integral(p(x, z), z), integral(p(x, other), other))
    assert same(Integral(Function("k", x, z), x, z), Integral(Function("k", x, z), z, x))
