"""Variational families: the distributions q(z) of the exactly solvable models."""

from verify.models.families.base import Variational
from verify.models.families.conjugate import Beta, Dirichlet, Gamma, NormalInverseGamma, Pareto
from verify.models.families.discrete import Bernoulli, Categorical, MarkovChain
from verify.models.families.normal import LogNormal, MultivariateNormal, Normal

__all__ = [
    "Bernoulli",
    "Beta",
    "Categorical",
    "Dirichlet",
    "Gamma",
    "LogNormal",
    "MarkovChain",
    "MultivariateNormal",
    "Normal",
    "NormalInverseGamma",
    "Pareto",
    "Variational",
]
