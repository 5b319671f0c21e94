"""Finitely many latent states for every data point: the finite table and the Gaussian mixture.

Both have independent pairs (z_i, x_i), i = 1 … N, with z_i in {0, …, K - 1}, and differ only in log p(x_i, z_i = k).
From that (N, K) table follow evidence, posterior, ELBO and gap.

Source: C. M. Bishop, Pattern Recognition and Machine Learning (2006), sections 9.2 and 9.4.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from verify.models.base import Formulas, SolvableModel
from verify.models.families.discrete import Categorical, draw_categories, one_hot
from verify.models.records import (
    Array,
    Gradient,
    Observed,
    ObservedIntegers,
    Positives,
    Reals,
    Simplex,
    tangent,
)
from verify.models.special import (
    LOG_2PI,
    log,
    log_normalised,
    log_sum_exp,
    normalised,
    relative_entropy_terms,
    weighted,
)
from verify.models.sums import Sum

_EVIDENCE = r"\log p(x) = \sum_i \log \sum_k p(x_i, z_i = k)"
_ELBO = r"\sum_i \sum_k q_{ik} \left(\log p(x_i, z_i = k) - \log q_{ik}\right)"
_GAP = r"\sum_i \sum_k q_{ik} \log \frac{q_{ik}}{p(z_i = k \mid x_i)}"


@dataclass(frozen=True, eq=False)
class CategoricalLatent(SolvableModel[Categorical]):
    """Independent pairs (z_i, x_i) with finitely many values of z_i."""

    @abstractmethod
    def log_joints(self) -> Array:
        """log p(x_i, z_i = k), shape (N, K)."""

    @abstractmethod
    def log_joint_sizes(self) -> Array:
        """Σ |summands| of every log p(x_i, z_i = k), shape (N, K)."""

    def responsibilities(self) -> Array:
        """The posterior p(z_i = k | x_i), shape (N, K)."""
        return normalised(self.log_joints())

    def evidence_sum(self) -> Sum:
        inside = float((self.responsibilities() * self.log_joint_sizes()).sum())
        return Sum.of(inside=inside, evidence=log_sum_exp(self.log_joints(), axis=-1))

    def elbo_sum(self, q: Categorical) -> Sum:
        joint = weighted(q.probabilities, self.log_joints())
        inside = float((q.probabilities * self.log_joint_sizes()).sum())
        return Sum.of(inside=inside, log_joint=joint, entropy=q.entropy_terms())

    def gap_sum(self, q: Categorical) -> Sum:
        posterior = self.responsibilities()
        terms = relative_entropy_terms(q.probabilities, posterior, log_normalised(self.log_joints()))
        # An error of the posterior moves the gap by the difference q - posterior.
        inside = float((np.abs(q.probabilities - posterior) * self.log_joint_sizes()).sum())
        return Sum.of(inside=inside, kl=terms)

    def random_q(self, rng: np.random.Generator) -> Categorical:
        return Categorical(rng.dirichlet(np.ones(self.log_joints().shape[1]), size=len(self.log_joints())))

    def posterior_q(self) -> Categorical:
        return Categorical(self.responsibilities())

    def posterior_magnitude(self) -> float:
        return float(self.log_joint_sizes().max() + self.log_joints().shape[1])

    def elbo_gradient(self, q: Categorical) -> Gradient:
        return {"probabilities": tangent(self.log_joints() - log(q.probabilities))}

    def log_joint(self, z: npt.NDArray[Any]) -> Array:
        logs = self.log_joints()
        return np.asarray(logs[np.arange(len(logs)), z].sum(-1))

    def pieces(self, q: Categorical) -> Iterator[tuple[Self, Categorical]]:
        x = self.data()["x"]
        for i in range(len(x)):
            yield self.replace(x=x[i : i + 1]), Categorical(q.probabilities[i : i + 1])


@dataclass(frozen=True, eq=False)
class FiniteTable(CategoricalLatent):
    """z_i ~ prior, x_i | z_i ~ likelihood[z_i]: everything finite.

    x           observed categories, shape (N,), values 0 … V - 1
    prior       p(z), shape (K,)
    likelihood  p(x|z) at [z, x], shape (K, V)
    """

    name: ClassVar[str] = "finite-table"
    title: ClassVar[str] = "Finite table"
    formulas: ClassVar[Formulas] = Formulas(
        joint=r"p(x, z) = \prod_i p(z_i)\, p(x_i \mid z_i)",
        evidence=_EVIDENCE,
        elbo=_ELBO,
        gap=_GAP,
        second_route="exact rational sum",
    )
    shapes: ClassVar[dict[str, tuple[int, int]]] = {"points": (2, 4), "states": (2, 5), "values": (2, 4)}

    x: ObservedIntegers
    prior: Simplex
    likelihood: Simplex

    @classmethod
    def random(cls, rng: np.random.Generator, points: int = 3, states: int = 4, values: int = 3) -> FiniteTable:
        tables = rng.dirichlet(np.ones(values), size=states)
        return cls(np.zeros(points, dtype=np.int64), rng.dirichlet(np.ones(states)), tables).sample_data(rng)

    def sample_data(self, rng: np.random.Generator) -> FiniteTable:
        z = draw_categories(rng, np.broadcast_to(self.prior, (len(self.x), len(self.prior))))
        return self.replace(x=draw_categories(rng, self.likelihood[z]))

    def log_joints(self) -> Array:
        return np.asarray(log(self.prior) + log(self.likelihood[:, self.x]).T)

    def log_joint_sizes(self) -> Array:
        sizes = np.abs(log(self.prior)) + np.abs(log(self.likelihood[:, self.x])).T
        return np.where(np.isfinite(sizes), sizes, 0.0)

    def log_evidence_independent(self) -> float:
        """The sum over z in exact rational arithmetic, rounded once, then one log for every data point."""
        prior = [Fraction(p) for p in self.prior.tolist()]
        logs = []
        for column in self.likelihood[:, self.x].T.tolist():
            total = sum((p * Fraction(l) for p, l in zip(prior, column, strict=True)), start=Fraction(0))
            logs.append(math.log(total) if float(total) else math.log(total.numerator) - math.log(total.denominator))
        return math.fsum(logs)

    def parameter_gradient(self, q: Categorical) -> Gradient:
        counts = q.probabilities.T @ one_hot(self.x, self.likelihood.shape[1])
        prior = tangent(q.probabilities.sum(0) / self.prior)
        return {"prior": prior, "likelihood": tangent(counts / self.likelihood)}


@dataclass(frozen=True, eq=False)
class GaussianMixture(CategoricalLatent):
    """z_i ~ weights, x_i | z_i = k ~ N(means[k], diag variances[k]).

    x          data, shape (N, D)
    weights    p(z), shape (K,)
    means      shape (K, D)
    variances  shape (K, D)
    """

    name: ClassVar[str] = "gaussian-mixture"
    title: ClassVar[str] = "Gaussian mixture"
    formulas: ClassVar[Formulas] = Formulas(
        joint=r"p(x, z) = \prod_i w_{z_i}\, \mathcal N(x_i; m_{z_i}, \operatorname{diag} v_{z_i})",
        evidence=r"\log p(x) = \sum_i \log \sum_k w_k\, \mathcal N(x_i; m_k, \operatorname{diag} v_k)",
        elbo=_ELBO,
        gap=_GAP,
        second_route="sum of densities",
    )
    shapes: ClassVar[dict[str, tuple[int, int]]] = {"points": (2, 5), "components": (2, 4), "dimension": (2, 3)}

    x: Observed
    weights: Simplex
    means: Reals
    variances: Positives

    @classmethod
    def random(
        cls, rng: np.random.Generator, points: int = 5, components: int = 3, dimension: int = 2
    ) -> GaussianMixture:
        means = rng.normal(scale=2.0, size=(components, dimension))
        variances = rng.uniform(0.3, 2.5, size=(components, dimension))
        weights = rng.dirichlet(np.full(components, 3.0))
        return cls(np.zeros((points, dimension)), weights, means, variances).sample_data(rng)

    def sample_data(self, rng: np.random.Generator) -> GaussianMixture:
        z = draw_categories(rng, np.broadcast_to(self.weights, (len(self.x), len(self.weights))))
        return self.replace(x=rng.normal(self.means[z], np.sqrt(self.variances[z])))

    def _squares(self) -> Array:
        return np.asarray((self.x[:, None, :] - self.means) ** 2 / self.variances)

    def log_joints(self) -> Array:
        logs = LOG_2PI + np.log(self.variances) + self._squares()
        return np.asarray(log(self.weights) - 0.5 * logs.sum(-1))

    def log_joint_sizes(self) -> Array:
        logs = LOG_2PI + np.abs(np.log(self.variances)) + self._squares()
        weights = np.where(self.weights > 0, np.abs(log(self.weights)), 0.0)
        return np.asarray(weights + 0.5 * logs.sum(-1))

    def log_evidence_independent(self) -> float:
        """Densities from the standard library's NormalDist, multiplied, added and only then logged."""
        scales = np.sqrt(self.variances)
        return math.fsum(math.log(math.fsum(self._densities(row, scales))) for row in self.x.tolist())

    def _densities(self, row: list[float], scales: Array) -> Iterator[float]:
        for weight, means, deviations in zip(self.weights.tolist(), self.means.tolist(), scales.tolist(), strict=True):
            laws = (NormalDist(m, s) for m, s in zip(means, deviations, strict=True))
            yield weight * math.prod(law.pdf(value) for law, value in zip(laws, row, strict=True))

    def parameter_gradient(self, q: Categorical) -> Gradient:
        responsibility = q.probabilities[..., None]
        pull = (self.x[:, None, :] - self.means) / self.variances
        spread = (pull**2 - 1 / self.variances) / 2
        return {
            "weights": tangent(q.probabilities.sum(0) / self.weights),
            "means": (responsibility * pull).sum(0),
            "variances": (responsibility * spread).sum(0),
        }
