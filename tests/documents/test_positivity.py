"""Where the text says that a law is positive: everywhere, wherever another law is, or only in words that deny it."""

from __future__ import annotations

import pytest
from checking import checked, open_kinds

STEP = r"""

$$\log p(x) = \log \int q(z|x) \frac{p(x, z)}{q(z|x)}\, dz$$
"""


@pytest.mark.parametrize(
    "said",
    [
        r"Let $q(z|x) > 0$.",
        r"Assume that $q(z|x) > 0$ for all $z$.",
        r"Let $q$ be a law with $q(z|x) > 0$.",
        r"We choose $q(z|x) > 0$ everywhere.",
        r"Suppose that $q(z|x) > 0$ whenever $p(x, z) > 0$.",
        r"This needs $q(z|x) > 0$ for all $z$ with $p(x, z) > 0$.",
        r"Suppose that $q(z|x) > 0$ wherever $p(z) > 0$.",  # where p(x, z) > 0, p(z) is
    ],
)
def test_what_the_text_says_is_no_open_condition(said: str) -> None:
    *assumed, claim = checked(said + STEP).claims
    assert claim.verdict.word == "proved"
    assert open_kinds(claim) == []
    conditions = [required.condition for required in claim.verdict.conditions]
    assert {condition.status for condition in conditions if condition.kind == "support"} == {"stated"}
    assert {other.verdict.word for other in assumed} == {"assumed"}


@pytest.mark.parametrize(
    "said",
    [
        "",
        r"We do not assume that $q(z|x) > 0$.",
        r"One is usually told “assume $q(z|x) > 0$”.",
        r"Suppose that $q(z|x) > 0$ wherever $r(z) > 0$.",
        r"Suppose that $q(z|x) > 0$ wherever $p(x, y, z) > 0$.",  # p(x, z) may be positive where this is not
        r"Let $r(z|x) > 0$.",
    ],
)
def test_what_does_not_suffice_leaves_the_condition_open(said: str) -> None:
    claim = checked(said + STEP).claims[-1]
    assert claim.verdict.word == "proved"
    assert open_kinds(claim) == ["support"]


def test_it_holds_to_the_end_of_its_section() -> None:
    text = r"# One" + "\n\n" + r"Let $q(z|x) > 0$." + STEP + "\n# Two\n" + STEP
    (_, inside, outside) = checked(text).claims
    assert open_kinds(inside) == []
    assert open_kinds(outside) == ["support"]


def test_that_a_law_has_mass_one_is_no_condition() -> None:
    document = checked(
        r"""
        Let $Q$ be a distribution, with $Q(z) > 0$ and $\sum_z Q(z) = 1$. Then

        $$\sum_z Q(z) \log Q(z) = \sum_z \log Q(z)$$
        """
    )
    assert [claim.verdict.word for claim in document.claims] == ["assumed", "assumed", "refuted"]
