"""Factor analysis and probabilistic PCA: every data point has its own latent vector, as in a linear VAE.

Sources: C. M. Bishop, Pattern Recognition and Machine Learning (2006), section 12.2; M. E. Tipping and C. M. Bishop,
Probabilistic principal component analysis, JRSS B 61 (1999).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt

from verify.models.base import Formulas, SolvableModel
from verify.models.families.normal import MultivariateNormal, Normal
from verify.models.gaussian import (
    diagonal,
    log_density,
    log_determinant_terms,
    mean_field_gap,
    normal_from_precision,
    random_scale_tril,
    symmetric_part,
)
from verify.models.records import Array, Gradient, Observed, Positive, Positives, Reals
from verify.models.special import LOG_2PI
from verify.models.sums import ULPS_PER_TERM, UNIT_ROUNDOFF, Sum, lost

Q = TypeVar("Q", MultivariateNormal, Normal)


@dataclass(frozen=True, eq=False)
class FactorModel(SolvableModel[Q], Generic[Q]):
    """z_i ~ N(0, I), x_i | z_i ~ N(loadings z_i + mean, diag(noise)).

    x  data, shape (N, D); loadings, shape (D, d); mean, shape (D,); samples z have shape (n, N, d)
    """

    quadratic: ClassVar[bool] = True

    x: Observed
    loadings: Reals
    mean: Reals

    @property
    @abstractmethod
    def noise(self) -> Array:
        """Noise variances, shape (D,)."""

    @abstractmethod
    def _noise_gradient(self, by_dimension: Array) -> Gradient:
        """From ∂ELBO/∂(noise variance of each dimension) to the model's own parameter."""

    def precision(self) -> Array:
        """Λ = I + Wᵀ Ψ⁻¹ W, the posterior precision of every z_i, shape (d, d)."""
        weighted = self.loadings / np.sqrt(self.noise)[:, None]
        return symmetric_part(np.eye(self.loadings.shape[1]) + weighted.T @ weighted)

    def posterior_means(self) -> Array:
        """E[z_i | x_i] = Λ⁻¹ Wᵀ Ψ⁻¹ (x_i - mean), shape (N, d)."""
        pulls = ((self.x - self.mean) / self.noise) @ self.loadings
        return np.asarray(np.linalg.solve(self.precision(), pulls.T).T)

    def _residuals(self, z: Array) -> Array:
        return np.asarray(self.x - self.mean - z @ self.loadings.T)

    def _log_joint_terms(self, z: Array) -> dict[str, Any]:
        """Terms of log p(x, z) for one z of shape (N, d), but for those with log 2π of the prior."""
        constants = np.tile(LOG_2PI + np.log(self.noise), len(self.x))
        squares = self._residuals(z) ** 2 / self.noise
        return {"log_likelihood": -0.5 * np.append(constants, squares), "log_prior": -0.5 * z**2}

    def _lost(self, z: Array) -> float:
        """What the squares of log p(x, z) lose by subtracting."""
        sizes = np.abs(self.x) + np.abs(self.mean) + np.abs(z) @ np.abs(self.loadings.T)
        return lost(self._residuals(z) / np.sqrt(self.noise), sizes / np.sqrt(self.noise))

    def _condition(self) -> float:
        return float(np.linalg.cond(self.precision()))

    def evidence_sum(self) -> Sum:
        volume = -0.5 * len(self.x) * log_determinant_terms(self.precision())
        means = self.posterior_means()
        inside = self._lost(means)
        return Sum.of(condition=self._condition(), inside=inside, volume=volume, **self._log_joint_terms(means))

    def _elbo_from(self, q: Q, reached: Array, variances: Array) -> Sum:
        """reached: (W S_i Wᵀ)_jj for every i and j; variances: the diagonals of the S_i, shape (N, d)."""
        terms = self._log_joint_terms(q.mean)
        prior = np.append(terms["log_prior"], -0.5 * variances)
        return Sum.of(
            condition=self._condition(),
            inside=self._lost(q.mean),
            log_likelihood=np.append(terms["log_likelihood"], -0.5 * reached / self.noise),
            log_prior=np.append(prior, np.full(q.mean.size, -0.5 * LOG_2PI)),
            entropy=q.entropy_terms(),
        )

    def log_evidence_independent(self) -> float:
        """Every x_i ~ N(mean, W Wᵀ + Ψ), through the dense covariance."""
        covariance = self.loadings @ self.loadings.T + np.diag(self.noise)
        return float(sum(log_density(row, self.mean, covariance) for row in self.x))

    def _mean_gradient(self, q: Q) -> Array:
        return np.asarray((self._residuals(q.mean) / self.noise) @ self.loadings - q.mean)

    def _parameter_gradient_from(self, q: Q, covariances: Array) -> Gradient:
        """covariances: Σ_i S_i, shape (d, d)."""
        residuals = self._residuals(q.mean)
        squares = (residuals**2).sum(0) + ((self.loadings @ covariances) * self.loadings).sum(-1)
        loadings = (residuals.T @ q.mean - self.loadings @ covariances) / self.noise[:, None]
        by_dimension = (squares / self.noise - len(self.x)) / (2 * self.noise)
        return {"loadings": loadings, "mean": residuals.sum(0) / self.noise, **self._noise_gradient(by_dimension)}

    def sample_data(self, rng: np.random.Generator) -> Self:
        z = rng.normal(size=(len(self.x), self.loadings.shape[1]))
        return self.replace(x=rng.normal(z @ self.loadings.T + self.mean, np.sqrt(self.noise)))

    def log_joint(self, z: npt.NDArray[Any]) -> Array:
        squares = self._residuals(z) ** 2 / self.noise + LOG_2PI + np.log(self.noise)
        return np.asarray(-0.5 * (squares.sum((-1, -2)) + (np.asarray(z) ** 2 + LOG_2PI).sum((-1, -2))))

    def log_joint_gradient(self, z: npt.NDArray[Any]) -> Array:
        """∂ log p(x, z) / ∂z, shape (n, N, d)."""
        return np.asarray((self._residuals(z) / self.noise) @ self.loadings - z)

    def pieces(self, q: Q) -> Iterator[tuple[Self, Q]]:
        for i in range(len(self.x)):
            part = {name: array[i : i + 1] for name, array in q.arrays().items()}
            yield self.replace(x=self.x[i : i + 1]), q.replace(**part)


