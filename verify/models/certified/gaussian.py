"""Linear-Gaussian models in Arb, all in one form: log p(x, z) = Σ_f log N(B_f z + c_f; 0, V_f).

With Λ = Σ B'V⁻¹B and h = -Σ B'V⁻¹c the posterior is N(Λ⁻¹h, Λ⁻¹), and

    log p(x)  =  Σ_f log N(c_f; 0, V_f) + ½ h'Λ⁻¹h - ½ log det(Λ/2π)
    ELBO(q)   =  Σ_f (log N(B_f m + c_f; 0, V_f) - ½ tr V_f⁻¹ B_f S B_f') + ½ log det(2πe S)
    gap(q)    =  ½ (tr ΛS + (m - Λ⁻¹h)'Λ(m - Λ⁻¹h) - d - log det ΛS)                        for q = N(m, S)

Source: D. Koller, N. Friedman, Probabilistic Graphical Models (2009), section 14.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, arb_mat

from verify.models.certified.balls import balls, column, matrix, summed
from verify.models.certified.base import Balls, added, balls_of
from verify.models.factor_analysis import FactorModel
from verify.models.families import LogNormal, MultivariateNormal, Normal
from verify.models.gaussian_diffusion import GaussianDiffusion, GaussianForwardProcess
from verify.models.linear_gaussian import LinearGaussian
from verify.models.records import Array
from verify.models.regression import Regression
from verify.models.scalars import LogNormalLogNormal
from verify.models.state_space import LinearGaussianStateSpace


@dataclass(frozen=True)
class Factor:
    """N(B z + c; 0, V): B (r, d), c (r, 1), V (r, r)."""

    slope: arb_mat
    shift: arb_mat
    covariance: arb_mat


@dataclass(frozen=True)
class Gaussian:
    """N(mean, covariance), or a product of factors completed to a square."""

    mean: arb_mat
    covariance: arb_mat


def _factor(slope: Array, shift: Array, covariance: Array) -> Factor:
    return Factor(matrix(np.atleast_2d(slope)), column(np.atleast_1d(shift)), matrix(np.atleast_2d(covariance)))


def _log_volume(covariance: arb_mat) -> arb:
    """½ log det 2πV."""
    return covariance.nrows() * (2 * arb.pi()).log() / 2 + covariance.det().log() / 2


def _quadratic(vector: arb_mat, covariance: arb_mat) -> arb:
    """vᵀ V⁻¹ v."""
    return (vector.transpose() * covariance.solve(vector))[0, 0]


def _trace(square: arb_mat) -> arb:
    return summed(square[i, i] for i in range(square.nrows()))


def _completed(factors: Sequence[Factor], size: int) -> tuple[arb_mat, arb_mat]:
    """Λ and h."""
    precision, pull = arb_mat(size, size), arb_mat(size, 1)
    for f in factors:
        weighted = f.covariance.solve(f.slope).transpose()
        precision, pull = precision + weighted * f.slope, pull - weighted * f.shift
    return precision, pull


def balance(factors: Sequence[Factor], q: Gaussian) -> Balls:
    """log p(x), ELBO and gap of a product of factors and a normal q."""
    size = q.mean.nrows()
    precision, pull = _completed(factors, size)
    constants = -summed(_log_volume(f.covariance) for f in factors)
    rest = summed(_quadratic(f.shift, f.covariance) for f in factors)
    log_2pi, mean = (2 * arb.pi()).log(), precision.solve(pull)
    evidence = constants + (-rest + (pull.transpose() * mean)[0, 0] + size * log_2pi - precision.det().log()) / 2
    reached = summed(_quadratic(f.slope * q.mean + f.shift, f.covariance) for f in factors)
    spread = summed(_trace(f.covariance.solve(f.slope * q.covariance * f.slope.transpose())) for f in factors)
    volume = q.covariance.det().log()
    elbo = constants - (reached + spread) / 2 + (size * (1 + log_2pi) + volume) / 2
    away = q.mean - mean
    shift = (away.transpose() * precision * away)[0, 0]
    gap = (_trace(precision * q.covariance) + shift - size - precision.det().log() - volume) / 2
    return evidence, elbo, gap


# ---------------------------------------------------------------- q


def _normal(mean: Array, variances: Array) -> Gaussian:
    return Gaussian(column(mean), matrix(np.diag(np.ravel(variances))))


def _multivariate(mean: Array, scale_tril: Array) -> Gaussian:
    factor = matrix(scale_tril)
    return Gaussian(column(mean), factor * factor.transpose())


def _whole(q: MultivariateNormal | Normal) -> Gaussian:
    return _normal(q.mean, q.variance) if isinstance(q, Normal) else _multivariate(q.mean, q.scale_tril)


def _rows(q: MultivariateNormal | Normal) -> Iterator[Gaussian]:
    """q of every data point."""
    if isinstance(q, Normal):
        yield from (_normal(m, v) for m, v in zip(q.mean, q.variance, strict=True))
    else:
        yield from (_multivariate(m, l) for m, l in zip(q.mean, q.scale_tril, strict=True))


# ---------------------------------------------------------------- models


@balls_of.register
def _(model: LinearGaussian, q: MultivariateNormal) -> Balls:
    prior = _factor(np.eye(len(model.prior_mean)), -model.prior_mean, model.prior_covariance)
    seen = [_seen(model.weights, model.offset, x, model.noise_covariance) for x in model.x]
    return balance([prior, *seen], _whole(q))


def _seen(weights: Array, offset: Array, x: Array, noise: Array) -> Factor:
    """x ~ N(weights z + offset, noise) as a factor; the difference x - offset is taken in Arb."""
    return Factor(matrix(weights), column(offset) - column(x), matrix(noise))


@balls_of.register
def _(model: FactorModel, q: Any) -> Balls:  # type: ignore[type-arg]
    size, noise = model.loadings.shape[1], np.diag(model.noise)
    prior = _factor(np.eye(size), np.zeros(size), np.eye(size))
    rows = zip(model.x, _rows(q), strict=True)
    return added(balance([prior, _seen(model.loadings, model.mean, x, noise)], law) for x, law in rows)


@balls_of.register
def _(model: Regression, q: Any) -> Balls:  # type: ignore[type-arg]
    prior = _factor(np.eye(len(model.prior_mean)), -model.prior_mean, np.diag(model.prior_variance))
    noise = np.eye(len(model.y)) * model.noise_variance
    return balance([prior, _factor(model.features, -model.y, noise)], _whole(q))


@balls_of.register
def _(model: LinearGaussianStateSpace, q: MultivariateNormal) -> Balls:
    steps, size = len(model.x), len(model.initial_mean)

    def at(t: int) -> Array:
        return np.kron(np.eye(steps)[t], np.eye(size))  # picks z_t from all states

    factors = [_factor(at(0), -model.initial_mean, model.initial_covariance)]
    for t in range(1, steps):
        moved = at(t) - np.kron(np.eye(steps)[t - 1], model.dynamics)
        factors.append(_factor(moved, np.zeros(size), model.process_covariance))
    for t, x in enumerate(model.x):
        factors.append(_factor(np.kron(np.eye(steps)[t], model.observation), -x, model.noise_covariance))
    return balance(factors, _whole(q))


@balls_of.register
def _(model: GaussianDiffusion, q: GaussianForwardProcess) -> Balls:
    """Each data point with its own noisy path x_1 … x_T; q's normal law comes from its own factors."""
    return added(_path(model, q, float(x), float(start)) for x, start in zip(model.x, q.start, strict=True))


