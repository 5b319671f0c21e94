"""The gap log p(x) − ELBO near the posterior, where subtracting the two would lose every digit.

The gap is flat at its minimum: q = posterior·(1 + 10⁻⁹) has a gap of 10⁻¹⁸, invisible beside log p(x).  So it is
measured in the space of distributions.  With masses Q = w·q, posterior masses R = S·w·j/p(x) and D = Q − R, where
ΣR = ΣQ = S and hence ΣD = 0,

    gap = ΣQ·log(Q/R) = ΣR·h(D/R),          h(d) = (1 + d)·log(1 + d) − d ≥ 0,

    ½·‖D‖₁²/S  ≤  gap  ≤  ΣD²/R.

The lower end is Pinsker's inequality for Q/S and R/S; the upper one follows from log t ≤ t − 1, as
ΣQ·log(Q/R) ≤ ΣQ·(Q/R − 1) = ΣQ²/R − S = ΣD²/R.  (T. M. Cover and J. A. Thomas, Elements of Information Theory, 2nd ed.,
lemma 11.6.1; A. B. Tsybakov, Introduction to Nonparametric Estimation, section 2.4.)

Rounding, with u and SLACK as in `rounding`.  The computed R has relative error at most ρ = (2K + 3ω)u (two sums of K
terms, a division, a product; ω = 1 with base weights), Q at most ωu, so that D is certain up to
δ = u·|D| + ρ·R + ωu·Q.

* ends: the sums are taken with |D| made smaller, or larger, by δ;
* value, a sum of f(Q, R) = R·h(D/R) = Q·log(Q/R) − Q + R.  As ∂f/∂R = −D/R and ∂f/∂Q = log(Q/R), the inputs
  contribute ρ·(|D| + δ) + ωu·Q·(|log(Q/R)| + ρ + ωu).  For |D/R| < 0.03 the Taylor series to degree 13 is used: D/R has
  relative error 2u, which contributes 2u·R·|d·log(1 + d)|; the remainder is below 10⁻²⁰·f and the evaluation below
  30u·f.  Elsewhere f is computed as it stands, to u·(6·Q·|log(Q/R)| + 3·(Q + R)).  The sum adds K·u·gap, underflow K·η.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from verify.decide.chain import checked_tables, checked_weights
from verify.decide.rounding import LARGEST, SLACK, SMALLEST, UNIT, Floats

_SERIES_BELOW = 0.03
_SERIES = tuple((-1.0) ** n / (n * (n - 1)) for n in range(2, 14))
_UNDERFLOW = 2.0**-1073


@dataclass(frozen=True, eq=False)
class PosteriorGap:
    """How far q is from the posterior in each of B worlds; all arrays have shape (B,), in nats.

    lower, upper    certain bounds of the gap S·log(p(x)/S) − ELBO; upper is +∞ where q has mass and the posterior none
    value, error    the gap itself, and a proved bound on its rounding error
    differs         q is certainly not proportional to the posterior
    In worlds with entries too small or too large for the proofs the bounds are 0 and +∞ and the error is +∞.
    """

    lower: Floats
    upper: Floats
    value: Floats
    error: Floats
    differs: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Masses:
    """Q, R, D = Q − R and δ, all (K, B), and S, (B,); ρ and ωu are relative errors of R and Q."""

    variational: Floats
    posterior: Floats
    difference: Floats
    doubt: Floats
    mass: Floats
    posterior_error: float
    variational_error: float


def posterior_gap(joint: ArrayLike, q: ArrayLike, weights: ArrayLike | None = None) -> PosteriorGap:
    """The gap of B worlds with K states, from the difference between q and the posterior.

    joint, q: (K, B) densities; weights: (K,) base weights, or None for 1.  Raises ValueError as `finite_chain` does.
    """
    joint_density, q_density = checked_tables(joint, q)
    base = None if weights is None else checked_weights(weights, joint_density.shape[0])[:, None]
    with np.errstate(all="ignore"):
        joint_mass = joint_density if base is None else joint_density * base
        q_mass = q_density if base is None else q_density * base
        share = joint_mass / joint_mass.sum(axis=0)
        masses = _masses(q_mass, share, weighted=base is not None)
        covered = _covered(((joint_density, joint_mass), (joint_density, share), (q_density, q_mass)), masses)
        lower, upper, differs = _ends(masses)
        value, error = _value(masses)
    return PosteriorGap(np.where(covered, lower, 0.0), np.where(covered, upper, np.inf), value,
                        np.where(covered, error, np.inf), covered & differs)


def _masses(variational: Floats, share: Floats, weighted: bool) -> _Masses:
    mass = variational.sum(axis=0)
    posterior = share * mass
    difference = variational - posterior
    rho, omega = (2 * len(share) + 3 * weighted) * UNIT, weighted * UNIT
    doubt = SLACK * (UNIT * np.abs(difference) + rho * posterior + omega * variational)
    return _Masses(variational, posterior, difference, doubt, mass, rho, omega)


def _ends(m: _Masses) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Pinsker below, χ² above, and whether Q and R certainly differ."""
    states, size = len(m.difference), np.abs(m.difference)
    distance = np.maximum(size.sum(axis=0) * (1 - 2 * states * UNIT) - SLACK * m.doubt.sum(axis=0), 0.0)
    widen = 1 + (4 * states + 20) * UNIT + 2 * SLACK * m.posterior_error
    largest = size + m.doubt
    chi_square = _where_mass(largest * (largest / m.posterior), m).sum(axis=0)
    return 0.5 * distance**2 / m.mass / widen, chi_square * widen + states * _UNDERFLOW, distance > 0


