"""What a run has found: claims with their places and verdicts, documents, the whole.

Reports print these values and compute nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from derive.writing import Notation
from verify.verdict import Required, Verdict, Word

WORDS: tuple[Word, ...] = get_args(Word)


@dataclass(frozen=True)
class Place:
    """Where a relation sign stands: lines and columns from 1; in notebooks within the cell (from 0)."""

    line: int
    column: int
    end_line: int
    end_column: int
    cell: int | None = None


@dataclass(frozen=True)
class CheckedClaim:
    """One claim of a document.

    id        its number in reading order, from 1
    key       a hash of its content (sides, sign, hypotheses), the same wherever it stands
    relation  the sign as in the JSON contract: "=", ">=", ":=", "argmax-equiv" …
    lhs, rhs  LaTeX as understood; for unread sides the source
    source    the formula as the author wrote it, on one line
    chain     the number of the chain it belongs to: claims of a chain follow one another
    expected  the verdict a "jensen: expect …" comment announces, if there is one
    """

    id: int
    key: str
    place: Place
    relation: str
    lhs: str
    rhs: str
    source: str
    verdict: Verdict
    chain: int = 0
    expected: Word | None = None
    text: str = ""  # both sides as one line of plain text

    @property
    def as_expected(self) -> bool:
        return self.expected is not None and self.expected == self.verdict.word


@dataclass(frozen=True)
class Whole:
    """The verdict on a document from its first claim to its last."""

    first: int
    last: int
    relation: str | None
    word: Word
    conditions: tuple[Required, ...] = ()
    message: str = ""


@dataclass(frozen=True)
class Trouble:
    """Something about a document that is no claim: an unknown macro, a formula that could not be read."""

    place: Place | None
    message: str
    excerpt: str = ""  # the source line and a caret


@dataclass(frozen=True)
class CheckedDocument:
    """A document and everything that was found in it.

    roles     what was inferred about names: {"latent": ["z"], "observed": ["x"], "parameters": ["θ"], "laws": […], …}
    failure   why the document could not be used at all (missing, binary …); then there are no claims
    """

    path: str
    title: str = ""
    claims: tuple[CheckedClaim, ...] = ()
    whole: Whole | None = None
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notation: Notation = field(default_factory=Notation)
    troubles: tuple[Trouble, ...] = ()
    failure: str | None = None


@dataclass(frozen=True)
class Run:
    """All documents of one call."""

    documents: tuple[CheckedDocument, ...]

    @property
    def summary(self) -> dict[str, int]:
        """How many claims got each verdict."""
        counts = Counter(claim.verdict.word for document in self.documents for claim in document.claims)
        return {word: counts.get(word, 0) for word in WORDS}
