"""Models with one real latent variable whose ELBO statements are certified by enclosed integrals.

All parameters are rationals (`fractions.Fraction`, int, or floats taken exactly as their binary fraction); `bits` is
the relative precision asked for, the working precision is higher.  Every function returns a `CertifiedElbo`; it raises
ValueError for parameters outside the model, naming the parameter.  A result that cannot be enclosed well enough leaves
its decisions undecided.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import log
from typing import TypeAlias

import sympy

from verify.certify import closed_forms, logistic2d
from verify.certify.closed_forms import Normal
from verify.certify.densities import (
    log_bernoulli,
    log_beta_density,
    log_binomial,
    log_gamma_density,
    log_normal,
    log_poisson,
)
from verify.certify.latent import LatentModel, log_of_sum
from verify.certify.result import CertifiedElbo

Real: TypeAlias = int | float | Fraction

_Z, _X, _Y, _N, _S2, _M, _V, _MQ, _VQ, _W = sympy.symbols("z x y n s2 m v mq vq w", real=True)
_A, _B, _AQ, _BQ = sympy.symbols("a b aq bq", positive=True)
_W1, _M1, _V1, _W2, _M2, _V2 = sympy.symbols("w1 m1 v1 w2 m2 v2", real=True)
_LOG_Q_NORMAL = log_normal(_Z, _MQ, _VQ)


def _normal_posterior() -> sympy.Expr:
    precision = 1 / _V + 1 / _S2
    return log_normal(_Z, (_M / _V + _X / _S2) / precision, 1 / precision)


_NORMAL_NORMAL = LatentModel(
    _Z, (log_normal(_Z, _M, _V) + log_normal(_X, _Z, _S2),), _LOG_Q_NORMAL, _normal_posterior()
)
_GAMMA_POISSON = LatentModel(
    _Z, (log_gamma_density(_Z, _A, _B) + log_poisson(_X, _Z),), log_gamma_density(_Z, _AQ, _BQ),
    log_gamma_density(_Z, _A + _X, _B + 1),
)
_BETA_BINOMIAL = LatentModel(
    _Z, (log_beta_density(_Z, _A, _B) + log_binomial(_X, _N, _Z),), log_beta_density(_Z, _AQ, _BQ),
    log_beta_density(_Z, _A + _X, _B + _N - _X),
)
_LOGISTIC_BERNOULLI = LatentModel(_Z, (log_normal(_Z, _M, _V) + log_bernoulli(_Y, _W * _Z),), _LOG_Q_NORMAL)
_POISSON_LOGNORMAL = LatentModel(_Z, (log_normal(_Z, _M, _V) + log_poisson(_Y, _Z),), _LOG_Q_NORMAL)


def _mixture_prior(second_variance: sympy.Symbol) -> LatentModel:
    """Prior w₁·N(m₁, v₁) + w₂·N(m₂, v₂), noise s2; the posterior is a mixture again."""
    parts = ((_W1, _M1, _V1), (_W2, _M2, second_variance))
    components = tuple(sympy.log(w) + log_normal(_Z, m, v) + log_normal(_X, _Z, _S2) for w, m, v in parts)
    evidences = [sympy.log(w) + log_normal(_X, m, v + _S2) for w, m, v in parts]
    posteriors = [
        evidence + log_normal(_Z, (m / v + _X / _S2) / (1 / v + 1 / _S2), 1 / (1 / v + 1 / _S2))
        for evidence, (_, m, v) in zip(evidences, parts, strict=True)
    ]
    return LatentModel(_Z, components, _LOG_Q_NORMAL, log_of_sum(*posteriors) - log_of_sum(*evidences))


_MIXTURE_PRIOR = _mixture_prior(_V2)
_EQUAL_MIXTURE_PRIOR = _mixture_prior(_V1)  # the log-odds of the components are affine: a strip for the trapezoid rule


def normal_normal(x: Real, m: Real, v: Real, s2: Real, mq: Real, vq: Real, bits: int = 128) -> CertifiedElbo:
    """z ~ N(m, v), x | z ~ N(z, s2), q = N(mq, vq): everything also exactly, so that equality is decided too."""
    values = _exact({_X: x, _M: m, _V: v, _S2: s2, _MQ: mq, _VQ: vq}, positive=(_V, _S2, _VQ))
    closed = closed_forms.normal_normal(
        values[_X], closed_forms.Normal(values[_M], values[_V]), values[_S2],
        closed_forms.Normal(values[_MQ], values[_VQ]),
    )
    return _NORMAL_NORMAL.certify(values, values[_MQ], bits, closed)


def gamma_poisson(x: int, a: Real, b: Real, aq: Real, bq: Real, bits: int = 128) -> CertifiedElbo:
    """λ ~ Gamma(a, rate b), x | λ ~ Poisson(λ), q = Gamma(aq, rate bq); integrated over log λ."""
    values = _exact({_X: _count("x", x), _A: a, _B: b, _AQ: aq, _BQ: bq}, positive=(_A, _B, _AQ, _BQ))
    closed = closed_forms.gamma_poisson(
        x, closed_forms.Gamma(values[_A], values[_B]), closed_forms.Gamma(values[_AQ], values[_BQ])
    )
    return _GAMMA_POISSON.certify(values, _log(values[_AQ] / values[_BQ]), bits, closed)


def beta_binomial(x: int, n: int, a: Real, b: Real, aq: Real, bq: Real, bits: int = 128) -> CertifiedElbo:
    """θ ~ Beta(a, b), x | θ ~ Binomial(n, θ), q = Beta(aq, bq); integrated over logit θ."""
    if not _count("x", x) <= _count("n", n):
        raise ValueError(f"x = {x} successes are more than n = {n} trials")
    values = _exact({_X: x, _N: n, _A: a, _B: b, _AQ: aq, _BQ: bq}, positive=(_A, _B, _AQ, _BQ))
    closed = closed_forms.beta_binomial(
        x, n, closed_forms.Beta(values[_A], values[_B]), closed_forms.Beta(values[_AQ], values[_BQ])
    )
    return _BETA_BINOMIAL.certify(values, _log(values[_AQ] / values[_BQ]), bits, closed)


def mixture_prior(x: Real, s2: Real, weights: tuple[Real, Real], means: tuple[Real, Real],
                  variances: tuple[Real, Real], mq: Real, vq: Real, bits: int = 128) -> CertifiedElbo:
    """z ~ Σ weightsᵢ·N(meansᵢ, variancesᵢ), x | z ~ N(z, s2), q = N(mq, vq); the ELBO has no closed form.

    The weights must sum to one exactly: give them as Fractions.
    """
    values = _exact(
        {_X: x, _S2: s2, _MQ: mq, _VQ: vq, _W1: weights[0], _W2: weights[1], _M1: means[0], _M2: means[1],
         _V1: variances[0], _V2: variances[1]},
        positive=(_S2, _VQ, _W1, _W2, _V1, _V2),
    )
    if values[_W1] + values[_W2] != 1:
        raise ValueError(f"the weights sum to {values[_W1] + values[_W2]}, not to 1: give them as Fractions")
    model = _EQUAL_MIXTURE_PRIOR if values[_V1] == values[_V2] else _MIXTURE_PRIOR
    return model.certify(values, values[_MQ], bits)


def logistic_bernoulli(y: int, w: Real, m: Real, v: Real, mq: Real, vq: Real, bits: int = 128) -> CertifiedElbo:
    """z ~ N(m, v), y | z ~ Bernoulli(σ(w·z)), y ∈ {0, 1}, q = N(mq, vq); nothing has a closed form."""
    if y not in (0, 1):
        raise ValueError(f"y = {y} is not 0 or 1")
    values = _exact({_Y: 2 * y - 1, _W: w, _M: m, _V: v, _MQ: mq, _VQ: vq}, positive=(_V, _VQ))
    return _LOGISTIC_BERNOULLI.certify(values, values[_MQ], bits)


def poisson_lognormal(y: int, m: Real, v: Real, mq: Real, vq: Real, bits: int = 128) -> CertifiedElbo:
    """z ~ N(m, v), y | z ~ Poisson(e^z), q = N(mq, vq); the evidence has no closed form."""
    values = _exact({_Y: _count("y", y), _M: m, _V: v, _MQ: mq, _VQ: vq}, positive=(_V, _VQ))
    return _POISSON_LOGNORMAL.certify(values, values[_MQ], bits)


def logistic_regression_2d(features: Sequence[tuple[Real, Real]], labels: Sequence[int], m: tuple[Real, Real],
                           v: tuple[Real, Real], mq: tuple[Real, Real], vq: tuple[Real, Real],
                           bits: int = 64) -> CertifiedElbo:
    """z ~ N(m, diag v) in the plane, labelᵢ | z ~ Bernoulli(σ(featureᵢ·z)), q = N(mq, diag vq).

    The cost grows with the square of `bits` and with the product of the largest features and spreads.
    """
    if len(features) != len(labels) or not features or not set(labels) <= {0, 1}:
        raise ValueError("features and labels must be as many, at least one, and labels 0 or 1")
    exact_features = [(Fraction(first), Fraction(second)) for first, second in features]
    prior, q = _normal_pair("v", m, v), _normal_pair("vq", mq, vq)
    return logistic2d.certify(exact_features, labels, prior, q, bits)


def _normal_pair(name: str, means: tuple[Real, Real], variances: tuple[Real, Real]) -> tuple[Normal, Normal]:
    pairs = [Normal(Fraction(mean), Fraction(variance)) for mean, variance in zip(means, variances, strict=True)]
    if any(pair.variance <= 0 for pair in pairs):
        raise ValueError(f"{name} = {variances} must be positive")
    return pairs[0], pairs[1]


def _exact(parameters: dict[sympy.Symbol, Real], positive: tuple[sympy.Symbol, ...]) -> dict[sympy.Symbol, Fraction]:
    """The parameters as fractions.  Raises ValueError for one that is not finite, or not positive where it must be."""
    values: dict[sympy.Symbol, Fraction] = {}
    for symbol, number in parameters.items():
        try:
            values[symbol] = Fraction(number)
        except (OverflowError, ValueError):
            raise ValueError(f"{symbol} = {number} is not a finite number") from None
        if symbol in positive and values[symbol] <= 0:
            raise ValueError(f"{symbol} = {number} must be positive")
    return values


def _count(name: str, number: int) -> int:
    if number != int(number) or number < 0:
        raise ValueError(f"{name} = {number} is not a count: 0, 1, 2, …")
    return int(number)


def _log(ratio: Fraction) -> Fraction:
    """About the log of a positive fraction of any size: a point to begin at."""
    return Fraction(log(ratio.numerator) - log(ratio.denominator))
