"""Inequalities and optima that every course on variational inference uses, written in several ways."""

from __future__ import annotations

import pytest
from checking import only, open_kinds

HOLD = (
    r"\int q(z) \log \frac{q(z)}{p(z)}\, dz \ge 0",
    r"\mathbb{E}_{q(z)}[\log q(z)] \ge \mathbb{E}_{q(z)}[\log p(z)]",
    r"\log p(x) \le \mathbb{E}_{p(z|x)}\left[\log \frac{p(x, z)}{q(z)}\right]",
    r"D_{KL}(r(x) \| p(x)) \le D_{KL}(r(x)\, q(z|x) \| p(x, z))",
    r"\log \frac{p(x) + r(x)}{2} \ge \frac{\log p(x) + \log r(x)}{2}",
    r"\log\left(\tfrac13 p(x) + \tfrac23 r(x)\right) \ge \tfrac13 \log p(x) + \tfrac23 \log r(x)",
    r"p(x, z) \ge 0",
)


@pytest.mark.parametrize("formula", HOLD)
def test_it_is_proved_without_a_condition_and_turned_round_refuted(formula: str) -> None:
    claim = only(f"$${formula}$$")
    assert claim.verdict.word == "proved"
    assert open_kinds(claim) == []
    turned = formula.replace(r"\le ", r"\GE ").replace(r"\ge ", r"\le ").replace(r"\GE ", r"\ge ")
    assert only(f"$${turned}$$").verdict.word == "refuted"


def test_divergences_of_independent_parts_add_up() -> None:
    """KL(q r ‖ p s) = KL(q ‖ p) + KL(r ‖ s), and not their difference or one of them."""
    whole = r"D_{KL}(q(z)\, r(y) \| p(z)\, s(y))"
    parts = r"D_{KL}(q(z) \| p(z)) + D_{KL}(r(y) \| s(y))"
    assert only(f"$${whole} = {parts}$$").verdict.word == "proved"
    assert only(f"$${whole} = {parts.replace('+', '-')}$$").verdict.word == "refuted"
    assert only(f"$${whole} = {parts.partition('+')[0]}$$").verdict.word == "refuted"


# ---------------------------------------------------------------- two values with a weight


def test_the_weight_of_a_mixture_lies_between_zero_and_one() -> None:
    claim = only(r"$$\log(\lambda p(x) + (1 - \lambda) r(x)) \ge \lambda \log p(x) + (1 - \lambda) \log r(x)$$")
    assert claim.verdict.word == "proved"
    assert [required.text for required in claim.verdict.open_conditions] == ["λ ≥ 0", "λ ≤ 1"]


@pytest.mark.parametrize(
    "formula",
    [
        r"\log\left(\tfrac13 p(x) + \tfrac13 r(x)\right) \ge \tfrac13 \log p(x) + \tfrac13 \log r(x)",
        r"\log\left(\tfrac12 p(x) + \tfrac12 r(x)\right) \ge \tfrac13 \log p(x) + \tfrac23 \log r(x)",
        r"\log\left(\tfrac12 p(x) + \tfrac12 r(x)\right) = \tfrac12 \log p(x) + \tfrac12 \log r(x)",
    ],
)
def test_weights_that_do_not_fit_are_refuted(formula: str) -> None:
    assert only(f"$${formula}$$").verdict.word == "refuted"


# ---------------------------------------------------------------- least divergence


@pytest.mark.parametrize("kind", [r"\min", r"\inf"])
def test_the_least_divergence_is_zero_and_reached_at_the_other_law(kind: str) -> None:
    claim = only(rf"$${kind}_q D_{{KL}}(q(z) \| p(z|x)) = 0$$")
    assert claim.verdict.word == "proved"
    assert [required.text for required in claim.verdict.open_conditions] == [
        "the class that is optimised over contains p(z|x)"
    ]


@pytest.mark.parametrize(
    "formula",
    [
        r"\inf_q D_{KL}(q(z) \| p(z|x)) = 1",
        r"\min_q D_{KL}(q(z) \| p(z)) = \log p(x)",
        r"\min_q \mathbb{E}_{q(z)}\left[\log \frac{q(z)}{p(x, z)}\right] = \log p(x)",
    ],
)
def test_another_value_of_the_least_divergence_is_refuted(formula: str) -> None:
    assert only(f"$${formula}$$").verdict.word == "refuted"


def test_what_is_least_is_not_what_is_greatest() -> None:
    assert only(r"$$\max_q D_{KL}(q(z) \| p(z|x)) = 0$$").verdict.word != "proved"
    bound = r"\mathbb{E}_{q(z)}\left[\log \frac{p(x, z)}{q(z)}\right]"
    assert only(rf"$$\inf_q {bound} = \log p(x)$$").verdict.word != "proved"
    assert only(rf"$$\sup_q {bound} = \log p(x)$$").verdict.word == "proved"
