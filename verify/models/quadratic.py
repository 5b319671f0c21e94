"""The log weight of a linear-Gaussian model under a normal q: a quadratic form in standard normal noise.

With z = m + L ε,  log w = c + bᵀ ε + ½ εᵀ H ε  where  b = Lᵀ ∇ log p(x, m)  and  H = I + Lᵀ (∇² log p) L.  H = 0 and
b = 0 exactly at the posterior.  From c, b, H follow all moments of w.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from verify.models.base import SolvableModel
from verify.models.families.base import Variational
from verify.models.families.normal import MultivariateNormal, Normal
from verify.models.records import Array


@dataclass(frozen=True)
class QuadraticForm:
    """c + bᵀ ε + ½ εᵀ H ε of standard normal ε."""

    constant: float
    slope: Array
    curvature: Array

    def shifted(self, by: float) -> QuadraticForm:
        """The form plus a constant."""
        return QuadraticForm(self.constant + by, self.slope, self.curvature)

    def variance(self) -> float:
        """|b|² + ½ tr H²."""
        return float(self.slope @ self.slope + 0.5 * np.sum(self.curvature**2))

    def log_mean_exp(self, power: float) -> float:
        """log E exp(power · form) = power c - ½ log det(I - power H) + ½ power² bᵀ (I - power H)⁻¹ b; +inf where the
        expectation is infinite."""
        values, vectors = np.linalg.eigh(self.curvature)
        remaining = 1 - power * values
        if np.any(remaining <= 0):
            return math.inf
        squares = (vectors.T @ self.slope) ** 2 / remaining
        volume = np.log1p(-power * values)
        return float(power * self.constant - 0.5 * volume.sum() + 0.5 * power**2 * squares.sum())


def quadratic_log_weight(model: SolvableModel[Any], q: Variational) -> QuadraticForm:
    """The log weight of a model whose log p(x, z) is quadratic, as a form in the noise of a normal q.

    Raises TypeError where the model is not quadratic or q is not normal.
    """
    if not model.quadratic or not isinstance(q, Normal | MultivariateNormal):
        raise TypeError(f"{type(model).__name__} with {type(q).__name__} has no quadratic log weight")
    shape, size = np.shape(q.mean), int(np.size(q.mean))
    directions = np.eye(size).reshape(size, *shape)
    steps = q.from_noise(directions) - q.mean  # the columns of L, one a row
    # The gradient is affine in z: its differences along the columns of L are exact second derivatives.
    at_mean = model.log_joint_gradient(np.asarray(q.mean)[None])[0]
    change = model.log_joint_gradient(q.mean + steps) - at_mean
    rows = steps.reshape(size, -1)
    curvature = np.eye(size) + rows @ change.reshape(size, -1).T
    constant = float(model.log_weight(q, np.asarray(q.mean)[None])[0])
    return QuadraticForm(constant, rows @ np.ravel(at_mean), (curvature + curvature.T) / 2)
