"""A VAE with Bernoulli pixels: no closed form, so its exact values come from quadrature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from verify.models import Normal
from verify.objectives import Case, QuadratureModel

from .record import Family, Mutant


@dataclass(frozen=True, eq=False)
class BernoulliDecoder(QuadratureModel):
    """pixels of x_i ~ Bernoulli(sigmoid(W z_i + b)), z_i ~ N(0, I)."""

    weights: Any = None
    bias: Any = None


def bce_with_logits(logits: Any, target: Any) -> Any:
    return np.logaddexp(0, logits) - target * logits


def loss(model: Any, q: Any, rng: Any, bug: str = "") -> Any:
    z = q.mean + np.sqrt(q.variance) * rng.standard_normal(q.mean.shape)
    z = q.mean if bug == "no_z_in_decoder" else z
    logits = z @ model.weights.T + model.bias
    pixels = bce_with_logits(model.x, logits) if bug == "swap_args" else bce_with_logits(logits, model.x)
    reconstruction = pixels.mean() if bug == "bce_mean" else pixels.sum(-1).mean()
    return reconstruction + 0.5 * (q.mean**2 + q.variance - 1 - np.log(q.variance)).sum(-1).mean()


def model_with(rng: np.random.Generator, points: int, latents: int, features: int) -> BernoulliDecoder:
    weights, bias = rng.normal(size=(features, latents)), rng.normal(size=features)
    z = rng.normal(size=(points, latents))
    x = (rng.random((points, features)) < 1 / (1 + np.exp(-z @ weights.T - bias))).astype(np.float64)

    def log_joint(i: int) -> Any:
        def value(latent: Any) -> Any:
            prior = -0.5 * (latent**2 + np.log(2 * np.pi)).sum(-1)
            return prior - bce_with_logits(latent @ weights.T + bias, x[i]).sum(-1)

        return value

    prior = Normal(np.zeros((points, latents)), np.ones((points, latents)))
    return BernoulliDecoder("bernoulli-decoder", x, [log_joint(i) for i in range(points)], prior, weights, bias)


def case(seed: int) -> Case:
    """Two data points with one latent dimension, or one with two: two normals are within reach of quadrature."""
    rng = np.random.default_rng(seed)
    model = model_with(rng, *((2, 1, 3) if seed % 2 else (1, 2, 3)))
    return Case(model, model.random_q(rng), seed)


FAMILY = Family(
    "vae_bern",
    loss,
    {"returns": "loss", "reduction": "mean", "estimator": "analytic-kl"},
    case,
    (
        Mutant("swap_args"),
        Mutant("bce_mean", "averaged over the features while the KL is summed"),
        Mutant("no_z_in_decoder", "gets the mean of q"),
    ),
)
