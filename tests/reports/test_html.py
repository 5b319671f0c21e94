"""The page: well-formed, self-contained, readable, complete; nothing of a document becomes markup."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from functools import cache
from html import unescape
from itertools import pairwise, product

import pytest
from runs import MARKUP, derivation, everything, hostile

from verify.report.chart import chains_of
from verify.report.html import render, style
from verify.report.markup import Markup, element
from verify.report.proof import chains, title
from verify.report.tables import world_tables
from verify.report.wording import decimal
from verify.results import WORDS, CheckedDocument, Run
from verify.verdict import SideValue, WorldSides

RUNS = {"everything": everything, "derivation": derivation, "hostile": hostile}
PARTS = """
body main section article header footer div p h1 h2 h3 h4 span strong a ul ol li dl dt dd table caption tbody tr th td
details summary pre code figure figcaption svg title desc text line rect circle polyline
math mrow mi mn mo mtext mspace mfrac msub msup msubsup munder mover munderover msqrt mstyle
"""
ATTRIBUTES = """
class id href title scope role aria-labelledby viewBox x y x1 y1 x2 y2 cx cy r width height points text-anchor
displaystyle stretchy form separator lspace rspace mathvariant accent
"""


@cache
def page(name: str) -> str:
    return render(RUNS[name]())


@cache
def body(name: str) -> ET.Element:
    """The page's body as XML: an unescaped character or an unclosed element would not parse."""
    content = page(name)
    return ET.fromstring(content[content.index("<body>") : content.index("</html>")])


def of_class(root: ET.Element, name: str) -> list[ET.Element]:
    return [e for e in root.iter() if name in (e.get("class") or "").split()]


def said(element: ET.Element) -> str:
    return " ".join("".join(element.itertext()).split())


# ---------------------------------------------------------------- safety


@pytest.mark.parametrize("name", RUNS)
def test_only_known_elements_and_attributes(name: str) -> None:
    for found in body(name).iter():
        assert found.tag in PARTS.split(), found.tag
        assert set(found.attrib) <= set(ATTRIBUTES.split()), found.attrib


@pytest.mark.parametrize("name", RUNS)
def test_nothing_is_fetched_and_nothing_runs(name: str) -> None:
    content = page(name)
    head = unescape(content[: content.index("<body>")])
    assert "default-src 'none'" in head
    assert "<script" not in content
    assert "<link" not in content
    assert "url(" not in style()
    assert "@import" not in style()
    assert not re.search(r"\ssrc\s*=", re.sub(r">[^<]*<", "><", content))
    assert all(found.get("href", "#").startswith("#") for found in body(name).iter("a"))


def test_hostile_text_arrives_as_text() -> None:
    text = said(body("hostile"))
    assert text.count(MARKUP.strip()) > 30
    headings = [said(h) for h in body("hostile").iter("h1")]
    assert all(MARKUP.strip() in heading for heading in headings)
    title_text = page("hostile").split("<title>")[1].split("</title>")[0]
    assert "<" not in title_text


def test_control_characters_are_replaced() -> None:
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", page("hostile"))


@pytest.mark.parametrize("text", ["<b>", 'a" onload="x', "a' b", "&amp;", "]]>", "<!--"])
def test_elements_escape_content_and_attributes(text: str) -> None:
    built = ET.fromstring(element("p", text, title=text))
    assert built.text == text
    assert built.get("title") == text
    assert len(built) == 0


def test_markup_is_not_escaped_twice_and_nothing_is_dropped() -> None:
    assert element("p", element("b", "&"), ["x", None, Markup("<i></i>")]) == "<p><b>&amp;</b>x<i></i></p>"
    assert element("rect", x=0, hidden=False, open=True, id=None) == '<rect x="0" open></rect>'


# ---------------------------------------------------------------- structure


@pytest.mark.parametrize("name", RUNS)
def test_ids_are_unique_and_every_link_has_a_target(name: str) -> None:
    ids = [found.get("id") for found in body(name).iter() if found.get("id")]
    assert len(ids) == len(set(ids))
    targets = {f"#{i}" for i in ids}
    links = [found.get("href") for found in body(name).iter("a")]
    assert links
    claims = {claim.id for document in RUNS[name]().documents for claim in document.claims}
    dangling = {link for link in links if link not in targets}
    assert all(int(str(link).rsplit("-", 1)[1]) not in claims for link in dangling)


