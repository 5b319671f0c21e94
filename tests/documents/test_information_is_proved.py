"""Inequalities between informations that need one Gibbs after integrals have been taken as one."""

from __future__ import annotations

import pytest

from verify.documents import check_text

PROVED = (
    r"\mathbb{E}_{p(z)}[H(p(x|z))] \le H(p(x))",
    r"D_{KL}(p(x,z) \| q(x,z)) \ge D_{KL}(p(x) \| q(x))",
    r"\mathbb{E}_{p(x)}[D_{KL}(p(z|x) \| p(z))] \le \mathbb{E}_{p(x)}[D_{KL}(p(z|x) \| r(z))]",
    r"H(p(x,z)) \le H(p(x)) + H(p(z))",
)


@pytest.mark.parametrize("formula", PROVED)
def test_a_true_inequality_is_proved_and_the_turned_one_refuted(formula: str) -> None:
    (claim,) = check_text(f"$${formula}$$", "notes.md").claims
    assert claim.verdict.word == "proved"
    turned = formula.replace(r"\le", r"\GE").replace(r"\ge", r"\le").replace(r"\GE", r"\ge")
    (claim,) = check_text(f"$${turned}$$", "notes.md").claims
    assert claim.verdict.word == "refuted"


def test_the_order_of_integration_is_a_condition_where_it_is_changed() -> None:
    (claim,) = check_text(f"$${PROVED[0]}$$", "notes.md").claims
    assert {required.condition.kind for required in claim.verdict.open_conditions} == {"exchange"}
