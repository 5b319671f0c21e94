"""Importance-weighted bounds: values with a discrete latent for every data point, gradients with one normal latent."""

from __future__ import annotations

from typing import Any

import numpy as np

from verify import strategies
from verify.models.path import between
from verify.objectives import Case

from .record import Family, Mutant


def categories(probabilities: Any, samples: int, rng: Any) -> Any:
    """K draws for every data point, by inverting the distribution function; shape (K, N)."""
    uniform = rng.random((samples, len(probabilities)))
    return (np.cumsum(probabilities, -1)[:, :-1] <= uniform[..., None]).sum(-1)


def log_weights(model: Any, q: Any, samples: int, rng: Any) -> Any:
    """log p(x_i, z_ki) - log q(z_ki), shape (K, N)."""
    z = categories(q.probabilities, samples, rng)
    table = model.log_joints() - np.log(q.probabilities)
    return np.take_along_axis(table[None], z[..., None], axis=-1)[..., 0]


def log_mean_exp(values: Any) -> Any:
    return np.logaddexp.reduce(values, axis=0) - np.log(len(values))


def softmax(values: Any) -> Any:
    return np.exp(values - np.logaddexp.reduce(values, axis=0))


def bound(model: Any, q: Any, samples: int, rng: Any, bug: str = "") -> Any:
    logs = log_weights(model, q, samples, rng)
    if bug == "mean_log":
        return logs.mean(0).sum()
    if bug == "lse_sign":
        return -log_mean_exp(-logs).sum()
    if bug == "sum_data_before_lse":
        return log_mean_exp(logs.sum(1))
    if bug == "w_not_detached":
        return (softmax(logs) * logs).sum()
    return log_mean_exp(logs).sum()


FAMILY = Family(
    "iwae",
    bound,
    {"returns": "elbo", "reduction": "sum", "kind": "iwae", "samples": 2, "estimator": "log-weight"},
    lambda seed: strategies.build("gaussian-mixture", seed, points=2, components=3, dimension=2),
    (
        Mutant("mean_log", "the mean of the logs is returned"),
        Mutant("lse_sign", "logsumexp runs over losses"),
        Mutant("sum_data_before_lse", "all data points are added before the logarithm"),
        Mutant("w_not_detached", "with their own softmax"),
    ),
)


# ---------------------------------------------------------------- gradients


def shared_log_weights(model: Any, q: Any, samples: int, rng: Any) -> tuple[Any, Any]:
    """K draws of one shared latent and their log weights."""
    noise = rng.standard_normal(samples)
    z = q.mean + np.sqrt(q.variance) * noise
    return noise, model.log_joint(z) - q.log_density(z)


def shared_bound(model: Any, q: Any, samples: int, rng: Any, bug: str = "") -> Any:
    return log_mean_exp(shared_log_weights(model, q, samples, rng)[1])


def shared_gradient(model: Any, q: Any, samples: int, rng: Any, bug: str = "") -> dict[str, Any]:
    """Σ_k softmax(log w)_k ∂log w_k, with the weights held fixed: the draws move with q, and log q with both."""
    noise, logs = shared_log_weights(model, q, samples, rng)
    std = np.sqrt(q.variance)
    by_z = model.log_joint_gradient(q.mean + std * noise)
    shares = softmax(logs) / (samples if bug == "w_norm_twice" else 1)
    by_mean, by_log_std = by_z, by_z * std * noise + 1  # log q(z(noise)) = -log σ - noise²/2 + constant
    return {"mean": (shares * by_mean).sum(), "log_std": (shares * by_log_std).sum()}


def near_posterior(seed: int) -> Case:
    """A q at which the weights of a continuous latent vary little enough for quadrature."""
    start = strategies.build("normal-normal", seed, points=3)
    return Case(start.model, between(start.q, start.model.posterior_q(), 0.8), seed)


GRADIENTS = Family(
    "iwae",
    shared_bound,
    {"returns": "elbo", "reduction": "sum", "kind": "iwae", "samples": 2, "estimator": "log-weight"},
    near_posterior,
    (Mutant("w_norm_twice", "the gradient is divided by K"),),
    shared_gradient,
)
