"""The bound of Donsker and Varadhan, log t ≤ t − 1, and the steps of their usual proofs."""

from __future__ import annotations

import pytest
from checking import checked, only, open_kinds, words

HOLD = (
    r"D_{KL}(p(x) \| q(x)) \ge \mathbb{E}_{p(x)}[T(x)] - \log \mathbb{E}_{q(x)}[e^{T(x)}]",
    r"\log \mathbb{E}_{q(x)}[e^{T(x)}] \ge \mathbb{E}_{p(x)}[T(x)] - D_{KL}(p(x) \| q(x))",
    r"I(X;Y) \ge \mathbb{E}_{p(x,y)}[T(x,y)] - \log \mathbb{E}_{p(x) p(y)}[e^{T(x,y)}]",
    r"\log p(x) \le p(x) - 1",
    r"\mathbb{E}_{q(z)}\left[\log \frac{p(z)}{q(z)}\right] \le \mathbb{E}_{q(z)}\left[\frac{p(z)}{q(z)} - 1\right]",
)


@pytest.mark.parametrize("formula", HOLD)
def test_the_bound_is_proved_and_as_an_equation_refuted(formula: str) -> None:
    assert only(f"$${formula}$$").verdict.word == "proved"
    equation = formula.replace(r"\ge ", "= ").replace(r"\le ", "= ")
    assert only(f"$${equation}$$").verdict.word == "refuted"


def test_a_mean_of_weights_less_one_is_zero_where_the_support_suffices() -> None:
    claim = only(r"$$\mathbb{E}_{q(z)}\left[\frac{p(z)}{q(z)} - 1\right] = 0$$")
    assert claim.verdict.word == "proved"
    assert open_kinds(claim) == ["support"]
    assert only(r"$$\mathbb{E}_{q(z)}\left[\frac{p(z)}{q(z)} - 1\right] = 1$$").verdict.word == "refuted"


def test_the_masses_of_two_laws_cancel() -> None:
    assert words(r"$$\int (p(z) - q(z))\, dz = 0$$") == ["proved"]
    assert words(r"$$\int (p(z) + q(z))\, dz = 0$$") == ["refuted"]


# ---------------------------------------------------------------- reading


def test_a_plain_d_with_two_bars_is_kl_and_with_a_comma_it_is_not() -> None:
    (information, _) = checked(r"$$I(X;Y) = D(p(x,y) \| p(x) p(y)) = D_{KL}(p(x,y) \| p(x) p(y))$$").claims
    assert information.verdict.word == "proved"
    assert words(r"$$D_\alpha(p(x) \| q(x)) \ge 0$$") == ["unread"]
    assert words(r"$$D(p, q) \ge 0$$") != ["proved"]


def test_a_function_without_arguments_has_those_of_the_law_it_is_averaged_under() -> None:
    document = checked(
        r"""
        Let $T$ be a function, used as $T(x) \ge T(x)$ and as $T(x, y) \ge T(x, y)$.

        $$D_{KL}(p(x) \| q(x)) \ge \mathbb{E}_{p(x)}[T] - \log \mathbb{E}_{q(x)}[e^T]$$
        """
    )
    assert document.claims[-1].verdict.word == "proved"


def test_a_law_whose_density_is_a_defined_name_is_not_taken_for_another_law() -> None:
    """G is the law with density g, not one that has nothing to do with it."""
    document = checked(
        r"""
        $$g(x) := \frac{q(x) e^{T(x)}}{\mathbb{E}_{q(x)}[e^{T(x)}]}$$

        $$\mathbb{E}_{p(x)}\left[\log \frac{p(x)}{g(x)}\right] = D_{KL}(P \| G)$$
        """
    )
    assert document.claims[-1].verdict.word in ("unread", "proved")


def test_a_d_that_the_text_defines_in_its_own_way_is_not_taken_for_kl() -> None:
    document = checked(
        r"""
        Let $D(p(x) \| q(x)) := \int \frac{p(x)^2}{q(x)}\, dx - 1$ be another divergence.

        $$D(p(x) \| q(x)) = \int \frac{(p(x) - q(x))^2}{q(x)}\, dx$$
        """
    )
    assert {claim.verdict.word for claim in document.claims} <= {"unread", "assumed", "undecided"}


def test_a_d_that_the_text_defines_as_kl_is_kl() -> None:
    document = checked(r"Let $D(p(x) \| q(x)) := \int p(x) \log \frac{p(x)}{q(x)}\, dx$. Then $D(p(x) \| q(x)) \ge 0$.")
    assert [claim.verdict.word for claim in document.claims] == ["proved", "proved"]
