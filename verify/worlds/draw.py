"""Random worlds of many kinds.

    generic        tables from exponential draws, base weights of any size
    concentrated   log-normal tables: a few points carry nearly all the mass
    flat           counting measure, tables from exponential draws
    sparse         zeros in the tables (only where no hypothesis forbids them)
    uniform        every law uniform
    alike          every law that can be is (nearly) the posterior or the marginal of another: special points of a claim

Random base weights and their scale are a test of units: a forgotten integral, or a statement that holds for counts but
not for densities, shows at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from derive.claims import Curvature, LawEquation, Range, Setting
from derive.terms.nodes import Density, Parameter, law_factors
from verify.worlds.vocabulary import LawShape, Vocabulary, law_key
from verify.worlds.world import Array, LawTable, RealFunction, World

Random = np.random.Generator
KINDS = ("generic", "concentrated", "flat", "uniform", "alike")
MAX_STATES = 5000  # points of all axes of one world; more variables mean fewer points each


class ContradictionError(ValueError):
    """Hypotheses that no world was found to meet."""


def draw(vocabulary: Vocabulary, setting: Setting, kind: str, count: int, random: Random) -> World:
    """A batch of ``count`` worlds of one kind that meet the hypotheses of the setting.

    Raises ContradictionError where the hypotheses cannot be met by construction.
    """
    sizes = _sizes(vocabulary, random)
    choices = 2 if vocabulary.chosen else 1
    weights = {space: _weights(space, n, kind, count, setting, random) for space, n in sizes.items()}
    laws = _laws(vocabulary, setting, kind, count, choices, weights, random)
    return World(
        count,
        weights,
        laws,
        {space: _points(n, count, space in vocabulary.positive, random) for space, n in sizes.items()},
        _parameters(vocabulary, setting, choices, count, random),
        {name: _function(name, spaces, vocabulary, setting, sizes, count, random)
         for name, spaces in sorted(vocabulary.functions.items())},
        kind,
        kind == "sparse",
        choices,
    )  # fmt: skip


def _sizes(vocabulary: Vocabulary, random: Random) -> dict[str, int]:
    """Two or three points a space, two where there are many variables."""
    axes = max(1, len(vocabulary.names))
    largest = 3 if 3**axes <= MAX_STATES else 2
    return {space: int(random.integers(2, largest + 1)) for space in sorted(vocabulary.spaces)}


def _weights(space: str, n: int, kind: str, count: int, setting: Setting, random: Random) -> Array:
    measure = setting.measures.get(space, "unmarked")
    counting = np.ones((n, count))
    if measure == "discrete" or kind in ("flat", "uniform"):
        return counting
    scale = np.exp(1.5 * random.normal(size=count))
    free = random.uniform(0.25, 2.0, size=(n, count)) * scale
    if measure == "unmarked":
        return np.where(random.random(count) < 0.5, free, counting)
    return free


def _points(n: int, count: int, positive: bool, random: Random) -> Array:
    values = random.normal(size=(n, count)) * np.exp(random.normal(size=count))
    return np.exp(values) if positive else values


# ---------------------------------------------------------------- laws


def _laws(
    vocabulary: Vocabulary,
    setting: Setting,
    kind: str,
    count: int,
    choices: int,
    weights: dict[str, Array],
    random: Random,
) -> dict[str, LawTable]:
    tables: dict[str, LawTable] = {}
    factorised, equated = _structure(vocabulary, setting)
    for key in sorted(vocabulary.laws):
        if key not in equated:
            shape = vocabulary.laws[key]
            factors = factorised.get(key, ((frozenset(shape.drawn), frozenset(shape.given)),))
            sample = _sampler(kind, random, not _must_be_positive(key, setting))
            tables[key] = _law(shape, factors, sample, choices, weights, count)
    if kind == "alike":
        _make_alike(tables, vocabulary, set(factorised) | set(equated), weights, random)
    for key, equation in equated.items():
        tables[key] = _equated_law(key, equation, vocabulary, tables, weights)
    return tables


Factor = tuple[frozenset[str], frozenset[str]]  # spaces drawn together, spaces given


def _structure(
    vocabulary: Vocabulary, setting: Setting
) -> tuple[dict[str, tuple[Factor, ...]], dict[str, LawEquation]]:
    """Which laws factorise by hypothesis, and which are equal to another law's conditional."""
    factorised: dict[str, tuple[Factor, ...]] = {}
    equated: dict[str, LawEquation] = {}
    for hypothesis in setting.of_kind(LawEquation):
        assert isinstance(hypothesis, LawEquation)
        left = hypothesis.left
        if not isinstance(left, Density):
            raise ContradictionError("an equation between laws starts from one density")
        key = law_key(left.law)
        parts = [factor for factor in law_factors(hypothesis.right) if isinstance(factor, Density)]
        if all(law_key(part.law) == key for part in parts):
            factorised[key] = _merge_factors(factorised.get(key, ()), left, parts, vocabulary.laws[key])
        elif len(parts) == 1:
            equated[key] = hypothesis
        else:
            raise ContradictionError("no way is known to build laws that meet this equation")
    return factorised, equated


