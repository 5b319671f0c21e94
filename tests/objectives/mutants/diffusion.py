"""The diffusion bound as it is trained: reconstruction, one KL a step, the KL of the end; every x_t drawn at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from verify import strategies

from .record import Family, Mutant


def kl(mean: Any, variance: Any, other_mean: Any, other_variance: Any) -> Any:
    ratio = variance / other_variance
    return 0.5 * (ratio - 1 - np.log(ratio) + (mean - other_mean) ** 2 / other_variance)


def step_kl(model: Any, q: Any, rng: Any, t: int, bug: str) -> Any:
    """KL(q(x_t | x_{t+1}, x_0) ‖ p(x_t | x_{t+1})) at a drawn x_{t+1}, one number a data point."""
    means, variances = q.marginals()
    signal = np.cumprod(np.append(1.0, q.weights))
    later = drawn(means[:, t + 1], variances[t + 1], rng, bug)
    gain = q.weights[t] * variances[t] / variances[t + 1]
    of_start = signal[t] - gain * signal[t + 1]
    rest = means[:, t] - gain * means[:, t + 1] - of_start * model.x
    first, second = (gain, of_start) if bug == "coef_swapped" else (of_start, gain)
    mean = first * model.x + second * later + rest
    variance = q.variances[t] * (1.0 if bug == "post_var_is_beta" else variances[t] / variances[t + 1])
    other_mean, other_variance = model.weights[t] * later + model.offsets[t], model.variances[t]
    if bug == "simple_unweighted":
        return (mean - other_mean) ** 2
    if bug == "kl_direction":
        return kl(other_mean, other_variance, mean, variance)
    return kl(mean, variance, other_mean, other_variance)


def drawn(mean: Any, variance: Any, rng: Any, bug: str) -> Any:
    std = variance if bug == "noise_sqrt_missing" else np.sqrt(variance)
    return mean + std * rng.standard_normal(mean.shape)


def loss(model: Any, q: Any, rng: Any, bug: str = "") -> Any:
    means, variances = q.marginals()
    last = np.exp(variances[-1]) if bug == "prior_logvar_not_log" else variances[-1]
    total = kl(means[:, -1], last, model.prior_mean, model.prior_variance)
    first = drawn(means[:, 1], variances[1], rng, bug)
    away = model.x - model.weights[0] * first - model.offsets[0]
    total = total + 0.5 * (np.log(2 * np.pi * model.variances[0]) + away**2 / model.variances[0])
    steps = np.zeros_like(model.x)
    for t in range(1, len(model.weights)):
        term = step_kl(model, q, rng, 1 if bug == "t_fixed" else t, bug)
        steps = term if bug == "kl_overwritten" else steps + term
    return (total + steps).mean()


FAMILY = Family(
    "diffusion",
    loss,
    {"returns": "loss", "reduction": "mean"},
    lambda seed: strategies.build("gaussian-diffusion", seed, points=2, steps=4),
    (
        Mutant("prior_logvar_not_log", "taken for its logarithm"),
        Mutant("kl_overwritten", "assigned, not accumulated"),
        Mutant("t_fixed", "t does not change in the loop"),
        Mutant("post_var_is_beta", "that of the forward step"),
        Mutant("noise_sqrt_missing", "drawn with its variance as standard deviation"),
        Mutant("coef_swapped", "in the posterior mean are swapped"),
        Mutant("simple_unweighted", "the simple loss"),
        Mutant("kl_direction", "the KL of a step is reversed"),
    ),
)
