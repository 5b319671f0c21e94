"""Log-densities as SymPy expressions, each in the coordinate in which it is concave on the whole line."""

from __future__ import annotations

import sympy

from verify.certify.program import Softplus


def log_normal(z: sympy.Expr, mean: sympy.Expr, variance: sympy.Expr) -> sympy.Expr:
    """log N(z; mean, variance); concave in z."""
    return -((z - mean) ** 2) / (2 * variance) - sympy.log(2 * sympy.pi * variance) / 2


def log_gamma_density(u: sympy.Expr, shape: sympy.Expr, rate: sympy.Expr) -> sympy.Expr:
    """The log-density of u = log λ for λ ~ Gamma(shape, rate), Jacobian λ included; concave in u."""
    return shape * u - rate * sympy.exp(u) + shape * sympy.log(rate) - sympy.loggamma(shape)


def log_beta_density(u: sympy.Expr, a: sympy.Expr, b: sympy.Expr) -> sympy.Expr:
    """The log-density of u = logit θ for θ ~ Beta(a, b), Jacobian θ(1 − θ) included; concave in u."""
    return a * u - (a + b) * Softplus(u) - log_beta(a, b)


def log_beta(a: sympy.Expr, b: sympy.Expr) -> sympy.Expr:
    """log B(a, b)."""
    return sympy.loggamma(a) + sympy.loggamma(b) - sympy.loggamma(a + b)


def log_poisson(count: sympy.Expr, log_rate: sympy.Expr) -> sympy.Expr:
    """log Poisson(count; e^log_rate); concave in the log rate."""
    return count * log_rate - sympy.exp(log_rate) - sympy.loggamma(count + 1)


def log_binomial(successes: sympy.Expr, trials: sympy.Expr, logit: sympy.Expr) -> sympy.Expr:
    """log Binomial(successes; trials, sigmoid(logit)); concave in the logit."""
    choose = sympy.loggamma(trials + 1) - sympy.loggamma(successes + 1) - sympy.loggamma(trials - successes + 1)
    return successes * logit - trials * Softplus(logit) + choose


def log_bernoulli(sign: sympy.Expr, logit: sympy.Expr) -> sympy.Expr:
    """log σ(sign·logit), the log-probability of y = 1 for sign 1 and of y = 0 for sign −1; concave in the logit."""
    return -Softplus(-sign * logit)
