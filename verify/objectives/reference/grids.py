"""Grids that fit a density on the line or the plane: for integrals of densities known by their logarithm alone.

The grid is an affine image of a box, as wide as the density and as long as its tails need: trapezoid sums on it
converge exponentially for analytic densities.  It is found by summing on a coarse grid, moving it to where the mass is,
and repeating.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from verify.models.records import Array
from verify.models.special import log_sum_exp

LogDensity = Callable[[Array], Array]
_HALF_WIDTH = 12.0
_FITTING = 120  # intervals for every dimension while the grid is being fitted
_ROUNDS = 60
_SETTLED = 1e-10
_START = 10.0  # standard deviations to begin with: wide, so that the mass is inside
_NEGLIGIBLE = 46.0  # nats below the highest value: 1e-20
_LONGEST = 1 << 20
_CLIMBERS, _CLIMBS = 256, 80


@dataclass(frozen=True)
class Grid:
    """z = centre + factor · t for t in the box [low, high]."""

    centre: Array
    factor: Array
    low: Array
    high: Array

    def points(self, fineness: int) -> tuple[Array, float]:
        """Points, shape (n, d), and the log volume of each; `fineness` intervals for 24 units of the box."""
        if not self.centre.size:
            return np.zeros((1, 0)), 0.0
        axes = [
            np.linspace(low, high, 1 + max(2, round((high - low) * fineness / (2 * _HALF_WIDTH))))
            for low, high in zip(self.low, self.high, strict=True)
        ]
        if math.prod(len(axis) for axis in axes) > _LONGEST:
            raise ValueError("the density's tails are too long for a grid: its integrals are out of reach")
        box = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
        steps = [math.log(axis[1] - axis[0]) for axis in axes]
        volume = math.fsum(steps) + float(np.log(np.diag(self.factor)).sum())
        return self.centre + box @ self.factor.T, volume


def single() -> Grid:
    """No dimension: one point of volume 1."""
    nothing = np.zeros(0)
    return Grid(nothing, np.zeros((0, 0)), nothing, nothing)


def fitted(log_density: LogDensity, size: int) -> Grid:
    """A grid that holds all but 1e-20 of the density's highest value.

    log_density  from shape (n, size) to shape (n,)
    Raises ValueError where the grid does not settle, or misses a mode that a search finds: heavy tails, far modes.
    """
    edge = np.full(size, _HALF_WIDTH)
    grid, before = Grid(np.zeros(size), _START * np.eye(size), -edge, edge), math.inf
    for _ in range(_ROUNDS):
        points, volume = grid.points(_FITTING)
        logs = log_density(points)
        total = float(log_sum_exp(logs)) + volume
        longer = _longer(grid, points, logs)
        if longer is None and abs(total - before) <= _SETTLED * max(1.0, abs(total)):
            _check_elsewhere(log_density, grid, float(logs.max()))
            return grid
        grid, before = longer if longer is not None and _near(total, before) else _moved(grid, points, logs), total
    raise ValueError(
        "a grid for the density does not settle: its tails are too heavy, or it has modes that are far apart"
    )


def _check_elsewhere(log_density: LogDensity, grid: Grid, highest: float) -> None:
    """Climb from many places: does a path end outside the grid, where the density is not negligible?

    A narrow hill far away falls between the points of a wide grid, and its mass would be lost without a word.
    """
    rng = np.random.default_rng(0)
    size = len(grid.centre)
    places = rng.normal(scale=_START, size=(_CLIMBERS, size))
    steps, heights = np.ones(_CLIMBERS), log_density(places)
    for _ in range(_CLIMBS):
        proposed = places + steps[:, None] * rng.normal(size=places.shape)
        found = log_density(proposed)
        better = found > heights
        places, heights = np.where(better[:, None], proposed, places), np.where(better, found, heights)
        steps = steps * np.where(better, 1.6, 0.7)
    box = np.linalg.solve(grid.factor, (places - grid.centre).T).T
    outside = np.any((box < grid.low) | (box > grid.high), axis=1)
    if np.any(heights[outside] > highest - _NEGLIGIBLE):
        raise ValueError("the density has modes that are far apart on the scale of their width: no grid covers them")


def _near(total: float, before: float) -> bool:
    """Has the place been found, so that only the tails are missing?"""
    return abs(total - before) <= 1e-3


def _moved(grid: Grid, points: Array, logs: Array) -> Grid:
    """The grid at the mean and with the covariance of the density.

    The covariance is widened by half a step of the grid, or a density between two points would shrink to none.
    """
    shares = np.exp(logs - log_sum_exp(logs))
    centre = np.asarray(shares @ points, dtype=np.float64)
    away = points - centre
    covariance = (away * shares[:, None]).T @ away
    covariance += (_HALF_WIDTH / _FITTING) ** 2 * grid.factor @ grid.factor.T
    edge = np.full(len(centre), _HALF_WIDTH)
    return Grid(centre, np.asarray(np.linalg.cholesky(covariance), dtype=np.float64), -edge, edge)


def _longer(grid: Grid, points: Array, logs: Array) -> Grid | None:
    """The same grid with the box extended where the density is not negligible at its end; None where it is."""
    box = np.linalg.solve(grid.factor, (points - grid.centre).T).T
    low, high = grid.low.copy(), grid.high.copy()
    threshold, changed = float(logs.max()) - _NEGLIGIBLE, False
    for k in range(box.shape[1]):
        for end, values, step in ((low, grid.low, -1.0), (high, grid.high, 1.0)):
            at_end = np.isclose(box[:, k], values[k], rtol=0, atol=1e-6)
            if float(logs[at_end].max()) > threshold:
                end[k] += step * 0.5 * (grid.high[k] - grid.low[k])
                changed = True
    return Grid(grid.centre, grid.factor, low, high) if changed else None
