"""Beta, gamma and Dirichlet priors with the likelihoods they are conjugate to.

One latent z is shared by all observations.  The posterior is of the prior's family, so with T(z) the family's
sufficient statistic the ELBO's gradient is  Cov_q[T] (posterior parameters - parameters of q).

Sources: A. Gelman et al., Bayesian Data Analysis (3rd ed. 2013), chapter 2 and appendix A; K. P. Murphy, Machine
Learning: A Probabilistic Perspective (2012), sections 3.3 to 3.4.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from verify.models.base import Formulas, SolvableModel
from verify.models.families.conjugate import Beta, Dirichlet
from verify.models.families.discrete import draw_categories
from verify.models.records import Array, Gradient, Integers, ObservedIntegers, Positive, Positives
from verify.models.special import digamma, log_gamma
from verify.models.sums import Sum

_BETA_ELBO = (
    r"\log h(x) + (a + s - a_q)\left(\psi(a_q) - \psi(a_q + b_q)\right) "
    r"+ (b + f - b_q)\left(\psi(b_q) - \psi(a_q + b_q)\right) + \log \frac{B(a_q, b_q)}{B(a, b)}"
)
_BETA_GAP = r"\operatorname{KL}\left(\mathrm{Beta}(a_q, b_q) \,\|\, \mathrm{Beta}(a + s, b + f)\right)"


@dataclass(frozen=True, eq=False)
class BetaPrior(SolvableModel[Beta]):
    """z ~ Beta(a, b) with a likelihood ∝ z^successes (1 - z)^failures."""

    x: ObservedIntegers
    a: Positive
    b: Positive

    @abstractmethod
    def counts(self) -> tuple[int, int]:
        """Successes s and failures f."""

    @abstractmethod
    def log_base_terms(self) -> Array:
        """Terms of the log likelihood that are free of z."""

    def evidence_sum(self) -> Sum:
        successes, failures = self.counts()
        a, b = self.a + successes, self.b + failures
        after = [log_gamma(a), log_gamma(b), -log_gamma(a + b)]
        before = [-log_gamma(self.a), -log_gamma(self.b), log_gamma(self.a + self.b)]
        return Sum.of(base=self.log_base_terms(), after=after, before=before)

    def elbo_sum(self, q: Beta) -> Sum:
        successes, failures = self.counts()
        total = digamma(q.a + q.b)
        mean_logs = np.array([digamma(q.a), -total, digamma(q.b), -total])
        likelihood = mean_logs * [successes, successes, failures, failures]
        prior = mean_logs * [self.a - 1, self.a - 1, self.b - 1, self.b - 1]
        normaliser = [-log_gamma(self.a), -log_gamma(self.b), log_gamma(self.a + self.b)]
        return Sum.of(
            log_likelihood=np.concatenate([likelihood, self.log_base_terms()]),
            log_prior=np.concatenate([prior, normaliser]),
            entropy=q.entropy_terms(),
        )

    def gap_sum(self, q: Beta) -> Sum:
        return q.kl_sum(self.posterior_q())

    def random_q(self, rng: np.random.Generator) -> Beta:
        return Beta(rng.uniform(0.7, 6), rng.uniform(0.7, 6))

    def posterior_q(self) -> Beta:
        successes, failures = self.counts()
        return Beta(self.a + successes, self.b + failures)

    def elbo_gradient(self, q: Beta) -> Gradient:
        successes, failures = self.counts()
        a, b = q.mean_logs_gradient() @ np.array([self.a + successes - q.a, self.b + failures - q.b])
        return {"a": a, "b": b}

    def parameter_gradient(self, q: Beta) -> Gradient:
        prior = Beta(self.a, self.b).mean_logs()
        return {name: mine - theirs for name, mine, theirs in zip("ab", q.mean_logs(), prior, strict=True)}

    def log_joint(self, z: npt.NDArray[Any]) -> Array:
        successes, failures = self.counts()
        inside = (z > 0) & (z < 1)
        safe = np.where(inside, z, 0.5)
        logs = successes * np.log(safe) + failures * np.log1p(-safe) + self.log_base_terms().sum()
        return np.where(inside, logs + Beta(self.a, self.b).log_density(safe), -np.inf)


@dataclass(frozen=True, eq=False)
class BetaBernoulli(BetaPrior):
    """z ~ Beta(a, b), x_i | z ~ Bernoulli(z).

    x     zeros and ones, shape (N,)
    a, b  parameters of the prior
    """

    name: ClassVar[str] = "beta-bernoulli"
    title: ClassVar[str] = "Beta–Bernoulli"
    formulas: ClassVar[Formulas] = Formulas(
        joint=r"p(x, z) = \mathrm{Beta}(z; a, b) \prod_i z^{x_i} (1 - z)^{1 - x_i}",
        evidence=r"\log p(x) = \log \frac{B(a + s, b + f)}{B(a, b)},\quad s = \sum_i x_i,\ f = N - s",
        elbo=_BETA_ELBO,
        gap=_BETA_GAP,
        second_route="sequential prediction",
    )
    shapes: ClassVar[dict[str, tuple[int, int]]] = {"points": (2, 9)}

    @classmethod
    def random(cls, rng: np.random.Generator, points: int = 7) -> BetaBernoulli:
        prior = rng.uniform(0.6, 4, size=2)
        return cls(np.zeros(points, dtype=np.int64), prior[0], prior[1]).sample_data(rng)

    def sample_data(self, rng: np.random.Generator) -> BetaBernoulli:
        return self.replace(x=rng.binomial(1, rng.beta(self.a, self.b), size=len(self.x)))

    def counts(self) -> tuple[int, int]:
        return int(self.x.sum()), int(len(self.x) - self.x.sum())

    def log_base_terms(self) -> Array:
        return np.zeros(0)

    def log_evidence_independent(self) -> float:
        """Pólya's urn: the next x is 1 with probability (a + ones so far) / (a + b + seen so far)."""
        ones, zeros, logs = self.a, self.b, []
        for value in self.x.tolist():
            logs.append(math.log((ones if value else zeros) / (ones + zeros)))
            ones, zeros = ones + value, zeros + 1 - value
        return math.fsum(logs)


