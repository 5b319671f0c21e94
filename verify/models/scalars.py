"""One or two latent numbers shared by all observations: normal mean, log-normal scale, unknown mean and variance.

Sources: A. Gelman et al., Bayesian Data Analysis (3rd ed. 2013), sections 2.5 and 3.3; K. P. Murphy, Conjugate Bayesian
analysis of the Gaussian distribution (2007).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from verify.models.base import Formulas, SolvableModel
from verify.models.families.conjugate import Gamma, NormalInverseGamma
from verify.models.families.normal import LogNormal, Normal, normal_kl_terms
from verify.models.quadrature import log_integral
from verify.models.records import Array, Gradient, Observed, Positive, Real
from verify.models.special import LOG_2PI, digamma, log_gamma, trigamma
from verify.models.sums import Sum, lost

_NORMAL_ELBO = (
    r"-\frac{N}{2} \log 2\pi\sigma^2 - \frac{1}{2\sigma^2} \sum_i \left((x_i - m_q)^2 + v_q\right)"
    r" - \operatorname{KL}\left(\mathcal N(m_q, v_q) \,\|\, \mathcal N(m, v)\right)"
)


@dataclass(frozen=True, eq=False)
class NormalNormal(SolvableModel[Normal]):
    """z ~ N(prior_mean, prior_variance), x_i | z ~ N(z, likelihood_variance).

    x  data, shape (N,); z is one number, samples have shape (n,)
    """

    name: ClassVar[str] = "normal-normal"
    title: ClassVar[str] = "Normal–normal"
    formulas: ClassVar[Formulas] = Formulas(
        joint=r"p(x, z) = \mathcal N(z; m, v) \prod_i \mathcal N(x_i; z, \sigma^2)",
        evidence=(
            r"\log p(x) = -\frac{N}{2} \log 2\pi\sigma^2 + \frac12 \log\frac{\hat v}{v}"
            r" - \sum_i \frac{(x_i - \hat m)^2}{2\sigma^2} - \frac{(\hat m - m)^2}{2v},\quad"
            r" \hat v = \left(\frac1v + \frac{N}{\sigma^2}\right)^{-1}"
        ),
        elbo=_NORMAL_ELBO,
        gap=r"\frac12 \left(\log \frac{\hat v}{v_q} + \frac{v_q + (m_q - \hat m)^2}{\hat v} - 1\right)",
        second_route="trapezoid rule",
    )
    shapes: ClassVar[dict[str, tuple[int, int]]] = {"points": (2, 6)}
    quadratic: ClassVar[bool] = True

    x: Observed
    prior_mean: Real
    prior_variance: Positive
    likelihood_variance: Positive

    @classmethod
    def random(cls, rng: np.random.Generator, points: int = 4) -> NormalNormal:
        mean, variances = rng.normal(), rng.uniform(0.2, 3, size=2)
        return cls(np.zeros(points), mean, variances[0], variances[1]).sample_data(rng)

    def sample_data(self, rng: np.random.Generator) -> NormalNormal:
        z = rng.normal(self.prior_mean, math.sqrt(self.prior_variance))
        return self.replace(x=rng.normal(z, math.sqrt(self.likelihood_variance), size=len(self.x)))

    def posterior_q(self) -> Normal:
        precision = 1 / self.prior_variance + len(self.x) / self.likelihood_variance
        pull = math.fsum([self.prior_mean / self.prior_variance, *(self.x / self.likelihood_variance).tolist()])
        return Normal.scalar(pull / precision, 1 / precision)

    def evidence_sum(self) -> Sum:
        posterior = self.posterior_q()
        away = (self.x - posterior.mean) ** 2 / self.likelihood_variance
        shrink = math.log1p(len(self.x) * self.prior_variance / self.likelihood_variance)
        return Sum.of(
            inside=self._lost(posterior.mean),
            likelihood=-0.5 * np.concatenate([away, np.full(len(away), LOG_2PI + math.log(self.likelihood_variance))]),
            prior=-0.5 * (posterior.mean - self.prior_mean) ** 2 / self.prior_variance,
            volume=-0.5 * shrink,
        )

    def _lost(self, z: Array) -> float:
        """What the squares of log p(x, z) lose by subtracting."""
        noise, prior = math.sqrt(self.likelihood_variance), math.sqrt(self.prior_variance)
        seen = lost((self.x - z) / noise, (np.abs(self.x) + np.abs(z)) / noise)
        return seen + lost((z - self.prior_mean) / prior, (np.abs(z) + abs(self.prior_mean)) / prior)

    def elbo_sum(self, q: Normal) -> Sum:
        likelihood = self.likelihood_variance
        constants = np.full(len(self.x), LOG_2PI + math.log(likelihood))
        spread = np.full(len(self.x), q.variance / likelihood)
        squares = (self.x - q.mean) ** 2 / likelihood
        away = (q.mean - self.prior_mean) ** 2 / self.prior_variance
        prior = [LOG_2PI, math.log(self.prior_variance), away, q.variance / self.prior_variance]
        return Sum.of(
            inside=self._lost(q.mean),
            log_likelihood=-0.5 * np.concatenate([constants, squares, spread]),
            log_prior=-0.5 * np.array(prior),
            entropy=q.entropy_terms(),
        )

    def gap_sum(self, q: Normal) -> Sum:
        posterior = self.posterior_q()
        # The posterior mean is a sum of pulls that may cancel; its rounding enters through m_q - m.
        pulls = abs(self.prior_mean) / self.prior_variance + np.abs(self.x).sum() / self.likelihood_variance
        scale = np.sqrt(posterior.variance)
        inside = lost((q.mean - posterior.mean) / scale, pulls * scale)
        return Sum.of(inside=inside, kl=normal_kl_terms(q.mean, q.variance, posterior.mean, posterior.variance))

    def log_evidence_independent(self) -> float:
        """log ∫ p(x, z) dz by the trapezoid rule around the mean of the data and the prior mean."""
        ends = [float(self.x.mean()), self.prior_mean]
        narrow = min(self.likelihood_variance / len(self.x), self.prior_variance)
        precise = ends[0] if self.likelihood_variance / len(self.x) < self.prior_variance else ends[1]
        return log_integral(self.log_joint, precise, math.sqrt(narrow)).value

    def random_q(self, rng: np.random.Generator) -> Normal:
        return Normal.scalar(rng.normal(scale=1.5), rng.uniform(0.1, 3))

    def elbo_gradient(self, q: Normal) -> Gradient:
        precision = 1 / self.prior_variance + len(self.x) / self.likelihood_variance
        pull = (self.x - q.mean).sum() / self.likelihood_variance - (q.mean - self.prior_mean) / self.prior_variance
        return {"mean": np.asarray(pull), "variance": np.asarray(0.5 / q.variance - 0.5 * precision)}

    def parameter_gradient(self, q: Normal) -> Gradient:
        away, prior, likelihood = q.mean - self.prior_mean, self.prior_variance, self.likelihood_variance
        residual = (self.x - q.mean) ** 2 + q.variance
        return {
            "prior_mean": np.asarray(away / prior),
            "prior_variance": np.asarray(((q.variance + away**2) / prior - 1) / (2 * prior)),
            "likelihood_variance": np.asarray((residual / likelihood - 1).sum() / (2 * likelihood)),
        }

    def log_joint(self, z: npt.NDArray[Any]) -> Array:
        latent = np.asarray(z, dtype=np.float64)
        squares = ((self.x - latent[:, None]) ** 2).sum(-1) / self.likelihood_variance
        constants = len(self.x) * (LOG_2PI + math.log(self.likelihood_variance))
        prior = Normal.scalar(self.prior_mean, self.prior_variance).log_density(latent)
        return np.asarray(prior - 0.5 * (constants + squares))

    def log_joint_gradient(self, z: npt.NDArray[Any]) -> Array:
        """∂ log p(x, z) / ∂z, shape (n,)."""
        pull = (self.x - np.asarray(z)[:, None]).sum(-1) / self.likelihood_variance
        return np.asarray(pull - (z - self.prior_mean) / self.prior_variance)


@dataclass(frozen=True, eq=False)
class LogNormalLogNormal(SolvableModel[LogNormal]):
    """log z ~ N(prior_mean, prior_variance), log x_i | z ~ N(log z, likelihood_variance): positive data and latent.

    The normal–normal model in other coordinates; the Jacobians of x and of z enter every formula.
    x  positive data, shape (N,); z is one positive number, samples have shape (n,)
    """

    name: ClassVar[str] = "log-normal"
    title: ClassVar[str] = "Log-normal–log-normal"
    formulas: ClassVar[Formulas] = Formulas(
        joint=r"p(x, z) = \mathrm{LogNormal}(z; m, v) \prod_i \mathrm{LogNormal}(x_i; \log z, \sigma^2)",
        evidence=r"\log p(x) = \log p_{\text{normal–normal}}(\log x) - \sum_i \log x_i",
        elbo=_NORMAL_ELBO.replace("x_i", r"\log x_i") + r" - \sum_i \log x_i",
        gap=r"\operatorname{KL}\left(\mathcal N(m_q, v_q) \,\|\, \mathcal N(\hat m, \hat v)\right)",
        second_route="trapezoid rule in log z",
    )
    shapes: ClassVar[dict[str, tuple[int, int]]] = {"points": (2, 6)}

    x: Observed
    prior_mean: Real
    prior_variance: Positive
    likelihood_variance: Positive

    @classmethod
    def random(cls, rng: np.random.Generator, points: int = 4) -> LogNormalLogNormal:
        mean, variances = rng.normal(), rng.uniform(0.2, 2, size=2)
        return cls(np.ones(points), mean, variances[0], variances[1]).sample_data(rng)

    def in_logs(self) -> NormalNormal:
        """The normal–normal model of log x and log z."""
        return NormalNormal(np.log(self.x), self.prior_mean, self.prior_variance, self.likelihood_variance)

    def sample_data(self, rng: np.random.Generator) -> LogNormalLogNormal:
        return self.replace(x=np.exp(self.in_logs().sample_data(rng).x))

    def evidence_sum(self) -> Sum:
        inner = self.in_logs().evidence_sum()
        return Sum.of(inside=inner.magnitude, normal=inner.value, jacobian=-np.log(self.x))

    def elbo_sum(self, q: LogNormal) -> Sum:
        inner = self.in_logs().elbo_sum(q.of_log)
        normal = {name: value for name, value in inner.parts.items() if name != "entropy"}
        jacobian = np.append(-np.log(self.x), -q.mean)
        return Sum.of(inside=inner.magnitude, jacobian=jacobian, entropy=q.entropy_terms(), **normal)

    def gap_sum(self, q: LogNormal) -> Sum:
        return self.in_logs().gap_sum(q.of_log)

    def log_evidence_independent(self) -> float:
        """log ∫ p(x, e^u) e^u du by the trapezoid rule."""
        inner = self.in_logs()
        narrow = min(inner.likelihood_variance / len(inner.x), inner.prior_variance)
        return log_integral(lambda u: self.log_joint(np.exp(u)) + u, float(inner.x.mean()), math.sqrt(narrow)).value

    def random_q(self, rng: np.random.Generator) -> LogNormal:
        return LogNormal.scalar(rng.normal(scale=1.5), rng.uniform(0.1, 3))

    def posterior_q(self) -> LogNormal:
        inner = self.in_logs().posterior_q()
        return LogNormal(inner.mean, inner.variance)

    def elbo_gradient(self, q: LogNormal) -> Gradient:
        return self.in_logs().elbo_gradient(q.of_log)

    def parameter_gradient(self, q: LogNormal) -> Gradient:
        return self.in_logs().parameter_gradient(q.of_log)

    def log_joint(self, z: npt.NDArray[Any]) -> Array:
        safe = np.where(z > 0, z, 1.0)
        logs = self.in_logs().log_joint(np.log(safe)) - np.log(safe) - np.log(self.x).sum()
        return np.where(z > 0, logs, -np.inf)

    def log_joint_gradient(self, z: npt.NDArray[Any]) -> Array:
        """∂ log p(x, z) / ∂z, shape (n,)."""
        return np.asarray((self.in_logs().log_joint_gradient(np.log(z)) - 1) / z)


@dataclass(frozen=True, eq=False)
class NormalInverseGammaModel(SolvableModel[NormalInverseGamma]):
    """σ² ~ inverse-gamma(shape, scale), μ | σ² ~ N(mean, σ²/strength), x_i | μ, σ² ~ N(μ, σ²).

    x  data, shape (N,); z = (μ, σ²), samples have shape (n, 2)
    """

    name: ClassVar[str] = "normal-inverse-gamma"
    title: ClassVar[str] = "Normal with unknown mean and variance"
    formulas: ClassVar[Formulas] = Formulas(
        joint=r"p(x, \mu, \sigma^2) = \mathrm{NIG}(\mu, \sigma^2; m, k, a, b) \prod_i \mathcal N(x_i; \mu, \sigma^2)",
        evidence=(
            r"\log p(x) = \log \frac{\Gamma(\hat a)}{\Gamma(a)} + a \log b - \hat a \log \hat b"
            r" + \frac12 \log \frac{k}{\hat k} - \frac{N}{2} \log 2\pi"
        ),
        elbo=(
            r"\frac N2 \left(\psi(a_q) - \log b_q - \log 2\pi\right) - \frac12 \sum_i \left(\frac{a_q}{b_q}"
            r" (x_i - m_q)^2 + \frac1{k_q}\right) - \operatorname{KL}(q \,\|\, \mathrm{NIG}(m, k, a, b))"
        ),
        gap=r"\operatorname{KL}\left(q \,\|\, \mathrm{NIG}(\hat m, \hat k, \hat a, \hat b)\right)",
        second_route="sequential Student t",
    )
    shapes: ClassVar[dict[str, tuple[int, int]]] = {"points": (2, 7)}

    x: Observed
    mean: Real
    strength: Positive
    shape: Positive
    scale: Positive

    @classmethod
    def random(cls, rng: np.random.Generator, points: int = 5) -> NormalInverseGammaModel:
        strength, shape, scale = rng.uniform(0.3, 2), rng.uniform(1.2, 4), rng.uniform(0.5, 4)
        return cls(np.zeros(points), rng.normal(), strength, shape, scale).sample_data(rng)

    def sample_data(self, rng: np.random.Generator) -> NormalInverseGammaModel:
        centre, variance = self._prior().sample(rng, 1)[0]
        return self.replace(x=rng.normal(centre, math.sqrt(variance), size=len(self.x)))

    def _prior(self) -> NormalInverseGamma:
        return NormalInverseGamma(self.mean, self.strength, self.shape, self.scale)

    def posterior_q(self) -> NormalInverseGamma:
        count, centre = len(self.x), math.fsum(self.x.tolist()) / len(self.x)
        strength = self.strength + count
        mean = (self.strength * self.mean + count * centre) / strength
        within = ((self.x - centre) ** 2).sum()
        between = self.strength * count * (centre - self.mean) ** 2 / strength
        return NormalInverseGamma(mean, strength, self.shape + count / 2, self.scale + 0.5 * (within + between))

    def evidence_sum(self) -> Sum:
        after = self.posterior_q()
        gammas = [log_gamma(after.shape), -log_gamma(self.shape)]
        scales = [self.shape * math.log(self.scale), -after.shape * math.log(after.scale)]
        constants = [0.5 * math.log(self.strength / after.strength), -0.5 * len(self.x) * LOG_2PI]
        return Sum.of(gammas=gammas, scales=scales, constants=constants)

    def elbo_sum(self, q: NormalInverseGamma) -> Sum:
        precision, count = q.of_precision.mean(), len(self.x)
        mean_log = np.array([digamma(q.shape), -math.log(q.scale)])  # E[log 1/σ²]
        squares = precision * (self.x - q.mean) ** 2
        away = self.strength * (precision * (q.mean - self.mean) ** 2 + 1 / q.strength)
        location = [0.5 * mean_log, [-0.5 * LOG_2PI, 0.5 * math.log(self.strength), -0.5 * away]]
        normaliser = [self.shape * math.log(self.scale), -log_gamma(self.shape), -self.scale * precision]
        return Sum.of(
            log_likelihood=np.concatenate(
                [0.5 * count * mean_log, -0.5 * squares, [-0.5 * count * LOG_2PI, -0.5 * count / q.strength]]
            ),
            # The density of σ² is the gamma's of 1/σ² times (1/σ²)².
            log_prior=np.concatenate([*location, normaliser, (self.shape + 1) * mean_log]),
            entropy=q.entropy_terms(),
        )

    def gap_sum(self, q: NormalInverseGamma) -> Sum:
        return q.kl_sum(self.posterior_q())

    def log_evidence_independent(self) -> float:
        """Given the past, the next x is Student t; parameters updated one point at a time."""
        mean, strength, shape, scale = self.mean, self.strength, self.shape, self.scale
        logs = []
        for value in self.x.tolist():
            spread = 2 * scale * (strength + 1) / strength
            half = (value - mean) ** 2 / spread
            logs += [math.lgamma(shape + 0.5), -math.lgamma(shape), -0.5 * math.log(math.pi * spread)]
            logs.append(-(shape + 0.5) * math.log1p(half))
            scale += strength * (value - mean) ** 2 / (2 * (strength + 1))
            mean, strength, shape = (strength * mean + value) / (strength + 1), strength + 1, shape + 0.5
        return math.fsum(logs)

    def random_q(self, rng: np.random.Generator) -> NormalInverseGamma:
        return NormalInverseGamma(rng.normal(), rng.uniform(0.5, 6), rng.uniform(1, 6), rng.uniform(0.5, 6))

    def elbo_gradient(self, q: NormalInverseGamma) -> Gradient:
        after, precision = self.posterior_q(), q.of_precision.mean()
        away = q.mean - after.mean
        curved = after.strength * away**2 / 2
        shape, rate = after.shape - q.shape, after.scale + curved - q.scale
        return {
            "mean": np.asarray(-after.strength * precision * away),
            "strength": np.asarray((after.strength / q.strength - 1) / (2 * q.strength)),
            "shape": shape * trigamma(q.shape) - rate / q.scale,
            "scale": np.asarray(-shape / q.scale + rate * q.shape / q.scale**2),
        }

    def parameter_gradient(self, q: NormalInverseGamma) -> Gradient:
        away, precision = q.mean - self.mean, q.of_precision.mean()
        prior = Gamma(self.shape, self.scale)
        strength = (1 / self.strength - precision * away**2 - 1 / q.strength) / 2
        return {
            "mean": np.asarray(self.strength * precision * away),
            "strength": np.asarray(strength),
            "shape": np.asarray(q.of_precision.mean_log() - prior.mean_log()),
            "scale": np.asarray(prior.mean() - precision),
        }

    def log_joint(self, z: npt.NDArray[Any]) -> Array:
        variance = np.where(z[:, 1] > 0, z[:, 1], 1.0)
        squares = ((self.x - z[:, :1]) ** 2).sum(-1) / variance
        logs = -0.5 * (len(self.x) * (LOG_2PI + np.log(variance)) + squares)
        return np.where(z[:, 1] > 0, logs + self._prior().log_density(z), -np.inf)
