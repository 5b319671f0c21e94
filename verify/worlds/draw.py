"""Worlds built from a source of numbers, so that they meet the hypotheses of the text.

    generic        tables from exponential draws, base weights of any size
    concentrated   log-normal tables: a few points carry nearly all the mass
    flat           counting measure, tables from exponential draws
    uniform        every law uniform
    symmetric      nothing changes when all spaces are turned round
    alike          laws that (nearly) coincide with conditionals of other laws: q at the posterior, q at the prior
    sparse         zeros in the tables (only where no hypothesis forbids them); in every fourth world all is determined

Random base weights and their scale are a test of units: a forgotten integral, or a statement that holds for counts but
not for densities, shows at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from sympy import Basic

from derive.claims import Bounds, Curvature, OneExample, Range, Setting
from derive.terms.nodes import Density, Parameter
from verify.worlds.hypotheses import ContradictionError, Factor, Structure
from verify.worlds.sources import Random, RandomSource, Source
from verify.worlds.vocabulary import LawShape, Vocabulary, law_indices, law_key
from verify.worlds.world import Array, LawTable, RealFunction, World

KINDS = ("generic", "concentrated", "flat", "uniform", "symmetric", "alike")
MAX_STATES = 5000  # points of all axes of one world; more variables mean fewer points each
LINES = 4  # of which an abstract concave or convex function is made


def draw(vocabulary: Vocabulary, setting: Setting, kind: str, count: int, random: Random) -> World:
    """A batch of ``count`` random worlds of one kind that meet the hypotheses of the setting.

    Raises ContradictionError where the hypotheses cannot be met by construction.
    """
    world = build(vocabulary, setting, RandomSource(kind, count, random), sizes(vocabulary, random), kind)
    return world if kind != "alike" else _made_alike(world, vocabulary, setting, random)


def sizes(vocabulary: Vocabulary, random: Random) -> dict[str, int]:
    """Two or three points a space, two where there are many variables."""
    axes = max(1, len(vocabulary.names))
    largest = 3 if 3**axes <= MAX_STATES else 2
    return {space: int(random.integers(2, largest + 1)) for space in sorted(vocabulary.spaces)}


def build(
    vocabulary: Vocabulary, setting: Setting, source: Source, points: Mapping[str, int], kind: str = "generic"
) -> World:
    """A batch of worlds from a source of numbers, with the given number of points for each space."""
    points = {space: 1 if OneExample(space) in setting.hypotheses else n for space, n in points.items()}
    choices = vocabulary.choices
    measures = setting.measures
    weights = {space: source.weights(n, measures.get(space, "unmarked")) for space, n in points.items()}
    laws = _laws(vocabulary, setting, source, choices, weights)
    values = {
        space: source.numbers((n,), Fraction(0) if space in vocabulary.positive else None, None)
        for space, n in points.items()
    }
    return World(
        source.count,
        weights,
        laws,
        values,
        _parameters(vocabulary, setting, choices, source),
        {name: _function(name, vocabulary, setting, points, source) for name in sorted(vocabulary.functions)},
        kind,
        kind == "sparse",
        choices,
    )


# ---------------------------------------------------------------- laws


def _laws(
    vocabulary: Vocabulary, setting: Setting, source: Source, choices: int, weights: dict[str, Array]
) -> dict[str, LawTable]:
    structure = Structure.of(vocabulary, setting)
    tables: dict[str, LawTable] = {}
    for key in sorted(set(vocabulary.laws) - set(structure.equated)):
        shape = vocabulary.laws[key]
        factors = structure.factors_of(key, shape)
        tables[key] = _law(shape, factors, source, not _positive(key, setting), choices, weights)
    for key, equation in structure.equated.items():
        shape, may_vanish = vocabulary.laws[key], not _positive(key, setting)
        tables[key] = _equated_law(shape, equation, tables, source, may_vanish, choices, weights)
    return tables


def _positive(key: str, setting: Setting) -> bool:
    return setting.positive(key) is not None or setting.positive(key.split("_", 1)[0]) is not None


def _law(
    shape: LawShape,
    factors: tuple[Factor, ...],
    source: Source,
    may_vanish: bool,
    choices: int,
    weights: dict[str, Array],
) -> LawTable:
    """The product of conditional tables, one per factor."""
    spaces = shape.spaces
    indices = tuple(weights[s].shape[0] if s else choices for s in shape.indices)
    product: Any = None
    for at, given in factors:
        here = tuple(weights[s].shape[0] if s in at | given else 1 for s in spaces)
        axes = tuple(axis for axis, space in enumerate(spaces) if space in at)
        table = normalised(source.table((*here, *indices), may_vanish, axes), spaces, at, weights)
        product = table if product is None else product * table
    return LawTable(spaces, frozenset(shape.drawn), len(indices), product)


def normalised(table: Array, spaces: tuple[str, ...], drawn: Iterable[str], weights: dict[str, Array]) -> Array:
    """The table divided so that Σ w·p = 1 over the drawn spaces; a slice of zeros becomes uniform."""
    axes = tuple(axis for axis, space in enumerate(spaces) if space in set(drawn))
    total = _mass(table, axes, spaces, weights)
    table = np.where(total == 0, 1, table)
    return np.asarray(table / _mass(table, axes, spaces, weights))


def _mass(table: Array, axes: tuple[int, ...], spaces: tuple[str, ...], weights: dict[str, Array]) -> Array:
    for axis in axes:
        table = table * _along(weights[spaces[axis]], axis, table.ndim)
    return np.asarray(table.sum(axis=axes, keepdims=True))


def _along(weights: Array, axis: int, ndim: int) -> Array:
    shape = [1] * ndim
    shape[axis], shape[-1] = weights.shape
    return weights.reshape(shape)


def _conditional(source: LawTable, target: LawTable, weights: dict[str, Array]) -> Array:
    """source's conditional of the target's drawn spaces given the target's other spaces, on the target's axes."""
    table = source.table
    for axis, space in enumerate(source.spaces):
        if space not in target.spaces and space in source.drawn:
            table = (table * _along(weights[space], axis, table.ndim)).sum(axis=axis, keepdims=True)
        elif space not in target.spaces:
            table = np.take(table, [0], axis=axis)
    if target.indices < source.indices:
        table = table[(slice(None),) * len(source.spaces) + (slice(0, 1),) * source.indices]
        table = table.reshape(table.shape[: len(source.spaces)] + table.shape[-1:])
    if target.indices > source.indices:  # the same for every value of the parameters that only the target has
        table = np.expand_dims(table, tuple(range(table.ndim - 1, table.ndim - 1 + target.indices - source.indices)))
    extra = tuple(axis for axis, space in enumerate(source.spaces) if space not in target.spaces)
    return normalised(np.squeeze(table, axis=extra), target.spaces, target.drawn, weights)


def _equated_law(
    shape: LawShape,
    equation: tuple[Density, Density],
    tables: dict[str, LawTable],
    source: Source,
    may_vanish: bool,
    choices: int,
    weights: dict[str, Array],
) -> LawTable:
    """A law of which a conditional (or marginal, or all of it) is set equal to another law's; the rest is random."""
    at, given = (frozenset(v.space for v in points) for points in (equation[0].at, equation[0].given))
    right, other = equation[1], tables.get(law_key(equation[1].law))
    theirs = frozenset(v.space for v in right.points)
    if other is None or at != {v.space for v in right.at} or not theirs <= at | given:
        raise ContradictionError("a law is set equal to a law of other variables")
    other = _with_indices(other, law_indices(right.law), law_indices(equation[0].law))
    told = LawTable(tuple(sorted(theirs)), at, len(shape.indices), other.table)
    product: Any = _conditional(other, told, weights)
    product = np.expand_dims(product, tuple(i for i, space in enumerate(shape.spaces) if space not in theirs))
    first = given & frozenset(shape.drawn)
    before: Factor = (first, frozenset(shape.given))
    after: Factor = (frozenset(shape.drawn) - at - first, frozenset(shape.spaces))
    for factor in (before, after):
        if factor[0]:
            product = product * _law(shape, (factor,), source, may_vanish, choices, weights).table
    return LawTable(shape.spaces, frozenset(shape.drawn), len(shape.indices), product)


