"""What is known about one call of a correct estimator before it is run: its variance, its range, its whole law.

Sequential tests rest on these.  They are derived for the estimators we know and declared by the user for others; they
are never estimated from the draws that are tested, for then the guarantee would rest on an unchecked guess.

The draws for different data points are taken to be independent.  The K draws of an averaged ELBO need not be
(antithetic noise, stratified or quasi-random numbers): however they depend on each other, the variance of their mean is
at most that of one of them, its moment generating function likewise (both are convex), and its range is no larger.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from verify.estimators import TooManyNodesError, elbo_moments, nodes
from verify.estimators.moments import refined
from verify.models import LogNormal, LogNormalLogNormal
from verify.models.quadratic import QuadraticForm, quadratic_log_weight
from verify.objectives.declaration import Objective
from verify.objectives.reference.decomposition import NoPriorError, log_likelihood_of
from verify.objectives.reference.power_means import power_mean_moments
from verify.objectives.reference.solvable import Solvable
from verify.objectives.reference.targets import power_of


class UnknownVarianceError(Exception):
    """Nothing is known about the spread of one call; the message says what to declare."""


@dataclass(frozen=True)
class Spread:
    """The spread of one call, in nats.

    variance  an upper bound
    low, high the exact range, where it is known
    log_mgf   λ ↦ log E exp(λ (value - mean)), where the law is known
    source    where this knowledge comes from, in words
    """

    variance: float
    source: str
    low: float = -math.inf
    high: float = math.inf
    log_mgf: Callable[[float], float] | None = None


def spread_of(objective: Objective, model: Solvable, q: Any) -> Spread:
    """The spread of one call of the declared estimator.  Raises UnknownVarianceError where it cannot be derived."""
    if objective.estimator is None:
        raise UnknownVarianceError(
            'the estimator is not declared: say estimator="log-weight" or "analytic-kl", or give variance=, a bound on '
            "the variance of one call in nats²"
        )
    if objective.batch_size is not None or objective.beta != 1:
        raise UnknownVarianceError("with minibatches or beta, give variance=, a bound on the variance of one call")
    try:
        return _derived(objective, model, q)
    except (TooManyNodesError, NoPriorError, TypeError) as error:
        raise UnknownVarianceError(f"the variance of one call is not known ({error}); give variance=") from error


def _derived(objective: Objective, model: Solvable, q: Any) -> Spread:
    if objective.kind != "elbo":
        found = power_mean_moments(model, q, objective.samples, power_of(objective), objective.plate)
        return Spread(found.variance + found.error, f"variance of the {objective.title}, by {found.route}")
    if objective.estimator == "analytic-kl":
        return _of_reconstruction(model, q)
    return _of_log_weight(model, q)


def _of_log_weight(model: Any, q: Any) -> Spread:
    found = elbo_moments(model, q)
    source = f"variance of the log weight, {found.route}"
    low, high = _range(model, q)
    return Spread(found.variance + found.error, source, low, high, _log_mgf(model, q))


def is_finite(model: Solvable, q: Any) -> bool:
    """Does every independent latent have finitely many values, few enough to visit them all?"""
    try:
        return all(nodes(part).exact for _, part in model.pieces(q))
    except (TooManyNodesError, TypeError):
        return False


def _range(model: Solvable, q: Any) -> tuple[float, float]:
    """The exact range of the log weight for finite latents; infinite otherwise."""
    if not is_finite(model, q):
        return -math.inf, math.inf
    low = high = 0.0
    for piece, part in model.pieces(q):
        rule = nodes(part)
        weights = piece.log_weight(part, rule.z[rule.weights > 0])
        low, high = low + float(weights.min()), high + float(weights.max())
    return low, high


def log_weight_form(model: Solvable, q: Any) -> QuadraticForm | None:
    """The log weight as a quadratic form in normals, where it is one."""
    if isinstance(model, LogNormalLogNormal) and isinstance(q, LogNormal):
        return quadratic_log_weight(model.in_logs(), q.of_log).shifted(-float(np.log(model.x).sum()))
    try:
        return quadratic_log_weight(model, q)  # type: ignore[arg-type]
    except TypeError:
        return None


def _log_mgf(model: Solvable, q: Any) -> Callable[[float], float] | None:
    """λ ↦ log E exp(λ (log weight - ELBO)), where the log weight is a quadratic form."""
    form = log_weight_form(model, q)
    if form is None:
        return None
    mean = form.constant + 0.5 * float(np.trace(form.curvature))
    return lambda tilt: form.log_mean_exp(tilt) - tilt * mean


def _of_reconstruction(model: Solvable, q: Any) -> Spread:
    """The variance of log p(x | z): all that is random where the KL is a formula."""
    parts = [_reconstruction_variance(piece, part) for piece, part in model.pieces(q)]
    return Spread(math.fsum(parts), "variance of log p(x | z)")


def _reconstruction_variance(model: Any, q: Any) -> float:
    log_likelihood = log_likelihood_of(model, q)
    if model.quadratic:
        return _variance_of_quadratic(lambda noise: log_likelihood(q.from_noise(noise)), np.shape(q.mean))

    def moments(fineness: int) -> tuple[float, float, bool]:
        rule = nodes(q, fineness)
        alive = rule.weights > 0
        values, weights = log_likelihood(rule.z[alive]), rule.weights[alive]
        mean = float(weights @ values)
        return mean, float(weights @ (values - mean) ** 2), rule.exact

    found = refined(moments)
    return found.variance + found.error


def _variance_of_quadratic(function: Callable[[Any], Any], shape: tuple[int, ...]) -> float:
    """|b|² + ½ tr H² of c + bᵀ ε + ½ εᵀ H ε, from its values at 0, ±e_i and e_i + e_j."""
    size = math.prod(shape)
    eye = np.eye(size)
    pairs = (eye[:, None] + eye[None, :]).reshape(-1, size)
    points = np.concatenate([np.zeros((1, size)), eye, -eye, pairs])
    values = np.asarray(function(points.reshape(-1, *shape)))
    centre, plus, minus = values[0], values[1 : size + 1], values[size + 1 : 2 * size + 1]
    slope = (plus - minus) / 2
    both = values[2 * size + 1 :].reshape(size, size)
    curvature = both - plus[:, None] - plus[None, :] + centre
    return float(slope @ slope + 0.5 * np.sum(curvature**2))
