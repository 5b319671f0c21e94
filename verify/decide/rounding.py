"""Proved rounding bounds for the log evidence, the ELBO and the KL divergence of a finite world computed in floats.

Setting.  A world has K states with base weights w, a table j = p(x, z) of the joint at the observed x, and a table q;
the floats in the tables are taken as exact.  With masses J = w·j and Q = w·q, p = ΣJ and S = ΣQ (q need not be
normalised),

    log evidence  log p              ELBO  ΣQ·log(j/q)             KL  ΣQ·log(q·p/j)
    identity      S·log p = ELBO + KL                gap  S·log(p/S) − ELBO ≥ 0 (Jensen, or the log-sum inequality).

Model of the arithmetic.  u = 2⁻⁵³; every + − · / has relative error at most u; np.log has relative error at most 4u
(NumPy's own accuracy tests hold it to 1 ulp, that is 2u; `measured_log_error` compares it with Arb on this machine).
A sum of K positive floats, in any order, has relative error at most (K − 1)u/(1 − (K − 1)u) (N. J. Higham, Accuracy and
Stability of Numerical Algorithms, 2nd ed. 2002, section 4.2).  ω = 1 if the masses are rounded products with weights,
else 0.  Products of such factors are collected to first order; K ≤ 10⁶ (checked) keeps every neglected term below 10⁻⁹
of the bound, and the factor SLACK = 1.1 covers them.  A product may underflow: that costs at most η = 2⁻¹⁰⁷⁴.

Log evidence.  The sum has relative error (K − 1 + ω)u, its logarithm therefore that absolute error, plus 4u·|log p|:

    |error| ≤ u·(K − 1 + ω + 4·|log p|).                                                              (evidence_error)

ELBO.  Each term is Q·(log j − log q).  With a = |log j| + |log q| the two logs contribute 4u·a, the subtraction u·a,
the product and the weight (1 + ω)u·a, the sum (K − 1)u·a; with A = ΣQ·a

    |error| ≤ u·(K + 5 + ω)·A + K·η.                                                                      (elbo_error)

KL.  Each term is Q·(log q − log r) with r = j·(1/p) computed to relative error (K + 1 + ω)u (the sum, the reciprocal,
the product), which moves log r by as much; the rest is as before with |log r| ≤ |log j| + |log p| in place of |log j|:

    |error| ≤ u·(K + 5 + ω)·(A + S·|log p|) + u·(K + 1 + ω)·S + K·η.                                        (kl_error)

A without a second pass.  As w·j ≤ p and w·q ≤ S, j ≤ M := max(1, p/min w) and q ≤ N := max(1, S/min w), so that
|log j| ≤ 2 log M − log j and |log q| ≤ 2 log N − log q.  With W = Σw the log-sum inequality gives
ΣQ·log q ≥ S·log(S/W), and

    A ≤ 2S·(log M + log N) − ΣQ·log j − ΣQ·log q  ≤  2S·(log M + log N + |log(W/S)|) + |ELBO|.             (magnitude)

So all bounds come from a few numbers per world and cost nothing beside the K×B work.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from flint import arb, fmpq
from numpy.typing import NDArray

from verify.decide.precision import precision

Floats = NDArray[np.float64]

UNIT = 2.0**-53
LOG_ERROR = 4.0  # relative error of np.log that the proofs allow, in units of u
SLACK = 1.1
MOST_STATES = 1_000_000
SMALLEST, LARGEST = 1e-305, 1e300  # table entries (other than 0) and sums outside are left to Arb
_UNDERFLOW = 2.0**-1074


def magnitude(mass: Floats, evidence: Floats, elbo: Floats, total_weight: float, smallest_weight: float) -> Floats:
    """An upper bound of A = ΣQ·(|log j| + |log q|) for each world."""
    densities = np.log(np.maximum(evidence / smallest_weight, 1.0)) + np.log(np.maximum(mass / smallest_weight, 1.0))
    return np.asarray(SLACK * (2.0 * mass * (densities + np.abs(np.log(total_weight / mass))) + np.abs(elbo)))


def evidence_error(states: int, weighted: bool, log_evidence: Floats) -> Floats:
    """How far the computed log evidence can be from the true one."""
    _check(states)
    return SLACK * UNIT * (states - 1 + weighted + LOG_ERROR * np.abs(log_evidence))


def elbo_error(states: int, weighted: bool, size: Floats) -> Floats:
    """How far the computed ELBO can be from the true one; `size` bounds A."""
    _check(states)
    return SLACK * (UNIT * (states + LOG_ERROR + 1 + weighted) * size + states * _UNDERFLOW)


def kl_error(states: int, weighted: bool, size: Floats, mass: Floats, log_evidence: Floats) -> Floats:
    """How far the computed KL divergence can be from the true one; `size` bounds A."""
    whole = elbo_error(states, weighted, size + mass * np.abs(log_evidence))
    return whole + SLACK * UNIT * (states + 1 + weighted) * mass


def log_mass_error(states: int, weighted: bool, mass: Floats) -> Floats:
    """How far the computed log S can be from the true one: the bound of the log evidence, for another sum."""
    return evidence_error(states, weighted, np.log(mass))


def product_error(states: int, weighted: bool, mass: Floats, factor: Floats, factor_error: Floats) -> Floats:
    """How far the computed S·factor can be from the true product."""
    return SLACK * (mass * factor_error + UNIT * (states + weighted) * mass * np.abs(factor))


def _check(states: int) -> None:
    if states > MOST_STATES:
        raise ValueError(f"the rounding bounds are proved for at most {MOST_STATES} states, not {states}")
    if measured_log_error() > LOG_ERROR:
        raise RuntimeError(
            f"np.log is off by {measured_log_error():.1f}u on this machine; the rounding bounds allow {LOG_ERROR}u"
        )


@cache
def measured_log_error(points: int = 256) -> float:
    """The largest relative error of np.log against Arb, in units of u, on fixed points of all sizes and near 1."""
    rng = np.random.default_rng(20240229)
    spread = np.exp2(rng.uniform(-1020.0, 1020.0, points))
    near_one = 1.0 + np.exp2(rng.uniform(-52.0, -1.0, points)) * rng.choice([-1.0, 1.0], points)
    samples = np.concatenate([spread, near_one[near_one != 1.0]])
    with precision(128):
        return max(_relative_error(x, y) for x, y in zip(samples.tolist(), np.log(samples).tolist(), strict=True))


def _relative_error(argument: float, computed: float) -> float:
    true = arb(fmpq(*argument.as_integer_ratio())).log()
    return float(abs((true - arb(computed)) / true).upper()) / UNIT
