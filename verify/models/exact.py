"""log p(x), ELBO and gap without rounding, for the models where rational parameters allow it.

The numbers are r₀ + g γ + l log π + Σ r_i log s_i with rational r, s (`verify.decide`), so that log p(x) = ELBO + KL
and equality at the posterior are proved, not measured.  Gamma, beta and Dirichlet shapes must be integers or
half-integers for that; for other shapes the values are certified enclosures.

The functions take ints, Fractions or floats (a float stands for its binary fraction).  `exact_balance(model, q)` takes
a model and its q as they are; probabilities, which no float table sums to 1, are first divided by their exact sum.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import singledispatch
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from verify.decide import LOG_PI, MINUS_INFINITY, Decision, Value, compare, digamma, exact, log_gamma, total
from verify.models.base import SolvableModel
from verify.models.categorical import FiniteTable
from verify.models.counts import BetaPrior, DirichletCategorical
from verify.models.discrete_diffusion import DiscreteDiffusion, DiscreteForwardProcess
from verify.models.families import Beta, Categorical, Dirichlet, Gamma, MarkovChain, Normal, Pareto
from verify.models.hidden_markov import HiddenMarkov
from verify.models.pareto_uniform import ParetoUniform
from verify.models.rates import GammaExponential, GammaPoisson, GammaPrior
from verify.models.scalars import NormalNormal

Number: TypeAlias = int | float | Fraction
_MOST_PATHS = 4096


@dataclass(frozen=True)
class ExactBalance:
    """log p(x), ELBO(q) and KL(q ‖ p(z|x)) as exact values, each by its own formula."""

    evidence: Value
    elbo: Value
    gap: Value

    @property
    def identity(self) -> Decision:
        """How log p(x) stands to ELBO + KL: EQUAL where it is proved."""
        return compare(self.evidence, self.elbo + self.gap)

    @property
    def bound(self) -> Decision:
        """How the ELBO stands to log p(x): LESS, or EQUAL at the posterior."""
        return compare(self.elbo, self.evidence)

    def radius(self, bits: int = 128) -> float:
        """The half-width of an enclosure of log p(x) - ELBO - KL."""
        return (self.evidence - self.elbo - self.gap).enclosure(bits).radius


def _plus(parts: Iterable[ExactBalance]) -> ExactBalance:
    """The balance of independent parts."""
    found = list(parts)
    return ExactBalance(total(p.evidence for p in found), total(p.elbo for p in found), total(p.gap for p in found))


def finite(joint: Sequence[Number], q: Sequence[Number]) -> ExactBalance:
    """One observation of a finite latent: p(x, z = k) and q(z = k), q summing to 1 exactly.

    Raises ValueError where it does not, or where p(x) = 0.
    """
    masses, weights = [Fraction(value) for value in joint], [Fraction(value) for value in q]
    evidence = sum(masses, start=Fraction(0))
    if sum(weights) != 1 or evidence <= 0:
        raise ValueError(f"q sums to {sum(weights)} (1 is needed) and p(x) = {evidence} (must be positive)")
    used = [(j, w) for j, w in zip(masses, weights, strict=True) if w]
    elbo = total(w * (_log(j) - _log(w)) for j, w in used)
    gap = total(w * (_log(w) - _log(j / evidence)) for j, w in used)
    return ExactBalance(_log(evidence), elbo, gap)


def _log(value: Fraction) -> Value:
    return exact(value).log() if value else MINUS_INFINITY


def normal_normal(
    x: Sequence[Number],
    prior_mean: Number,
    prior_variance: Number,
    likelihood_variance: Number,
    mean: Number,
    variance: Number,
) -> ExactBalance:
    """z ~ N(prior_mean, prior_variance), x_i ~ N(z, likelihood_variance), q = N(mean, variance).

    The evidence uses the determinant and the Sherman–Morrison inverse of likelihood_variance I + prior_variance 1 1ᵀ.
    """
    data = [Fraction(value) for value in x]
    m, v, s = Fraction(prior_mean), Fraction(prior_variance), Fraction(likelihood_variance)
    mq, vq, n = Fraction(mean), Fraction(variance), len(data)
    log_2pi = exact(2).log() + LOG_PI
    away = [value - m for value in data]
    squares = (sum(r * r for r in away) - v / (s + n * v) * sum(away) ** 2) / s
    evidence = -(n * (log_2pi + _log(s)) + _log(1 + n * v / s) + squares) / 2
    likelihood = -(n * (log_2pi + _log(s)) + sum(((value - mq) ** 2 + vq) / s for value in data)) / 2
    prior, entropy = -(log_2pi + _log(v) + ((mq - m) ** 2 + vq) / v) / 2, (log_2pi + _log(vq) + 1) / 2
    after = 1 / (1 / v + n / s)
    centre = after * (m / v + sum(data) / s)
    gap = (_log(after / vq) + (vq + (mq - centre) ** 2) / after - 1) / 2
    return ExactBalance(evidence, likelihood + prior + entropy, gap)


def beta_counts(
    successes: int, failures: int, ways: int, prior: tuple[Number, Number], q: tuple[Number, Number]
) -> ExactBalance:
    """z ~ Beta(prior), likelihood ways · z^successes (1 - z)^failures, q = Beta(q)."""
    return dirichlet_counts([successes, failures], ways, prior, q)


def dirichlet_counts(counts: Sequence[int], ways: int, prior: Sequence[Number], q: Sequence[Number]) -> ExactBalance:
    """z ~ Dirichlet(prior), likelihood ways · Π z_k^counts_k, q = Dirichlet(q)."""
    before, chosen = [Fraction(a) for a in prior], [Fraction(a) for a in q]
    after = [a + n for a, n in zip(before, counts, strict=True)]
    logs = [digamma(a) - digamma(sum(chosen)) for a in chosen]
    base = exact(ways).log()
    likelihood = base + total(n * log for n, log in zip(counts, logs, strict=True))
    log_prior = total((a - 1) * log for a, log in zip(before, logs, strict=True)) - _log_beta(before)
    entropy = _log_beta(chosen) - total((a - 1) * log for a, log in zip(chosen, logs, strict=True))
    slope = total((c - a) * log for c, a, log in zip(chosen, after, logs, strict=True))
    gap = _log_beta(after) - _log_beta(chosen) + slope
    return ExactBalance(base + _log_beta(after) - _log_beta(before), likelihood + log_prior + entropy, gap)


def _log_beta(concentration: Sequence[Fraction]) -> Value:
    return total(log_gamma(a) for a in concentration) - log_gamma(sum(concentration))


def gamma_rate(
    events: int, time: Number, log_base: Value, prior: tuple[Number, Number], q: tuple[Number, Number]
) -> ExactBalance:
    """z ~ Gamma(shape, rate), likelihood e^log_base z^events e^(-z time), q = Gamma(shape, rate)."""
    a, b, aq, bq, t = (Fraction(value) for value in (*prior, *q, time))
    mean, mean_log = aq / bq, digamma(aq) - _log(bq)
    evidence = log_base + log_gamma(a + events) - log_gamma(a) + a * _log(b) - (a + events) * _log(b + t)
    likelihood = log_base + events * mean_log - t * mean
    log_prior = (a - 1) * mean_log - b * mean + a * _log(b) - log_gamma(a)
    entropy = aq - _log(bq) + log_gamma(aq) - (aq - 1) * digamma(aq)
    shape, rate = a + events, b + t
    gap = (aq - shape) * digamma(aq) - log_gamma(aq) + log_gamma(shape) + shape * _log(bq / rate)
    return ExactBalance(evidence, likelihood + log_prior + entropy, gap + mean * (rate - bq))


def pareto_uniform(x: Sequence[Number], prior: tuple[Number, Number], q: tuple[Number, Number]) -> ExactBalance:
    """z ~ Pareto(shape, scale), x_i ~ Uniform(0, z), q = Pareto(shape, scale) inside the posterior's support.

    Raises ValueError for a q that reaches below it.
    """
    k, m, kq, mq = (Fraction(value) for value in (*prior, *q))
    largest, n = max(m, *(Fraction(value) for value in x)), len(x)
    if mq < largest:
        raise ValueError(f"q reaches down to {mq}, below the posterior's support from {largest}: its gap is infinite")
    mean_log, after = _log(mq) + 1 / kq, k + n
    elbo = _log(k) + k * _log(m) - (after + 1) * mean_log + _log(mq) - _log(kq) + 1 / kq + 1
    gap = _log(kq / after) + kq * _log(mq) - after * _log(largest) + (after - kq) * mean_log
    return ExactBalance(_log(k / after) + k * _log(m) - after * _log(largest), elbo, gap)


# ---------------------------------------------------------------- models as they are


@singledispatch
def exact_balance(model: SolvableModel[Any], q: Any) -> ExactBalance:
    """The exact balance of a model and its q.

    Raises TypeError for a model that has none (its parameters enter through exponentials or matrices).
    """
    raise TypeError(f"{type(model).__name__} has no exact evidence")


def _shares(row: npt.NDArray[Any]) -> list[Fraction]:
    values = [Fraction(value) for value in row.tolist()]
    return [value / sum(values) for value in values]


def _rows(table: npt.NDArray[Any]) -> list[list[Fraction]]:
    return [_shares(row) for row in table]


@exact_balance.register
def _(model: FiniteTable, q: Categorical) -> ExactBalance:
    prior, likelihood = _shares(model.prior), _rows(model.likelihood)
    return _plus(
        finite([p * row[x] for p, row in zip(prior, likelihood, strict=True)], weights)
        for x, weights in zip(model.x.tolist(), _rows(q.probabilities), strict=True)
    )


@exact_balance.register
def _(model: NormalNormal, q: Normal) -> ExactBalance:
    prior = model.prior_mean, model.prior_variance
    return normal_normal(model.x.tolist(), *prior, model.likelihood_variance, float(q.mean), float(q.variance))


@exact_balance.register
def _(model: BetaPrior, q: Beta) -> ExactBalance:
    trials = model.data().get("trials", np.ones_like(model.x)).tolist()
    ways = math.prod(math.comb(n, k) for n, k in zip(trials, model.x.tolist(), strict=True))
    return beta_counts(*model.counts(), ways, (model.a, model.b), (q.a, q.b))


@exact_balance.register
def _(model: DirichletCategorical, q: Dirichlet) -> ExactBalance:
    return dirichlet_counts(model.counts().tolist(), 1, model.concentration.tolist(), q.concentration.tolist())


@exact_balance.register
def _(model: GammaPrior, q: Gamma) -> ExactBalance:
    parameters = (model.shape, model.rate), (q.shape, q.rate)
    if isinstance(model, GammaPoisson):
        counts, times = [int(n) for n in model.x.tolist()], [Fraction(t) for t in model.exposure.tolist()]
        base = total(n * _log(t) - log_gamma(n + 1) for n, t in zip(counts, times, strict=True))
        return gamma_rate(sum(counts), sum(times), base, *parameters)
    if isinstance(model, GammaExponential):
        return gamma_rate(len(model.x), sum(map(Fraction, model.x.tolist())), exact(0), *parameters)
    raise TypeError(f"{type(model).__name__} has no exact evidence")


@exact_balance.register
def _(model: ParetoUniform, q: Pareto) -> ExactBalance:
    return pareto_uniform(model.x.tolist(), (model.shape, model.scale), (q.shape, q.scale))


@exact_balance.register
def _(model: HiddenMarkov, q: MarkovChain | Categorical) -> ExactBalance:  # type: ignore[type-arg]
    """All K^T paths.  Raises ValueError for more than 4096 of them."""
    paths = _paths(len(model.initial), len(model.x))
    initial, transition, emission = _shares(model.initial), _rows(model.transition), _rows(model.emission)
    steps = [transition] * (len(model.x) - 1)
    seen = [math.prod(emission[k][x] for k, x in zip(path, model.x.tolist(), strict=True)) for path in paths]
    joint = [mass * _path_mass(initial, steps, path) for mass, path in zip(seen, paths, strict=True)]
    if isinstance(q, MarkovChain):
        chain = _shares(q.initial), [_rows(step) for step in q.transitions]
        return finite(joint, [_path_mass(*chain, path) for path in paths])
    states = _rows(q.probabilities)
    return finite(joint, [math.prod(row[k] for row, k in zip(states, path, strict=True)) for path in paths])


def _paths(states: int, steps: int) -> list[tuple[int, ...]]:
    if states**steps > _MOST_PATHS:
        raise ValueError(f"{states}^{steps} paths are too many for exact enumeration (at most {_MOST_PATHS})")
    return list(itertools.product(range(states), repeat=steps))


def _path_mass(first: list[Fraction], steps: Sequence[list[list[Fraction]]], path: Sequence[int]) -> Fraction:
    """The probability of a path: there is one step fewer than states."""
    return first[path[0]] * math.prod(step[i][j] for step, i, j in zip(steps, path, path[1:], strict=False))


@exact_balance.register
def _(model: DiscreteDiffusion, q: DiscreteForwardProcess) -> ExactBalance:
    """All K^T noisy paths for every data point.  Raises ValueError for more than 4096 of them."""
    states, length = len(model.prior), len(model.reverse)
    paths = _paths(states, length)
    prior, reverse = _shares(model.prior), [_rows(step) for step in model.reverse]
    forward = [_rows(step) for step in q.transitions]
    parts = []
    for start in model.x.tolist():
        backwards = [tuple(reversed((start, *path))) for path in paths]
        joint = [_path_mass(prior, reverse[::-1], path) for path in backwards]
        weights = [_path_mass(forward[0][start], forward[1:], path) for path in paths]
        parts.append(finite(joint, weights))
    return _plus(parts)
