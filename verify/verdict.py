"""What may be said about a claim: proved, refuted, undecided, assumed, unread.  There is no other answer.

Each answer carries its evidence: a theorem and the conditions it needs; a counterexample; what was tried; what is
assumed; where and why the text could not be read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from derive.conditions import Condition
from derive.kernel import Theorem
from derive.terms.nodes import Term

Word: TypeAlias = Literal["proved", "refuted", "undecided", "assumed", "unread"]


@dataclass(frozen=True)
class Evidence:
    """In how many random worlds a claim was tried, in how many it said something, in how many it held."""

    worlds: int = 0
    applicable: int = 0
    held: int = 0


@dataclass(frozen=True)
class SideValue:
    """The value of one side: exactly (as a formula of rationals and logs) and as a certified decimal interval."""

    exact: str
    lower: str
    upper: str

    @property
    def decimal(self) -> str:
        """The digits on which both ends agree, for people."""
        return self.lower if self.lower == self.upper else f"[{self.lower}, {self.upper}]"


@dataclass(frozen=True)
class WorldSides:
    """A small rational world, in words and as Python, with the values of both sides in it.

    tables     name as it is printed -> its entries, in words
    point      the values of the free names, in words
    paragraph  all of it in sentences: the world, then what each side is in it
    """

    tables: tuple[tuple[str, str], ...]
    point: tuple[tuple[str, int], ...]
    left: SideValue
    right: SideValue
    python: str = ""
    paragraph: str = ""


@dataclass(frozen=True)
class Required:
    """A condition of a theorem, with the world that shows why it must be named (None if none was found)."""

    condition: Condition
    text: str
    witness: WorldSides | None = None


@dataclass(frozen=True)
class Verdict:
    """The answer to one claim.

    theorem         for proved claims: what the kernel accepted
    conditions      all conditions, with their status
    uses            the definitions and hypotheses the answer rests on
    equality        for inequalities: when they are tight ("iff …")
    counterexample  for refuted claims
    message         the answer in words, for people
    notes           further remarks: a name defined again, what a definition reaches
    """

    word: Word
    message: str = ""
    theorem: Theorem | None = None
    conditions: tuple[Required, ...] = ()
    uses: tuple[str, ...] = ()
    equality: str | None = None
    counterexample: WorldSides | None = None
    evidence: Evidence = field(default_factory=Evidence)
    notes: tuple[str, ...] = ()
    sides: tuple[Term, Term] | None = None

    @property
    def open_conditions(self) -> tuple[Required, ...]:
        return tuple(required for required in self.conditions if required.condition.status == "open")
