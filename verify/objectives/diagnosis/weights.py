"""Mistakes in log weights: a density missing or counted twice, Jacobians, the log of a mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from verify.estimators import weight_law
from verify.models import LogNormal, LogNormalLogNormal
from verify.models.categorical import CategoricalLatent
from verify.objectives.diagnosis.hypothesis import Hypothesis
from verify.objectives.diagnosis.terms import InapplicableError, Terms
from verify.objectives.reference.power_means import power_mean_moments
from verify.objectives.reference.targets import power_of

_MOST_TUPLES = 1 << 16


# ---------------------------------------------------------------- densities


def _plus(says: str, by: Callable[[Terms], float]) -> Hypothesis:
    """The ELBO, off by a known term."""

    def predicts(t: Terms) -> float:
        t.require(t.objective.kind == "elbo")
        return t.target + by(t)

    return Hypothesis(says, predicts)


DENSITIES = (
    _plus("log q(z) is missing: the entropy of q does not enter", lambda t: -t.entropy),
    _plus("log q(z) is subtracted twice", lambda t: t.entropy),
    _plus("log q(z) has the wrong sign: it is added, not subtracted", lambda t: -2 * t.entropy),
    _plus("log p(z) is missing: the prior does not enter", lambda t: -t.log_prior),
    _plus("log p(z) is counted twice", lambda t: t.log_prior),
    _plus("log p(z) has the wrong sign", lambda t: -2 * t.log_prior),
    _plus("the likelihood is counted twice", lambda t: t.reconstruction),
)


def _coordinate_entropy(t: Terms, k: int) -> float:
    """The entropy of the k-th coordinate of a normal q, over all data points."""
    variance = np.atleast_1d(t.normal.variance)
    if variance.shape[-1] <= k:
        raise InapplicableError
    return 0.5 * float(np.sum(np.log(2 * math.pi * math.e * variance[..., k])))


def _one_site_twice(twice: int, never: int) -> Hypothesis:
    says = f"log q of latent {twice + 1} is counted twice and that of latent {never + 1} never"
    return _plus(says, lambda t: _coordinate_entropy(t, twice) - _coordinate_entropy(t, never))


SITES = tuple(_one_site_twice(i, j) for i in range(3) for j in range(3) if i != j)


# ---------------------------------------------------------------- change of variables


def _log_z(t: Terms) -> float:
    """E_q[Σ log z]: what a Jacobian of z = exp(u) adds."""
    if not isinstance(t.q, LogNormal):
        raise InapplicableError
    return float(np.sum(t.q.mean))


def _log_x(t: Terms) -> float:
    if not isinstance(t.model, LogNormalLogNormal):
        raise InapplicableError
    return float(np.log(t.model.x).sum())


JACOBIANS = (
    _plus("the Jacobian of z = exp(u) is missing in log q: subtract log z", lambda t: -_log_z(t)),
    _plus("the Jacobian of z = exp(u) in log q has the wrong sign: subtract log z", lambda t: -2 * _log_z(t)),
    _plus("the Jacobian of z = exp(u) in log q has the factor ½", lambda t: -0.5 * _log_z(t)),
    _plus("the Jacobian of z = exp(u) is missing in log p(z): subtract log z", _log_z),
    _plus("the Jacobian of the data is missing in log p(x|z): subtract log x", _log_x),
)


# ---------------------------------------------------------------- data points and axes


def _log_sum_of_pieces(t: Terms) -> float:
    values = [piece.elbo_sum(part).value for piece, part in t.model.pieces(t.q)]
    t.require(len(values) > 1)
    return float(np.logaddexp.reduce(values))


def _normalised_over_data(t: Terms) -> float:
    if not isinstance(t.model, CategoricalLatent):
        raise InapplicableError
    q = t.q.probabilities / t.q.probabilities.sum(0)
    return float(np.sum(q * (t.model.log_joints() - np.log(q))))


AXES = (
    Hypothesis("the data points go through a logsumexp: add their bounds", _log_sum_of_pieces),
    Hypothesis("the softmax of q runs over the data axis: normalise over the states", _normalised_over_data),
)


# ---------------------------------------------------------------- log of a mean


def _power_mean(says: str, power: Callable[[Terms], float], factor: Callable[[Terms], float]) -> Hypothesis:
    """factor · (1/p) log mean of w^p."""

    def predicts(t: Terms) -> float:
        t.require(t.objective.kind != "elbo")
        return factor(t) * power_mean_moments(t.model, t.q, t.samples, power(t), t.objective.plate).mean

    return Hypothesis(says, predicts)


def _own_power(t: Terms) -> float:
    return power_of(t.objective)


def _alpha(t: Terms) -> float:
    t.require(t.objective.alpha is not None)
    return float(t.objective.alpha or 0.0)


def _logarithms(t: Terms) -> int:
    """How many logarithms of means there are: one a data point, or one."""
    t.require(t.objective.kind != "elbo")
    return sum(1 for _ in t.model.pieces(t.q)) if t.objective.plate else 1


def _mean_of_logs(t: Terms) -> float:
    t.require(t.objective.kind != "elbo")
    _ = t.samples
    return t.elbo


def _other_plate(t: Terms) -> float:
    t.require(t.objective.kind != "elbo")
    return power_mean_moments(t.model, t.q, t.samples, _own_power(t), not t.objective.plate).mean


def _self_normalised(t: Terms) -> float:
    """E[Σ_k softmax(log w)_k log w_k], summed over all tuples of latents."""
    t.require(t.objective.kind == "iwae")
    pieces: Iterator[tuple[Any, Any]] = t.model.pieces(t.q) if t.objective.plate else iter([(t.model, t.q)])
    return math.fsum(_self_normalised_piece(piece, part, t.samples) for piece, part in pieces)


def _self_normalised_piece(model: Any, q: Any, samples: int) -> float:
    law = weight_law(model, q)
    if len(law.log_weights) ** samples > _MOST_TUPLES:
        raise InapplicableError
    logs = np.stack(np.meshgrid(*[law.log_weights] * samples, indexing="ij"), axis=-1)
    chances = np.stack(np.meshgrid(*[law.probabilities] * samples, indexing="ij"), axis=-1).prod(-1)
    shares = np.exp(logs - np.logaddexp.reduce(logs, axis=-1, keepdims=True))
    return float(np.sum(chances * (shares * logs).sum(-1)))


IMPORTANCE = (
    Hypothesis("the mean of the logs is returned, not the log of the mean: that is the ELBO", _mean_of_logs),
    _power_mean("the logsumexp runs over losses: it must run over log weights, minus the losses",
                lambda t: -_own_power(t), lambda t: 1.0),
    Hypothesis("log K is not subtracted: the weights are summed, not averaged",
               lambda t: t.target + _logarithms(t) * math.log(t.samples) / _own_power(t)),
    Hypothesis("log K is subtracted twice",
               lambda t: t.target - _logarithms(t) * math.log(t.samples) / _own_power(t)),
    Hypothesis("the weights of all data points are added before the logarithm (or the other way round): see plate",
               _other_plate),
    Hypothesis("the log weights are averaged with their own softmax as weights: that is not the log of the mean",
               _self_normalised),
    _power_mean("the power of the weights is 1 + alpha: it must be 1 - alpha", lambda t: 1 + _alpha(t), lambda t: 1.0),
    _power_mean("the power of the weights is 1 + alpha, and only the divisor is 1 - alpha", lambda t: 1 + _alpha(t),
                lambda t: (1 + _alpha(t)) / (1 - _alpha(t))),
    _power_mean("the division by 1 - alpha is missing", lambda t: 1 - _alpha(t), lambda t: 1 - _alpha(t)),
    _power_mean("the power of the weights is alpha: it must be 1 - alpha", _alpha, lambda t: 1.0),
)  # fmt: skip

ALL = (*DENSITIES, *SITES, *JACOBIANS, *AXES, *IMPORTANCE)
