"""The same counterexample with simpler numbers.

Many simplifications are tried at once, as worlds of one batch; the simplest that still fails is kept, until none does.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from verify.counterexample.search import Accept, RationalWorld, fails
from verify.worlds.sources import Record
from verify.worlds.trial import try_claim

ROUNDS = 60


def shrink(world: RationalWorld, accept: Accept = fails) -> RationalWorld:
    """A world that fails like the given one, with entries as simple as this finds."""
    for _ in range(ROUNDS):
        proposals = list(_simpler(list(world.records)))
        if not proposals:
            return world
        batch = [
            (np.concatenate([p[i][0] for p in proposals], axis=-1), world.records[i][1])
            for i in range(len(world.records))
        ]
        trial = try_claim(world.claim, world.vocabulary, world.build(batch))
        kept = np.flatnonzero(accept(trial))
        if not len(kept):
            return world
        best = min(kept, key=lambda i: _weight(proposals[int(i)]))
        world = world.with_records(proposals[int(best)])
    return world


def _simpler(records: list[Record]) -> Iterator[list[Record]]:
    """Each record made constant, or one entry of it made smaller (a zero stays one)."""
    for place, (whole, denominator) in enumerate(records):
        for candidate in _simpler_arrays(whole, denominator):
            yield [*records[:place], (candidate, denominator), *records[place + 1 :]]


def _simpler_arrays(whole: np.ndarray, denominator: int) -> Iterator[np.ndarray]:
    one = np.full_like(whole, denominator)
    if not (whole == whole.flat[0]).all():
        yield np.full_like(whole, whole.flat[0])
    if _cost(one, denominator) < _cost(whole, denominator):
        yield one
    for index in np.ndindex(*whole.shape):
        for value in _simpler_numbers(int(whole[index]), denominator):
            changed = whole.copy()
            changed[index] = value
            yield changed


def _simpler_numbers(value: int, denominator: int) -> list[int]:
    sign = -1 if value < 0 else 1
    size = abs(value)
    leading = 10 ** (len(str(size)) - 1)
    rounded = {leading, size // leading * leading, denominator * (size // denominator)}
    candidates = {denominator, 2 * denominator, size // 2, size - 1, *rounded}
    return [sign * c for c in candidates if c > 0 and _cost_of(c, denominator) < _cost_of(size, denominator)]


def _cost_of(size: int, denominator: int) -> int:
    """1 is simplest, whole numbers before fractions, small before large."""
    return abs(size - denominator) + (denominator if size % denominator else 0)


def _cost(whole: np.ndarray, denominator: int) -> int:
    return sum(_cost_of(abs(int(v)), denominator) for v in whole.flat) + 3 * len(np.unique(whole))


def _weight(records: list[Record]) -> int:
    return sum(_cost(whole, denominator) for whole, denominator in records)
