"""Normal variational distributions: independent coordinates, full covariance, and the log-normal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from verify.models.families.base import Variational
from verify.models.records import Array, Gradient, Positives, Reals, ScaleTril
from verify.models.special import LOG_2PI, log1p_gap
from verify.models.sums import Sum, lost


def normal_kl_terms(mean: Array, variance: Array, other_mean: Array, other_variance: Array) -> Array:
    """KL between normals coordinate by coordinate: ½ (r - log(1 + r) + (m - m')²/v') with r = (v - v')/v'."""
    ratio = (np.asarray(variance) - other_variance) / other_variance
    spread = log1p_gap(ratio, np.asarray(variance) / other_variance)
    return np.asarray((spread + (np.asarray(mean) - other_mean) ** 2 / other_variance) / 2)


def _flat(values: Array) -> Array:
    return np.asarray(values.reshape(len(values), -1).sum(-1))


@dataclass(frozen=True, eq=False)
class Normal(Variational):
    """Independent normal coordinates.

    mean, variance  the same shape, any; samples z have shape (n, …)
    """

    mean: Reals
    variance: Positives

    @classmethod
    def scalar(cls, mean: float, variance: float) -> Self:
        """One normal number."""
        return cls(np.asarray(mean), np.asarray(variance))

    def log_density(self, z: npt.NDArray[Any]) -> Array:
        """Σ -½ (log 2πv + (z - m)²/v)."""
        return _flat(-0.5 * (LOG_2PI + np.log(self.variance) + (z - self.mean) ** 2 / self.variance))

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Shape (n, …)."""
        return self.from_noise(rng.normal(size=(n, *np.shape(self.mean))))

    def from_noise(self, noise: Array) -> Array:
        """z = m + √v ε."""
        return np.asarray(self.mean + np.sqrt(self.variance) * noise)

    def entropy_terms(self) -> Array:
        """½ log 2πe and ½ log v for every coordinate."""
        logs = 0.5 * np.log(np.ravel(self.variance))
        return np.concatenate([logs, np.full(logs.shape, 0.5 * (1 + LOG_2PI))])

    def entropy_gradient(self) -> Gradient:
        """∂ entropy: 0 in the mean, 1/(2v) in the variance."""
        return {"mean": np.zeros(np.shape(self.mean)), "variance": np.asarray(0.5 / self.variance)}

    def kl_sum(self, other: Self) -> Sum:
        """Coordinate by coordinate, without cancellation."""
        # A mean that carries a rounding error of its own size moves (m - m')²/2v' by |m - m'| |m'|/v'.
        scale = np.sqrt(other.variance)
        inside = lost((self.mean - other.mean) / scale, np.abs(other.mean) / scale)
        terms = normal_kl_terms(self.mean, self.variance, other.mean, other.variance)
        return Sum.of(inside=inside, kl=terms)

    def score(self, z: npt.NDArray[Any]) -> Gradient:
        """(z - m)/v and ((z - m)²/v - 1)/(2v)."""
        pull = (z - self.mean) / self.variance
        return {"mean": pull, "variance": (pull**2 - 1 / self.variance) / 2}

    def slope(self, z: npt.NDArray[Any]) -> Array:
        """∂ log q(z) / ∂z."""
        return np.asarray(-(z - self.mean) / self.variance)

    def pull_back(self, noise: Array, slope: Array) -> Gradient:
        """∂f(z)/∂(field) along z = m + √v ε, where slope = ∂f/∂z, one row for every sample."""
        return {"mean": slope, "variance": slope * noise / (2 * np.sqrt(self.variance))}


@dataclass(frozen=True, eq=False)
class MultivariateNormal(Variational):
    """Normal vectors with full covariance L Lᵀ; several independent ones along the leading axes.

    mean        shape (…, d)
    scale_tril  L, shape (…, d, d), lower triangular with a positive diagonal
    Samples z have shape (n, …, d).
    """

    mean: Reals
    scale_tril: ScaleTril

    @property
    def covariance(self) -> Array:
        """L Lᵀ."""
        return np.asarray(self.scale_tril @ np.swapaxes(self.scale_tril, -1, -2))

    def _whiten(self, z: npt.NDArray[Any]) -> Array:
        return solve(self.scale_tril, np.asarray(z - self.mean))

    def log_density(self, z: npt.NDArray[Any]) -> Array:
        """-½ |L⁻¹(z - m)|² - log det L - ½ d log 2π."""
        noise = self._whiten(z)
        constants = np.log(np.diagonal(self.scale_tril, axis1=-2, axis2=-1)) + 0.5 * LOG_2PI
        return _flat(-0.5 * noise**2 - constants)

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Shape (n, …, d)."""
        return self.from_noise(rng.normal(size=(n, *self.mean.shape)))

    def from_noise(self, noise: Array) -> Array:
        """z = m + L ε."""
        return np.asarray(self.mean + np.einsum("...ij,...j->...i", self.scale_tril, noise))

    def entropy_terms(self) -> Array:
        """log L_ii and ½ log 2πe for every coordinate."""
        logs = np.log(np.diagonal(self.scale_tril, axis1=-2, axis2=-1)).ravel()
        return np.concatenate([logs, np.full(logs.shape, 0.5 * (1 + LOG_2PI))])

    def entropy_gradient(self) -> Gradient:
        """∂ entropy: 0 in the mean, 1/L_ii on the diagonal."""
        eye = np.eye(self.mean.shape[-1])
        return {"mean": np.zeros(self.mean.shape), "scale_tril": eye / np.where(eye > 0, self.scale_tril, 1.0)}

    def kl_sum(self, other: Self) -> Sum:
        """With A - I = L'⁻¹ (L - L'): Σ_{i>j} A_ij²/2 + Σ_i gap(A_ii² - 1)/2 + |L'⁻¹(m - m')|²/2."""
        change = solve_columns(other.scale_tril, self.scale_tril - other.scale_tril)
        diagonal = np.diagonal(change, axis1=-2, axis2=-1)
        squares = np.tril(change, -1) ** 2 / 2
        shift = solve(other.scale_tril, self.mean - other.mean)
        own, others = (np.diagonal(law.scale_tril, axis1=-2, axis2=-1) for law in (self, other))
        scales = log1p_gap(diagonal * (diagonal + 2), (own / others) ** 2) / 2
        inside = lost(shift, np.linalg.norm(solve(other.scale_tril, other.mean), axis=-1)[..., None])
        condition = float(np.max(np.linalg.cond(other.scale_tril))) ** 2
        return Sum.of(condition=condition, inside=inside, rotation=squares, scale=scales, shift=shift**2 / 2)

    def score(self, z: npt.NDArray[Any]) -> Gradient:
        """L⁻ᵀ ε and tril(L⁻ᵀ ε εᵀ) - diag(1/L_ii), with ε = L⁻¹(z - m)."""
        noise = self._whiten(z)
        pull = solve(np.swapaxes(self.scale_tril, -1, -2), noise)
        spread = np.tril(pull[..., :, None] * noise[..., None, :])
        return {"mean": pull, "scale_tril": spread - self.entropy_gradient()["scale_tril"]}

    def slope(self, z: npt.NDArray[Any]) -> Array:
        """∂ log q(z) / ∂z."""
        return -solve(np.swapaxes(self.scale_tril, -1, -2), self._whiten(z))

    def pull_back(self, noise: Array, slope: Array) -> Gradient:
        """∂f(z)/∂(field) along z = m + L ε, where slope = ∂f/∂z, one row for every sample."""
        return {"mean": slope, "scale_tril": np.tril(slope[..., :, None] * noise[..., None, :])}


def solve(matrix: Array, vector: Array) -> Array:
    """matrix⁻¹ vector, broadcast over leading axes."""
    return np.asarray(np.linalg.solve(matrix, vector[..., None])[..., 0])


def solve_columns(matrix: Array, columns: Array) -> Array:
    """matrix⁻¹ columns, broadcast over leading axes."""
    return np.asarray(np.linalg.solve(matrix, columns))


@dataclass(frozen=True, eq=False)
class LogNormal(Variational):
    """Positive coordinates whose logarithms are independent normals.

    mean, variance  of log z, the same shape, any; samples z have shape (n, …) and are positive
    """

    mean: Reals
    variance: Positives

    @classmethod
    def scalar(cls, mean: float, variance: float) -> Self:
        """One log-normal number."""
        return cls(np.asarray(mean), np.asarray(variance))

    @property
    def of_log(self) -> Normal:
        """The law of log z."""
        return Normal(self.mean, self.variance)

    def log_density(self, z: npt.NDArray[Any]) -> Array:
        """The normal log density at log z, less the Jacobian log z; -inf for z <= 0."""
        inside = np.all(np.asarray(z).reshape(len(z), -1) > 0, axis=-1)
        logs = np.log(np.where(np.asarray(z) > 0, z, 1.0))
        return np.where(inside, self.of_log.log_density(logs) - _flat(logs), -np.inf)

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Shape (n, …)."""
        return np.exp(self.of_log.sample(rng, n))

    def from_noise(self, noise: Array) -> Array:
        """z = exp(m + √v ε)."""
        return np.exp(self.of_log.from_noise(noise))

    def pull_back(self, noise: Array, slope: Array) -> Gradient:
        """∂f(z)/∂(field) along z = exp(m + √v ε), where slope = ∂f/∂z, one row for every sample."""
        return self.of_log.pull_back(noise, slope * self.from_noise(noise))

    def slope(self, z: npt.NDArray[Any]) -> Array:
        """∂ log q(z) / ∂z."""
        return np.asarray((self.of_log.slope(np.log(z)) - 1) / z)

    def entropy_gradient(self) -> Gradient:
        """∂ entropy: 1 in the mean of log z, 1/(2v) in its variance."""
        inner = self.of_log.entropy_gradient()
        return {**inner, "mean": inner["mean"] + 1}

    def entropy_terms(self) -> Array:
        """The normal's entropy terms and E[log z] = m."""
        return np.concatenate([self.of_log.entropy_terms(), np.ravel(self.mean)])

    def kl_sum(self, other: Self) -> Sum:
        """KL is invariant under z → log z."""
        return self.of_log.kl_sum(other.of_log)

    def score(self, z: npt.NDArray[Any]) -> Gradient:
        """The normal's score at log z."""
        return self.of_log.score(np.log(z))
