"""Mistakes with normal laws: variance, standard deviation and log variance mixed up, terms of the KL lost."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from verify.models import MultivariateNormal, Normal
from verify.models.records import Array
from verify.objectives.diagnosis.hypothesis import Hypothesis
from verify.objectives.diagnosis.terms import InapplicableError, Terms

_LOG_2PI = math.log(2 * math.pi)
_MIXED_UP: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("exp(log σ²), the variance, is used as the standard deviation", lambda v: v**2),
    ("the standard deviation is used as the variance (its root is taken once more)", np.sqrt),
)


# ---------------------------------------------------------------- the draws


def _drawn(says: str, law: Callable[[Terms], Any]) -> tuple[Hypothesis, Hypothesis]:
    """z is drawn from another law; the KL is a formula, or part of the log weight."""
    by_formula = Hypothesis(says, lambda t: t.sampled_from(law(t), formula_for_kl=True))
    return by_formula, Hypothesis(says, lambda t: t.sampled_from(law(t), formula_for_kl=False))


def _with_variance(change: Callable[[Array], Array]) -> Callable[[Terms], Normal]:
    return lambda t: t.normal.replace(variance=np.asarray(change(t.normal.variance)))


def _diagonal_only(t: Terms) -> MultivariateNormal:
    if not isinstance(t.q, MultivariateNormal):
        raise InapplicableError
    return t.q.replace(scale_tril=t.q.scale_tril * np.eye(t.q.mean.shape[-1]))


def _prior(t: Terms) -> Any:
    return t.prior


OF_DRAWS = (
    *(h for says, change in _MIXED_UP for h in _drawn(f"when z is drawn, {says}", _with_variance(change))),
    *_drawn("the noise is scaled by 0.01 when z is drawn, but not in the KL", _with_variance(lambda v: 1e-4 * v)),
    *_drawn("the noise is scaled by 0.1 when z is drawn, but not in the KL", _with_variance(lambda v: 1e-2 * v)),
    *_drawn("z is drawn with the diagonal of the scale matrix only; use the whole factor", _diagonal_only),
    *_drawn("z is drawn from the prior, not from q", _prior),
    Hypothesis("the decoder gets the mean of q, not a draw", Terms.at_the_mean),
)


# ---------------------------------------------------------------- the KL


def _kl(says: str, changed: Callable[[Terms], float]) -> Hypothesis:
    """The KL is another number."""
    return Hypothesis(says, lambda t: t.with_kl(changed(t)))


def _kl_term(says: str, change: Callable[[Array, Array, Array, Array], Array]) -> Hypothesis:
    """The KL is ½ Σ of something else than (m - m')²/v' + v/v' - 1 - log(v/v')."""

    def changed(t: Terms) -> float:
        q, prior = t.normal, t.normal_prior
        return 0.5 * float(np.sum(change(q.mean, q.variance, prior.mean, prior.variance)))

    return _kl(says, changed)


def _swapped_kl(change: Callable[[Array], Array]) -> Callable[[Terms], float]:
    return lambda t: float(t.normal.replace(variance=np.asarray(change(t.normal.variance))).kl(t.normal_prior))


def _log_determinants(t: Terms) -> float:
    """log det S of the prior, less that of q."""
    if not isinstance(t.q, MultivariateNormal) or not isinstance(t.prior, MultivariateNormal):
        raise InapplicableError
    return sum(
        sign * 2 * float(np.log(np.diagonal(law.scale_tril, axis1=-2, axis2=-1)).sum())
        for sign, law in ((1, t.prior), (-1, t.q))
    )


def _distance(t: Terms) -> float:
    """½ of the squared Mahalanobis distance of the means."""
    q, prior = t.q, t.prior
    if not isinstance(q, MultivariateNormal) or not isinstance(prior, MultivariateNormal):
        raise InapplicableError
    white = np.linalg.solve(prior.scale_tril, (q.mean - prior.mean)[..., None])
    return 0.5 * float(np.sum(white**2))


OF_KL = (
    *(_kl(f"in the KL, {says}", _swapped_kl(change)) for says, change in _MIXED_UP),
    _kl("the KL is reversed: KL(prior ‖ q) for KL(q ‖ prior)", lambda t: float(t.prior.kl(t.q))),
    _kl_term("in the KL, exp(log σ) stands where σ² is needed",
             lambda m, v, m0, v0: (m - m0) ** 2 / v0 + np.sqrt(v) / v0 - 1 - np.log(v / v0)),
    _kl_term("in the KL, (log σ)² stands where 2 log σ is needed",
             lambda m, v, m0, v0: (m - m0) ** 2 / v0 + v / v0 - 1 - (0.5 * np.log(v)) ** 2 + np.log(v0)),
    _kl_term("in the KL, log σ stands where log σ² is needed",
             lambda m, v, m0, v0: (m - m0) ** 2 / v0 + v / v0 - 1 - 0.5 * np.log(v / v0)),
    _kl_term("in the KL, log σ² stands where σ² is needed",
             lambda m, v, m0, v0: (m - m0) ** 2 / v0 + np.log(v) / v0 - 1 - np.log(v / v0)),
    _kl_term("the KL misses the square of the means", lambda m, v, m0, v0: v / v0 - 1 - np.log(v / v0)),
    _kl_term("in the KL, the mean is not squared", lambda m, v, m0, v0: (m - m0) / v0 + v / v0 - 1 - np.log(v / v0)),
    _kl_term("the KL misses the variances", lambda m, v, m0, v0: (m - m0) ** 2 / v0 - 1 - np.log(v / v0)),
    _kl_term("the KL misses the log variances", lambda m, v, m0, v0: (m - m0) ** 2 / v0 + v / v0 - 1),
    _kl_term("the KL ignores the prior's mean and variance (it is that of a standard normal)",
             lambda m, v, m0, v0: m**2 + v - 1 - np.log(v)),
    _kl("the KL misses -d, the number of latent dimensions (it is ½ (trace + distance - d - log det))",
        lambda t: t.kl / t.objective.beta + 0.5 * t.dimensions),
    _kl("the log-determinant in the KL has the factor 1/4, not 1/2", lambda t: t.kl - 0.25 * _log_determinants(t)),
    _kl("the log-determinant in the KL has the factor 1, not 1/2", lambda t: t.kl + 0.5 * _log_determinants(t)),
    _kl("the log-determinant in the KL is missing", lambda t: t.kl - 0.5 * _log_determinants(t)),
    _kl("the distance of the means in the KL is missing", lambda t: t.kl - _distance(t)),
)  # fmt: skip


# ---------------------------------------------------------------- constants and the likelihood


def _off(says: str, by: Callable[[Terms], float]) -> Hypothesis:
    """The right value, off by a known term."""
    return Hypothesis(says, lambda t: t.target + by(t))


def _other_noise(says: str, change: Callable[[Array], Array]) -> Hypothesis:
    """The likelihood has changed noise variances."""
    return Hypothesis(says, lambda t: t.with_noise(change))


def _squared_error(says: str, weight: Callable[[Terms], float]) -> Hypothesis:
    """The squared error E_q[Σ (x - mean)²] with some weight stands for minus the log likelihood."""

    def predicts(t: Terms) -> float:
        of_unit_variance = t.with_noise(np.ones_like) + t.kl
        squares = -2 * of_unit_variance - t.observed * _LOG_2PI
        return -weight(t) * squares - t.kl

    lacks = "its weight 1/(2σ²) and the constants are missing"
    return Hypothesis(f"{says} stands for the log likelihood: {lacks}", predicts)


OF_LIKELIHOOD = (
    _squared_error("the squared error", lambda t: 1.0),
    _squared_error("half of the squared error", lambda t: 0.5),
    _squared_error("the squared error, averaged over the features,", lambda t: 1 / t.features),
    _squared_error("the squared error, averaged over data points and features,",
                   lambda t: 1 / (t.points * t.features)),
    *(_other_noise(f"in the likelihood, {says}", change) for says, change in _MIXED_UP),
    _other_noise("the likelihood ignores its noise variance (it is 1 there)", np.ones_like),
    _off("the constant -½ log 2π of the likelihood is missing", lambda t: 0.5 * _LOG_2PI * t.observed),
    _off("the constant of the likelihood is -log 2π, not -½ log 2π", lambda t: -0.5 * _LOG_2PI * t.observed),
    _off("the constant -½ log 2π of the likelihood is counted once a data point, not once a feature",
         lambda t: 0.5 * _LOG_2PI * (t.observed - t.observed / t.features)),
    _off("the likelihood misses its log σ", lambda t: 0.5 * t.log_noise),
    _off("the factor ½ is applied to log σ as well: -log σ or -½ log σ²", lambda t: 0.25 * t.log_noise),
    _off("the likelihood has log σ² where log σ is needed (the factor ½ is missing there)",
         lambda t: -0.5 * t.log_noise),
    _off("the likelihood misses its normalising constant -½ log 2πσ²",
         lambda t: 0.5 * t.log_noise + 0.5 * _LOG_2PI * t.observed),
    _off("the factor ½ of the squared error is missing", lambda t: -t.squares),
    _off("the factor ½ is applied to the squared error twice", lambda t: 0.5 * t.squares),
)  # fmt: skip

OF_CONSTANTS = (
    _off("the constant -½ log 2π of log p(z) is missing", lambda t: 0.5 * _LOG_2PI * t.dimensions),
    _off("the constant -½ log 2π of log q(z) is missing", lambda t: -0.5 * _LOG_2PI * t.dimensions),
)

ALL = (*OF_DRAWS, *OF_KL, *OF_LIKELIHOOD, *OF_CONSTANTS)
