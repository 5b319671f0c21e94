"""Speed of the decisions, as ratios within one run: never an absolute time.

Run `pytest tests/benchmarks/test_decide_speed.py -s` to see the figures.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from statistics import median

import numpy as np
import pytest
import scipy.stats
from numpy.typing import NDArray
from timing import costs, ratio

from verify import certify
from verify.decide import ChainBuffers, compare, exact_chain, finite_chain

Table = NDArray[np.float64]


def tables(states: int, worlds: int) -> tuple[Table, Table]:
    rng = np.random.default_rng(states)
    joint, q = rng.random((states, worlds)) + 0.01, rng.random((states, worlds)) + 0.01
    return joint, q / q.sum(axis=0)


def by_hand(joint: Table, q: Table) -> Callable[[], None]:
    """The same NumPy calls on preallocated arrays: log evidence, ELBO and KL, and nothing else."""
    log_joint, log_q, term = np.empty((3, *joint.shape))
    evidence, log_evidence, elbo, kl = np.empty((4, joint.shape[1]))

    def run() -> None:
        np.log(joint, out=log_joint)
        np.log(q, out=log_q)
        np.subtract(log_joint, log_q, out=term)
        np.multiply(term, q, out=term)
        np.sum(term, axis=0, out=elbo)
        np.sum(joint, axis=0, out=evidence)
        np.log(evidence, out=log_evidence)
        np.divide(joint, evidence, out=term)
        np.log(term, out=term)
        np.subtract(log_q, term, out=term)
        np.multiply(term, q, out=term)
        np.sum(term, axis=0, out=kl)

    return run


@pytest.mark.parametrize(("states", "worlds"), [(4, 16384), (16, 4096), (64, 1024)])
def test_the_chain_against_numpy_by_hand(states: int, worlds: int) -> None:
    """At least 3/4 of the speed of the bare NumPy calls, checks of the tables and Σq included."""
    joint, q = tables(states, worlds)
    buffers = ChainBuffers.of_shape(states, worlds)
    found = ratio(lambda: finite_chain(joint, q, buffers=buffers), by_hand(joint, q), 4 / 3)
    print(f"\n{states} states: {1 / found:.2f} of the speed by hand")
    assert found <= 4 / 3


def test_the_chain_against_a_loop_over_scipy() -> None:
    """At least 1,000 times a loop over scipy.stats.entropy at 4 states."""
    joint, q = tables(4, 1 << 16)
    few = 100
    evidence = joint.sum(axis=0)

    def loop() -> None:
        for b in range(few):
            kl = scipy.stats.entropy(q[:, b], joint[:, b] / evidence[b])
            assert np.log(evidence[b]) - kl <= np.log(evidence[b])

    buffers = ChainBuffers.of_shape(4, 1 << 16)
    limit = joint.shape[1] / few / 1000
    found = ratio(lambda: finite_chain(joint, q, buffers=buffers), loop, limit)
    print(f"\n{joint.shape[1] / few / found:.0f} times the speed of a loop over scipy.stats.entropy")
    assert found <= limit


def test_the_bounds_cost_little_beside_the_chain() -> None:
    """The sign of every gap, proved, costs no more than the chain of 16 states itself once more."""
    joint, q = tables(16, 4096)
    buffers = ChainBuffers.of_shape(16, 4096)
    found = ratio(lambda: finite_chain(joint, q, buffers=buffers).gap_sign,
                  lambda: finite_chain(joint, q, buffers=buffers), 2)
    print(f"\nwith proved signs: {found:.2f} times the bare chain")
    assert found <= 2


def test_an_exact_decision_does_not_explode_with_the_number_of_states() -> None:
    """From 4 to 32 states the exact identity costs at most 8² times as much, plus a margin of 2."""
    rng = np.random.default_rng(1)

    def decide(states: int) -> Callable[[], object]:
        joint = [Fraction(int(n), 997) for n in rng.integers(1, 997, states)]
        q = [Fraction(int(n), 1) / 1000 for n in rng.integers(1, 997, states)]

        def run() -> object:
            chain = exact_chain(joint, q)
            return compare(chain.mass * chain.log_evidence, chain.elbo + chain.kl)

        return run

    found = ratio(decide(32), decide(4), 128)
    print(f"\nexact identity: 32 states cost {found:.0f} times what 4 states do")
    assert found <= 128


CONTINUOUS: dict[str, Callable[[], object]] = {
    "normal": lambda: certify.normal_normal(Fraction(13, 10), 0, 1, Fraction(1, 2), Fraction(1, 2), Fraction(3, 5)),
    "gamma": lambda: certify.gamma_poisson(3, 2, 1, 4, Fraction(3, 2)),
    "beta": lambda: certify.beta_binomial(4, 10, 2, 3, 5, 8),
    "mixture": lambda: certify.mixture_prior(Fraction(7, 10), Fraction(1, 2), (Fraction(3, 10), Fraction(7, 10)),
                                             (-1, 1), (1, 1), Fraction(1, 2), 1),
    "logistic": lambda: certify.logistic_bernoulli(1, 1, 0, 1, Fraction(2, 5), Fraction(4, 5)),
    "Poisson": lambda: certify.poisson_lognormal(3, 0, 1, 1, Fraction(1, 3)),
}


def test_certified_integrals_against_mpmath() -> None:
    """Three certified integrals at 128 bits cost less than one uncertified mpmath quadrature of the same digits."""
    import mpmath

    def reference() -> object:
        with mpmath.workdps(38):
            return mpmath.quad(lambda z: mpmath.npdf(z) / (1 + mpmath.exp(-z)), range(-14, 15, 2))

    shares = []
    for name, run in CONTINUOUS.items():
        run()
        reference_time, ours = costs(reference, run)
        shares.append(ours / reference_time)
        print(f"\n{name}: {ours * 1e3:.1f} ms, mpmath {reference_time * 1e3:.1f} ms")
        assert ours < reference_time
    print(f"\nmedian {median(shares):.2f} of mpmath's time")
    assert median(shares) < 1 / 3