def _path(model: GaussianDiffusion, q: GaussianForwardProcess, x: float, start: float) -> Balls:
    steps = len(model.weights)
    unit = np.eye(steps)
    factors = [_factor(unit[-1], np.array(-model.prior_mean), np.array(model.prior_variance))]
    forward = []
    for t in range(steps):
        # p: x_t - weights x_{t+1} - offset;   q: x_{t+1} - weights x_t - offset;   x_0 is a number
        back = (unit[t - 1] if t else 0 * unit[0]) - model.weights[t] * unit[t]
        on = unit[t] - (q.weights[t] * unit[t - 1] if t else 0 * unit[0])
        seen = arb(0) if t else arb(x)
        begun = arb(0) if t else arb(float(q.weights[0])) * arb(start)
        factors.append(_scalar(back, seen - arb(float(model.offsets[t])), model.variances[t]))
        forward.append(_scalar(on, -begun - arb(float(q.offsets[t])), q.variances[t]))
    precision, pull = _completed(forward, steps)
    return balance(factors, Gaussian(precision.solve(pull), precision.inv()))


def _scalar(slope: Array, shift: arb, variance: float) -> Factor:
    return Factor(matrix(slope[None]), arb_mat([[shift]]), arb_mat([[arb(float(variance))]]))


@balls_of.register
def _(model: LogNormalLogNormal, q: LogNormal) -> Balls:
    """The normal model of log x and log z: the Jacobian of x enters evidence and ELBO, that of z cancels."""
    logs = [x.log() for x in balls(model.x)]
    prior = _factor(np.eye(1), np.array(-model.prior_mean), np.array(model.prior_variance))
    seen = [_scalar(np.ones(1), -log, model.likelihood_variance) for log in logs]
    evidence, elbo, gap = balance([prior, *seen], _normal(np.asarray(q.mean), np.asarray(q.variance)))
    return evidence - summed(logs), elbo - summed(logs), gap
