"""Exact mean and variance of importance-weighted and Rényi estimates: (1/p) log (1/K) Σ_k w_k^p.

p = 1 is the importance-weighted bound, p = 1 - α the Rényi estimate of order α, p = -1 the harmonic mean that a
forgotten sign makes.  With S = Σ_k W_k and φ(t) = E[e^(-tW)], Frullani's integral and its derivative give

    E log S     =    ∫ (e^(-t) - φ(t)^K) dt/t
    E (log S)²  = -2 ∫ log t (e^(-t) - φ(t)^K) dt/t - 2γ E log S

so that sums over all K-tuples of latents become one integral over log t.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from verify.estimators import Moments, TooManyNodesError, WeightLaw, weight_law
from verify.models.records import Array
from verify.objectives.reference.solvable import Solvable

_FINENESSES = (16, 32, 64, 128, 256, 512, 1024)
_SETTLED = 1e-11
# With so many nodes a latent has two dimensions: K of them are compared by a sequential test alone, which sees no more.
_FEW_NODES, _NEARLY_SETTLED = 2000, 1e-5
_WORST_ERROR = 0.01
_MOST_TUPLES = 20_000
_MOST_WEIGHTS = 20_000
_BLOCK, _LONGEST = 1 << 21, 128
_STEP = 1 / 16
_NEGLIGIBLE = 1e-18


def power_mean_moments(model: Solvable, q: Any, samples: int, power: float, plate: bool = True) -> Moments:
    """Mean and variance of Σ_pieces (1/power) log (1/K) Σ_k w_k^power.

    plate  True: one logarithm for every independent piece of the model; False: one for all of it
    Raises TooManyNodesError where the latent is too large for a finite sum.
    """
    known_by_identity = all(type(one).__hash__ == object.__hash__ for one in (model, q))
    moments_of: Any = _remembered if known_by_identity else _power_mean_moments
    found: Moments = moments_of(model, q, samples, power, plate)
    return found


def _power_mean_moments(model: Any, q: Any, samples: int, power: float, plate: bool) -> Moments:
    pieces = list(model.pieces(q)) if plate else [(model, q)]
    parts = [_of_piece(piece, part, samples, power) for piece, part in pieces]
    mean, variance = math.fsum(part.mean for part in parts), math.fsum(part.variance for part in parts)
    return Moments(mean, variance, math.fsum(part.error for part in parts), parts[0].route)


# The expectation and the variance of one estimator are asked for one after the other.
_remembered = lru_cache(maxsize=4)(_power_mean_moments)


def _of_piece(model: Any, q: Any, samples: int, power: float) -> Moments:
    """Double the fineness until the mean settles, or there are too many nodes; for finite latents once is enough.

    The variance is an upper bound: what it last changed by is added to it.
    """
    found, before = Moments(math.nan, math.nan, math.inf, "quadrature"), (math.inf, math.inf)
    for fineness in _FINENESSES:
        try:
            law = weight_law(model, q, fineness)
            mean, variance = _moments(law, samples, power)
        except TooManyNodesError:
            if found.error > _WORST_ERROR:
                raise
            return found
        if law.exact:
            return Moments(mean, variance, 0.0, "enumeration")
        found = Moments(mean, variance + abs(variance - before[1]), abs(mean - before[0]), "quadrature")
        before = mean, variance
        settled = _NEARLY_SETTLED if samples > 1 and len(law.log_weights) > _FEW_NODES else _SETTLED
        if found.error <= settled * max(1.0, abs(mean)):
            return found
    if not found.error <= _WORST_ERROR:
        raise TooManyNodesError(f"{fineness} nodes leave an error of {found.error:.2g} nats")
    return found


def _moments(law: WeightLaw, samples: int, power: float) -> tuple[float, float]:
    """Mean and variance for one law of the log weight: over all tuples where they are few, by integrals otherwise."""
    alive = law.probabilities > _NEGLIGIBLE * law.probabilities.max()
    logs, chances = power * law.log_weights[alive], law.probabilities[alive]
    centre = float(logs.max())
    few = len(logs) ** samples <= _MOST_TUPLES
    moments_of = _log_sum_moments_by_tuples if few else _log_sum_moments
    mean, variance = moments_of(logs - centre, chances / chances.sum(), samples)
    return (centre + mean - math.log(samples)) / power, variance / power**2


def _log_sum_moments_by_tuples(logs: Array, chances: Array, samples: int) -> tuple[float, float]:
    """Mean and variance of log Σ_k W_k, summed over all K-tuples."""
    sums, weights = logs, chances
    for _ in range(samples - 1):
        sums, weights = np.logaddexp.outer(sums, logs).ravel(), np.outer(weights, chances).ravel()
    mean = float(weights @ sums)
    return mean, float(weights @ (sums - mean) ** 2)


def _log_sum_moments(logs: Array, chances: Array, samples: int) -> tuple[float, float]:
    """Mean and variance of log Σ_k W_k by Frullani's integral."""
    if len(logs) > _MOST_WEIGHTS:
        raise TooManyNodesError(f"{len(logs)} nodes are too many for an integral over each; take fewer dimensions")
    s, transform = _transform(logs, chances, samples)
    integrand = _laplace(s) - transform**samples
    first = math.fsum(integrand.tolist()) * _STEP
    second = -2 * math.fsum((s * integrand).tolist()) * _STEP - 2 * float(np.euler_gamma) * first
    return first, max(0.0, second - first**2)


def _transform(logs: Array, chances: Array, samples: int) -> tuple[Array, Array]:
    """φ at t = e^s.  The integrand is O(t) on the left; on the right φ falls, and it has died where φ^K is negligible,
    at the latest where t exceeds 40 / (the smallest weight)."""
    s = np.arange(-45.0, 5.0 - float(logs.min()), _STEP)
    found: list[Array] = []
    for block in np.array_split(s, 1 + max(len(s) // _LONGEST, len(s) * len(logs) // _BLOCK)):
        found.append(_laplace(np.add.outer(block, logs)) @ chances)
        if block[0] > 5.0 and float(found[-1][-1]) ** samples < _NEGLIGIBLE:
            break
    transform = np.concatenate(found)
    return s[: len(transform)], transform


def _laplace(exponents: Array) -> Array:
    """exp(-exp(u)), which is 0 long before exp(u) overflows."""
    return np.asarray(np.exp(-np.exp(np.minimum(exponents, 50.0))))
