"""Planted bugs: each is applied to `verify.decide` or `verify.certify`, and a check of the suite must fail.

The checks are those of tests/agreement, run here under the mutation; each is also run without it, so that a check that
always fails proves nothing.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
from flint import acb, arb, ctx
from numpy.typing import NDArray

from verify import certify
from verify.certify import latent, program, shape
from verify.decide import Answer, chain, compare, exact, logspace, logsum, posterior, signs

AGREEMENT = Path(__file__).parents[1] / "agreement"
Table = NDArray[np.float64]


def suite(name: str) -> ModuleType:
    """A test module of tests/agreement, loaded from its file."""
    spec = spec_from_file_location(f"checked_{name}", AGREEMENT / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


CHAIN, POSTERIOR = suite("test_decide_chain"), suite("test_decide_posterior")
PRECISION, COMPARE = suite("test_decide_precision"), suite("test_decide_compare")
PROGRAM, INTEGRALS = suite("test_certify_program"), suite("test_certify_integrals")


# ---------------------------------------------------------------- the checks


def chain_bounds() -> None:
    assert CHAIN.violations(3, 6) == []


def log_space() -> None:
    CHAIN.TestLogSpace().test_far_below_the_smallest_float()


def unnormalised() -> None:
    CHAIN.TestMeaning().test_unnormalised_q_is_not_renormalised()


def base_weights() -> None:
    CHAIN.TestMeaning().test_base_weights_stand_for_masses()


def gap_digits() -> None:
    assert POSTERIOR.worst_relative_error(5) < 1e-9


def posterior_bracket() -> None:
    assert POSTERIOR.violations(3, 4) == []


def almost_equal() -> None:
    COMPARE.TestExactZero().test_almost_equal_is_not_equal()


def tiers() -> None:
    CHAIN.TestThroughAllTiers().test_rounded_posteriors_are_told_apart_from_posteriors()


def narrow_likelihood() -> None:
    """A normal model with noise 10⁻⁶: the certified evidence must hold its closed form."""
    result = certify.normal_normal(Fraction(13, 10), 0, 1, Fraction(1, 10**6), Fraction(13, 10), Fraction(1, 10**6), 64)
    assert result.log_evidence.contains(closed_log_evidence(1.3, 1 + 1e-6)) or result.log_evidence.radius < 1e-15
    assert result.bound.answer is Answer.LESS


def closed_log_evidence(x: float, variance: float) -> float:
    return float(-0.5 * np.log(2 * np.pi * variance) - x * x / (2 * variance))


# ---------------------------------------------------------------- the mutations


def renormalising_entropy(joint: Table, q: Table, q_mass: Table, work: Table, results: Table) -> None:
    """ELBO and KL by scipy.stats.entropy, which divides both arguments by their sums."""
    results[2] = np.log(results[1])
    results[4] = scipy.stats.entropy(q_mass, joint, axis=0)
    results[3] = results[2] - results[4]


def dropped_weights(joint: Table, q: Table, weights: Table | None, work: Table) -> tuple[Table, Table]:
    return joint, q


def kl_as_a_remainder(joint: Table, q: Table, q_mass: Table, work: Table, results: Table) -> None:
    """KL = log p − ELBO: the identity then holds by construction, for any ELBO."""
    results[2] = np.log(results[1])
    results[3] = np.sum(q_mass * (np.log(joint) - np.log(q)), axis=0) * (1 + 1e-6)
    results[4] = results[2] - results[3]


def gap_by_cancelling_logs(masses: posterior._Masses) -> tuple[Table, Table]:
    value = np.sum(masses.variational * (np.log(masses.variational) - np.log(masses.posterior)), axis=0)
    return np.asarray(value), np.full(value.shape, 1e-30)


def log_sum_exp_without_the_maximum(table: object) -> tuple[Table, Table]:
    entries = np.asarray(table, dtype=np.float64)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(entries).sum(axis=0)), np.full(entries.shape[1], 1e-12)


def evidence_by_quad(integral: latent.BoundIntegral, bits: int, shift: float = 0.0) -> arb:
    """scipy.integrate.quad over the line, believed: it misses a narrow peak and claims an error of nothing."""
    value, error = scipy.integrate.quad(lambda t: float(integral.body.at(arb(t))), -np.inf, np.inf)
    return arb(value, max(error, 1e-300))


def halved_tail(growth: shape.Growth, decay: arb) -> arb:
    return TRUE_INTEGRAL(growth, decay) / 2


TRUE_INTEGRAL = shape.Growth.integral


def without_flag(integrand: program.Integrand, point: acb, analytic: bool) -> acb:
    return TRUE_CALL(integrand, point, False)


TRUE_CALL = program.Integrand.__call__


@contextmanager
def precision_not_restored(bits: int) -> Iterator[None]:
    ctx.prec = bits
    yield


def zero_by_tolerance(value: logsum.LogSum) -> bool:
    return abs(float(value.ball().mid())) < 1e-9


def zero_by_enclosure(value: signs.Enclosable, bits: int) -> int | None:
    """A ball around zero taken for zero."""
    with signs.precision(bits):
        ball = value.ball()
        return 1 if ball > 0 else -1 if ball < 0 else 0


def one_rounding_forgotten(states: int, weighted: bool, size: Table) -> Table:
    """An error bound without the rounding of the logarithms: half a unit for the whole sum."""
    return np.asarray(0.05 * 2.0**-53 * size)


@dataclass(frozen=True)
class Mutant:
    """A bug, the place it is planted in, and the check of the suite that must see it."""

    name: str
    place: object
    attribute: str
    replacement: Callable[..., object]
    check: Callable[[], None]


MUTANTS = [
    Mutant("scipy's renormalising entropy", chain, "_terms", renormalising_entropy, unnormalised),
    Mutant("dropped base weight", chain, "_masses", dropped_weights, base_weights),
    Mutant("KL as the remainder", chain, "_terms", kl_as_a_remainder, chain_bounds),
    Mutant("rounding bound too small", chain.rounding, "elbo_error", one_rounding_forgotten, chain_bounds),
    Mutant("gap by cancelling logs", posterior, "_value", gap_by_cancelling_logs, gap_digits),
    Mutant("gap by cancelling logs, its error bound", posterior, "_value", gap_by_cancelling_logs, posterior_bracket),
    Mutant("log-sum-exp without the maximum", logspace, "log_sum_exp", log_sum_exp_without_the_maximum, log_space),
    Mutant("quad as an oracle", latent, "enclose", evidence_by_quad, narrow_likelihood),
    Mutant("tail bound off by a factor", shape.Growth, "integral", halved_tail, INTEGRALS.check_tails),
    Mutant("analytic flag dropped", program.Integrand, "__call__", without_flag, PROGRAM.check_branch_cuts),
    Mutant("precision not restored", PRECISION, "precision", precision_not_restored, PRECISION.check_restored),
    Mutant("zero test with a tolerance", logsum.LogSum, "exactly_zero", zero_by_tolerance, almost_equal),
    Mutant("a ball around zero taken for zero", signs, "_sign_at", zero_by_enclosure, almost_equal),
]


@pytest.fixture(autouse=True)
def precision_put_back() -> Iterator[None]:
    """One of the bugs leaves Arb's precision changed; the next test must not feel it."""
    before = ctx.prec
    yield
    ctx.prec = before


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_planted_bug_is_caught(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant.check()
    monkeypatch.setattr(mutant.place, mutant.attribute, mutant.replacement)
    if mutant.attribute == "log_sum_exp":
        monkeypatch.setattr(CHAIN, "log_sum_exp", mutant.replacement)
    with pytest.raises((AssertionError, certify.Contradiction)):
        mutant.check()


def test_a_tolerance_would_decide_wrongly() -> None:
    """Numbers that a tolerance of 1e-9 calls zero are decided different, and on which side, 50 times out of 50."""
    rng = random.Random(0)
    for _ in range(50):
        tiny = Fraction(1, 10 ** rng.randint(10, 80))
        number = exact(1 + tiny).log()
        assert abs(number.enclosure(64).midpoint) < 1e-9
        assert compare(number, 0).answer is Answer.GREATER
