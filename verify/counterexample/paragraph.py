"""A counterexample told in sentences: the world in one, then what both sides are in it.

    Let z take two values, with q(z) = (1/3, 2/3) and p(z) = (1/2, 1/2).  Then the left side, KL(q(z) ‖ p(z)), is
    1/3·log 2 − log 3 + 2/3·log 4 ≈ 0.056633 and the right side, KL(p(z) ‖ q(z)), is … ≈ 0.0588915: the two differ by
    0.00226.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Literal

import numpy as np
from sympy import Basic

from derive.claims import Claim
from derive.terms.nodes import Term, Variable
from derive.writing import Notation, text
from verify.verdict import SideValue
from verify.worlds.world import Array, World

MOST_ENTRIES = 8  # of a table that is told rather than only shown
LONGEST = 60  # characters of a side that is repeated
EXACT = 48  # characters of an exact value that is told
_COUNTS = {1: "one value", 2: "two values", 3: "three values", 4: "four values", 5: "five values"}
_SIGNS = {"=": "=", ">=": "≥", "<=": "≤", ">": ">", "<": "<"}


@dataclass(frozen=True)
class Shown:
    """Something of a world as it is printed.

    written  the entries in words;  axes  the names its points are given by, the last `given` of them behind the bar
    table    the entries, one axis for each name (and one for each candidate parameter); None for a formula
    """

    name: str
    written: str
    axes: tuple[str, ...] = ()
    table: Array | None = None
    kind: Literal["law", "function", "numbers", "weights", "formula"] = "formula"
    given: int = 0


def told(claim: Claim, world: World, shown: Sequence[Shown], point: Mapping[Basic, int],
         values: tuple[SideValue, SideValue], notation: Notation) -> str:  # fmt: skip
    """The counterexample as a paragraph, with both sides' values."""
    where, what = _place(shown, point, notation), "side"
    if claim.sign == "argmax-equiv":
        where, what = f"{where}, from the first candidate to the second,".replace("Then, f", "F"), "objective"
    left, right = (_side(f"the {word} {what}", term, value, claim, notation) for word, term, value in
                   zip(("left", "right"), (claim.lhs, claim.rhs), values, strict=True))  # fmt: skip
    let = _let(world, shown, notation)
    start = f"{let} {where} {left}" if let else left[0].upper() + left[1:]
    return f"{start} and {right}{_comparison(claim, values)}."


# ---------------------------------------------------------------- the world


def _let(world: World, shown: Sequence[Shown], notation: Notation) -> str:
    numbers = {one.name: one for one in shown if one.kind == "numbers"}
    names = {text(Variable(space), notation): len(weights) for space, weights in sorted(world.weights.items())}
    weights = [f"the {one.name} {_listed([str(v) for v in one.table.flat])}"
               for one in shown if one.kind == "weights" and one.table is not None]  # fmt: skip
    takes = [*_counted({name: n for name, n in names.items() if name not in numbers}),
             *(_numbers(one, one.name in names) for one in numbers.values())]  # fmt: skip
    laws = [_entries(one) for one in shown if one.kind in ("law", "function", "formula")]
    if not (takes or weights or laws):
        return ""
    clause = "Let " + _listed(takes) if takes else "Take the world"
    return clause + (f", with {_listed([*weights, *laws])}." if weights or laws else ".")


def _counted(sizes: Mapping[str, int]) -> Iterator[str]:
    """x and y take two values each."""
    for size in dict.fromkeys(sizes.values()):
        names = [name for name, n in sizes.items() if n == size]
        each = " each" if len(names) > 1 else ""
        yield f"{_listed(names)} take {_COUNTS.get(size, f'{size} values')}{each}"


def _numbers(one: Shown, varies: bool) -> str:
    assert one.table is not None
    values = [str(value) for value in one.table.flat]
    return f"{one.name} take the values {_listed(values)}" if varies else f"{one.name} be {_listed(values)}"


