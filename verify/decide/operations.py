"""The operations of an enclosed expression, and what Arb does for each.

Every evaluation answers with a ball that contains the true result, or with NaN when the arguments' balls do not keep
inside the operation's domain (more precision may then help).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from functools import reduce
from typing import TypeVar

from flint import arb

_Node = TypeVar("_Node")


class Operation(Enum):
    """What a node of an enclosed expression does to its arguments."""

    ADD = "+"
    MULTIPLY = "·"
    DIVIDE = "/"
    POWER = "^"
    LOG = "log"
    EXP = "exp"
    ABSOLUTE = "abs"
    LOG_GAMMA = "log Γ"
    DIGAMMA = "ψ"
    MINIMUM = "min"
    MAXIMUM = "max"


def evaluate(operation: Operation, arguments: Sequence[arb]) -> arb:
    """The operation on balls, at the current precision."""
    return _RULES[operation](arguments)


def evaluate_tree(root: _Node, arguments_of: Callable[[_Node], Sequence[_Node]],
                  ball_of: Callable[[_Node, list[arb]], arb]) -> arb:
    """The ball of an expression, bottom-up, each shared part once.

    The stack is our own: a sum over many states is a tree deeper than Python recurses.
    """
    known: dict[int, arb] = {}
    waiting = [root]
    while waiting:
        arguments = arguments_of(waiting[-1])
        missing = [argument for argument in arguments if id(argument) not in known]
        if missing:
            waiting.extend(missing)
        else:
            node = waiting.pop()
            known[id(node)] = ball_of(node, [known[id(argument)] for argument in arguments])
    return known[id(root)]


def _sum(terms: Sequence[arb]) -> arb:
    return reduce(arb.__add__, terms)


def _power(arguments: Sequence[arb]) -> arb:
    base, exponent = arguments
    whole = exponent.unique_fmpz() if exponent.is_exact() else None
    return base**exponent if whole is None else base**whole


def _on_positive(function: Callable[[arb], arb]) -> Callable[[Sequence[arb]], arb]:
    """The function where its argument is certainly positive; NaN elsewhere."""
    return lambda arguments: function(arguments[0]) if arguments[0] > 0 else arb.nan()


_RULES: dict[Operation, Callable[[Sequence[arb]], arb]] = {
    Operation.ADD: _sum,
    Operation.MULTIPLY: lambda a: a[0] * a[1],
    Operation.DIVIDE: lambda a: a[0] / a[1],
    Operation.POWER: _power,
    Operation.LOG: _on_positive(arb.log),
    Operation.EXP: lambda a: a[0].exp(),
    Operation.ABSOLUTE: lambda a: abs(a[0]),
    Operation.LOG_GAMMA: _on_positive(arb.lgamma),
    Operation.DIGAMMA: _on_positive(arb.digamma),
    Operation.MINIMUM: lambda a: a[0].min(a[1]),
    Operation.MAXIMUM: lambda a: a[0].max(a[1]),
}
