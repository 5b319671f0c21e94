"""A batch of finite worlds.

All arrays have the worlds on the last axis and the states on the axes before it, so that sums over states run along
contiguous memory.  n_s is the number of points of space s, m the number of values a parameter takes, W the number of
worlds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]  # floats, or exact values as objects


@dataclass(frozen=True)
class LawTable:
    """The densities of a law: one axis per space (``spaces``), one per parameter (m), worlds last.

    ``drawn`` are the spaces the law draws; the table is p(drawn | the other spaces), and Σ w·p = 1 over the drawn ones.
    """

    spaces: tuple[str, ...]
    drawn: frozenset[str]
    indices: int
    table: Array


@dataclass(frozen=True)
class RealFunction:
    """An abstract function of a real number (of the sum of its arguments, if there are several).

    The least of some lines (concave), the largest (convex), or a polynomial with the slopes as coefficients (any).
    slopes, offsets: (lines, W)
    """

    kind: Literal["concave", "convex", "any"]
    slopes: Array
    offsets: Array

    def lines(self, value: Array) -> Array:
        """The lines (or the terms of the polynomial) at some real numbers, on a new first axis."""
        spread = (slice(None), *(None,) * (value.ndim - 1))
        if self.kind != "any":
            return np.asarray(self.slopes[spread] * value + self.offsets[spread])
        powers = [value]
        while len(powers) < len(self.slopes):
            powers.append(powers[-1] * value)
        return np.asarray(self.slopes[spread] * np.stack(powers))

    def take(self, index: int) -> RealFunction:
        return RealFunction(self.kind, self.slopes[:, index : index + 1], self.offsets[:, index : index + 1])


@dataclass(frozen=True)
class World:
    """A batch of W worlds of the same shape.

    weights     space -> base weights (n_s, W): 1 for counting measure
    laws        law key -> table
    points      space -> the real number each point stands for (n_s, W)
    parameters  name -> its values (m, W), or (1, W) for a scalar
    functions   name -> table over its spaces (worlds last), or a function of real numbers
    kind        what kind of worlds these are
    zeros       whether some densities are 0
    """

    count: int
    weights: Mapping[str, Array]
    laws: Mapping[str, LawTable]
    points: Mapping[str, Array]
    parameters: Mapping[str, Array]
    functions: Mapping[str, Array | RealFunction]
    kind: str = "generic"
    zeros: bool = False
    choices: int = 1  # m, the number of values of a parameter that chooses among laws
    marginals: dict[tuple[str, frozenset[str]], Array] = field(default_factory=dict, compare=False, repr=False)

    def size(self, space: str) -> int:
        return int(self.weights[space].shape[0])

    def marginal(self, key: str, keep: frozenset[str]) -> Array:
        """The density of the kept spaces (given spaces are always kept), summed spaces as axes of length 1."""
        law = self.laws[key]
        keep = (keep & frozenset(law.spaces)) | (frozenset(law.spaces) - law.drawn)
        if (key, keep) not in self.marginals:
            table = law.table
            for axis, space in enumerate(law.spaces):
                if space not in keep:
                    weights = _along(self.weights[space], axis, table.ndim)
                    table = (table * weights).sum(axis=axis, keepdims=True)
            self.marginals[key, keep] = table
        return self.marginals[key, keep]

    def take(self, index: int) -> World:
        """One world of the batch, as a batch of one."""

        def one(array: Array) -> Array:
            return array[..., index : index + 1]

        laws = {k: LawTable(t.spaces, t.drawn, t.indices, one(t.table)) for k, t in self.laws.items()}
        return World(
            1,
            {k: one(v) for k, v in self.weights.items()},
            laws,
            {k: one(v) for k, v in self.points.items()},
            {k: one(v) for k, v in self.parameters.items()},
            {k: v.take(index) if isinstance(v, RealFunction) else one(v) for k, v in self.functions.items()},
            self.kind,
            self.zeros,
            self.choices,
        )


def _along(weights: Array, axis: int, ndim: int) -> Array:
    """Weights (n, W) shaped so that they multiply along one axis of a table."""
    shape = [1] * ndim
    shape[axis], shape[-1] = weights.shape
    return np.reshape(weights, shape)
