"""Certified continuous checks: enclosures of log evidence, ELBO and KL, and what they decide.

Six models with one real latent variable and one with two; every function takes the observation, the model's parameters
and those of q as rationals, and returns a `CertifiedElbo`:

    result = certify.normal_normal(x=1.3, m=0, v=1, s2=Fraction(1, 2), mq=Fraction(1, 2), vq=1)
    result.bound        how the ELBO stands to log p(x): "less; left − right = -0.0123… ± 3e-40"
    result.identity     how log p(x) stands to ELBO + KL: "equal", by closed forms, or the enclosure of the residual

How an answer comes about, from the bottom up:

    program      SymPy expressions compiled to Arb functions that say where they are analytic
    shape        bounds far out and in a strip around the real line, read off the same program
    window       where a log-concave integrand has its mass (found, not trusted)
    integral     adaptive quadrature with tail bounds        trapezoid    the trapezoid rule with a strip bound (faster)
    latent       evidence, ELBO and KL of a model with one latent variable
    models       the models; closed_forms: their exact formulas; logistic2d: two coefficients

Where window or precision does not suffice the answer is undecided, never wrong.
"""

from verify.certify.models import (
    beta_binomial,
    gamma_poisson,
    logistic_bernoulli,
    logistic_regression_2d,
    mixture_prior,
    normal_normal,
    poisson_lognormal,
)
from verify.certify.result import CertifiedElbo, Contradiction

__all__ = [
    "CertifiedElbo",
    "Contradiction",
    "beta_binomial",
    "gamma_poisson",
    "logistic_bernoulli",
    "logistic_regression_2d",
    "mixture_prior",
    "normal_normal",
    "poisson_lognormal",
]
