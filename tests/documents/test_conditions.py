"""Conditions nobody mentioned are named; those that follow, or are stated, are not."""

from __future__ import annotations

import pytest
from checking import checked, only, open_kinds

DIVIDED = r"\int p(x,z)\,dz = \int q(z|x) \frac{p(x,z)}{q(z|x)}\,dz"
JENSEN = (
    r"\log \mathbb{E}_{q(z|x)}\left[\frac{p(x,z)}{q(z|x)}\right]"
    r" \ge \mathbb{E}_{q(z|x)}\left[\log \frac{p(x,z)}{q(z|x)}\right]"
)
BOUND = r"\log p(x) \ge \mathbb{E}_{q(z|x)}\left[\log \frac{p(x,z)}{q(z|x)}\right]"


def test_multiply_and_divide_needs_the_support_of_q_to_cover_the_joint() -> None:
    claim = only(f"$${DIVIDED}$$")
    assert claim.verdict.word == "proved"
    assert open_kinds(claim) == ["support"]
    assert "q(z|x) > 0" in claim.verdict.open_conditions[0].text


def test_the_condition_comes_with_a_world_where_the_claim_fails_without_it() -> None:
    required = only(f"$${DIVIDED}$$").verdict.open_conditions[0]
    assert required.witness is not None
    assert required.witness.left.lower != required.witness.right.lower or required.witness.right.exact == "undefined"


@pytest.mark.parametrize("claim", [JENSEN, BOUND])
def test_the_inequalities_need_no_support(claim: str) -> None:
    found = only(f"$${claim}$$")
    assert found.verdict.word == "proved"
    assert open_kinds(found) == []


def test_each_inequality_says_when_it_is_tight() -> None:
    assert only(f"$${JENSEN}$$").verdict.equality == "iff p(x,z)/q(z|x) is constant wherever q(z|x) > 0"
    assert only(f"$${BOUND}$$").verdict.equality == "iff q(z|x) = p(z|x), the posterior"


@pytest.mark.parametrize(
    "said",
    [
        "All densities are positive.",
        "We assume that all distributions are positive everywhere.",
        "<!-- jensen: positive -->",
    ],
)
def test_a_condition_the_text_states_is_not_open(said: str) -> None:
    (claim,) = checked(f"{said}\n\n$${DIVIDED}$$").claims
    assert claim.verdict.word == "proved"
    assert open_kinds(claim) == []


def test_a_denial_is_no_statement() -> None:
    (claim,) = checked(f"The densities need not be positive.\n\n$${DIVIDED}$$").claims
    assert open_kinds(claim) == ["support"]


def test_the_gap_needs_nothing_but_what_writing_the_posterior_presupposes() -> None:
    claim = only(
        r"$$\log p(x) - \mathbb{E}_{q(z|x)}[\log p(x,z) - \log q(z|x)] = D_{KL}(q(z|x) \| p(z|x))$$"
    )
    assert claim.verdict.word == "proved"
    assert open_kinds(claim) == []


def test_a_difference_that_may_be_infinite_minus_infinite_is_named_with_a_world() -> None:
    claim = only(
        r"$$\mathbb{E}_{q(z)}[\log p(z) - \log r(z)] = \mathbb{E}_{q(z)}[\log p(z)] - \mathbb{E}_{q(z)}[\log r(z)]$$"
    )
    assert claim.verdict.word == "proved"
    assert all(required.witness is not None for required in claim.verdict.open_conditions)


def test_a_supremum_that_is_reached_names_the_class() -> None:
    claim = only(r"$$\max_q \mathbb{E}_{q(z|x)}\left[\log \frac{p(x,z)}{q(z|x)}\right] = \log p(x)$$")
    assert claim.verdict.word == "proved"
    assert open_kinds(claim) == ["attained"]
