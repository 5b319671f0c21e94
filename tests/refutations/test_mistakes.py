"""One mistake at a time in a derivation that is right: each refuted at its own line, none proved."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
from mistakes import Mistake, mistakes

from derive.library import FOLDER
from verify.documents import check_text
from verify.results import CheckedClaim

TEXT = (FOLDER / "elbo.md").read_text(encoding="utf-8")

# Changes after which the formula is still true, although it is no longer the author's: nothing to refute.
MEAN = r"\mathbb{E}_{z \sim q(z|x)}\left[\log \frac{P_\theta(x, z)}{q(z|x)}\right] \ge"
RATIO = r"\left[\log \frac{P_\theta(x, z)}{P_\theta(z|x)}\right] = \log P_\theta(x)"
STILL_TRUE = (
    ("wrong law", RATIO),  # the ratio is constant, so any average of it will do
    ("wrong law", r"\log \mathbb{E}_{z \sim P_\theta(z|x)}\left[\frac{P_\theta(x, z)}{q(z|x)}\right] \ge"),
    ("wrong law", r"\le \mathbb{E}_{z \sim P_\theta(z|x)}[\log P_\theta(x|z)]"),  # at least the evidence
    ("log and expectation exchanged", MEAN),  # both sides are the same
    ("dropped log", r"P_\theta(x) \ge \mathrm{ELBO}"),  # p ≥ 1 + log p > log p
    ("dropped log", r"\le \mathbb{E}_{z \sim q(z|x)}[P_\theta(x|z)]"),
    ("optimum", r"(\hat\theta, \hat q) := \arg\min"),  # a definition that nothing later uses
)


def is_still_true(mistake: Mistake) -> bool:
    after = " ".join(mistake.after.split())
    return any(kind == mistake.kind and part in after for kind, part in STILL_TRUE)


@cache
def keys_of_the_right_text() -> frozenset[str]:
    return frozenset(claim.key for claim in check_text(TEXT, "elbo.md").claims)


ALL = tuple(mistakes(TEXT))
WRONG = tuple(mistake for mistake in ALL if not is_still_true(mistake))


def test_there_are_many_different_mistakes() -> None:
    kinds = Counter(mistake.kind for mistake in WRONG)
    assert len(WRONG) >= 80
    assert len(kinds) >= 12


@pytest.mark.parametrize("mistake", WRONG, ids=lambda m: f"line {m.line}: {m.kind}: {' '.join(m.after.split())[:60]}")
def test_a_mistake_is_refuted_where_it_stands(mistake: Mistake) -> None:
    claims = check_text(mistake.text, "elbo.md").claims
    changed = [claim for claim in claims if claim.key not in keys_of_the_right_text()]
    refuted = [claim for claim in claims if claim.verdict.word == "refuted"]
    assert refuted, f"nothing is refuted; changed: {[(c.text, c.verdict.word) for c in changed]}"
    assert not [claim.text for claim in changed if claim.verdict.word == "proved" and is_wrong(claim, mistake)]
    first = refuted[0]
    if lines_of(mistake) & {first.place.line}:
        return
    defined = [claim for claim in claims if claim.verdict.word == "assumed" and claim.place.line in lines_of(mistake)]
    assert defined, f"refuted at line {first.place.line}, but the mistake is at {mistake.line}"
    assert any("def" in used for used in first.verdict.uses), "the definition it rests on is not named"


def is_wrong(claim: CheckedClaim, mistake: Mistake) -> bool:
    """Whether a proved claim stands at the mistake itself.

    In a chain a = b ≥ c with a mistake in b only the step into b and the step out of b change, and one of them may
    still hold; elsewhere a changed definition changes the claims that use it, some of which stay true.
    """
    signs = mistake.after.count(r"\ge") + mistake.after.count(r"\le") + mistake.after.count("=")
    return claim.place.line == mistake.line and signs == 1 and ":=" not in mistake.after


def lines_of(mistake: Mistake) -> set[int]:
    """The lines of the mistaken formula."""
    start = mistake.text.count("\n", 0, mistake.text.index(mistake.after)) + 1
    return set(range(start, start + mistake.after.count("\n") + 1)) | {mistake.line}


@pytest.mark.parametrize("mistake", [m for m in ALL if is_still_true(m)], ids=lambda m: f"{m.kind} {m.line}")
def test_a_change_that_leaves_the_text_true_is_not_refuted(mistake: Mistake) -> None:
    claims = check_text(mistake.text, "elbo.md").claims
    assert not [claim.text for claim in claims if claim.verdict.word == "refuted"]


@pytest.mark.parametrize("mistake", WRONG[::4], ids=lambda m: f"line {m.line}: {m.kind}")
def test_the_printed_python_shows_the_two_values(mistake: Mistake, capsys: pytest.CaptureFixture[str]) -> None:
    claims = check_text(mistake.text, "elbo.md").claims
    refuted = [claim.verdict.counterexample for claim in claims if claim.verdict.word == "refuted"]
    assert refuted
    for counterexample in refuted:
        assert counterexample is not None
        exec(compile(counterexample.python, "counterexample", "exec"), {})
        left, right = map(float, capsys.readouterr().out.split())
        assert left == pytest.approx(float(counterexample.left.lower), rel=1e-9, abs=1e-12)
        assert right == pytest.approx(float(counterexample.right.lower), rel=1e-9, abs=1e-12)
        assert left != pytest.approx(right, rel=1e-9, abs=1e-12)
