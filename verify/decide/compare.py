"""Comparing two values: exact where that is possible, by enclosures at growing precision where it is not.

On LogAffine values this is a decision procedure for =, <, >: either the exact test says zero, or the number is not
zero and some finite precision shows its sign (the precision is bounded here; a difference of 10⁻ⁿ needs 3.3·n bits).
"""

from __future__ import annotations

from verify.decide.decision import Answer, Decision, Method, from_sign, undecided
from verify.decide.enclosure import POINT_ZERO, Enclosure
from verify.decide.signs import MOST_BITS, is_finite, sign_and_bits
from verify.decide.values import Exponential, Infinite, Number, Undefined, Value, exact


def compare(left: Number, right: Number, most_bits: int = MOST_BITS) -> Decision:
    """How left stands to right, with the evidence: equal, less, greater or undecided.

    EQUAL is only ever answered by the exact test; an enclosure can tell two numbers apart but never call them equal.
    An undefined side makes the comparison undecided.  `most_bits` bounds the working precision.
    """
    a, b = exact(left), exact(right)
    for side in (a, b):
        if isinstance(side, Undefined):
            return undecided(f"a side is {side}")
    if isinstance(a, Infinite) or isinstance(b, Infinite):
        return _with_infinity(a, b)
    logs = _logs_of_exponentials(a, b)
    if logs is None:
        return sign(a - b, most_bits)
    by_logs = sign(logs[0] - logs[1], most_bits)
    difference = POINT_ZERO if by_logs.answer is Answer.EQUAL else (a - b).enclosure(by_logs.bits or 128)
    return Decision(by_logs.answer, by_logs.method, difference, by_logs.bits, "compared through their logarithms")


def sign(value: Number, most_bits: int = MOST_BITS) -> Decision:
    """How a value stands to zero: GREATER for a positive one."""
    number = exact(value)
    if isinstance(number, Undefined | Infinite):
        return compare(number, 0)
    answer, bits = sign_and_bits(number, most_bits)
    if answer is None:
        why = "proved different from zero, but" if _is_nonzero(number) else "the enclosure still contains zero:"
        return undecided(f"{why} {most_bits} bits do not show a sign", number.enclosure(most_bits), most_bits)
    method = Method.EXACT if bits is None else Method.ENCLOSURE
    return from_sign(answer, method, _enclosed_unless_zero(number, answer, bits), bits)


def _enclosed_unless_zero(number: Value, answer: int, bits: int | None) -> Enclosure:
    return number.enclosure(bits or 128) if answer else POINT_ZERO


def _with_infinity(a: Value, b: Value) -> Decision:
    for side in (a, b):
        if not isinstance(side, Infinite) and not is_finite(side):
            return undecided("one side is infinite and the other is not known to be finite")
    rank_a, rank_b = (side.sign if isinstance(side, Infinite) else 0 for side in (a, b))
    return from_sign((rank_a > rank_b) - (rank_a < rank_b), Method.INFINITE)


def _logs_of_exponentials(a: Value, b: Value) -> tuple[Value, Value] | None:
    """The exact logarithms of both sides if both have one and a side is not rational."""
    log_a, log_b = a.exact_log(), b.exact_log()
    if log_a is None or log_b is None or not (isinstance(a, Exponential) or isinstance(b, Exponential)):
        return None
    return log_a, log_b


def _is_nonzero(value: Value) -> bool:
    return value.exactly_zero() is False
