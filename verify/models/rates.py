"""A gamma prior on a rate: Poisson counts with exposures, exponential waiting times.

Sources: A. Gelman et al., Bayesian Data Analysis (3rd ed. 2013), sections 2.6 to 2.7 and appendix A.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from verify.models.base import Formulas, SolvableModel
from verify.models.families.conjugate import Gamma
from verify.models.records import Array, Gradient, Observed, Positive
from verify.models.special import digamma, log_gamma, trigamma
from verify.models.sums import Sum

_ELBO = (
    r"\log h(x) + (a + n - a_q)\left(\psi(a_q) - \log b_q\right) - (b + t - b_q)\frac{a_q}{b_q} "
    r"+ a \log b - a_q \log b_q + \log \frac{\Gamma(a_q)}{\Gamma(a)}"
)
_GAP = r"\operatorname{KL}\left(\mathrm{Gamma}(a_q, b_q) \,\|\, \mathrm{Gamma}(a + n, b + t)\right)"


@dataclass(frozen=True, eq=False)
class GammaPrior(SolvableModel[Gamma]):
    """z ~ Gamma(shape, rate) with a likelihood h(x) z^events e^(-z time)."""

    x: Observed
    shape: Positive
    rate: Positive

    @abstractmethod
    def counts(self) -> tuple[float, float]:
        """Events n and total time t."""

    @abstractmethod
    def log_base_terms(self) -> Array:
        """Terms of log h(x)."""

    def evidence_sum(self) -> Sum:
        events, time = self.counts()
        shape, rate = self.shape + events, self.rate + time
        gammas = [log_gamma(shape), -log_gamma(self.shape)]
        rates = [self.shape * math.log(self.rate), -shape * math.log(rate)]
        return Sum.of(base=self.log_base_terms(), gammas=gammas, rates=rates)

    def elbo_sum(self, q: Gamma) -> Sum:
        events, time = self.counts()
        mean_log = np.array([digamma(q.shape), -math.log(q.rate)])
        normaliser = [self.shape * math.log(self.rate), -log_gamma(self.shape)]
        prior = np.concatenate([(self.shape - 1) * mean_log, [-self.rate * q.mean()], normaliser])
        return Sum.of(
            log_likelihood=np.concatenate([events * mean_log, [-time * q.mean()], self.log_base_terms()]),
            log_prior=prior,
            entropy=q.entropy_terms(),
        )

    def gap_sum(self, q: Gamma) -> Sum:
        return q.kl_sum(self.posterior_q())

    def random_q(self, rng: np.random.Generator) -> Gamma:
        return Gamma(rng.uniform(0.7, 8), rng.uniform(0.4, 4))

    def posterior_q(self) -> Gamma:
        events, time = self.counts()
        return Gamma(self.shape + events, self.rate + time)

    def elbo_gradient(self, q: Gamma) -> Gradient:
        events, time = self.counts()
        shape, rate = self.shape + events - q.shape, self.rate + time - q.rate
        return {
            "shape": shape * trigamma(q.shape) - rate / q.rate,
            "rate": np.asarray(-shape / q.rate + rate * q.shape / q.rate**2),
        }

    def parameter_gradient(self, q: Gamma) -> Gradient:
        prior = Gamma(self.shape, self.rate)
        return {"shape": np.asarray(q.mean_log() - prior.mean_log()), "rate": np.asarray(prior.mean() - q.mean())}

    def log_joint(self, z: npt.NDArray[Any]) -> Array:
        events, time = self.counts()
        safe = np.where(z > 0, z, 1.0)
        logs = events * np.log(safe) - time * safe + self.log_base_terms().sum()
        return np.where(z > 0, logs + Gamma(self.shape, self.rate).log_density(safe), -np.inf)


@dataclass(frozen=True, eq=False)
class GammaPoisson(GammaPrior):
    """z ~ Gamma(shape, rate), x_i | z ~ Poisson(exposure_i z).

    x            counts, shape (N,)
    shape, rate  parameters of the prior
    exposure     shape (N,)
    """

    name: ClassVar[str] = "gamma-poisson"
    title: ClassVar[str] = "Gamma–Poisson"
    formulas: ClassVar[Formulas] = Formulas(
        joint=r"p(x, z) = \mathrm{Gamma}(z; a, b) \prod_i \mathrm{Poisson}(x_i; t_i z)",
        evidence=(
            r"\log p(x) = \log \frac{\Gamma(a + n)}{\Gamma(a)} + a \log b - (a + n) \log(b + t)"
            r" + \sum_i \log \frac{t_i^{x_i}}{x_i!},\quad n = \sum_i x_i,\ t = \sum_i t_i"
        ),
        elbo=_ELBO,
        gap=_GAP,
        second_route="sequential negative binomials",
    )
    shapes: ClassVar[dict[str, tuple[int, int]]] = {"points": (2, 6)}

    exposure: Observed

    @classmethod
    def random(cls, rng: np.random.Generator, points: int = 4) -> GammaPoisson:
        exposure = rng.uniform(0.3, 2.5, size=points)
        return cls(np.zeros(points), rng.uniform(0.6, 5), rng.uniform(0.3, 3), exposure).sample_data(rng)

    def sample_data(self, rng: np.random.Generator) -> GammaPoisson:
        return self.replace(x=rng.poisson(self.exposure * rng.gamma(self.shape, 1 / self.rate)))

    def counts(self) -> tuple[float, float]:
        return float(self.x.sum()), math.fsum(self.exposure.tolist())

    def log_base_terms(self) -> Array:
        return np.concatenate([self.x * np.log(self.exposure), -log_gamma(self.x + 1)])

    def log_evidence_independent(self) -> float:
        """Given the past, the next count is negative binomial; its probability as a product of x_i + 1 factors."""
        shape, rate, logs = self.shape, self.rate, []
        for count, time in zip(self.x.tolist(), self.exposure.tolist(), strict=True):
            logs.append(shape * math.log1p(-time / (rate + time)))
            logs.extend(math.log((shape + k) / (k + 1) * (time / (rate + time))) for k in range(count))
            shape, rate = shape + count, rate + time
        return math.fsum(logs)


@dataclass(frozen=True, eq=False)
class GammaExponential(GammaPrior):
    """z ~ Gamma(shape, rate), x_i | z ~ Exponential(z).

    x            waiting times, shape (N,)
    shape, rate  parameters of the prior
    """

    name: ClassVar[str] = "gamma-exponential"
    title: ClassVar[str] = "Gamma–exponential"
    formulas: ClassVar[Formulas] = Formulas(
        joint=r"p(x, z) = \mathrm{Gamma}(z; a, b) \prod_i z\, e^{-z x_i}",
        evidence=r"\log p(x) = \log \frac{\Gamma(a + N)}{\Gamma(a)} + a \log b - (a + N) \log(b + \sum_i x_i)",
        elbo=_ELBO,
        gap=_GAP,
        second_route="sequential Lomax laws",
    )
    shapes: ClassVar[dict[str, tuple[int, int]]] = {"points": (2, 6)}

    @classmethod
    def random(cls, rng: np.random.Generator, points: int = 4) -> GammaExponential:
        return cls(np.ones(points), rng.uniform(0.8, 5), rng.uniform(0.3, 3)).sample_data(rng)

    def sample_data(self, rng: np.random.Generator) -> GammaExponential:
        return self.replace(x=rng.exponential(1 / rng.gamma(self.shape, 1 / self.rate), size=len(self.x)))

    def counts(self) -> tuple[float, float]:
        return float(len(self.x)), math.fsum(self.x.tolist())

    def log_base_terms(self) -> Array:
        return np.zeros(0)

    def log_evidence_independent(self) -> float:
        """Given the past, the next time has density a b^a / (b + x)^(a + 1)."""
        shape, rate, logs = self.shape, self.rate, []
        for time in self.x.tolist():
            logs.append(math.log(shape / (rate + time)) - shape * math.log1p(time / rate))
            shape, rate = shape + 1, rate + time
        return math.fsum(logs)
