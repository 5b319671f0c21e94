"""The reader survives anything: random bytes, LaTeX soup, damaged documents, and texts made to be slow.

Whatever comes, parse_source returns, never by way of its safety net, and loses no token on the way.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from timing import ratio

from derive.reading import vocabulary as words
from derive.reading.commands import translate
from derive.reading.documents import Source, SourceError
from derive.reading.lexer import lex
from derive.reading.macros import Expander, Macros
from derive.reading.messages import explain, unread_parts
from derive.reading.parser import FAULT, parse_formula, parse_source
from derive.reading.rows import Draft, split_statements
from derive.reading.show import show_formula
from derive.reading.sources import load, read_latex, read_markdown, read_notebook
from derive.reading.syntax import Span
from derive.reading.tokens import Token

FIXTURES = Path(__file__).parent.parent / "reading" / "fixtures"

COMMANDS = sorted(
    f"\\{name}"
    for name in {
        *words.GREEK,
        *words.ACCENTS,
        *words.PLAIN_FONTS,
        *words.LETTER_FONTS,
        *words.WORD_FONTS,
        *words.TEXT_FONTS,
        *words.OLD_FONTS,
        *words.FUNCTIONS,
        *words.OPTIMA,
        *words.RELATIONS,
        *words.MARKS,
        *words.FOREIGN_OPERATORS,
        *words.LAYOUT,
        *words.ANNOTATIONS,
        *words.WRAPPERS,
        *words.BRACES,
        *words.STACKS,
        *words.CUSTOMARY,
        *("left", "right", "big", "bigl", "bigr", "middle", "not", "substack", "foo", "\\", "\\"),
    }
)
CHARACTERS = [*"abdpqxzEKLD(){}[]|^_=,;:.!'&<>+-*/019~$%#@ \n\\\"`", *words.CHARACTERS, *"²₁½ẑ̂é中𝔼\x00™⁻①"]
PIECES = [
    *("p(x|z)", "q_\\phi(z|x)", "\\mathbb{E}_{q}[", "\\int", "dz", "\\,dz", "\\frac{a}{b}", "\\sum_{i=1}^n", "KL("),
    *("D_{KL}(q\\|p)", "\\text{where}", "\\log", "E_{", "\\underbrace{x}_{y}", "\\quad", "\\begin{align}", "&="),
    *("\\end{align}", "\\begin{cases}", "\\end{cases}", "\\left(", "\\right)", "\\left.", "\\right|", "\\tag{1}"),
]
DELIMITERS = ["$", "$$", "\n\n", "`", "```\n", "\\(", "<!--", "\\[", "\\]"]
SOUP = st.lists(
    st.one_of(st.sampled_from(COMMANDS), st.sampled_from(CHARACTERS), st.sampled_from(PIECES)), max_size=40
).map("".join)
FORMULAS = sorted(
    block.partition("\n")[2].partition("\n---\n")[0]
    for path in FIXTURES.glob("*.txt")
    for block in path.read_text(encoding="utf-8").split("=== ")[1:]
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A formula of the fixtures with pieces left out, put in, or doubled."""
    text = draw(st.sampled_from(FORMULAS))
    for _ in range(draw(st.integers(1, 5))):
        place = draw(st.integers(0, len(text)))
        length = draw(st.integers(0, 6))
        inserted = draw(st.one_of(st.just(""), st.sampled_from(COMMANDS + CHARACTERS + PIECES)))
        text = text[:place] + inserted + text[place + length :]
    return text


