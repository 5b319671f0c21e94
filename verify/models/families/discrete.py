"""Variational distributions over finite sets: independent categoricals, independent Bernoullis, Markov chains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from verify.models.families.base import Variational
from verify.models.records import Array, Gradient, Integers, Simplex, Units, tangent
from verify.models.special import log, relative_entropy_terms, weighted, xlogy
from verify.models.sums import Sum


def draw_categories(rng: np.random.Generator, probabilities: Array) -> Integers:
    """One category for every probability vector along the last axis."""
    cumulative = np.cumsum(probabilities, axis=-1)
    uniform = rng.random(probabilities.shape[:-1])[..., None] * cumulative[..., -1:]
    return np.asarray(np.minimum((cumulative <= uniform).sum(-1), probabilities.shape[-1] - 1))


def one_hot(z: npt.NDArray[Any], categories: int) -> Array:
    """1 at the category, 0 elsewhere, along a new last axis."""
    return np.asarray(np.asarray(z)[..., None] == np.arange(categories), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Categorical(Variational):
    """Independent categories z_1, …, z_N.

    probabilities  shape (N, K); samples z have shape (n, N) with values 0 … K - 1
    """

    probabilities: Simplex

    def log_density(self, z: npt.NDArray[Any]) -> Array:
        """Σ_i log q_i(z_i)."""
        logs = log(self.probabilities)
        return np.asarray(logs[np.arange(len(logs)), z].sum(-1))

    def sample(self, rng: np.random.Generator, n: int) -> Integers:
        """Shape (n, N)."""
        return draw_categories(rng, np.broadcast_to(self.probabilities, (n, *self.probabilities.shape)))

    def entropy_terms(self) -> Array:
        """-q log q, entry by entry."""
        return -xlogy(self.probabilities, self.probabilities)

    def entropy_gradient(self) -> Gradient:
        """∂ entropy / ∂ probabilities, within the simplex."""
        return {"probabilities": tangent(-np.log(self.probabilities))}

    def kl_sum(self, other: Self) -> Sum:
        """Σ (q log(q/p) - q + p): every term is >= 0, and Σ (p - q) = 0 for probabilities."""
        return Sum.of(kl=relative_entropy_terms(self.probabilities, other.probabilities))

    def score(self, z: npt.NDArray[Any]) -> Gradient:
        """1[z_i = k] / q_i(k), within the simplex."""
        return {"probabilities": tangent(one_hot(z, self.probabilities.shape[-1]) / self.probabilities)}


@dataclass(frozen=True, eq=False)
class Bernoulli(Variational):
    """Independent binary units.

    probabilities  q(z = 1) for every unit, any shape; samples z have shape (n, …) with values 0 and 1
    """

    probabilities: Units

    def log_density(self, z: npt.NDArray[Any]) -> Array:
        """Σ z log q + (1 - z) log(1 - q)."""
        logs = xlogy(z, self.probabilities) + xlogy(1 - np.asarray(z), 1 - self.probabilities)
        return np.asarray(logs.reshape(len(logs), -1).sum(-1))

    def sample(self, rng: np.random.Generator, n: int) -> Integers:
        """Shape (n, …)."""
        return (rng.random((n, *self.probabilities.shape)) < self.probabilities).astype(np.int64)

    def entropy_terms(self) -> Array:
        """-q log q and -(1-q) log(1-q), unit by unit."""
        q = self.probabilities
        return -np.stack([q * np.log(q), (1 - q) * np.log1p(-q)])

    def entropy_gradient(self) -> Gradient:
        """∂ entropy / ∂ probabilities = log((1-q)/q)."""
        return {"probabilities": np.log1p(-self.probabilities) - np.log(self.probabilities)}

    def kl_sum(self, other: Self) -> Sum:
        """Unit by unit, without cancellation."""
        q, p = self.probabilities, other.probabilities
        return Sum.of(on=relative_entropy_terms(q, p), off=relative_entropy_terms(1 - q, 1 - p))

    def score(self, z: npt.NDArray[Any]) -> Gradient:
        """(z - q) / (q (1 - q))."""
        q = self.probabilities
        return {"probabilities": (z - q) / (q * (1 - q))}


@dataclass(frozen=True, eq=False)
class MarkovChain(Variational):
    """A chain z_1 → z_2 → … → z_T over K states, with transitions that may change with time.

    initial      q(z_1), shape (K,)
    transitions  q(z_{t+1} = j | z_t = i) at [t, i, j], shape (T - 1, K, K)
    Samples z have shape (n, T).
    """

    initial: Simplex
    transitions: Simplex

    def marginals(self) -> Array:
        """q(z_t), shape (T, K)."""
        rows = [self.initial]
        for step in self.transitions:
            rows.append(rows[-1] @ step)
        return np.stack(rows)

    def pairs(self) -> Array:
        """q(z_t = i, z_{t+1} = j), shape (T - 1, K, K)."""
        return self.marginals()[:-1, :, None] * self.transitions

    def log_density(self, z: npt.NDArray[Any]) -> Array:
        """log q(z_1) + Σ log q(z_{t+1} | z_t)."""
        first, steps = log(self.initial), log(self.transitions)
        return np.asarray(first[z[:, 0]] + steps[np.arange(len(steps)), z[:, :-1], z[:, 1:]].sum(-1))

    def sample(self, rng: np.random.Generator, n: int) -> Integers:
        """Shape (n, T)."""
        states = [draw_categories(rng, np.broadcast_to(self.initial, (n, len(self.initial))))]
        for step in self.transitions:
            states.append(draw_categories(rng, step[states[-1]]))
        return np.stack(states, axis=1)

    def entropy_terms(self) -> Array:
        """-q(z_1) log q(z_1) and -q(z_t, z_{t+1}) log q(z_{t+1} | z_t)."""
        return -np.concatenate([xlogy(self.initial, self.initial), xlogy(self.pairs(), self.transitions).ravel()])

    def kl_sum(self, other: Self, logs: tuple[Array, Array] | None = None) -> Sum:
        """The chain rule of KL: KL of the first states, then of each transition averaged over the state before.

        logs  of the other's initial and transition probabilities, where these may lie below the smallest float
        """
        first, others = logs or (None, None)
        before = self.marginals()[:-1, :, None]
        steps = relative_entropy_terms(self.transitions, other.transitions, others)
        return Sum.of(first=relative_entropy_terms(self.initial, other.initial, first), steps=weighted(before, steps))

    def pull_back(self, local_initial: Array, local_steps: Array) -> Gradient:
        """The gradient of F = Σ q(z_1) f_1(z_1) + Σ_t Σ q(z_t, z_{t+1}) f_t(z_t, z_{t+1}) in both fields, f held fixed.

        local_initial  f_1, shape (K,); local_steps  f_t, shape (T - 1, K, K)
        """
        future = np.zeros(len(self.initial))
        slopes = np.empty_like(self.transitions)
        marginals = self.marginals()
        for t in range(len(self.transitions) - 1, -1, -1):
            ahead = local_steps[t] + future
            slopes[t] = weighted(marginals[t][:, None], ahead)
            future = weighted(self.transitions[t], ahead).sum(-1)
        return {"initial": tangent(local_initial + future), "transitions": tangent(slopes)}

    def score(self, z: npt.NDArray[Any]) -> Gradient:
        """1[z_1 = i] / q(i) and 1[z_t = i, z_{t+1} = j] / q(j|i), within the simplex."""
        hot = one_hot(z, len(self.initial))
        steps = hot[:, :-1, :, None] * hot[:, 1:, None, :] / self.transitions
        return {"initial": tangent(hot[:, 0] / self.initial), "transitions": tangent(steps)}
