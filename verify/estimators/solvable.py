"""The lines of solvable models: which latent, which q, which posterior."""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch
from typing import Any

import numpy as np
from flint import arb

from verify.estimators.lines import Law, Line, beta_line, gamma_line, normal_line, pareto_line
from verify.estimators.mixtures import mixture_line, of_components
from verify.models import (
    Beta,
    ConjugateExponentialFamily,
    Gamma,
    GammaExponential,
    GammaPoisson,
    LinearGaussian,
    LogNormal,
    LogNormalLogNormal,
    MixturePrior,
    MultivariateNormal,
    NaturalParameters,
    Normal,
    NormalMixture,
    NormalNormal,
    Pareto,
    ParetoUniform,
    SolvableModel,
)
from verify.models.certified import certified_balance
from verify.models.certified.balls import balls, column, log_normal_density, matrix, shares, square, summed
from verify.models.counts import BetaPrior
from verify.models.exact import exact_balance
from verify.models.factor_analysis import FactorModel
from verify.models.regression import Regression

Sight = tuple[arb, arb, arb]  # a number y ~ N(slope z, variance): slope, y, variance


@singledispatch
def line_of(model: SolvableModel[Any], q: Any, bits: int) -> Line | None:
    """The line of a model and q; None where log w is -∞ with a positive probability.

    Raises TypeError for a model without a single real latent.
    """
    raise _not_one_latent(model)


def _not_one_latent(model: SolvableModel[Any]) -> TypeError:
    return TypeError(f"{type(model).__name__} has no certified moments: its latent is not one real number")


def log_evidence(model: SolvableModel[Any], q: Any, bits: int) -> arb:
    """log p(x) to about that many bits."""
    if isinstance(model, MixturePrior):
        weights, evidences, _ = _mixed(model)
        top = max(evidences, key=float)
        return top + summed(w * (e - top).exp() for w, e in zip(weights, evidences, strict=True)).log()
    try:
        return exact_balance(model, q).evidence.enclosure(bits).ball()
    except TypeError:
        return certified_balance(model, q).evidence.ball()


# ---------------------------------------------------------------- normal


def _posterior(prior: Law, seen: Iterable[Sight]) -> Law:
    """The law of z after independent sightings of multiples of it."""
    precision, pull = 1 / prior.variance, prior.mean / prior.variance
    for slope, y, variance in seen:
        precision, pull = precision + square(slope) / variance, pull + slope * y / variance
    return Law(pull / precision, 1 / precision)


def _prior(model: NormalNormal | LogNormalLogNormal) -> Law:
    return Law(arb(model.prior_mean), arb(model.prior_variance))


def _of_normal(q: Normal | LogNormal | MultivariateNormal) -> Law:
    if isinstance(q, MultivariateNormal):
        return Law(arb(float(q.mean.ravel()[0])), square(arb(float(q.scale_tril.ravel()[0]))))
    return Law(arb(float(np.ravel(q.mean)[0])), arb(float(np.ravel(q.variance)[0])))


@line_of.register
def _(model: NormalNormal, q: Normal, bits: int) -> Line:
    noise = arb(model.likelihood_variance)
    return normal_line(_of_normal(q), _posterior(_prior(model), [(arb(1), x, noise) for x in balls(model.x)]), bits)


@line_of.register
def _(model: LogNormalLogNormal, q: LogNormal, bits: int) -> Line:
    noise, logs = arb(model.likelihood_variance), [x.log() for x in balls(model.x)]
    return normal_line(_of_normal(q), _posterior(_prior(model), [(arb(1), x, noise) for x in logs]), bits)


@line_of.register
def _(model: LinearGaussian, q: MultivariateNormal, bits: int) -> Line:
    """With one latent: all of an observation tells z as much as one number with the noise 1/(AᵀR⁻¹A)."""
    if len(model.prior_mean) != 1:
        raise _not_one_latent(model)
    slopes = matrix(model.weights)
    weighted = matrix(model.noise_covariance).solve(slopes).transpose()
    told = (weighted * slopes)[0, 0]
    prior = Law(*balls(model.prior_mean), *balls(model.prior_covariance))
    rows = [(weighted * (column(x) - column(model.offset)))[0, 0] for x in model.x]
    return normal_line(_of_normal(q), _posterior(prior, [(told, row, told) for row in rows]), bits)


