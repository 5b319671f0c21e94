"""Continuous laws as increasing functions of a uniform u; v = 1 - u is given too, so that both tails keep their digits.

Standard forms only: location and scale are applied by the caller.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from verify.models.records import Array
from verify.objectives.noise.source import Quantile

_LARGEST_BELOW_ONE = np.nextafter(1.0, 0.0)
_SMALLEST = np.finfo(np.float64).tiny


def exponential(u: Array, v: Array) -> Array:
    """-log(1 - u)."""
    return np.where(u < 0.5, -np.log1p(-np.minimum(u, 0.5)), -np.log(v))


def gumbel(u: Array, v: Array) -> Array:
    """-log(-log u)."""
    return np.asarray(-np.log(-np.where(u < 0.5, np.log(u), np.log1p(-v))))


def logistic(u: Array, v: Array) -> Array:
    """log(u / (1 - u))."""
    return np.asarray(np.log(u) - np.log(v))


def laplace(u: Array, v: Array) -> Array:
    """log 2u below the median, -log 2(1 - u) above it."""
    return np.where(u < 0.5, np.log(2 * u), -np.log(2 * v))


def gamma(shape: npt.ArrayLike) -> Quantile:
    """The gamma law with rate 1."""

    def quantile(u: Array, v: Array) -> Array:
        values = np.where(u < 0.5, special.gammaincinv(shape, u), special.gammainccinv(shape, v))
        return np.asarray(np.maximum(values, _SMALLEST))

    return quantile


def beta(a: npt.ArrayLike, b: npt.ArrayLike) -> Quantile:
    """The beta law; values are kept inside (0, 1), where generators of random numbers keep them too."""

    def quantile(u: Array, v: Array) -> Array:
        values = np.where(u < 0.5, special.betaincinv(a, b, u), 1 - special.betaincinv(b, a, v))
        return np.asarray(np.clip(values, _SMALLEST, _LARGEST_BELOW_ONE))

    return quantile
