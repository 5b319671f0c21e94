"""Beta, gamma, Dirichlet, normal-inverse-gamma and Pareto distributions.

The relative entropies of the first four are Bregman divergences of log-gamma functions, which keeps their digits where
the two distributions are close (`special.log_gamma_gap`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from verify.models.families.base import Variational
from verify.models.records import Array, Gradient, Positive, Positives, Real
from verify.models.special import LOG_2PI, digamma, log1p_gap, log_beta, log_gamma, log_gamma_gap, trigamma
from verify.models.sums import Sum


@dataclass(frozen=True, eq=False)
class Beta(Variational):
    """z in (0, 1) with density ∝ z^(a-1) (1-z)^(b-1); samples have shape (n,)."""

    a: Positive
    b: Positive

    def log_density(self, z: npt.NDArray[Any]) -> Array:
        """-inf outside (0, 1)."""
        inside = (z > 0) & (z < 1)
        safe = np.where(inside, z, 0.5)
        logs = (self.a - 1) * np.log(safe) + (self.b - 1) * np.log1p(-safe) - log_beta(self.a, self.b)
        return np.where(inside, logs, -np.inf)

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Shape (n,)."""
        return rng.beta(self.a, self.b, size=n)

    def log_normaliser(self) -> float:
        """log B(a, b)."""
        return float(log_beta(self.a, self.b))

    def mean_logs(self) -> tuple[Array, Array]:
        """E[log z] and E[log(1 - z)]."""
        total = digamma(self.a + self.b)
        return digamma(self.a) - total, digamma(self.b) - total

    def mean_logs_gradient(self) -> Array:
        """∂(E[log z], E[log(1-z)]) / ∂(a, b), shape (2, 2); it is symmetric."""
        return np.diag([trigamma(self.a), trigamma(self.b)]) - trigamma(self.a + self.b)

    def entropy_terms(self) -> Array:
        """log B(a, b) - (a-1) ψ(a) - (b-1) ψ(b) + (a+b-2) ψ(a+b)."""
        a, b = self.a, self.b
        return np.array(
            [log_beta(a, b), -(a - 1) * digamma(a), -(b - 1) * digamma(b), (a + b - 2) * digamma(a + b)]
        )

    def kl_sum(self, other: Self) -> Sum:
        """D(a'; a) + D(b'; b) - D(a'+b'; a+b) with D the Bregman divergence of log Γ."""
        parts = log_gamma_gap([other.a, other.b], [self.a, self.b])
        return Sum.of(parts=parts, total=-log_gamma_gap(other.a + other.b, self.a + self.b))

    def score(self, z: npt.NDArray[Any]) -> Gradient:
        """log z - E[log z] and log(1-z) - E[log(1-z)]."""
        mean, mean_rest = self.mean_logs()
        return {"a": np.log(z) - mean, "b": np.log1p(-z) - mean_rest}