@dataclass(frozen=True, eq=False)
class BetaBinomial(BetaPrior):
    """z ~ Beta(a, b), x_i | z ~ Binomial(trials_i, z).

    x       successes, shape (N,)
    a, b    parameters of the prior
    trials  shape (N,)
    """

    name: ClassVar[str] = "beta-binomial"
    title: ClassVar[str] = "Beta–binomial"
    formulas: ClassVar[Formulas] = Formulas(
        joint=r"p(x, z) = \mathrm{Beta}(z; a, b) \prod_i \binom{n_i}{x_i} z^{x_i} (1 - z)^{n_i - x_i}",
        evidence=r"\log p(x) = \sum_i \log \binom{n_i}{x_i} + \log \frac{B(a + s, b + f)}{B(a, b)}",
        elbo=_BETA_ELBO,
        gap=_BETA_GAP,
        second_route="rising factorials",
    )
    shapes: ClassVar[dict[str, tuple[int, int]]] = {"points": (2, 5), "trials": (2, 12)}

    trials: ObservedIntegers

    @classmethod
    def random(cls, rng: np.random.Generator, points: int = 3, trials: int = 10) -> BetaBinomial:
        prior = rng.uniform(0.6, 4, size=2)
        sizes = rng.integers(2, trials + 1, size=points)
        return cls(np.zeros(points, dtype=np.int64), prior[0], prior[1], sizes).sample_data(rng)

    def sample_data(self, rng: np.random.Generator) -> BetaBinomial:
        return self.replace(x=rng.binomial(self.trials, rng.beta(self.a, self.b)))

    def counts(self) -> tuple[int, int]:
        return int(self.x.sum()), int(self.trials.sum() - self.x.sum())

    def log_base_terms(self) -> Array:
        misses = self.trials - self.x
        return np.concatenate([log_gamma(self.trials + 1), -log_gamma(self.x + 1), -log_gamma(misses + 1)])

    def log_evidence_independent(self) -> float:
        """a (a+1) … (a+s-1) · b (b+1) … (b+f-1) / ((a+b) … (a+b+s+f-1)) times exact binomial coefficients."""
        successes, failures = self.counts()
        ways = math.prod(math.comb(n, k) for n, k in zip(self.trials.tolist(), self.x.tolist(), strict=True))
        up = [math.log(self.a + i) for i in range(successes)] + [math.log(self.b + i) for i in range(failures)]
        down = [-math.log(self.a + self.b + i) for i in range(successes + failures)]
        return math.fsum([math.log(ways), *up, *down])


