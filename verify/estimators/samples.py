"""Plain Monte-Carlo estimates: what an implementation under test computes, written out once, without cleverness."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from verify.models import SolvableModel, Variational
from verify.models.records import Array
from verify.models.special import log_sum_exp

Model = SolvableModel[Any]


def elbo_samples(model: Model, q: Variational, rng: np.random.Generator, n: int) -> Array:
    """n independent single-sample ELBO estimates log w(z), shape (n,)."""
    return model.log_weight(q, model.sample_q(q, rng, n))


def iwae_samples(
    model: Model, q: Variational, rng: np.random.Generator, n: int, samples: int, plate: bool = True
) -> Array:
    """n independent importance-weighted estimates, each from `samples` draws; shape (n,).

    plate  as in `iwae_moments`
    """
    pieces = list(model.pieces(q)) if plate else [(model, q)]
    total = np.zeros(n)
    for piece, part in pieces:
        logs = elbo_samples(piece, part, rng, n * samples).reshape(n, samples)
        total += log_sum_exp(logs, axis=1) - math.log(samples)
    return total
