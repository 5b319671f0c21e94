"""Frozen records of named numbers: a model's data and parameters, or the parameters of a variational distribution.

Every field says what kind of number it holds, once, in its declaration:

    mean: Reals              any numbers
    variance: Positives      > 0
    probabilities: Units     strictly between 0 and 1
    weights: Simplex         >= 0, the last axis sums to 1
    scale_tril: ScaleTril    lower triangular with a positive diagonal (last two axes)
    covariance: Covariance   symmetric and positive definite (last two axes)
    x: Observed              data; nothing is differentiated with respect to them

(`Real`, `Positive`, `ObservedNumber`: the same for a single number.)

From the kind follow the check at construction and the directions in which the field can move (`direction`), so that
one gradient test serves every model.  Gradients are dictionaries from field name to an array of the field's shape; for
a simplex the gradient is the one within the simplex, whose entries sum to zero.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
Gradient: TypeAlias = dict[str, Array]


@dataclass(frozen=True)
class Kind:
    """What a field holds: how it is checked, and how a random direction that stays inside is drawn."""

    name: str
    holds: Callable[[Array], bool]
    says: str
    direction: Callable[[np.random.Generator, Array], Array] | None


def _always(value: Array) -> bool:
    return True


def _sums_to_one(value: Array) -> bool:
    # Rounding of K terms that sum to 1 stays below K ulp; a missing normalisation is far above.
    slack = 4 * np.finfo(np.float64).eps * value.shape[-1] if value.ndim else 0.0
    return bool(value.ndim and np.all(value >= 0) and np.all(np.abs(value.sum(-1) - 1) <= slack))


def _is_lower(value: Array) -> bool:
    diagonal = np.diagonal(value, axis1=-2, axis2=-1)
    return bool(np.all(value == np.tril(value)) and np.all(diagonal > 0))


def _is_covariance(value: Array) -> bool:
    return bool(np.array_equal(value, np.swapaxes(value, -1, -2)) and np.all(np.linalg.eigvalsh(value) > 0))


def _any_direction(rng: np.random.Generator, value: Array) -> Array:
    return rng.normal(size=value.shape)


def _proportional_direction(rng: np.random.Generator, value: Array) -> Array:
    return np.asarray(value * rng.uniform(-1, 1, size=value.shape))


def _unit_direction(rng: np.random.Generator, value: Array) -> Array:
    return np.asarray(np.minimum(value, 1 - value) * rng.uniform(-1, 1, size=value.shape))


def _simplex_direction(rng: np.random.Generator, value: Array) -> Array:
    pull = rng.uniform(-0.5, 0.5, size=value.shape)
    return np.asarray(value * (pull - (value * pull).sum(-1, keepdims=True)))


def _lower_direction(rng: np.random.Generator, value: Array) -> Array:
    smallest = np.diagonal(value, axis1=-2, axis2=-1).min()
    return np.asarray(np.tril(rng.uniform(-1, 1, size=value.shape)) * smallest)


def _symmetric_direction(rng: np.random.Generator, value: Array) -> Array:
    entries = rng.uniform(-1, 1, size=value.shape)
    smallest = np.linalg.eigvalsh(value).min() / value.shape[-1]
    return np.asarray((entries + np.swapaxes(entries, -1, -2)) / 2 * smallest)


REAL = Kind("real", _always, "finite", _any_direction)
POSITIVE = Kind("positive", lambda v: bool(np.all(v > 0)), "positive", _proportional_direction)
UNIT = Kind("unit", lambda v: bool(np.all((v > 0) & (v < 1))), "strictly between 0 and 1", _unit_direction)
SIMPLEX = Kind("simplex", _sums_to_one, "non-negative and sum to 1 along the last axis", _simplex_direction)
LOWER = Kind("lower", _is_lower, "lower triangular with a positive diagonal", _lower_direction)
SYMMETRIC = Kind("symmetric", _is_covariance, "symmetric and positive definite", _symmetric_direction)
DATA = Kind("data", _always, "finite", None)


# Declarations of fields: arrays, then single numbers.
Reals: TypeAlias = Annotated[Array, REAL]
Positives: TypeAlias = Annotated[Array, POSITIVE]
Units: TypeAlias = Annotated[Array, UNIT]
Simplex: TypeAlias = Annotated[Array, SIMPLEX]
ScaleTril: TypeAlias = Annotated[Array, LOWER]
Covariance: TypeAlias = Annotated[Array, SYMMETRIC]
Observed: TypeAlias = Annotated[Array, DATA]
ObservedIntegers: TypeAlias = Annotated[Integers, DATA]

Real: TypeAlias = Annotated[float, REAL]
Positive: TypeAlias = Annotated[float, POSITIVE]
ObservedNumber: TypeAlias = Annotated[float, DATA]


@dataclass(frozen=True, eq=False)
class Record:
    """Named numbers that never change.

    Arrays are copied and made read-only at construction.  Raises ValueError where a value is not of its field's kind,
    naming the field.
    """

    _kinds: ClassVar[Mapping[str, Kind]]  # of this very class; filled at first use

    def __post_init__(self) -> None:
        for name, kind in self.kinds().items():
            value = getattr(self, name)
            array = np.array(value)
            if array.dtype.kind not in "iuf" or not np.all(np.isfinite(array)) or not kind.holds(array):
                raise ValueError(f"{type(self).__name__}.{name} must be {kind.says}, got {value}")
            object.__setattr__(self, name, _frozen(array) if array.ndim else array.item())

    @classmethod
    def kinds(cls) -> Mapping[str, Kind]:
        """The kind of every numeric field, by name."""
        if "_kinds" not in cls.__dict__:
            hints = typing.get_type_hints(cls, include_extras=True)
            marks = {f.name: getattr(hints[f.name], "__metadata__", ()) for f in dataclasses.fields(cls)}
            found = {name: mark for name, all_marks in marks.items() for mark in all_marks if isinstance(mark, Kind)}
            cls._kinds = found
        return cls._kinds

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All numbers as NumPy arrays (scalars with shape ()), by field name."""
        return {name: np.asarray(getattr(self, name)) for name in self.kinds()}

    def replace(self, **changes: object) -> Self:
        """The same record with some fields replaced."""
        return dataclasses.replace(self, **changes)

    def directions(self, rng: np.random.Generator) -> dict[str, Array]:
        """For every field that can move, a random direction d such that field + t·d stays of its kind for |t| < 1/2."""
        moving = {name: kind.direction for name, kind in self.kinds().items() if kind.direction is not None}
        arrays = self.arrays()
        return {name: draw(rng, arrays[name]) for name, draw in moving.items()}

    def moved(self, directions: Mapping[str, Array], step: float) -> Self:
        """Every named field moved by `step` along its direction."""
        return self.replace(**{name: getattr(self, name) + step * d for name, d in directions.items()})


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.setflags(write=False)
    return array


def tangent(gradient: Array) -> Array:
    """The gradient within the simplex: its part along the last axis that sums to zero."""
    with np.errstate(invalid="ignore"):  # ∞ − ∞: not defined
        return np.asarray(gradient - gradient.mean(-1, keepdims=True))
