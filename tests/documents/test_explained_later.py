"""Names that are used before the text says what they are, and laws that it singles out with a star."""

from __future__ import annotations

from checking import checked, only, words

BOUND = r"\mathcal{L}(q) = \mathbb{E}_{q(z)}[\log p(x, z) - \log q(z)]"


def test_where_explains_the_display_before_it() -> None:
    text = rf"$$\log p(x) = \mathcal{{L}}(q) + D_{{KL}}(q(z) \| p(z|x))$$ where ${BOUND}$."
    assert words(text) == ["proved", "assumed"]
    assert words(text.replace("+ D", "- D")) == ["refuted", "assumed"]


def test_a_comma_in_the_same_display_explains_too() -> None:
    text = rf"$$\log p(x) \ge \mathcal{{L}}(q), \qquad {BOUND}$$"
    assert words(text) == ["proved", "assumed"]


def test_a_definition_elsewhere_explains_nothing_before_it() -> None:
    text = rf"$$\log p(x) \ge \mathcal{{L}}(q)$$ So much for that. Now let us write ${BOUND}$."
    assert words(text) == ["undecided", "assumed"]


def test_a_value_at_a_starred_argument_is_no_definition() -> None:
    text = rf"$$\mathcal{{L}}(q^*) = \log p(x)$$ at $q^*(z) = p(z|x)$, where ${BOUND}$."
    assert words(text)[-1] == "assumed"
    assert checked(text).claims[-1].verdict.message.startswith(r"defines \mathcal{L}(q)")
    assert "refuted" not in words(text)


def test_the_first_equation_of_a_starred_law_says_what_it_is() -> None:
    reached = r"$$\mathbb{E}_{q^*(z)}[\log p(x, z) - \log q^*(z)] = \log p(x).$$"
    assert words(rf"The best one is $$q^*(z) = p(z|x)$$ and there {reached}") == ["assumed", "proved"]
    assert words(rf"The best one is $$q^*(z) = p(z)$$ and there {reached}") == ["assumed", "refuted"]


def test_what_is_said_of_a_starred_law_after_that_is_a_claim() -> None:
    assert words(r"$$q^*(z) = p(z|x)$$ and so $$q^*(z) = p(z)$$") == ["assumed", "refuted"]
    marginal = r"With data from $p^*$: $$p^*(x) = \int p^*(x, z)\, dz$$ $$p^*(x) = \int p^*(z | x)\, dz$$"
    assert words(marginal) == ["proved", "refuted"]


def test_an_optimum_over_laws_of_a_class() -> None:
    best = r"\arg\min_{q(z) \in \mathcal{Q}} KL(q(z) \| p(z|x)) = \arg\max_{q \in \mathcal{Q}} \mathcal{L}(q)"
    text = rf"$$q^*(z) = {best}$$"
    assert words(rf"{text} where ${BOUND}$.") == ["assumed", "proved", "assumed"]
    wrong = text.replace(r"\arg\max", r"\arg\min")
    assert words(rf"{wrong} where ${BOUND}$.") == ["assumed", "undecided", "assumed"]


def test_a_parameter_behind_the_bar_is_understood_where_it_is_left_out() -> None:
    text = r"$$\log p(x|\theta) = E_{q(z)}\left[\log\frac{p(x, z|\theta)}{q(z)}\right] + KL(q(z) \| p(z|x))$$"
    claim = only(text)
    assert claim.verdict.word == "proved"
    assert "KL(q(z) ‖ p_θ(z|x))" in claim.text


def test_a_conclusion_about_a_starred_law_explains_nothing() -> None:
    assert words(r"Hence $$q^*(z) = p(z|x).$$") == ["undecided"]
    assert words(r"With data from $p^*(x)$, the claim is that $$p^*(x) = p(x).$$") == ["refuted"]
    assert words(r"Here $p^*(x)$ is the truth. $$p^*(x) = p(x)$$") == ["refuted"]


def test_nothing_that_rests_on_an_optimum_is_refuted() -> None:
    chosen = r"$$q^*(z) = \arg\min_q KL(q(z) \| p(z|x)) = \arg\max_q \mathbb{E}_{q(z)}[\log p(x, z) - \log q(z)]$$"
    reached = r"$$\mathbb{E}_{q^*(z)}[\log p(x, z) - \log q^*(z)] = \log p(x)$$"
    assert words(f"{chosen} {reached}") == ["assumed", "proved", "undecided"]
