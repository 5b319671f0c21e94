"""A VAE with a linear decoder and a normal likelihood: sampled reconstruction, KL by its formula, averaged loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from verify import strategies

from .record import Family, Mutant

LOG_2PI = np.log(2 * np.pi)


def draw(q: Any, rng: Any, bug: str) -> Any:
    std = q.variance if bug == "std_is_var" else np.sqrt(q.variance)
    noise = rng.standard_normal(q.mean.shape) * (0.01 if bug == "eps001" else 1.0)
    return q.mean if bug == "z_mean" else q.mean + std * noise


def kl_terms(mean: Any, variance: Any, bug: str) -> Any:
    log_variance = np.log(variance)
    if bug == "kl_exp_half":
        return 0.5 * (mean**2 + np.exp(0.5 * log_variance) - 1 - log_variance)
    if bug == "kl_logsig_sq":
        return 0.5 * (mean**2 + variance - 1 - (0.5 * log_variance) ** 2)
    if bug == "kl_reversed":
        return 0.5 * (log_variance + (1 + mean**2) / variance - 1)
    return 0.5 * (mean**2 + variance - 1 - log_variance)


def negative_log_likelihood(model: Any, z: Any, bug: str) -> Any:
    """One number a data point."""
    scale = model.noise_variance if bug == "lik_var_as_scale" else np.sqrt(model.noise_variance)
    squares = ((model.x - model.mean - z @ model.loadings.T) / scale) ** 2
    log_scale = 0.5 * np.log(scale) if bug == "lik_half_logsigma" else np.log(scale)
    return (0.5 * squares + log_scale + 0.5 * LOG_2PI).sum(-1)


def loss(model: Any, q: Any, rng: Any, bug: str = "") -> Any:
    terms = kl_terms(q.mean, q.variance, bug)
    kl = {
        "kl_mean_latent": terms.mean(),
        "kl_div_numel": terms.sum() / model.x.size,
        "kl_sign": -terms.sum(-1).mean(),
        "kl_batch_sum": terms.sum(),
        "no_kl": 0.0,
    }.get(bug, terms.sum(-1).mean())
    return negative_log_likelihood(model, draw(q, rng, bug), bug).mean() + kl


def gradient(model: Any, q: Any, rng: Any, bug: str = "") -> dict[str, Any]:
    """Along the draws, in mean, log σ² and the decoder."""
    points, std = len(model.x), np.sqrt(q.variance)
    noise = rng.standard_normal(q.mean.shape)
    z = q.mean + std * noise
    residual = (model.x - model.mean - z @ model.loadings.T) / model.noise_variance
    by_z = -residual @ model.loadings / points
    kl_mean, kl_log_variance = q.mean / points, 0.5 * (q.variance - 1) / points
    if bug == "kl_detached":
        kl_mean, kl_log_variance = 0.0, 0.0
    std_by_log_variance = 0.5 if bug == "grad_std_chain" else 0.5 * std
    squares = (residual**2 * model.noise_variance).sum()
    return {
        "mean": by_z + kl_mean,
        "log_variance": by_z * noise * std_by_log_variance + kl_log_variance,
        "model.loadings": -residual.T @ z / points,
        "model.mean": -residual.sum(0) / points,
        "model.noise_variance": np.asarray(0.5 * (model.x.size - squares) / model.noise_variance / points),
    }


FAMILY = Family(
    "vae_gauss",
    loss,
    {"returns": "loss", "reduction": "mean", "estimator": "analytic-kl"},
    lambda seed: strategies.build("ppca", seed, points=3, latents=2, dimension=5),
    (
        Mutant("kl_mean_latent", "averaged over the latent dimensions"),
        Mutant("kl_div_numel", "KL is divided by the number of features"),
        Mutant("kl_sign", "KL has the wrong sign"),
        Mutant("std_is_var", "the variance, is used as the standard deviation"),
        Mutant("kl_exp_half", "exp(log σ) stands where σ² is needed"),
        Mutant("kl_logsig_sq", "(log σ)² stands where 2 log σ"),
        Mutant("kl_reversed", "reversed"),
        Mutant("eps001", "scaled by 0.01"),
        Mutant("kl_batch_sum", "KL is summed over the data while the reconstruction is averaged"),
        Mutant("lik_var_as_scale", "in the likelihood, exp(log σ²), the variance, is used as the standard deviation"),
        Mutant("lik_half_logsigma", "applied to log σ as well"),
        Mutant("no_kl", "the KL term is missing"),
        Mutant("z_mean", "gets the mean of q"),
        Mutant("grad_std_chain", "lacks its factor σ"),
        Mutant("kl_detached", "KL is detached"),
    ),
    gradient,
)
