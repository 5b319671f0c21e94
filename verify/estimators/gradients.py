"""Single-sample gradient estimators of the ELBO, their exact means and variances.

    score_gradient            ∇ log q(z) · log w(z)                               any q (REINFORCE)
    reparameterised_gradient  ∂z/∂φ · ∇_z log p(x, z) + ∂ entropy                 normal and log-normal q
    … sticking_the_landing    ∂z/∂φ · ∇_z log w(z), without the score term        the same; 0 at the posterior

All three have the mean `model.elbo_gradient(q)`.  Sources: R. Ranganath, S. Gerrish, D. Blei, Black box variational
inference (AISTATS 2014); D. Kingma, M. Welling, Auto-encoding variational Bayes (ICLR 2014); G. Roeder, Y. Wu,
D. Duvenaud, Sticking the landing (NeurIPS 2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from verify.estimators.nodes import nodes, noise_grid
from verify.models import LogNormal, MultivariateNormal, Normal, SolvableModel, Variational
from verify.models.records import Array, Gradient

Model = SolvableModel[Any]
Reparameterised = Normal | MultivariateNormal | LogNormal


@dataclass(frozen=True)
class GradientMoments:
    """Mean and variance of a gradient estimator, coordinate by coordinate, by the field's name."""

    mean: Gradient
    variance: Gradient


def score_gradient(model: Model, q: Variational, z: npt.NDArray[Any], baseline: float = 0.0) -> Gradient:
    """∇ log q(z) · (log w(z) - baseline) for every sample along the first axis."""
    signal = model.log_weight(q, z) - baseline
    return {name: score * _column(signal, score) for name, score in q.score(z).items()}


def _column(signal: Array, like: Array) -> Array:
    return np.asarray(signal.reshape(-1, *(1,) * (np.ndim(like) - 1)))


def reparameterised_gradient(
    model: Model, q: Reparameterised, noise: Array, sticking_the_landing: bool = False
) -> Gradient:
    """The pathwise gradient for every row of standard normal noise.

    Raises TypeError for a model without a gradient in z.
    """
    z = q.from_noise(noise)
    if sticking_the_landing:
        return q.pull_back(noise, model.log_joint_gradient(z) - q.slope(z))
    path, entropy = q.pull_back(noise, model.log_joint_gradient(z)), q.entropy_gradient()
    return {name: rows + entropy[name] for name, rows in path.items()}


def score_gradient_moments(model: Model, q: Variational, baseline: float = 0.0, fineness: int = 256) -> GradientMoments:
    """Exact moments of `score_gradient` for finite latents, by quadrature for one or two continuous ones."""
    rule = nodes(q, fineness)
    alive = rule.weights > 0
    return _moments(score_gradient(model, q, rule.z[alive], baseline), rule.weights[alive])


def reparameterised_gradient_moments(
    model: Model, q: Reparameterised, sticking_the_landing: bool = False, fineness: int = 48
) -> GradientMoments:
    """Moments of `reparameterised_gradient` by product quadrature.

    Raises TooManyNodesError for more than a few latent dimensions.
    """
    shape = np.shape(q.mean)
    noise, weights = noise_grid(int(np.size(q.mean)), fineness)
    rows = reparameterised_gradient(model, q, noise.reshape(-1, *shape), sticking_the_landing)
    return _moments(rows, weights)


def _moments(rows: Gradient, weights: Array) -> GradientMoments:
    mean = {name: np.tensordot(weights, values, 1) for name, values in rows.items()}
    spread = {name: np.tensordot(weights, (values - mean[name]) ** 2, 1) for name, values in rows.items()}
    return GradientMoments(mean, spread)


def orthogonal_noise(shape: tuple[int, ...]) -> Array:
    """Few rows of ±1 whose averages of 1, ε_i and ε_i ε_j are those of standard normal noise.

    Rows of a Hadamard matrix (2^k >= number of entries + 1): the average over them is the exact expectation of every
    quadratic function of the noise, so the reparameterised ELBO and gradient of a quadratic model come out without
    sampling error.  Shape (2^k, *shape).
    """
    size, matrix = int(np.prod(shape)), np.ones((1, 1))
    while len(matrix) < size + 1:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return np.asarray(matrix[:, 1 : size + 1].reshape(-1, *shape))
