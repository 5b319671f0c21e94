"""From a claim that fails somewhere to a counterexample that can be printed."""

from __future__ import annotations

from derive.claims import Claim
from derive.terms.nodes import ArgExtremum
from derive.writing import Notation
from verify.counterexample.climb import climb
from verify.counterexample.decide import decide
from verify.counterexample.describe import describe
from verify.counterexample.optima import order_differs
from verify.counterexample.search import Accept, fails, search
from verify.counterexample.shrink import shrink
from verify.verdict import WorldSides
from verify.worlds.vocabulary import Vocabulary


def find(
    claim: Claim, vocabulary: Vocabulary, seed: int, notation: Notation, accept: Accept = fails, zeros: bool = False
) -> WorldSides | None:
    """A small world in which the (name-free) claim certainly fails, or None.

    Drawn at random where that suffices, otherwise climbed to.
    """
    found = search(claim, vocabulary, seed, accept, zeros)
    if found is None and accept is fails and not zeros:
        found = climb(claim, vocabulary, seed)
    if found is None:
        return None
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
