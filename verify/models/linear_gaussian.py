"""The linear-Gaussian model in d dimensions: one latent vector shared by all observations.

Source: C. M. Bishop, Pattern Recognition and Machine Learning (2006), section 2.3.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from verify.models.base import Formulas, SolvableModel
from verify.models.families.normal import MultivariateNormal, solve
from verify.models.gaussian import (
    cholesky,
    log_density,
    log_determinant_terms,
    normal_from_precision,
    random_covariance,
    random_scale_tril,
    symmetric_part,
)
from verify.models.records import Array, Covariance, Gradient, Observed, Reals
from verify.models.special import LOG_2PI
from verify.models.sums import Sum, lost


@dataclass(frozen=True, eq=False)
class LinearGaussian(SolvableModel[MultivariateNormal]):
    """z ~ N(prior_mean, prior_covariance), x_i | z ~ N(weights z + offset, noise_covariance).

    x                 data, shape (N, D)
    prior_mean        shape (d,);     prior_covariance  shape (d, d)
    weights           shape (D, d);   offset            shape (D,)
    noise_covariance  shape (D, D)
    Samples z have shape (n, d).
    """

    name: ClassVar[str] = "linear-gaussian"
    title: ClassVar[str] = "Linear-Gaussian model"
    formulas: ClassVar[Formulas] = Formulas(
        joint=r"p(x, z) = \mathcal N(z; m, S) \prod_i \mathcal N(x_i; A z + b, R)",
        evidence=(
            r"\log p(x) = \log p(x, \hat m) - \log \mathcal N(\hat m; \hat m, \hat S),\quad"
            r" \hat S^{-1} = S^{-1} + N A^\top R^{-1} A"
        ),
        elbo=(
            r"\sum_i \log \mathcal N(x_i; A m_q + b, R) - \frac N2 \operatorname{tr} R^{-1} A S_q A^\top"
            r" - \operatorname{KL}(\mathcal N(m_q, S_q) \,\|\, \mathcal N(m, S))"
        ),
        gap=r"\operatorname{KL}\left(\mathcal N(m_q, S_q) \,\|\, \mathcal N(\hat m, \hat S)\right)",
        second_route="dense covariance of all data",
    )
    shapes: ClassVar[dict[str, tuple[int, int]]] = {"points": (2, 4), "latents": (2, 3), "dimension": (2, 4)}
    quadratic: ClassVar[bool] = True

    x: Observed
    prior_mean: Reals
    prior_covariance: Covariance
    weights: Reals
    offset: Reals
    noise_covariance: Covariance

    @classmethod
    def random(
        cls, rng: np.random.Generator, points: int = 3, latents: int = 2, dimension: int = 3
    ) -> LinearGaussian:
        prior, noise = random_covariance(rng, latents), random_covariance(rng, dimension)
        weights, offset = rng.normal(size=(dimension, latents)), rng.normal(size=dimension)
        x = np.zeros((points, dimension))
        return cls(x, rng.normal(size=latents), prior, weights, offset, noise).sample_data(rng)

    def sample_data(self, rng: np.random.Generator) -> LinearGaussian:
        z = rng.multivariate_normal(self.prior_mean, self.prior_covariance)
        centre = self.weights @ z + self.offset
        return self.replace(x=rng.multivariate_normal(centre, self.noise_covariance, size=len(self.x)))

    def _precision(self) -> Array:
        seen = self.weights.T @ np.linalg.solve(self.noise_covariance, self.weights)
        return symmetric_part(np.linalg.inv(self.prior_covariance) + len(self.x) * seen)

    def _residuals(self, z: Array) -> Array:
        """x_i - A z - b for every z along the leading axes; shape (…, N, D)."""
        return np.asarray(self.x - (z @ self.weights.T + self.offset)[..., None, :])

    def _white(self, residuals: Array) -> Array:
        return solve(cholesky(self.noise_covariance), residuals)

    def posterior_q(self) -> MultivariateNormal:
        precision = self._precision()
        pull = self.weights.T @ solve(self.noise_covariance, self._residuals(self.prior_mean).sum(0))
        return normal_from_precision(self.prior_mean + solve(precision, pull), precision)

    def _log_joint_terms(self, z: Array) -> dict[str, Any]:
        """Terms of log p(x, z) for one z, but for those with log 2π of the prior."""
        likelihood = log_determinant_terms(self.noise_covariance) + LOG_2PI
        away = solve(cholesky(self.prior_covariance), z - self.prior_mean)
        squares = self._white(self._residuals(z)) ** 2
        return {
            "log_likelihood": -0.5 * np.append(np.tile(likelihood, len(self.x)), squares),
            "log_prior": -0.5 * np.append(log_determinant_terms(self.prior_covariance), away**2),
        }

    def _lost(self, z: Array) -> float:
        """What the squares of log p(x, z) lose by subtracting."""
        seen = np.abs(self.x) + np.abs(self.offset) + np.abs(self.weights) @ np.abs(z)
        white = np.abs(np.linalg.inv(cholesky(self.noise_covariance)))
        prior = np.abs(np.linalg.inv(cholesky(self.prior_covariance))) @ (np.abs(z) + np.abs(self.prior_mean))
        away = solve(cholesky(self.prior_covariance), z - self.prior_mean)
        return lost(self._white(self._residuals(z)), seen @ white.T) + lost(away, prior)

    def evidence_sum(self) -> Sum:
        mean = self.posterior_q().mean
        volume = -0.5 * log_determinant_terms(self._precision())
        inside = self._lost(mean)
        return Sum.of(condition=self._condition(), inside=inside, volume=volume, **self._log_joint_terms(mean))

    def _condition(self) -> float:
        matrices = (self.prior_covariance, self.noise_covariance, self._precision())
        return float(max(np.linalg.cond(matrix) for matrix in matrices))

    def elbo_sum(self, q: MultivariateNormal) -> Sum:
        terms = self._log_joint_terms(q.mean)
        seen = self._white((self.weights @ q.scale_tril).T) ** 2
        prior = np.linalg.solve(cholesky(self.prior_covariance), q.scale_tril) ** 2
        constants = np.full(len(self.prior_mean), -0.5 * LOG_2PI)
        return Sum.of(
            condition=self._condition(),
            inside=self._lost(q.mean),
            log_likelihood=np.append(terms["log_likelihood"], -0.5 * len(self.x) * seen),
            log_prior=np.concatenate([terms["log_prior"], -0.5 * prior.ravel(), constants]),
            entropy=q.entropy_terms(),
        )

    def gap_sum(self, q: MultivariateNormal) -> Sum:
        return q.kl_sum(self.posterior_q())

    def log_evidence_independent(self) -> float:
        """All data as one vector with covariance 1 1ᵀ ⊗ A S Aᵀ + I ⊗ R."""
        points = len(self.x)
        shared = self.weights @ self.prior_covariance @ self.weights.T
        covariance = np.kron(np.ones((points, points)), shared) + np.kron(np.eye(points), self.noise_covariance)
        mean = np.tile(self.weights @ self.prior_mean + self.offset, points)
        return log_density(self.x.ravel(), mean, covariance)

    def random_q(self, rng: np.random.Generator) -> MultivariateNormal:
        size = len(self.prior_mean)
        return MultivariateNormal(rng.normal(size=size), random_scale_tril(rng, (), size))

    def elbo_gradient(self, q: MultivariateNormal) -> Gradient:
        slope = self.log_joint_gradient(q.mean[None])[0]
        spread = np.tril(-self._precision() @ q.scale_tril)
        return {"mean": slope, "scale_tril": spread + q.entropy_gradient()["scale_tril"]}

    def parameter_gradient(self, q: MultivariateNormal) -> Gradient:
        residuals, covariance = self._residuals(q.mean), q.covariance
        noise, prior = np.linalg.inv(self.noise_covariance), np.linalg.inv(self.prior_covariance)
        away, points = q.mean - self.prior_mean, len(self.x)
        scatter = residuals.T @ residuals + points * self.weights @ covariance @ self.weights.T
        weights = np.outer(residuals.sum(0), q.mean) - points * self.weights @ covariance
        return {
            "prior_mean": prior @ away,
            "prior_covariance": (prior @ (covariance + np.outer(away, away)) @ prior - prior) / 2,
            "weights": noise @ weights,
            "offset": noise @ residuals.sum(0),
            "noise_covariance": (noise @ scatter @ noise - points * noise) / 2,
        }

    def log_joint(self, z: npt.NDArray[Any]) -> Array:
        prior = MultivariateNormal(self.prior_mean, cholesky(self.prior_covariance))
        noise = np.tile(cholesky(self.noise_covariance), (len(self.x), 1, 1))
        likelihood = MultivariateNormal(np.zeros_like(self.x), noise)
        return prior.log_density(z) + likelihood.log_density(self._residuals(z))

    def log_joint_gradient(self, z: npt.NDArray[Any]) -> Array:
        """∂ log p(x, z) / ∂z, shape (n, d)."""
        pull = solve(self.noise_covariance, self._residuals(z).sum(-2)) @ self.weights
        return np.asarray(pull - solve(self.prior_covariance, np.asarray(z - self.prior_mean)))
