"""A full-covariance q: sampled reconstruction, KL between multivariate normals by its formula."""

from __future__ import annotations

from typing import Any

import numpy as np

from verify import strategies

from .record import Family, Mutant


def log_determinant(factor: Any) -> Any:
    return 2 * np.log(np.diag(factor)).sum()


def kl(model: Any, q: Any, bug: str) -> Any:
    prior = np.linalg.cholesky(model.prior_covariance)
    trace = (np.linalg.solve(prior, q.scale_tril) ** 2).sum()
    away = np.diag(q.scale_tril) if bug == "mahal_missing" else q.mean - model.prior_mean
    distance = (np.linalg.solve(prior, away) ** 2).sum()
    size = 0 if bug == "no_dim" else len(q.mean)
    ratio = log_determinant(prior) - log_determinant(q.scale_tril)
    return 0.5 * (trace + distance - size + (0.5 * ratio if bug == "logdet_half" else ratio))


def loss(model: Any, q: Any, rng: Any, bug: str = "") -> Any:
    factor = np.diag(np.diag(q.scale_tril)) if bug == "diag_only" else q.scale_tril
    z = q.mean + factor @ rng.standard_normal(len(q.mean))
    noise = np.linalg.cholesky(model.noise_covariance)
    white = np.linalg.solve(noise, (model.x - model.weights @ z - model.offset).T)
    constants = model.x.size * np.log(2 * np.pi) + len(model.x) * log_determinant(noise)
    return 0.5 * ((white**2).sum() + constants) + kl(model, q, bug)


FAMILY = Family(
    "mvn_kl",
    loss,
    {"returns": "loss", "reduction": "sum", "estimator": "analytic-kl"},
    lambda seed: strategies.build("linear-gaussian", seed, points=4, latents=3, dimension=2),
    (
        Mutant("no_dim", "misses -d"),
        Mutant("logdet_half", "factor 1/4"),
        Mutant("mahal_missing"),
        Mutant("diag_only", "diagonal of the scale matrix only"),
    ),
)
