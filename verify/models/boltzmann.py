"""Restricted Boltzmann machine, and a Boltzmann machine whose hidden units are coupled too.

p(v, h) = exp(-E(v, h)) / Z with binary units.  In the restricted machine the hidden units are independent given the
visible ones, so a factorised q contains the posterior; couplings between hidden units take that away.

Source: G. E. Hinton, A practical guide to training restricted Boltzmann machines (2012), section 2.
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
from verify.models.families.discrete import Bernoulli
from verify.models.records import Array, Gradient, Integers, ObservedIntegers, Reals
from verify.models.special import log_sum_exp, relative_entropy_terms, sigmoid, softplus
from verify.models.sums import Sum


def binary_states(units: int) -> Integers:
    """All states of binary units, shape (2^units, units)."""
    return np.array(list(itertools.product([0, 1], repeat=units)), dtype=np.int64).reshape(-1, units)


@dataclass(frozen=True, eq=False)
class RestrictedBoltzmann(SolvableModel[Bernoulli]):
    """p(v, h) ∝ exp(v · visible_bias + h · hidden_bias + vᵀ weights h), the visible units observed.

    x             visible states, zeros and ones, shape (N, V)
    visible_bias  shape (V,);  hidden_bias  shape (H,);  weights  shape (V, H)
    Samples z (the hidden units) have shape (n, N, H).
    """

    name: ClassVar[str] = "restricted-boltzmann"
    title: ClassVar[str] = "Restricted Boltzmann machine"
    formulas: ClassVar[Formulas] = Formulas(
        joint=r"p(v, h) = \frac1Z \exp\left(b^\top v + c^\top h + v^\top W h\right)",
        evidence=r"\log p(v) = b^\top v + \sum_j \log\left(1 + e^{c_j + (W^\top v)_j}\right) - \log Z",
        elbo=r"b^\top v + (c + W^\top v)^\top \mu + \sum_j H(\mu_j) - \log Z",
        gap=r"\sum_j \operatorname{KL}(\mathrm{Bern}(\mu_j) \,\|\, \mathrm{Bern}(\sigma(c_j + (W^\top v)_j)))",
        second_route="enumeration of all states",
    )
    shapes: ClassVar[dict[str, tuple[int, int]]] = {"points": (2, 3), "visible": (3, 5), "hidden": (2, 4)}

    x: ObservedIntegers
    visible_bias: Reals
    hidden_bias: Reals
    weights: Reals

    @classmethod
    def random(cls, rng: np.random.Generator, points: int = 2, visible: int = 4, hidden: int = 3) -> Self:
        x = np.zeros((points, visible), dtype=np.int64)
        biases = rng.normal(size=visible), rng.normal(size=hidden)
        return cls(x, *biases, rng.normal(size=(visible, hidden))).sample_data(rng)

    def sample_data(self, rng: np.random.Generator) -> Self:
        visible = binary_states(len(self.visible_bias))
        logs = log_sum_exp(self._log_table(), axis=1)
        weights = np.exp(logs - logs.max())
        return self.replace(x=visible[rng.choice(len(visible), p=weights / weights.sum(), size=len(self.x))])

    def hidden_log_weights(self, hidden: npt.NDArray[Any]) -> Array:
        """The part of -E that needs no visible unit, for hidden states along the last axis."""
        return np.asarray(hidden @ self.hidden_bias)

    def _log_table(self) -> Array:
        """-E for all visible and all hidden states, shape (2^V, 2^H)."""
        visible, hidden = binary_states(len(self.visible_bias)), binary_states(len(self.hidden_bias))
        alone = (visible @ self.visible_bias)[:, None] + self.hidden_log_weights(hidden)
        return np.asarray(alone + visible @ self.weights @ hidden.T)

    def fields(self) -> Array:
        """What the visible units say to each hidden unit, c + Wᵀ v, shape (N, H)."""
        return np.asarray(self.hidden_bias + self.x @ self.weights)

    def log_normaliser(self) -> float:
        """log Z, summing the visible units analytically for every hidden state."""
        hidden = binary_states(len(self.hidden_bias))
        return float(log_sum_exp(self.hidden_log_weights(hidden) + self._visible_free(hidden)))

    def _visible_free(self, hidden: npt.NDArray[Any]) -> Array:
        return np.asarray(softplus(self.visible_bias + hidden @ self.weights.T).sum(-1))

    def _size(self) -> float:
        parts = (self.visible_bias, self.hidden_bias, self.weights)
        return 2 * len(self.x) * float(sum(np.abs(part).sum() for part in parts))

    def evidence_sum(self) -> Sum:
        normaliser = np.full(len(self.x), -self.log_normaliser())
        hidden = softplus(self.fields())
        return Sum.of(inside=self._size(), visible=self.x * self.visible_bias, hidden=hidden, normaliser=normaliser)

    def _energy_terms(self, q: Bernoulli) -> Array:
        """Terms of E_q[-E] that need hidden units."""
        return np.asarray(q.probabilities * self.fields())

    def elbo_sum(self, q: Bernoulli) -> Sum:
        return Sum.of(
            inside=self._size(),
            log_joint=np.append(self.x * self.visible_bias, self._energy_terms(q)),
            normaliser=np.full(len(self.x), -self.log_normaliser()),
            entropy=q.entropy_terms(),
        )

    def gap_sum(self, q: Bernoulli) -> Sum:
        return q.kl_sum(self.posterior_q())

    def log_evidence_independent(self) -> float:
        """Sums of plain weights over every state of every unit."""
        weights = np.exp(self._log_table())
        total = math.fsum(weights.ravel().tolist())
        rows = {tuple(v): math.fsum(w) for v, w in zip(self._visible_states(), weights.tolist(), strict=True)}
        return math.fsum(math.log(rows[tuple(v)] / total) for v in self.x.tolist())

    def _visible_states(self) -> list[list[int]]:
        return [list(map(int, row)) for row in binary_states(len(self.visible_bias))]

    def random_q(self, rng: np.random.Generator) -> Bernoulli:
        return Bernoulli(rng.uniform(0.05, 0.95, size=self.fields().shape))

    def posterior_q(self) -> Bernoulli:
        return Bernoulli(sigmoid(self.fields()))

    def posterior_magnitude(self) -> float:
        return self._size() / len(self.x)

    def elbo_gradient(self, q: Bernoulli) -> Gradient:
        return {"probabilities": self.fields() + q.entropy_gradient()["probabilities"]}

    def parameter_gradient(self, q: Bernoulli) -> Gradient:
        seen, expected = self._statistics(self.x, q.probabilities), self._model_statistics()
        return {name: seen[name] - len(self.x) * expected[name] for name in seen}

    def _statistics(self, visible: npt.NDArray[Any], hidden: Array) -> Gradient:
        """Σ over rows of ∂(-E)/∂parameter, hidden units independent with the given means."""
        return {
            "visible_bias": np.asarray(visible.sum(0), dtype=np.float64),
            "hidden_bias": hidden.sum(0),
            "weights": np.asarray(visible.T @ hidden, dtype=np.float64),
        }

    def _model_statistics(self) -> Gradient:
        """E_{p(v, h)}[∂(-E)/∂parameter], by enumeration."""
        logs = self._log_table()
        law = np.exp(logs - log_sum_exp(logs))
        visible, hidden = binary_states(len(self.visible_bias)), binary_states(len(self.hidden_bias))
        return {
            "visible_bias": law.sum(1) @ visible,
            "hidden_bias": law.sum(0) @ hidden,
            "weights": visible.T @ law @ hidden,
        }

    def log_joint(self, z: npt.NDArray[Any]) -> Array:
        alone = (self.x @ self.visible_bias) + self.hidden_log_weights(z)
        return np.asarray((alone + (self.x @ self.weights * z).sum(-1) - self.log_normaliser()).sum(-1))

    def pieces(self, q: Bernoulli) -> Iterator[tuple[Self, Bernoulli]]:
        for i in range(len(self.x)):
            yield self.replace(x=self.x[i : i + 1]), Bernoulli(q.probabilities[i : i + 1])


@dataclass(frozen=True, eq=False)
class CoupledBoltzmann(RestrictedBoltzmann):
    """A Boltzmann machine with couplings between hidden units; a factorised q cannot reach the posterior.

    p(v, h) ∝ exp(v · visible_bias + h · hidden_bias + vᵀ weights h + Σ_{j<k} couplings_jk h_j h_k)
    couplings  shape (H, H); only the entries above the diagonal are used
    """

    name: ClassVar[str] = "coupled-boltzmann"
    title: ClassVar[str] = "Boltzmann machine with hidden couplings"
    formulas: ClassVar[Formulas] = Formulas(
        joint=r"p(v, h) = \frac1Z \exp\left(b^\top v + c^\top h + v^\top W h + \sum_{j<k} J_{jk} h_j h_k\right)",
        evidence=r"\log p(v) = b^\top v + \log \sum_h e^{(c + W^\top v)^\top h + \sum_{j<k} J_{jk} h_j h_k} - \log Z",
        elbo=r"b^\top v + (c + W^\top v)^\top \mu + \sum_{j<k} J_{jk} \mu_j \mu_k + \sum_j H(\mu_j) - \log Z",
        gap=r"\sum_h q(h) \log \frac{q(h)}{p(h \mid v)}",
        second_route="enumeration of all states",
    )

    couplings: Reals

    @classmethod
    def random(cls, rng: np.random.Generator, points: int = 2, visible: int = 4, hidden: int = 3) -> Self:
        x = np.zeros((points, visible), dtype=np.int64)
        biases = rng.normal(size=visible), rng.normal(size=hidden)
        weights = rng.normal(size=(visible, hidden))
        return cls(x, *biases, weights, np.triu(rng.normal(size=(hidden, hidden)), 1)).sample_data(rng)

    @property
    def contains_posterior(self) -> bool:
        return not np.any(np.triu(self.couplings, 1))

    def hidden_log_weights(self, hidden: npt.NDArray[Any]) -> Array:
        pairs = np.einsum("...i,ij,...j->...", hidden, np.triu(self.couplings, 1), hidden)
        return np.asarray(hidden @ self.hidden_bias + pairs)

    def _size(self) -> float:
        return super()._size() + 2 * len(self.x) * float(np.abs(np.triu(self.couplings, 1)).sum())

    def _log_hidden(self) -> Array:
        """log p(h, v) up to the visible part and log Z, for all hidden states, shape (N, 2^H)."""
        hidden = binary_states(len(self.hidden_bias))
        return np.asarray(self.x @ self.weights @ hidden.T + self.hidden_log_weights(hidden))

    def evidence_sum(self) -> Sum:
        normaliser = np.full(len(self.x), -self.log_normaliser())
        hidden = log_sum_exp(self._log_hidden(), axis=-1)
        return Sum.of(inside=self._size(), visible=self.x * self.visible_bias, hidden=hidden, normaliser=normaliser)

    def _energy_terms(self, q: Bernoulli) -> Array:
        means = q.probabilities
        pairs = means[:, :, None] * means[:, None, :] * np.triu(self.couplings, 1)
        return np.append(super()._energy_terms(q), pairs)

    def gap_sum(self, q: Bernoulli) -> Sum:
        logs = self._log_hidden()
        posterior = np.exp(logs - log_sum_exp(logs, axis=-1)[:, None])
        hidden = binary_states(len(self.hidden_bias))
        each = np.where(hidden[None] == 1, q.probabilities[:, None, :], 1 - q.probabilities[:, None, :])
        law = each.prod(-1)
        return Sum.of(inside=self._size(), kl=relative_entropy_terms(law, posterior))

    def _symmetric_couplings(self) -> Array:
        upper = np.triu(self.couplings, 1)
        return np.asarray(upper + upper.T)

    def posterior_q(self) -> Bernoulli:
        """A fixed point of coordinate ascent, μ_j = σ(c_j + (Wᵀ v)_j + Σ_k J_jk μ_k)."""
        fields, couplings = self.fields(), self._symmetric_couplings()
        means = sigmoid(fields)
        for _ in range(2000):
            before = means.copy()
            for j in range(means.shape[1]):
                means[:, j] = sigmoid(fields[:, j] + means @ couplings[j])
            if np.abs(means - before).max() < 1e-16:
                break
        return Bernoulli(means)

    def elbo_gradient(self, q: Bernoulli) -> Gradient:
        pull = self.fields() + q.probabilities @ self._symmetric_couplings()
        return {"probabilities": pull + q.entropy_gradient()["probabilities"]}

    def _statistics(self, visible: npt.NDArray[Any], hidden: Array) -> Gradient:
        return {**super()._statistics(visible, hidden), "couplings": np.triu(hidden.T @ hidden, 1)}

    def _model_statistics(self) -> Gradient:
        logs, hidden = self._log_table(), binary_states(len(self.hidden_bias))
        law = np.exp(logs - log_sum_exp(logs)).sum(0)
        return {**super()._model_statistics(), "couplings": np.triu((hidden.T * law) @ hidden, 1)}
