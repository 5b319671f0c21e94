"""Random algebra: whatever ``ring`` accepts keeps every defined value, in exact extended arithmetic.

A term is written in another way (brackets, common factors, added zeros, cancelled ones) at random, and one time in four
changed as well.  The kernel may refuse; what it accepts must be true at every point where its conditions hold.
"""

from __future__ import annotations

from random import Random

import pytest
from attempts import outcome
from exact_points import Value, holds, random_point, value
from forge import Draft
from random_algebra import ATOMS, CONTEXTS, random_term, rewritten

from derive.claims import Setting
from derive.kernel import Theorem
from derive.steps import ProofError
from derive.terms.nodes import Number, Plus, Term, Times

POINTS = 60
CASES = 400  # of each of the seeds below
ENCODER = Setting(drawn={"p": frozenset("xz"), "q": frozenset("z"), "r": frozenset("z")})  # q(z|x) has no null points


def refinement(before: Term, after: Term) -> Theorem | None:
    try:
        return Draft(before, ENCODER).ring(after).theorem()
    except (ProofError, ValueError):
        return None


def disagreement(theorem: Theorem, random: Random) -> str:
    """A point at which the conditions hold, the left side is defined and the right side is something else."""
    for _ in range(POINTS):
        point = random_point(random)
        if all(holds(condition, point) for condition in theorem.conditions):
            left, right = value(theorem.left, point), value(theorem.right, point)
            if left is not None and not _equal(left, right):
                return f"{left} becomes {right} at {point}"
    return ""


def _equal(left: Value, right: Value) -> bool:
    return left == right


def changed(term: Term, random: Random) -> Term:
    """Something else than the term, as a rule."""
    return random.choice([Plus(term, random.choice(ATOMS)), Times(term, random.choice(ATOMS)), Plus(term, Number(1))])


def cases(seed: int, count: int) -> list[tuple[Term, Term]]:
    random = Random(seed)
    found = []
    for number in range(count):
        before = random_term(random)
        after = rewritten(before, random, random.choice([1, 2, 4]))
        found.append((before, changed(after, random) if number % 4 == 3 else after))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_what_algebra_accepts_is_true_at_every_point(seed: int) -> None:
    random, accepted = Random(seed), 0
    for before, after in cases(seed, CASES):
        theorem = refinement(before, after)
        if theorem is not None:
            accepted += 1
            assert disagreement(theorem, random) == "", (before, after)
    assert accepted > CASES / 3


def test_what_algebra_accepts_inside_something_else_is_true_in_worlds() -> None:
    """The 0 of a weight and the direction of a quotient depend on what stands around."""
    random = Random(11)
    for before, after in cases(12, 120):
        around, path = random.choice(CONTEXTS)
        whole = around(before)
        assert outcome(lambda w=whole, a=after, p=path: Draft(w).ring(a, p).theorem(), 40) == "", (whole, after)  # type: ignore[misc]
