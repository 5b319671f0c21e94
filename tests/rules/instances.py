"""Random instances of a rule: every hole filled with something it allows."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from random import Random

from sympy import Basic, Tuple

from derive.rules.pattern import Family, Group, Hole, Lambda, LawHole, Shape, fill, places, scopes
from derive.rules.rule import Rule
from derive.terms.nodes import (
    Density,
    Exp,
    Function,
    Integral,
    Law,
    Log,
    Number,
    Parameter,
    Plus,
    Power,
    Quotient,
    Term,
    Times,
    Variable,
)

FREE = Variable("x")
SPARE = Variable("u")
T = Variable("t")
CONCAVE = (Log(T), Power(T, Number(Fraction(1, 2))), Times(Number(-1), Power(T, Number(2))), T)
CONVEX = (
    Times(Number(-1), Log(T)),
    Power(T, Number(2)),
    Exp(T),
    Quotient(Number(1), T),
    Times(T, Log(T)),
    Power(T, Number(Fraction(3, 2))),
)


def substitution(rule: Rule, random: Random, patterns: Sequence[Basic] = ()) -> dict[str, Basic]:
    """Something for every hole of the rule (and of further patterns, such as a near miss)."""
    every = (rule.left, rule.right, *patterns)
    while True:
        filled = _attempt(rule, every, random)
        try:
            for pattern in every:
                fill(pattern, filled)
        except ValueError:  # an empty group where a point is needed
            continue
        return filled


def _attempt(rule: Rule, every: Sequence[Basic], random: Random) -> dict[str, Basic]:
    allowed: dict[str, frozenset[str]] = {}
    holes = {}
    for pattern in every:
        for place in places(pattern):
            holes[place.name] = place
        for name, within in scopes(pattern).items():
            allowed[name] = allowed.get(name, within) & within
    groups = {name: _group(name, random) for name, place in sorted(holes.items()) if isinstance(place, Group)}
    filled: dict[str, Basic] = dict(groups)
    for name, place in sorted(holes.items()):
        points = [v for group in sorted(allowed[name]) for v in groups.get(group, ())] + [FREE]
        foreign = {group for hole, group in rule.fresh if hole == name}
        points = [v for v in points if not any(v in groups[g] for g in foreign)]
        filled.setdefault(name, _content(place, points, groups, rule, random))
    constants = [name for name, place in sorted(holes.items()) if isinstance(place, Hole) and place.kind == "constant"]
    if len(constants) == 2 and random.random() < 0.5:  # often two shares of one
        first, second = constants
        filled[second] = Plus(Number(1), Times(Number(-1), filled[first]))
    return filled


def _group(name: str, random: Random) -> Tuple:
    if name in "BC":
        return Tuple(*([Variable(name.lower())] if random.random() < 0.6 else []))
    many = 2 if name == "Z" and random.random() < 0.3 else 1
    return Tuple(*(Variable(f"{name.lower()}{i}") for i in range(many)))


def _content(place: Basic, points: list[Variable], groups: dict[str, Tuple], rule: Rule, random: Random) -> Basic:
    match place:
        case Family():
            return Law(place.name)
        case LawHole():
            return _law(place.name, tuple(groups[place.group.name]), points, random)
        case Shape():
            return Lambda(T, random.choice(CONCAVE if rule.curvature and rule.curvature[1] == "concave" else CONVEX))
        case Hole(kind="constant"):
            infinite = Quotient(Number(1), Number(0))
            return random.choice([Number(0), Number(2), Number(-1), Number(Fraction(1, 3)), Parameter("c"), infinite])
        case Hole(kind="nonnegative"):
            return nonnegative(place.name, points, random)
        case _:
            return _any(place.name, points, rule, random)


def _law(name: str, drawn: tuple[Variable, ...], points: list[Variable], random: Random) -> Term:
    given = (FREE,) if random.random() < 0.5 else ()
    if len(drawn) == 2 and random.random() < 0.5:
        first, second = drawn
        return Times(Density(Law(name), (first,), given), Density(Law(name), (second,), (first, *given)))
    return Density(Law(name), drawn, given)


def nonnegative(name: str, points: list[Variable], random: Random) -> Term:
    law, other = Law(f"n{name}"), Law(f"m{name}")
    density = Density(law, tuple(points))
    choices = [
        density,
        density,
        Exp(Function(f"e{name}", *points)),
        Quotient(density, Density(other, tuple(points))),
        Times(density, Density(other, (points[0],))),
        Integral(Density(law, (*points, SPARE)), SPARE),
        Number(Fraction(random.choice([0, 1, 3]), 2)),
        Power(density, Number(Fraction(1, 2))),
    ]
    return random.choice(choices)


def _any(name: str, points: list[Variable], rule: Rule, random: Random) -> Term:
    if rule.curvature is not None:
        return nonnegative(name, points, random)
    density = Density(Law(f"d{name}"), tuple(points))
    function = Function(f"f{name}", *points)
    spread = Density(Law(f"d{name}"), (*points, SPARE))
    choices = [
        function,
        Log(density),
        Times(Number(-1), Log(density)),
        Plus(function, Log(density)),
        Times(density, Log(density)),
        Times(density, function),
        Quotient(density, Density(Law(f"g{name}"), tuple(points))),
        Log(Quotient(density, Density(Law(f"g{name}"), tuple(points)))),
        Number(random.choice([-1, 0, 2])),
        Integral(Times(spread, Log(Density(Law(f"g{name}"), (*points, SPARE)))), SPARE),
    ]
    return random.choice(choices)
