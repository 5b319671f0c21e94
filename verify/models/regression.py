"""Bayesian linear regression with a full-covariance q and with a mean-field q.

The mean-field family does not contain the posterior; its best member has the posterior's mean and the inverse diagonal
of its precision Λ, and misses log p(y) by exactly ½ log(Π Λ_ii / det Λ).

Source: C. M. Bishop, Pattern Recognition and Machine Learning (2006), sections 3.3, 3.5 and 10.1.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt

from verify.models.base import Formulas, SolvableModel
from verify.models.families.normal import MultivariateNormal, Normal, solve
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
from verify.models.sums import Sum, lost

Q = TypeVar("Q", MultivariateNormal, Normal)
_JOINT = r"p(y, w) = \mathcal N(w; m, \operatorname{diag} v) \prod_i \mathcal N(y_i; \phi_i^\top w, \sigma^2)"
_EVIDENCE = (
    r"\log p(y) = \sum_i \log \mathcal N(y_i; \phi_i^\top \hat m, \sigma^2)"
    r" + \log \mathcal N(\hat m; m, \operatorname{diag} v) + \frac d2 \log 2\pi - \frac12 \log\det\Lambda,"
    r"\quad \Lambda = \operatorname{diag} v^{-1} + \sigma^{-2} \Phi^\top \Phi"
)
_ELBO = (
    r"\sum_i \log \mathcal N(y_i; \phi_i^\top m_q, \sigma^2) - \frac1{2\sigma^2} \operatorname{tr} \Phi S_q \Phi^\top"
    r" - \operatorname{KL}(\mathcal N(m_q, S_q) \,\|\, \mathcal N(m, \operatorname{diag} v))"
)


@dataclass(frozen=True, eq=False)
class Regression(SolvableModel[Q], Generic[Q]):
    """z ~ N(prior_mean, diag prior_variance), y_i | z ~ N(features_i · z, noise_variance).

    y               targets, shape (N,)
    features        Φ, shape (N, d)
    prior_mean      shape (d,);  prior_variance  shape (d,)
    noise_variance  σ²
    The latent z are the regression weights; samples have shape (n, d).
    """

    shapes: ClassVar[dict[str, tuple[int, int]]] = {"points": (3, 6), "latents": (2, 4)}
    quadratic: ClassVar[bool] = True

    y: Observed
    features: Observed
    prior_mean: Reals
    prior_variance: Positives
    noise_variance: Positive

    @classmethod
    def random(cls, rng: np.random.Generator, points: int = 5, latents: int = 3) -> Self:
        mixing = np.eye(latents) + 0.6 * np.triu(rng.normal(size=(latents, latents)), 1)
        features = rng.normal(size=(points, latents)) @ mixing
        prior = rng.normal(size=latents), rng.uniform(0.3, 3, size=latents)
        return cls(np.zeros(points), features, prior[0], prior[1], rng.uniform(0.1, 1)).sample_data(rng)

    def sample_data(self, rng: np.random.Generator) -> Self:
        z = rng.normal(self.prior_mean, np.sqrt(self.prior_variance))
        return self.replace(y=rng.normal(self.features @ z, np.sqrt(self.noise_variance)))

    def precision(self) -> Array:
        """The posterior precision Λ, shape (d, d)."""
        return symmetric_part(np.diag(1 / self.prior_variance) + self.features.T @ self.features / self.noise_variance)

    def posterior_mean(self) -> Array:
        """The posterior mean, shape (d,)."""
        pull = self.features.T @ (self.y - self.features @ self.prior_mean) / self.noise_variance
        return np.asarray(self.prior_mean + solve(self.precision(), pull))

    def _log_joint_terms(self, z: Array) -> dict[str, Any]:
        """Terms of log p(y, z) for one z, but for those with log 2π of the prior."""
        constants = np.full(len(self.y), LOG_2PI + np.log(self.noise_variance))
        squares = (self.y - self.features @ z) ** 2 / self.noise_variance
        away = (z - self.prior_mean) ** 2 / self.prior_variance
        return {
            "log_likelihood": -0.5 * np.append(constants, squares),
            "log_prior": -0.5 * np.append(np.log(self.prior_variance), away),
        }

    def _lost(self, z: Array) -> float:
        """What the squares of log p(y, z) lose by subtracting."""
        noise, prior = np.sqrt(self.noise_variance), np.sqrt(self.prior_variance)
        seen = lost((self.y - self.features @ z) / noise, (np.abs(self.y) + np.abs(self.features) @ np.abs(z)) / noise)
        return seen + lost((z - self.prior_mean) / prior, (np.abs(z) + np.abs(self.prior_mean)) / prior)

    def _condition(self) -> float:
        return float(np.linalg.cond(self.precision()))

    def evidence_sum(self) -> Sum:
        volume = -0.5 * log_determinant_terms(self.precision())
        mean = self.posterior_mean()
        inside = self._lost(mean)
        return Sum.of(condition=self._condition(), inside=inside, volume=volume, **self._log_joint_terms(mean))

    def _elbo_from(self, q: Q, reached: Array, variances: Array) -> Sum:
        """reached: φ_iᵀ S φ_i for every i; variances: the diagonal of S."""
        terms = self._log_joint_terms(q.mean)
        prior = np.append(terms["log_prior"], -0.5 * variances / self.prior_variance)
        return Sum.of(
            condition=self._condition(),
            inside=self._lost(q.mean),
            log_likelihood=np.append(terms["log_likelihood"], -0.5 * reached / self.noise_variance),
            log_prior=np.append(prior, np.full(len(q.mean), -0.5 * LOG_2PI)),
            entropy=q.entropy_terms(),
        )

    def log_evidence_independent(self) -> float:
        """y ~ N(Φ m, Φ diag(v) Φᵀ + σ² I), through the dense covariance."""
        covariance = (self.features * self.prior_variance) @ self.features.T
        covariance = covariance + self.noise_variance * np.eye(len(self.y))
        return log_density(self.y, self.features @ self.prior_mean, covariance)

    def _parameter_gradient_from(self, q: Q, reached: Array, variances: Array) -> Gradient:
        away, prior = q.mean - self.prior_mean, self.prior_variance
        squares = (self.y - self.features @ q.mean) ** 2 + reached
        return {
            "prior_mean": away / prior,
            "prior_variance": ((variances + away**2) / prior - 1) / (2 * prior),
            "noise_variance": np.asarray((squares / self.noise_variance - 1).sum() / (2 * self.noise_variance)),
        }

    def log_joint(self, z: npt.NDArray[Any]) -> Array:
        squares = (self.y - z @ self.features.T) ** 2 / self.noise_variance + LOG_2PI + np.log(self.noise_variance)
        prior = Normal(self.prior_mean, self.prior_variance).log_density(z)
        return np.asarray(prior - 0.5 * squares.sum(-1))

    def log_joint_gradient(self, z: npt.NDArray[Any]) -> Array:
        """∂ log p(y, z) / ∂z, shape (n, d)."""
        pull = (self.y - z @ self.features.T) @ self.features / self.noise_variance
        return np.asarray(pull - (z - self.prior_mean) / self.prior_variance)


@dataclass(frozen=True, eq=False)
class BayesianLinearRegression(Regression[MultivariateNormal]):
    """Bayesian linear regression; q has a full covariance."""

    name: ClassVar[str] = "linear-regression"
    title: ClassVar[str] = "Bayesian linear regression"
    formulas: ClassVar[Formulas] = Formulas(
        joint=_JOINT,
        evidence=_EVIDENCE,
        elbo=_ELBO,
        gap=r"\operatorname{KL}\left(\mathcal N(m_q, S_q) \,\|\, \mathcal N(\hat m, \Lambda^{-1})\right)",
        second_route="dense covariance of all data",
    )

    def _reached(self, q: MultivariateNormal) -> Array:
        return np.asarray(((self.features @ q.scale_tril) ** 2).sum(-1))

    def elbo_sum(self, q: MultivariateNormal) -> Sum:
        return self._elbo_from(q, self._reached(q), diagonal(q.covariance))

    def gap_sum(self, q: MultivariateNormal) -> Sum:
        return q.kl_sum(self.posterior_q())

    def random_q(self, rng: np.random.Generator) -> MultivariateNormal:
        size = len(self.prior_mean)
        return MultivariateNormal(rng.normal(size=size), random_scale_tril(rng, (), size))

    def posterior_q(self) -> MultivariateNormal:
        return normal_from_precision(self.posterior_mean(), self.precision())

    def elbo_gradient(self, q: MultivariateNormal) -> Gradient:
        spread = np.tril(-self.precision() @ q.scale_tril)
        slope = self.log_joint_gradient(q.mean[None])[0]
        return {"mean": slope, "scale_tril": spread + q.entropy_gradient()["scale_tril"]}

    def parameter_gradient(self, q: MultivariateNormal) -> Gradient:
        return self._parameter_gradient_from(q, self._reached(q), diagonal(q.covariance))


@dataclass(frozen=True, eq=False)
class MeanFieldLinearRegression(Regression[Normal]):
    """Bayesian linear regression; q has independent coordinates and cannot reach the posterior."""

    name: ClassVar[str] = "linear-regression-mean-field"
    title: ClassVar[str] = "Bayesian linear regression, mean field"
    formulas: ClassVar[Formulas] = Formulas(
        joint=_JOINT,
        evidence=_EVIDENCE,
        elbo=_ELBO.replace("S_q", r"\operatorname{diag} v_q"),
        gap=(
            r"\frac12 \left(\sum_i \left(\Lambda_{ii} v_i - 1 - \log \Lambda_{ii} v_i\right)"
            r" + (m_q - \hat m)^\top \Lambda (m_q - \hat m) + \log \frac{\prod_i \Lambda_{ii}}{\det \Lambda}\right)"
        ),
        second_route="dense covariance of all data",
    )

    @property
    def contains_posterior(self) -> bool:
        return False

    def _reached(self, q: Normal) -> Array:
        return np.asarray(self.features**2 @ q.variance)

    def elbo_sum(self, q: Normal) -> Sum:
        return self._elbo_from(q, self._reached(q), q.variance)

    def gap_sum(self, q: Normal) -> Sum:
        return mean_field_gap(q, self.posterior_mean(), self.precision())

    def random_q(self, rng: np.random.Generator) -> Normal:
        size = len(self.prior_mean)
        return Normal(rng.normal(size=size), rng.uniform(0.1, 2, size=size))

    def posterior_q(self) -> Normal:
        """The best q with independent coordinates; its gap is ½ log(Π Λ_ii / det Λ) > 0."""
        return Normal(self.posterior_mean(), 1 / diagonal(self.precision()))

    def elbo_gradient(self, q: Normal) -> Gradient:
        slope = self.log_joint_gradient(q.mean[None])[0]
        return {"mean": slope, "variance": (1 / q.variance - diagonal(self.precision())) / 2}

    def parameter_gradient(self, q: Normal) -> Gradient:
        return self._parameter_gradient_from(q, self._reached(q), q.variance)
