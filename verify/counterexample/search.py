"""A small rational world in which a claim fails: the simplest kinds of worlds first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from derive.claims import Claim
from verify.worlds.draw import MAX_STATES, build
from verify.worlds.sources import RandomSource, Record, Replay, RoundedSource, SmallSource, one_world
from verify.worlds.trial import Trial, try_claim
from verify.worlds.vocabulary import Vocabulary
from verify.worlds.world import Array, World

BATCH = 256
SIZES = (2, 3)
LARGER = (4, 12)  # for claims that hold wherever there are few points: tried by climbing, at most CELLS to a table
CELLS = 64
Sizes = dict[str, int]  # space -> how many points it has
Accept = Callable[[Trial], Array]  # which worlds of a batch count as found: a mask (W,)


def fails(trial: Trial) -> Array:
    return trial.failed


@dataclass(frozen=True)
class RationalWorld:
    """One world of small whole numbers: what was drawn, in order, and how many points each space has."""

    claim: Claim
    vocabulary: Vocabulary
    sizes: Sizes
    records: tuple[Record, ...]

    def build(self, records: list[Record] | None = None, exact: bool = False) -> World:
        """The world (or worlds like it, with other records) in floats, or in exact fractions."""
        chosen = list(self.records) if records is None else records
        count = int(chosen[0][0].shape[-1]) if chosen else 1
        source = Replay(chosen, exact, count)
        return build(self.vocabulary, self.claim.setting, source, self.sizes, "rational")

    def with_records(self, records: list[Record]) -> RationalWorld:
        return RationalWorld(self.claim, self.vocabulary, self.sizes, tuple(records))


def search(
    claim: Claim,
    vocabulary: Vocabulary,
    seed: int,
    accept: Accept = fails,
    zeros: bool = False,
    among: Sequence[Sizes] | None = None,
) -> RationalWorld | None:
    """The simplest world found in which the trial of the claim is accepted, or None.

    ``zeros`` looks among worlds with zeros in the tables, ``among`` among worlds of these sizes.
    """
    random = np.random.default_rng(seed)
    for source, points in _sources(among or sizes_of(vocabulary), random, zeros):
        world = build(vocabulary, claim.setting, source, points, "rational")
        found = np.flatnonzero(accept(try_claim(claim, vocabulary, world)))
        if len(found):
            index = min(found, key=lambda i: _complexity(source.records, int(i)))
            return RationalWorld(claim, vocabulary, points, tuple(one_world(source.records, int(index))))
    return None


def sizes_of(vocabulary: Vocabulary) -> tuple[Sizes, ...]:
    """How many points each space is given, few first: with many variables no more than fit into a table."""
    most = MAX_STATES ** (1 / max(1, len(vocabulary.names)))
    allowed = [size for size in SIZES if size <= most] or SIZES[:1]
    return tuple(dict.fromkeys(sorted(vocabulary.spaces), size) for size in allowed)


def larger_sizes_of(vocabulary: Vocabulary) -> tuple[Sizes, ...]:
    """Four points, and as many as a small table allows; none where there are many variables."""
    axes = max(1, len(vocabulary.names))
    most = max(n for n in range(1, LARGER[1] + 1) if n**axes <= CELLS)
    allowed = dict.fromkeys(size for size in (LARGER[0], most) if LARGER[0] <= size <= most)
    return tuple(dict.fromkeys(sorted(vocabulary.spaces), size) for size in allowed)


def smaller(sizes: Sizes) -> Iterator[Sizes]:
    """The same with one space brought down: to the fewest points, to half as many, by one."""
    for space, size in sizes.items():
        for fewer in dict.fromkeys((SIZES[0], size // 2, size - 1)):
            if SIZES[0] <= fewer < size:
                yield {**sizes, space: fewer}


def _sources(
    among: Sequence[Sizes], random: np.random.Generator, zeros: bool
) -> Iterator[tuple[SmallSource | RoundedSource, Sizes]]:
    for points in among:
        for level in range(3):
            yield SmallSource(level, BATCH, random, zeros=zeros), points
        for kind in () if zeros else ("generic", "concentrated"):
            yield RoundedSource(RandomSource(kind, 4 * BATCH, random)), points


def _complexity(records: list[Record], index: int) -> tuple[int, int]:
    """Few different numbers, and small ones."""
    entries = np.concatenate([whole[..., index].ravel() for whole, _ in records]) if records else np.zeros(1)
    return len(np.unique(entries)), int(np.abs(entries).sum())
