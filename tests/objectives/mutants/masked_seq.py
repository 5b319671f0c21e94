"""A padded sequence: the steps of the model, and after them steps that a mask must hide."""

from __future__ import annotations

from typing import Any

import numpy as np

from verify import strategies

from .lognormal import log_normal
from .record import Family, Mutant

PADDING = 2


def padded(rows: Any, fill: float) -> Any:
    return np.concatenate([rows, np.full((PADDING, *rows.shape[1:]), fill)])


def log_weight(model: Any, q: Any, rng: Any, bug: str = "") -> Any:
    x, mean, variance = padded(model.x, 7.0), padded(q.mean, 0.3), padded(q.variance, 0.5)
    mask = padded(np.ones(len(model.x)), 0.0)
    z = mean + np.sqrt(variance) * rng.standard_normal(mean.shape)
    log_likelihood = log_normal(x, model.mean + z @ model.loadings.T, model.noise_variance).sum(-1)
    log_ratio = (log_normal(z, 0.0, 1.0) - log_normal(z, mean, variance)).sum(-1)
    if bug == "lik_unmasked":
        return (log_likelihood + mask * log_ratio).sum()
    total = (mask * (log_likelihood + log_ratio)).sum()
    return total / len(x) if bug == "mean_over_T" else total


FAMILY = Family(
    "masked_seq",
    log_weight,
    {"returns": "elbo", "reduction": "sum", "estimator": "log-weight"},
    lambda seed: strategies.build("ppca", seed, points=3, latents=2, dimension=4),
    (Mutant("lik_unmasked"), Mutant("mean_over_T")),
)
