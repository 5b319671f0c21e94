"""The run as one HTML file: no network, no script; formulas in MathML, drawings in SVG, light and dark, for print too.

    page        head, documents, legend
    chart       the flow chart
    article     one claim
    tables      worlds
    pictures    the bound in two drawings, where a document proves one

A content security policy in the head forbids scripts and every request, whatever a document contains.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from verify.report.article import article, badge, conditions
from verify.report.chart import chains_of, flow_chart
from verify.report.formulas import formula_block, latex_formula, relation_formula
from verify.report.json import tool
from verify.report.markup import Content, Markup, element
from verify.report.pictures import pictures
from verify.report.proof import rules_used
from verify.report.wording import MEANINGS, SYMBOLS, counted, one_line, spot, summary
from verify.results import CheckedClaim, CheckedDocument, Run, Trouble, Whole
from verify.verdict import Required

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def render(run: Run) -> str:
    documents = [_document(document, number) for number, document in enumerate(run.documents, 1)]
    return page(_title(run), documents, foot=_foot(run))


def page(title: str, *content: Content, foot: Markup | None = None) -> str:
    """A page of its own with the style of the reports: no network, no script."""
    body = element("body", element("main", content), foot)
    whole = element("html", _head(title), body, lang="en")
    return f"<!DOCTYPE html>\n{whole}\n"


def _head(title: str) -> Markup:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="generator", content=f"jensen {tool()['version']}"),
        element("title", title),
        element("style", Markup(style())),
    )


@cache
def style() -> str:
    """The page's style sheet."""
    return files("verify.report").joinpath("page.css").read_text("utf-8")


def _title(run: Run) -> str:
    names = [one_line(document.title or document.path) for document in run.documents]
    return names[0] if len(names) == 1 else f"{len(names)} derivations, checked"


# ---------------------------------------------------------------- documents


def _document(document: CheckedDocument, number: int) -> Markup:
    anchor = f"d{number}-claim-"
    return element(
        "section",
        element("p", document.path, class_="path"),
        element("h1", one_line(document.title or document.path)),
        _failure(document),
        _whole(document, document.whole, anchor) if document.whole is not None else None,
        _counts(document.claims),
        _roles(document),
        _chart(document, anchor),
        _bound(document),
        _joint(document),
        _claims(document, anchor),
        _troubles(document),
        class_="document",
    )


def _failure(document: CheckedDocument) -> Markup | None:
    if document.failure is None:
        return None
    return element("p", element("strong", "This file could not be used: "), document.failure, class_="failure")


def _whole(document: CheckedDocument, whole: Whole, anchor: str) -> Markup:
    """The verdict on the document, and everything it needs."""
    ends = [element("a", f"claim {n}", href=f"#{anchor}{n}") for n in (whole.first, whole.last)]
    needed = [required for required in whole.conditions if required.condition.status == "open"]
    settled = [required for required in whole.conditions if required not in needed]
    heading = element("p", "It holds under these conditions:" if len(needed) > 1 else "It holds under this condition:")
    listed = [
        conditions(part, document.notation, lambda one: _needed_by(one, document, anchor)) for part in (needed, settled)
    ]
    return element(
        "div",
        element("p", badge(whole.word), " from ", ends[0], " to ", ends[1], class_="headline"),
        _first_to_last(document, whole),
        element("p", whole.message, class_="message") if whole.message else None,
        heading if needed and whole.word == "proved" else None,
        listed[0],
        _settled(listed[1], len(settled)),
        class_=f"whole {whole.word}",
    )


def _needed_by(required: Required, document: CheckedDocument, anchor: str) -> Markup | None:
    """Links to the claims that need a condition."""
    key = required.condition.key
    claims = [claim.id for claim in document.claims if any(r.condition.key == key for r in claim.verdict.conditions)]
    links = [element("a", str(number), href=f"#{anchor}{number}") for number in claims]
    separated = [part for link in links for part in (Markup(", "), link)][1:]
    return element("span", "claims " if len(links) > 1 else "claim ", separated, class_="because") if links else None