def quick(examples: int) -> Callable[..., object]:
    return settings(max_examples=examples, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


def survives(source: Source) -> None:
    """Everything parses, prints and explains itself; nothing went through the safety net."""
    for formula in parse_source(source):
        assert FAULT not in show_formula(formula)
        for part in unread_parts(formula):
            assert part.at is not None
            assert explain(source, part)
        for warning in formula.warnings:
            assert explain(source, warning)
        for statement in formula.statements:
            assert len(statement.sides) == len(statement.relations) + 1
            assert formula.span.start <= statement.span.start <= statement.span.end <= formula.span.end


@seed(2)
@quick(400)
@given(SOUP)
def test_soup_as_a_formula(text: str) -> None:
    assert FAULT not in show_formula(parse_formula(text))


@seed(3)
@quick(400)
@given(damaged())
def test_damaged_formulas(text: str) -> None:
    assert FAULT not in show_formula(parse_formula(text))


@seed(4)
@quick(250)
@given(
    st.lists(st.one_of(SOUP, damaged(), st.sampled_from(["$", "$$", "\n\n", "`", "```\n", "\\(", "<!--"])), max_size=8)
)
def test_soup_as_documents(pieces: list[str]) -> None:
    text = "".join(pieces)
    survives(read_markdown(text))
    survives(read_latex(text, Path("/nowhere/text.tex")))
    survives(read_notebook(json.dumps({"cells": [{"cell_type": "markdown", "source": text}]})))


@seed(5)
@quick(150)
@given(st.binary(max_size=200))
def test_random_bytes_as_files(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name in ("random.md", "random.tex", "random.ipynb"):
        path = folder / name
        path.write_bytes(content)
        with suppress(SourceError):
            survives(load(path))


# ---------------------------------------------------------------- nothing is lost

LAYOUT = frozenset(["row", "amp", "quad", "comma", "semicolon", "period", "colon", "tag", "text"])
# (3) is a tag, (by Jensen) a reason, \propto_\theta has a remark below it.
LAYOUT_OF_WORDS = frozenset(["open", "close", "sub", "sup", "{", "}"])


@seed(6)
@quick(300)
@given(st.one_of(SOUP, damaged()))
def test_every_token_ends_in_a_side_a_relation_or_the_words_beside_them(text: str) -> None:
    expander = Expander(Macros(), {}, len(text))
    tokens = translate(expander.expand(lex(text))).tokens
    drafts, _ = split_statements(tokens, lambda span: text[span.start : span.end])
    kept = {(token.start, token.end) for draft in drafts for token in _placed(draft)}
    spoken = " ".join(text for draft in drafts for text in _spoken(draft))
    for token in tokens:
        if token.kind in LAYOUT or (token.kind in LAYOUT_OF_WORDS and spoken.strip()):
            continue
        written = " ".join(text[token.start : token.end].split())
        assert (token.start, token.end) in kept or written in spoken, token


def _placed(draft: Draft) -> Iterator[Token]:
    yield from draft.relations
    for side in draft.sides:
        yield from side


def _spoken(draft: Draft) -> Iterator[str]:
    yield draft.lead
    yield from draft.reasons
    yield from draft.tags
    yield from (relation.extra for relation in draft.relations)


# ---------------------------------------------------------------- time


def _calls(work: Callable[[], object]) -> int:
    """How many functions are called: a measure of work that no other program on the machine can disturb."""
    count = 0

    def profile(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


GROWING: dict[str, Callable[[int], str]] = {
    "open braces": lambda n: "{" * n,
    "braces": lambda n: "{" * n + "}" * n,
    "open brackets": lambda n: "(" * n,
    "brackets": lambda n: "(" * n + ")" * n,
    "wrong brackets": lambda n: "(" * n + "]" * n,
    "fractions": lambda n: "\\frac{1}{" * n + "x" + "}" * n,
    "roots": lambda n: "\\sqrt" * n,
    "fonts": lambda n: "\\mathbf" * n,
    "old fonts": lambda n: "\\bf " * n,
    "logs": lambda n: "\\log" * n + " x",
    "integrals": lambda n: "\\int " * n + "x" + " dx" * n,
    "integrals over z": lambda n: "\\int_z " * n + "x" + " dz" * n,
    "expectations": lambda n: "\\mathbb{E}_q" * n,
    "nested expectations": lambda n: "E_{" * n + "}" * n,
    "minus signs": lambda n: "-" * n + "x",
    "terms": lambda n: "x + " * n + "x",
    "terms of a sum": lambda n: "\\sum_i x_i" + " + x_i" * n,
    "scripts": lambda n: "x_" * n,
    "bars": lambda n: "|x" * n,
    "commas": lambda n: "x, " * n,
    "statements": lambda n: "x = 1, " * n,
    "columns": lambda n: "x &= " * n,
    "rows": lambda n: "x &= 1 \\\\ " * n,
    "colons": lambda n: "x : y \\to " * n,
    "prose": lambda n: "x \\text{where}" * n,
    "conditions": lambda n: "p(x|" * n + "x" + ")" * n,
    "divergences": lambda n: "KL(" * n + "q\\|p" + ")" * n,
    "optima": lambda n: "\\max_x " * n + "x",
    "sets": lambda n: "\\sup\\{" * n + "\\}" * n,
    "derivatives": lambda n: "\\frac{d}{dx_{" * n + "}}" * n,
    "calls of a macro": lambda n: "\\newcommand{\\f}[1]{#1}" + "\\f{" * n + "}" * n,
    "unclosed calls": lambda n: "\\newcommand{\\f}[1]{#1}" + "\\f{" * n,
}


@pytest.mark.parametrize("name", GROWING)
def test_work_grows_in_proportion_to_the_text(name: str) -> None:
    """Four times the text is at most five times the work, beyond what a formula costs anyway."""
    small, large = (_calls(lambda n=n: parse_source(read_markdown(f"$${GROWING[name](n)}$$"))) for n in (250, 1000))
    assert large <= 5 * small + 20_000


SCANNED: dict[str, Callable[[int], str]] = {
    "dollars": lambda n: "$ " * n,
    "single dollars": lambda n: "$x " * n,
    "double dollars": lambda n: "$$ x " * n,
    "ticks": lambda n: "` " * n,
    "runs of ticks": lambda n: " ".join("`" * (i % 50 + 1) for i in range(n // 20)),
    "comments": lambda n: "<!-- " * n,
    "brackets": lambda n: "\\( " * n + "\n\n\\)",
    "environments": lambda n: "\\begin{align} " * n,
    "fences": lambda n: "```\n" * n,
    "different fences": lambda n: "\n".join("`" * (3 + i % 40) + "x" for i in range(n // 20)),
    "quotes": lambda n: "> $$\n> a\n" * n,
    "backslashes": lambda n: "\\" * n,
    "null bytes": lambda n: "\0" * n,
    "blank lines": lambda n: "\n\n" * n,
    "sentences": lambda n: "A b. " * n,
    "definitions": lambda n: "\\newcommand{\\a}{" * n,
    "verbatim": lambda n: "\\begin{verbatim}" * n,
    "verb": lambda n: "\\verb!" * n,
    "text in dollars": lambda n: "$\\text{" * n,
}


@pytest.mark.parametrize("name", SCANNED)
def test_scanning_does_not_blow_up(name: str) -> None:
    """Sixteen times the text takes at most 60 times as long (256 if it were quadratic)."""
    small, large = (SCANNED[name](n) for n in (1_000, 16_000))
    assert ratio(lambda: _scan(large), lambda: _scan(small), 60) <= 60


def _scan(text: str) -> None:
    read_markdown(text)
    read_latex(text, Path("/nowhere/text.tex"))


@pytest.mark.parametrize("depth", [50, 10_000])
@pytest.mark.parametrize("opening", ["{", "(", "\\frac{1}{", "\\sqrt{", "\\left[", "p(x|", "\\mathbb{E}["])
def test_no_depth_is_too_much(opening: str, depth: int) -> None:
    closing = {"{": "}", "(": ")", "[": "\\right]", "|": ")"}[opening[-1]]
    closing = "]" if opening == "\\mathbb{E}[" else closing
    survives(read_markdown("$$y = " + opening * depth + "x" + closing * depth + "$$"))


def test_five_megabytes_in_one_line() -> None:
    text = "word " * 900_000 + "$x = 1$ " * 2_000 + "$"
    source = read_markdown(text)
    assert len(parse_source(source)) == 2_000


def test_a_notebook_with_huge_outputs() -> None:
    cells = [
        {"cell_type": "code", "source": "x", "outputs": [{"data": {"text/plain": "$y$ " * 500_000}}]},
        {"cell_type": "markdown", "source": "$x$"},
    ]
    assert len(read_notebook(json.dumps({"cells": cells})).formulas) == 1


def test_spans_of_a_survived_formula_lie_in_the_text() -> None:
    source = read_markdown("$$a = ( b$$")
    (part,) = unread_parts(parse_source(source)[0])
    assert part.span == Span(6, 9)
