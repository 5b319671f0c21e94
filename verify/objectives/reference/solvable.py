"""What a model must know for an objective to be tested on it exactly.

Every `verify.models.SolvableModel` does; `QuadratureModel` does for any model with at most two dimensions a latent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from verify.models import GaussianDiffusion, GaussianForwardProcess, LogNormalLogNormal, MultivariateNormal, Normal
from verify.models.records import Array, Gradient
from verify.models.sums import Sum


class Solvable(Protocol):
    """A latent-variable model with data, whose evidence, ELBO and gap are known; all in nats."""

    @property
    def name(self) -> str: ...

    @property
    def contains_posterior(self) -> bool: ...

    @property
    def quadratic(self) -> bool: ...

    def data(self) -> dict[str, npt.NDArray[Any]]: ...

    def evidence_sum(self) -> Sum: ...

    def elbo_sum(self, q: Any) -> Sum: ...

    def gap_sum(self, q: Any) -> Sum: ...

    def posterior_q(self) -> Any: ...

    def random_q(self, rng: np.random.Generator) -> Any: ...

    def elbo_gradient(self, q: Any) -> Gradient: ...

    def parameter_gradient(self, q: Any) -> Gradient: ...

    def log_joint(self, z: npt.NDArray[Any]) -> Array: ...

    def log_weight(self, q: Any, z: npt.NDArray[Any]) -> Array: ...

    def pieces(self, q: Any) -> Iterator[tuple[Any, Any]]: ...


def data_of(model: Solvable) -> npt.NDArray[Any]:
    """The observations: the first array of data."""
    return next(iter(model.data().values()))


def points_of(model: Solvable) -> int:
    """The number of data points N, along the first axis of the data."""
    return len(data_of(model))


def features_of(model: Solvable) -> int:
    """The number of observed numbers in one data point."""
    observed = data_of(model)
    return int(observed[0].size) if observed.ndim > 1 else 1


def latents_of(q: Any) -> int:
    """The number of latent dimensions d (of one data point, where each has its own), or of latent states."""
    first = next(array for array in q.arrays().values() if np.issubdtype(array.dtype, np.floating))
    return int(first.shape[-1]) if first.ndim else 1


def is_quadratic(model: Solvable, q: Any) -> bool:
    """Is the log weight a quadratic function of the normals that z is made of?"""
    if isinstance(model, LogNormalLogNormal):
        return True
    if isinstance(model, GaussianDiffusion):
        return isinstance(q, GaussianForwardProcess)
    return model.quadratic and isinstance(q, Normal | MultivariateNormal)
