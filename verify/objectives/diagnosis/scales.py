"""Mistakes of sign, sum and mean: the terms are right, their weights are not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from verify.estimators import renyi_bound
from verify.objectives.diagnosis.hypothesis import Hypothesis
from verify.objectives.diagnosis.terms import Terms

Factor: TypeAlias = Callable[[Terms], float]


def _overall(says: str, factor: Factor) -> Hypothesis:
    """The whole objective is multiplied by a factor."""
    return Hypothesis(says, lambda t: factor(t) * t.target)


def _weighted(says: str, of_reconstruction: Factor, of_kl: Factor) -> Hypothesis:
    """reconstruction and KL have the weights of_reconstruction and of_kl."""

    def predicts(t: Terms) -> float:
        t.require(t.objective.kind == "elbo")
        return of_reconstruction(t) * t.reconstruction - of_kl(t) * t.kl

    return Hypothesis(says, predicts)


def _one(t: Terms) -> float:
    return 1.0


def _mean_of_exponential(t: Terms) -> float:
    """E[exp((1/K) Σ_k log w_k)] = E[w^(1/K)]^K, whose logarithm is the Rényi bound of order 1 - 1/K."""
    t.require(t.objective.kind == "elbo")
    model: Any = t.model
    return math.exp(renyi_bound(model, t.q, 1 - 1 / t.objective.samples).mean)


OVERALL = (
    _overall("the sign: it returns the negative of what was declared (loss against ELBO)", lambda t: -1.0),
    _overall('the value is averaged over the data points, but reduction="sum" was declared', lambda t: 1 / t.points),
    _overall('the value is summed over the data points, but reduction="mean" was declared', lambda t: t.points),
    _overall("the average over the K draws is taken twice: divide by K once", lambda t: 1 / t.samples),
    _overall("the K draws are summed, not averaged", lambda t: t.samples),
    _overall("everything is averaged over the features as well: sum over them", lambda t: 1 / t.features),
    _overall("everything is averaged over data points and features", lambda t: 1 / (t.points * t.features)),
    _overall("everything is averaged over the latent dimensions", lambda t: 1 / t.latents),
    _overall("everything is counted twice", lambda t: 2.0),
    _overall("everything is halved", lambda t: 0.5),
    Hypothesis("the exponential of the bound is returned, not the bound", lambda t: math.exp(t.target)),
    Hypothesis("the exponential of the log weight is returned, not the log weight", _mean_of_exponential),
    Hypothesis("it always returns 0", lambda t: 0.0),
)

OF_KL = (
    _weighted("the KL term is missing", _one, lambda t: 0.0),
    _weighted("the KL has the wrong sign: it is added to the ELBO, not subtracted", _one, lambda t: -1.0),
    _weighted("the KL is averaged over the latent dimensions: sum over them", _one, lambda t: 1 / t.latents),
    _weighted("the KL is divided by the number of data points once too often", _one, lambda t: 1 / t.points),
    _weighted("the KL is divided by the number of features", _one, lambda t: 1 / t.features),
    _weighted("the KL is averaged over data points and features (divided by their number)", _one,
              lambda t: 1 / (t.points * t.features)),
    _weighted("the KL is averaged over data points and latent dimensions", _one, lambda t: 1 / (t.points * t.latents)),
    _weighted("the KL is summed over the data while the reconstruction is averaged: reduce both alike", _one,
              lambda t: t.points),
    _weighted("the KL is multiplied by the number of latent dimensions", _one, lambda t: t.latents),
    _weighted("the KL is multiplied by the number of features", _one, lambda t: t.features),
    _weighted("the KL is divided by the number of draws K", _one, lambda t: 1 / t.samples),
    _weighted("the KL is counted twice", _one, lambda t: 2.0),
    _weighted("the factor 1/2 is applied to the KL once too often", _one, lambda t: 0.5),
)  # fmt: skip

OF_RECONSTRUCTION = (
    _weighted("the reconstruction term is missing", lambda t: 0.0, _one),
    _weighted("the reconstruction has the wrong sign", lambda t: -1.0, _one),
    _weighted("the reconstruction is averaged over the features while the KL is summed: sum over the features",
              lambda t: 1 / t.features, _one),
    _weighted("the reconstruction is averaged over the data points while the KL is summed: reduce both alike",
              lambda t: 1 / t.points, _one),
    _weighted("the reconstruction is averaged over data points and features while the KL is summed",
              lambda t: 1 / (t.points * t.features), _one),
    _weighted("the reconstruction is summed over the data while the KL is averaged: reduce both alike",
              lambda t: t.points, _one),
    _weighted("the reconstruction is multiplied by the number of features", lambda t: t.features, _one),
    _weighted("the reconstruction is counted twice", lambda t: 2.0, _one),
    _weighted("the reconstruction is halved", lambda t: 0.5, _one),
)  # fmt: skip

OF_BATCH = (
    _weighted("the likelihood of a minibatch is not scaled up: multiply it by N/M", lambda t: t.batch / t.points, _one),
    _weighted("the minibatch is scaled by M/N: the factor is N/M, the other way round",
              lambda t: (t.batch / t.points) ** 2, _one),
    _weighted("prior and q are scaled with the minibatch factor too: only the likelihood is",
              _one, lambda t: t.points / t.batch),
    _weighted("the minibatch is scaled by N/(M - 1): an off-by-one in the size of the batch",
              lambda t: t.batch / (t.batch - 1), _one),
    _weighted("the KL is divided by the number of batches: it belongs to the whole data set", _one,
              lambda t: t.batch / t.points),
    _weighted("the KL is divided by the size of the batch", _one, lambda t: 1 / t.batch),
)  # fmt: skip

ALL = (*OVERALL, *OF_KL, *OF_RECONSTRUCTION, *OF_BATCH)
