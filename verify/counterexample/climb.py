"""A world in which a nearly true claim fails, by climbing: keep the worlds that come nearest, change them, repeat.

A claim such as KL(q ‖ p) ≤ 9 may hold in every world that is drawn at random and be false all the same.  What is
changed are the whole numbers that a world is built from, so every world on the way meets the hypotheses of the text.
Two and three points a space come first, then more, where the tables stay small: Σ p² ≥ 3/10 fails only from four on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from math import ceil, floor

import numpy as np

from derive.claims import Claim, Measure
from derive.terms.nodes import ArgExtremum
from verify.counterexample.search import SIZES, RationalWorld, Sizes, larger_sizes_of, sizes_of
from verify.worlds.draw import build
from verify.worlds.evaluate import Evaluator
from verify.worlds.sources import Random, RandomSource, Record, RoundedSource, SmallSource, one_world
from verify.worlds.trial import Trial, try_claim
from verify.worlds.vocabulary import Vocabulary
from verify.worlds.world import Array

START = {"generic": 128, "concentrated": 128}  # worlds of each kind at the start
START_OF_LARGER = {**START, "uniform": 8}  # what holds among few points fails first where many are alike
PARENTS = 10  # the nearest worlds of a round, in each of two measures
CHILDREN = 12  # changed copies of each
ROUNDS = 30
MORE_ROUNDS = 90  # while there is progress and a way to go
FAR = 1e-3  # a way to go: nearer than that, two sides that may tie only come ever nearer
BARELY = 1e-10  # a relative difference above rounding errors, below what counts as a failure: to be decided exactly
PATIENCE = 5  # rounds without progress before giving up
PROGRESS = 0.02  # of the distance that is left: less than that is none
DIGITS = 1000  # the common denominator of a world's numbers
STEPS = (0.02, 0.3, 2.0)  # how far a number moves, relative to its size
LARGEST = 10**12  # whole numbers, so that no world is more extreme than 10¹² to 1
BEYOND = 4  # rounds after the first failure: the clearer it is, the simpler the numbers that still show it

SMALLEST = 1e-9  # sides below it are rounding errors

Limits = tuple[int, int]


@dataclass
class LimitedSource(RoundedSource):
    """A RoundedSource that also records between which whole numbers each of its records may move."""

    digits: int = DIGITS
    counting: bool = False  # are all base weights 1?
    limits: list[Limits] = field(default_factory=list)

    def table(self, shape: tuple[int, ...], may_vanish: bool, drawn: tuple[int, ...] = ()) -> Array:
        self.limits.append((1, LARGEST))
        return super().table(shape, may_vanish, drawn)

    def weights(self, points: int, measure: Measure) -> Array:
        if self.counting or measure == "discrete":
            self.limits.append((self.digits, self.digits))
            return self._recorded(np.ones((points, self.count)), 1)
        self.limits.append((1, LARGEST))
        return super().weights(points, measure)

    def numbers(self, shape: tuple[int, ...], lower: Fraction | None, upper: Fraction | None) -> Array:
        if lower is not None and upper is not None:
            values = SmallSource(2, self.count, self.inner.random, self.records).numbers(shape, lower, upper)
        else:
            values = super().numbers(shape, lower, upper)
        denominator = self.records[-1][1]
        least = -LARGEST if lower is None else floor(lower * denominator) + 1
        greatest = LARGEST if upper is None else ceil(upper * denominator) - 1
        self.limits.append((least, greatest))
        return values


@dataclass(frozen=True)
class _Climb:
    """One climb: the claim, what it speaks of, how many points each space has, whether base weights stay 1."""

    claim: Claim
    vocabulary: Vocabulary
    sizes: Sizes
    counting: bool
    random: Random
    start: Mapping[str, int] = field(default_factory=lambda: START)

    def run(self) -> RationalWorld | None:
        """A world in which the claim clearly fails, or None where the climb comes to a halt."""
        records, limits = self._start()
        best, patience, beyond = np.full(2, -LARGEST), PATIENCE, BEYOND
        barely: RationalWorld | None = None
        for turn in range(MORE_ROUNDS):
            trial = self._tried(records)
            failed = bool(trial.failed.any())
            if not failed and barely_fails(trial).any():
                barely = self._world(one_world(records, int(trial.margin.argmax())))
            if failed and beyond == 0:
                return self._world(one_world(records, int(trial.margin.argmax())))
            beyond -= failed
            near = _nearness(self.claim, self.vocabulary, trial)
            reached = near.max(axis=-1)
            patience = PATIENCE if failed or (reached > best + PROGRESS * abs(best)).any() else patience - 1
            best = np.maximum(best, reached)
            if patience == 0 or not np.isfinite(reached).any() or (turn >= ROUNDS and best[0] > -FAR and not failed):
                break
            parents = np.unique(np.argsort(-near)[:, :PARENTS])
            records = self._children([(whole[..., parents], d) for whole, d in records], limits)
        return barely

    def _start(self) -> tuple[list[Record], list[Limits]]:
        batches = []
        for kind, count in self.start.items():
            source = LimitedSource(RandomSource(kind, count, self.random), counting=self.counting)
            build(self.vocabulary, self.claim.setting, source, self.sizes)
            batches.append(source.records)
        joined = [
            (np.concatenate([whole for whole, _ in parts], axis=-1), parts[0][1])
            for parts in zip(*batches, strict=True)
        ]
        return joined, source.limits

    def _world(self, records: list[Record]) -> RationalWorld:
        return RationalWorld(self.claim, self.vocabulary, self.sizes, tuple(records))

    def _tried(self, records: list[Record]) -> Trial:
        return try_claim(self.claim, self.vocabulary, self._world(records).build())

    def _children(self, parents: list[Record], limits: list[Limits]) -> list[Record]:
        """The parents themselves and changed copies of them: some numbers scaled, some moved, the rest as they were."""
        count = parents[0][0].shape[-1] * CHILDREN
        step = self.random.choice(STEPS, size=count)
        share = self.random.choice([0.15, 0.5, 1.0], size=count)
        children = []
        for (whole, denominator), (least, greatest) in zip(parents, limits, strict=True):
            many = np.tile(whole, CHILDREN)
            moved = many * np.exp(step * self.random.normal(size=many.shape))
            if least < 0:
                moved = moved + step * denominator * self.random.normal(size=many.shape)
            chosen = self.random.random(many.shape) < share
            changed = np.clip(np.rint(np.where(chosen, moved, many)), least, greatest).astype(np.int64)
            children.append((np.concatenate([whole, changed], axis=-1), denominator))
        return children


def barely_fails(trial: Trial) -> Array:
    """Where the claim seems to fail, by too little to be sure without exact arithmetic: a mask (W,)."""
    return np.asarray(trial.applicable & (trial.margin > BARELY))


def _nearness(claim: Claim, vocabulary: Vocabulary, trial: Trial) -> Array:
    """How near each world comes to a failure, in two measures (2, W): the higher, the nearer; positive is a failure.

    By how much the claim fails relative to 1 + the sides, and to the sides alone.  The first has a false summit where
    both sides vanish, as in KL(q ‖ p) ≤ 20 KL(p ‖ q); the second is flat where the sides differ in sign.
    −∞ for worlds that do not meet the hypotheses or where no point has both sides.
    """
    evaluate = Evaluator(trial.world, vocabulary.names)
    left, right = np.broadcast_arrays(evaluate(claim.lhs), evaluate(claim.rhs))
    with np.errstate(all="ignore"):
        excess = {"=": np.abs(left - right), ">=": right - left, ">": right - left}.get(claim.sign, left - right)
        size = np.abs(left) + np.abs(right)
        measures = np.stack([excess / (1 + size), excess / np.maximum(size, SMALLEST)])
    best = np.where(np.isfinite(measures), measures, -np.inf).max(axis=tuple(range(1, left.ndim)))
    return np.where(trial.applicable, best, -np.inf)


def climb(
    claim: Claim, vocabulary: Vocabulary, seed: int, among: Sequence[Sizes] | None = None
) -> RationalWorld | None:
    """A world (of some sizes) in which the (name-free) claim fails, or None.  Sets of optima are not climbed for.

    Raises CannotEvaluateError where a side has no value in finite worlds.
    """
    if isinstance(claim.lhs, ArgExtremum) or claim.sign == "argmax-equiv":
        return None
    random = np.random.default_rng(seed)
    plans = [*product(among or sizes_of(vocabulary), (True, False))]
    if among is None:
        plans += [(sizes, True) for sizes in larger_sizes_of(vocabulary)]
    for sizes, counting in plans:
        start = START_OF_LARGER if max(sizes.values(), default=0) > max(SIZES) else START
        found = _Climb(claim, vocabulary, sizes, counting, random, start).run()
        if found is not None:
            return found
    return None
