"""The log evidence from a table of log joint densities, without leaving the logarithmic scale.

Subtracting the maximum first keeps every exponential in [0, 1]: without it exp(−1000) is 0 and the evidence is lost.

Bound.  The entries l of the table are exact floats, m is their maximum, e = exp(l − m) and s = Σe ≥ 1.  Computing
l − m rounds by u·|l − m|, which moves e by that relative amount; exp and the sum contribute (4 + K − 1)u.  The mean of
|l − m| under the weights e/s is an entropy minus log s, hence at most log K, so s has relative error at most
u·(K + 3 + log K), and with the logarithm and the last addition

    |error| ≤ u·(K + 3 + log K + 4·log s + |m + log s|) + K·η/s     (η = 2⁻¹⁰⁷⁴: terms that underflow).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from verify.decide.rounding import LOG_ERROR, SLACK, UNIT, Floats


def log_sum_exp(log_joint: ArrayLike) -> tuple[Floats, Floats]:
    """log Σ exp(l) over the first axis of a (K, B) table, and a proved bound on its error; both of shape (B,), in nats.

    −∞ entries are states of probability zero; a world with nothing else has log evidence −∞, exactly.
    Raises ValueError for NaN or +∞ entries.
    """
    table = np.asarray(log_joint, dtype=np.float64)
    if table.ndim != 2 or table.size == 0 or not np.all(table < np.inf):
        raise ValueError("log_joint must be a (states, worlds) table without NaN and without +∞")
    peak = table.max(axis=0)
    anchor = np.where(np.isfinite(peak), peak, 0.0)
    terms = np.exp(table - anchor)
    scaled = terms.sum(axis=0)
    with np.errstate(divide="ignore"):
        log_scaled = np.log(scaled)
    value = anchor + log_scaled
    return value, np.where(np.isfinite(peak), _error(table.shape[0], value, log_scaled), 0.0)


def _error(states: int, value: Floats, log_scaled: Floats) -> Floats:
    relative = states + 3 + np.log(states) + LOG_ERROR * np.abs(log_scaled)
    return np.asarray(SLACK * (UNIT * (relative + np.abs(value)) + states * 2.0**-1074))
