"""What a reviewer should look at: refuted, undecided and unread claims, open conditions, files that could not be used.

Code hosts and editors show these at their lines; proved and assumed claims are not mentioned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from verify.report.wording import evidence_lines, excerpt, statement, visible
from verify.results import CheckedClaim, CheckedDocument, Place, Run

Kind: TypeAlias = Literal["refuted", "undecided", "unread", "open-condition", "not-as-announced", "unusable"]
Level: TypeAlias = Literal["error", "warning", "note"]

LEVELS: Mapping[Kind, Level] = {
    "refuted": "error",
    "undecided": "warning",
    "unread": "warning",
    "open-condition": "note",
    "not-as-announced": "error",
    "unusable": "error",
}
DESCRIPTIONS: Mapping[Kind, str] = {
    "refuted": "the claim is false in a world that meets all hypotheses and conditions",
    "undecided": "the claim could neither be proved nor refuted",
    "unread": "the text could not be read as a claim",
    "open-condition": "the claim is proved under a condition that the text does not state",
    "not-as-announced": "a comment in the text announces another verdict",
    "unusable": "the file could not be used",
}


@dataclass(frozen=True)
class Finding:
    """One thing to look at.

    claim      None where the whole file could not be used
    announced  the text says itself that this claim gets this verdict, so nobody need be told
    """

    kind: Kind
    message: str
    document: CheckedDocument
    claim: CheckedClaim | None = None
    announced: bool = False

    @property
    def level(self) -> Level:
        return LEVELS[self.kind]

    @property
    def place(self) -> Place | None:
        return None if self.claim is None else self.claim.place


def findings(run: Run) -> Iterator[Finding]:
    """All findings, in the order of the text."""
    for document in run.documents:
        if document.failure is not None:
            yield Finding("unusable", visible(document.failure), document)
        for claim in document.claims:
            yield from _of_claim(claim, document)


def _of_claim(claim: CheckedClaim, document: CheckedDocument) -> Iterator[Finding]:
    verdict = claim.verdict
    match verdict.word:
        case "refuted" | "undecided" | "unread":
            yield Finding(verdict.word, _why(claim), document, claim, claim.as_expected)
    if verdict.word != "refuted":
        for required in verdict.open_conditions:
            message = f"{statement(claim)}\nholds under a condition: {required.text}"
            yield Finding("open-condition", visible(message), document, claim, claim.as_expected)
    if claim.expected is not None and not claim.as_expected:
        message = f"{statement(claim)}\nannounced as {claim.expected}, but {verdict.word}"
        yield Finding("not-as-announced", visible(message), document, claim)


def _why(claim: CheckedClaim) -> str:
    """The claim, what is wrong with it, and the smallest evidence."""
    verdict = claim.verdict
    lines = [statement(claim), f"{verdict.word}: {verdict.message}" if verdict.message else verdict.word]
    if verdict.counterexample is not None:
        lines += evidence_lines(verdict.counterexample)
    if verdict.word == "unread":
        lines.append(excerpt(claim))
    return visible("\n".join(lines)).rstrip()
