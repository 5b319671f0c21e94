"""The Rényi bound of order 1/2 from two weights a data point."""

from __future__ import annotations

from typing import Any

from verify import strategies

from .iwae import log_mean_exp, log_weights
from .record import Family, Mutant


def bound(model: Any, q: Any, samples: int, alpha: float, rng: Any, bug: str = "") -> Any:
    power = 1 + alpha if bug == "alpha_sign" else 1 - alpha
    total = log_mean_exp(power * log_weights(model, q, samples, rng)).sum()
    return total if bug == "no_div" else total / power


FAMILY = Family(
    "renyi05",
    bound,
    {"returns": "elbo", "reduction": "sum", "kind": "renyi", "alpha": 0.5, "samples": 2, "estimator": "log-weight"},
    lambda seed: strategies.build("gaussian-mixture", seed, points=2, components=3, dimension=2),
    (Mutant("alpha_sign", "the power of the weights is 1 + alpha"), Mutant("no_div", "the division by 1 - alpha")),
)
