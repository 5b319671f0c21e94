"""Hidden Markov model with a discrete emission: q is either a Markov chain (exact) or independent states (mean field).

Sources: L. R. Rabiner, A tutorial on hidden Markov models, Proc. IEEE 77 (1989); C. M. Bishop, Pattern Recognition and
Machine Learning (2006), section 13.2.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt

from verify.models.base import Formulas, SolvableModel
from verify.models.families.discrete import Categorical, MarkovChain, draw_categories, one_hot
from verify.models.records import Array, Gradient, ObservedIntegers, Simplex, tangent
from verify.models.special import (
    largest_log,
    log,
    log_normalised,
    log_sum_exp,
    normalised,
    relative_entropy_terms,
    weighted,
)
from verify.models.sums import Sum

Q = TypeVar("Q", MarkovChain, Categorical)
_JOINT = r"p(x, z) = \pi_{z_1} \prod_{t=2}^T A_{z_{t-1} z_t} \prod_{t=1}^T B_{z_t x_t}"
_EVIDENCE = (
    r"\log p(x) = \log \sum_k \alpha_T(k),\quad \alpha_t(j) = B_{j x_t} \sum_i \alpha_{t-1}(i) A_{ij},\quad"
    r" \alpha_1(j) = \pi_j B_{j x_1}"
)


@dataclass(frozen=True, eq=False)
class HiddenMarkov(SolvableModel[Q], Generic[Q]):
    """z_1 ~ initial, z_{t+1} | z_t ~ transition[z_t], x_t | z_t ~ emission[z_t].

    x           observed symbols, shape (T,), values 0 … V - 1
    initial     shape (K,);  transition  at [i, j], shape (K, K);  emission  at [state, symbol], shape (K, V)
    Samples z have shape (n, T).
    """

    shapes: ClassVar[dict[str, tuple[int, int]]] = {"steps": (2, 5), "states": (2, 4), "symbols": (2, 4)}

    x: ObservedIntegers
    initial: Simplex
    transition: Simplex
    emission: Simplex

    @classmethod
    def random(cls, rng: np.random.Generator, steps: int = 5, states: int = 3, symbols: int = 4) -> Self:
        initial, transition = rng.dirichlet(np.ones(states)), rng.dirichlet(np.ones(states), size=states)
        emission = rng.dirichlet(np.ones(symbols), size=states)
        return cls(np.zeros(steps, dtype=np.int64), initial, transition, emission).sample_data(rng)

    def prior(self) -> MarkovChain:
        """The law of the states before any symbol is seen."""
        return MarkovChain(self.initial, np.broadcast_to(self.transition, (len(self.x) - 1, *self.transition.shape)))

    def sample_data(self, rng: np.random.Generator) -> Self:
        return self.replace(x=draw_categories(rng, self.emission[self.prior().sample(rng, 1)[0]]))

    def log_emissions(self) -> Array:
        """log p(x_t | z_t = k), shape (T, K)."""
        return np.asarray(log(self.emission[:, self.x]).T)

    def _log_forward(self) -> Array:
        """log p(x_1 … x_t, z_t), shape (T, K)."""
        emissions, steps = self.log_emissions(), log(self.transition)
        rows = [log(self.initial) + emissions[0]]
        for emitted in emissions[1:]:
            rows.append(log_sum_exp(rows[-1][:, None] + steps, axis=0) + emitted)
        return np.stack(rows)

    def _log_backward(self) -> Array:
        """log p(x_{t+1} … x_T | z_t), shape (T, K)."""
        emissions, steps = self.log_emissions(), log(self.transition)
        rows = [np.zeros(len(self.initial))]
        for emitted in emissions[:0:-1]:
            rows.append(log_sum_exp(steps + (emitted + rows[-1]), axis=1))
        return np.stack(rows[::-1])

    def posterior_chain(self) -> MarkovChain:
        """p(z | x), itself a Markov chain."""
        first, steps = self._log_chain()
        return MarkovChain(normalised(first), normalised(steps))

    def _log_chain(self) -> tuple[Array, Array]:
        """The logs of the posterior's probabilities, up to what normalises them."""
        ahead = self.log_emissions() + self._log_backward()
        return log(self.initial) + ahead[0], log(self.transition) + ahead[1:, None, :]

    def _log_posterior(self) -> tuple[Array, Array]:
        first, steps = self._log_chain()
        return log_normalised(first), log_normalised(steps)

    def _size(self) -> float:
        """Σ |log| along the worst path: what rounding inside the log-space recursions is relative to."""
        worst = largest_log(self.emission[:, self.x], axis=0).sum() + largest_log(self.initial)
        return float(worst + (len(self.x) - 1) * largest_log(self.transition))

    def posterior_magnitude(self) -> float:
        return self._size() + len(self.x) * len(self.initial)

    def evidence_sum(self) -> Sum:
        return Sum.of(inside=self._size(), evidence=log_sum_exp(self._log_forward()[-1]))

    def log_evidence_independent(self) -> float:
        """The sum over all K^T paths, in plain probabilities."""
        paths = np.array(list(itertools.product(range(len(self.initial)), repeat=len(self.x))))
        steps = self.transition[paths[:, :-1], paths[:, 1:]].prod(-1)
        return math.log(math.fsum((self.initial[paths[:, 0]] * steps * self.emission[paths, self.x].prod(-1)).tolist()))

    def log_joint(self, z: npt.NDArray[Any]) -> Array:
        emitted = self.log_emissions()[np.arange(len(self.x)), z].sum(-1)
        return np.asarray(emitted + self.prior().log_density(z))

    def _parameter_gradient_from(self, marginals: Array, pairs: Array) -> Gradient:
        symbols = one_hot(self.x, self.emission.shape[1])
        return {
            "initial": tangent(marginals[0] / self.initial),
            "transition": tangent(pairs.sum(0) / self.transition),
            "emission": tangent(marginals.T @ symbols / self.emission),
        }