@dataclass(frozen=True, eq=False)
class FactorAnalysis(FactorModel[MultivariateNormal]):
    """z_i ~ N(0, I), x_i | z_i ~ N(loadings z_i + mean, diag noise_variances); q has full covariances.

    x                data, shape (N, D)
    loadings         W, shape (D, d);   mean  shape (D,)
    noise_variances  Ψ, shape (D,)
    Samples z have shape (n, N, d).
    """

    name: ClassVar[str] = "factor-analysis"
    title: ClassVar[str] = "Factor analysis"
    formulas: ClassVar[Formulas] = Formulas(
        joint=r"p(x, z) = \prod_i \mathcal N(z_i; 0, I)\, \mathcal N(x_i; W z_i + \mu, \Psi)",
        evidence=(
            r"\log p(x) = \sum_i \log \mathcal N(x_i; W \hat m_i + \mu, \Psi) - \frac12 |\hat m_i|^2"
            r" - \frac12 \log\det \Lambda,\quad \Lambda = I + W^\top \Psi^{-1} W"
        ),
        elbo=(
            r"\sum_i \log \mathcal N(x_i; W m_i + \mu, \Psi) - \frac12 \operatorname{tr} \Psi^{-1} W S_i W^\top"
            r" - \operatorname{KL}(\mathcal N(m_i, S_i) \,\|\, \mathcal N(0, I))"
        ),
        gap=r"\sum_i \operatorname{KL}\left(\mathcal N(m_i, S_i) \,\|\, \mathcal N(\hat m_i, \Lambda^{-1})\right)",
        second_route="dense covariance",
    )
    shapes: ClassVar[dict[str, tuple[int, int]]] = {"points": (2, 4), "latents": (2, 3), "dimension": (4, 6)}

    noise_variances: Positives

    @classmethod
    def random(
        cls, rng: np.random.Generator, points: int = 3, latents: int = 2, dimension: int = 5
    ) -> FactorAnalysis:
        x, loadings = np.zeros((points, dimension)), rng.normal(size=(dimension, latents))
        return cls(x, loadings, rng.normal(size=dimension), rng.uniform(0.2, 2, size=dimension)).sample_data(rng)

    @property
    def noise(self) -> Array:
        return self.noise_variances

    def _noise_gradient(self, by_dimension: Array) -> Gradient:
        return {"noise_variances": by_dimension}

    def elbo_sum(self, q: MultivariateNormal) -> Sum:
        reached = ((self.loadings @ q.scale_tril) ** 2).sum(-1)
        return self._elbo_from(q, reached, diagonal(q.covariance))

    def gap_sum(self, q: MultivariateNormal) -> Sum:
        return q.kl_sum(self.posterior_q())

    def random_q(self, rng: np.random.Generator) -> MultivariateNormal:
        points, latents = len(self.x), self.loadings.shape[1]
        return MultivariateNormal(rng.normal(size=(points, latents)), random_scale_tril(rng, (points,), latents))

    def posterior_q(self) -> MultivariateNormal:
        return normal_from_precision(self.posterior_means(), self.precision())

    def elbo_gradient(self, q: MultivariateNormal) -> Gradient:
        spread = np.tril(-self.precision() @ q.scale_tril)
        return {"mean": self._mean_gradient(q), "scale_tril": spread + q.entropy_gradient()["scale_tril"]}

    def parameter_gradient(self, q: MultivariateNormal) -> Gradient:
        return self._parameter_gradient_from(q, q.covariance.sum(0))


