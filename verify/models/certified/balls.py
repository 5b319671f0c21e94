"""Floats as exact Arb balls and matrices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import arb, arb_mat


def balls(array: npt.NDArray[Any]) -> list[arb]:
    """The floats of an array as exact balls, row by row."""
    return [arb(value) for value in np.ravel(array).tolist()]


def shares(array: npt.NDArray[Any]) -> list[arb]:
    """Probabilities along the last axis, made to sum to exactly 1, row by row.

    No float table of thirds sums to 1, and the defect would outweigh everything that is certified here.
    """
    rows = [balls(row) for row in array.reshape(-1, array.shape[-1])]
    return [value / summed(row) for row in rows for value in row]


def matrix(array: npt.NDArray[Any]) -> arb_mat:
    """A two-dimensional array as an exact matrix."""
    rows, columns = array.shape
    return arb_mat(rows, columns, balls(array))


def column(array: npt.NDArray[Any]) -> arb_mat:
    """A vector as a matrix with one column."""
    return arb_mat(array.size, 1, balls(array))


def summed(values: Iterable[arb]) -> arb:
    """The sum, 0 for none."""
    return sum(values, start=arb(0))


def square(value: arb) -> arb:
    """value², also for a ball around 0, of which Arb's power knows nothing."""
    return value * value


def log_normal_density(point: arb, mean: arb, variance: arb) -> arb:
    """log N(point; mean, variance)."""
    return -((2 * arb.pi() * variance).log() + square(point - mean) / variance) / 2
