"""What the tests of this folder ask about a document: its claims by line, in words."""

from __future__ import annotations

from textwrap import dedent

from verify.documents import check_text
from verify.results import CheckedClaim, CheckedDocument


def checked(text: str) -> CheckedDocument:
    """A Markdown document, checked.  Indentation does not count, nor does the first line break."""
    return check_text(dedent(text).removeprefix("\n"), "notes.md")


def words(text: str) -> list[str]:
    """The verdicts of a document's claims, in order."""
    return [claim.verdict.word for claim in checked(text).claims]


def only(text: str) -> CheckedClaim:
    """The one claim of a document."""
    (claim,) = checked(text).claims
    return claim


def open_kinds(claim: CheckedClaim) -> list[str]:
    return [required.condition.kind for required in claim.verdict.open_conditions]
