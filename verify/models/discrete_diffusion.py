"""Discrete diffusion: a Markov chain adds noise to a category x_0, the model reverses it.

The latent is the noisy path x_1 … x_T.  The model runs backwards from x_T with its own transitions; q runs forwards
from the observed x_0.  For any reverse model the posterior of the path given x_0 is a forward Markov chain, so the
family contains it; a model made by `reversing` a forward process has that process as its posterior and the data law as
its evidence.

Source: J. Austin et al., Structured denoising diffusion models in discrete state-spaces (NeurIPS 2021).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from verify.models.base import Formulas, SolvableModel
from verify.models.families.base import Variational
from verify.models.families.discrete import draw_categories, one_hot
from verify.models.records import Array, Gradient, Integers, ObservedIntegers, Simplex, tangent
from verify.models.special import (
    largest_log,
    log,
    log_normalised,
    log_sum_exp,
    normalised,
    relative_entropy_terms,
    weighted,
    xlogy,
)
from verify.models.sums import Sum


@dataclass(frozen=True, eq=False)
class DiscreteForwardProcess(Variational):
    """q(x_1 … x_T | x_0): a Markov chain from every observed start.

    start        x_0, shape (N,)
    transitions  q(x_{t+1} = j | x_t = i) at [t, i, j] for t = 0 … T - 1, shape (T, K, K)
    Samples z have shape (n, N, T).
    """

    start: ObservedIntegers
    transitions: Simplex

    def marginals(self) -> Array:
        """q(x_t | x_0) for t = 0 … T, shape (N, T + 1, K)."""
        rows = [one_hot(self.start, self.transitions.shape[-1])]
        for step in self.transitions:
            rows.append(rows[-1] @ step)
        return np.stack(rows, axis=1)

    def occupied(self) -> Array:
        """Σ over the data of q(x_t | x_0) for t = 0 … T, shape (T + 1, K): from the counts of the starts."""
        rows = [np.bincount(self.start, minlength=self.transitions.shape[-1]).astype(np.float64)]
        for step in self.transitions:
            rows.append(rows[-1] @ step)
        return np.stack(rows)

    def pairs(self) -> Array:
        """Σ over the data of q(x_t = i, x_{t+1} = j | x_0), shape (T, K, K)."""
        return np.asarray(self.occupied()[:-1, :, None] * self.transitions)

    def _paths(self, z: npt.NDArray[Any]) -> npt.NDArray[Any]:
        start = np.broadcast_to(self.start[:, None], (*z.shape[:-1], 1))
        return np.concatenate([start, z], axis=-1)

    def log_density(self, z: npt.NDArray[Any]) -> Array:
        """Σ_t log q(x_{t+1} | x_t), over all data."""
        paths = self._paths(z)
        steps = log(self.transitions)
        return np.asarray(steps[np.arange(len(steps)), paths[..., :-1], paths[..., 1:]].sum((-1, -2)))

    def sample(self, rng: np.random.Generator, n: int) -> Integers:
        """Shape (n, N, T)."""
        states = [np.broadcast_to(self.start, (n, len(self.start)))]
        for step in self.transitions:
            states.append(draw_categories(rng, step[states[-1]]))
        return np.stack(states[1:], axis=-1)

    def entropy_terms(self) -> Array:
        """-q(x_t, x_{t+1}) log q(x_{t+1} | x_t)."""
        return -xlogy(self.pairs(), self.transitions)

    def kl_sum(self, other: Self, logs: Array | None = None) -> Sum:
        """KL of each transition, averaged over the state before it.

        logs  of the other's transition probabilities, where these may lie below the smallest float
        """
        before = self.occupied()[:-1, :, None]
        return Sum.of(steps=weighted(before, relative_entropy_terms(self.transitions, other.transitions, logs)))

    def pull_back(self, local: Array, last: Array) -> Array:
        """The gradient in the transitions of Σ q(x_t, x_{t+1}) local_t(x_t, x_{t+1}) + Σ q(x_T) last(x_T)."""
        future, before = last, self.occupied()[:-1]
        slopes = np.empty_like(self.transitions)
        for t in range(len(self.transitions) - 1, -1, -1):
            ahead = local[t] + future
            slopes[t] = weighted(before[t][:, None], ahead)
            future = weighted(self.transitions[t], ahead).sum(-1)
        return tangent(slopes)

    def score(self, z: npt.NDArray[Any]) -> Gradient:
        """Counts of i → j at step t, divided by q(j | i), within the simplex."""
        hot = one_hot(self._paths(z), self.transitions.shape[-1])
        counts = np.einsum("snti,sntj->stij", hot[:, :, :-1], hot[:, :, 1:])
        return {"transitions": tangent(counts / self.transitions)}


def uniform_noise(rates: npt.ArrayLike, states: int) -> Array:
    """Forward transitions that replace the state by a uniform one with probability rates[t]; shape (T, K, K)."""
    rate = np.asarray(rates, dtype=np.float64)[:, None, None]
    return np.asarray((1 - rate) * np.eye(states) + rate / states)


@dataclass(frozen=True, eq=False)
class DiscreteDiffusion(SolvableModel[DiscreteForwardProcess]):
    """x_T ~ prior, x_{t-1} | x_t ~ reverse[t - 1][x_t]; x_0 is observed.  The reverse is generic ("imperfect").

    x        observed x_0, shape (N,)
    prior    p(x_T), shape (K,)
    reverse  p(x_{t-1} = j | x_t = i) at [t - 1, i, j], shape (T, K, K)
    Samples z = x_1 … x_T have shape (n, N, T).
    """

    name: ClassVar[str] = "discrete-diffusion"
    title: ClassVar[str] = "Discrete diffusion, imperfect reverse"
    formulas: ClassVar[Formulas] = Formulas(
        joint=r"p(x_{0:T}) = p(x_T) \prod_{t=1}^T p(x_{t-1} \mid x_t)",
        evidence=r"\log p(x_0) = \log \left(\pi_T R_T R_{T-1} \cdots R_1\right)_{x_0}",
        elbo=(
            r"\mathbb E_q \log p(x_T) + \sum_t \sum_{i,j} q(x_{t-1} = i, x_t = j \mid x_0)"
            r" \log \frac{p(x_{t-1} = i \mid x_t = j)}{q(x_t = j \mid x_{t-1} = i)}"
        ),
        gap=r"\sum_t \mathbb E_{q(x_{t-1} \mid x_0)} \operatorname{KL}(q(x_t \mid x_{t-1}) \,\|\, p(x_t \mid x_{t-1}))",
        second_route="enumeration of paths",
    )
    shapes: ClassVar[dict[str, tuple[int, int]]] = {"points": (2, 3), "steps": (2, 4), "states": (2, 3)}

    x: ObservedIntegers
    prior: Simplex
    reverse: Simplex

    @classmethod
    def random(cls, rng: np.random.Generator, points: int = 2, steps: int = 4, states: int = 3) -> Self:
        reverse = rng.dirichlet(np.ones(states), size=(steps, states))
        return cls(np.zeros(points, dtype=np.int64), rng.dirichlet(np.ones(states)), reverse).sample_data(rng)

    @classmethod
    def reversing(cls, x: npt.ArrayLike, data_law: Array, forward: Array) -> Self:
        """The exact reverse of a forward process (shape (T, K, K)) started from the data law (shape (K,))."""
        marginals, reverse = [data_law], []
        for step in forward:
            joint = marginals[-1][:, None] * step
            marginals.append(joint.sum(0))
            reverse.append(normalised(log(joint).T))
        return cls(np.asarray(x), marginals[-1], np.stack(reverse))

    def sample_data(self, rng: np.random.Generator) -> Self:
        state = draw_categories(rng, np.broadcast_to(self.prior, (len(self.x), len(self.prior))))
        for step in self.reverse[::-1]:
            state = draw_categories(rng, step[state])
        return self.replace(x=state)

    def _log_marginals(self) -> Array:
        """log p(x_t) for t = 0 … T, shape (T + 1, K)."""
        rows = [log(self.prior)]
        for step in log(self.reverse[::-1]):
            rows.append(log_sum_exp(rows[-1][:, None] + step, axis=0))
        return np.stack(rows[::-1])

    def posterior_q(self) -> DiscreteForwardProcess:
        """p(x_t | x_{t-1}) ∝ p(x_{t-1} | x_t) p(x_t): the states before x_{t-1} do not matter."""
        return DiscreteForwardProcess(self.x, normalised(self._log_forward()))

    def _log_forward(self) -> Array:
        """The logs of the posterior's transitions, up to what normalises them."""
        return np.asarray(log(np.swapaxes(self.reverse, 1, 2)) + self._log_marginals()[1:, None, :])

    def _size(self) -> float:
        worst = largest_log(self.prior) + largest_log(self.reverse, axis=(-1, -2)).sum()
        return float(worst) * len(self.x)

    def posterior_magnitude(self) -> float:
        return float(self._size() / len(self.x) + self.reverse[..., 0].size)

    def evidence_sum(self) -> Sum:
        return Sum.of(inside=self._size(), evidence=self._log_marginals()[0][self.x])

    def _begins_here(self, q: DiscreteForwardProcess) -> None:
        """Raises ValueError for a q of other data: it would put no mass on what was observed."""
        if not np.array_equal(q.start, self.x):
            raise ValueError("q starts from other data than the model's: make it with start = model.x")

    def elbo_sum(self, q: DiscreteForwardProcess) -> Sum:
        self._begins_here(q)
        prior = weighted(q.occupied()[-1], log(self.prior))
        reverse = weighted(q.pairs(), log(np.swapaxes(self.reverse, 1, 2)))
        return Sum.of(log_prior=prior, log_reverse=reverse, entropy=q.entropy_terms())

    def elbo_as_kl_terms(self, q: DiscreteForwardProcess) -> Sum:
        """The ELBO as it is trained: reconstruction, one KL(q(x_{t-1} | x_t, x_0) ‖ p(x_{t-1} | x_t)) for every t, and
        KL(q(x_T | x_0) ‖ p(x_T)); the parts of the result are these terms."""
        marginals = q.marginals()
        parts: dict[str, Any] = {"reconstruction": self._reconstruction(q)}
        parts["prior"] = -relative_entropy_terms(marginals[:, -1], self.prior)
        for t in range(1, len(self.reverse)):
            joint = marginals[:, t, :, None] * q.transitions[t]  # q(x_t = i, x_{t+1} = j | x_0)
            after = marginals[:, t + 1, :, None]
            backward = np.swapaxes(joint, 1, 2) / np.where(after > 0, after, 1.0)
            parts[f"step_{t}"] = -weighted(after, relative_entropy_terms(backward, self.reverse[t]))
        return Sum.of(inside=self._size(), **parts)

    def _reconstruction(self, q: DiscreteForwardProcess) -> Array:
        return weighted(q.marginals()[:, 1], log(self.reverse[0][:, self.x]).T)

    def gap_sum(self, q: DiscreteForwardProcess) -> Sum:
        self._begins_here(q)
        return q.kl_sum(self.posterior_q(), log_normalised(self._log_forward()))

    def log_evidence_independent(self) -> float:
        """The sum over all K^T paths, in plain probabilities."""
        steps, states = self.reverse.shape[:2]
        paths = np.array(list(itertools.product(range(states), repeat=steps)))
        return math.fsum(self._path_sum(start, paths) for start in self.x.tolist())

    def _path_sum(self, start: int, paths: Integers) -> float:
        full = np.column_stack([np.full(len(paths), start), paths])
        steps = self.reverse[np.arange(paths.shape[1]), full[:, 1:], full[:, :-1]].prod(-1)
        return math.log(math.fsum((self.prior[full[:, -1]] * steps).tolist()))

    def random_q(self, rng: np.random.Generator) -> DiscreteForwardProcess:
        states = len(self.prior)
        return DiscreteForwardProcess(self.x, rng.dirichlet(np.ones(states), size=(len(self.reverse), states)))

    def elbo_gradient(self, q: DiscreteForwardProcess) -> Gradient:
        local = log(np.swapaxes(self.reverse, 1, 2)) - log(q.transitions)
        return {"transitions": q.pull_back(local, log(self.prior))}

    def parameter_gradient(self, q: DiscreteForwardProcess) -> Gradient:
        prior = tangent(q.occupied()[-1] / self.prior)
        return {"prior": prior, "reverse": tangent(np.swapaxes(q.pairs(), 1, 2) / self.reverse)}

    def log_joint(self, z: npt.NDArray[Any]) -> Array:
        start = np.broadcast_to(self.x[:, None], (*z.shape[:-1], 1))
        paths = np.concatenate([start, z], axis=-1)
        steps = log(self.reverse)[np.arange(len(self.reverse)), paths[..., 1:], paths[..., :-1]]
        return np.asarray((log(self.prior)[paths[..., -1]] + steps.sum(-1)).sum(-1))

    def pieces(self, q: DiscreteForwardProcess) -> Iterator[tuple[Self, DiscreteForwardProcess]]:
        for i in range(len(self.x)):
            yield self.replace(x=self.x[i : i + 1]), q.replace(start=q.start[i : i + 1])


@dataclass(frozen=True, eq=False)
class ExactDiscreteDiffusion(DiscreteDiffusion):
    """Discrete diffusion whose reverse is exact: the posterior is the forward process, the evidence the data law."""

    name: ClassVar[str] = "discrete-diffusion-exact"
    title: ClassVar[str] = "Discrete diffusion, exact reverse"

    @classmethod
    def random(cls, rng: np.random.Generator, points: int = 2, steps: int = 4, states: int = 3) -> Self:
        forward = uniform_noise(rng.uniform(0.1, 0.6, size=steps), states)
        return cls.reversing(np.zeros(points, dtype=np.int64), rng.dirichlet(np.ones(states)), forward).sample_data(rng)