@dataclass(frozen=True, eq=False)
class ProbabilisticPCA(FactorModel[Normal]):
    """z_i ~ N(0, I), x_i | z_i ~ N(loadings z_i + mean, noise_variance I); q has independent coordinates.

    This is a linear VAE with the usual diagonal q.  The family contains the posterior iff the columns of the loadings
    are orthogonal, the canonical form of PPCA, which `random` draws.
    x               data, shape (N, D)
    loadings        W, shape (D, d);   mean  shape (D,)
    noise_variance  σ²
    Samples z have shape (n, N, d).
    """

    name: ClassVar[str] = "ppca"
    title: ClassVar[str] = "Probabilistic PCA (linear VAE)"
    formulas: ClassVar[Formulas] = Formulas(
        joint=r"p(x, z) = \prod_i \mathcal N(z_i; 0, I)\, \mathcal N(x_i; W z_i + \mu, \sigma^2 I)",
        evidence=FactorAnalysis.formulas.evidence.replace(r"\Psi^{-1}", r"\sigma^{-2}").replace(r"\Psi", r"\sigma^2 I"),
        elbo=(
            r"\sum_i \log \mathcal N(x_i; W m_i + \mu, \sigma^2 I) - \frac1{2\sigma^2} \sum_j v_{ij} |w_j|^2"
            r" + \frac12 \sum_j \left(1 + \log v_{ij} - m_{ij}^2 - v_{ij}\right)"
        ),
        gap=(
            r"\frac12 \sum_i \left(\sum_j \left(\Lambda_{jj} v_{ij} - 1 - \log \Lambda_{jj} v_{ij}\right)"
            r" + (m_i - \hat m_i)^\top \Lambda (m_i - \hat m_i) + \log \frac{\prod_j \Lambda_{jj}}{\det \Lambda}\right)"
        ),
        second_route="dense covariance",
    )
    shapes: ClassVar[dict[str, tuple[int, int]]] = {"points": (2, 4), "latents": (2, 3), "dimension": (4, 6)}

    noise_variance: Positive

    @classmethod
    def random(
        cls, rng: np.random.Generator, points: int = 3, latents: int = 2, dimension: int = 5
    ) -> ProbabilisticPCA:
        basis, _ = np.linalg.qr(rng.normal(size=(dimension, latents)))
        loadings = basis * rng.uniform(0.5, 2.5, size=latents)
        x, mean = np.zeros((points, dimension)), rng.normal(size=dimension)
        return cls(x, loadings, mean, rng.uniform(0.2, 2)).sample_data(rng)

    @property
    def noise(self) -> Array:
        return np.full(len(self.mean), self.noise_variance)

    @property
    def contains_posterior(self) -> bool:
        precision = self.precision()
        off = np.abs(precision - np.diag(diagonal(precision))).max()
        return bool(off <= ULPS_PER_TERM * UNIT_ROUNDOFF * len(self.mean) * diagonal(precision).max())

    def _noise_gradient(self, by_dimension: Array) -> Gradient:
        return {"noise_variance": np.asarray(by_dimension.sum())}

    def elbo_sum(self, q: Normal) -> Sum:
        return self._elbo_from(q, q.variance @ (self.loadings**2).T, q.variance)

    def gap_sum(self, q: Normal) -> Sum:
        return mean_field_gap(q, self.posterior_means(), self.precision())

    def random_q(self, rng: np.random.Generator) -> Normal:
        shape = (len(self.x), self.loadings.shape[1])
        return Normal(rng.normal(size=shape), rng.uniform(0.1, 2, size=shape))

    def posterior_q(self) -> Normal:
        """The posterior for orthogonal loadings, otherwise the best q with independent coordinates."""
        means = self.posterior_means()
        return Normal(means, np.broadcast_to(1 / diagonal(self.precision()), means.shape))

    def elbo_gradient(self, q: Normal) -> Gradient:
        return {"mean": self._mean_gradient(q), "variance": (1 / q.variance - diagonal(self.precision())) / 2}

    def parameter_gradient(self, q: Normal) -> Gradient:
        return self._parameter_gradient_from(q, np.diag(q.variance.sum(0)))
