"""An ELBO averaged over several draws ("particles"), returned as a loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from verify import strategies

from .lognormal import log_normal
from .record import Family, Mutant


def loss(model: Any, q: Any, samples: int, rng: Any, bug: str = "") -> Any:
    z = rng.normal(q.mean, np.sqrt(q.variance), size=samples)
    log_likelihood = log_normal(model.x, z[:, None], model.likelihood_variance).sum(-1)
    log_ratio = log_normal(z, model.prior_mean, model.prior_variance) - log_normal(z, q.mean, q.variance)
    elbo = (log_likelihood + log_ratio).mean()
    return {"sign": elbo, "divided_twice": -elbo / samples, "exp_of_mean": -np.exp(elbo)}.get(bug, -elbo)


FAMILY = Family(
    "particles",
    loss,
    {"returns": "loss", "reduction": "sum", "samples": 2, "estimator": "log-weight"},
    lambda seed: strategies.build("normal-normal", seed, points=4),
    (
        Mutant("sign", "the sign"),
        Mutant("divided_twice", "the average over the K draws is taken twice"),
        Mutant("exp_of_mean", "the exponential"),
    ),
)
