"""What names are used as decides how they are read; declarations overrule it."""

from __future__ import annotations

import pytest

from derive.reading.parser import Declarations, parse_formula, parse_source, survey_source
from derive.reading.show import show_formula
from derive.reading.sources import read_markdown


@pytest.mark.parametrize(
    ("text", "laws"),
    [
        ("$r(z|x)$", {"r"}),
        (r"$\pi(a \mid s)$", {"pi"}),
        (r"$KL(r\|s)$", {"r", "s"}),
        (r"$z \sim r$", {"r"}),
        (r"$\mathbb{E}_{x \sim \mu}[f]$", {"mu"}),
        (r"$\mathbb{E}_{r(z)}[f]$", {"r"}),
        (r"$p(x)$", {"p"}),
        (r"$H(X|Y) + I(X;Y|Z)$", set()),
        (r"$D(\lambda p_1 + (1-\lambda) p_2 \| q)$", {"q"}),
        (r"$|a| b$", set()),
    ],
)
def test_laws_show_by_their_use(text: str, laws: set[str]) -> None:
    assert survey_source(read_markdown(text)).laws == laws


@pytest.mark.parametrize(
    ("text", "functions"),
    [
        ("$T(x)$", {"T"}),
        (r"$\varphi(X, Y)$", {"varphi"}),
        (r"$\lambda(a+b)$", set()),
        (r"$n(n-1)$", set()),
        (r"$2(x)$", set()),
    ],
)
def test_functions_show_by_their_use(text: str, functions: set[str]) -> None:
    assert survey_source(read_markdown(text)).functions == functions


def test_indices_show_by_their_use() -> None:
    survey = survey_source(read_markdown(r"$\sum_{i=1}^n a_i + \sum_k b_k + \sum_z p(z)$"))
    assert survey.indices == {"i", "k"}


def test_one_formula_decides_for_another() -> None:
    text = r"$T(x)$ is a function: $a T(x + 1)$. But $b(x + 1)$."
    formulas = parse_source(read_markdown(text))
    shown = [show_formula(formula).rsplit("] ", 1)[-1] for formula in formulas]
    assert shown == ["T(x)", "(a * T((x + 1)))", "(b * (x + 1))"]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (Declarations(), "(c * (x + 1))"),
        (Declarations(functions=frozenset({"c"})), "c((x + 1))"),
        (Declarations(laws=frozenset({"c"})), "c((x + 1))"),
    ],
)
def test_declarations_overrule(declared: Declarations, expected: str) -> None:
    assert show_formula(parse_formula("c(x + 1)", declared)) == expected


def test_a_declared_scalar_is_never_applied() -> None:
    assert show_formula(parse_formula("p(x) + q(x)", Declarations(scalars=frozenset({"p"})))) == "((p * x) + q(x))"


def test_a_declared_index_is_no_power() -> None:
    assert show_formula(parse_formula("x^n")) == "(x ^ n)"
    assert show_formula(parse_formula("x^n", Declarations(indices=frozenset({"n"})))) == "x^{n}"


def test_a_lone_capital_c_is_a_constant_only_if_it_is_nothing_else() -> None:
    assert show_formula(parse_formula("a + C")) == "(a + const(C))"
    assert show_formula(parse_formula("a + C = C b")) == "(a + C) = (C * b)"
