"""Two objectives that order two candidates differently, exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sympy import Basic

from derive.terms.nodes import ArgExtremum, Parameter, Term, negative
from derive.writing import Notation
from verify.counterexample.decide import Sides
from verify.counterexample.describe import describe
from verify.counterexample.search import RationalWorld
from verify.decide import Answer, Value, compare
from verify.verdict import WorldSides
from verify.worlds.evaluate import Evaluator
from verify.worlds.exact import Exact, exact_world


def order_differs(rational: RationalWorld, notation: Notation) -> WorldSides | None:
    """The objectives' differences between two candidates, where one says "better" and the other does not.

    Shown as left = f(second) − f(first), right = the same for g, both counted so that larger is better.
    """
    claim = rational.claim
    if not isinstance(claim.lhs, ArgExtremum) or not isinstance(claim.rhs, ArgExtremum):
        return None
    candidates = [c for c in claim.lhs.candidates if isinstance(c, Parameter)]
    exact = Evaluator(exact_world(rational.build(exact=True)), rational.vocabulary.names, Exact())
    f, g = (_difference(side, exact, candidates) for side in (claim.lhs, claim.rhs))
    f, g = np.broadcast_arrays(f, g)
    for index in np.ndindex(*f.shape):
        left, right = f[index], g[index]
        assert isinstance(left, Value)
        assert isinstance(right, Value)
        signs = compare(left, 0).answer, compare(right, 0).answer
        if Answer.UNDECIDED not in signs and signs[0] != signs[1]:
            return _described(rational, notation, left, right, index, exact)
    return None


def _difference(side: ArgExtremum, exact: Evaluator, candidates: list[Parameter]) -> np.ndarray:
    values = exact(side.objective)
    for candidate in candidates:
        axis = exact.axes[candidate]
        if values.shape[axis] > 1:
            values = np.take(values, [1], axis=axis) - np.take(values, [0], axis=axis)
    return values if side.kind == "argmax" else -values


def _described(
    rational: RationalWorld, notation: Notation, left: Value, right: Value, index: tuple[int, ...], exact: Evaluator
) -> WorldSides:
    claim = rational.claim
    assert isinstance(claim.lhs, ArgExtremum)
    assert isinstance(claim.rhs, ArgExtremum)
    objectives = replace(
        claim, lhs=_larger_is_better(claim.lhs), sign="argmax-equiv", rhs=_larger_is_better(claim.rhs)
    )
    point: dict[Basic, int] = {
        name: index[axis] for name, axis in exact.axes.items() if index[axis] and name not in claim.lhs.candidates
    }
    sides = Sides(left, right, compare(left, right), point)
    shown = describe(replace(rational, claim=objectives), sides, notation)
    names = [str(c.name) for c in claim.lhs.candidates if isinstance(c, Parameter)]
    return replace(shown, python=_two_candidates(shown.python, names))


def _larger_is_better(side: ArgExtremum) -> Term:
    return side.objective if side.kind == "argmax" else negative(side.objective)


def _two_candidates(python: str, names: list[str]) -> str:
    """The snippet with both objectives as functions of the candidate, and their changes from first to second."""
    body, left, right, _ = python.rsplit("\n", 3)
    arguments = ", ".join(names)
    first, second = ", ".join("0" for _ in names), ", ".join("1" for _ in names)
    return "\n".join(
        [
            body,
            f"f = lambda {arguments}: {left.removeprefix('left = ')}",
            f"g = lambda {arguments}: {right.removeprefix('right = ')}",
            f"left, right = f({second}) - f({first}), g({second}) - g({first})",
            "print(left, right)",
        ]
    )
