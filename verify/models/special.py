"""Special functions in forms that keep their digits, with types.

    relative_entropy_terms   q log(q/p) - q + p  without cancellation where q is close to p
    log1p_gap                x - log(1 + x)      without cancellation near 0
    log_gamma_gap            log Γ(p) - log Γ(q) - (p - q) ψ(q), the Bregman divergence of log Γ, likewise

All three are >= 0 and vanish quadratically at equality, which is where a difference of logs loses half its digits.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import special as sp

from verify.models.records import Array

LOG_2PI = math.log(2 * math.pi)
_SERIES = 20


def log_gamma(x: npt.ArrayLike) -> Array:
    """log Γ(x)."""
    return np.asarray(sp.gammaln(x), dtype=np.float64)


def digamma(x: npt.ArrayLike) -> Array:
    """ψ(x) = d log Γ(x) / dx."""
    return np.asarray(sp.digamma(x), dtype=np.float64)


def trigamma(x: npt.ArrayLike) -> Array:
    """ψ′(x)."""
    return np.asarray(sp.polygamma(1, x), dtype=np.float64)


def log_beta(a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
    """log B(a, b)."""
    return np.asarray(sp.betaln(a, b), dtype=np.float64)


def log_binomial(n: npt.ArrayLike, k: npt.ArrayLike) -> Array:
    """log of the binomial coefficient."""
    n, k = np.asarray(n), np.asarray(k)
    return log_gamma(n + 1) - log_gamma(k + 1) - log_gamma(n - k + 1)


def sigmoid(x: npt.ArrayLike) -> Array:
    """1 / (1 + e^-x)."""
    return np.asarray(sp.expit(x), dtype=np.float64)


def softplus(x: npt.ArrayLike) -> Array:
    """log(1 + e^x)."""
    return np.asarray(np.logaddexp(0.0, x), dtype=np.float64)


def xlogy(x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
    """x log y, and 0 where x is 0."""
    return np.asarray(sp.xlogy(x, y), dtype=np.float64)


def log(x: npt.ArrayLike) -> Array:
    """Natural logarithm with log 0 = -inf, silently."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(x), dtype=np.float64)


def weighted(q: Array, logs: Array) -> Array:
    """q · logs with 0 wherever q is 0, even against -inf: a weight of zero contributes nothing."""
    q, logs = np.broadcast_arrays(q, logs)
    return np.where(q > 0, q * np.where(q > 0, logs, 0.0), 0.0)


def largest_log(x: npt.ArrayLike, axis: int | tuple[int, ...] | None = None) -> Array:
    """The largest |log x| over the positive entries."""
    logs = log(x)
    return np.asarray(np.abs(np.where(np.isfinite(logs), logs, 0.0)).max(axis=axis))


def normalised(logs: Array) -> Array:
    """e^logs divided by their sum along the last axis; uniform where all logs are -inf (a state never reached)."""
    top = logs.max(-1, keepdims=True)
    weights = np.where(np.isfinite(top), np.exp(logs - np.where(np.isfinite(top), top, 0.0)), 1.0)
    return np.asarray(weights / weights.sum(-1, keepdims=True))


def log_normalised(logs: Array) -> Array:
    """The logs of `normalised`, finite also where that is below the smallest float."""
    total = log_sum_exp(logs, axis=-1)[..., None]
    uniform = np.full_like(logs, -math.log(logs.shape[-1]))
    return np.where(np.isfinite(total), logs - np.where(np.isfinite(total), total, 0.0), uniform)


def log_sum_exp(x: npt.ArrayLike, axis: int | tuple[int, ...] | None = None) -> Array:
    """log Σ e^x along the axis, with the largest term taken out; -inf for an empty sum of zeros."""
    values = np.asarray(x, dtype=np.float64)
    top = values.max(axis=axis, keepdims=True)
    shift = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        logs = np.log(np.exp(values - shift).sum(axis=axis, keepdims=True)) + shift
    return np.asarray(logs.reshape(()) if axis is None else np.squeeze(logs, axis=axis))


def log1p_gap(x: npt.ArrayLike, one_plus: npt.ArrayLike | None = None) -> Array:
    """x - log(1 + x) >= 0 with small relative error everywhere (alternating series for |x| < 0.1).

    one_plus  1 + x, where x may be so near to -1 that its digits are lost: a variance 1e-16 times another
    """
    values = np.asarray(x, dtype=np.float64)
    small = np.abs(values) < 0.1
    inner = np.where(small, values, 0.0)
    series = np.zeros_like(inner)
    for n in range(_SERIES, 1, -1):
        series = (-1) ** n / n + inner * series
    with np.errstate(divide="ignore", invalid="ignore"):
        direct = values - (np.log1p(values) if one_plus is None else np.log(one_plus))
    return np.where(small, inner * inner * series, direct)


def relative_entropy_terms(q: npt.ArrayLike, p: npt.ArrayLike, log_p: npt.ArrayLike | None = None) -> Array:
    """q log(q/p) - q + p >= 0, elementwise; p where q is 0, +inf where p is 0 and q is not.

    log_p  log p where p may lie below the smallest float
    With d = (q - p)/p this is p ((1 + d) log(1 + d) - d), summed as a series for small d.
    """
    q, p = np.broadcast_arrays(np.asarray(q, dtype=np.float64), np.asarray(p, dtype=np.float64))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        logs = np.log(p) if log_p is None else np.broadcast_to(np.asarray(log_p, dtype=np.float64), p.shape)
        d = (q - p) / p
        far = q * (np.log(q) - logs) - q + p
    far = np.where(q == 0, p, np.where(logs == -np.inf, np.inf, far))
    small = (p > 0) & (np.abs(d) < 0.1)
    inner = np.where(small, d, 0.0)
    series = np.zeros_like(inner)
    for n in range(_SERIES, 1, -1):
        series = (-1) ** n / (n * (n - 1)) + inner * series
    return np.where(small, p * inner * inner * series, far)


def relative_entropy_densities(log_q: Array, log_p: Array) -> Array:
    """q log(q/p) - q + p >= 0 from the logs of the densities, so that p may be far below the smallest float."""
    ratio = log_q - log_p
    near = np.abs(ratio) < 0.1
    inner = np.where(near, ratio, 0.0)
    # q (r - 1 + e^-r) with r = log(q/p)
    series = sum(((-inner) ** n / math.factorial(n) for n in range(2, 14)), start=np.zeros_like(inner))
    q = np.exp(log_q)
    with np.errstate(invalid="ignore"):
        far = np.where(q > 0, q * (ratio - 1), 0.0) + np.exp(log_p)
    return np.where(near, q * series, far)


def log_gamma_gap(p: npt.ArrayLike, q: npt.ArrayLike) -> Array:
    """log Γ(p) - log Γ(q) - (p - q) ψ(q) >= 0: the Bregman divergence of log Γ from q to p.

    For |p - q| < q/10 it is Taylor's series Σ_{n>=2} ψ^(n-1)(q) (p - q)^n / n!, whose terms fall like 10^-n.
    """
    p, q = np.broadcast_arrays(np.asarray(p, dtype=np.float64), np.asarray(q, dtype=np.float64))
    step = p - q
    small = np.abs(step) < 0.1 * q
    inner = np.where(small, step, 0.0)
    series = sum(
        (np.asarray(sp.polygamma(n - 1, q)) * inner**n / math.factorial(n) for n in range(2, _SERIES)),
        start=np.zeros_like(inner),
    )
    return np.where(small, series, log_gamma(p) - log_gamma(q) - step * digamma(q))