def _with_indices(law: LawTable, names: Sequence[Basic], wanted: Sequence[Basic]) -> LawTable:
    """The law's table with one axis for each wanted index; of an index that is not wanted, its first value."""
    table, first = law.table, len(law.spaces)
    for axis in reversed([first + i for i, name in enumerate(names) if name not in wanted]):
        table = np.take(table, 0, axis=axis)
    kept = [name for name in names if name in wanted]
    order = [first + kept.index(name) for name in wanted if name in kept]
    table = np.transpose(table, (*range(first), *order, table.ndim - 1))
    table = np.expand_dims(table, tuple(first + i for i, name in enumerate(wanted) if name not in kept))
    return LawTable(law.spaces, law.drawn, len(wanted), table)


def _made_alike(world: World, vocabulary: Vocabulary, setting: Setting, random: Random) -> World:
    """Lets laws coincide with (or come close to) conditionals of other laws over the same spaces."""
    tables = dict(world.laws)
    structure = Structure.of(vocabulary, setting)
    weights = dict(world.weights)
    for key in sorted(set(tables) - set(structure.equated) - set(structure.factorised)):
        mine = tables[key]
        others = [tables[k] for k in sorted(tables) if k != key and _covers(tables[k], mine)]
        if others and random.random() < 0.7:
            other = others[int(random.integers(len(others)))]
            exact = _conditional(other, mine, weights)
            noise = np.exp(random.choice([0.0, 1e-3, 0.1]) * random.normal(size=exact.shape))
            table = normalised(exact * noise, mine.spaces, mine.drawn, weights)
            tables[key] = LawTable(mine.spaces, mine.drawn, mine.indices, np.broadcast_to(table, mine.table.shape))
    return World(
        world.count, weights, tables, world.points, world.parameters, world.functions, "alike", False, world.choices
    )


