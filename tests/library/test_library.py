"""The built-in derivations: everything in them is proved, with exactly the conditions that are needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from derive.library import documents
from verify.documents import check_file


@pytest.mark.parametrize("path", documents(), ids=lambda p: p.name)
def test_every_claim_is_proved_or_assumed(path: Path) -> None:
    document = check_file(path)
    assert document.failure is None
    assert {c.verdict.word for c in document.claims} == {"proved", "assumed"}
    assert document.whole is not None
    assert document.whole.word == "proved"


@pytest.mark.parametrize("path", documents(), ids=lambda p: p.name)
def test_every_open_condition_has_a_world_that_shows_why(path: Path) -> None:
    for claim in check_file(path).claims:
        for required in claim.verdict.open_conditions:
            if required.condition.kind in ("support", "finite", "evidence"):
                assert required.witness is not None, (claim.text, required.text)


def claims_of(name: str) -> dict[str, tuple[str, list[str], str | None]]:
    """For each claim of a built-in document: verdict, open conditions, equality case."""
    path = next(p for p in documents() if p.name == name)
    return {
        c.text: (c.verdict.word, [r.condition.kind for r in c.verdict.open_conditions], c.verdict.equality)
        for c in check_file(path).claims
    }


def test_multiply_and_divide_needs_the_support_and_the_bound_does_not() -> None:
    claims = claims_of("elbo.md")
    divided = next(text for text in claims if "= log(∫ q(z|x) P_θ(x,z)/q(z|x) dz)" in text)
    bound = "log P_θ(x) ≥ ELBO(θ, q)"
    assert claims[divided][1] == ["support"]
    assert claims[bound][1] == []


def test_the_bound_is_tight_at_the_posterior_and_jensen_where_the_ratio_is_constant() -> None:
    claims = claims_of("elbo.md")
    assert claims["log P_θ(x) ≥ ELBO(θ, q)"][2] == "iff q(z|x) = P_θ(z|x), the posterior"
    jensen = next(v for t, v in claims.items() if t.startswith("log(E_{z~q(z|x)}[P_θ(x,z)/q(z|x)]) ≥"))
    assert jensen[2] == "iff P_θ(x,z)/q(z|x) is constant wherever q(z|x) > 0"


def test_the_supremum_over_q_is_the_evidence_if_the_class_contains_the_posterior() -> None:
    claims = claims_of("elbo.md")
    word, conditions, _ = claims["sup_q ELBO(θ, q) = log P_θ(x)"]
    assert (word, conditions) == ("proved", ["attained"])
