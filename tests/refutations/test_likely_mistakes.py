"""What a refuted claim says of the likely mistake: the smallest change that makes it hold."""

from __future__ import annotations

import pytest

from verify.documents import check_text

CHANGES = (
    (r"P_\theta(x) = \int_z P_\theta(x, z)\, dx", "with ∫ P_θ(x,z) dz instead of ∫ P_θ(x,z) dx it would hold"),
    (
        r"D_{KL}(q(z)\,\|\,p(z)) = \int \log\frac{q(z)}{p(z)}\,dz",
        "with ∫ q(z) log(q(z)/p(z)) dz instead of ∫ log(q(z)/p(z)) dz it would hold",
    ),
    (r"p(x) = \int p(z)\, p(x,z)\, dz", "with p(x|z) instead of p(x,z) it would hold"),
    (
        r"\log p(x) - \mathbb{E}_{q(z|x)}\left[\log\frac{p(x,z)}{q(z|x)}\right] = D_{KL}(p(z|x)\,\|\,q(z|x))",
        "with KL(q(z|x) ‖ p(z|x)) instead of KL(p(z|x) ‖ q(z|x)) it would hold",
    ),
    (r"p(x, z) = p(x)", "only the left side depends on z"),
    (
        r"\log p(x) = \mathbb{E}_{q(z|x)}\left[\log\frac{p(x,z)}{q(z|x)}\right]",
        "≥ holds, by the variational bound: equal iff q(z|x) = p(z|x), the posterior",
    ),
)


@pytest.mark.parametrize(("formula", "said"), CHANGES, ids=[said for _, said in CHANGES])
def test_the_message_names_the_change(formula: str, said: str) -> None:
    (claim,) = check_text(f"$${formula}$$", "notes.md").claims
    assert claim.verdict.word == "refuted"
    assert said in claim.verdict.message


def test_a_letter_below_an_integral_that_is_not_its_differential_is_pointed_out() -> None:
    document = check_text(r"$$P_\theta(x) = \int_z P_\theta(x, z)\, dx$$", "notes.md")
    assert [trouble.message for trouble in document.troubles] == ["z stands below the integral, but it ends in dx"]