def _covers(other: LawTable, mine: LawTable) -> bool:
    return set(mine.spaces) <= set(other.spaces) and mine.drawn <= other.drawn and mine.indices in (0, other.indices)


# ---------------------------------------------------------------- parameters and functions


def _parameters(vocabulary: Vocabulary, setting: Setting, choices: int, source: Source) -> dict[str, Array]:
    ranges = {h.parameter.name: h for h in setting.hypotheses if isinstance(h, Range)}
    values = {}
    for name in (n for n in vocabulary.names if isinstance(n, Parameter)):
        bounds = ranges.get(name.name)
        lower = bounds.lower if bounds else Fraction(0) if name.name in vocabulary.positive else None
        shape = (choices if name in vocabulary.chosen else 1,)
        values[name.name] = source.numbers(shape, lower, bounds.upper if bounds else None)
    return values


def _function(
    name: str, vocabulary: Vocabulary, setting: Setting, points: Mapping[str, int], source: Source
) -> Array | RealFunction:
    spaces = vocabulary.functions[name]
    bounds = [h for h in setting.hypotheses if isinstance(h, Bounds) and h.function == name]
    if spaces is not None and all(spaces):
        lower = [h.lower for h in bounds if h.lower is not None] + [Fraction(0)] * (name in vocabulary.positive)
        upper = [h.upper for h in bounds if h.upper is not None]
        return source.numbers(tuple(points[s] for s in spaces), max(lower, default=None), min(upper, default=None))
    if bounds:
        raise ContradictionError(f"no bounded function {name} of a real number is made")
    shapes = [h.kind for h in setting.hypotheses if isinstance(h, Curvature) and h.function == name]
    slopes, offsets = (source.numbers((LINES,), None, None) for _ in range(2))
    return RealFunction(shapes[0] if shapes else "any", slopes, offsets)