@dataclass(frozen=True, eq=False)
class DirichletCategorical(SolvableModel[Dirichlet]):
    """z ~ Dirichlet(concentration), x_i | z ~ Categorical(z).

    x              observed categories, shape (N,), values 0 … K - 1
    concentration  shape (K,)
    """

    name: ClassVar[str] = "dirichlet-categorical"
    title: ClassVar[str] = "Dirichlet–categorical"
    formulas: ClassVar[Formulas] = Formulas(
        joint=r"p(x, z) = \mathrm{Dir}(z; \alpha) \prod_i z_{x_i}",
        evidence=r"\log p(x) = \log \frac{B(\alpha + n)}{B(\alpha)},\quad n_k = \#\{i : x_i = k\}",
        elbo=(
            r"\sum_k (\alpha_k + n_k - \beta_k)\left(\psi(\beta_k) - \psi(\textstyle\sum_l \beta_l)\right)"
            r" + \log \frac{B(\beta)}{B(\alpha)}"
        ),
        gap=r"\operatorname{KL}\left(\mathrm{Dir}(\beta) \,\|\, \mathrm{Dir}(\alpha + n)\right)",
        second_route="sequential prediction",
    )
    shapes: ClassVar[dict[str, tuple[int, int]]] = {"points": (2, 9), "categories": (2, 5)}

    x: ObservedIntegers
    concentration: Positives

    @classmethod
    def random(cls, rng: np.random.Generator, points: int = 8, categories: int = 4) -> DirichletCategorical:
        return cls(np.zeros(points, dtype=np.int64), rng.uniform(0.6, 4, size=categories)).sample_data(rng)

    def sample_data(self, rng: np.random.Generator) -> DirichletCategorical:
        z = rng.dirichlet(self.concentration)
        return self.replace(x=draw_categories(rng, np.broadcast_to(z, (len(self.x), len(z)))))

    def counts(self) -> Integers:
        """How often each category was seen, shape (K,)."""
        return np.bincount(self.x, minlength=len(self.concentration))

    def evidence_sum(self) -> Sum:
        prior, posterior = self.concentration, self.concentration + self.counts()
        after = np.append(log_gamma(posterior), -log_gamma(posterior.sum()))
        return Sum.of(after=after, before=np.append(-log_gamma(prior), log_gamma(prior.sum())))

    def elbo_sum(self, q: Dirichlet) -> Sum:
        each, total = digamma(q.concentration), digamma(q.concentration.sum())
        prior = self.concentration
        normaliser = np.append(-log_gamma(prior), log_gamma(prior.sum()))
        return Sum.of(
            log_likelihood=np.concatenate([self.counts() * each, -self.counts() * total]),
            log_prior=np.concatenate([(prior - 1) * each, -(prior - 1) * total, normaliser]),
            entropy=q.entropy_terms(),
        )

    def gap_sum(self, q: Dirichlet) -> Sum:
        return q.kl_sum(self.posterior_q())

    def log_evidence_independent(self) -> float:
        """Pólya's urn: the next x is k with probability (α_k + n_k so far) / (Σα + seen so far)."""
        weights, logs = self.concentration.tolist(), []
        for value in self.x.tolist():
            logs.append(math.log(weights[value] / math.fsum(weights)))
            weights[value] += 1
        return math.fsum(logs)

    def random_q(self, rng: np.random.Generator) -> Dirichlet:
        return Dirichlet(rng.uniform(0.7, 6, size=len(self.concentration)))

    def posterior_q(self) -> Dirichlet:
        return Dirichlet(self.concentration + self.counts())

    def elbo_gradient(self, q: Dirichlet) -> Gradient:
        return {"concentration": q.mean_logs_gradient() @ (self.posterior_q().concentration - q.concentration)}

    def parameter_gradient(self, q: Dirichlet) -> Gradient:
        return {"concentration": q.mean_logs() - Dirichlet(self.concentration).mean_logs()}

    def log_joint(self, z: npt.NDArray[Any]) -> Array:
        inside = np.all(z > 0, axis=-1)
        logs = (self.counts() * np.log(np.where(z > 0, z, 1.0))).sum(-1)
        return np.where(inside, logs + Dirichlet(self.concentration).log_density(z), -np.inf)
