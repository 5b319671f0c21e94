"""A positive latent z = exp(u): densities with and without their Jacobians."""

from __future__ import annotations

from typing import Any

import numpy as np

from verify import strategies

from .record import Family, Mutant


def log_normal(u: Any, mean: Any, variance: Any) -> Any:
    return -0.5 * (np.log(2 * np.pi * variance) + (u - mean) ** 2 / variance)


def log_weight(model: Any, q: Any, rng: Any, bug: str = "") -> Any:
    u = rng.normal(q.mean, np.sqrt(q.variance))
    jacobian = {"no_jac": 0.0, "jac_sign": -1.0, "entropy_in_u_only_half": 0.5}.get(bug, 1.0)
    log_q = log_normal(u, q.mean, q.variance) - jacobian * u
    log_prior = log_normal(u, model.prior_mean, model.prior_variance) - (0.0 if bug == "model_no_jac" else u)
    log_x = np.log(model.x)
    log_likelihood = (log_normal(log_x, u, model.likelihood_variance) - log_x).sum()
    return log_likelihood + log_prior - log_q


FAMILY = Family(
    "lognormal",
    log_weight,
    {"returns": "elbo", "reduction": "sum", "estimator": "log-weight"},
    lambda seed: strategies.build("log-normal", seed, points=4),
    (
        Mutant("no_jac", "is missing in log q"),
        Mutant("jac_sign", "in log q has the wrong sign"),
        Mutant("model_no_jac", "is missing in log p(z)"),
        Mutant("entropy_in_u_only_half", "in log q has the factor ½"),
    ),
)
