"""Names that a document defines: used later, with arguments, below and above, defined again."""

from __future__ import annotations

import pytest
from checking import checked, words

WRONG = r"\mathbb{E}_{z\sim q(z|x)}\left[\log p_\theta(x,z) + \log q(z|x)\right]"
ELBO = r"\mathbb{E}_{z\sim q(z|x)}\left[\log p_\theta(x,z) - \log q(z|x)\right]"


@pytest.mark.parametrize(
    "name",
    [
        r"L(\theta)",
        r"\mathcal{L}(\theta, q)",
        r"J_\theta(q)",
        r"\text{ELBO}(\theta,q)",
        r"\mathcal{L}",
        r"F",
        r"\mathrm{ELBO}",
    ],
)
def test_a_name_defined_once_is_known_from_then_on(name: str) -> None:
    text = rf"""
        $${name} := {ELBO}$$
        $$\log p_\theta(x) \ge {name}$$
        $$\log p_\theta(x) - {name} = D_{{KL}}(q(z|x) \| p_\theta(z|x))$$
        $$\log p_\theta(x) = {name}$$
        """
    assert words(text) == ["assumed", "proved", "proved", "refuted"]


def test_an_equation_with_a_new_name_on_one_side_is_a_definition() -> None:
    text = rf"""
        $${ELBO} =: \mathcal{{B}}$$
        Let $G(q) = {ELBO}$.
        $$G(q) = \mathcal{{B}}$$
        """
    assert words(text) == ["assumed", "assumed", "proved"]


def test_a_definition_with_a_mistake_is_refuted_at_the_claim_that_contradicts_it() -> None:
    document = checked(
        rf"""
        $$\mathcal{{L}} := {WRONG}$$
        $$\log p_\theta(x) \ge \mathcal{{L}}$$
        """
    )
    assert [c.verdict.word for c in document.claims] == ["assumed", "refuted"]
    assert r"def \mathcal{L}" in document.claims[1].verdict.uses


def test_a_name_defined_again_says_so_and_means_the_new_thing() -> None:
    document = checked(
        rf"""
        $$L := {ELBO}$$
        $$\log p_\theta(x) \ge L$$
        $$L := \log p_\theta(x)$$
        $$\log p_\theta(x) = L$$
        """
    )
    assert [c.verdict.word for c in document.claims] == ["assumed", "proved", "assumed", "proved"]
    assert any("defined again" in note for note in document.claims[2].verdict.notes)


def test_a_name_that_is_never_defined_is_not_guessed() -> None:
    document = checked(r"$$\log p(x) \ge \mathcal{L}(q) + \mathcal{M}(q)$$")
    (claim,) = document.claims
    assert claim.verdict.word == "undecided"
    assert r"\mathcal{L}" in claim.verdict.message
    assert "not defined" in claim.verdict.message


def test_a_definition_that_is_not_understood_leaves_its_uses_undecided() -> None:
    document = checked(
        r"""
        $$\mathcal{L}(\theta) := \sum_{i=1}^n \log p_\theta(x_i)$$
        $$\mathcal{L}(\theta) \le 0$$
        """
    )
    assert [c.verdict.word for c in document.claims] == ["assumed", "undecided"]
    assert any("not understood" in note for note in document.claims[0].verdict.notes)


def test_a_maximiser_is_defined_and_its_optimum_compared() -> None:
    text = r"""
        $$\theta^* = \arg\min_\theta D_{KL}(P_x \,\|\, P_\theta)$$
        $$\theta^* = \arg\max_\theta \mathbb{E}_{x\sim P_x}[\log P_\theta(x)]$$
        $$\theta^* = \arg\min_\theta \mathbb{E}_{x\sim P_x}[\log P_\theta(x)]$$
        """
    assert words(text) == ["assumed", "proved", "refuted"]


def test_joint_maximisation_says_what_it_reaches_and_under_which_condition() -> None:
    document = checked(
        rf"""
        $$\theta^* = \arg\max_\theta \mathbb{{E}}_{{x\sim P_x}}[\log p_\theta(x)]$$
        $$J_\theta(q) := {ELBO}$$
        $$\theta^*, q^* = \arg\max_{{\theta, q}} J_\theta(q)$$
        """
    )
    joint = document.claims[-1].verdict
    assert joint.word == "assumed"
    notes = " ".join(joint.notes)
    assert "sup_θ log p_θ(x)" in notes
    assert "defined again" in notes
    assert [required.condition.kind for required in joint.open_conditions] == ["attained"]
    assert "posterior" in joint.open_conditions[0].text or "p_θ(z|x)" in joint.open_conditions[0].text
