"""What an author is told: where, what, and what to do; and what is read in spite of it."""

from __future__ import annotations

import pytest

from derive.reading.messages import explain, unread_parts
from derive.reading.parser import parse_source
from derive.reading.sources import read_markdown, read_notebook
from derive.reading.statements import Formula
from derive.reading.syntax import Unreadable


def problems(text: str) -> list[str]:
    source = read_markdown(text)
    return [explain(source, part) for formula in parse_source(source) for part in unread_parts(formula)]


def test_the_wrong_closing_bracket() -> None:
    line = r"f \ge \mathbb{E}_q[\log(q(z)] - 1"
    column = line.index("]")
    assert problems(f"Text\n\n$$\n{line}\n$$\n") == [
        f"text.md:4:{column + 1}: unexpected ']', expected ')'\n"
        f"  {line}\n"
        f"  {' ' * column}^\n"
        f"  the '(' at 4:{line.index('(') + 1} is still open"
    ]


def test_a_bracket_that_is_never_closed_is_shown_where_it_opens() -> None:
    text = "$$\n\\log p(x) = \\log \\int p(x, z dz\n$$"
    assert problems(text) == [
        "text.md:2:24: this '(' is never closed\n  \\log p(x) = \\log \\int p(x, z dz\n" + " " * 25 + "^"
    ]


def test_the_caret_stands_under_its_column_after_tabs_and_wide_letters() -> None:
    (message,) = problems("$$\n\ta + \\text{中} ) b\n$$")
    line, caret = message.split("\n")[1:3]
    assert line == "  \ta + \\text{中} ) b"
    assert caret == "  \t" + " " * (len("a + \\text{") + 2 + len("} ")) + "^"


def test_a_very_long_line_is_cut() -> None:
    (message,) = problems("$$" + "a + " * 10_000 + ") + b" * 3 + "$$")
    assert all(len(line) < 130 for line in message.split("\n"))
    line, caret = message.split("\n")[1:3]
    assert line[caret.index("^")] == ")"


def test_places_in_notebooks() -> None:
    source = read_notebook('{"cells": [{"cell_type": "code"}, {"cell_type": "markdown", "source": "x\\n$a = )$"}]}')
    (formula,) = parse_source(source)
    (part,) = unread_parts(formula)
    assert explain(source, part).startswith("text.ipynb[cell 1]:2:6: unexpected ')'")


def test_warnings_are_shown_the_same_way() -> None:
    source = read_markdown("$$\n\\foo = 1\n$$")
    (formula,) = parse_source(source)
    (warning,) = formula.warnings
    assert explain(source, warning) == ("text.md:2:1: unknown command \\foo, read as a name\n  \\foo = 1\n  ^")


def sides(formula: Formula) -> list[list[bool]]:
    """For every statement, which of its sides could be read."""
    return [[not isinstance(side, Unreadable) for side in statement.sides] for statement in formula.statements]


@pytest.mark.parametrize(
    ("formula", "readable"),
    [
        (r"a = ( b = c", [[True, False, True]]),
        (r"a = b ) = c", [[True, False, True]]),
        (r"\frac{a}{b = c \\ d = e", [[False, True], [True, True]]),
        ("a &= ( b \\\\ c &= d \\\\ e &= f )", [[True, False], [True, True], [True, False]]),
        (r"a = \begin{cases} b \\ c \end{cases}, \quad d = e", [[True, False], [True, True]]),
        (r"a + = b \ge", [[False, True, False]]),
    ],
)
def test_only_the_broken_side_is_lost(formula: str, readable: list[list[bool]]) -> None:
    (read,) = parse_source(read_markdown(f"$${formula}$$"))
    assert sides(read) == readable


def test_a_broken_formula_does_not_touch_the_next() -> None:
    broken, whole = parse_source(read_markdown("$$a = ((($$\n\n$$b = c$$"))
    assert sides(broken) == [[True, False]]
    assert sides(whole) == [[True, True]]


@pytest.mark.parametrize(
    "opening", ["(", "[", "{", "\\{", "\\left(", "\\frac{1}{", "\\sqrt{", "f(", "\\mathbb{E}[", "x^{"]
)
def test_deep_nesting_is_refused_with_a_reason(opening: str) -> None:
    closing = {"(": ")", "[": "]", "{": "}"}[opening[-1]]
    closing = {"\\{": "\\}", "\\left(": "\\right)"}.get(opening, closing)
    text = "$$y = " + opening * 10_000 + "x" + closing * 10_000 + "$$"
    (formula,) = parse_source(read_markdown(text))
    (part,) = unread_parts(formula)
    assert "deep" in part.message
