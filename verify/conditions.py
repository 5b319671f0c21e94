"""Conditions in worlds: where one fails, what a side's undefined points say, and worlds that show why one is needed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from sympy import Basic

from derive.conditions import Condition, finite, positive
from derive.terms.nodes import (
    Binder,
    Density,
    Divergence,
    Entropy,
    Expectation,
    Integral,
    Log,
    Number,
    Plus,
    Quotient,
    Term,
    Times,
    Variable,
)
from verify.worlds.evaluate import CannotEvaluateError, Evaluator
from verify.worlds.world import Array


def broken(condition: Condition, evaluate: Evaluator) -> Array:
    """In which of the W worlds the condition fails at some point: a mask (W,).

    Conditions that no finite world can break (an exchange of integrals, attainment) count as kept.
    """
    count = evaluate.world.count
    if condition.kind not in ("support", "evidence", "finite", "range"):
        return np.zeros(count, dtype=bool)
    subject = evaluate(condition.subject)
    if condition.kind == "finite":
        bad = ~np.isfinite(subject)
    elif condition.kind == "range":
        bad = ~(subject >= 0)
    else:
        bad = ~(subject > 0)
        for factor in condition.where:
            bad = bad & (evaluate(factor) > 0)
    return np.broadcast_to(bad.any(axis=tuple(range(bad.ndim - 1))), (count,))


def undefined_parts(side: Term, evaluate: Evaluator) -> list[Condition]:
    """The conditions whose failure makes a side undefined: the innermost parts that are undefined by themselves."""
    found: list[Condition] = []
    try:
        undefined = np.isnan(evaluate(side))
        if undefined.any():
            _descend(side, undefined, (), evaluate, found)
    except CannotEvaluateError:
        return []
    return list({condition.key: condition for condition in found}.values())


def _descend(node: Term, seen: Array, bound: tuple[Basic, ...], evaluate: Evaluator, found: list[Condition]) -> None:
    """Follows undefined values inwards; a part with undefined values and none inside is where they come from.

    ``seen`` marks the points where the part is undefined and the whole shows it: 0 · undefined is 0.
    """
    over = (*bound, *node.bound_names) if isinstance(node, Binder) else bound
    own = seen
    for child in _visible(node):
        inside = np.isnan(evaluate(child)) & seen
        own = own & ~_on_axes_of(inside, seen.shape)
        if inside.any():
            _descend(child, inside, over, evaluate, found)
    if own.any():
        found.extend(_own_condition(node, bound))


def _visible(node: Term) -> list[Term]:
    """What a part's value is made of."""
    match node:
        case Expectation():
            return [Times(node.law, node.body)]
        case Integral():
            return [node.body]
        case Divergence():
            return [Expectation(Log(Quotient(node.left, node.right)), node.left)]
        case Entropy():
            return [Times(Number(-1), Expectation(Log(node.law), node.law))]
        case Density():
            return []
        case _:
            return [arg for arg in node.args if isinstance(arg, Term)]


def _on_axes_of(undefined: Array, shape: tuple[int, ...]) -> Array:
    """A mask on fewer axes: anywhere along those that are summed over."""
    summed = tuple(axis for axis, n in enumerate(shape[:-1]) if n == 1 and undefined.shape[axis] > 1)
    return np.asarray(undefined.any(axis=summed, keepdims=True))


def _own_condition(node: Term, bound: tuple[Basic, ...]) -> Iterable[Condition]:
    over = [name for name in bound if isinstance(name, Variable)]
    match node:
        case Density() if node.given:
            given = positive(Density(node.law, node.given), (), over)
            return [given.settled("stated", "a conditional is written only where what is given has positive density")]
        case Quotient():
            return [positive(node.denominator, (), over)]
        case Plus() | Integral() | Expectation() | Times():
            return [finite(node, over)]
        case _:
            return []
