"""Finite chains in floats: every proved rounding bound against 256-bit Arb, zeros, extremes and data sets."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from flint import arb, fmpq
from numpy.typing import NDArray

from verify.decide import (
    Answer,
    ChainBuffers,
    Method,
    certain_total,
    decide_bounds,
    exact_chain,
    finite_chain,
    log_sum_exp,
    posterior_gap,
    precision,
)
from verify.decide.rounding import LOG_ERROR, measured_log_error

Table = NDArray[np.float64]


@dataclass(frozen=True)
class Worlds:
    """Tables of shape (states, worlds), and base weights of shape (states,) or None."""

    joint: Table
    q: Table
    weights: Table | None = None


@dataclass(frozen=True)
class Truth:
    """The chain of one world in Arb; gap is S·log(p/S) − ELBO."""

    log_evidence: arb
    elbo: arb
    kl: arb
    gap: arb


def ball(number: float) -> arb:
    return arb(fmpq(*float(number).as_integer_ratio()))


def truth(worlds: Worlds, b: int) -> Truth:
    """World b with its floats taken exactly, for strictly positive tables."""
    states = range(len(worlds.joint))
    joint, q = ([ball(table[k, b]) for k in states] for table in (worlds.joint, worlds.q))
    weights = [arb(1) if worlds.weights is None else ball(worlds.weights[k]) for k in states]
    evidence = sum((w * j for w, j in zip(weights, joint, strict=True)), arb(0))
    mass = sum((w * r for w, r in zip(weights, q, strict=True)), arb(0))
    rows = list(zip(weights, joint, q, strict=True))
    elbo = sum((w * r * (j / r).log() for w, j, r in rows), arb(0))
    kl = sum((w * r * (r * evidence / j).log() for w, j, r in rows), arb(0))
    return Truth(evidence.log(), elbo, kl, mass * (evidence / mass).log() - elbo)


def posterior(joint: Table) -> Table:
    return joint / joint.sum(axis=0)


def simplices(rng: np.random.Generator, states: int, worlds: int) -> Table:
    return np.ascontiguousarray(rng.dirichlet(np.ones(states), worlds).T)


def regimes(states: int, count: int) -> dict[str, Worlds]:
    """Benign worlds, tiny and huge numbers, q at and near the posterior, unnormalised q, base weights."""
    rng = np.random.default_rng(states)
    joint = np.maximum(simplices(rng, states, count), 1e-4) * rng.uniform(1e-3, 1.0, (states, count))
    q = np.maximum(simplices(rng, states, count), 1e-6)
    shape = joint.shape
    weights = 10.0 ** rng.uniform(-6, 6, states)
    peaked = np.where(np.arange(states) == 0, 1e-200, 1.0)
    near = {
        f"posterior·(1 ± 1e-{d})": Worlds(joint, posterior(joint) * (1 + 10.0**-d * rng.uniform(-1, 1, shape)))
        for d in (5, 7, 9, 12)
    }
    return {
        "benign": Worlds(joint, q),
        "p near 1e-295": Worlds(joint * 1e-295, q),
        "q near 1e-295": Worlds(joint, q * 1e-295),
        "a point mass nearly": Worlds(joint, np.where(np.arange(states)[:, None] == 0, 1.0, np.full(shape, 1e-300))),
        "spread over 300 decades": Worlds(10.0 ** rng.uniform(-300, 0, shape), 10.0 ** rng.uniform(-300, 0, shape)),
        "huge numbers": Worlds(joint * 1e250, q * 1e3),
        "close to one": Worlds(1 + 1e-13 * rng.uniform(-1, 1, shape), 1 + 1e-13 * rng.uniform(-1, 1, shape)),
        "q = posterior": Worlds(joint, posterior(joint)),
        "base weights": Worlds(joint, q, weights),
        "a density of 1e200": Worlds(joint / peaked[:, None], q / peaked[:, None], peaked),
        "base weights, q near the posterior": Worlds(
            joint, joint / (joint * weights[:, None]).sum(axis=0) * (1 + 1e-8 * rng.uniform(-1, 1, shape)), weights
        ),
        **near,
    }


def violations(states: int, count: int) -> list[str]:
    """Every quantity farther from the truth than its proved bound, in all regimes."""
    found = []
    for name, worlds in regimes(states, count).items():
        chain = finite_chain(worlds.joint, worlds.q, worlds.weights)
        assert chain.covered.all(), f"{name} should be covered"
        pairs = ("log_evidence", "elbo", "kl", "gap")
        for b in range(count):
            with precision(256):
                true = truth(worlds, b)
                for quantity in pairs:
                    value, error = getattr(chain, quantity)[b], getattr(chain, f"{quantity}_error")[b]
                    if not abs(ball(value) - getattr(true, quantity)) <= ball(error):
                        found.append(f"{name}: {quantity}")
        if np.any(np.abs(chain.residual) > chain.residual_error):
            found.append(f"{name}: identity")
        if np.any(chain.gap_sign < 0):
            found.append(f"{name}: a certified violation of the bound")
    return found


@pytest.mark.parametrize(("states", "count"), [(1, 5), (2, 25), (3, 25), (16, 8), (256, 2)])
def test_no_proved_bound_is_violated(states: int, count: int) -> None:
    assert violations(states, count) == []


def test_the_bounds_are_not_idle() -> None:
    """A bound of 1 nat would never be violated either: for benign worlds it stays within 1e-13 of the numbers."""
    worlds = regimes(6, 50)["benign"]
    chain = finite_chain(worlds.joint, worlds.q)
    for quantity, error in ((chain.elbo, chain.elbo_error), (chain.kl, chain.kl_error), (chain.gap, chain.gap_error)):
        assert np.all(error < 1e-13 * (1 + np.abs(quantity)))
        assert np.all(error > 0)


def test_the_gap_is_certified_where_it_is_not_near_zero() -> None:
    worlds = regimes(6, 50)["benign"]
    assert np.all(finite_chain(worlds.joint, worlds.q).gap_sign == 1)


def test_numpy_log_keeps_to_what_the_proofs_assume() -> None:
    assert measured_log_error(4000) <= LOG_ERROR


class TestMeaning:
    def test_unnormalised_q_is_not_renormalised(self) -> None:
        """Σq = 3/4: the ELBO is −½·log(5/2) − ¼·log(5/4) as it stands, not that of (2/3, 1/3)."""
        chain = finite_chain([[0.2], [0.2]], [[0.5], [0.25]])
        assert chain.mass[0] == 0.75
        assert chain.elbo[0] == pytest.approx(-(0.5 * math.log(2.5) + 0.25 * math.log(1.25)), rel=1e-14)
        assert chain.kl[0] == pytest.approx(0.5 * math.log(1.0) + 0.25 * math.log(0.5), rel=1e-14)

    def test_base_weights_stand_for_masses(self) -> None:
        worlds = regimes(5, 30)["base weights"]
        assert worlds.weights is not None
        weighted = finite_chain(worlds.joint, worlds.q, worlds.weights)
        column = worlds.weights[:, None]
        masses = finite_chain(worlds.joint * column, worlds.q * column)
        for quantity in ("log_evidence", "elbo", "kl"):
            slack = getattr(weighted, f"{quantity}_error") + getattr(masses, f"{quantity}_error")
            slack = slack + 1e-15 * 5 * np.abs(masses.elbo)
            assert np.all(np.abs(getattr(weighted, quantity) - getattr(masses, quantity)) <= slack)

    def test_q_without_mass_contributes_nothing(self) -> None:
        with_zeros = finite_chain([[0.3], [0.0], [0.2]], [[0.5], [0.0], [0.5]])
        without = finite_chain([[0.3], [0.2]], [[0.5], [0.5]])
        for quantity in ("log_evidence", "elbo", "kl"):
            assert getattr(with_zeros, quantity)[0] == pytest.approx(getattr(without, quantity)[0], rel=1e-15)
        assert with_zeros.covered[0]

    def test_a_state_that_only_the_evidence_sees(self) -> None:
        chain = finite_chain([[0.3], [0.1]], [[1.0], [0.0]])
        assert chain.log_evidence[0] == pytest.approx(math.log(0.4))
        assert chain.elbo[0] == pytest.approx(math.log(0.3))

    def test_mass_where_the_joint_has_none(self) -> None:
        chain = finite_chain([[0.3], [0.0]], [[0.5], [0.5]])
        assert (chain.elbo[0], chain.kl[0]) == (-math.inf, math.inf)
        assert chain.gap_sign[0] == 1
        assert np.isnan(chain.residual[0])

    def test_evidence_zero(self) -> None:
        chain = finite_chain([[0.0], [0.0]], [[0.5], [0.5]])
        assert chain.log_evidence[0] == -math.inf
        assert np.isnan(chain.kl[0])
        assert chain.gap_sign[0] == 0

    @pytest.mark.parametrize("tiny", [5e-324, 1e-310])
    def test_subnormal_numbers_are_left_to_exact_arithmetic(self, tiny: float) -> None:
        joint, q = np.array([[tiny, 0.2], [0.3, 0.3]]), np.array([[0.5, 0.5], [0.5, 0.5]])
        chain = finite_chain(joint, q)
        assert chain.covered.tolist() == [False, True]
        assert chain.gap_error[0] == math.inf
        decisions = decide_bounds(joint, q)
        assert [d.answer for d in decisions] == [Answer.LESS, Answer.LESS]
        assert [d.method for d in decisions] == [Method.ENCLOSURE, Method.ROUNDING]

    def test_a_posterior_below_the_normal_floats_is_left_to_exact_arithmetic(self) -> None:
        chain = finite_chain([[1e-300, 1e-300], [1e20, 1.0]], [[0.5, 0.5], [0.5, 0.5]])
        assert chain.covered.tolist() == [False, True]
        assert not finite_chain([[1e-300], [1e20]], [[0.5], [0.5]]).covered[0]

    def test_many_pieces_and_reused_buffers_change_nothing(self) -> None:
        rng = np.random.default_rng(0)
        joint, q = rng.random((3, 100_000)) + 0.01, rng.random((3, 100_000)) + 0.01
        whole = finite_chain(joint, q)
        part = finite_chain(joint[:, -7:], q[:, -7:])
        assert np.array_equal(whole.elbo[-7:], part.elbo)
        buffers = ChainBuffers.of_shape(3, 100_000)
        finite_chain(q, joint, buffers=buffers)
        again = finite_chain(joint, q, buffers=buffers)
        assert np.array_equal(again.kl, whole.kl)
        assert again.elbo.base is buffers.results

    @pytest.mark.parametrize(
        ("joint", "q", "weights"),
        [
            ([[0.5, 0.5]], [[1.0]], None),
            ([0.5, 0.5], [0.5, 0.5], None),
            ([[-0.5], [0.5]], [[0.5], [0.5]], None),
            ([[0.5], [math.nan]], [[0.5], [0.5]], None),
            ([[0.5], [0.5]], [[0.5], [0.5]], [1.0, 0.0]),
            ([[0.5], [0.5]], [[0.5], [0.5]], [1.0]),
        ],
    )
    def test_wrong_tables_are_refused(self, joint: list[list[float]], q: list[list[float]],
                                      weights: list[float] | None) -> None:
        with pytest.raises(ValueError, match=r"joint|weights"):
            finite_chain(joint, q, weights)


class TestDataSets:
    def test_a_tenth_of_a_nat_in_a_hundred_thousand_points(self) -> None:
        """One point of 10⁵ has a gap of 0.1 nat: a relative tolerance of 1e-6 passes it, the proved bound does not."""
        rng = np.random.default_rng(11)
        joint = 0.1 * (rng.random((3, 100_000)) + 0.01)
        q = posterior(joint)
        q[:, 0] = 0.82 * q[:, 0] + 0.18 * np.array([1.0, 0.0, 0.0])
        gap = float(finite_chain(joint[:, :1], q[:, :1]).gap[0])
        assert 0.05 < gap < 0.15
        chain = finite_chain(joint, q)
        total, error = certain_total(chain.gap, chain.gap_error)
        evidence, _ = certain_total(chain.log_evidence, chain.log_evidence_error)
        assert abs(total - gap) < error < 1e-6
        assert total > error
        assert evidence == pytest.approx(evidence - gap, rel=1e-6)


class TestLogSpace:
    def test_against_arb(self) -> None:
        rng = np.random.default_rng(2)
        for scale, offset in ((1, 0), (1, -5000), (300, 0), (300, 1e6), (1e-9, 3)):
            table = offset + scale * rng.normal(size=(7, 20))
            value, error = log_sum_exp(table)
            with precision(256):
                for b in range(20):
                    true = sum((ball(x).exp() for x in table[:, b]), arb(0)).log()
                    assert abs(ball(value[b]) - true) <= ball(error[b])

    def test_far_below_the_smallest_float(self) -> None:
        value, error = log_sum_exp([[-1000.0], [-1001.0]])
        assert value[0] == pytest.approx(-1000 + math.log1p(math.exp(-1)), rel=1e-15)
        assert error[0] < 1e-11

    def test_impossible_states(self) -> None:
        value, error = log_sum_exp([[-math.inf, -math.inf], [-2.0, -math.inf]])
        assert value.tolist() == [-2.0, -math.inf]
        assert error[1] == 0.0
        with pytest.raises(ValueError, match="log_joint"):
            log_sum_exp([[math.nan]])


class TestThroughAllTiers:
    def test_each_world_by_the_cheapest_that_can(self) -> None:
        rng = np.random.default_rng(4)
        joint = np.round(rng.random((4, 6)) * 64 + 1) / 64
        dyadic = np.tile(np.array([[0.5], [0.25], [0.125], [0.125]]), (1, 6))
        joint[:, 2] = dyadic[:, 2] * 0.25  # q is exactly the posterior here
        q = dyadic.copy()
        q[:, 4] = posterior(joint)[:, 4] * (1 + np.array([1e-9, -1e-9, 0, 0]))
        decisions = decide_bounds(joint, q)
        assert [d.answer for d in decisions] == [Answer.LESS, Answer.LESS, Answer.EQUAL, *[Answer.LESS] * 3]
        assert decisions[2].method is Method.EXACT
        assert decisions[4].method is Method.ROUNDING
        assert finite_chain(joint, q).gap_sign[4] == 0

    def test_rounded_posteriors_are_told_apart_from_posteriors(self) -> None:
        """fl(posterior) is not the posterior: the exact tier says less, where log p − ELBO in floats is noise."""
        rng = np.random.default_rng(5)
        joint = rng.random((3, 40))
        q = posterior(joint)
        assert np.all(finite_chain(joint, q).gap_sign == 0)
        decisions = decide_bounds(joint, q)
        assert all(d.answer is Answer.LESS for d in decisions)
        exactly = exact_chain(joint[:, 0].tolist(), q[:, 0].tolist())
        assert exactly.bound().answer is Answer.LESS

    def test_the_naive_test_fails_both_ways(self) -> None:
        """|log p − ELBO| < 1e-9 calls q ≠ posterior equal; log p − ELBO ≥ 0 in floats alarms for no reason."""
        rng = np.random.default_rng(6)
        joint = np.maximum(rng.random((6, 400)), 1e-3)
        near = posterior(joint) * (1 + 1e-6 * rng.uniform(-1, 1, joint.shape))
        chain = finite_chain(joint, near / near.sum(axis=0))
        assert np.all(np.abs(chain.log_evidence - chain.elbo) < 1e-9)
        assert np.all(posterior_gap(joint, near / near.sum(axis=0)).differs)
        rounded = finite_chain(joint, posterior(joint))
        assert np.any(rounded.log_evidence - rounded.elbo < 0)
        assert not np.any(rounded.gap_sign < 0)
