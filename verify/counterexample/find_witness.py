"""A small world that shows why a condition must be named: without it the claim fails, or has no meaning."""

from __future__ import annotations

import numpy as np

from derive.claims import Claim
from derive.writing import Notation
from verify.counterexample.decide import Sides, decide
from verify.counterexample.describe import describe
from verify.counterexample.search import Accept, RationalWorld, search
from verify.counterexample.shrink import shrink
from verify.decide import Value, compare
from verify.verdict import WorldSides
from verify.worlds.evaluate import Evaluator
from verify.worlds.exact import Exact, exact_world
from verify.worlds.vocabulary import Vocabulary


def find_witness(
    claim: Claim, vocabulary: Vocabulary, seed: int, notation: Notation, accept: Accept
) -> WorldSides | None:
    """A world that ``accept`` accepts, with both sides' exact values (one of them may be undefined)."""
    found = search(claim, vocabulary, seed, accept, zeros=True)
    if found is None:
        return None
    rational = shrink(found, accept)
    sides = decide(rational) or _undefined(rational)
    return None if sides is None else describe(rational, sides, notation)


def _undefined(rational: RationalWorld) -> Sides | None:
    """Both sides at a point where one has no value."""
    claim = rational.claim
    floats = Evaluator(rational.build(), rational.vocabulary.names)
    left, right = np.broadcast_arrays(floats(claim.lhs), floats(claim.rhs))
    places = np.argwhere(np.isnan(left) | np.isnan(right))
    if not len(places):
        return None
    exact = Evaluator(exact_world(rational.build(exact=True)), rational.vocabulary.names, Exact())
    values = []
    for side in (claim.lhs, claim.rhs):
        array = exact(side)
        place = tuple(0 if n == 1 else int(i) for i, n in zip(places[0], array.shape, strict=True))
        value = array[place]
        assert isinstance(value, Value)
        values.append(value)
    depends = {
        name: int(places[0][axis])
        for name, axis in exact.axes.items()
        if max(exact(claim.lhs).shape[axis], exact(claim.rhs).shape[axis]) > 1
    }
    return Sides(values[0], values[1], compare(values[0], values[1]), depends)