@dataclass(frozen=True, eq=False)
class Gamma(Variational):
    """z > 0 with density ∝ z^(shape-1) e^(-rate z); samples have shape (n,)."""

    shape: Positive
    rate: Positive

    def log_density(self, z: npt.NDArray[Any]) -> Array:
        """-inf for z <= 0."""
        safe = np.where(z > 0, z, 1.0)
        logs = (self.shape - 1) * np.log(safe) - self.rate * safe
        return np.where(z > 0, logs + self.shape * math.log(self.rate) - log_gamma(self.shape), -np.inf)

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Shape (n,)."""
        return rng.gamma(self.shape, 1 / self.rate, size=n)

    def log_normaliser(self) -> float:
        """log Γ(shape) - shape log rate."""
        return float(log_gamma(self.shape)) - self.shape * math.log(self.rate)

    def mean(self) -> float:
        """E[z]."""
        return self.shape / self.rate

    def mean_log(self) -> float:
        """E[log z]."""
        return float(digamma(self.shape)) - math.log(self.rate)

    def entropy_terms(self) -> Array:
        """shape - log rate + log Γ(shape) - (shape - 1) ψ(shape)."""
        a = self.shape
        return np.array([a, -math.log(self.rate), log_gamma(a), -(a - 1) * digamma(a)])

    def kl_sum(self, other: Self) -> Sum:
        """D(a'; a) + a' (r - log(1 + r)) + (a - a') r with r = (rate' - rate)/rate and D of log Γ."""
        r = (other.rate - self.rate) / self.rate
        shapes, rates = log_gamma_gap(other.shape, self.shape), other.shape * log1p_gap(r, other.rate / self.rate)
        return Sum.of(shapes=shapes, rates=rates, both=(self.shape - other.shape) * r)

    def score(self, z: npt.NDArray[Any]) -> Gradient:
        """log z - E[log z] and E[z] - z."""
        return {"shape": np.log(z) - self.mean_log(), "rate": self.mean() - np.asarray(z)}


@dataclass(frozen=True, eq=False)
class Dirichlet(Variational):
    """z on the simplex with density ∝ Π z_k^(α_k - 1); samples have shape (n, K)."""

    concentration: Positives

    def log_density(self, z: npt.NDArray[Any]) -> Array:
        """-inf where a coordinate is not positive."""
        inside = np.all(z > 0, axis=-1)
        logs = ((self.concentration - 1) * np.log(np.where(z > 0, z, 1.0))).sum(-1)
        constant = log_gamma(self.concentration.sum()) - log_gamma(self.concentration).sum()
        return np.where(inside, logs + constant, -np.inf)

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Shape (n, K)."""
        return rng.dirichlet(self.concentration, size=n)

    def log_normaliser(self) -> float:
        """log B(α)."""
        return float(log_gamma(self.concentration).sum() - log_gamma(self.concentration.sum()))

    def mean_logs(self) -> Array:
        """E[log z_k], shape (K,)."""
        return digamma(self.concentration) - digamma(self.concentration.sum())

    def mean_logs_gradient(self) -> Array:
        """∂E[log z_k] / ∂α_l, shape (K, K); it is symmetric."""
        return np.diag(trigamma(self.concentration)) - trigamma(self.concentration.sum())

    def entropy_terms(self) -> Array:
        """Σ log Γ(α_k) - log Γ(Σα) - Σ (α_k - 1) ψ(α_k) + (Σα - K) ψ(Σα)."""
        alpha, total = self.concentration, self.concentration.sum()
        ends = [-log_gamma(total), (total - len(alpha)) * digamma(total)]
        return np.concatenate([log_gamma(alpha), -(alpha - 1) * digamma(alpha), ends])

    def kl_sum(self, other: Self) -> Sum:
        """Σ D(α'_k; α_k) - D(Σα'; Σα) with D the Bregman divergence of log Γ."""
        parts = log_gamma_gap(other.concentration, self.concentration)
        total = log_gamma_gap(other.concentration.sum(), self.concentration.sum())
        return Sum.of(parts=parts, total=-total)

    def score(self, z: npt.NDArray[Any]) -> Gradient:
        """log z_k - E[log z_k]."""
        return {"concentration": np.log(z) - self.mean_logs()}


@dataclass(frozen=True, eq=False)
class NormalInverseGamma(Variational):
    """(μ, σ²) with σ² ~ inverse-gamma(shape, scale) and μ | σ² ~ N(mean, σ²/strength).

    Samples have shape (n, 2): columns μ and σ².
    """

    mean: Real
    strength: Positive
    shape: Positive
    scale: Positive

    @property
    def of_precision(self) -> Gamma:
        """The law of 1/σ²: gamma(shape, scale)."""
        return Gamma(self.shape, self.scale)

    def log_density(self, z: npt.NDArray[Any]) -> Array:
        """The density in (μ, σ²): the gamma's at 1/σ² with its Jacobian -2 log σ², and the normal's at μ; -inf for
        σ² <= 0."""
        variance = np.where(z[:, 1] > 0, z[:, 1], 1.0)
        precision = self.of_precision.log_density(1 / variance) - 2 * np.log(variance)
        pull = self.strength * (z[:, 0] - self.mean) ** 2 / variance
        location = -0.5 * (LOG_2PI + np.log(variance) - math.log(self.strength) + pull)
        return np.where(z[:, 1] > 0, precision + location, -np.inf)

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Shape (n, 2)."""
        variance = 1 / self.of_precision.sample(rng, n)
        return np.stack([rng.normal(self.mean, np.sqrt(variance / self.strength)), variance], axis=1)

    def entropy_terms(self) -> Array:
        """Entropy of σ² and of μ given σ²."""
        a = self.shape
        variance = [a, math.log(self.scale), log_gamma(a), -(a + 1) * digamma(a)]
        mean_log_variance = [math.log(self.scale) / 2, -digamma(a) / 2]
        return np.array([*variance, 0.5 * (1 + LOG_2PI), -0.5 * math.log(self.strength), *mean_log_variance])

    def kl_sum(self, other: Self) -> Sum:
        """KL of the precisions plus the mean KL of μ given σ²."""
        ratio = (other.strength - self.strength) / self.strength
        shift = other.strength * (self.mean - other.mean) ** 2 * self.of_precision.mean() / 2
        precisions = self.of_precision.kl_sum(other.of_precision)
        parts = list(precisions.parts.values())
        inside = other.strength * abs(self.mean - other.mean) * abs(other.mean) * self.of_precision.mean()
        strength = log1p_gap(ratio, other.strength / self.strength) / 2
        return Sum.of(inside=inside + precisions.magnitude, precisions=parts, strength=strength, shift=shift)

    def score(self, z: npt.NDArray[Any]) -> Gradient:
        """By the fields mean, strength, shape and scale."""
        away, precision = z[:, 0] - self.mean, 1 / z[:, 1]
        gamma = self.of_precision.score(precision)
        strength = 0.5 / self.strength - 0.5 * precision * away**2
        return {
            "mean": self.strength * precision * away,
            "strength": strength,
            "shape": gamma["shape"],
            "scale": gamma["rate"],
        }


@dataclass(frozen=True, eq=False)
class Pareto(Variational):
    """z >= scale with density shape · scale^shape / z^(shape+1); samples have shape (n,)."""

    shape: Positive
    scale: Positive

    def log_density(self, z: npt.NDArray[Any]) -> Array:
        """-inf below the scale."""
        inside = np.asarray(z) >= self.scale
        logs = math.log(self.shape) + self.shape * math.log(self.scale)
        return np.where(inside, logs - (self.shape + 1) * np.log(np.where(inside, z, self.scale)), -np.inf)

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Shape (n,)."""
        return self.scale * (1 + rng.pareto(self.shape, size=n))

    def mean_log(self) -> float:
        """E[log z]."""
        return math.log(self.scale) + 1 / self.shape

    def entropy_terms(self) -> Array:
        """log scale - log shape + 1/shape + 1."""
        return np.array([math.log(self.scale), -math.log(self.shape), 1 / self.shape, 1.0])

    def kl_sum(self, other: Self) -> Sum:
        """gap(k'/k - 1) + k' log(scale/scale'); +inf where this reaches below the other's scale."""
        if self.scale < other.scale:
            return Sum.of(outside=math.inf)
        ratio = (other.shape - self.shape) / self.shape
        shape = log1p_gap(ratio, other.shape / self.shape)
        return Sum.of(shape=shape, scale=other.shape * math.log1p((self.scale - other.scale) / other.scale))

    def score(self, z: npt.NDArray[Any]) -> Gradient:
        """In the shape: 1/shape + log(scale/z).  In the scale the support moves with it, so E[score] is not 0."""
        shape = 1 / self.shape + math.log(self.scale) - np.log(z)
        return {"shape": shape, "scale": np.full(np.shape(z), self.shape / self.scale)}
