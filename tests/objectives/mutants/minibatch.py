"""Bayesian linear regression from a random minibatch of two out of five data points."""

from __future__ import annotations

from typing import Any

import numpy as np

from verify import strategies

from .record import Family, Mutant


def loss(model: Any, q: Any, batch: Any, rng: Any, bug: str = "") -> Any:
    points, size = len(model.y), len(batch)
    z = q.mean + np.sqrt(q.variance) * rng.standard_normal(q.mean.shape)
    residual = model.y[batch] - model.features[batch] @ z
    log_likelihood = -0.5 * (np.log(2 * np.pi * model.noise_variance) + residual**2 / model.noise_variance).sum()
    ratio = q.variance / model.prior_variance
    kl = 0.5 * (ratio + (q.mean - model.prior_mean) ** 2 / model.prior_variance - 1 - np.log(ratio)).sum()
    scale = {"inverse_scale": size / points, "scale_wrong_N": points / (size - 1)}.get(bug, points / size)
    if bug == "scale_all":
        return -scale * (log_likelihood - kl)
    return (kl / points if bug == "kl_over_N_again" else kl) - scale * log_likelihood


FAMILY = Family(
    "minibatch",
    loss,
    {"returns": "loss", "reduction": "sum", "batch_size": 3},
    lambda seed: strategies.build("linear-regression-mean-field", seed, points=5, latents=2),
    (
        Mutant("scale_all", "prior and q are scaled with the minibatch factor too"),
        Mutant("inverse_scale", "scaled by M/N"),
        Mutant("kl_over_N_again", "divided by the number of data points once too often"),
        Mutant("scale_wrong_N", "N/(M - 1)"),
    ),
)
