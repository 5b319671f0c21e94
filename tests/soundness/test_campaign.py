"""A small campaign: random claims, half of them mutants; nothing false is proved, nothing true refuted."""

from __future__ import annotations

from itertools import islice

import pytest
from campaign import Tally, run
from random_claims import random_claims

CLAIMS = 100


@pytest.fixture(scope="module")
def tally() -> Tally:
    return run(CLAIMS, 3)


def test_nothing_disagrees(tally: Tally) -> None:
    assert tally.disagreements == []
    assert tally["true"] + tally["mutant"] == CLAIMS
    assert tally["exact"] > 0


def test_the_engine_proves_most_of_what_is_true(tally: Tally) -> None:
    """Nothing disagrees with an engine that proves nothing."""
    assert tally["true proved"] >= 0.6 * tally["true"]
    assert tally["mutant refuted"] >= 0.5 * tally["mutant"]


def test_a_seed_fixes_the_claims() -> None:
    first, second = (list(islice(random_claims(5), 20)) for _ in range(2))
    assert first == second
    assert first != list(islice(random_claims(6), 20))
