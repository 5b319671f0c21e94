"""p beside p_θ: one law whose parameter is understood, or two laws.  Where both may be, both must agree."""

from __future__ import annotations

import pytest
from checking import checked, only, words

GAP = r"$$\arg\max_\theta E_{p(x)}[\log p_\theta(x)] = \arg\min_\theta D_{KL}(p(x) \| p_\theta(x))$$"
EITHER = r"""
$$p_\theta(x) = \int p_\theta(x, z)\, dz$$

$$\log p_\theta(x, z) = \log p(x) + \log p(z|x)$$
"""


def test_two_laws_where_one_formula_writes_both_of_the_same_arguments() -> None:
    assert words(GAP) == ["proved"]
    assert words(r"$$D_{KL}(p(x) \| p_\theta(x)) = 0$$") == ["refuted"]
    assert words(r"$$D_{KL}(p \| p_\theta) = 0$$ where $p(x)$ is the data.") == ["refuted"]


def test_one_law_where_the_arguments_differ() -> None:
    bound = r"$$\log p_\theta(x) \ge E_{q(z|x)}[\log p_\theta(x|z)] - D_{KL}(q(z|x) \| p(z))$$"
    assert words(bound) == ["proved"]


def test_where_it_may_be_either_the_verdict_is_that_of_both() -> None:
    agreed = EITHER.replace(r"\log p_\theta(x, z) = \log p(x)", r"\log p(x, z) = \log p(x)")
    assert words(agreed) == ["proved", "proved"]
    claim = checked(EITHER).claims[1]
    assert claim.verdict.word == "undecided"
    assert "<!-- jensen: same p -->" in claim.verdict.message


@pytest.mark.parametrize(("said", "verdict"), [("same", "proved"), ("distinct", "refuted")])
def test_a_comment_settles_it(said: str, verdict: str) -> None:
    assert words(f"<!-- jensen: {said} p -->\n{EITHER}") == ["proved", verdict]


def test_both_are_printed_as_the_author_writes_them() -> None:
    claim = only(GAP)
    assert claim.text == "argmax_θ E_{p(x)}[log p_θ(x)] = argmin_θ KL(p(x) ‖ p_θ(x))"
    assert (claim.lhs + claim.rhs).count("p(x)") == 2
