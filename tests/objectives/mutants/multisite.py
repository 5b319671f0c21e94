"""Regression weights drawn one site after the other, as the layers of a Bayesian network are."""

from __future__ import annotations

from typing import Any

import numpy as np

from verify import strategies

from .lognormal import log_normal
from .record import Family, Mutant


def log_weight(model: Any, q: Any, rng: Any, bug: str = "") -> Any:
    z = np.array([rng.normal(m, np.sqrt(v)) for m, v in zip(q.mean, q.variance, strict=True)])
    log_q = log_normal(z, q.mean, q.variance * (1.7 if bug == "kl_wrong_params" else 1.0))
    if bug == "site2_twice_site3_missing":
        log_q[2:3] = log_q[1]
    log_prior = log_normal(z, model.prior_mean, model.prior_variance).sum() * (2 if bug == "prior_twice" else 1)
    log_likelihood = log_normal(model.y, model.features @ z, model.noise_variance).sum()
    return log_likelihood + log_prior - (0.0 if bug == "no_entropy" else log_q.sum())


FAMILY = Family(
    "multisite",
    log_weight,
    {"returns": "elbo", "reduction": "sum", "estimator": "log-weight"},
    lambda seed: strategies.build("linear-regression-mean-field", seed, points=5, latents=3),
    (
        Mutant("site2_twice_site3_missing", "log q of latent 2 is counted twice and that of latent 3 never"),
        Mutant("prior_twice", "log p(z) is counted twice"),
        Mutant("kl_wrong_params"),
        Mutant("no_entropy", "log q(z) is missing"),
    ),
)
