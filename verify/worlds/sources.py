"""Where the numbers of random worlds come from.

RandomSource   floats of a kind: generic, concentrated, flat, uniform, symmetric, sparse
SmallSource    small whole numbers over a common denominator, recorded as they are drawn
Replay         one world of a SmallSource again, with exact fractions
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor
from typing import Protocol

import numpy as np

from derive.claims import Measure
from verify.worlds.world import Array

Random = np.random.Generator


Record = tuple[Array, int]  # whole numbers and their common denominator


class Source(Protocol):
    """Draws the raw numbers of a batch of worlds; arrays have the worlds on the last axis."""

    @property
    def count(self) -> int:
        """The number W of worlds."""

    def table(self, shape: tuple[int, ...], may_vanish: bool, drawn: tuple[int, ...] = ()) -> Array:
        """Non-negative entries, to be normalised over the axes ``drawn``: shape (*shape, W)."""

    def weights(self, points: int, measure: Measure) -> Array:
        """Base weights: (points, W)."""

    def numbers(self, shape: tuple[int, ...], lower: Fraction | None, upper: Fraction | None) -> Array:
        """Real numbers strictly between the bounds that are given: (*shape, W)."""


@dataclass
class RandomSource:
    """Floats; ``kind`` is one of ``draw.KINDS`` or "sparse"."""

    kind: str
    count: int
    random: Random

    def table(self, shape: tuple[int, ...], may_vanish: bool, drawn: tuple[int, ...] = ()) -> Array:
        shape = (*shape, self.count)
        if self.kind == "uniform":
            return np.ones(shape)
        if self.kind == "concentrated":
            spread = self.random.choice([0.5, 1.5, 3.0], size=self.count)
            return np.exp(spread * self.random.normal(size=shape))
        table = self.random.exponential(size=shape) + 1e-3
        if self.kind == "symmetric":
            return np.asarray(table + np.flip(table, axis=tuple(range(table.ndim - 1))))
        return self._with_zeros(table, drawn) if self.kind == "sparse" and may_vanish else np.asarray(table)

    def _with_zeros(self, table: Array, drawn: tuple[int, ...]) -> Array:
        """A third of the entries 0; in every fourth world all but one (x determines z)."""
        zero = self.random.random(table.shape) < 0.3
        if drawn:
            certain = self.random.random(self.count) < 0.25
            zero = np.where(certain, table < table.max(axis=drawn, keepdims=True), zero)
        return np.where(zero, 0.0, table)

    def weights(self, points: int, measure: Measure) -> Array:
        counting = np.ones((points, self.count))
        if measure == "discrete" or self.kind in ("flat", "uniform"):
            return counting
        scale = np.exp(1.5 * self.random.normal(size=self.count))
        free = self.random.uniform(0.25, 2.0, size=(points, self.count)) * scale
        if self.kind == "symmetric":
            free = free + free[::-1]
        if measure == "unmarked":
            return np.where(self.random.random(self.count) < 0.5, free, counting)
        return free

    def numbers(self, shape: tuple[int, ...], lower: Fraction | None, upper: Fraction | None) -> Array:
        shape = (*shape, self.count)
        if lower is not None and upper is not None:
            return self.random.uniform(float(lower), float(upper), size=shape)
        spread = np.exp(self.random.normal(size=shape))
        if lower is not None:
            return float(lower) + spread
        if upper is not None:
            return float(upper) - spread
        return self.random.normal(size=shape) * np.exp(self.random.normal(size=self.count))


@dataclass
class SmallSource:
    """Small whole numbers over a common denominator; the higher the level, the larger.

    level 0  counting measure, table entries 1 and 2
    level 1  counting measure (unless the space is continuous), entries up to 4
    level 2  base weights ½, 1, 2; entries up to 9

    ``zeros`` allows 0 among the table entries, where no hypothesis forbids it.
    """

    level: int
    count: int
    random: Random
    records: list[Record] = field(default_factory=list)
    zeros: bool = False

    def _recorded(self, whole: Array, denominator: int) -> Array:
        self.records.append((whole, denominator))
        return whole / denominator

    def table(self, shape: tuple[int, ...], may_vanish: bool, drawn: tuple[int, ...] = ()) -> Array:
        del drawn
        largest = (2, 4, 9)[self.level]
        least = 0 if self.zeros and may_vanish else 1
        return self._recorded(self.random.integers(least, largest + 1, size=(*shape, self.count)), 1)

    def weights(self, points: int, measure: Measure) -> Array:
        shape = (points, self.count)
        free = measure != "discrete" and self.level == 2
        doubled = self.random.choice([1, 2, 4], size=shape) if free else np.full(shape, 2)
        return self._recorded(doubled, 2)

    def numbers(self, shape: tuple[int, ...], lower: Fraction | None, upper: Fraction | None) -> Array:
        shape = (*shape, self.count)
        if lower is not None and upper is not None:
            return self._between(shape, lower, upper)
        reach = (2, 3, 6)[self.level]
        bound = lower if lower is not None else upper
        if bound is not None:
            halves = self.random.integers(1, 2 * reach, size=shape) * (1 if lower is not None else -1)
            return self._recorded(2 * bound.numerator + bound.denominator * halves, 2 * bound.denominator)
        return self._recorded(self.random.integers(-reach, reach + 1, size=shape), 1)

    def _between(self, shape: tuple[int, ...], lower: Fraction, upper: Fraction) -> Array:
        pieces = (2, 4, 10)[self.level]
        denominator = pieces * lower.denominator * upper.denominator
        low, width = int(lower * denominator), int((upper - lower) * denominator)
        step = width // pieces
        return self._recorded(low + step * self.random.integers(1, pieces, size=shape), denominator)


@dataclass
class RoundedSource:
    """A RandomSource with every number rounded to a few digits, recorded: for claims that fail only rarely."""

    inner: RandomSource
    digits: int = 100
    records: list[Record] = field(default_factory=list)

    @property
    def count(self) -> int:
        return self.inner.count

    def _recorded(self, values: Array, least: int | None) -> Array:
        whole = np.rint(values * self.digits).astype(np.int64)
        if least is not None:
            whole = np.maximum(whole, least)
        self.records.append((whole, self.digits))
        return np.asarray(whole / self.digits)

    def table(self, shape: tuple[int, ...], may_vanish: bool, drawn: tuple[int, ...] = ()) -> Array:
        return self._recorded(self.inner.table(shape, may_vanish, drawn), 1)

    def weights(self, points: int, measure: Measure) -> Array:
        return self._recorded(self.inner.weights(points, measure), 1)

    def numbers(self, shape: tuple[int, ...], lower: Fraction | None, upper: Fraction | None) -> Array:
        if lower is not None and upper is not None:
            return SmallSource(2, self.count, self.inner.random, self.records).numbers(shape, lower, upper)
        values = self.inner.numbers(shape, lower, upper)
        if upper is not None:  # rounding must not reach the bound
            values = np.minimum(values, (ceil(upper * self.digits) - 1) / self.digits)
        return self._recorded(values, None if lower is None else floor(lower * self.digits) + 1)


@dataclass
class Replay:
    """The recorded numbers of one world, as exact fractions; ``records`` may have been changed in between."""

    records: list[Record]
    exact: bool = True
    count: int = 1
    position: int = 0

    def _next(self) -> Array:
        whole, denominator = self.records[self.position]
        self.position += 1
        if not self.exact:
            return whole / denominator
        return np.asarray(np.vectorize(lambda n: Fraction(int(n), denominator), otypes=[object])(whole))

    def table(self, shape: tuple[int, ...], may_vanish: bool, drawn: tuple[int, ...] = ()) -> Array:
        del shape, may_vanish, drawn
        return self._next()

    def weights(self, points: int, measure: Measure) -> Array:
        del points, measure
        return self._next()

    def numbers(self, shape: tuple[int, ...], lower: Fraction | None, upper: Fraction | None) -> Array:
        del shape, lower, upper
        return self._next()


def one_world(records: list[Record], index: int) -> list[Record]:
    """The records of one world of a batch."""
    return [(whole[..., index : index + 1], denominator) for whole, denominator in records]
