"""The score-function (REINFORCE) gradient for a discrete latent, in the logits of q."""

from __future__ import annotations

from typing import Any

import numpy as np

from verify import strategies

from .record import Family, Mutant


def draw(q: Any, rng: Any) -> Any:
    return np.array([rng.choice(len(p), p=p) for p in q.probabilities])


def log_weight(model: Any, q: Any, rng: Any, bug: str = "") -> Any:
    z = draw(q, rng)
    rows = np.arange(len(z))
    seen = rng.choice(len(model.prior), size=len(z), p=model.prior) if bug == "use_prior_sample" else z
    log_likelihood = np.log(model.likelihood[seen, model.x])
    return (log_likelihood + np.log(model.prior[z]) - np.log(q.probabilities[rows, z])).sum()


def gradient(model: Any, q: Any, rng: Any, bug: str = "") -> dict[str, Any]:
    z = draw(q, rng)
    log_q = np.log(q.probabilities[np.arange(len(z)), z]).sum()
    signal = np.log(model.likelihood[z, model.x] * model.prior[z]).sum() - log_q
    score = np.eye(q.probabilities.shape[1])[z] - q.probabilities  # of log q(z), in the logits
    if bug == "no_score":
        return {"logits": -score}
    if bug == "score_not_detached":
        return {"logits": -score * (1 + log_q) + signal * score}
    return {"logits": -score - signal * score if bug == "score_sign" else -score + signal * score}


FAMILY = Family(
    "score_function",
    log_weight,
    {"returns": "elbo", "reduction": "sum", "estimator": "log-weight"},
    lambda seed: strategies.build("finite-table", seed, points=3, states=4, values=2),
    (
        Mutant("no_score", "the gradient is 0"),
        Mutant("score_not_detached", "the signal that multiplies the score is not detached"),
        Mutant("score_sign", "the gradient has the wrong sign"),
        Mutant("use_prior_sample"),
    ),
    gradient,
)
