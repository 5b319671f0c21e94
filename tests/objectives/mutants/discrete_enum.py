"""A discrete latent summed out exactly: no noise at all."""

from __future__ import annotations

from typing import Any

import numpy as np

from verify import strategies

from .record import Family, Mutant


def log_softmax(logits: Any, axis: int) -> Any:
    return logits - np.logaddexp.reduce(logits, axis=axis, keepdims=True)


def elbo(model: Any, q: Any, bug: str = "") -> Any:
    log_q = log_softmax(np.log(q.probabilities), axis=0 if bug == "softmax_axis" else -1)
    weights = np.exp(log_q)
    log_prior, log_likelihood = np.log(model.prior), np.log(model.likelihood[:, model.x]).T
    reconstruction = (weights * log_likelihood).sum(-1)
    kl = (weights * (log_q - log_prior)).sum(-1)
    if bug == "no_entropy":
        return (reconstruction + (weights * log_prior).sum(-1)).sum()
    if bug == "plate_lse":
        return np.logaddexp.reduce(reconstruction - kl)
    return (reconstruction + (kl if bug == "kl_sign" else -kl)).sum()


FAMILY = Family(
    "discrete_enum",
    elbo,
    {"returns": "elbo", "reduction": "sum"},
    lambda seed: strategies.build("finite-table", seed, points=3, states=4, values=3),
    (
        Mutant("kl_sign", "KL has the wrong sign"),
        Mutant("no_entropy", "log q(z) is missing"),
        Mutant("plate_lse", "go through a logsumexp"),
        Mutant("softmax_axis", "runs over the data axis"),
    ),
    options={"noise": "none"},
)
