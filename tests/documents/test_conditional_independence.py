"""What a factorisation says about independence is proved, what it does not say is refuted."""

from __future__ import annotations

import pytest
from checking import checked

CHAIN = r"Assume $p(x, z_1, z_2) = p(z_2)\, p(z_1|z_2)\, p(x|z_1)$."
FOLLOWS = (
    "p(z_2|z_1, x) = p(z_2|z_1)",
    "p(x|z_1, z_2) = p(x|z_1)",
    r"p(x, z_2|z_1) = p(x|z_1)\, p(z_2|z_1)",
)
DOES_NOT = (
    "p(z_1|z_2, x) = p(z_1|z_2)",
    "p(x|z_2) = p(x)",
    "p(x|z_1, z_2) = p(x|z_2)",
    r"p(x, z_1|z_2) = p(x|z_2)\, p(z_1|z_2)",
)


@pytest.mark.parametrize("formula", FOLLOWS)
def test_what_follows_is_proved_and_without_the_hypothesis_refuted(formula: str) -> None:
    assert checked(f"{CHAIN}\n\n$${formula}$$\n").claims[-1].verdict.word == "proved"
    assert checked(f"$${formula}$$\n").claims[-1].verdict.word == "refuted"


@pytest.mark.parametrize("formula", DOES_NOT)
def test_what_does_not_follow_is_refuted_where_the_hypothesis_holds(formula: str) -> None:
    assert checked(f"{CHAIN}\n\n$${formula}$$\n").claims[-1].verdict.word == "refuted"


def test_the_second_layer_may_be_left_out() -> None:
    """E_q(z₁|x)[log p(x|z₁)] − KL(q(z₁|x) ‖ p(z₁)) exceeds the bound by a mean of KL(q(z₂|z₁) ‖ p(z₂|z₁))."""
    document = checked(
        r"""
        Assume $p(x, z_1, z_2) = p(z_2)\, p(z_1|z_2)\, p(x|z_1)$ and $q(z_1, z_2|x) = q(z_1|x)\, q(z_2|z_1)$.

        $$\mathbb{E}_{q(z_1, z_2|x)}\Big[\log \frac{p(x, z_1, z_2)}{q(z_1, z_2|x)}\Big]
          \le \mathbb{E}_{q(z_1|x)}[\log p(x|z_1)] - D_{KL}(q(z_1|x) \| p(z_1)) \le \log p(x)$$
        """
    )
    assert [claim.verdict.word for claim in document.claims[-2:]] == ["proved", "proved"]
