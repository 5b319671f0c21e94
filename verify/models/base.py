"""What every exactly solvable latent-variable model offers.

A model is a frozen record of its data x and its parameters θ.  It knows log p(x) in closed form, a family of
variational distributions q with their exact ELBO and exact gap KL(q ‖ p(z|x)), and all gradients.  The three numbers
are computed by three different formulas, so that

    log p(x) = ELBO(q) + KL(q ‖ p(z|x))        and        ELBO(q) <= log p(x), with equality iff q is the posterior

are facts that can be tested rather than definitions.  A fourth, `log_evidence_independent`, computes log p(x) by
another route altogether (quadrature, enumeration, dense algebra, sequential prediction).

Latent values z are arrays with the samples along the first axis; the remaining axes belong to the model.
All values are in nats.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt

from verify.models.families.base import Variational
from verify.models.records import DATA, POSITIVE, SIMPLEX, UNIT, Array, Gradient, Kind, Record
from verify.models.sums import ULPS_PER_TERM, UNIT_ROUNDOFF, Sum

Q = TypeVar("Q", bound=Variational)


@dataclass(frozen=True)
class Formulas:
    """LaTeX for display, and how the evidence is found a second time."""

    joint: str
    evidence: str
    elbo: str
    gap: str
    second_route: str


@dataclass(frozen=True)
class Balance:
    """log p(x) = ELBO(q) + KL(q ‖ p(z|x)), each side by its own formula."""

    evidence: Sum
    elbo: Sum
    gap: Sum

    @property
    def residual(self) -> float:
        """log p(x) - ELBO(q) - gap(q), which is 0 but for rounding."""
        return self.evidence.value - self.elbo.value - self.gap.value

    @property
    def rounding(self) -> float:
        """What rounding of the terms actually summed can make of that zero."""
        return self.evidence.rounding + self.elbo.rounding + self.gap.rounding


@dataclass(frozen=True)
class Deviation:
    """How far q is from the posterior, parameter by parameter.

    largest   the largest difference of a parameter, relative to that parameter's own size in the posterior
    allowed   what rounding alone can explain
    """

    largest: float
    allowed: float

    @property
    def certain(self) -> bool:
        """Is q certainly not the posterior?"""
        return self.largest > self.allowed


@dataclass(frozen=True, eq=False)
class SolvableModel(Record, ABC, Generic[Q]):
    """A latent-variable model p(x, z) whose evidence, posterior, ELBO and gap are known in closed form."""

    name: ClassVar[str]
    title: ClassVar[str]
    formulas: ClassVar[Formulas]
    # For every shape argument of `random`: the smallest and largest value that property tests should draw.
    shapes: ClassVar[Mapping[str, tuple[int, int]]]
    # Is log p(x, z) a quadratic function of z, and q a normal law?  Then `log_joint_gradient` gives ∂ log p(x, z)/∂z.
    quadratic: ClassVar[bool] = False
    @classmethod
    @abstractmethod
    def random(cls, rng: np.random.Generator, *args: Any, **shape: Any) -> Self:
        """A generic model of the given shape with data drawn from it: no parameter at 0 or 1, nothing symmetric."""

    @abstractmethod
    def sample_data(self, rng: np.random.Generator) -> Self:
        """The same parameters with fresh data: z from the prior, then x given z."""

    @abstractmethod
    def evidence_sum(self) -> Sum:
        """log p(x), with the size of its terms."""

    @abstractmethod
    def elbo_sum(self, q: Q) -> Sum:
        """E_q[log p(x, z)] - E_q[log q(z)], with the size of its terms."""

    @abstractmethod
    def gap_sum(self, q: Q) -> Sum:
        """KL(q ‖ p(z|x)) by its own formula, with the size of its terms."""

    @abstractmethod
    def log_evidence_independent(self) -> float:
        """log p(x) by a second route that shares no formula with `log_evidence`."""

    @abstractmethod
    def random_q(self, rng: np.random.Generator) -> Q:
        """A generic member of the family: neither the prior nor the posterior."""

    @abstractmethod
    def posterior_q(self) -> Q:
        """The member closest to the posterior: the posterior itself where `contains_posterior`, otherwise a q at
        which the ELBO is stationary."""

    @abstractmethod
    def elbo_gradient(self, q: Q) -> Gradient:
        """∂ELBO/∂(every field of q); within the simplex for probability vectors.

        Not defined (nan) where a probability of q is 0: the entropy's slope is infinite there.
        """

    @abstractmethod
    def parameter_gradient(self, q: Q) -> Gradient:
        """∂ELBO/∂(every parameter of the model), at fixed q."""

    @abstractmethod
    def log_joint(self, z: npt.NDArray[Any]) -> Array:
        """log p(x, z) for every sample; shape (n,)."""

    @property
    def contains_posterior(self) -> bool:
        """Is the posterior a member of the family of q?"""
        return True

    def log_joint_gradient(self, z: npt.NDArray[Any]) -> Array:
        """∂ log p(x, z) / ∂z for every sample, the shape of z.

        Raises TypeError for a model whose latent is discrete or for which it is not implemented.
        """
        raise TypeError(f"{type(self).__name__} has no gradient in z")

    def log_evidence(self) -> float:
        """log p(x)."""
        return self.evidence_sum().value

    def elbo(self, q: Q) -> float:
        """The evidence lower bound E_q[log p(x, z)] - E_q[log q(z)]."""
        return self.elbo_sum(q).value

    def gap(self, q: Q) -> float:
        """log p(x) - ELBO(q) = KL(q ‖ p(z|x)), by its own formula."""
        return self.gap_sum(q).value

    def log_q(self, q: Q, z: npt.NDArray[Any]) -> Array:
        """log q(z) for every sample; shape (n,)."""
        return q.log_density(z)

    def sample_q(self, q: Q, rng: np.random.Generator, n: int) -> npt.NDArray[Any]:
        """n samples of z from q, along the first axis."""
        return q.sample(rng, n)

    def log_weight(self, q: Q, z: npt.NDArray[Any]) -> Array:
        """log p(x, z) - log q(z) for every sample: its mean under q is the ELBO; constant iff q is the posterior."""
        return self.log_joint(z) - self.log_q(q, z)

    def data(self) -> dict[str, npt.NDArray[Any]]:
        """The observations, by name, as NumPy arrays."""
        kinds = self.kinds()
        return {name: array for name, array in self.arrays().items() if kinds[name] is DATA}

    def parameters(self) -> dict[str, npt.NDArray[Any]]:
        """The parameters θ, by name, as NumPy arrays."""
        kinds = self.kinds()
        return {name: array for name, array in self.arrays().items() if kinds[name] is not DATA}

    def pieces(self, q: Q) -> Iterator[tuple[Self, Q]]:
        """The model as independent parts, each with its own latent and its part of q (one per data point where every
        data point has its own latent); here: the whole."""
        yield self, q

    def balance(self, q: Q) -> Balance:
        """log p(x), ELBO(q) and gap(q), and how well they balance."""
        return Balance(self.evidence_sum(), self.elbo_sum(q), self.gap_sum(q))

    def rounding(self, q: Q) -> float:
        """What rounding of the terms actually summed can make of log p(x) - ELBO(q) - gap(q), which is 0."""
        return self.balance(q).rounding

    def deviation(self, q: Q) -> Deviation:
        """How far q is from the posterior in its parameters, where the gap would show only the square of it."""
        posterior, kinds = self.posterior_q().arrays(), q.kinds()
        largest = max(_relative(kinds[name], value, posterior[name]) for name, value in q.arrays().items())
        return Deviation(largest, ULPS_PER_TERM * UNIT_ROUNDOFF * self.posterior_magnitude())

    def posterior_magnitude(self) -> float:
        """How many units of rounding a parameter of the posterior may carry, relative to its size: here one for every
        number that is added up, times the condition of the matrices that are inverted."""
        return self.evidence_sum().condition * (1 + max((array.size for array in self.data().values()), default=0))


def _relative(kind: Kind, value: npt.NDArray[Any], reference: npt.NDArray[Any]) -> float:
    """The largest difference: relative to each entry where entries are accurate one by one (probabilities, variances,
    shapes), relative to the largest entry otherwise (a mean may be small by cancellation)."""
    if value.shape != reference.shape:
        return float("inf")
    size = np.abs(reference)
    scale = size if kind in (SIMPLEX, UNIT, POSITIVE) else np.full_like(size, size.max(initial=0.0), dtype=np.float64)
    difference = np.abs(value - reference)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(difference == 0, 0.0, difference / scale)
    return float(ratio.max(initial=0.0))
