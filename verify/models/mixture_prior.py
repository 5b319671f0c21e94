"""A mixture of normals as prior with a normal likelihood: a posterior with several modes.

q is a mixture of as many normals, so the family contains the posterior and every single normal.  Evidence and posterior
are closed form; the entropy of a mixture is not, so ELBO and gap are trapezoid sums, with their error stated.

Source: C. P. Robert, The Bayesian Choice (2nd ed. 2007), section 3.4 (mixtures of conjugate priors).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from verify.models.base import Formulas, SolvableModel
from verify.models.families.base import Variational
from verify.models.families.discrete import draw_categories
from verify.models.quadrature import Integral, log_integral, mean_under
from verify.models.records import Array, Gradient, Observed, Positive, Positives, Reals, Simplex, tangent
from verify.models.scalars import NormalNormal
from verify.models.special import LOG_2PI, log, log_normalised, log_sum_exp, relative_entropy_densities
from verify.models.sums import Sum, lost


@dataclass(frozen=True, eq=False)
class NormalMixture(Variational):
    """Σ_k weights_k N(means_k, variances_k) on the line; all fields have shape (K,), samples shape (n,)."""

    weights: Simplex
    means: Reals
    variances: Positives

    def component_log_densities(self, z: npt.NDArray[Any]) -> Array:
        """log N(z; means_k, variances_k), shape (n, K)."""
        squares = (np.asarray(z)[..., None] - self.means) ** 2 / self.variances
        return np.asarray(-0.5 * (LOG_2PI + np.log(self.variances) + squares))

    def log_density(self, z: npt.NDArray[Any]) -> Array:
        with np.errstate(divide="ignore"):
            return log_sum_exp(np.log(self.weights) + self.component_log_densities(z), axis=-1)

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Shape (n,)."""
        k = draw_categories(rng, np.broadcast_to(self.weights, (n, len(self.weights))))
        return rng.normal(self.means[k], np.sqrt(self.variances[k]))

    def mean_of(self, f: Any, detail: float = math.inf) -> Integral:
        """E_q[f(z)]: the trapezoid rule for every component around its own mean; `detail` as in `mean_under`."""
        parts = [
            mean_under(law.log_density, f, float(mean), math.sqrt(variance), detail)
            for law, mean, variance in zip(self.components(), self.means, self.variances, strict=True)
        ]
        value = math.fsum(w * part.value for w, part in zip(self.weights, parts, strict=True))
        return Integral(value, math.fsum(w * part.error for w, part in zip(self.weights, parts, strict=True)))

    def components(self) -> list[NormalMixture]:
        """Every component as a mixture of one."""
        one = np.ones(1)
        return [NormalMixture(one, m[None], v[None]) for m, v in zip(self.means, self.variances, strict=True)]

    def entropy_terms(self) -> Array:
        """The entropy by quadrature; see `mean_of` for its error."""
        return np.array([-self.mean_of(self.log_density).value])

    def kl_sum(self, other: Self, log_weights: Array | None = None) -> Sum:
        """∫ (q log(q/p) - q + p), whose integrand is non-negative and vanishes where q = p.

        log_weights  of the other's components, where its weights may lie below the smallest float: far out such a
                     component can be all there is of p
        """
        both, logs = self._joined(other), log(other.weights) if log_weights is None else log_weights

        def relative(z: Array) -> Array:
            weight = np.exp(both.log_density(z))
            log_p = log_sum_exp(logs + other.component_log_densities(z), axis=-1)
            terms = relative_entropy_densities(self.log_density(z), log_p)
            return np.where(weight > 0, terms / np.where(weight > 0, weight, 1.0), 0.0)

        integral = both.mean_of(relative, math.sqrt(both.variances.min()))
        return Sum.of(error=integral.error, kl=integral.value)

    def _joined(self, other: Self) -> NormalMixture:
        """Half of this and half of the other: wide enough to integrate both."""
        weights = np.concatenate([self.weights, other.weights]) / 2
        means, variances = np.append(self.means, other.means), np.append(self.variances, other.variances)
        return NormalMixture(weights, means, variances)

    def shares(self, z: npt.NDArray[Any]) -> Array:
        """weights_k N_k(z) / q(z), shape (n, K)."""
        logs = np.log(self.weights) + self.component_log_densities(z)
        return np.exp(logs - log_sum_exp(logs, axis=-1)[..., None])

    def score(self, z: npt.NDArray[Any]) -> Gradient:
        """By the fields weights, means and variances."""
        shares, away = self.shares(z), (np.asarray(z)[..., None] - self.means) / self.variances
        spread = (away**2 - 1 / self.variances) / 2
        return {"weights": tangent(shares / self.weights), "means": shares * away, "variances": shares * spread}