def _merge_factors(
    known: tuple[Factor, ...], left: Density, parts: list[Density], shape: LawShape
) -> tuple[Factor, ...]:
    """The chain of conditionals that the law is built from.

    A factorisation gives its factors; an independence such as q(z₂|z₁,x) = q(z₂|z₁) gives one factor.  What no factor
    draws comes first, jointly.
    """
    new = [(frozenset(v.space for v in p.at), frozenset(v.space for v in p.given)) for p in parts]
    old = [factor for factor in known if not any(factor[0] & n[0] for n in new)]
    factors = [*old, *new]
    rest = frozenset(shape.drawn) - frozenset().union(*(f[0] for f in factors))
    if rest:
        inner = frozenset().union(*(f[1] for f in factors)) & rest
        outer = rest - inner
        everything = frozenset(shape.drawn | shape.given)
        if inner:
            factors.insert(0, (inner, frozenset(v.space for v in left.given if v.space not in inner) & everything))
        if outer:
            factors.append((outer, everything - outer))
    return tuple(factors)


Sampler = Callable[[tuple[int, ...]], Array]


def _must_be_positive(key: str, setting: Setting) -> bool:
    return setting.positive(key.split("_", 1)[0]) is not None or setting.positive(key) is not None


def _sampler(kind: str, random: Random, may_vanish: bool) -> Sampler:
    def sample(shape: tuple[int, ...]) -> Array:
        if kind == "uniform":
            return np.ones(shape)
        if kind == "concentrated":
            spread = random.choice([0.5, 1.5, 3.0], size=shape[-1])
            return np.exp(spread * random.normal(size=shape))
        table = random.exponential(size=shape) + 1e-3
        if kind == "sparse" and may_vanish:
            table = np.where(random.random(shape) < 0.3, 0.0, table)
        return np.asarray(table)

    return sample


def _law(
    shape: LawShape,
    factors: tuple[Factor, ...],
    sample: Sampler,
    choices: int,
    weights: dict[str, Array],
    count: int,
) -> LawTable:
    """The product of conditional tables, one per factor."""
    spaces = shape.spaces
    indices = tuple(weights[s].shape[0] if s else choices for s in shape.indices)
    table: Any = np.ones((1,) * (len(spaces) + len(indices)) + (count,))
    for at, given in factors:
        here = tuple(weights[s].shape[0] if s in at | given else 1 for s in spaces)
        draws = sample((*here, *indices, count))
        table = table * _normalised(draws, spaces, at, weights)
    return LawTable(spaces, frozenset(shape.drawn), len(indices), np.asarray(table))


def _normalised(table: Array, spaces: tuple[str, ...], drawn: Iterable[str], weights: dict[str, Array]) -> Array:
    """The table divided so that Σ w·p = 1 over the drawn spaces; a slice of zeros becomes uniform."""
    axes = tuple(axis for axis, space in enumerate(spaces) if space in set(drawn))
    mass: Any = np.ones((1,) * table.ndim)
    for axis in axes:
        shape = [1] * table.ndim
        shape[axis], shape[-1] = weights[spaces[axis]].shape
        mass = mass * weights[spaces[axis]].reshape(shape)
    total = (table * mass).sum(axis=axes, keepdims=True)
    table = np.where(total == 0, 1.0, table)
    total = (table * mass).sum(axis=axes, keepdims=True)
    return np.asarray(table / total)


