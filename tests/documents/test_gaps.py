"""Inequalities in which a multiple of KL is left out, alone or beside another inequality."""

from __future__ import annotations

import pytest
from checking import checked, only, open_kinds, words

RECONSTRUCTION = r"\mathbb{E}_{q(z|x)}[\log p(x|z)]"
PENALTY = r"D_{KL}(q(z|x) \| p(z))"
DEEPER = r"\mathbb{E}_{q(z|x)}[D_{KL}(r(y|z) \| s(y|z))]"

HOLD = (
    rf"{RECONSTRUCTION} - 4 {PENALTY} \le {RECONSTRUCTION} - {PENALTY}",
    rf"{RECONSTRUCTION} - 4 {PENALTY} \le \log p(x)",
    rf"{RECONSTRUCTION} - {PENALTY} \le {RECONSTRUCTION} - \tfrac12 {PENALTY}",
    rf"\mathbb{{E}}_{{p(x)}}[{RECONSTRUCTION} - 4 {PENALTY}] \le \mathbb{{E}}_{{p(x)}}[{RECONSTRUCTION} - {PENALTY}]",
    rf"\log p(x) \ge {RECONSTRUCTION} - 2 {PENALTY} - {DEEPER}",
    rf"\log p(x) + {DEEPER} \ge {RECONSTRUCTION} - {PENALTY}",
    rf"{PENALTY} + 3 {DEEPER} \ge 0",
    r"\int q(z) (\log q(z) - \log p(z))\, dz \ge 0",
)


@pytest.mark.parametrize("formula", HOLD)
def test_it_is_proved_and_turned_round_it_is_refuted(formula: str) -> None:
    claim = only(f"$${formula}$$")
    assert claim.verdict.word == "proved"
    assert claim.verdict.equality is not None
    turned = formula.replace(r"\le ", r"\GE ").replace(r"\ge ", r"\le ").replace(r"\GE ", r"\ge ")
    assert only(f"$${turned}$$").verdict.word == "refuted"


@pytest.mark.parametrize(
    "formula",
    [
        rf"{RECONSTRUCTION} - \tfrac12 {PENALTY} \le \log p(x)",
        rf"{RECONSTRUCTION} - {PENALTY} + {DEEPER} \le \log p(x)",
        rf"{PENALTY} - {DEEPER} \ge 0",
        rf"{RECONSTRUCTION} - 4 {PENALTY} \ge {RECONSTRUCTION} - 5 {PENALTY} + \tfrac1{{10}}",
    ],
)
def test_too_little_or_the_wrong_thing_left_out_is_refuted(formula: str) -> None:
    assert only(f"$${formula}$$").verdict.word == "refuted"


def test_each_gap_is_named_where_the_bound_is_tight() -> None:
    claim = only(rf"$${RECONSTRUCTION} - 4 {PENALTY} \le \log p(x)$$")
    assert claim.verdict.equality == "iff q(z|x) = p(z|x), the posterior; and q(z|x) = p(z)"


# ---------------------------------------------------------------- a factor that is a parameter

WEIGHTED = rf"{RECONSTRUCTION} - \beta {PENALTY}"


def test_the_range_of_a_factor_is_a_condition_with_a_witness_outside_it() -> None:
    claim = only(rf"$${WEIGHTED} \le \log p(x)$$")
    assert claim.verdict.word == "proved"
    (needed,) = (r for r in claim.verdict.open_conditions if r.condition.kind == "range")
    assert needed.text == "β ≥ 1"
    assert needed.witness is not None


@pytest.mark.parametrize("said", [r"Let $\beta \ge 1$.", r"For $\beta > 1$,", r"Assume $\beta \ge 2$."])
def test_a_range_that_the_text_states_is_no_open_condition(said: str) -> None:
    document = checked(f"{said}\n\n$${WEIGHTED} \\le {RECONSTRUCTION} - {PENALTY}$$\n")
    claim = document.claims[-1]
    assert claim.verdict.word == "proved"
    assert open_kinds(claim) == []


@pytest.mark.parametrize("said", [r"Let $\beta \ge \tfrac12$.", r"Let $0 < \beta < 1$."])
def test_a_range_that_does_not_suffice_is_no_excuse(said: str) -> None:
    assert words(f"{said}\n\n$${WEIGHTED} \\le \\log p(x)$$\n")[-1] != "proved" or "range" in open_kinds(
        checked(f"{said}\n\n$${WEIGHTED} \\le \\log p(x)$$\n").claims[-1]
    )


def test_a_factor_with_the_wrong_sign_is_refuted_not_excused_by_a_range() -> None:
    assert words(rf"$${RECONSTRUCTION} + \beta {PENALTY} \le \log p(x)$$") == ["refuted"]
