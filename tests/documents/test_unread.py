"""What cannot be read is said with its place and a reason, and the rest of the document is still checked."""

from __future__ import annotations

import pytest
from checking import checked

GOOD = r"$$p(x) = \int p(x,z)\,dz$$"

UNREADABLE = {
    "unbalanced brace": r"$$\log p(x) = \frac{1}{2 \log p(x)$$",
    "unbalanced bracket": r"$$\log p(x) = \mathbb{E}_{q(z)}[\log p(x,z)$$",
    "nothing on the right": r"$$\log p(x) =$$",
    "two operators": r"$$\log p(x) = + \cdot \log p(x)$$",
    "a matrix": r"$$p(x) = \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}$$",
    "cases": r"$$p(x) = \begin{cases} 1 & x > 0 \\ 0 & x \le 0 \end{cases}$$",
    "a part of the space": r"$$p(x) = \int_0^1 p(x,z)\,dz$$",
    "a conditional expectation": r"$$\mathbb{E}_{q(z)}[z \mid x] = 1$$",
    "a law that draws something else": r"$$D_{KL}(q(z) \| p(x)) = 0$$",
}


@pytest.mark.parametrize("formula", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_the_rest_is_checked_and_the_place_is_given(formula: str) -> None:
    document = checked(f"{GOOD}\n\n{formula}\n\n{GOOD}\n")
    assert document.claims[0].verdict.word == "proved"
    assert document.claims[-1].verdict.word == "proved"
    middle = document.claims[1:-1]
    assert middle, "the formula has disappeared"
    for claim in middle:
        assert claim.verdict.word in ("unread", "undecided")
        assert claim.verdict.message
        assert claim.place.line == 3


def test_the_caret_stands_under_what_was_not_understood() -> None:
    document = checked(r"$$p(x) = \int_0^1 p(x,z)\,dz$$")
    (claim,) = document.claims
    excerpt = claim.verdict.notes[-1].splitlines()
    line = next(i for i, text in enumerate(excerpt) if r"\int_0^1" in text)
    assert excerpt[line + 1].index("^") == excerpt[line].index(r"\int_0^1")


def test_an_unknown_macro_is_a_warning_and_a_name() -> None:
    document = checked(r"$$\foo(x) = \int \foo(x,z)\,dz$$")
    assert any("foo" in trouble.message for trouble in document.troubles)
    assert len(document.claims) == 1


def test_no_part_of_a_formula_is_dropped() -> None:
    r"""A decoration that is not understood may not vanish: p̃ is another law than p."""
    (claim,) = checked(r"$$\tilde p(x) = \int p(x,z)\,dz$$").claims
    assert claim.verdict.word != "proved"


@pytest.mark.parametrize(
    "mistake",
    [
        r"$$\log p(x) = \log \int 2\, p(x,z)\,dz$$",
        r"$$\log p(x) = \log \int p(x,z)\,dz + 1$$",
        r"$$\log p(x) = \log \int p(x,z)^2\,dz$$",
        r"$$\log p(x) = -\log \int p(x,z)\,dz$$",
        r"$$\log p(x) = \log \int p(x,z')\,dz$$",
    ],
)
def test_small_additions_count(mistake: str) -> None:
    (claim,) = checked(mistake).claims
    assert claim.verdict.word != "proved"