@pytest.mark.parametrize("name", RUNS)
def test_headings_descend_without_gaps(name: str) -> None:
    levels = [int(found.tag[1]) for found in body(name).iter() if re.fullmatch("h[1-6]", found.tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_it_declares_language_width_and_both_schemes() -> None:
    content = page("derivation")
    assert content.startswith("<!DOCTYPE html>")
    assert '<html lang="en">' in content
    assert 'content="width=device-width, initial-scale=1"' in content
    assert "prefers-color-scheme: dark" in style()
    assert "@media print" in style()


def test_formulas_are_mathml() -> None:
    for found in of_class(body("derivation"), "claim"):
        assert list(found.iter("math"))
    assert "$$" not in "".join(said(f) for f in of_class(body("derivation"), "formula"))


# ---------------------------------------------------------------- content


def articles() -> list[tuple[ET.Element, object]]:
    claims = everything().documents[0].claims
    found = of_class(body("everything"), "claim")
    assert len(found) == len(claims)
    return list(zip(found, claims, strict=True))


def test_every_claim_has_its_verdict_in_words_and_its_place() -> None:
    for article, claim in articles():
        header = article.find("header")
        assert header is not None
        assert claim.verdict.word in said(header)  # type: ignore[attr-defined]
        assert f"line {claim.place.line}, column {claim.place.column}" in said(header)  # type: ignore[attr-defined]


def test_every_proof_unfolds_step_by_step() -> None:
    for article, claim in articles():
        theorem = claim.verdict.theorem  # type: ignore[attr-defined]
        proofs = of_class(article, "proof")
        assert len(proofs) == (theorem is not None)
        if theorem is not None:
            (proof,) = proofs
            assert proof.tag == "details"
            wanted = [title(line.step.rule) for chain in chains(theorem) for line in chain.lines]
            assert [said(rule) for rule in of_class(proof, "rule")] == wanted


def test_every_premise_stands_at_its_step() -> None:
    for article, claim in articles():
        theorem = claim.verdict.theorem  # type: ignore[attr-defined]
        lines = [line for chain in chains(theorem) for line in chain.lines] if theorem is not None else []
        assert len(of_class(article, "premise")) == sum(len(line.step.premises) for line in lines)


def test_every_condition_has_its_status_and_open_ones_their_world() -> None:
    for article, claim in articles():
        required = claim.verdict.conditions  # type: ignore[attr-defined]
        statuses = [said(status) for status in of_class(article, "status")]
        assert statuses == [r.condition.status for r in required]
        witnesses = sum(r.witness is not None for r in required)
        counterexample = claim.verdict.counterexample is not None  # type: ignore[attr-defined]
        assert len(of_class(article, "world")) == witnesses + counterexample


def test_a_counterexample_has_tables_both_values_and_python() -> None:
    seen = 0
    for article, claim in articles():
        sides = claim.verdict.counterexample  # type: ignore[attr-defined]
        if sides is not None:
            (section,) = of_class(article, "counterexample")
            shown = said(section)
            for value in (sides.left, sides.right):
                assert value.exact in shown
                assert decimal(value) in shown
            cells = [said(cell) for cell in section.iter("td")]
            for _, entries in sides.tables:
                assert all(entry.split(": ")[-1] in cells for entry in entries.split("; "))
            (code,) = section.iter("code")
            assert code.text == sides.python
            seen += 1
    assert seen > 3


def table(name: str, entries: str) -> list[list[str]]:
    """The rows of a world's table as the page shows it."""
    value = SideValue("1", "1", "1")
    root = ET.fromstring(world_tables(WorldSides(((name, entries),), (), value, value), "="))
    return [[said(cell) for cell in row] for row in next(root.iter("tbody"))]


def test_a_table_of_two_indices_is_a_grid_with_named_rows_and_columns() -> None:
    shown = table("q(z|x)", "0,0: 1/2; 0,1: 1; 1,0: 1/3; 1,1: 0")
    assert shown == [["", "x = 0", "x = 1"], ["z = 0", "1/2", "1"], ["z = 1", "1/3", "0"]]


def test_other_tables_are_rows_lists_or_text() -> None:
    assert table("p(z)", "0: 1/4; 1: 3/4") == [["z = 0", "z = 1"], ["1/4", "3/4"]]
    assert table("r", "0,0,1: 2")[1:] == [["0, 0, 1", "2"]]
    assert table("base weights of z", "1/2, 1/2") == [["1/2, 1/2"]]
    assert table("p(x)", "64 entries (see the Python)") == [["64 entries (see the Python)"]]


def test_the_chart_joins_each_chain_by_its_relations() -> None:
    claims = derivation().documents[0].claims
    (chain,) = of_class(body("derivation"), "chain")
    assert [len(c) for c in chains_of(claims)] == [len(claims)]
    boxes, links = of_class(chain, "box"), of_class(chain, "link")
    assert len(boxes) == len(claims) + 1
    assert [said(of_class(link, "arrow")[0]) for link in links] == ["≥" if c.relation == ">=" else "=" for c in claims]
    for link, claim in zip(links, claims, strict=True):
        assert claim.verdict.word in said(link)


def test_the_whole_shows_its_verdict_first_to_last_and_the_union_of_conditions() -> None:
    (whole,) = of_class(body("derivation"), "whole")
    run = derivation().documents[0].whole
    assert run is not None
    assert "proved" in said(whole)
    assert "≥" in said(whole)
    wanted = [r for r in run.conditions if r.condition.status == "open"]
    assert len(of_class(whole, "open")) == len(wanted) > 0


def test_roles_are_a_table() -> None:
    (roles,) = of_class(body("everything"), "roles")
    rows = [[said(cell) for cell in row] for row in roles.iter("tr")]
    assert rows == [["latent", "z"], ["observed", "x"], ["parameters", "θ"]]


def test_pictures_only_where_a_bound_is_proved() -> None:
    assert len(of_class(body("derivation"), "pictures")) == 1
    claims = tuple(c for c in derivation().documents[0].claims if c.relation == "=" and "E_" not in c.text)
    assert claims
    without = render(Run((CheckedDocument("a.md", claims=claims),)))
    assert "pictures" not in without.split("</style>")[1]


def test_unread_text_is_shown_as_it_was_written_with_its_caret() -> None:
    unread = [(article, claim) for article, claim in articles() if claim.verdict.word == "unread"]  # type: ignore[attr-defined]
    ((article, claim),) = unread
    assert claim.source in said(article)  # type: ignore[attr-defined]
    (excerpt,) = of_class(article, "excerpt")
    assert excerpt.text is not None
    assert excerpt.text.splitlines()[-1].strip() == "^"


def test_a_file_that_could_not_be_used_says_why() -> None:
    (failure,) = of_class(body("everything"), "failure")
    assert "there is no such file" in said(failure)


def test_an_empty_run_is_a_page_too() -> None:
    assert "0 claims in 0 documents" in render(Run(()))


# ---------------------------------------------------------------- colours


def palette(which: int) -> dict[str, str]:
    """The colours of the light (0), dark (1) or printed (2) page."""
    blocks = re.findall(r":root\s*\{([^}]*)\}", style())
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", blocks[which]))


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


SOFT = [f"{word}-soft" for word in WORDS]
PAIRS = [
    *product(["ink", "muted", "link"], ["paper", "card", "code", *SOFT]),
    *((word, ground) for word in WORDS for ground in ("paper", "card", f"{word}-soft")),
    *product(["undecided", "proved", "assumed"], SOFT),  # the status of a condition within the verdict on the whole
    ("ink", "changed"),
    ("inside", "elbo"),
]


@pytest.mark.parametrize("scheme", range(3))
def test_every_text_has_enough_contrast(scheme: int) -> None:
    colours = palette(scheme)
    low = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in PAIRS}
    assert {pair: value for pair, value in low.items() if value < 4.5} == {}


def test_contrast_is_measured_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