@dataclass(frozen=True, eq=False)
class HiddenMarkovChain(HiddenMarkov[MarkovChain]):
    """Hidden Markov model; q is a Markov chain and contains the posterior."""

    name: ClassVar[str] = "hidden-markov"
    title: ClassVar[str] = "Hidden Markov model, Markov chain q"
    formulas: ClassVar[Formulas] = Formulas(
        joint=_JOINT,
        evidence=_EVIDENCE,
        elbo=(
            r"\sum_i q_1(i) \log \frac{\pi_i B_{i x_1}}{q_1(i)}"
            r" + \sum_{t, i, j} q(z_t = i, z_{t+1} = j) \log \frac{A_{ij} B_{j x_{t+1}}}{q(z_{t+1} = j \mid z_t = i)}"
        ),
        gap=(
            r"\operatorname{KL}(q_1 \,\|\, p(z_1 \mid x))"
            r" + \sum_t \mathbb E_{q(z_t)} \operatorname{KL}(q(z_{t+1} \mid z_t) \,\|\, p(z_{t+1} \mid z_t, x))"
        ),
        second_route="enumeration of paths",
    )

    def _log_steps(self) -> tuple[Array, Array]:
        """log p(z_1, x_1) and log p(z_{t+1}, x_{t+1} | z_t)."""
        emissions = self.log_emissions()
        return log(self.initial) + emissions[0], log(self.transition) + emissions[1:, None, :]

    def elbo_sum(self, q: MarkovChain) -> Sum:
        emissions, pairs = self.log_emissions(), q.pairs()
        prior = np.append(weighted(q.initial, log(self.initial)), weighted(pairs, log(self.transition)))
        likelihood = weighted(q.marginals(), emissions)
        return Sum.of(log_likelihood=likelihood, log_prior=prior, entropy=q.entropy_terms())

    def gap_sum(self, q: MarkovChain) -> Sum:
        return q.kl_sum(self.posterior_chain(), self._log_posterior())

    def random_q(self, rng: np.random.Generator) -> MarkovChain:
        states = len(self.initial)
        steps = rng.dirichlet(np.ones(states), size=(len(self.x) - 1, states))
        return MarkovChain(rng.dirichlet(np.ones(states)), steps)

    def posterior_q(self) -> MarkovChain:
        return self.posterior_chain()

    def elbo_gradient(self, q: MarkovChain) -> Gradient:
        first, steps = self._log_steps()
        return q.pull_back(first - log(q.initial), steps - log(q.transitions))

    def parameter_gradient(self, q: MarkovChain) -> Gradient:
        return self._parameter_gradient_from(q.marginals(), q.pairs())


