"""Entropies and informations of random variables, and "definitions" of what has a meaning already."""

from __future__ import annotations

import pytest
from checking import only, words

LAWS = "Let $p(x, z)$ be a joint density."


@pytest.mark.parametrize(
    "claim",
    [
        r"H(X, Z) = H(X) + H(Z|X)",
        r"I(X; Z) = H(X) - H(X|Z)",
        r"I(X; Z) = H(X) + H(Z) - H(X, Z)",
        r"I(X; Z) \ge 0",
        r"I(X; Z) = \mathbb{E}_{p(x)}[D_{KL}(p(z|x) \| p(z))]",
        r"H(X) = -\int p(x) \log p(x)\, dx",
    ],
)
def test_true_ones(claim: str) -> None:
    assert words(f"{LAWS} $${claim}$$") == ["proved"]


@pytest.mark.parametrize(
    "claim",
    [
        r"H(X, Z) = H(X) + H(Z)",
        r"I(X; Z) = H(X) - H(Z|X)",
        r"I(X; Z) = H(X) + H(Z) + H(X, Z)",
        r"I(X; Z) = \mathbb{E}_{p(x)}[D_{KL}(p(z) \| p(z|x))]",
        r"H(X) = \int p(x) \log p(x)\, dx",
    ],
)
def test_false_ones(claim: str) -> None:
    assert words(f"{LAWS} $${claim}$$") == ["refuted"]


def test_random_variables_without_a_named_law() -> None:
    assert words(r"$$I(X; Y) = H(X) + H(Y) - H(X, Y)$$") == ["proved"]
    assert words(r"$$I(X; Y | Z) = H(X | Z) - H(X | Y)$$") == ["refuted"]


def test_the_law_below_says_whose_information_it_is() -> None:
    assert words(r"With $q(z|x)$ and $p(x,z)$: $$I_q(x; z) = \mathbb{E}_{q(x)}[KL(q(z|x) \| q(z))]$$") == ["proved"]


def test_which_law_is_not_guessed() -> None:
    claim = only(r"$$KL(p(x) \| q(x)) = -H(X) - \int p(x) \log q(x)\, dx$$")
    assert claim.verdict.word == "unread"
    assert "from which law x are drawn is not said" in claim.verdict.message


def test_cross_entropy() -> None:
    assert words(r"$$H(p, q) = H(p) + KL(p \| q)$$ for densities $p(x)$, $q(x)$.") == ["proved"]
    assert words(r"$$H(p, q) = H(q) + KL(p \| q)$$ for densities $p(x)$, $q(x)$.") == ["refuted"]


def test_independence_that_is_only_spoken_of_refutes_nothing() -> None:
    assert words(f"{LAWS} For independent $X$ and $Z$ everything adds: $H(X, Z) = H(X) + H(Z)$.") == ["undecided"]


@pytest.mark.parametrize("sign", [":=", r"\triangleq", r"\equiv"])
def test_what_has_a_meaning_is_not_defined_again(sign: str) -> None:
    right, wrong = r"\int q(z) \log\frac{q(z)}{p(z)}\, dz", r"\int q(z) \log\frac{p(z)}{q(z)}\, dz"
    assert words(rf"$$D_{{KL}}(q(z) \| p(z)) {sign} {right}$$") == ["proved"]
    assert words(rf"$$D_{{KL}}(q(z) \| p(z)) {sign} {wrong}$$") == ["refuted"]
    assert words(rf"$$p(x) {sign} \int p(x|z)\, dz$$") == ["refuted"]


def test_a_law_made_of_another_is_what_the_text_says() -> None:
    mixture = r"$$q(z) := \int r(x) q(z|x)\, dx$$"
    assert words(rf"{mixture} $$H(q(z)) = -\int q(z)\log q(z)\, dz$$ $$q(x) = r(x)$$")[:2] == ["assumed", "proved"]
    assert "refuted" not in words(rf"{mixture} $$q(x) = r(x)$$")
