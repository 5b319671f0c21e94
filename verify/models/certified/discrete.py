"""Latents that can be enumerated: sums over all states, in Arb."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from flint import arb

from verify.models.boltzmann import CoupledBoltzmann, RestrictedBoltzmann, binary_states
from verify.models.categorical import GaussianMixture
from verify.models.certified.balls import balls, log_normal_density, shares, summed
from verify.models.certified.base import Balls, added, balls_of
from verify.models.families import Bernoulli, Categorical

_MOST_UNITS = 14  # of a Boltzmann machine: 2^14 states are enumerated


def finite(log_joint: Sequence[arb], q: Sequence[arb]) -> Balls:
    """One observation with log p(x, z = k) and q(z = k): where this is 0, it adds nothing."""
    top = max(log_joint, key=float)
    evidence = top + summed((log - top).exp() for log in log_joint).log()
    chosen = [(log, w) for log, w in zip(log_joint, q, strict=True) if not w.is_zero()]
    elbo = summed(w * (log - w.log()) for log, w in chosen)
    gap = summed(w * (w.log() - log + evidence) for log, w in chosen)
    return evidence, elbo, gap


@balls_of.register
def _(model: GaussianMixture, q: Categorical) -> Balls:
    means, variances = balls(model.means), balls(model.variances)
    components, size = model.means.shape
    log_weights = [arb("-inf") if w.is_zero() else w.log() for w in shares(model.weights)]
    chosen, parts = shares(q.probabilities), []
    for i, row in enumerate(model.x):
        point = balls(row)
        logs = [
            log_weights[k]
            + summed(log_normal_density(x, means[k * size + d], variances[k * size + d]) for d, x in enumerate(point))
            for k in range(components)
        ]
        parts.append(finite(logs, chosen[i * components : (i + 1) * components]))
    return added(parts)


@balls_of.register
def _(model: RestrictedBoltzmann, q: Bernoulli) -> Balls:
    """Z and every p(v, h) by enumeration.  Raises ValueError for more than 14 units."""
    units = len(model.visible_bias) + len(model.hidden_bias)
    if units > _MOST_UNITS:
        raise ValueError(f"{units} units have too many states to enumerate (at most {_MOST_UNITS} units)")
    visible, hidden = binary_states(len(model.visible_bias)), binary_states(len(model.hidden_bias))
    log_z = summed(log.exp() for v in visible for log in _minus_energies(model, v, hidden)).log()
    parts = []
    for v, row in zip(model.x, q.probabilities, strict=True):
        on = balls(row)
        chances = [math.prod((p if h else 1 - p for p, h in zip(on, state, strict=True)), start=arb(1))
                   for state in hidden]  # fmt: skip
        parts.append(finite([log - log_z for log in _minus_energies(model, v, hidden)], chances))
    return added(parts)


def _minus_energies(model: RestrictedBoltzmann, v: np.ndarray, hidden: np.ndarray) -> list[arb]:
    """-E(v, h) for all hidden states: sums of the parameters that are switched on."""
    couplings = model.couplings if isinstance(model, CoupledBoltzmann) else np.zeros((len(hidden[0]),) * 2)
    found = []
    for h in hidden:
        on = np.flatnonzero(h)
        weights = model.weights[np.ix_(np.flatnonzero(v), on)]
        parts = [model.visible_bias[v == 1], model.hidden_bias[on], weights, np.triu(couplings[np.ix_(on, on)], 1)]
        found.append(summed(value for part in parts for value in balls(part)))
    return found
