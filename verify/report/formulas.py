"""Formulas on a page: MathML in pieces between which a line may break, so that long ones fit on a narrow screen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from derive.terms.nodes import Term
from derive.writing import Notation, text
from derive.writing.latex_to_mathml import latex_pieces
from derive.writing.mathml import mathml_pieces
from verify.report.markup import Markup, element, joined
from verify.report.wording import one_line, sign
from verify.results import CheckedClaim


def term_formula(term: Term, notation: Notation) -> Markup:
    return _pieces(mathml_pieces(term, notation))


def latex_formula(source: str) -> Markup:
    """LaTeX as MathML; as code where it is not understood."""
    pieces = latex_pieces(source)
    return element("code", one_line(source)) if pieces is None else _pieces(pieces)


def relation_formula(relation: str) -> Markup:
    return element("math", element("mo", sign(relation)), class_="sign")


def claim_formula(claim: CheckedClaim) -> Markup:
    """The claim as it was understood; as its source where it could not be read."""
    if claim.verdict.word == "unread":
        return element("div", element("code", one_line(claim.source or claim.text)), class_="formula")
    sides = [latex_formula(claim.lhs), relation_formula(claim.relation), latex_formula(claim.rhs)]
    return formula_block(sides)


def formula_block(parts: Iterable[Markup]) -> Markup:
    """A formula of its own; what does not fit scrolls within it."""
    return element("div", _with(Markup(" "), parts), class_="formula")


def _pieces(pieces: Iterable[str]) -> Markup:
    return _with(_BREAK, (Markup(f'<math displaystyle="true">{piece}</math>') for piece in pieces))


_BREAK = Markup("\N{ZERO WIDTH SPACE}")  # a line may break here


def _with(separator: Markup, parts: Iterable[Markup]) -> Markup:
    return Markup(separator.join(parts))


# ---------------------------------------------------------------- formulas within sentences


def sentence(words: str, notation: Notation, terms: Iterable[Term] = ()) -> Markup:
    """A sentence whose formulas are set as such: the given terms where their text occurs, and plain densities."""
    set_as = {text(term, notation): term for term in terms}
    longest_first = sorted(map(re.escape, set_as), key=len, reverse=True)
    found = re.split(f"({'|'.join([*longest_first, _DENSITY])})", one_line(words))
    return joined(_set(part, set_as, notation) if number % 2 else part for number, part in enumerate(found))


_NAME = r"[^\W\d_]'?(?:_[^\W_]+)?"
_DENSITY = rf"(?<![^\W_]){_NAME}\((?:{_NAME}|[,|;])+\)"  # P_θ(x,z'), q(z|x)


def _set(part: str, set_as: Mapping[str, Term], notation: Notation) -> Markup:
    return term_formula(set_as[part], notation) if part in set_as else latex_formula(part)
