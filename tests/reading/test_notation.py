"""Every notation in the fixture files is understood as they say."""

from __future__ import annotations

from pathlib import Path

import pytest
from reading_cases import FOLDER, Case, all_cases

from derive.reading.macros import collect
from derive.reading.parser import parse_formula, parse_source
from derive.reading.scanning import blanked
from derive.reading.show import show, show_formula
from derive.reading.sources import read_markdown
from derive.reading.walk import walk

CASES = all_cases()


def understood(formula: str) -> str:
    macros = collect(formula)
    return show_formula(parse_formula(blanked(formula, macros.spans), macros=macros)).strip()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_is_understood_as_the_fixture_says(case: Case) -> None:
    assert understood(case.formula) == case.understood


def test_there_is_a_fixture_for_every_group_of_notation() -> None:
    groups = {path.stem for path in FOLDER.glob("*.txt")}
    assert groups >= {
        "brackets",
        "damage",
        "decoration",
        "divergences",
        "expectations",
        "functions",
        "gradients",
        "integrals",
        "laws",
        "names",
        "optima",
        "prose",
        "relations",
        "rows",
        "sums",
        "unread",
    }


@pytest.mark.parametrize("case", [case for case in CASES if not case.formula.endswith("\\")], ids=str)
def test_a_display_in_a_document_reads_like_the_formula_alone(case: Case) -> None:
    """… and every node's span lies within the formula."""
    document = f"Some words.\n\n$$\n{case.formula}\n$$\n\nMore words.\n"
    source = read_markdown(document)
    formulas = parse_source(source)
    assert "\n".join(show_formula(formula) for formula in formulas).replace("[Some words.] ", "").strip() == (
        understood(case.formula)
    )
    for formula in formulas:
        for statement in formula.statements:
            for side in statement.sides:
                for node in walk(side) if side is not None else ():
                    assert formula.span.start <= node.span.start <= node.span.end <= formula.span.end, show(node)


def test_the_lecture_chain_from_likelihood_to_bound() -> None:
    """Several displays of one document, read together: names seen in one decide the reading of another."""
    source = read_markdown(Path(__file__).with_name("chain.md").read_text(encoding="utf-8"))
    formulas = [formula for formula in parse_source(source) if formula.display]
    assert [show_formula(formula) for formula in formulas] == [
        "[We look for] theta^{<star>} = argmin{theta}[KL<D_{KL}>(P_{x} || P_{theta}(x))]",
        "[that is] ... = argmax{theta}[E{x ~ P_{x}}[log(P_{theta}(x))]]",
        "[The evidence is] L(theta) = log(int{z}[P_{theta}(x, z)]) = "
        "log(int{z}[(q(z | x) * (P_{theta}(x, z) / q(z | x)))])",
        "[With any critic,] E{q}[T(z)] <= log(E{q}[exp(T(z))])",
    ]