@dataclass(frozen=True, eq=False)
class HiddenMarkovMeanField(HiddenMarkov[Categorical]):
    """Hidden Markov model; q has independent states and cannot reach the posterior."""

    name: ClassVar[str] = "hidden-markov-mean-field"
    title: ClassVar[str] = "Hidden Markov model, mean field"
    formulas: ClassVar[Formulas] = Formulas(
        joint=_JOINT,
        evidence=_EVIDENCE,
        elbo=(
            r"q_1^\top \log \pi + \sum_t q_t^\top \log B_{\cdot x_t} + \sum_t q_t^\top (\log A)\, q_{t+1}"
            r" - \sum_t q_t^\top \log q_t"
        ),
        gap=(
            r"\operatorname{KL}(q_1 \,\|\, p(z_1 \mid x))"
            r" + \sum_t \sum_i q_t(i) \operatorname{KL}(q_{t+1} \,\|\, p(z_{t+1} \mid z_t = i, x))"
        ),
        second_route="enumeration of paths",
    )

    @property
    def contains_posterior(self) -> bool:
        return False

    def elbo_sum(self, q: Categorical) -> Sum:
        states, steps = q.probabilities, log(self.transition)
        pairs = weighted(states[:-1, :, None] * states[1:, None, :], steps)
        prior = np.append(weighted(states[0], log(self.initial)), pairs)
        likelihood = weighted(states, self.log_emissions())
        return Sum.of(log_likelihood=likelihood, log_prior=prior, entropy=q.entropy_terms())

    def gap_sum(self, q: Categorical) -> Sum:
        posterior, states, (first, logs) = self.posterior_chain(), q.probabilities, self._log_posterior()
        steps = relative_entropy_terms(states[1:, None, :], posterior.transitions, logs)
        start = relative_entropy_terms(states[0], posterior.initial, first)
        return Sum.of(inside=self._size(), first=start, steps=weighted(states[:-1, :, None], steps))

    def random_q(self, rng: np.random.Generator) -> Categorical:
        return Categorical(rng.dirichlet(np.ones(len(self.initial)), size=len(self.x)))

    def posterior_q(self) -> Categorical:
        """A fixed point of coordinate ascent, q_t ∝ exp E_{others}[log p(x, z)], from the posterior's marginals."""
        states = self.posterior_chain().marginals()
        for _ in range(1000):
            before = states.copy()
            for t in range(len(states)):
                states[t] = normalised(self._field(states, t))
            if np.abs(states - before).max() < 1e-15:
                break
        return Categorical(states)

    def _field(self, states: Array, t: int) -> Array:
        """E_{others}[log p(x, z)] as a function of z_t, up to a constant."""
        steps, field = log(self.transition), self.log_emissions()[t]
        before = log(self.initial) if t == 0 else states[t - 1] @ steps
        after = steps @ states[t + 1] if t + 1 < len(states) else 0.0
        return np.asarray(field + before + after)

    def elbo_gradient(self, q: Categorical) -> Gradient:
        fields = np.stack([self._field(q.probabilities, t) for t in range(len(q.probabilities))])
        return {"probabilities": tangent(fields - log(q.probabilities))}

    def parameter_gradient(self, q: Categorical) -> Gradient:
        states = q.probabilities
        return self._parameter_gradient_from(states, states[:-1, :, None] * states[1:, None, :])
