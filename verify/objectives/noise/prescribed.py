"""Noise that is prescribed: normals read from a row, decisions read from a path.

A row prescribes all standard normals of an evaluation, in the order in which they are asked for.  A path prescribes
the outcomes of its decisions; where the path ends, the first possible outcome is taken, and the run records which
others there were.  `expectation` visits all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from verify.models.records import Array
from verify.objectives.noise.source import NoiseError, Shape, Source, normal_cdf
from verify.objectives.noise.uniforms import Bounds


class PrescribedNoise(Source):
    """One run with prescribed noise.

    row       the standard normals; None to draw them from a fixed seed and count them
    path      outcomes of the first decisions, as places among the possible outcomes
    compared  True: uniforms are decisions at their comparisons; False: they are numbers, made from normals
    explorer  chooses the outcomes beyond the path; None for the first possible one
    """

    def __init__(
        self,
        row: Array | None = None,
        path: Sequence[int] = (),
        compared: bool = True,
        explorer: np.random.Generator | None = None,
    ) -> None:
        self.path: list[int] = list(path)
        self.choices: list[int] = []  # how many outcomes every decision has
        self.weight = 1.0
        self.normals_used = 0
        self._row, self._given, self._explorer = row, len(path), explorer
        self._stand_in: np.random.Generator | None = None  # made only where it is needed: that takes longer than a draw
        self._bounds = Bounds(self.decide) if compared else None

    def normals(self, shape: Shape) -> Array:
        count = int(np.prod(shape))
        first, self.normals_used = self.normals_used, self.normals_used + count
        if self._row is None:
            return self._counted(shape)
        if self.normals_used > len(self._row):
            raise NoiseError("the number of normal draws changes from one call to the next, so it cannot be prescribed")
        return np.asarray(self._row[first : self.normals_used].reshape(shape))

    def _counted(self, shape: Shape) -> Array:
        """Stand-ins of a run that only counts its normals."""
        # Not default_rng, which `global_state` may have replaced by a generator that draws from here.
        self._stand_in = self._stand_in or np.random.Generator(np.random.PCG64(0))
        return np.asarray(self._stand_in.standard_normal(shape))

    def uniforms(self, shape: Shape) -> Array:
        if self._bounds is None:
            return np.clip(normal_cdf(self.normals(shape)), np.finfo(np.float64).tiny, np.nextafter(1.0, 0.0))
        return cast(Array, self._bounds.draw(shape))

    def decide(self, probabilities: Sequence[float]) -> int:
        possible = [k for k, probability in enumerate(probabilities) if probability > 0]
        if not possible:
            raise NoiseError(f"a category is drawn from probabilities without a positive entry: {list(probabilities)}")
        depth = len(self.choices)
        if depth >= self._given:
            self.path.append(0 if self._explorer is None else int(self._explorer.integers(len(possible))))
        self.choices.append(len(possible))
        outcome = possible[self.path[depth]]
        self.weight *= probabilities[outcome]
        return outcome

    def siblings(self) -> list[tuple[int, ...]]:
        """The paths that leave this run at one of its own decisions: together with it they cover what lies beyond its
        given path."""
        return [
            (*self.path[:depth], outcome)
            for depth in range(self._given, len(self.choices))
            for outcome in range(1, self.choices[depth])
        ]
