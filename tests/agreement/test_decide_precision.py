"""Arb's precision is one for the whole process: it is always given back, and threads take turns."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from time import sleep

import pytest
from flint import arb, ctx

from verify.decide import Answer, compare, exact, precision


def check_restored() -> None:
    """The precision before a block is the precision after it, whatever happens inside."""
    before = ctx.prec
    with precision(200):
        assert ctx.prec == 200
        with precision(77):
            assert ctx.prec == 77
        assert ctx.prec == 200
    assert ctx.prec == before
    with pytest.raises(ZeroDivisionError), precision(300):
        raise ZeroDivisionError
    assert ctx.prec == before
    compare(exact(2).log() * exact(3).log(), Fraction(1, 3))
    assert ctx.prec == before


def test_it_is_restored() -> None:
    check_restored()


def test_threads_take_turns() -> None:
    """Each thread computes with its own precision, though a sleep inside the block invites the others in."""

    def radius_bits(bits: int) -> bool:
        with precision(bits):
            first = arb(2).log()
            sleep(0.002)
            return ctx.prec == bits and bool(arb(2).log().rad() == first.rad())

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(radius_bits, [64, 128, 256, 512] * 6))


def test_decisions_in_threads() -> None:
    def decide(n: int) -> Answer:
        return compare(exact(n).log() * exact(n + 1).log(), exact(n).log() ** 2).answer

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(decide, range(2, 60))) == {Answer.GREATER}


def test_too_few_bits() -> None:
    with pytest.raises(ValueError, match="too small"), precision(1):
        pass
