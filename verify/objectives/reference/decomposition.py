"""The terms of an exact ELBO: reconstruction E_q[log p(x|z)], KL(q ‖ prior), entropy, and the prior as a law.

They serve the declaration `beta`, the variance of estimators that use the KL's formula, and the diagnosis.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np

from verify.models import (
    Beta,
    BetaBernoulli,
    BetaBinomial,
    Categorical,
    Dirichlet,
    DirichletCategorical,
    FactorAnalysis,
    FiniteTable,
    Gamma,
    GammaExponential,
    GammaPoisson,
    GaussianMixture,
    HiddenMarkovChain,
    LinearGaussian,
    LogNormal,
    LogNormalLogNormal,
    MixturePrior,
    MultivariateNormal,
    Normal,
    NormalNormal,
    ProbabilisticPCA,
    Variational,
)
from verify.models.categorical import CategoricalLatent
from verify.models.gaussian import cholesky
from verify.models.regression import Regression
from verify.objectives.reference.solvable import Solvable, points_of


class NoPriorError(TypeError):
    """The model's latents have no prior of the family of q, so its ELBO has no KL(q ‖ prior)."""


@singledispatch
def prior_of(model: Any) -> Variational:
    """The prior as a member of the family of q.  Raises NoPriorError where it is none."""
    prior = getattr(model, "prior_law", None)
    if isinstance(prior, Variational):
        return prior
    raise NoPriorError(f"the latents of {model.name} have no prior in the family of q")


@prior_of.register
def _(model: FiniteTable) -> Categorical:
    return Categorical(np.tile(model.prior, (points_of(model), 1)))


@prior_of.register
def _(model: GaussianMixture) -> Categorical:
    return Categorical(np.tile(model.weights, (points_of(model), 1)))


@prior_of.register
def _(model: NormalNormal) -> Normal:
    return Normal.scalar(model.prior_mean, model.prior_variance)


@prior_of.register
def _(model: LogNormalLogNormal) -> LogNormal:
    return LogNormal.scalar(model.prior_mean, model.prior_variance)


@prior_of.register(BetaBernoulli)
@prior_of.register(BetaBinomial)
def _(model: BetaBernoulli | BetaBinomial) -> Beta:
    return Beta(model.a, model.b)


@prior_of.register(GammaPoisson)
@prior_of.register(GammaExponential)
def _(model: GammaPoisson | GammaExponential) -> Gamma:
    return Gamma(model.shape, model.rate)


@prior_of.register
def _(model: DirichletCategorical) -> Dirichlet:
    return Dirichlet(model.concentration)


@prior_of.register(MixturePrior)
@prior_of.register(HiddenMarkovChain)
def _(model: MixturePrior | HiddenMarkovChain) -> Variational:
    return model.prior()


@prior_of.register
def _(model: LinearGaussian) -> MultivariateNormal:
    return MultivariateNormal(model.prior_mean, cholesky(model.prior_covariance))


@prior_of.register
def _(model: FactorAnalysis) -> MultivariateNormal:
    points, latents = points_of(model), model.loadings.shape[1]
    return MultivariateNormal(np.zeros((points, latents)), np.tile(np.eye(latents), (points, 1, 1)))


@prior_of.register
def _(model: ProbabilisticPCA) -> Normal:
    shape = (points_of(model), model.loadings.shape[1])
    return Normal(np.zeros(shape), np.ones(shape))


def regression_prior(model: Regression[Any], q: Any) -> Variational:
    """The prior of regression weights, in the family of this q."""
    if isinstance(q, Normal):
        return Normal(model.prior_mean, model.prior_variance)
    return MultivariateNormal(model.prior_mean, np.diag(np.sqrt(model.prior_variance)))


def prior_for(model: Solvable, q: Any) -> Variational:
    """The prior in the family of this q.  Raises NoPriorError where it is none."""
    return regression_prior(model, q) if isinstance(model, Regression) else prior_of(model)


def kl_to_prior(model: Solvable, q: Any) -> float:
    """KL(q ‖ prior), in nats.

    From the terms of the ELBO where they are named, otherwise from the laws.  Raises NoPriorError for a model whose
    ELBO has no such term (diffusion paths, Boltzmann machines).
    """
    parts = model.elbo_sum(q).parts
    if parts.keys() == {"log_likelihood", "log_prior", "entropy"}:
        return -parts["log_prior"] - parts["entropy"]
    return q.kl(prior_for(model, q))  # type: ignore[no-any-return]


def reconstruction(model: Solvable, q: Any) -> float:
    """E_q[log p(x | z)], in nats."""
    parts = model.elbo_sum(q).parts
    if parts.keys() == {"log_likelihood", "log_prior", "entropy"}:
        return parts["log_likelihood"]
    return model.elbo_sum(q).value + kl_to_prior(model, q)


def log_likelihood_of(model: Solvable, q: Any) -> Callable[[Any], Any]:
    """z ↦ log p(x | z), as log p(x, z) less the log density of the prior.  Raises NoPriorError likewise."""
    prior = prior_for(model, q)
    return lambda z: model.log_joint(z) - prior.log_density(z)


def has_plate(model: Solvable, q: Any) -> bool:
    """Has every data point its own latent?"""
    return isinstance(model, CategoricalLatent) or sum(1 for _ in model.pieces(q)) > 1
