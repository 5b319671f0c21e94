"""Every relation sign is one claim, at the line and column where it stands."""

from __future__ import annotations

from checking import checked, words

CHAIN = r"""
# Evidence

Start from the evidence.

$$
\begin{aligned}
\log p(x) &= \log \int p(x, z)\, dz \\
  &= \log \mathbb{E}_{z\sim q(z|x)}\left[\frac{p(x,z)}{q(z|x)}\right] \\
  &\ge \mathbb{E}_{z\sim q(z|x)}\left[\log \frac{p(x,z)}{q(z|x)}\right]
\end{aligned}
$$
"""


def test_a_claim_stands_at_its_relation_sign() -> None:
    document = checked(CHAIN)
    source = CHAIN.removeprefix("\n").splitlines()
    assert [(c.place.line, c.relation) for c in document.claims] == [(7, "="), (8, "="), (9, ">=")]
    for claim, sign in zip(document.claims, ("=", "=", r"\ge"), strict=True):
        assert source[claim.place.line - 1][claim.place.column - 1 :].startswith(sign)


def test_the_left_side_of_a_row_is_the_right_side_of_the_row_before() -> None:
    claims = checked(CHAIN).claims
    assert claims[0].rhs == claims[1].lhs
    assert claims[1].rhs == claims[2].lhs
    assert len({claim.chain for claim in claims}) == 1


def test_a_chain_goes_on_in_the_next_display_that_begins_with_a_relation() -> None:
    document = checked(
        r"""
        $$\log p(x) = \log \int p(x,z)\,dz$$
        and now we average over $q$:
        $$= \log \int q(z|x) \frac{p(x,z)}{q(z|x)}\,dz$$
        """
    )
    assert document.claims[1].lhs == document.claims[0].rhs
    assert document.claims[0].chain == document.claims[1].chain


def test_a_row_without_anything_before_it_is_undecided_and_says_so() -> None:
    (claim,) = checked(r"$$= \log \int p(x,z)\,dz$$").claims
    assert claim.verdict.word == "undecided"
    assert "left side is missing" in claim.verdict.message


def test_the_whole_document_has_the_relation_of_its_longest_chain_and_the_union_of_conditions() -> None:
    whole = checked(CHAIN).whole
    assert whole is not None
    assert (whole.first, whole.last, whole.relation, whole.word) == (1, 3, ">=", "proved")
    conditions = [required.condition for required in whole.conditions]
    assert [condition.kind for condition in conditions if condition.status == "open"] == ["support"]


def test_one_wrong_step_refutes_the_whole_and_only_itself() -> None:
    wrong = CHAIN.replace(r"\ge", "=")
    document = checked(wrong)
    assert [c.verdict.word for c in document.claims] == ["proved", "proved", "refuted"]
    assert document.whole is not None
    assert document.whole.word == "refuted"
    assert "line 9" in document.whole.message


def test_the_same_claim_has_the_same_key_wherever_it_stands() -> None:
    once = checked(CHAIN).claims
    later = checked("Some words first.\n\n" + CHAIN + "\n" + CHAIN).claims
    assert [c.key for c in once] * 2 == [c.key for c in later]
    assert len({c.key for c in once}) == 3


def test_a_verdict_does_not_depend_on_what_else_the_document_says() -> None:
    claim = r"$$\log p(x) = \log \int p(x,z)\,dz$$"
    other = r"$$\log p(x) = \int \log p(x,z)\,dz$$"
    assert words(f"{claim}\n\n{other}\n") == ["proved", "refuted"]
    assert words(f"{other}\n\n{claim}\n") == ["refuted", "proved"]


def test_inline_and_several_claims_in_one_line() -> None:
    document = checked(r"Since $p(x) = \int p(x,z)\,dz$, also $\log p(x) = \log \int p(x,z)\,dz$.")
    assert [c.verdict.word for c in document.claims] == ["proved", "proved"]
    assert [c.place.line for c in document.claims] == [1, 1]
    assert document.claims[0].place.column < document.claims[1].place.column
