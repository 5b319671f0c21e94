"""Exact arithmetic for the evaluator: object arrays of ``verify.decide`` values."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np

from verify.decide import Undefined, Value, exact, maximum, minimum
from verify.decide.signs import is_zero
from verify.worlds.world import Array, LawTable, RealFunction, World

_as_values = np.vectorize(exact, otypes=[object])
_is_zero = np.vectorize(is_zero, otypes=[bool])


class Exact:
    """Values in place of floats; a value that is not defined is ``Undefined``."""

    def constant(self, numerator: int, denominator: int) -> Array:
        return _one(exact(Fraction(numerator, denominator)))

    def product(self, factors: list[Array], dominating: list[bool]) -> Array:
        del dominating  # an exact zero makes a product zero whatever multiplies it
        result: Any = factors[0]
        for factor in factors[1:]:
            result = result * factor
        return np.asarray(result)

    def quotient(self, numerator: Array, denominator: Array, nonnegative: bool) -> Array:
        result = numerator / denominator
        if nonnegative:
            return np.asarray(result)
        undefined = np.broadcast_to(_is_zero(denominator), result.shape)
        return np.where(undefined, _one(Undefined("division by zero")), result)

    def logarithm(self, argument: Array) -> Array:
        return np.asarray(np.log(argument))

    def exponential(self, argument: Array) -> Array:
        return np.asarray(np.exp(argument))

    def power(self, base: Array, exponent: Array) -> Array:
        return np.asarray(base**exponent)

    def extremum(self, values: Array, axes: tuple[int, ...], largest: bool) -> Array:
        choose = maximum if largest else minimum
        rest = tuple(axis for axis in range(values.ndim) if axis not in axes)
        moved = np.transpose(values, (*rest, *axes)).reshape([values.shape[axis] for axis in rest] + [-1])
        best = np.empty(moved.shape[:-1], dtype=object)
        for index in np.ndindex(*best.shape):
            best[index] = reduce(choose, moved[index])
        return best.reshape([1 if axis in axes else values.shape[axis] for axis in range(values.ndim)])


def _one(value: Value) -> Array:
    array = np.empty(1, dtype=object)
    array[0] = value
    return array


def exact_world(world: World) -> World:
    """A world of fractions as a world of values."""
    laws = {key: LawTable(law.spaces, law.drawn, law.indices, _as_values(law.table)) for key, law in world.laws.items()}
    return World(
        world.count,
        {name: _as_values(array) for name, array in world.weights.items()},
        laws,
        {name: _as_values(array) for name, array in world.points.items()},
        {name: _as_values(array) for name, array in world.parameters.items()},
        {
            name: RealFunction(f.kind, _as_values(f.slopes), _as_values(f.offsets))
            if isinstance(f, RealFunction)
            else _as_values(f)
            for name, f in world.functions.items()
        },
        world.kind,
        world.zeros,
        world.choices,
    )
