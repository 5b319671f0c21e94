"""The document's own commands are expanded, in bounded time, and point at where they are called."""

from __future__ import annotations

import re

import pytest

from derive.reading.macros import MAX_TOKENS_PER_CALL
from derive.reading.messages import unread_parts
from derive.reading.parser import parse_source
from derive.reading.show import show_statement
from derive.reading.sources import read_latex, read_markdown


def read_with(definitions: str, formula: str) -> str:
    source = read_markdown(f"$${definitions}$$\n\n$${formula}$$\n")
    statements = [statement for read in parse_source(source) for statement in read.statements]
    return "; ".join(show_statement(statement) for statement in statements)


@pytest.mark.parametrize(
    ("definitions", "formula", "expected"),
    [
        (r"\newcommand{\E}{\mathbb{E}}", r"\E[X]", "E[X]"),
        (r"\newcommand\E{\mathbb{E}}", r"\E[X]", "E[X]"),
        (r"\newcommand*{\KL}[2]{D_{KL}(#1\|#2)}", r"\KL{q}{p}", "KL<D_{KL}>(q || p)"),
        (r"\newcommand{\EE}[2][q]{\mathbb{E}_{#1}[#2]}", r"\EE{f} + \EE[p]{f}", "(E{q}[f] + E{p}[f])"),
        (r"\renewcommand{\vec}[1]{\mathbf{#1}}", r"\vec{x} + \vec y", "(x + y)"),
        (r"\providecommand{\R}{\mathbb{R}}", r"\R", "bb:R"),
        (r"\newcommand{\R}{r}\providecommand{\R}{\mathbb{R}}", r"\R", "r"),
        (r"\def\post{p(z|x)}", r"\post", "p(z | x)"),
        (r"\def\law#1#2{#1(#2)}", r"\law{p}{x|z}", "p(x | z)"),
        (r"\let\eps\varepsilon", r"\eps", "varepsilon"),
        (r"\let\oldphi=\phi\renewcommand{\phi}{\varphi}", r"\oldphi + \phi", "(phi + varphi)"),
        (r"\newcommand{\a}{x}\let\b\a\renewcommand{\a}{y}", r"\a + \b", "(y + x)"),
        (r"\DeclareMathOperator{\soft}{softplus}", r"\soft(x)", "softplus(x)"),
        (r"\DeclareMathOperator*{\argmax}{arg\,max}", r"\argmax_\theta L", "argmax{theta}[L]"),
        (r"\DeclarePairedDelimiter{\abs}{\lvert}{\rvert}", r"\abs{x} + \abs*{y}", "(abs[x] + abs[y])"),
        (r"\NewDocumentCommand{\Ex}{O{q} m}{\mathbb{E}_{#1}[#2]}", r"\Ex{f} + \Ex[p]{f}", "(E{q}[f] + E{p}[f])"),
        (r"\newcommand{\giv}{\mid}\newcommand{\paren}[1]{\left(#1\right)}", r"p\paren{x \giv z}", "p(x | z)"),
        (r"\newcommand{\outer}[1]{\inner{#1}{y}}\newcommand{\inner}[2]{#1 + #2}", r"\outer{x}", "(x + y)"),
    ],
)
def test_definitions(definitions: str, formula: str, expected: str) -> None:
    assert read_with(definitions, formula) == expected


def test_a_definition_may_stand_anywhere_and_holds_from_there_on() -> None:
    source = read_markdown(r"$\a$ \newcommand{\a}{x} $\a$ \renewcommand{\a}{y} $\a$")
    shown = [show_statement(statement) for formula in parse_source(source) for statement in formula.statements]
    assert [text.rsplit(" ", 1)[-1] for text in shown] == ["x", "x", "y"]


def test_a_commented_definition_does_not_count() -> None:
    (formula,) = parse_source(read_latex("% \\newcommand{\\a}{x}\n\\newcommand{\\a}{y}\n$\\a$"))
    assert show_statement(formula.statements[0]).endswith("y")


def test_what_comes_out_of_a_macro_stands_at_its_call() -> None:
    text = "\\newcommand{\\bound}{\\log p(x) \\ge L}\n\n$$\n  \\bound = \\KL{q}{p}\n$$"
    source = read_markdown(text)
    (formula,) = parse_source(source)
    ge, equals = formula.statements[0].relations
    assert str(source.position(ge.span.start)) == "4:3"
    assert source.text[ge.span.start : ge.span.end] == r"\bound"
    assert str(source.position(equals.span.start)) == "4:10"


def test_the_argument_of_a_macro_keeps_its_own_place() -> None:
    source = read_markdown("$$\\newcommand{\\half}[1]{\\frac{1}{2}#1}$$ $\\half{a = b}$")
    formula = parse_source(source)[-1]
    (relation,) = formula.statements[0].relations
    assert source.text[relation.span.start : relation.span.end] == "="


STEPS = zip("abcdefghijklmnop", "bcdefghijklmnopq", strict=True)
BOMB = "".join(rf"\def\{one}{{\{next_}\{next_}}}" for one, next_ in STEPS) + r"\def\q{xx}"


@pytest.mark.parametrize(
    ("definitions", "call", "message"),
    [
        (BOMB, r"\a", f"more than {MAX_TOKENS_PER_CALL} tokens"),
        (r"\def\a{\a}", r"\a", "does it call itself?"),
        (r"\newcommand{\a}[1]{\a{#1#1}}", r"\a{x}", "does it call itself?|more than"),
        (r"\def\a{\b}\def\b{\a}", r"\a", "does it call itself?"),
        (r"\newcommand{\f}[2]{#1}", r"\f{x", "is never closed"),
        (r"\newcommand{\f}[2]{#1}", r"\f{x}", r"needs 2 argument\(s\)"),
    ],
)
def test_a_macro_that_goes_too_far_is_an_error_at_its_call(definitions: str, call: str, message: str) -> None:
    source = read_markdown(f"$${definitions}$$\n\n$$y = {call}$$\n")
    formula = parse_source(source)[-1]
    (unread,) = unread_parts(formula)[:1]
    assert re.search(message, unread.message)
    assert unread.at is not None
    assert source.text[unread.at.start : unread.at.end].startswith("\\")
    assert show_statement(formula.statements[0]).startswith("y = ")


def test_many_calls_of_a_bomb_cost_as_much_as_one() -> None:
    """The calls after the first are refused at once: all of them together stay within the budget of one."""
    source = read_markdown(f"$${BOMB}$$" + r" $\a$" * 2000)
    formulas = parse_source(source)
    assert sum(len(unread_parts(formula)) for formula in formulas) == 2000


def test_shorthands_for_environments() -> None:
    text = "\\newcommand{\\bea}{\\begin{align}}\\newcommand{\\eea}{\\end{align}}\n\\bea a &= b \\\\ &= c \\eea\n"
    (formula,) = parse_source(read_latex(text))
    assert show_statement(formula.statements[0]).endswith("a = b = c")
