"""Two pieces of work compared by the time they take, within one run and so that a busy machine does not decide.

Noise only ever adds time. So the least of several runs estimates what a piece of work costs, both pieces are run in
turns, and a comparison that fails is repeated: work that really is too slow stays too slow however often it is run.
"""

from __future__ import annotations

import time
from collections.abc import Callable

Work = Callable[[], object]

ROUNDS = 25
SHORTEST = 0.01  # seconds: below it a clock's steps and one interruption count for too much


def processor_seconds(work: Work) -> float:
    """The processor time of one call; short work is called as often as makes its time measurable."""
    calls = 1
    while True:
        start = time.process_time()
        for _ in range(calls):
            work()
        took = time.process_time() - start
        if took >= SHORTEST:
            return took / calls
        calls *= 2 if took < SHORTEST / 8 else 1 + int(SHORTEST / took)


def ratio(first: Work, second: Work, limit: float) -> float:
    """How many times as long the first takes as the second, measured until it is within the limit."""
    return measured_ratio(lambda: processor_seconds(first), lambda: processor_seconds(second), limit)


def measured_ratio(
    first: Callable[[], float], second: Callable[[], float], limit: float, rounds: int = ROUNDS
) -> float:
    """The same for two measurements in seconds; after so many rounds the least of each have the last word."""
    one = other = float("inf")
    for _ in range(rounds):
        one, other = min(one, first()), min(other, second())
        if one <= limit * other:
            break
    return one / other


def costs(first: Work, second: Work, rounds: int = 3) -> tuple[float, float]:
    """The least time of each in seconds, taken in turns."""
    times = [(processor_seconds(first), processor_seconds(second)) for _ in range(rounds)]
    return min(one for one, _ in times), min(other for _, other in times)
