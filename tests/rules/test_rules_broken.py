"""The rule table with one thing wrong: a condition dropped, a relation flipped, a near miss believed.

Each of these must be caught by the very check that every row passes (``disagreement`` of test_rules_hold), or the table
could be wrong without anybody noticing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from instances import substitution
from test_rules_hold import ALL_KINDS, disagreement

from derive.claims import Claim
from derive.rules import TABLE
from derive.rules.pattern import fill
from derive.rules.rule import NearMiss, Rule
from derive.terms.nodes import Term
from verify.check import check

ATTEMPTS = 1_000  # instances of a wrong rule, each in 500 worlds of one kind; nearly all are caught by the first few

# What no finite world can show: there a finite term has a finite integral, which may be taken in any order.
ONLY_INFINITE = {
    ("constant-factor", "merging", "support"),  # 0 = ∫ 0·f, but 0 · ∫ f is undefined where ∫ f = ∞
    ("constant-weight", "merging", "finite"),  # the same
    ("constant-into-mean", "merging", "finite"),  # ∞ = ∫ q·(∞ + f), but ∞ + ∫ q·f is undefined where ∫ q·f = −∞
    ("iterate", "merging", "exchange"),
    ("linearity", "merging", "finite"),  # ∞ − ∞ out of infinitely many terms that are finite together
}
EITHER_IS_ENOUGH = {("exp-sum", "merging")}  # exp f · exp g is only wrong where both f and g are infinite


def complaint(rule: Rule, directions: tuple[bool, ...] = (False, True)) -> str:
    """The first disagreement between a rule and the worlds, or nothing."""
    seeds = random.Random(rule.name)
    for attempt in range(ATTEMPTS):
        filled = substitution(rule, seeds)
        kind = ALL_KINDS[-1 - attempt % len(ALL_KINDS)] if attempt < 3 * len(ALL_KINDS) else "holes"
        generator = np.random.default_rng([attempt, len(kind)])
        for backwards in directions:
            found = disagreement(rule, filled, backwards, kind, generator)
            if found and not found.startswith("no instance"):
                return found
    return ""


# ---------------------------------------------------------------- conditions


def dropped_conditions() -> Iterator[tuple[str, Rule, tuple[bool, ...]]]:
    """Every rule with one of its conditions left out, and the directions in which that matters."""
    for rule in TABLE.values():
        for place in ("needs", "splitting", "merging"):
            needs = getattr(rule, place) or ()
            for need in needs:
                if (rule.name, place, need.kind) not in ONLY_INFINITE:
                    together = (rule.name, place) in EITHER_IS_ENOUGH
                    kept = () if together else tuple(other for other in needs if other is not need)
                    wrong = replace(rule, **{place: kept})
                    directions = {"needs": (False, True), "splitting": (False,), "merging": (True,)}[place]
                    yield f"{rule.name}: {place}: {need.text}", wrong, directions


DROPPED = tuple(dropped_conditions())


@pytest.mark.parametrize(("rule", "directions"), [d[1:] for d in DROPPED], ids=[d[0] for d in DROPPED])
def test_a_dropped_condition_is_caught(rule: Rule, directions: tuple[bool, ...]) -> None:
    assert complaint(rule, directions)


# ---------------------------------------------------------------- relations and directions

FLIPPED = {">=": "<=", "<=": ">="}
INEQUALITIES = sorted(name for name, rule in TABLE.items() if rule.relation != "=")


@pytest.mark.parametrize("name", INEQUALITIES)
def test_a_flipped_inequality_is_caught(name: str) -> None:
    rule = TABLE[name]
    assert complaint(replace(rule, relation=FLIPPED[rule.relation]))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", INEQUALITIES)
def test_an_inequality_called_an_equation_is_caught(name: str) -> None:
    assert complaint(replace(TABLE[name], relation="="))


@pytest.mark.parametrize("name", sorted(name for name, rule in TABLE.items() if rule.relation == "="))
def test_an_equation_with_another_right_side_is_caught(name: str) -> None:
    """One more, twice as much, minus: for some instance and world each of them shows."""
    rule = TABLE[name]
    for wrong in (rule.right + 1, 2 * rule.right + 1, -rule.right - 1):
        assert complaint(replace(rule, right=wrong)), wrong


def test_a_forbidden_direction_is_caught() -> None:
    """1 is defined everywhere, E_{q(z|x)}[1] is not where x is a null point."""
    rule = TABLE["expectation-of-constant"]
    assert rule.merging is None
    assert complaint(replace(rule, merging=()), (True,))


# ---------------------------------------------------------------- curvature

CURVED = sorted(name for name, rule in TABLE.items() if rule.curvature is not None)


@pytest.mark.parametrize("name", CURVED)
def test_a_rule_used_with_the_other_curvature_is_caught(name: str) -> None:
    rule = TABLE[name]
    assert rule.curvature is not None
    other = "convex" if rule.curvature[1] == "concave" else "concave"
    assert complaint(replace(rule, curvature=(rule.curvature[0], other)))


# ---------------------------------------------------------------- near misses

NEAR_MISSES = [(rule, miss) for rule in TABLE.values() for miss in rule.near_misses]


def instances_of(rule: Rule, miss: NearMiss, count: int) -> Iterator[tuple[Term, Term]]:
    seeds = random.Random(miss.mistake)
    for _ in range(count):
        filled = substitution(rule, seeds, (miss.left, miss.right))
        yield fill(miss.left, filled), fill(miss.right, filled)


@pytest.mark.parametrize(("rule", "miss"), NEAR_MISSES, ids=[f"{r.name}: {m.mistake[:60]}" for r, m in NEAR_MISSES])
def test_a_near_miss_is_refuted(rule: Rule, miss: NearMiss) -> None:
    """A special instance may hold (log 1 = 0); some instance is refuted, with two exact values."""
    words = [check(Claim(left, miss.relation, right)).word for left, right in instances_of(rule, miss, 8)]
    assert "refuted" in words


def test_every_rule_that_people_get_wrong_says_how() -> None:
    assert len(NEAR_MISSES) >= 30
    assert all(miss.mistake for _, miss in NEAR_MISSES)
