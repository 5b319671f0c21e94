"""Functions of which the text says between which numbers they lie: no counterexample lies outside."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from derive.claims import Bounds, Claim
from derive.reading.meaning.document import read_document
from derive.reading.sources import read_markdown
from verify.check import check
from verify.verdict import Verdict
from verify.worlds.draw import KINDS, draw
from verify.worlds.vocabulary import Vocabulary

MEAN = r"\mathbb{E}_{p(z)}[f(z)]"
SAID = {
    "For a positive function $f$,": (Fraction(0), None),
    "For every bounded, non-negative function $f$ we have": (Fraction(0), None),
    "Let $f$ be a bounded positive function. Then": (Fraction(0), None),
    "Let $f(z)$ be bounded.": (None, None),
    "For any measurable function $f$ with values in $[0, 1]$,": (Fraction(0), Fraction(1)),
    r"Let $0 \le f(z) \le 1$. Then": (Fraction(0), Fraction(1)),
    r"Let $f$ be a function with $|f| \le 2$. Then": (Fraction(-2), Fraction(2)),
    r"Assume $\left|f(z)\right| \le \frac{1}{2}$. Then": (Fraction(-1, 2), Fraction(1, 2)),
    "Let $f(z) > 3$. Then": (Fraction(3), None),
}


def claim_of(words: str, formula: str) -> Claim:
    read = read_document(read_markdown(f"{words}\n\n$$ {formula} $$\n", "bounded.md")).claims[-1]
    assert isinstance(read.content, Claim)
    return read.content


def verdict(words: str, formula: str) -> Verdict:
    return check(claim_of(words, formula))


@pytest.mark.parametrize("words", SAID)
def test_the_words_are_read(words: str) -> None:
    claim = claim_of(words, rf"{MEAN} \ge 0")
    (bounds,) = [h for h in claim.setting.hypotheses if isinstance(h, Bounds)]
    assert (bounds.function, bounds.lower, bounds.upper) == ("f", *SAID[words])
    assert bounds.label


@pytest.mark.parametrize("words", SAID)
def test_in_every_world_the_function_lies_where_the_text_says(words: str) -> None:
    claim = claim_of(words, rf"{MEAN} \ge 0")
    vocabulary, random = Vocabulary.of((claim.lhs, claim.rhs), claim.setting), np.random.default_rng(3)
    lower, upper = SAID[words]
    for kind in KINDS:
        table = draw(vocabulary, claim.setting, kind, 64, random).functions["f"]
        assert isinstance(table, np.ndarray)
        assert lower is None or (table > float(lower)).all()
        assert upper is None or (table < float(upper)).all()
        assert table.std() > 0


@pytest.mark.parametrize(
    ("words", "formula"),
    [
        ("For a bounded positive function $f$,", rf"{MEAN} \ge 0"),
        (r"Let $0 \le f(z) \le 1$. Then", rf"{MEAN} \le 1"),
        (r"Let $|f(z)| \le 2$. Then", rf"{MEAN} \ge -2"),
        (r"Let $|f(z)| \le \beta$. Then", rf"{MEAN} \le \beta"),
        ("For any function $f$ with values in $[0, 1]$,", rf"\mathbb{{E}}_{{p(z)}}[f(z)^2] \le {MEAN}"),
    ],
)
def test_what_holds_within_the_bounds_is_not_refuted(words: str, formula: str) -> None:
    assert verdict(words, formula).word != "refuted"


@pytest.mark.parametrize(
    ("words", "formula", "holds"),
    [
        ("For a bounded positive function $f$,", rf"{MEAN} \ge 1", lambda value: 0 < value < 1),
        (r"Let $0 \le f(z) \le 1$. Then", rf"{MEAN} \ge \frac{{1}}{{2}}", lambda value: 0 <= value < 0.5),
        (r"Let $|f(z)| \le 2$. Then", rf"{MEAN} \ge 0", lambda value: -2 <= value < 0),
    ],
)
def test_what_fails_within_the_bounds_is_refuted_by_such_a_function_and_says_so(
    words: str, formula: str, holds: object
) -> None:
    found = verdict(words, formula)
    assert found.word == "refuted"
    assert found.counterexample is not None
    assert callable(holds)
    assert holds(float(found.counterexample.left.lower))
    assert any("f" in label for label in found.uses)


def test_without_the_words_it_is_false() -> None:
    assert verdict("For every function $f$,", rf"{MEAN} \ge 0").word == "refuted"


def test_an_arbitrary_function_later_is_free_again() -> None:
    text = f"For a positive function $f$,\n\n$$ {MEAN} \\ge 0 $$\n\nFor every function $f$,\n\n$$ {MEAN} \\ge 0 $$\n"
    bounded, free = (read.content for read in read_document(read_markdown(text, "two.md")).claims)
    assert isinstance(bounded, Claim)
    assert isinstance(free, Claim)
    assert (check(bounded).word, check(free).word) == ("undecided", "refuted")


def test_a_bounded_function_of_a_real_number_is_not_tried() -> None:
    r"""No world is made of it, so f(E X) ≥ 1 is not refuted by an f below 0."""
    words = "Let $f$ be a bounded positive function. Then"
    assert verdict(words, r"f(\mathbb{E}_{p(z)}[z]) \ge 0").word == "undecided"


def test_that_laws_are_positive_is_said_of_laws() -> None:
    claim = claim_of("Let $p$ and $q$ be positive.", r"D_{KL}(q(z) \,\|\, p(z)) \ge 0")
    assert not [h for h in claim.setting.hypotheses if isinstance(h, Bounds)]
