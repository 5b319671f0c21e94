"""Exact means and variances of Monte-Carlo ELBOs, importance-weighted bounds and Rényi bounds.

These are references for code under test.  Where every data point has its own latent the model falls into independent
pieces: means and variances of the ELBO add up over them, and the importance-weighted bound of the whole ("with a
plate") is the sum of the pieces' bounds.

    elbo_moments          mean and variance of (1/S) Σ_s log w(z_s)
    iwae_moments          mean and variance of Σ_pieces log (1/K) Σ_k w(z_k) for any K, by one-dimensional integrals
    iwae_moments_by_sums  the same for K <= 3 by summing over all K-tuples, which shares nothing with the integrals
    renyi_bound           log E_q[w^(1-α)] / (1-α)

Sources: Y. Burda, R. Grosse, R. Salakhutdinov, Importance weighted autoencoders (ICLR 2016); Y. Li, R. E. Turner, Rényi
divergence variational inference (NeurIPS 2016).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from verify.estimators.nodes import TooManyNodesError, nodes
from verify.models import (
    Beta,
    Dirichlet,
    Gamma,
    LogNormal,
    LogNormalLogNormal,
    NaturalParameters,
    SolvableModel,
    Variational,
)
from verify.models.quadratic import QuadraticForm, quadratic_log_weight
from verify.models.records import Array
from verify.models.special import log_sum_exp

Model = SolvableModel[Any]
_MOST_TUPLES = 1 << 24
_MOST_WEIGHTS = 20_000
_BLOCK = 1 << 21
_WORST_ERROR = 0.01


@dataclass(frozen=True)
class Moments:
    """Mean and variance of an estimator, in nats and nats².

    error  how far quadrature may have moved either of them; 0 where they are exact but for rounding
    route  "enumeration", "closed form" or "quadrature"
    """

    mean: float
    variance: float
    error: float
    route: str


@dataclass(frozen=True)
class WeightLaw:
    """The law of the log weight log p(x, z) - log q(z) under q, on finitely many nodes."""

    log_weights: Array
    probabilities: Array
    exact: bool


def weight_law(model: Model, q: Variational, fineness: int = 64) -> WeightLaw:
    """The law of the log weight; exact for finite latents.  Nodes of probability 0 are dropped."""
    rule = nodes(q, fineness)
    alive = rule.weights > 0
    z = rule.z[alive]
    return WeightLaw(model.log_weight(q, z), rule.weights[alive], rule.exact)


def elbo_moments(model: Model, q: Variational, draws: int = 1) -> Moments:
    """Mean and variance of the average of `draws` log weights."""
    parts = [_elbo_moments(piece, part) for piece, part in model.pieces(q)]
    variance = math.fsum(part.variance for part in parts) / draws
    error = math.fsum(part.error for part in parts) / draws
    return Moments(model.elbo(q), variance, error, parts[0].route)


def _elbo_moments(model: Model, q: Variational) -> Moments:
    closed = _closed_variance(model, q)
    if closed is not None:
        return Moments(model.elbo(q), closed, 0.0, "closed form")
    return refined(lambda fineness: _mean_and_variance(weight_law(model, q, fineness)))


def _closed_variance(model: Model, q: Variational) -> float | None:
    """Var_q[log w] where log w is quadratic under a normal q, or linear in the sufficient statistic of q."""
    form = _quadratic_form(model, q)
    if form is not None:
        return form.variance()
    if isinstance(q, Beta | Gamma | Dirichlet | NaturalParameters):
        # log w = c + <δ, T(z)> with δ = posterior - q, and Cov[T] δ is the gradient of the ELBO.
        posterior, gradient = model.posterior_q().arrays(), model.elbo_gradient(q)
        return math.fsum(float(np.sum((posterior[n] - v) * gradient[n])) for n, v in q.arrays().items())
    return None


def _quadratic_form(model: Model, q: Variational) -> QuadraticForm | None:
    if isinstance(model, LogNormalLogNormal) and isinstance(q, LogNormal):
        return quadratic_log_weight(model.in_logs(), q.of_log).shifted(-float(np.log(model.x).sum()))
    return quadratic_log_weight(model, q) if model.quadratic else None


def _mean_and_variance(law: WeightLaw) -> tuple[float, float, bool]:
    mean = float(law.probabilities @ law.log_weights)
    return mean, float(law.probabilities @ (law.log_weights - mean) ** 2), law.exact


def refined(moments: Callable[[int], tuple[float, float, bool]]) -> Moments:
    """Double the fineness until mean and variance settle or the nodes run out; the last change is the error.

    Raises TooManyNodesError where the nodes ran out before the error fell below 0.01 nats.
    """
    fineness = 8
    mean, variance, exact = moments(fineness)
    error = 0.0 if exact else math.inf
    while not exact and error > 1e-12 * max(1.0, abs(mean)) and fineness < 1024:
        try:
            after, spread, exact = moments(2 * fineness)
        except TooManyNodesError:
            break
        error = max(abs(after - mean), abs(spread - variance))
        mean, variance, fineness = after, spread, 2 * fineness
    if error > _WORST_ERROR:
        raise TooManyNodesError(f"{fineness} nodes for every dimension leave an error of {error:.2g} nats")
    return Moments(mean, variance, error, "enumeration" if exact else "quadrature")


def _added(parts: list[Moments]) -> Moments:
    """The sum of independent estimators."""
    return Moments(
        math.fsum(part.mean for part in parts),
        math.fsum(part.variance for part in parts),
        math.fsum(part.error for part in parts),
        parts[0].route,
    )


def iwae_moments(model: Model, q: Variational, samples: int, plate: bool = True) -> Moments:
    """Mean and variance of the importance-weighted estimate for any number of samples.

    plate  True: independent data points are averaged separately and added (as in a VAE); False: one average of the
           weights of the whole data set, a valid but looser bound

    With S = Σ_k W_k, W = w/p(x) and φ(t) = E[e^(-tW)], Frullani's integral and its derivative give
        E log S         =    ∫ (e^(-t) - φ(t)^K) dt/t
        E (log S)²      = -2 ∫ log t (e^(-t) - φ(t)^K) dt/t - 2γ E log S
    so that the K-fold sum over latents becomes one integral over log t.
    Raises ValueError for samples < 1, TooManyNodesError where the latent is too large.
    """
    if samples < 1:
        raise ValueError(f"an importance-weighted bound needs at least one sample, not {samples}")
    return _added([_iwae(piece, part, samples) for piece, part in _pieces(model, q, plate)])


def _pieces(model: Model, q: Variational, plate: bool) -> list[tuple[Model, Variational]]:
    return list(model.pieces(q)) if plate else [(model, q)]


def _iwae(model: Model, q: Variational, samples: int) -> Moments:
    log_evidence = model.log_evidence()
    return refined(lambda fineness: _frullani(weight_law(model, q, fineness), samples, log_evidence))


def _frullani(law: WeightLaw, samples: int, log_evidence: float) -> tuple[float, float, bool]:
    if len(law.log_weights) > _MOST_WEIGHTS:
        raise TooManyNodesError(f"{len(law.log_weights)} nodes are too many; take a smaller model")
    logs, chances = law.log_weights - log_evidence, law.probabilities / law.probabilities.sum()
    # In s = log t the integrand is O(t) on the left and dies where t exceeds 40 / (the smallest weight that matters).
    step = 1 / 16
    s = np.arange(-45.0, 5.0 - float(logs[chances > 1e-18].min()), step)
    blocks = np.array_split(s, 1 + len(s) * len(logs) // _BLOCK)
    transform = np.concatenate([np.exp(-np.exp(np.add.outer(block, logs))) @ chances for block in blocks])
    integrand = np.exp(-np.exp(s)) - transform**samples
    first = math.fsum(integrand.tolist()) * step
    second = -2 * math.fsum((s * integrand).tolist()) * step - 2 * np.euler_gamma * first
    return log_evidence + first - math.log(samples), max(0.0, second - first**2), law.exact


def iwae_moments_by_sums(model: Model, q: Variational, samples: int, plate: bool = True) -> Moments:
    """The same as `iwae_moments` for 1, 2 or 3 samples, by summing over all tuples of nodes.

    Raises ValueError for other numbers of samples, TooManyNodesError where the latent is too large.
    """
    if samples not in (1, 2, 3):
        raise ValueError(f"sums over tuples are for 1, 2 or 3 samples, not {samples}; use iwae_moments")
    return _added([_iwae_by_sums(piece, part, samples) for piece, part in _pieces(model, q, plate)])


def _iwae_by_sums(model: Model, q: Variational, samples: int) -> Moments:
    return refined(lambda fineness: _tuples(weight_law(model, q, fineness), samples))


def _tuples(law: WeightLaw, samples: int) -> tuple[float, float, bool]:
    """Mean and variance of log (1/K) Σ_k w_k over all K-tuples of nodes."""
    if len(law.log_weights) ** samples > _MOST_TUPLES:
        raise TooManyNodesError(f"{len(law.log_weights)} nodes have too many {samples}-tuples; take a smaller model")
    logs, chances = law.log_weights, law.probabilities
    for _ in range(samples - 1):
        logs, chances = np.logaddexp.outer(logs, law.log_weights).ravel(), np.outer(chances, law.probabilities).ravel()
    values = logs - math.log(samples)
    mean = float(chances @ values)
    return mean, float(chances @ (values - mean) ** 2), law.exact


def renyi_bound(model: Model, q: Variational, alpha: float) -> Moments:
    """The Rényi bound log E_q[w^(1-α)] / (1-α), α != 1; it decreases in α, is log p(x) at 0 and the ELBO at 1.

    Infinite where the expectation is, which closed forms tell and quadrature cannot.  The variance is nan: this is a
    number, not an estimator.  Raises ValueError at α = 1, where the bound is the ELBO.
    """
    if alpha == 1:
        raise ValueError("the Rényi bound at alpha = 1 is the ELBO: call model.elbo(q)")
    return _added([_renyi(piece, part, 1 - alpha) for piece, part in model.pieces(q)])


def _renyi(model: Model, q: Variational, power: float) -> Moments:
    closed = _closed_renyi(model, q, power)
    if closed is not None:
        return Moments(closed / power, math.nan, 0.0, "closed form")

    def value_at(fineness: int) -> tuple[float, float, bool]:
        law = weight_law(model, q, fineness)
        logs = np.log(law.probabilities) + power * law.log_weights
        return float(log_sum_exp(logs)) / power, 0.0, law.exact

    found = refined(value_at)
    return Moments(found.mean, math.nan, found.error, found.route)


def _closed_renyi(model: Model, q: Variational, power: float) -> float | None:
    """log E_q[w^power] = power log p(x) + A(η_q + power (η - η_q)) - (1 - power) A(η_q) - power A(η) in an exponential
    family with log-normaliser A and posterior η; +inf outside its parameters."""
    form = _quadratic_form(model, q)
    if form is not None:
        return form.log_mean_exp(power)
    if not isinstance(q, Beta | Gamma | Dirichlet | NaturalParameters):
        return None
    posterior = model.posterior_q()
    try:
        between = q.replace(**{n: v + power * (posterior.arrays()[n] - v) for n, v in q.arrays().items()})
    except ValueError:
        return math.inf
    normalisers = between.log_normaliser() - (1 - power) * q.log_normaliser() - power * posterior.log_normaliser()
    return float(power * model.log_evidence() + normalisers)
