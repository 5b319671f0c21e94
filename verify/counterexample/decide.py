"""Both sides of a claim in one rational world, exactly, at the point where they differ most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sympy import Basic

from derive.claims import Claim
from derive.terms.nodes import ArgExtremum, Term
from verify.counterexample.search import RationalWorld
from verify.decide import Answer, Decision, Undefined, Value, compare
from verify.worlds.evaluate import Evaluator
from verify.worlds.exact import Exact, exact_world
from verify.worlds.trial import as_assumed, violation
from verify.worlds.world import Array, World

FALSE_ANSWERS = {
    "=": {Answer.LESS, Answer.GREATER},
    ">=": {Answer.LESS},
    "<=": {Answer.GREATER},
    ">": {Answer.LESS, Answer.EQUAL},
    "<": {Answer.GREATER, Answer.EQUAL},
}


@dataclass(frozen=True)
class Sides:
    """The values of both sides at one point.

    point   variable or parameter -> index of its value, for those the sides depend on
    """

    left: Value
    right: Value
    decision: Decision
    point: dict[Basic, int]


def decide(rational: RationalWorld) -> Sides | None:
    """The two sides where the claim fails, certified to differ as it must not; None where that is not certain."""
    claim = rational.claim
    floats = Evaluator(rational.build(), rational.vocabulary.names)
    world = exact_world(rational.build(exact=True))
    if isinstance(claim.lhs, ArgExtremum):
        return None
    left, right = np.broadcast_arrays(floats(claim.lhs), floats(claim.rhs))
    counts = ~(np.isnan(left) | np.isnan(right)) & as_assumed(claim, floats, left.shape[:-1])
    gap = np.where(counts, violation(left, right, claim.sign), 0.0)
    index = np.unravel_index(int(gap.argmax()), gap.shape)
    return _compared(claim, world, rational, index)


def _compared(claim: Claim, world: World, rational: RationalWorld, index: tuple[np.intp, ...]) -> Sides | None:
    exact = Evaluator(world, rational.vocabulary.names, Exact())
    left, right = (_at(exact(side), index) for side in (claim.lhs, claim.rhs))
    if isinstance(left, Undefined) or isinstance(right, Undefined):
        return None
    decision = compare(left, right)
    if decision.answer not in FALSE_ANSWERS.get(claim.sign, set()):
        return None
    point = {name: int(index[axis]) for name, axis in exact.axes.items() if _depends(axis, exact, claim)}
    return Sides(left, right, decision, point)


def _at(values: Array, index: tuple[np.intp, ...]) -> Value:
    place = tuple(0 if length == 1 else int(i) for i, length in zip(index, values.shape, strict=True))
    value = values[place]
    assert isinstance(value, Value)
    return value


def _depends(axis: int, exact: Evaluator, claim: Claim) -> bool:
    sides: tuple[Term, Term] = (claim.lhs, claim.rhs)
    return any(exact(side).shape[axis] > 1 for side in sides)
