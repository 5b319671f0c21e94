"""Integrals over a line by the trapezoid rule, with an error estimate.

For a smooth integrand that dies at both ends the trapezoid rule converges exponentially: halving the step doubles the
number of right digits.  So the difference between two successive steps bounds the error of the coarser one, and the
finer one is far better still.  (Adaptive quadrature is no oracle here: started away from the mass it returns 0 with
error 0.)  The caller gives the integrand's logarithm and a centre and scale near its mode; the window grows until the
integrand has died away on both sides.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from verify.models.records import Array
from verify.models.special import log_sum_exp
from verify.models.sums import UNIT_ROUNDOFF

LogDensity = Callable[[Array], Array]
_DEAD = -90.0  # e^-90 = 1e-39 of the peak: beyond any rounding
_FINEST = 1 << 15
_FINEST_DETAIL = 1 << 18


@dataclass(frozen=True)
class Integral:
    """A value, and how far it may be from the truth."""

    value: float
    error: float


def window(log_density: LogDensity, centre: float, scale: float) -> tuple[float, float]:
    """Ends beyond which the density is below e^-90 of its largest value seen."""
    grid = np.linspace(-60, 60, 2401)
    for factor in (1.0, 4.0, 16.0, 64.0, 256.0):
        points = centre + factor * scale * grid
        logs = np.where(np.isnan(values := log_density(points)), -np.inf, values)
        alive = np.flatnonzero(logs > logs.max() + _DEAD)
        if alive[0] > 0 and alive[-1] < len(grid) - 1 and len(alive) > 20:
            return float(points[alive[0] - 1]), float(points[alive[-1] + 1])
    raise ValueError(f"the integrand does not die away around {centre} on the scale {scale}; give a better centre")


def log_integral(log_density: LogDensity, centre: float, scale: float) -> Integral:
    """log ∫ exp(log_density), and its error in nats.

    Raises ValueError where the integrand does not die away within 15,000 scales of the centre.
    """
    low, high = window(log_density, centre, scale)

    def rule(steps: int) -> float:
        points = np.linspace(low, high, steps + 1)
        return float(log_sum_exp(log_density(points))) + math.log((high - low) / steps)

    return _refine(rule)


def mean_under(
    log_density: LogDensity, f: LogDensity, centre: float, scale: float, detail: float = math.inf
) -> Integral:
    """∫ exp(log_density) f, for a normalised density.

    detail  the width of the finest structure of f: two coarse rules may agree in not seeing it.  Where it is too fine
            for any rule, the error says what it may hide.
    """
    low, high = window(log_density, centre, scale)
    steps = 64
    while (high - low) / steps > detail / 2 and steps < _FINEST_DETAIL:
        steps *= 2

    def terms(steps: int) -> Array:
        points = np.linspace(low, high, steps + 1)
        weights = np.exp(log_density(points))
        values = np.where(weights > 0, f(points), 0.0)
        return np.asarray(weights * values * ((high - low) / steps))

    found = _refine(lambda steps: math.fsum(terms(steps).tolist()), steps)
    hidden = 0.0
    if (high - low) / steps > detail / 2:
        hidden = float(np.abs(terms(steps)).max()) * steps / (high - low) * 32 * detail
    # e^l has the rounding of l, which goes down to -90, and f its own.
    return Integral(found.value, found.error + hidden - 2 * _DEAD * UNIT_ROUNDOFF * float(np.abs(terms(128)).sum()))


def _refine(rule: Callable[[int], float], first: int = 64) -> Integral:
    """Halve the step until two successive values agree to rounding."""
    steps, before = 2 * first, rule(first)
    while True:
        after = rule(steps)
        error = abs(after - before)
        if error <= 1e-14 * max(1.0, abs(after)) or steps >= _FINEST:
            return Integral(after, error)
        steps, before = 2 * steps, after
