"""From a claim that fails somewhere to a counterexample that can be printed."""

from __future__ import annotations

from collections.abc import Sequence

from derive.claims import Claim
from derive.terms.nodes import ArgExtremum
from derive.writing import Notation
from verify.counterexample.climb import barely_fails, climb
from verify.counterexample.decide import decide
from verify.counterexample.describe import describe
from verify.counterexample.optima import order_differs
from verify.counterexample.search import Accept, RationalWorld, Sizes, fails, search, smaller
from verify.counterexample.shrink import shrink
from verify.verdict import WorldSides
from verify.worlds.trial import try_claim
from verify.worlds.vocabulary import Vocabulary


def find(
    claim: Claim, vocabulary: Vocabulary, seed: int, notation: Notation, accept: Accept = fails, zeros: bool = False
) -> WorldSides | None:
    """A small world in which the (name-free) claim certainly fails, or None.

    Drawn at random where that suffices, otherwise climbed to.
    """
    found = _found(claim, vocabulary, seed, accept, zeros)
    if found is None:
        return None
    found = _with_fewest_points(found, seed, accept, zeros)
    if accept is fails and not accept(try_claim(claim, vocabulary, found.build())).any():
        accept = barely_fails
    for rational in (shrink(found, accept), found):
        if isinstance(claim.lhs, ArgExtremum):
            sides = order_differs(rational, notation)
            if sides is not None:
                return sides
            continue
        decided = decide(rational)
        if decided is not None:
            return describe(rational, decided, notation)
    return None


def _found(
    claim: Claim,
    vocabulary: Vocabulary,
    seed: int,
    accept: Accept,
    zeros: bool,
    among: Sequence[Sizes] | None = None,
) -> RationalWorld | None:
    found = search(claim, vocabulary, seed, accept, zeros, among)
    if found is None and accept is fails and not zeros:
        found = climb(claim, vocabulary, seed, among)
    return found


def _with_fewest_points(world: RationalWorld, seed: int, accept: Accept, zeros: bool) -> RationalWorld:
    """A world that fails, too, in which no single space could do with one point less, as far as was found."""
    tried: list[Sizes] = []
    waiting = [world]
    while waiting:
        world = waiting.pop()
        for sizes in smaller(world.sizes):
            if sizes in tried:
                continue
            tried.append(sizes)
            found = _found(world.claim, world.vocabulary, seed, accept, zeros, [sizes])
            if found is not None:
                waiting.append(found)
                break
    return world
