"""Derivations written in Python, checked as documents are."""

from __future__ import annotations

from derive.claims import Claim
from derive.derivation import Derivation, Stated
from derive.reading.meaning.naming import Assumed
from derive.terms.nodes import Named
from derive.writing import latex, text
from verify.check import check
from verify.documents import assumed, key_of_claim, whole, written_claim
from verify.results import CheckedClaim, CheckedDocument, Place


def check_derivation(derivation: Derivation) -> CheckedDocument:
    """Checks every claim of a derivation.  Verdicts and keys are those the same derivation gets as a document.

    A claim's place is its number: line 3 is the third thing stated.
    """
    claims = [_checked(number, stated, derivation) for number, stated in enumerate(derivation.stated, 1)]
    title = derivation.title or "derivation"
    return CheckedDocument(title, title, tuple(claims), whole(claims), notation=derivation.notation)


def _checked(number: int, stated: Stated, derivation: Derivation) -> CheckedClaim:
    notation, content = derivation.notation, stated.content
    place = Place(number, 1, number, 1)
    if isinstance(content, Claim):
        lhs, rhs, line = written_claim(content, notation)
        verdict = check(content, notation)
        return CheckedClaim(
            number, key_of_claim(content), place, content.sign, lhs, rhs, line, verdict, stated.chain, text=line
        )
    name = Named(content.name, *content.formals)
    lhs, rhs = latex(name, notation), latex(content.body, notation)
    line = f"{text(name, notation)} := {text(content.body, notation)}"
    verdict = assumed(Assumed("definition", text(name, notation), content.label, (), content), notation)
    return CheckedClaim(number, f"def {line}", place, ":=", lhs, rhs, line, verdict, stated.chain, text=line)
