"""Grids that fit a density: right integrals for narrow, far, skewed and correlated ones, and a refusal for others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import gammaln

from verify.objectives.reference.grids import fitted, single


def integral(log_density: Callable[[Any], Any], size: int) -> float:
    points, volume = fitted(log_density, size).points(640 if size == 1 else 160)
    return float(np.exp(log_density(points) + volume).sum())


def normal(mean: Any, covariance: Any) -> Callable[[Any], Any]:
    centre, precision = np.asarray(mean), np.linalg.inv(covariance)
    constant = -0.5 * np.linalg.slogdet(2 * np.pi * np.asarray(covariance))[1]

    def log_density(z: Any) -> Any:
        return constant - 0.5 * np.einsum("ni,ij,nj->n", z - centre, precision, z - centre)

    return log_density


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (40.0, 0.01), (-3.0, 1e-4), (0.0, 30.0)])
def test_normals_near_and_far(mean: float, deviation: float) -> None:
    assert integral(normal([mean], [[deviation**2]]), 1) == pytest.approx(1.0, abs=1e-10)


def test_a_correlated_normal() -> None:
    assert integral(normal([1.0, -2.0], [[1.0, 0.99], [0.99, 1.0]]), 2) == pytest.approx(1.0, abs=1e-10)


@pytest.mark.parametrize("shape", [0.2, 1.0, 50.0])
def test_the_log_of_a_gamma_variable(shape: float) -> None:
    def log_density(u: Any) -> Any:
        return shape * u[:, 0] - np.exp(u[:, 0]) - gammaln(shape)

    assert integral(log_density, 1) == pytest.approx(1.0, abs=1e-9)


def test_two_hills_within_reach_of_one_grid() -> None:
    left, right = normal([-4.0], [[1.0]]), normal([4.0], [[0.25]])
    mixed = integral(lambda z: np.logaddexp(left(z), right(z)) - np.log(2), 1)
    assert mixed == pytest.approx(1.0, abs=1e-9)


def test_two_narrow_hills_far_apart_are_refused() -> None:
    left, right = normal([-5.0], [[1e-8]]), normal([5.0], [[1e-8]])
    with pytest.raises(ValueError, match=r"far apart|settle"):
        integral(lambda z: np.logaddexp(left(z), right(z)), 1)


def test_heavy_tails_are_refused() -> None:
    with pytest.raises(ValueError, match=r"settle|too long"):
        integral(lambda z: -np.log1p(z[:, 0] ** 2), 1)


def test_no_dimension_is_one_point() -> None:
    points, volume = single().points(160)
    assert points.shape == (1, 0)
    assert volume == 0.0