def _value(m: _Masses) -> tuple[Floats, Floats]:
    """The gap as a sum of the non-negative terms R·h(D/R), and its error bound."""
    d = m.difference / m.posterior
    small = np.abs(d) < _SERIES_BELOW
    log_ratio = np.where(m.variational > 0, np.log(m.variational / m.posterior), 0.0)
    terms = np.where(small, m.posterior * _h_series(d), m.variational * log_ratio - m.difference)
    terms, errors = _where_mass(terms, m), _where_mass(_term_errors(m, d, small, np.abs(log_ratio), terms), m)
    value = terms.sum(axis=0)
    error = SLACK * errors.sum(axis=0) + len(terms) * (UNIT * np.abs(terms).sum(axis=0) + _UNDERFLOW)
    return value, np.where(np.isinf(value), 0.0, error)


def _term_errors(m: _Masses, d: Floats, small: NDArray[np.bool_], log_size: Floats, terms: Floats) -> Floats:
    by_series = 30 * UNIT * terms + 2 * UNIT * m.posterior * np.abs(d) * log_size
    direct = UNIT * (6 * m.variational * log_size + 3 * (m.variational + m.posterior))
    rho, omega = m.posterior_error, m.variational_error
    inputs = rho * (np.abs(m.difference) + m.doubt) + omega * m.variational * (log_size + rho + omega)
    return np.asarray(SLACK * (np.where(small, by_series, direct) + inputs))


def _h_series(d: Floats) -> Floats:
    """h(d) = Σ_{n≥2} (−1)ⁿ·dⁿ/(n·(n − 1)) for small d (Horner's rule)."""
    total = np.zeros_like(d)
    for coefficient in reversed(_SERIES):
        total = total * d + coefficient
    return total * d * d


def _where_mass(terms: Floats, m: _Masses) -> Floats:
    """The terms of the states that have posterior mass; 0 for a state without any mass, +∞ for one with q-mass only."""
    return np.where(m.posterior > 0, terms, np.where(m.variational > 0, np.inf, 0.0))


def _covered(sources: tuple[tuple[Floats, Floats], ...], m: _Masses) -> NDArray[np.bool_]:
    """Per world: p(x) > 0; each mass is 0 where its table is, and ordinary elsewhere; so are the ratios of masses."""
    ratio = np.where((m.variational > 0) & (m.posterior > 0), m.variational / m.posterior, 1.0)
    posterior_pair = (sources[0][0], m.posterior)
    checks = [_ordinary_or_zero(table, number) for table, number in (*sources, posterior_pair, (ratio, ratio))]
    return np.asarray(np.logical_and.reduce([*checks, m.mass > 0, (sources[0][0] > 0).any(axis=0)]))


def _ordinary_or_zero(table: Floats, number: Floats) -> NDArray[np.bool_]:
    return np.asarray(((table == 0) | ((number >= SMALLEST) & (number <= LARGEST))).all(axis=0))
