"""The known terms of an exact objective, from which wrong ones are put together.

A hypothesis is a formula in these terms: "reconstruction - KL/d".  All values are in nats over all data points, so the
declared sign and reduction are already accounted for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from verify.models import LogNormal, MultivariateNormal, Normal, Variational
from verify.models.records import Array
from verify.objectives.declaration import Objective
from verify.objectives.reference.decomposition import kl_to_prior, log_likelihood_of, prior_for, reconstruction
from verify.objectives.reference.solvable import Solvable, features_of, latents_of, points_of
from verify.objectives.reference.targets import target


class InapplicableError(Exception):
    """This hypothesis says nothing about this model."""


@dataclass(frozen=True, eq=False)
class Terms:
    """One model and q, and the terms of the declared objective there."""

    objective: Objective
    model: Solvable
    q: Any

    # -- sizes

    @cached_property
    def points(self) -> int:
        """N, the number of data points; what is said about a number says nothing where the number is 1."""
        return self._more_than_one(points_of(self.model))

    @cached_property
    def features(self) -> int:
        """D, the number of observed numbers in a data point."""
        return self._more_than_one(features_of(self.model))

    @cached_property
    def latents(self) -> int:
        """d, the number of latent dimensions along the last axis of q."""
        return self._more_than_one(latents_of(self.q))

    @property
    def samples(self) -> int:
        """K, the number of draws."""
        return self._more_than_one(self.objective.samples)

    @property
    def batch(self) -> int:
        """M, the size of a minibatch."""
        return self._more_than_one(self.objective.batch_size or 0)

    @staticmethod
    def _more_than_one(number: int) -> int:
        if number <= 1:
            raise InapplicableError
        return number

    # -- values

    @cached_property
    def target(self) -> float:
        """The exact expectation of what was declared."""
        return target(self.objective, self.model, self.q).value

    @cached_property
    def elbo(self) -> float:
        """The plain ELBO."""
        return self.model.elbo_sum(self.q).value

    @cached_property
    def reconstruction(self) -> float:
        """E_q[log p(x|z)]."""
        return reconstruction(self.model, self.q)

    @cached_property
    def kl(self) -> float:
        """KL(q ‖ prior), with the declared beta."""
        return self.objective.beta * kl_to_prior(self.model, self.q)

    @cached_property
    def entropy(self) -> float:
        """-E_q[log q(z)]."""
        return float(self.q.entropy())

    @cached_property
    def log_prior(self) -> float:
        """E_q[log p(z)]."""
        return -kl_to_prior(self.model, self.q) - self.entropy

    @cached_property
    def prior(self) -> Variational:
        """p(z), in the family of q."""
        return prior_for(self.model, self.q)

    def require(self, condition: bool) -> None:
        """Raises InapplicableError unless the condition holds."""
        if not condition:
            raise InapplicableError

    # -- normal q

    @property
    def normal(self) -> Normal:
        """q, where it has independent normal coordinates."""
        if not isinstance(self.q, Normal):
            raise InapplicableError
        return self.q

    @property
    def normal_prior(self) -> Normal:
        """The prior, where it has independent normal coordinates."""
        if not isinstance(self.prior, Normal):
            raise InapplicableError
        return self.prior

    @property
    def dimensions(self) -> int:
        """All normal coordinates of q together."""
        if not isinstance(self.q, Normal | MultivariateNormal | LogNormal):
            raise InapplicableError
        return int(np.size(self.q.mean))

    def sampled_from(self, other: Any, formula_for_kl: bool) -> float:
        """The expectation where z is drawn from another law, but log q and the KL are those of q.

        formula_for_kl  is only the reconstruction sampled, or the whole log weight?
        """
        if formula_for_kl:
            return reconstruction(self.model, other) - self.kl
        return self.model.elbo_sum(other).value + float(other.kl(self.q))

    def at_the_mean(self) -> float:
        """log p(x | z = mean of q) - KL: the plug-in value."""
        z = np.asarray(self.normal.mean)[None]
        return float(log_likelihood_of(self.model, self.q)(z)[0]) - self.kl

    def with_kl(self, kl: float) -> float:
        """The ELBO with another value for the KL."""
        return self.reconstruction - self.objective.beta * kl

    # -- normal likelihood

    @cached_property
    def noise(self) -> tuple[str, Array]:
        """The model's field of noise variances, and its values for all observed numbers of one data point."""
        fields = {"noise_variance", "noise_variances", "likelihood_variance"}
        arrays = self.model.arrays() if hasattr(self.model, "arrays") else {}
        name = next((name for name in arrays if name in fields), None)
        if name is None:
            raise InapplicableError
        return name, np.broadcast_to(arrays[name], (features_of(self.model),))

    def with_noise(self, change: Callable[[Array], Array]) -> float:
        """The objective with changed noise variances in the likelihood."""
        name, _ = self.noise
        model: Any = self.model
        changed = model.replace(**{name: change(model.arrays()[name])[()]})
        return reconstruction(changed, self.q) - self.kl

    @property
    def log_noise(self) -> float:
        """Σ log σ² over all observed numbers."""
        return points_of(self.model) * math.fsum(np.log(self.noise[1]).tolist())

    @property
    def observed(self) -> int:
        """How many numbers are observed, where the likelihood is normal."""
        return points_of(self.model) * len(self.noise[1])

    @property
    def squares(self) -> float:
        """E_q[Σ (x - mean)²/(2σ²)], the part of the reconstruction that depends on z."""
        return -self.reconstruction - 0.5 * self.log_noise - 0.5 * self.observed * math.log(2 * math.pi)
