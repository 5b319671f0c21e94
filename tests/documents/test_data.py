r"""Sums over data: \sum_i of terms in x^{(i)}, with latent variables and variational laws of each example."""

from __future__ import annotations

import pytest
from checking import checked, open_kinds

from derive.claims import Claim, OneExample
from derive.reading.meaning.document import read_document
from derive.reading.sources import read_markdown

DEFINED = r"Let $\ell(\theta) := \sum_{i=1}^N \log p_\theta(x^{(i)})$."
BOUND = (
    r"\sum_{i=1}^N \mathbb{E}_{q_\phi(z|x^{(i)})}\left[\log \frac{p_\theta(x^{(i)}, z)}{q_\phi(z|x^{(i)})}\right]"
)
SPLIT = (
    r"\sum_{i=1}^N \left(\mathbb{E}_{q_\phi(z|x^{(i)})}[\log p_\theta(x^{(i)}|z)]"
    r" - D_{KL}(q_\phi(z|x^{(i)}) \| p_\theta(z))\right)"
)
GAPS = r"\sum_{i=1}^N D_{KL}(q_\phi(z|x^{(i)}) \| p_\theta(z|x^{(i)}))"
EVIDENCE = r"\sum_{i=1}^N \log p_\theta(x^{(i)})"


def word(formula: str) -> str:
    return checked(f"{DEFINED}\n\n$${formula}$$\n").claims[-1].verdict.word


@pytest.mark.parametrize(
    "formula",
    [
        rf"{EVIDENCE} \ge {BOUND}",
        r"\ell(\theta) = \sum_{i=1}^N \log \int p_\theta(x^{(i)}, z)\, dz",
        rf"{BOUND} = {SPLIT}",
        rf"\ell(\theta) - {BOUND} = {GAPS}",
        rf"\frac1N {EVIDENCE} \ge \frac1N {BOUND}",
    ],
)
def test_what_holds_of_every_example_is_proved_of_their_sum(formula: str) -> None:
    assert word(formula) == "proved"


@pytest.mark.parametrize(
    "formula",
    [
        rf"{EVIDENCE} \le {BOUND}",
        rf"{EVIDENCE} = {BOUND}",
        rf"{EVIDENCE} = \log \sum_{{i=1}}^N p_\theta(x^{{(i)}})",
        r"\sum_{i=1}^N p_\theta(x^{(i)}) = 1",
        rf"{BOUND} = {SPLIT.replace('- D', '+ D')}",
        rf"\ell(\theta) - {BOUND} = {GAPS.replace('q_', 'r_').replace('p_', 'q_').replace('r_', 'p_')}",
        rf"{EVIDENCE} = \frac1N {EVIDENCE}",
    ],
)
def test_mistakes_in_sums_over_data_are_refuted(formula: str) -> None:
    assert word(formula) == "refuted"


def test_the_bound_over_data_needs_no_support_and_is_tight_at_the_posteriors() -> None:
    claim = checked(f"$${EVIDENCE} \\ge {BOUND}$$\n").claims[-1]
    assert open_kinds(claim) == []
    assert claim.verdict.equality == "iff q_φ(z|x^(i)) = p_θ(z|x^(i)), the posterior"


def test_a_law_of_each_example_is_written_with_its_index_if_the_author_does() -> None:
    document = checked(
        r"""
        $$\sum_i \log \sum_{z^{(i)}} p(x^{(i)}, z^{(i)}; \theta)
          \ge \sum_i \sum_{z^{(i)}} Q_i(z^{(i)}) \log \frac{p(x^{(i)}, z^{(i)}; \theta)}{Q_i(z^{(i)})}$$
        """
    )
    (claim,) = document.claims
    assert claim.verdict.word == "proved"
    assert claim.verdict.equality is not None
    assert "Q_i(z^(i))" in claim.verdict.equality
    assert "p_θ(z^(i)|x^(i))" in claim.verdict.equality


# ---------------------------------------------------------------- what examples share


def test_samples_at_one_observation_are_not_refuted_for_having_laws_of_their_own() -> None:
    r"""In \frac1L \sum_l the l-th sample is z^{(l)}; x is the same for all of them."""
    document = checked(
        r"""
        $$\log p_\theta(x) = \frac1L \sum_{l=1}^L \left(\log p_\theta(x, z^{(l)}) - \log p_\theta(z^{(l)}|x)\right)$$
        """
    )
    assert document.claims[-1].verdict.word in ("proved", "undecided")


def examples_are_alone(formula: str) -> bool:
    """Whether worlds for the last claim have one example only."""
    content = read_document(read_markdown(f"$${formula}$$\n")).claims[-1].content
    assert isinstance(content, Claim)
    return OneExample("i") in content.setting.hypotheses


def test_a_prior_that_examples_share_makes_worlds_of_one_example() -> None:
    assert examples_are_alone(f"{BOUND} = {SPLIT}")
    assert not examples_are_alone(rf"{EVIDENCE} \ge {BOUND}")


@pytest.mark.parametrize(
    "formula",
    [
        r"\sum_{i=2}^N \log p(x^{(i)}) = \sum_{i=1}^N \log p(x^{(i)})",
        r"\sum_{i=1}^M \log p(x^{(i)}) = \sum_{i=1}^N \log p(x^{(i)})",
        r"\sum_{i=1}^{N-1} \log p(x^{(i)}) = \sum_{i=1}^N \log p(x^{(i)})",
        r"\sum_{i=1}^3 \log p(x^{(i)}) = \sum_{i=1}^N \log p(x^{(i)})",
        r"\sum_{i \in S} \log p(x^{(i)}) = \sum_{i=1}^N \log p(x^{(i)})",
    ],
)
def test_sums_over_some_of_the_examples_are_not_taken_for_sums_over_all(formula: str) -> None:
    assert checked(f"$${formula}$$").claims[-1].verdict.word == "unread"


@pytest.mark.parametrize(
    "formula",
    [
        r"\sum_{i=1}^N \log p(x^{(i)}) = \sum_{j=1}^N \log p(x^{(j)})",
        r"\sum_i \log p(x^{(i)}) = \sum_j \log p(x^{(j)})",
    ],
)
def test_two_letters_may_stand_for_the_same_examples(formula: str) -> None:
    assert checked(f"$${formula}$$").claims[-1].verdict.word in ("unread", "undecided")


def test_a_parameter_that_is_an_optimum_is_not_refuted_for_being_any_value() -> None:
    document = checked(
        r"""
        Let $\theta^{(t+1)} := \arg\max_\theta \sum_i \log p_\theta(x^{(i)})$.

        $$\sum_i \log p_{\theta^{(t+1)}}(x^{(i)}) \ge \sum_i \log p_{\theta^{(t)}}(x^{(i)})$$
        """
    )
    assert document.claims[-1].verdict.word in ("proved", "undecided")
