"""Any conjugate exponential family, by its log-normaliser A alone.

Prior p(z) = h(z) exp(<η, T(z)> - A(η)) and likelihood p(x|z) = exp(<s(x), T(z)> + c(x)) give the posterior η + s and

    log p(x)  =  A(η + s) - A(η) + c                                       the evidence
    ELBO(q)   =  <η + s - η_q, ∇A(η_q)> + A(η_q) - A(η) + c                for q in the same family
    gap(q)    =  A(η + s) - A(η_q) - <η + s - η_q, ∇A(η_q)>                the Bregman divergence of A
    ∂ELBO/∂η_q = ∇²A(η_q) (η + s - η_q)

A family is a frozen record of functions; `NORMAL`, `GAMMA` and `BETA` are given, more are a dozen lines each.

Source: M. J. Wainwright and M. I. Jordan, Graphical models, exponential families, and variational inference (2008),
sections 3 and 5.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from verify.models.base import Formulas, SolvableModel
from verify.models.families.base import Variational
from verify.models.quadrature import log_integral
from verify.models.records import Array, Gradient, Kind, Observed, ObservedNumber
from verify.models.special import LOG_2PI, digamma, log_gamma, sigmoid, softplus, trigamma
from verify.models.sums import Sum


@dataclass(frozen=True)
class ExponentialFamily:
    """One exponential family of a latent number z with natural parameters η, shape (k,).

    log_normaliser  η ↦ terms of A(η)
    mean            η ↦ ∇A(η) = E[T(z)]
    covariance      η ↦ ∇²A(η) = Cov[T(z)]
    statistic       z ↦ T(z), shape (n, k)
    log_base        z ↦ log h(z), shape (n,)
    sample          rng, η, n ↦ z, shape (n,)
    inside          η ↦ is it a valid parameter?
    random          rng ↦ a generic valid η
    on_the_line     u ↦ z and log |dz/du| for a coordinate u on the whole line, used by quadrature
    centre          η ↦ centre and scale of the density in u
    """

    name: str
    log_normaliser: Callable[[Array], Array]
    mean: Callable[[Array], Array]
    covariance: Callable[[Array], Array]
    statistic: Callable[[Array], Array]
    log_base: Callable[[Array], Array]
    sample: Callable[[np.random.Generator, Array, int], Array]
    inside: Callable[[Array], bool]
    random: Callable[[np.random.Generator], Array]
    on_the_line: Callable[[Array], tuple[Array, Array]]
    centre: Callable[[Array], tuple[float, float]]


def _natural_direction(rng: np.random.Generator, value: Array) -> Array:
    return 0.2 * value * rng.uniform(-1, 1, size=value.shape)


_NATURAL = Kind("natural", lambda value: True, "finite", _natural_direction)


# A field of natural parameters; whether they are valid depends on the family.
Natural: TypeAlias = Annotated[Array, _NATURAL]

# -- the normal with natural parameters (m/v, -1/(2v)) and T(z) = (z, z²)

NORMAL = ExponentialFamily(
    name="normal",
    log_normaliser=lambda eta: np.array([-eta[0] ** 2 / (4 * eta[1]), -0.5 * np.log(-2 * eta[1]), 0.5 * LOG_2PI]),
    mean=lambda eta: np.array([-eta[0] / (2 * eta[1]), eta[0] ** 2 / (4 * eta[1] ** 2) - 1 / (2 * eta[1])]),
    covariance=lambda eta: np.array(
        [
            [-1 / (2 * eta[1]), eta[0] / (2 * eta[1] ** 2)],
            [eta[0] / (2 * eta[1] ** 2), (1 - eta[0] ** 2 / eta[1]) / (2 * eta[1] ** 2)],
        ]
    ),
    statistic=lambda z: np.stack([z, z**2], axis=-1),
    log_base=lambda z: np.zeros(len(z)),
    sample=lambda rng, eta, n: rng.normal(-eta[0] / (2 * eta[1]), math.sqrt(-1 / (2 * eta[1])), size=n),
    inside=lambda eta: bool(eta[1] < 0),
    random=lambda rng: np.array([rng.normal(), -rng.uniform(0.2, 2)]),
    on_the_line=lambda u: (u, np.zeros_like(u)),
    centre=lambda eta: (float(-eta[0] / (2 * eta[1])), math.sqrt(-1 / (2 * eta[1]))),
)

# -- the gamma with natural parameters (shape - 1, -rate) and T(z) = (log z, z)

GAMMA = ExponentialFamily(
    name="gamma",
    log_normaliser=lambda eta: np.array([log_gamma(eta[0] + 1), -(eta[0] + 1) * np.log(-eta[1])]),
    mean=lambda eta: np.array([digamma(eta[0] + 1) - np.log(-eta[1]), -(eta[0] + 1) / eta[1]]),
    covariance=lambda eta: np.array(
        [[trigamma(eta[0] + 1), -1 / eta[1]], [-1 / eta[1], (eta[0] + 1) / eta[1] ** 2]]
    ),
    statistic=lambda z: np.stack([np.log(z), z], axis=-1),
    log_base=lambda z: np.zeros(len(z)),
    sample=lambda rng, eta, n: rng.gamma(eta[0] + 1, -1 / eta[1], size=n),
    inside=lambda eta: bool(eta[0] > -1 and eta[1] < 0),
    random=lambda rng: np.array([rng.uniform(0.2, 4), -rng.uniform(0.3, 3)]),
    on_the_line=lambda u: (np.exp(u), u),
    centre=lambda eta: (math.log(-(eta[0] + 1) / eta[1]), 1 / math.sqrt(eta[0] + 1)),
)

# -- the beta with natural parameters (a - 1, b - 1) and T(z) = (log z, log(1 - z))


def _beta_terms(eta: Array) -> Array:
    return np.array([log_gamma(eta[0] + 1), log_gamma(eta[1] + 1), -log_gamma(eta.sum() + 2)])


BETA = ExponentialFamily(
    name="beta",
    log_normaliser=_beta_terms,
    mean=lambda eta: digamma(eta + 1) - digamma(eta.sum() + 2),
    covariance=lambda eta: np.diag(trigamma(eta + 1)) - trigamma(eta.sum() + 2),
    statistic=lambda z: np.stack([np.log(z), np.log1p(-z)], axis=-1),
    log_base=lambda z: np.zeros(len(z)),
    sample=lambda rng, eta, n: rng.beta(eta[0] + 1, eta[1] + 1, size=n),
    inside=lambda eta: bool(np.all(eta > -1)),
    random=lambda rng: rng.uniform(0.2, 4, size=2),
    on_the_line=lambda u: (sigmoid(u), -softplus(u) - softplus(-u)),
    centre=lambda eta: (math.log((eta[0] + 1) / (eta[1] + 1)), math.sqrt(1 / (eta[0] + 1) + 1 / (eta[1] + 1))),
)

FAMILIES = (NORMAL, GAMMA, BETA)


@dataclass(frozen=True, eq=False)
class NaturalParameters(Variational):
    """A member of an exponential family; samples have shape (n,).

    natural  η, shape (k,).  Raises ValueError where η is not valid for the family.
    """

    family: ExponentialFamily
    natural: Natural

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.family.inside(self.natural):
            raise ValueError(f"{self.natural} is no natural parameter of the {self.family.name} family")

    def log_normaliser(self) -> float:
        """A(η)."""
        return float(self.family.log_normaliser(self.natural).sum())

    def log_density(self, z: npt.NDArray[Any]) -> Array:
        terms = self.family.statistic(z) @ self.natural + self.family.log_base(z)
        return np.asarray(terms - self.family.log_normaliser(self.natural).sum())

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        return self.family.sample(rng, self.natural, n)

    def entropy_terms(self) -> Array:
        """A(η) - <η, ∇A(η)>, for a family with h = 1."""
        return np.append(self.family.log_normaliser(self.natural), -self.natural * self.family.mean(self.natural))

    def kl_sum(self, other: Self) -> Sum:
        """The Bregman divergence A(η') - A(η) - <η' - η, ∇A(η)>."""
        slope = -(other.natural - self.natural) * self.family.mean(self.natural)
        after = self.family.log_normaliser(other.natural)
        return Sum.of(after=after, before=-self.family.log_normaliser(self.natural), slope=slope)

    def score(self, z: npt.NDArray[Any]) -> Gradient:
        """T(z) - E[T(z)]."""
        return {"natural": self.family.statistic(z) - self.family.mean(self.natural)}


@dataclass(frozen=True, eq=False)
class ConjugateExponentialFamily(SolvableModel[NaturalParameters]):
    """z ~ family(prior), log p(x|z) = <x, T(z)> + log_base.

    x         s(x), what the data add to the natural parameters, shape (k,)
    log_base  c(x), the part of the log likelihood that is free of z
    prior     η, shape (k,)
    family    the exponential family (`NORMAL`, `GAMMA`, `BETA` or your own)
    """

    name: ClassVar[str] = "exponential-family"
    title: ClassVar[str] = "Conjugate exponential family"
    formulas: ClassVar[Formulas] = Formulas(
        joint=r"p(x, z) = h(z) \exp\left(\langle \eta + s(x), T(z) \rangle - A(\eta) + c(x)\right)",
        evidence=r"\log p(x) = A(\eta + s) - A(\eta) + c",
        elbo=r"\langle \eta + s - \eta_q, \nabla A(\eta_q) \rangle + A(\eta_q) - A(\eta) + c",
        gap=r"A(\eta + s) - A(\eta_q) - \langle \eta + s - \eta_q, \nabla A(\eta_q) \rangle",
        second_route="trapezoid rule, twice",
    )
    shapes: ClassVar[dict[str, tuple[int, int]]] = {"which": (0, len(FAMILIES) - 1)}

    family: ExponentialFamily
    x: Observed
    log_base: ObservedNumber
    prior: Natural

    @classmethod
    def random(cls, rng: np.random.Generator, which: int | None = None) -> ConjugateExponentialFamily:
        """which: index into FAMILIES; drawn if it is not given."""
        family = FAMILIES[rng.integers(len(FAMILIES)) if which is None else which]
        return cls(family, family.random(rng), rng.normal(), family.random(rng))

    def sample_data(self, rng: np.random.Generator) -> ConjugateExponentialFamily:
        """The generic model knows only s(x); a fresh one is drawn from the family's generic parameters."""
        return self.replace(x=self.family.random(rng), log_base=rng.normal())

    def evidence_sum(self) -> Sum:
        after, before = self.family.log_normaliser(self.prior + self.x), self.family.log_normaliser(self.prior)
        return Sum.of(after=after, before=-before, base=self.log_base)

    def elbo_sum(self, q: NaturalParameters) -> Sum:
        mean = self.family.mean(q.natural)
        return Sum.of(
            log_likelihood=np.append(self.x * mean, self.log_base),
            log_prior=np.append(self.prior * mean, -self.family.log_normaliser(self.prior)),
            entropy=q.entropy_terms(),
        )

    def gap_sum(self, q: NaturalParameters) -> Sum:
        return q.kl_sum(self.posterior_q())

    def log_evidence_independent(self) -> float:
        """log ∫ h(z) exp<η + s, T(z)> dz - log ∫ h(z) exp<η, T(z)> dz + c, both by the trapezoid rule."""
        return self._log_mass(self.prior + self.x) - self._log_mass(self.prior) + self.log_base

    def _log_mass(self, eta: Array) -> float:
        def log_integrand(u: Array) -> Array:
            z, jacobian = self.family.on_the_line(u)
            with np.errstate(divide="ignore", invalid="ignore"):
                logs = self.family.statistic(z) @ eta + self.family.log_base(z) + jacobian
            return np.where(np.isnan(logs), -np.inf, logs)

        return log_integral(log_integrand, *self.family.centre(eta)).value

    def random_q(self, rng: np.random.Generator) -> NaturalParameters:
        return NaturalParameters(self.family, self.family.random(rng))

    def posterior_q(self) -> NaturalParameters:
        return NaturalParameters(self.family, self.prior + self.x)

    def elbo_gradient(self, q: NaturalParameters) -> Gradient:
        return {"natural": self.family.covariance(q.natural) @ (self.prior + self.x - q.natural)}

    def parameter_gradient(self, q: NaturalParameters) -> Gradient:
        return {"prior": self.family.mean(q.natural) - self.family.mean(self.prior)}

    def log_joint(self, z: npt.NDArray[Any]) -> Array:
        statistic = self.family.statistic(z)
        prior = statistic @ self.prior + self.family.log_base(z) - self.family.log_normaliser(self.prior).sum()
        return np.asarray(prior + statistic @ self.x + self.log_base)
