"""Mistakes in gradients: detached terms, missing signals, the wrong coordinate.

A row predicts the gradient in one coordinate from the exact gradients of the ELBO's terms in the same coordinate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from verify.models.records import Array
from verify.objectives.coordinates import exact_gradient
from verify.objectives.declaration import Objective
from verify.objectives.diagnosis.terms import InapplicableError
from verify.objectives.reference.decomposition import kl_to_prior
from verify.objectives.reference.gradients import gradient_by_model, gradient_by_q, numeric_gradient
from verify.objectives.reference.solvable import Solvable, features_of, latents_of, points_of


@dataclass(frozen=True, eq=False)
class Slopes:
    """The exact gradients of an objective and its terms in one coordinate, in nats."""

    objective: Objective
    model: Solvable
    q: Any
    name: str

    @cached_property
    def whole(self) -> Array:
        """Of the declared objective."""
        by_q = gradient_by_q(self.objective, self.model, self.q)
        return exact_gradient(
            self.name, self.q, self.model, by_q, lambda: gradient_by_model(self.objective, self.model, self.q)
        )

    def _of(self, value: Callable[[Any], float]) -> Array:
        """Of another function of q, in the same coordinate."""
        if self.name.startswith("model."):
            raise InapplicableError
        return exact_gradient(self.name, self.q, self.model, numeric_gradient(value, self.q), dict)

    @cached_property
    def kl(self) -> Array:
        """Of KL(q ‖ prior), with the declared beta."""
        return self.objective.beta * self._of(lambda q: kl_to_prior(self.model, q))

    @cached_property
    def entropy(self) -> Array:
        """Of the entropy of q."""
        return self._of(lambda q: float(q.entropy()))

    @cached_property
    def reconstruction(self) -> Array:
        """Of E_q[log p(x|z)]."""
        return np.asarray(self.whole + self.kl)

    @cached_property
    def scale(self) -> Array:
        """σ for a field called variance, where the coordinate is one of its."""
        arrays = self.q.arrays()
        if "variance" not in arrays or self.name not in ("variance", "log_variance", "logvar", "std", "log_std"):
            raise InapplicableError
        return np.asarray(np.sqrt(arrays["variance"]))

    @property
    def points(self) -> int:
        return _more_than_one(points_of(self.model))

    @property
    def features(self) -> int:
        return _more_than_one(features_of(self.model))

    @property
    def latents(self) -> int:
        return _more_than_one(latents_of(self.q))

    @property
    def samples(self) -> int:
        return _more_than_one(self.objective.samples)


def _more_than_one(number: int) -> int:
    """What is said about a number says nothing where the number is 1."""
    if number == 1:
        raise InapplicableError
    return number


@dataclass(frozen=True)
class SlopeHypothesis:
    """One way for a gradient to be wrong; as `Hypothesis`, for gradients."""

    says: str
    predicts: Callable[[Slopes], Array]


_ROWS: tuple[tuple[str, Callable[[Slopes], Array]], ...] = (
    ("the gradient is 0: the path from this parameter is cut (a detached term, or a score term that is missing)",
     lambda s: np.zeros_like(s.whole)),
    ("the gradient has the wrong sign", lambda s: -s.whole),
    ("the KL is detached: only the reconstruction has a gradient", lambda s: s.reconstruction),
    ("the reconstruction is detached: only the KL has a gradient (are the draws cut from q?)", lambda s: -s.kl),
    ("the entropy has no gradient: log q is detached", lambda s: s.whole - s.entropy),
    ("only the entropy has a gradient", lambda s: s.entropy),
    ("the signal that multiplies the score is not detached: the entropy's gradient enters twice",
     lambda s: s.whole + s.entropy),
    ("the KL's gradient has the wrong sign", lambda s: s.whole + 2 * s.kl),
    ("the average over the K draws is taken once more: the gradient is divided by K", lambda s: s.whole / s.samples),
    ("the gradient is divided by the number of data points once too often", lambda s: s.whole / s.points),
    ("the gradient is multiplied by the number of data points", lambda s: s.whole * s.points),
    ("the gradient is divided by the number of features", lambda s: s.whole / s.features),
    ("the gradient is divided by the number of latent dimensions", lambda s: s.whole / s.latents),
    ("the gradient is twice the right one", lambda s: 2 * s.whole),
    ("the gradient is half the right one", lambda s: 0.5 * s.whole),
    ("the gradient is that in σ, where that in log σ is due (multiply by σ)", lambda s: s.whole / s.scale),
    ("the gradient is that in log σ, where that in σ is due (divide by σ)", lambda s: s.whole * s.scale),
    ("the gradient is that in σ², where that in log σ² is due (multiply by σ²)", lambda s: s.whole / s.scale**2),
    ("the gradient is that in log σ², where that in σ² is due (divide by σ²)", lambda s: s.whole * s.scale**2),
    ("along the draws the chain rule through σ = exp(½ log σ²) lacks its factor σ (the KL's part is right)",
     lambda s: s.reconstruction / s.scale - s.kl),
    ("along the draws the chain rule through σ has the factor σ once too often (the KL's part is right)",
     lambda s: s.reconstruction * s.scale - s.kl),
)  # fmt: skip

ALL = tuple(SlopeHypothesis(says, predicts) for says, predicts in _ROWS)
