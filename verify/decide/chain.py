"""The log evidence, ELBO and KL divergence of many finite worlds at once, in floats, with their rounding bounds.

The states are on the first axis and the worlds on the second, so that every sum runs down contiguous rows; the work
is done in pieces that stay near the processor.  Sign questions are answered only where a number is farther from zero
than its proved error (see `rounding`); everything else is for the exact tier (see `finite`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import fsum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from verify.decide import rounding
from verify.decide.rounding import LARGEST, SMALLEST, UNIT, Floats

_PIECE = 1 << 17  # entries of one table handled at a time: smaller pieces pay for calls, larger ones leave the cache
_SMALLEST_NORMAL = 2.0**-1022


@dataclass(frozen=True, eq=False)
class ChainBuffers:
    """Scratch and result arrays for `finite_chain`, to be used again and again for worlds of one shape.

    A chain computed into buffers is overwritten by the next one that uses them.
    """

    scratch: Floats
    results: Floats

    @classmethod
    def of_shape(cls, states: int, worlds: int) -> ChainBuffers:
        """Buffers for K states and B worlds."""
        return cls(np.empty((5, states * _piece_width(states, worlds))), np.empty((5, worlds)))


@dataclass(frozen=True, eq=False)
class FiniteChain:
    """B worlds of K states; all arrays have shape (B,), all quantities are in nats.

    states        K
    mass          S = Σ w·q, the total mass of q (1 up to rounding for a normalised q)
    evidence      p(x) = Σ w·j
    log_evidence  log p(x)
    elbo          Σ w·q·log(j/q); −∞ where q has mass and j has none
    kl            Σ w·q·log(q·p(x)/j), the divergence from the posterior; +∞ there, NaN where p(x) = 0
    covered       False where an entry or a sum is too small or too large for the proofs: the errors are infinite there
    """

    states: int
    weights: Floats | None
    mass: Floats
    evidence: Floats
    log_evidence: Floats
    elbo: Floats
    kl: Floats
    covered: NDArray[np.bool_]

    @cached_property
    def log_evidence_error(self) -> Floats:
        """Proved bound on |log_evidence − its true value|."""
        return self._proved(rounding.evidence_error(self.states, self._weighted, self.log_evidence), self.log_evidence)

    @cached_property
    def elbo_error(self) -> Floats:
        """Proved bound on |elbo − its true value| (0 where it is −∞, which is exact)."""
        return self._proved(rounding.elbo_error(self.states, self._weighted, self._magnitude), self.elbo)

    @cached_property
    def kl_error(self) -> Floats:
        """Proved bound on |kl − its true value| (0 where it is +∞, which is exact)."""
        with np.errstate(all="ignore"):
            bound = rounding.kl_error(self.states, self._weighted, self._magnitude, self.mass, self.log_evidence)
        return self._proved(bound, self.kl)

    @cached_property
    def gap(self) -> Floats:
        """S·log(p(x)/S) − ELBO ≥ 0: the Jensen gap, log p(x) − ELBO for a normalised q."""
        with np.errstate(all="ignore"):
            return np.asarray(self.mass * (self.log_evidence - np.log(self.mass)) - self.elbo)

    @cached_property
    def gap_error(self) -> Floats:
        """Proved bound on |gap − its true value|."""
        with np.errstate(all="ignore"):
            log_mass = np.log(self.mass)
            factor = self.log_evidence - log_mass
            factor_error = self.log_evidence_error + UNIT * np.abs(factor)
            factor_error += rounding.log_mass_error(self.states, self._weighted, self.mass)
            product = rounding.product_error(self.states, self._weighted, self.mass, factor, factor_error)
            bound = product + self.elbo_error + 2 * UNIT * np.abs(self.gap)
        return self._proved(bound, self.gap)

    @cached_property
    def residual(self) -> Floats:
        """S·log p(x) − ELBO − KL, which is zero but for rounding; NaN where the identity is ∞ − ∞."""
        with np.errstate(all="ignore"):
            return np.asarray(self.mass * self.log_evidence - self.elbo - self.kl)

    @cached_property
    def residual_error(self) -> Floats:
        """Proved bound on |residual|."""
        with np.errstate(all="ignore"):
            product = rounding.product_error(
                self.states, self._weighted, self.mass, self.log_evidence, self.log_evidence_error
            )
            sizes = np.abs(self.mass * self.log_evidence) + np.abs(self.elbo) + np.abs(self.kl)
            return self._proved(product + self.elbo_error + self.kl_error + 3 * UNIT * sizes, self.residual)

    @cached_property
    def gap_sign(self) -> NDArray[np.int8]:
        """+1 where the gap is certainly positive (ELBO < bound), −1 where certainly negative, 0 where undecided."""
        return certain_sign(self.gap, self.gap_error)

    @cached_property
    def _magnitude(self) -> Floats:
        total = float(self.states) if self.weights is None else float(np.sum(self.weights))
        smallest = 1.0 if self.weights is None else float(np.min(self.weights))
        with np.errstate(all="ignore"):
            return rounding.magnitude(self.mass, self.evidence, self.elbo, total, smallest)

    @property
    def _weighted(self) -> bool:
        return self.weights is not None

    def _proved(self, bound: Floats, quantity: Floats) -> Floats:
        """The bound where the proof covers the world; ∞ where it does not; 0 where the quantity is certainly ±∞."""
        return np.where(self.covered, np.where(np.isinf(quantity), 0.0, bound), np.inf)


def certain_sign(quantity: Floats, error: Floats) -> NDArray[np.int8]:
    """The sign of each number that is farther from zero than its error, else 0 (undecided)."""
    with np.errstate(invalid="ignore"):
        return (quantity > error).astype(np.int8) - (quantity < -error).astype(np.int8)


def certain_total(quantity: Floats, error: Floats) -> tuple[float, float]:
    """The sum over worlds (the data points of a data set) and a proved bound on its error.

    The floats are summed without error (math.fsum) and rounded once; their own errors add up.
    """
    value = fsum(quantity.tolist())
    return value, (fsum(error.tolist()) + abs(value) * UNIT) * (1 + 4 * UNIT)


def finite_chain(joint: ArrayLike, q: ArrayLike, weights: ArrayLike | None = None,
                 buffers: ChainBuffers | None = None) -> FiniteChain:
    """Log evidence, ELBO and KL divergence of B finite worlds with K states each.

    joint    (K, B) densities p(x, z) at the observed x, non-negative
    q        (K, B) densities of the variational distribution, non-negative, normalised or not
    weights  (K,) positive base weights of the states (None: 1, a sum); Σ w·f stands for ∫ f dz
    buffers  arrays to work in and to answer in, from `ChainBuffers.of_shape(K, B)`

    A state with q = 0 contributes nothing, whatever the joint is there; q > 0 where the joint is 0 makes the ELBO −∞
    and the KL +∞.  Raises ValueError for shapes that do not fit, for negative or NaN entries, and for weights that are
    not positive.
    """
    tables = checked_tables(joint, q)
    base = None if weights is None else checked_weights(weights, tables[0].shape[0])
    states, worlds = tables[0].shape
    space = ChainBuffers.of_shape(states, worlds) if buffers is None else buffers
    covered = np.ones(worlds, dtype=np.bool_)
    width = _piece_width(states, worlds)
    for start in range(0, worlds, width):
        piece = slice(start, min(start + width, worlds))
        _chain_of_piece(tables[0][:, piece], tables[1][:, piece], base, space.scratch,
                        space.results[:, piece], covered[piece])
    mass, evidence, log_evidence, elbo, kl = space.results
    return FiniteChain(states, base, mass, evidence, log_evidence, elbo, kl, covered)


def _piece_width(states: int, worlds: int) -> int:
    return min(worlds, max(1, _PIECE // max(states, 1)))


def checked_tables(joint: ArrayLike, q: ArrayLike) -> tuple[Floats, Floats]:
    tables = np.asarray(joint, dtype=np.float64), np.asarray(q, dtype=np.float64)
    if tables[0].ndim != 2 or tables[0].shape != tables[1].shape or 0 in tables[0].shape:
        raise ValueError(f"joint and q must both have shape (states, worlds), not {tables[0].shape}, {tables[1].shape}")
    return tables


def checked_weights(weights: ArrayLike, states: int) -> Floats:
    base = np.asarray(weights, dtype=np.float64)
    if base.shape != (states,) or not np.all((base >= 1 / LARGEST) & (base <= LARGEST)):
        raise ValueError(f"weights must be {states} positive numbers, one for each state, from 1e-300 to 1e300")
    return base


def _chain_of_piece(joint: Floats, q: Floats, weights: Floats | None, scratch: Floats, results: Floats,
                    covered: NDArray[np.bool_]) -> None:
    """One piece: the plain route if every entry is an ordinary positive number, else the careful one."""
    work = scratch[:, : joint.size].reshape(5, *joint.shape)
    joint_mass, q_mass = _masses(joint, q, weights, work)
    with np.errstate(all="ignore"):
        _sum_states(joint_mass, results[1])
        _sum_states(q_mass, results[0])
        if _is_ordinary(joint, q, joint_mass, q_mass, results):
            _terms(joint, q, q_mass, work, results)
        else:
            _careful_terms(joint, q, joint_mass, q_mass, work, results)
            covered[:] = _covered(joint, q, joint_mass, q_mass, results)


def _masses(joint: Floats, q: Floats, weights: Floats | None, work: Floats) -> tuple[Floats, Floats]:
    if weights is None:
        return joint, q
    with np.errstate(over="ignore"):  # what is infinite is not covered, and left to exact arithmetic
        return np.multiply(joint, weights[:, None], out=work[3]), np.multiply(q, weights[:, None], out=work[4])


def _sum_states(table: Floats, out: Floats) -> None:
    np.add.reduce(table, axis=0, out=out)


def _is_ordinary(joint: Floats, q: Floats, joint_mass: Floats, q_mass: Floats, results: Floats) -> bool:
    """Every entry and sum lies where the rounding bounds are proved; NaN and negative numbers do not."""
    mass, evidence = results[0], results[1]
    largest = max(float(evidence.max()), 1.0)
    smallest = float(joint.min())
    if not (smallest >= SMALLEST and float(q.min()) >= SMALLEST and smallest >= _SMALLEST_NORMAL * largest):
        return False
    if joint_mass is not joint and not (joint_mass.min() >= SMALLEST and q_mass.min() >= SMALLEST):
        return False
    return bool(largest <= LARGEST and mass.max() <= LARGEST)


def _terms(joint: Floats, q: Floats, q_mass: Floats, work: Floats, results: Floats) -> None:
    """The chain itself: two sums of q·(difference of logs), the second with the posterior in place of the joint."""
    log_joint, log_q, posterior = work[0], work[1], work[2]
    np.log(joint, out=log_joint)
    np.log(q, out=log_q)
    np.subtract(log_joint, log_q, out=log_joint)
    np.einsum("kb,kb->b", q_mass, log_joint, out=results[3])
    np.log(results[1], out=results[2])
    np.multiply(joint, 1.0 / results[1], out=posterior)  # a product costs a third of a quotient
    np.log(posterior, out=posterior)
    np.subtract(log_q, posterior, out=log_q)
    np.einsum("kb,kb->b", q_mass, log_q, out=results[4])


def _careful_terms(joint: Floats, q: Floats, joint_mass: Floats, q_mass: Floats, work: Floats, results: Floats) -> None:
    """The chain with zeros: a state without q-mass is given harmless entries, one without joint mass decides ±∞."""
    if not (np.all(joint >= 0) and np.all(q >= 0)):
        raise ValueError("joint and q must not have negative or NaN entries")
    absent, impossible = q == 0, (q > 0) & (joint == 0)
    _terms(np.where(absent | impossible, 1.0, joint), np.where(absent, 1.0, q), q_mass, work, results)
    broken = impossible.any(axis=0)
    results[3][broken] = -np.inf
    results[4][broken] = np.inf
    results[4][results[1] == 0] = np.nan


def _covered(joint: Floats, q: Floats, joint_mass: Floats, q_mass: Floats, results: Floats) -> NDArray[np.bool_]:
    """Per world: every entry is 0 or ordinary, and so are the sums and the posterior's entries."""
    mass, evidence = results[0], results[1]
    pairs = ((joint, joint), (q, q), (joint, joint_mass), (q, q_mass))
    tables_ok = [((table == 0) | (value >= SMALLEST)).all(axis=0) for table, value in pairs]
    positive = np.where(joint > 0, joint, np.inf).min(axis=0)
    sums_ok = (evidence > 0) & (evidence <= LARGEST) & (mass > 0) & (mass <= LARGEST)
    return np.asarray(np.logical_and.reduce([*tables_ok, sums_ok, positive >= _SMALLEST_NORMAL * evidence]))