def _entries(one: Shown) -> str:
    """p(z) = (1/2, 1/2); p(x,z) = 1/4 everywhere; q(z|x) = (1/2, 1/2) for x = 0 and (1/3, 2/3) for x = 1."""
    table = one.table
    if table is None:
        return f"{one.name} = {one.written}"
    if all(n == 1 for n in table.shape[len(one.axes) :]):  # a parameter that has one value only
        table = table.reshape(table.shape[: len(one.axes)])
    if table.shape[1:] == (2,) and len(one.axes) == 1:
        return f"{one.name} = {_tuple(table[:, 0])} for the first candidate and {_tuple(table[:, 1])} for the second"
    most, times = Counter(map(str, table.flat)).most_common(1)[0]
    if table.size > 1 and times == table.size:
        return f"{one.name} = {most} everywhere"
    if table.ndim > min(2, len(one.axes)) or table.size > MOST_ENTRIES:
        return f"{one.name} as in the table" if table.size > 1 else f"{one.name} = {most}"
    if table.ndim == 1:
        return f"{one.name} = {_tuple(table)}"
    if times == table.size - 1:
        index = next(i for i in np.ndindex(*table.shape) if str(table[i]) != most)
        return f"{one.name} = {most} except {table[index]} at {_at(one.axes, index)}"
    # A conditional is told for each value behind the bar, a joint law for each value of the first name.
    rows, name = (table.T, one.axes[1]) if one.given else (table, one.axes[0])
    return f"{one.name} = {_listed([f'{_tuple(row)} for {name} = {i}' for i, row in enumerate(rows)])}"


def _tuple(values: Array) -> str:
    return f"({', '.join(map(str, values.flat))})"


def _at(axes: Sequence[str], index: Sequence[int]) -> str:
    return ", ".join(f"{name} = {i}" for name, i in zip(axes, index, strict=True))


def _listed(parts: Iterable[str]) -> str:
    *before, last = parts
    return f"{', '.join(before)} and {last}" if before else last


# ---------------------------------------------------------------- the sides


def _place(shown: Sequence[Shown], point: Mapping[Basic, int], notation: Notation) -> str:
    """At x = 1; a number by its value."""
    numbers = {one.name: one.table for one in shown if one.kind == "numbers"}
    places = []
    for name, index in point.items():
        named = text(name, notation)
        values = numbers.get(named)
        places.append(f"{named} = {index if values is None else values.flat[index]}")
    return f"At {', '.join(places)}" if places else "Then"


def _side(side: str, term: Term, value: SideValue, claim: Claim, notation: Notation) -> str:
    written = text(term, notation)
    named = f", {written}," if len(written) <= LONGEST and written != value.exact else ""
    return f"{side}{named} {'rises by' if claim.sign == 'argmax-equiv' else 'is'} {_value(value)}"


def _value(value: SideValue) -> str:
    """−log 2 ≈ −0.693147; the decimal alone where the exact form is long, the exact form where it says it all."""
    rounded = _rounded(value.lower)
    if not rounded or rounded == value.exact:
        return value.exact
    if len(value.exact) > EXACT:
        return f"about {rounded}"
    return f"{value.exact} {'=' if _is_exactly(value.exact, rounded) else '≈'} {rounded}"


def _is_exactly(exact: str, rounded: str) -> bool:
    try:
        return Fraction(exact.replace("−", "-")) == Fraction(rounded.replace("−", "-"))
    except ValueError:
        return False


def _rounded(number: str) -> str:
    """Six digits, or nothing for what is no number."""
    exact = _decimal(number)
    return "" if exact is None else f"{float(exact):.6g}".replace("-", "−")


def _decimal(number: str) -> Decimal | None:
    try:
        exact = Decimal(number)
    except InvalidOperation:
        return None
    return exact if exact.is_finite() else None


def _comparison(claim: Claim, values: tuple[SideValue, SideValue]) -> str:
    """By how much the sides differ, and that the sign is the wrong one."""
    left, right = (_decimal(value.lower) for value in values)
    sign = _SIGNS.get(claim.sign, claim.sign)
    if left is None or right is None:
        return f", so that {sign} fails"
    if claim.sign == "argmax-equiv":
        return ": the two order these candidates differently"
    size = f"{float(abs(left - right)):.3g}"
    if claim.sign == "=":
        return f": the two differ by {size}"
    if left == right:
        return f": the two are equal, and {sign} fails"
    return f": the left side is {'larger' if left > right else 'smaller'} by {size}, and {sign} fails"
