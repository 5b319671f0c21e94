"""The comparison itself, on measurements that are given: noise does not fail a test, slow work does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, repeat

from timing import ROUNDS, measured_ratio


def measurements(*seconds: float) -> Callable[[], float]:
    """These, then the last one for ever."""
    left: Iterator[float] = chain(seconds, repeat(seconds[-1]))
    return lambda: next(left)


def test_noise_on_the_first_is_measured_again() -> None:
    assert measured_ratio(measurements(5, 9, 1), measurements(1), 2) == 1


def test_slow_work_stays_slow() -> None:
    assert measured_ratio(measurements(4), measurements(1), 2) == 4


def test_least_times_of_different_rounds_are_compared() -> None:
    assert measured_ratio(measurements(3, 8), measurements(1, 2), 2) == 3


def test_measuring_stops_where_the_limit_holds_and_never_goes_on_for_ever() -> None:
    counted: list[float] = []

    def slow() -> float:
        counted.append(3)
        return 3

    assert measured_ratio(slow, lambda: 1, 2) == 3
    assert len(counted) == ROUNDS
    counted.clear()
    assert measured_ratio(slow, lambda: 1, 3) == 3
    assert len(counted) == 1