def _make_alike(
    tables: dict[str, LawTable], vocabulary: Vocabulary, fixed: set[str], weights: dict[str, Array], random: Random
) -> None:
    """Lets laws coincide with (or come close to) conditionals of other laws over the same spaces."""
    for key in sorted(set(tables) - fixed):
        mine = tables[key]
        others = [k for k in sorted(tables) if k != key and set(mine.spaces) <= set(tables[k].spaces)]
        if not others or random.random() < 0.3:
            continue
        other = tables[others[int(random.integers(len(others)))]]
        if other.drawn >= mine.drawn and mine.indices in (0, other.indices):
            exact_ = _as_conditional(other, mine, weights)
            noise = np.exp(random.choice([0.0, 1e-3, 0.1]) * random.normal(size=exact_.shape))
            table = _normalised(exact_ * noise, mine.spaces, mine.drawn, weights)
            tables[key] = LawTable(mine.spaces, mine.drawn, mine.indices, table)


def _as_conditional(source: LawTable, target: LawTable, weights: dict[str, Array]) -> Array:
    """source's conditional of the target's drawn spaces given the target's other spaces, on the target's axes."""
    table = source.table
    for axis, space in enumerate(source.spaces):
        if space not in target.spaces and space in source.drawn:
            shape = [1] * table.ndim
            shape[axis], shape[-1] = weights[space].shape
            table = (table * weights[space].reshape(shape)).sum(axis=axis, keepdims=True)
        elif space not in target.spaces:
            table = np.take(table, [0], axis=axis)
    if target.indices < source.indices:
        table = table[(slice(None),) * len(source.spaces) + (slice(0, 1),) * source.indices]
        table = table.reshape(table.shape[: len(source.spaces)] + table.shape[-1:])
    keep = tuple(axis for axis, space in enumerate(source.spaces) if space not in target.spaces)
    table = np.squeeze(table, axis=keep)
    return _normalised(table, target.spaces, target.drawn, weights)


def _equated_law(
    key: str, equation: LawEquation, vocabulary: Vocabulary, tables: dict[str, LawTable], weights: dict[str, Array]
) -> LawTable:
    """A law that the text sets equal to a conditional of another."""
    right = equation.right
    shape = vocabulary.laws[key]
    if not isinstance(right, Density) or law_key(right.law) not in tables:
        raise ContradictionError("a law is set equal to something that is no density of a known law")
    source = tables[law_key(right.law)]
    if not set(shape.spaces) <= set(source.spaces):
        raise ContradictionError("a law is set equal to a law of other variables")
    indices = len(shape.indices)
    target = LawTable(shape.spaces, frozenset(shape.drawn), indices, source.table)
    return LawTable(target.spaces, target.drawn, indices, _as_conditional(source, target, weights))


# ---------------------------------------------------------------- parameters and functions


def _parameters(vocabulary: Vocabulary, setting: Setting, choices: int, count: int, random: Random) -> dict[str, Array]:
    names = [name for name in vocabulary.names if isinstance(name, Parameter)]
    ranges = {h.parameter.name: h for h in setting.of_kind(Range) if isinstance(h, Range)}
    return {
        p.name: _values(ranges.get(p.name), p.name in vocabulary.positive,
                        choices if p in vocabulary.chosen else 1, count, random)
        for p in names
    }  # fmt: skip


def _values(bounds: Range | None, positive: bool, many: int, count: int, random: Random) -> Array:
    shape = (many, count)
    lower = None if bounds is None or bounds.lower is None else float(bounds.lower)
    upper = None if bounds is None or bounds.upper is None else float(bounds.upper)
    if lower is not None and upper is not None:
        return random.uniform(lower, upper, size=shape)
    spread = np.exp(random.normal(size=shape))
    if lower is not None:
        return lower + spread
    if upper is not None:
        return upper - spread
    return spread if positive else random.normal(size=shape) * np.exp(random.normal(size=shape))


def _function(
    name: str,
    spaces: tuple[str, ...] | None,
    vocabulary: Vocabulary,
    setting: Setting,
    sizes: dict[str, int],
    count: int,
    random: Random,
) -> Array | RealFunction:
    if spaces is not None and all(spaces):
        values = random.normal(size=(*(sizes[s] for s in spaces), count)) * np.exp(random.normal(size=count))
        return np.exp(values) if name in vocabulary.positive else values
    shapes = [h for h in setting.of_kind(Curvature) if isinstance(h, Curvature) and h.function == name]
    slopes, offsets = random.normal(size=(2, 5, count)) * np.exp(random.normal(size=count))
    return RealFunction(shapes[0].kind if shapes else "wavy", slopes, offsets)
