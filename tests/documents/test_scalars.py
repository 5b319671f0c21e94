"""Scalars that are added: their sign is a condition, unless the text says it, beside the step or before it."""

from __future__ import annotations

import pytest
from checking import checked, only, open_kinds, words


def last(text: str):  # type: ignore[no-untyped-def]
    return checked(text).claims[-1]


def test_the_sign_of_what_is_added_is_a_condition() -> None:
    claim = only(r"$$\log p(x) + \beta \ge \log p(x)$$")
    assert claim.verdict.word == "proved"
    assert [required.text for required in claim.verdict.open_conditions] == ["β ≥ 0"]
    assert words(r"$$\log p(x) + 2 \ge \log p(x) + 3$$") == ["refuted"]


@pytest.mark.parametrize("said", [r"Let $\beta \ge 0$.", r"Let $\beta > 1$."])
def test_what_the_text_says_of_it_settles_the_condition(said: str) -> None:
    claim = last(f"{said}\n\n$$\\log p(x) + \\beta \\ge \\log p(x)$$\n")
    assert claim.verdict.word == "proved"
    assert open_kinds(claim) == []
    assert last(f"{said}\n\n$$\\log p(x) - \\beta \\ge \\log p(x)$$\n").verdict.word == "refuted"


def test_a_product_is_settled_by_factors_that_are_not_negative_and_by_no_others() -> None:
    formula = r"$$\log p(x) + a b \ge \log p(x)$$"
    assert open_kinds(last("Let $a \\ge 0$. Let $b \\ge 2$.\n\n" + formula)) == []
    assert open_kinds(last("Let $a \\ge -1$. Let $b \\ge -2$.\n\n" + formula)) == ["range"]


REASON = r"""
$$
\begin{aligned}
\log p(x) + \beta \delta &\geq \log p(x) && \text{because } SAID
\end{aligned}
$$
"""


def test_a_reason_beside_a_row_says_it_for_that_row() -> None:
    claim = last(REASON.replace("SAID", r"\beta, \delta \geq 0"))
    assert claim.verdict.word == "proved"
    assert open_kinds(claim) == []
    other = last(REASON.replace("SAID", r"\beta, \delta \geq 0") + "\n$$\\log p(x) + \\beta \\ge \\log p(x)$$\n")
    assert open_kinds(other) == ["range"]


@pytest.mark.parametrize(
    "said", [r"1 - \beta \geq 0", r"2 \beta \geq 0", r"\beta \geq 0 + \delta", r"0 \leq \beta \delta"]
)
def test_a_reason_in_another_form_says_no_range_and_excuses_what_may_rest_on_it(said: str) -> None:
    claim = last(REASON.replace("SAID", said).replace(r"\beta \delta &", r"\beta &"))
    assert claim.verdict.word != "refuted"
    assert claim.verdict.word != "proved" or open_kinds(claim) == ["range"]


def test_a_reason_about_a_divergence_does_not_excuse_a_false_step() -> None:
    text = REASON.replace(r"+ \beta \delta &", r"- D_{KL}(q(z) \| p(z)) &")
    assert last(text.replace("SAID", r"D_{KL} \geq 0")).verdict.word == "refuted"


# ---------------------------------------------------------------- other ways of writing


def test_dots_on_both_sides_of_a_divergence_stand_for_what_the_law_draws_elsewhere() -> None:
    document = checked(
        r"""
        $$\log p(x) - \mathbb{E}_{z \sim q(\cdot|x)}\left[\log \frac{p(x, z)}{q(z|x)}\right]
          = D_{KL}(q(\cdot|x) \| p(\cdot|x))$$
        """
    )
    assert document.claims[-1].verdict.word == "proved"


def test_what_is_substituted_holds_for_its_sentence() -> None:
    document = checked(
        r"""
        We substitute $q(z) = p(z|x)$ and find $D_{KL}(q(z) \| p(z|x)) = 0$.

        That was a special case. For other laws it is not so, and this is false: $D_{KL}(q(z) \| p(z|x)) = 0$.
        """
    )
    assumed, inside, outside = (claim.verdict.word for claim in document.claims)
    assert (assumed, outside) == ("assumed", "refuted")
    assert inside != "refuted"
