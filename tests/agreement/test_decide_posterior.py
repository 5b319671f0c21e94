"""The gap near the posterior: the bracket and the h-form against 512-bit Arb, and how close q can be told apart."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb, fmpq
from numpy.typing import NDArray

from verify.decide import finite_chain, posterior_gap, precision

Table = NDArray[np.float64]


def ball(number: float) -> arb:
    return arb(fmpq(*float(number).as_integer_ratio()))


def true_gap(joint: Table, q: Table, weights: Table | None) -> arb:
    """S·log(p/S) − ELBO of one world, its floats taken exactly; at the current precision."""
    base = np.ones_like(joint) if weights is None else weights
    rows = [(ball(w), ball(j), ball(r)) for w, j, r in zip(base, joint, q, strict=True)]
    evidence = sum((w * j for w, j, _ in rows), arb(0))
    mass = sum((w * r for w, _, r in rows), arb(0))
    return sum((w * r * (r * evidence / (j * mass)).log() for w, j, r in rows if r > 0), arb(0))


def near_posterior(rng: np.random.Generator, states: int, digits: int | None, count: int) -> tuple[Table, Table]:
    """Joint tables, and q = posterior·(1 + U(−1, 1)·10^−digits), normalised in floats; None: q rounded from it."""
    joint = np.maximum(rng.dirichlet(np.ones(states), count).T, 1e-4) * rng.uniform(1e-3, 1, (states, count))
    q = joint / joint.sum(axis=0)
    if digits is not None:
        q = q * (1 + 10.0**-digits * rng.uniform(-1, 1, q.shape))
        q = q / q.sum(axis=0)
    return joint, q


def violations(states: int, count: int) -> list[str]:
    """Worlds whose true gap lies outside the bracket, or farther from the value than its error bound."""
    found = []
    rng = np.random.default_rng(states)
    for digits in (0, 1, 2, 3, 5, 7, 9, 11, 13, 14, 15, None):
        for scale, weighted in ((1.0, False), (1e-290, False), (1.0, True)):
            joint, q = near_posterior(rng, states, digits, count)
            weights = 10.0 ** rng.uniform(-3, 3, states) if weighted else None
            tables = (joint * scale, q if weights is None else q / weights[:, None])
            joint_table = tables[0] if weights is None else tables[0] / weights[:, None]
            gap = posterior_gap(joint_table, tables[1], weights)
            for b in range(count):
                with precision(512):
                    true = true_gap(joint_table[:, b], tables[1][:, b], weights)
                    if not (ball(gap.lower[b]) <= true <= ball(gap.upper[b])):
                        found.append(f"bracket: 1e-{digits}, scale {scale}, weighted {weighted}")
                    if not abs(ball(gap.value[b]) - true) <= ball(gap.error[b]):
                        found.append(f"value: 1e-{digits}, scale {scale}, weighted {weighted}")
    return found


@pytest.mark.parametrize(("states", "count"), [(2, 10), (6, 8), (64, 1)])
def test_bracket_and_value_hold(states: int, count: int) -> None:
    assert violations(states, count) == []


def worst_relative_error(digits: int) -> float:
    """Of the gap's value, against Arb, over 40 worlds whose q is 10^−digits from the posterior."""
    joint, q = near_posterior(np.random.default_rng(9), 6, digits, 40)
    gap = posterior_gap(joint, q)
    with precision(256):
        return max(float(abs(ball(gap.value[b]) / true_gap(joint[:, b], q[:, b], None) - 1).upper()) for b in range(40))


@pytest.mark.parametrize(("digits", "error"), [(1, 1e-12), (3, 1e-11), (5, 1e-9), (7, 1e-7), (9, 1e-5)])
def test_the_gap_keeps_its_digits(digits: int, error: float) -> None:
    """log p − ELBO loses all of them: at 10⁻⁷ its relative error is 0.1, at 10⁻⁹ it has none right."""
    assert worst_relative_error(digits) < error


@pytest.mark.parametrize("digits", [3, 6, 9, 11])
@pytest.mark.parametrize("scale", [1.0, 1e-290])
def test_q_is_told_apart_from_the_posterior(digits: int, scale: float) -> None:
    """Perturbations of 10⁻¹¹, gaps of 10⁻²³, are certified in every world; probabilities may be of any size."""
    joint, q = near_posterior(np.random.default_rng(digits), 6, digits, 200)
    gap = posterior_gap(joint * scale, q)
    assert np.all(gap.differs)
    assert np.all(gap.value > gap.error)
    assert np.all(gap.lower > 0)


def test_a_rounded_posterior_is_not_certified_different() -> None:
    joint, q = near_posterior(np.random.default_rng(1), 6, None, 200)
    gap = posterior_gap(joint, q)
    assert not np.any(gap.differs)
    assert np.all(gap.upper < 1e-28)


def test_far_from_the_posterior_it_agrees_with_the_chain() -> None:
    rng = np.random.default_rng(3)
    joint, q = rng.random((4, 100)) + 0.01, rng.random((4, 100)) + 0.01
    chain, near = finite_chain(joint, q), posterior_gap(joint, q)
    assert np.all(np.abs(chain.gap - near.value) <= chain.gap_error + near.error)


def test_zeros() -> None:
    """No mass anywhere: no contribution.  No q-mass: its posterior mass counts.  q-mass alone: +∞."""
    gap = posterior_gap([[0.5, 0.5, 0.5], [0.0, 0.5, 0.0]], [[1.0, 1.0, 0.5], [0.0, 0.0, 0.5]])
    assert gap.value.tolist() == pytest.approx([0.0, np.log(2), np.inf])
    assert gap.lower[2] > 0
    assert gap.upper[2] == np.inf
    assert gap.error[2] == 0


def test_numbers_outside_the_proofs_decide_nothing() -> None:
    gap = posterior_gap([[1e-310], [0.5]], [[0.5], [0.5]])
    assert (gap.lower[0], gap.upper[0], gap.error[0]) == (0.0, np.inf, np.inf)
    assert not gap.differs[0]
