"""What every variational distribution offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from verify.models.records import Array, Gradient, Record
from verify.models.sums import Sum


@dataclass(frozen=True, eq=False)
class Variational(Record, ABC):
    """A distribution over latent values z, as a frozen record of its parameters.

    Entropy and relative entropy are computed by separate formulas on purpose: the first enters the ELBO, the second
    the gap.
    """

    @abstractmethod
    def log_density(self, z: npt.NDArray[Any]) -> Array:
        """log q(z) for every sample along the first axis; -inf outside the support."""

    @abstractmethod
    def sample(self, rng: np.random.Generator, n: int) -> npt.NDArray[Any]:
        """n independent samples along the first axis."""

    @abstractmethod
    def entropy_terms(self) -> Array:
        """Terms whose sum is the entropy -E_q[log q], in nats."""

    @abstractmethod
    def kl_sum(self, other: Self) -> Sum:
        """KL(self ‖ other), in a form that is accurate when the two are close."""

    @abstractmethod
    def score(self, z: npt.NDArray[Any]) -> Gradient:
        """∂ log q(z) / ∂(every field), with the samples along the first axis."""

    def entropy(self) -> float:
        """-E_q[log q], in nats."""
        return Sum.of(entropy=self.entropy_terms()).value

    def kl(self, other: Self) -> float:
        """KL(self ‖ other), in nats."""
        return self.kl_sum(other).value
