"""Rows of standard normals with weights: expectations over normal noise as finite sums.

    orthogonal_rows  exact for every quadratic function of the noise, in any dimension, with 2^k >= size + 1 rows
    stretched_rows   exact for the same functions, on another sphere
    product_rows     product quadrature for one, two or three normals

The orthogonal rows are those of a Hadamard matrix, reflected at random.  The reflection keeps their exactness and
spoils accidents: a function that is not quadratic gets different averages from two reflections.  All rows have the same
length, so a function of the length alone would still look right: the stretched rows are longer, and have the origin
among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from verify.estimators import orthogonal_noise
from verify.models.records import Array

MOST_DIMENSIONS = 3
_REFLECTIONS = 3
_REACH = 8.5  # beyond it a standard normal has probability 2e-17
_FEWEST_FOR_TRAPEZOID = 20


@dataclass(frozen=True)
class Rows:
    """E[f(noise)] = Σ weights f(row); rows has shape (n, size)."""

    rows: Array
    weights: Array


@lru_cache(maxsize=64)
def orthogonal_rows(size: int, seed: int) -> Rows:
    """2^k reflected rows of a Hadamard matrix with equal weights."""
    rows = np.asarray(orthogonal_noise((size,)))
    rng = np.random.default_rng([size, seed])
    for _ in range(_REFLECTIONS):
        direction = rng.normal(size=size)
        direction /= np.linalg.norm(direction)
        rows = rows - 2 * np.outer(rows @ direction, direction)
    return Rows(rows, np.full(len(rows), 1 / len(rows)))


@lru_cache(maxsize=64)
def stretched_rows(size: int, seed: int) -> Rows:
    """√2 times the orthogonal rows, with half of the weight, and the origin with the other half."""
    start = orthogonal_rows(size, seed)
    rows = np.concatenate([np.zeros((1, size)), np.sqrt(2.0) * start.rows])
    return Rows(rows, np.concatenate([[0.5], 0.5 * start.weights]))


@lru_cache(maxsize=64)
def product_rows(size: int, points: int) -> Rows:
    """The product of one-dimensional rules with so many points: trapezoid (best for analytic functions) or, with few
    points, Gauss–Hermite (exact for polynomials)."""
    line, mass = _trapezoid(points) if points >= _FEWEST_FOR_TRAPEZOID else _gauss_hermite(points)
    rows = np.stack(np.meshgrid(*[line] * size, indexing="ij"), axis=-1).reshape(-1, size)
    weights = np.stack(np.meshgrid(*[mass] * size, indexing="ij"), axis=-1).reshape(-1, size).prod(-1)
    return Rows(rows, weights)


def _trapezoid(points: int) -> tuple[Array, Array]:
    line = np.linspace(-_REACH, _REACH, points)
    mass = np.exp(-0.5 * line**2)
    return line, mass / mass.sum()


def _gauss_hermite(points: int) -> tuple[Array, Array]:
    line, mass = np.polynomial.hermite_e.hermegauss(points)
    return line, mass / mass.sum()
