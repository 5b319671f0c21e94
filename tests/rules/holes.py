"""Worlds with holes: whole slices of zeros, functions and parameters that are often 0, conditionals at null points."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from derive.claims import Measure, Setting
from verify.worlds.draw import build, sizes
from verify.worlds.sources import RandomSource
from verify.worlds.vocabulary import Vocabulary
from verify.worlds.world import Array, World


@dataclass
class HoleySource(RandomSource):
    """Tables with whole slices of zeros, functions and parameters that are often 0, and base weights that are never 1.

    Nothing is 1, so that no sum or logarithm is 0 but for rounding.
    """

    def table(self, shape: tuple[int, ...], may_vanish: bool, drawn: tuple[int, ...] = ()) -> Array:
        table = super().table(shape, may_vanish, drawn)
        if not may_vanish:
            return table
        for axis in range(len(shape)):
            line = self.random.random((*(n if i == axis else 1 for i, n in enumerate(shape)), self.count)) < 0.25
            table = np.where(line & (self.random.random(self.count) < 0.5), 0.0, table)
        return table

    def numbers(self, shape: tuple[int, ...], lower: Fraction | None, upper: Fraction | None) -> Array:
        values = super().numbers(shape, lower, upper)
        if lower is not None or upper is not None:
            return np.clip(values, None if lower is None else float(lower), 4 if upper is None else float(upper))
        return np.where(self.random.random(values.shape) < 0.35, 0.0, np.clip(values, -3, 3))

    def weights(self, points: int, measure: Measure) -> Array:
        return super().weights(points, "discrete" if measure == "discrete" else "continuous")


def with_holes(vocabulary: Vocabulary, setting: Setting, count: int, random: np.random.Generator) -> World:
    """``count`` worlds with holes."""
    source = HoleySource("sparse", count, random)
    return build(vocabulary, setting, source, sizes(vocabulary, random), "sparse")
