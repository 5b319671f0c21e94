"""The flow chart of a derivation: each chain as boxes, joined by its relations, with the reason at every arrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from verify.report.formulas import latex_formula
from verify.report.markup import Markup, element
from verify.report.proof import main_rule, title
from verify.report.wording import SYMBOLS, one_line, sign
from verify.results import CheckedClaim


def flow_chart(claims: Sequence[CheckedClaim], anchor: str) -> Markup:
    """All chains of a document.  ``anchor`` is the prefix of the ids of its claims."""
    return element("div", [_chain(chain, anchor) for chain in chains_of(claims)], class_="flow")


def chains_of(claims: Sequence[CheckedClaim]) -> list[list[CheckedClaim]]:
    """Claims that continue one another: those of one chain; unnumbered ones where one begins as the other ended."""
    chains: list[list[CheckedClaim]] = []
    for claim in claims:
        last = chains[-1][-1] if chains else None
        if last is not None and last.chain == claim.chain and (claim.chain or last.rhs == claim.lhs):
            chains[-1].append(claim)
        else:
            chains.append([claim])
    return chains


def _chain(chain: Sequence[CheckedClaim], anchor: str) -> Markup:
    first = element("li", _formula(chain[0].lhs, chain[0]), class_="box start")
    rest = [part for claim in chain for part in _step(claim, anchor)]
    return element("ol", first, rest, class_="chain")


def _step(claim: CheckedClaim, anchor: str) -> Iterator[Markup]:
    """The arrow of a claim and the box it leads to."""
    verdict = claim.verdict
    conditions = len(verdict.open_conditions)
    link = element(
        "a", f"{claim.id}. {SYMBOLS[verdict.word]} {verdict.word}", href=f"#{anchor}{claim.id}", class_="badge"
    )
    reason = "" if verdict.theorem is None else title(main_rule(verdict.theorem))
    provided = f"under {conditions} condition{'s' * (conditions > 1)}" if conditions else ""
    label = element(
        "span",
        link,
        element("span", reason, class_="reason") if reason else None,
        element("span", provided, class_="provided") if provided else None,
        class_="label",
    )
    arrow = element("span", element("span", sign(claim.relation), class_="sign"), class_="arrow")
    yield element("li", arrow, label, class_=f"link {verdict.word}")
    yield element("li", _formula(claim.rhs, claim), class_=f"box {verdict.word}")


def _formula(source: str, claim: CheckedClaim) -> Markup:
    return element("code", one_line(source)) if claim.verdict.word == "unread" else latex_formula(source)
