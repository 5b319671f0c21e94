"""Exactly solvable latent-variable models: evidence, posterior, ELBO, gap and gradients in closed form.

    from verify import models

    model = models.ALL["normal-normal"].random(rng)
    q = model.random_q(rng)
    model.log_evidence() == model.elbo(q) + model.gap(q)      # up to model.rounding(q)

    records        frozen records of named numbers, and the kinds of number
    sums, special  sums that know their rounding; special functions that keep their digits
    families       variational distributions
    base           SolvableModel: what every model offers
    categorical …  one file for each model or few kin
    exact          the same numbers without rounding, where rational parameters allow it
    certified      the same numbers as enclosures, where floats are taken exactly but not everything is rational
    path           q moving through the posterior
    quadrature     integrals over a line;  quadratic  moments of log weights of linear-Gaussian models
    table          all models measured

`python -m verify.models` checks all of them and prints a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from verify.models.base import Balance, Deviation, Formulas, SolvableModel
from verify.models.boltzmann import CoupledBoltzmann, RestrictedBoltzmann
from verify.models.categorical import FiniteTable, GaussianMixture
from verify.models.counts import BetaBernoulli, BetaBinomial, DirichletCategorical
from verify.models.discrete_diffusion import DiscreteDiffusion, DiscreteForwardProcess, ExactDiscreteDiffusion
from verify.models.exponential_family import ConjugateExponentialFamily, ExponentialFamily, NaturalParameters
from verify.models.factor_analysis import FactorAnalysis, ProbabilisticPCA
from verify.models.families import (
    Bernoulli,
    Beta,
    Categorical,
    Dirichlet,
    Gamma,
    LogNormal,
    MarkovChain,
    MultivariateNormal,
    Normal,
    NormalInverseGamma,
    Pareto,
    Variational,
)
from verify.models.gaussian_diffusion import ExactGaussianDiffusion, GaussianDiffusion, GaussianForwardProcess
from verify.models.hidden_markov import HiddenMarkovChain, HiddenMarkovMeanField
from verify.models.linear_gaussian import LinearGaussian
from verify.models.mixture_prior import MixturePrior, NormalMixture
from verify.models.pareto_uniform import ParetoUniform
from verify.models.rates import GammaExponential, GammaPoisson
from verify.models.regression import BayesianLinearRegression, MeanFieldLinearRegression
from verify.models.scalars import LogNormalLogNormal, NormalInverseGammaModel, NormalNormal
from verify.models.state_space import LinearGaussianStateSpace
from verify.models.sums import Sum

_MODELS: tuple[type[SolvableModel[Any]], ...] = (
    FiniteTable,
    GaussianMixture,
    NormalNormal,
    LogNormalLogNormal,
    NormalInverseGammaModel,
    BetaBernoulli,
    BetaBinomial,
    DirichletCategorical,
    GammaPoisson,
    GammaExponential,
    ParetoUniform,
    ConjugateExponentialFamily,
    MixturePrior,
    LinearGaussian,
    FactorAnalysis,
    ProbabilisticPCA,
    BayesianLinearRegression,
    MeanFieldLinearRegression,
    LinearGaussianStateSpace,
    HiddenMarkovChain,
    HiddenMarkovMeanField,
    RestrictedBoltzmann,
    CoupledBoltzmann,
    DiscreteDiffusion,
    ExactDiscreteDiffusion,
    GaussianDiffusion,
    ExactGaussianDiffusion,
)

ALL: Mapping[str, type[SolvableModel[Any]]] = MappingProxyType({model.name: model for model in _MODELS})

__all__ = [
    "ALL",
    "Balance",
    "BayesianLinearRegression",
    "Bernoulli",
    "Beta",
    "BetaBernoulli",
    "BetaBinomial",
    "Categorical",
    "ConjugateExponentialFamily",
    "CoupledBoltzmann",
    "Deviation",
    "Dirichlet",
    "DirichletCategorical",
    "DiscreteDiffusion",
    "DiscreteForwardProcess",
    "ExactDiscreteDiffusion",
    "ExactGaussianDiffusion",
    "ExponentialFamily",
    "FactorAnalysis",
    "FiniteTable",
    "Formulas",
    "Gamma",
    "GammaExponential",
    "GammaPoisson",
    "GaussianDiffusion",
    "GaussianForwardProcess",
    "GaussianMixture",
    "HiddenMarkovChain",
    "HiddenMarkovMeanField",
    "LinearGaussian",
    "LinearGaussianStateSpace",
    "LogNormal",
    "LogNormalLogNormal",
    "MarkovChain",
    "MeanFieldLinearRegression",
    "MixturePrior",
    "MultivariateNormal",
    "NaturalParameters",
    "Normal",
    "NormalInverseGamma",
    "NormalInverseGammaModel",
    "NormalMixture",
    "NormalNormal",
    "Pareto",
    "ParetoUniform",
    "ProbabilisticPCA",
    "RestrictedBoltzmann",
    "SolvableModel",
    "Sum",
    "Variational",
]