def _settled(listed: Markup | None, count: int) -> Markup | None:
    """Conditions that are stated or discharged, folded away."""
    return element("details", element("summary", f"{counted(count, 'settled condition')}"), listed) if listed else None


def _first_to_last(document: CheckedDocument, whole: Whole) -> Markup | None:
    """What the document says in one line, where it is a single chain."""
    chain = [claim for claim in document.claims if whole.first <= claim.id <= whole.last]
    if whole.relation is None or len(chain) < 2 or len(chains_of(chain)) > 1:
        return None
    relation = relation_formula(whole.relation)
    return formula_block([latex_formula(chain[0].lhs), relation, latex_formula(chain[-1].rhs)])


def _counts(claims: tuple[CheckedClaim, ...]) -> Markup | None:
    words = [claim.verdict.word for claim in claims]
    items = [element("li", badge(word), f" {words.count(word)}") for word in MEANINGS if word in words]
    return element("ul", items, class_="counts") if items else None


def _roles(document: CheckedDocument) -> Markup | None:
    """What was inferred about the names in the text."""
    rows = [
        element("tr", element("th", role, scope="row"), element("td", ", ".join(names)))
        for role, names in document.roles.items()
        if names
    ]
    if not rows:
        return None
    table = element("table", element("caption", "What the names mean"), element("tbody", rows), class_="roles")
    return element("div", table, class_="scroll")


def _chart(document: CheckedDocument, anchor: str) -> Markup | None:
    if not document.claims:
        return None
    chart = flow_chart(document.claims, anchor)
    return element("section", element("h2", "The derivation at a glance"), chart, class_="overview")


def _claims(document: CheckedDocument, anchor: str) -> Markup | None:
    if not document.claims:
        return None
    articles = [article(claim, document.notation, anchor) for claim in document.claims]
    return element("section", element("h2", "Claim by claim"), articles, class_="claims")


BOUNDS = frozenset(["variational-bound", "jensen-log"])  # rules whose use makes a claim one about an evidence bound


def _bound(document: CheckedDocument) -> Markup | None:
    """The two pictures, where the document proves a bound of this kind."""
    theorems = [claim.verdict.theorem for claim in document.claims if claim.verdict.theorem is not None]
    if not any(BOUNDS & set(rules_used(theorem)) for theorem in theorems):
        return None
    return element("section", element("h2", "The bound in pictures"), pictures(), class_="bound")


def _joint(document: CheckedDocument) -> Markup | None:
    """A picture of the maximisation over θ and q, where the document has one that must be attained."""
    needed = (required.condition.kind for claim in document.claims for required in claim.verdict.conditions)
    if "attained" not in needed:
        return None
    from verify.report.em_figure import joint_maximisation_figures  # a run of EM is only computed where it is shown

    return element("section", element("h2", "Maximising over θ and q"), joint_maximisation_figures(), class_="bound")


def _troubles(document: CheckedDocument) -> Markup | None:
    if not document.troubles:
        return None
    items = [element("li", _trouble(trouble)) for trouble in document.troubles]
    return element("section", element("h2", "Remarks on the text"), element("ul", items, class_="troubles"))


def _trouble(trouble: Trouble) -> list[Markup | None]:
    where = f"{spot(trouble.place)}: " if trouble.place else ""
    return [
        element("span", where + trouble.message),
        element("pre", trouble.excerpt, class_="excerpt") if trouble.excerpt else None,
    ]


def _foot(run: Run) -> Markup:
    meanings = [
        (element("dt", f"{SYMBOLS[word]} {word}", class_=f"badge {word}"), element("dd", meaning))
        for word, meaning in MEANINGS.items()
    ]
    about = f"Checked by jensen {tool()['version']}, rules {tool()['rules']}. {summary(run)}."
    return element("footer", element("h2", "How to read this page"), element("dl", meanings), element("p", about))