@dataclass(frozen=True, eq=False)
class MixturePrior(SolvableModel[NormalMixture]):
    """z ~ Σ_k weights_k N(means_k, variances_k), x_i | z ~ N(z, likelihood_variance).

    x                          data, shape (N,)
    weights, means, variances  of the prior, shape (K,)
    likelihood_variance        a number
    """

    name: ClassVar[str] = "mixture-prior"
    title: ClassVar[str] = "Mixture prior, normal likelihood"
    formulas: ClassVar[Formulas] = Formulas(
        joint=r"p(x, z) = \sum_k w_k\, \mathcal N(z; m_k, v_k) \prod_i \mathcal N(x_i; z, \sigma^2)",
        evidence=r"\log p(x) = \log \sum_k w_k\, p_k(x),\quad p_k(x) \text{ the evidence of normal–normal } (m_k, v_k)",
        elbo=r"\sum_k \omega_k \int \mathcal N(z; \mu_k, s_k) \log \frac{p(x, z)}{q(z)}\, dz",
        gap=r"\int \left(q \log \frac{q}{p(z \mid x)} - q + p(z \mid x)\right) dz",
        second_route="trapezoid rule",
    )
    shapes: ClassVar[dict[str, tuple[int, int]]] = {"points": (2, 3), "components": (2, 3)}

    x: Observed
    weights: Simplex
    means: Reals
    variances: Positives
    likelihood_variance: Positive

    @classmethod
    def random(cls, rng: np.random.Generator, points: int = 2, components: int = 2) -> MixturePrior:
        means, variances = rng.normal(scale=2, size=components), rng.uniform(0.3, 1.5, size=components)
        weights, x = rng.dirichlet(np.full(components, 3.0)), np.zeros(points)
        return cls(x, weights, means, variances, rng.uniform(0.5, 3)).sample_data(rng)

    def sample_data(self, rng: np.random.Generator) -> MixturePrior:
        z = self.prior().sample(rng, 1)[0]
        return self.replace(x=rng.normal(z, math.sqrt(self.likelihood_variance), size=len(self.x)))

    def prior(self) -> NormalMixture:
        """The law of z before the data."""
        return NormalMixture(self.weights, self.means, self.variances)

    def _parts(self) -> list[NormalNormal]:
        """The model of each component alone."""
        pairs = zip(self.means, self.variances, strict=True)
        return [NormalNormal(self.x, m, v, self.likelihood_variance) for m, v in pairs]

    def _log_shares(self) -> Array:
        """log (w_k p_k(x)), shape (K,)."""
        return np.asarray(np.log(self.weights) + np.array([part.log_evidence() for part in self._parts()]))

    def posterior_q(self) -> NormalMixture:
        parts = [part.posterior_q() for part in self._parts()]
        logs = self._log_shares()
        shares = np.exp(logs - logs.max())
        means, variances = np.array([p.mean for p in parts]), np.array([p.variance for p in parts])
        return NormalMixture(shares / shares.sum(), means, variances)

    def evidence_sum(self) -> Sum:
        inside = max(part.evidence_sum().magnitude for part in self._parts())
        return Sum.of(inside=inside, evidence=log_sum_exp(self._log_shares()))

    def posterior_magnitude(self) -> float:
        return max(part.evidence_sum().magnitude for part in self._parts()) + len(self.x) + len(self.weights)

    def elbo_sum(self, q: NormalMixture) -> Sum:
        mean = float(q.weights @ q.means)
        spread = float(q.weights @ (q.variances + (q.means - mean) ** 2))
        squares = ((self.x - mean) ** 2 + spread) / self.likelihood_variance
        constants = np.full(len(self.x), LOG_2PI + math.log(self.likelihood_variance))
        prior, entropy = q.mean_of(self.prior().log_density), q.mean_of(q.log_density)
        likelihood = -0.5 * np.append(squares, constants)
        error = prior.error + entropy.error
        scale = math.sqrt(self.likelihood_variance)
        inside = lost((self.x - mean) / scale, (np.abs(self.x) + abs(mean)) / scale)
        return Sum.of(
            error=error, inside=inside, log_likelihood=likelihood, log_prior=prior.value, entropy=-entropy.value
        )

    def gap_sum(self, q: NormalMixture) -> Sum:
        return q.kl_sum(self.posterior_q(), log_normalised(self._log_shares()))

    def log_evidence_independent(self) -> float:
        """log ∫ p(x, z) dz by the trapezoid rule, centred at the best of the posterior's means."""
        posterior = self.posterior_q()
        best = int(posterior.weights.argmax())
        return log_integral(self.log_joint, float(posterior.means[best]), math.sqrt(posterior.variances.max())).value

    def random_q(self, rng: np.random.Generator) -> NormalMixture:
        size = len(self.weights)
        means, variances = rng.normal(scale=1.5, size=size), rng.uniform(0.2, 2, size=size)
        return NormalMixture(rng.dirichlet(np.full(size, 3.0)), means, variances)

    def elbo_gradient(self, q: NormalMixture) -> Gradient:
        """E_q[score · log weight]; the score-function identity, by quadrature."""

        def log_weight(z: Array) -> Array:
            return np.asarray(self.log_joint(z) - q.log_density(z))

        columns: dict[str, list[float]] = {"weights": [], "means": [], "variances": []}
        for k, part in enumerate(q.components()):
            mean, variance, weight = float(q.means[k]), float(q.variances[k]), float(q.weights[k])

            def average(f: Any, part: NormalMixture = part, mean: float = mean, variance: float = variance) -> float:
                return mean_under(part.log_density, f, mean, math.sqrt(variance)).value

            columns["weights"].append(average(log_weight))
            columns["means"].append(weight * average(lambda z, m=mean, v=variance: (z - m) / v * log_weight(z)))
            curvature = average(lambda z, m=mean, v=variance: ((z - m) ** 2 / v - 1) / (2 * v) * log_weight(z))
            columns["variances"].append(weight * curvature)
        gradient = {name: np.array(values) for name, values in columns.items()}
        return {**gradient, "weights": tangent(gradient["weights"])}

    def parameter_gradient(self, q: NormalMixture) -> Gradient:
        mean = float(q.weights @ q.means)
        spread = float(q.weights @ (q.variances + (q.means - mean) ** 2))
        residual = ((self.x - mean) ** 2 + spread) / self.likelihood_variance - 1
        likelihood = np.asarray(residual.sum() / (2 * self.likelihood_variance))
        prior, size = self.prior(), len(self.weights)

        def column(name: str, k: int) -> float:
            return q.mean_of(lambda z: prior.score(z)[name][..., k]).value

        names = ("weights", "means", "variances")
        scores = {name: np.array([column(name, k) for k in range(size)]) for name in names}
        return {**scores, "likelihood_variance": likelihood}

    def log_joint(self, z: npt.NDArray[Any]) -> Array:
        squares = (self.x - np.asarray(z)[:, None]) ** 2 / self.likelihood_variance
        constants = LOG_2PI + math.log(self.likelihood_variance)
        return np.asarray(self.prior().log_density(z) - 0.5 * (squares + constants).sum(-1))

    def log_joint_gradient(self, z: npt.NDArray[Any]) -> Array:
        """∂ log p(x, z) / ∂z, shape (n,)."""
        prior = self.prior()
        away = (self.means - np.asarray(z)[:, None]) / self.variances
        pull = (self.x - np.asarray(z)[:, None]).sum(-1) / self.likelihood_variance
        return np.asarray((prior.shares(z) * away).sum(-1) + pull)