@line_of.register
def _(model: FactorModel, q: Any, bits: int) -> Line:  # type: ignore[type-arg]
    """With one factor and one data point."""
    if model.loadings.shape[1] != 1 or len(model.x) != 1:
        raise _not_one_latent(model)
    away = [x - m for x, m in zip(balls(model.x), balls(model.mean), strict=True)]
    seen = zip(balls(model.loadings), away, balls(model.noise), strict=True)
    return normal_line(_of_normal(q), _posterior(Law(arb(0), arb(1)), seen), bits)


@line_of.register
def _(model: Regression, q: Any, bits: int) -> Line:  # type: ignore[type-arg]
    """With one coefficient."""
    if len(model.prior_mean) != 1:
        raise _not_one_latent(model)
    noise = arb(model.noise_variance)
    prior = Law(*balls(model.prior_mean), *balls(model.prior_variance))
    seen = [(slope, y, noise) for slope, y in zip(balls(model.features), balls(model.y), strict=True)]
    return normal_line(_of_normal(q), _posterior(prior, seen), bits)


# ---------------------------------------------------------------- gamma, beta, Pareto


@line_of.register
def _(model: GammaPoisson, q: Gamma, bits: int) -> Line:
    after = arb(model.shape) + int(model.x.sum()), arb(model.rate) + summed(balls(model.exposure))
    return gamma_line((arb(q.shape), arb(q.rate)), after, bits)


@line_of.register
def _(model: GammaExponential, q: Gamma, bits: int) -> Line:
    after = arb(model.shape) + len(model.x), arb(model.rate) + summed(balls(model.x))
    return gamma_line((arb(q.shape), arb(q.rate)), after, bits)


@line_of.register
def _(model: BetaPrior, q: Beta, bits: int) -> Line:
    trials = model.data().get("trials", np.ones_like(model.x))
    successes, failures = int(model.x.sum()), int(trials.sum() - model.x.sum())
    return beta_line((arb(q.a), arb(q.b)), (arb(model.a) + successes, arb(model.b) + failures), bits)


@line_of.register
def _(model: ParetoUniform, q: Pareto, bits: int) -> Line | None:
    scale = max([model.scale, *model.x.tolist()])
    return pareto_line((arb(q.shape), arb(q.scale)), (arb(model.shape) + len(model.x), arb(scale)), bits)


@line_of.register
def _(model: ConjugateExponentialFamily, q: NaturalParameters, bits: int) -> Line:
    """Raises TypeError for a family other than the normal, gamma and beta."""
    (q_one, q_two), prior, seen = balls(q.natural), balls(model.prior), balls(model.x)
    after_one, after_two = (p + s for p, s in zip(prior, seen, strict=True))
    match model.family.name:
        case "normal":
            return normal_line(_of_natural(q_one, q_two), _of_natural(after_one, after_two), bits)
        case "gamma":
            return gamma_line((q_one + 1, -q_two), (after_one + 1, -after_two), bits)
        case "beta":
            return beta_line((q_one + 1, q_two + 1), (after_one + 1, after_two + 1), bits)
    raise TypeError(f"the {model.family.name} family has no certified moments")


def _of_natural(first: arb, second: arb) -> Law:
    """From (m/v, -1/(2v))."""
    return Law(-first / (2 * second), -1 / (2 * second))


# ---------------------------------------------------------------- mixtures


def _mixed(model: MixturePrior) -> tuple[list[arb], list[arb], list[Law]]:
    """The prior's weights, and of each component the log evidence and the posterior."""
    x, noise = balls(model.x), arb(model.likelihood_variance)
    evidences, posteriors = [], []
    for prior in map(Law, balls(model.means), balls(model.variances)):
        after = _posterior(prior, [(arb(1), y, noise) for y in x])
        joint = log_normal_density(after.mean, prior.mean, prior.variance)
        joint += summed(log_normal_density(y, after.mean, noise) for y in x)
        evidences.append(joint - log_normal_density(after.mean, after.mean, after.variance))
        posteriors.append(after)
    return shares(model.weights), evidences, posteriors


@line_of.register
def _(model: MixturePrior, q: NormalMixture, bits: int) -> Line:
    weights, evidences, posteriors = _mixed(model)
    top = max(evidences, key=float)
    joint = [w * (e - top).exp() for w, e in zip(weights, evidences, strict=True)]
    total = summed(joint)
    after = of_components([value / total for value in joint], posteriors)
    laws = list(map(Law, balls(q.means), balls(q.variances)))
    return mixture_line(of_components(shares(q.weights), laws), after, bits)
