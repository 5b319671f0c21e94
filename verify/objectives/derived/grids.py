"""Sums over z for one independent part of a model: which points, with which weights.

    Piece   log densities of the parts p(x, z), p(x|z), p(x), p(z), p(z|x), q(z), and the laws to integrate under
    Grid    points z with base weights, so that ∫ f(z) dz = Σ exp(log_base) f(z)

All states where the latent is finite; rows of noise that are exact for quadratic integrands (a Hadamard matrix) where
model and law allow it; a trapezoid rule in the law's own coordinate otherwise.  All logarithms in nats.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from verify.estimators import TooManyNodesError, nodes
from verify.models import (
    Bernoulli,
    Categorical,
    DiscreteForwardProcess,
    GaussianForwardProcess,
    MarkovChain,
)
from verify.models.records import Array
from verify.objectives.derived.errors import NoValueError
from verify.objectives.derived.roles import Part
from verify.objectives.noise.rules import orthogonal_rows
from verify.objectives.reference.decomposition import NoPriorError, prior_for
from verify.objectives.reference.solvable import Solvable, is_quadratic

_FINITE = (Bernoulli, Categorical, DiscreteForwardProcess, MarkovChain)


@dataclass(frozen=True)
class Grid:
    """Points z along the first axis and the logarithms of their base weights.

    exact   but for rounding
    missed  the mass of the law that no point stands for: that of a beta closer to 1 than the next number below, say
    """

    z: npt.NDArray[Any]
    log_base: Array
    exact: bool
    missed: float = 0.0


@dataclass(frozen=True, eq=False)
class Piece:
    """One independent part of a model, with its own latent and its part of q."""

    model: Solvable
    q: Any

    @property
    def is_finite(self) -> bool:
        """Has z finitely many values?"""
        return isinstance(self.q, _FINITE)

    @cached_property
    def log_evidence(self) -> float:
        """log p(x)."""
        return self.model.evidence_sum().value

    @cached_property
    def prior(self) -> Any:
        """The law p(z).  Raises NoValueError where it is not of the family of q."""
        try:
            return prior_for(self.model, self.q)
        except NoPriorError as error:
            raise NoValueError(f"the formula needs p(z), but {error}") from error

    def log_density(self, part: Part, z: npt.NDArray[Any]) -> Array:
        """The log density of one part at every z, shape (n,)."""
        match part:
            case "variational":
                return np.asarray(self.q.log_density(z))
            case "prior":
                return np.asarray(self.prior.log_density(z))
            case "joint":
                return self.model.log_joint(z)
            case "posterior":
                return np.asarray(self.model.log_joint(z) - self.log_evidence)
            case "likelihood":
                joint = self.model.log_joint(z)  # where the prior is 0, p(x|z) counts for nothing
                return np.where(np.isneginf(joint), -np.inf, joint - self.prior.log_density(z))
            case "evidence":
                return np.asarray(self.log_evidence)

    def law(self, part: Part) -> Any:
        """The law that a part integrates under; for the posterior the member of q's family that is closest to it."""
        return {"variational": lambda: self.q, "prior": lambda: self.prior}.get(part, self.model.posterior_q)()

    def is_quadratic_under(self, part: Part) -> bool:
        """Are the logarithms of all parts quadratic in the normal noise that z is made of?"""
        law = self.law(part)
        itself = part != "posterior" or self.model.contains_posterior
        return itself and hasattr(law, "from_noise") and is_quadratic(self.model, law)

    def grid(self, part: Part, fineness: int, quadratic: bool = False) -> Grid:
        """Points for integrals under one part of the model.

        quadratic  is the integrand that part times a quadratic function of z?
        Raises NoValueError where there are too many points or no rule.
        """
        law = self.law(part)
        if quadratic and self.is_quadratic_under(part):
            return _noise_rows(law)
        try:
            rule = nodes(law, fineness)
        except (TooManyNodesError, TypeError) as error:
            raise NoValueError(f"the sum over z is out of reach: {error}") from error
        if rule.exact:
            return Grid(rule.z, np.zeros(len(rule.z)), exact=True)
        alive = rule.weights > 0
        z, weights = rule.z[alive], rule.weights[alive]
        return Grid(z, np.log(weights) - law.log_density(z), exact=False, missed=abs(1 - math.fsum(weights.tolist())))


def _noise_rows(law: Any) -> Grid:
    shape = (len(law.start), len(law.weights)) if isinstance(law, GaussianForwardProcess) else np.shape(law.mean)
    rule = orthogonal_rows(math.prod(shape), 0)
    z = law.from_noise(rule.rows.reshape(-1, *shape))
    return Grid(z, np.log(rule.weights) - law.log_density(z), exact=True)
