"""What the text assumes is used inside its scope, and nowhere else."""

from __future__ import annotations

from checking import checked, words

MARKOV = r"q(z_1,z_2|x) = q(z_1|x)\,q(z_2|z_1)"
USES = r"\mathbb{E}_{q(z_1,z_2|x)}[\log q(z_1,z_2|x)] = \mathbb{E}_{q(z_1,z_2|x)}[\log q(z_1|x) + \log q(z_2|z_1)]"


def test_a_factorisation_stated_as_an_assumption_is_one() -> None:
    assert words(f"We assume the factorisation\n$${MARKOV}.$$\nThen\n$${USES}.$$\n") == ["assumed", "proved"]


def test_without_it_the_same_claim_is_refuted() -> None:
    assert words(f"$${USES}.$$\n") == ["refuted"]


def test_a_comment_may_state_it() -> None:
    comment = "<!-- jensen: assume q(z_1,z_2|x) = q(z_1|x) q(z_2|z_1) -->"
    assert words(f"{comment}\n\n$${USES}.$$\n") == ["proved"]


def test_an_assumption_does_not_reach_back() -> None:
    assert words(f"$${USES}.$$\n\nWe assume the factorisation\n$${MARKOV}.$$\n") == ["refuted", "assumed"]


def test_an_assumption_of_one_sentence_ends_with_it() -> None:
    posterior = r"q(z|x) = p(z|x)"
    tight = r"$\log p(x) = \mathbb{E}_{q(z|x)}\left[\log\frac{p(x,z)}{q(z|x)}\right]$"
    text = f"If ${posterior}$, then {tight}.\n\nIn general {tight}.\n"
    assert words(text) == ["assumed", "proved", "refuted"]


def test_the_product_rule_is_no_assumption() -> None:
    assert words(r"The joint is $$p(x,z) = p(x|z)\,p(z).$$") == ["proved"]


def test_a_claim_under_words_that_are_not_understood_is_not_refuted() -> None:
    (claim,) = checked(
        r"Whenever the stars are aligned, $\log p(x) = \mathbb{E}_{q(z|x)}\left[\log\frac{p(x,z)}{q(z|x)}\right]$."
    ).claims
    assert claim.verdict.word == "undecided"
    assert "the stars are aligned" in claim.verdict.message


def test_a_law_given_by_a_family_that_is_not_understood_blocks_refutations_about_it_alone() -> None:
    text = r"""
        Here $p = \mathcal{N}(0, \Sigma)$ on the plane.
        $$H(p(x)) = 2$$
        $$\mathbb{E}_{r(x)}[1] = 2$$
        """
    assert [c.verdict.word for c in checked(text).claims][1:] == ["undecided", "refuted"]


def test_a_special_case_chosen_in_passing_is_no_claim() -> None:
    text = r"""
        For $0<\alpha<1$ let
        $$R_\alpha := \frac{1}{1-\alpha}
        \log \mathbb{E}_{q(z)}\left[\left(\frac{p(x,z)}{q(z)}\right)^{1-\alpha}\right].$$
        At $\alpha = \tfrac12$ this is a Bhattacharyya bound.
        """
    assert "refuted" not in words(text)


def test_the_curvature_of_a_function_comes_from_the_words() -> None:
    claim = r"f(\mathbb{E}_{q(y)}[y]) \ge \mathbb{E}_{q(y)}[f(y)]"
    assert words(f"For every concave function $f$, $${claim}.$$") == ["proved"]
    assert words(f"For every convex function $f$, $${claim}.$$") == ["refuted"]
