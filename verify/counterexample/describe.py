"""A rational world in words, with the values of both sides."""

from __future__ import annotations

from itertools import product

import numpy as np
from sympy import Basic

from derive.terms.nodes import Density, Function, Law, Parameter, Variable
from derive.writing import Notation, text
from verify.counterexample.decide import Sides
from verify.counterexample.paragraph import Shown, told
from verify.counterexample.search import RationalWorld
from verify.counterexample.snippet import snippet
from verify.decide import Infinite, Undefined, Value
from verify.verdict import SideValue, WorldSides
from verify.worlds.vocabulary import law_key
from verify.worlds.world import Array, RealFunction, World

DIGITS = 12
MOST_ENTRIES = 16  # of one table, before it is only counted


def describe(rational: RationalWorld, sides: Sides, notation: Notation) -> WorldSides:
    """The world, the point and both sides, ready to be printed."""
    world = rational.build(exact=True)
    claim, shown = rational.claim, _shown(rational, world, notation)
    left, right = side_value(sides.left), side_value(sides.right)
    return WorldSides(
        tuple((one.name, one.written) for one in shown),
        tuple((text(name, notation), index) for name, index in sides.point.items()),
        left,
        right,
        snippet((claim.lhs, claim.rhs), world, sides.point),
        told(claim, world, shown, sides.point, (left, right), notation),
    )


def side_value(value: Value) -> SideValue:
    """A value exactly and as a certified interval of decimals."""
    if isinstance(value, Undefined | Infinite):
        return SideValue(str(value), str(value), str(value))
    enclosure = value.enclosure(128)
    ball = enclosure.ball()
    written = str(ball.str(DIGITS, radius=False))
    return SideValue(str(value), written, written)


def _shown(rational: RationalWorld, world: World, notation: Notation) -> list[Shown]:
    """One entry per table: the densities as the claim writes them, values of numbers, base weights that are not 1."""
    written: dict[str, Shown] = {}
    for side in (rational.claim.lhs, rational.claim.rhs):
        for node in _nodes(side):
            if isinstance(node, Density):
                _describe_law(node.law, world, notation, written)
            elif isinstance(node, Function):
                _describe_function(node, world, notation, written)
    for name in sorted(rational.vocabulary.numeric, key=str):
        values = world.points[name.space] if isinstance(name, Variable) else _parameter(name, world)
        named = text(name, notation)
        written.setdefault(named, Shown(named, _list(values), (), values[..., 0], "numbers"))
    for space, weights in sorted(world.weights.items()):
        if any(weight != 1 for weight in weights.flat):
            name_ = text(Variable(space), notation)
            named = f"base weights of {name_}"
            written[named] = Shown(named, _list(weights), (), weights[..., 0], "weights")
    return list(written.values())


def _parameter(name: Basic, world: World) -> Array:
    assert isinstance(name, Parameter)
    return world.parameters[name.name]


def _nodes(term: Basic) -> list[Basic]:
    found = [term]
    for node in found:
        found.extend(node.args)
    return found


def _describe_law(law: Law, world: World, notation: Notation, written: dict[str, Shown]) -> None:
    table = world.laws[law_key(law)]
    drawn = [Variable(space) for space in table.spaces if space in table.drawn]
    given = [Variable(space) for space in table.spaces if space not in table.drawn]
    name = text(Density(law, tuple(drawn), tuple(given)), notation)
    if name not in written:
        order = [table.spaces.index(v.space) for v in (*drawn, *given)]
        rest = range(len(order), table.table.ndim)
        values = np.transpose(table.table, (*order, *rest))
        axes = tuple(text(v, notation) for v in (*drawn, *given))
        written[name] = Shown(name, _entries(values), axes, values[..., 0], "law", len(given))


def _describe_function(function: Function, world: World, notation: Notation, written: dict[str, Shown]) -> None:
    values = world.functions[function.name]
    name = text(function, notation)
    if isinstance(values, RealFunction):
        t = "t"
        lines = [f"{a}·{t} + {b}" for a, b in zip(values.slopes.flat, values.offsets.flat, strict=True)]
        choose = {"concave": "min", "convex": "max"}.get(values.kind, "")
        head = text(Function(function.name, Variable(t)), notation)
        powers = " + ".join(f"{a}·t^{k + 1}" for k, a in enumerate(values.slopes.flat))
        formula = f"{choose}({', '.join(dict.fromkeys(lines))})" if choose else powers
        written.setdefault(head, Shown(head, formula))
    else:
        axes = tuple(text(argument, notation) for argument in function.arguments)
        written.setdefault(name, Shown(name, _entries(values), axes, values[..., 0], "function"))


def _entries(table: Array) -> str:
    """The entries as 0,0: 1/4; 0,1: 3/4 …, the points in the order of the printed arguments."""
    single = table[..., 0]
    if single.size > MOST_ENTRIES:
        return f"{single.size} entries (see the Python)"
    parts = []
    for index in product(*(range(n) for n in single.shape)):
        shown = ",".join(str(i) for i, n in zip(index, single.shape, strict=True) if n > 1)
        parts.append(f"{shown}: {single[index]}" if shown else str(single[index]))
    return "; ".join(parts)


def _list(values: Array) -> str:
    return ", ".join(str(v) for v in values[..., 0].flat)
