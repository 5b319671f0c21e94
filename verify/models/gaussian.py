"""Linear algebra of normal laws that the linear-Gaussian models share.

Everything goes through Cholesky factors; no determinant of a large matrix and no inverse is formed where a factor
will do.
"""

from __future__ import annotations

import numpy as np

from verify.models.families.normal import MultivariateNormal, Normal, solve
from verify.models.records import Array
from verify.models.special import LOG_2PI, log1p_gap
from verify.models.sums import Sum, lost


def cholesky(matrix: Array) -> Array:
    """The lower factor L with L Lᵀ = matrix; broadcast over leading axes."""
    return np.asarray(np.linalg.cholesky(matrix))


def diagonal(matrix: Array) -> Array:
    """The diagonal of the last two axes."""
    return np.asarray(np.diagonal(matrix, axis1=-2, axis2=-1))


def symmetric_part(matrix: Array) -> Array:
    """(M + Mᵀ)/2, exactly symmetric."""
    return np.asarray((matrix + np.swapaxes(matrix, -1, -2)) / 2)


def random_covariance(rng: np.random.Generator, size: int, low: float = 0.3, high: float = 2.0) -> Array:
    """A covariance matrix with eigenvalues between low and high and no special directions."""
    basis, _ = np.linalg.qr(rng.normal(size=(size, size)))
    return symmetric_part((basis * rng.uniform(low, high, size=size)) @ basis.T)


def random_scale_tril(rng: np.random.Generator, shape: tuple[int, ...], size: int) -> Array:
    """Cholesky factors with generic entries and a diagonal between 0.3 and 1.5."""
    below = np.tril(rng.normal(scale=0.4, size=(*shape, size, size)), -1)
    return np.asarray(below + np.eye(size) * rng.uniform(0.3, 1.5, size=(*shape, size, 1)))


def normal_from_precision(mean: Array, precision: Array) -> MultivariateNormal:
    """N(mean, precision⁻¹), the same precision for every mean along the leading axes.

    The factor of the reversed matrix gives precision = U Uᵀ with U upper; then U⁻ᵀ is the lower factor of the inverse,
    which need not be formed.
    """
    upper = cholesky(precision[::-1, ::-1])[::-1, ::-1]
    factor = np.tril(np.linalg.solve(upper.T, np.eye(len(precision))))
    return MultivariateNormal(mean, np.broadcast_to(factor, (*mean.shape[:-1], *factor.shape)))


def log_density(x: Array, mean: Array, covariance: Array) -> float:
    """log N(x; mean, covariance) for one vector, through the factor of the dense covariance."""
    factor = cholesky(covariance)
    white = solve(factor, x - mean)
    return float(-0.5 * (white @ white) - np.log(diagonal(factor)).sum() - 0.5 * len(x) * LOG_2PI)


def log_determinant_terms(matrix: Array) -> Array:
    """Terms whose sum is log det of a positive definite matrix."""
    return 2 * np.log(diagonal(cholesky(matrix)))


def mean_field_gap(q: Normal, mean: Array, precision: Array) -> Sum:
    """KL(N(m, diag v) ‖ N(mean, precision⁻¹)) for one or several rows m, with Λ the precision.

    ½ Σ gap(Λ_ii v_i - 1) + ½ (m - mean)ᵀ Λ (m - mean) + ½ log(Π Λ_ii / det Λ).  The last term is what independence
    costs; it is 0 iff Λ is diagonal, and is found without cancellation from the factor L of the correlation matrix of
    Λ, as -½ Σ_i log(1 - Σ_{j<i} L_ij²).
    """
    scale = np.sqrt(diagonal(precision))
    away = np.atleast_2d(q.mean - mean)
    factor = cholesky(precision)
    white = away @ factor
    inside = lost(white, np.linalg.norm(np.atleast_2d(mean) @ factor, axis=-1)[:, None])
    below = np.tril(cholesky(precision / np.outer(scale, scale)), -1)
    dependence = -np.log1p(-(below**2).sum(-1)) * len(away)
    ratio = diagonal(precision) * q.variance
    variances = log1p_gap(ratio - 1, ratio)
    condition = float(np.linalg.cond(precision))
    shift = white**2 / 2
    return Sum.of(condition=condition, inside=inside, scale=variances / 2, shift=shift, dependence=dependence / 2)
