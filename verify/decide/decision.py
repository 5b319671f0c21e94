"""The answer to "how do these two numbers compare?", with its evidence.

There is no tolerance anywhere: a decision is either certain, and says what makes it so, or it is `undecided`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from verify.decide.enclosure import Enclosure


class Answer(Enum):
    """How the left number stands to the right one."""

    EQUAL = "equal"
    LESS = "less"
    GREATER = "greater"
    UNDECIDED = "undecided"


class Method(Enum):
    """What makes the answer certain.

    EXACT       an exact computation with rationals and logarithms of rationals: the only way to EQUAL
    ENCLOSURE   an Arb ball around left − right that does not contain zero
    ROUNDING    a float that is farther from zero than its proved rounding error
    INFINITE    at least one side is ±∞
    NONE        nothing did: the answer is UNDECIDED
    """

    EXACT = "exact"
    ENCLOSURE = "enclosure"
    ROUNDING = "rounding"
    INFINITE = "infinite"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Decision:
    """One certain answer, or UNDECIDED, and the evidence for it.

    answer      how left stands to right
    method      what makes it certain
    difference  an interval that contains left − right (None where that has no meaning)
    bits        the working precision that was needed (None where none was used)
    note        why nothing could be decided, or what the answer rests on; may be empty
    """

    answer: Answer
    method: Method
    difference: Enclosure | None = None
    bits: int | None = None
    note: str = ""

    @property
    def decided(self) -> bool:
        return self.answer is not Answer.UNDECIDED

    @property
    def refutes_equal(self) -> bool:
        """Certain that left = right is false."""
        return self.answer in (Answer.LESS, Answer.GREATER)

    @property
    def refutes_at_most(self) -> bool:
        """Certain that left ≤ right is false."""
        return self.answer is Answer.GREATER

    @property
    def confirms_at_most(self) -> bool:
        """Certain that left ≤ right is true."""
        return self.answer in (Answer.LESS, Answer.EQUAL)

    def flipped(self) -> Decision:
        """The same decision read from right to left."""
        swap = {Answer.LESS: Answer.GREATER, Answer.GREATER: Answer.LESS}
        turned = None if self.difference is None else _negated(self.difference)
        return Decision(swap.get(self.answer, self.answer), self.method, turned, self.bits, self.note)

    def __str__(self) -> str:
        parts = [self.answer.value]
        if self.difference is not None:
            parts.append(f"left − right = {self.difference}")
        if self.note:
            parts.append(self.note)
        return "; ".join(parts)


def from_sign(sign: int, method: Method, difference: Enclosure | None = None, bits: int | None = None,
              note: str = "") -> Decision:
    """The decision that the sign of left − right amounts to."""
    answer = (Answer.EQUAL, Answer.GREATER, Answer.LESS)[sign]
    return Decision(answer, method, difference, bits, note)


def undecided(note: str, difference: Enclosure | None = None, bits: int | None = None) -> Decision:
    """Nothing is certain, and this is why."""
    return Decision(Answer.UNDECIDED, Method.NONE, difference, bits, note)


def _negated(interval: Enclosure) -> Enclosure:
    if interval.lower is None or interval.upper is None:
        return interval
    (low, low_exponent), (high, high_exponent) = interval.lower, interval.upper
    return Enclosure((-high, high_exponent), (-low, low_exponent))
