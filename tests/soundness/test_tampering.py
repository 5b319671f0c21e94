"""Every proof of the built-in library (and of the bank), changed in one place at every step: the kernel refuses it.

Some changes change nothing: a step that only moves brackets is left out, a bound variable gets another letter, algebra
does not care in which direction it is used.  What the kernel then makes must be the very same theorem.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest
from bank import BANK, proved
from tampering import (
    Change,
    accepts,
    again,
    altered,
    carried_on,
    chains,
    doubled,
    library,
    put,
    removed,
    renamed,
    swapped,
    unchanged,
    with_fewer_premises,
    with_other_holes,
)

from derive.claims import Claim
from derive.kernel import Theorem, concludes
from derive.steps import Step, alike
from derive.terms.base import Term
from derive.terms.binding import same

PROOFS: dict[str, tuple[Claim, Theorem]] = {f"library {i}": proof for i, proof in enumerate(library(), 1)}
PROOFS |= {name: (BANK[name](), proved(name)) for name in BANK}


def places(theorem: Theorem) -> Iterator[tuple[Theorem, int, Step]]:
    for chain in chains(theorem):
        for place, step in enumerate(chain.forward):
            yield chain, place, step


def is_the_same(made: Theorem, theorem: Theorem) -> bool:
    """Whether two theorems say the same thing under the same conditions."""
    said = same(made.left, theorem.left) and made.judgement == theorem.judgement and same(made.right, theorem.right)
    return said and {c.key: c.status for c in made.conditions} == {c.key: c.status for c in theorem.conditions}


def survivors(theorem: Theorem, chain: Theorem, changes: Iterator[Change]) -> list[Theorem]:
    """What the kernel makes of changed proofs, where it is not the same theorem."""
    made = (accepts(lambda c=change: again(theorem, chain, c)) for change in changes)  # type: ignore[misc]
    return [found for found in made if found is not None and not is_the_same(found, theorem)]


@pytest.fixture(params=PROOFS)
def proof(request: pytest.FixtureRequest) -> tuple[Claim, Theorem]:
    return PROOFS[request.param]


def test_there_is_something_to_tamper_with() -> None:
    steps = [step for _, theorem in PROOFS.values() for _, _, step in places(theorem)]
    assert len(library()) >= 15
    assert len(steps) >= 150
    assert len({step.rule for step in steps}) >= 12
    assert sum(len(step.premises) for step in steps) >= 3


def test_an_unchanged_proof_is_accepted_again(proof: tuple[Claim, Theorem]) -> None:
    claim, theorem = proof
    for chain in chains(theorem):
        assert concludes(again(theorem, chain, unchanged), claim)


def test_a_step_removed(proof: tuple[Claim, Theorem]) -> None:
    _, theorem = proof
    for chain, place, step in places(theorem):
        made = accepts(lambda chain=chain, place=place: again(theorem, chain, removed(place)))  # type: ignore[misc]
        assert made is None or (alike(step.before, step.after) and is_the_same(made, theorem)), step


def test_steps_out_of_order(proof: tuple[Claim, Theorem]) -> None:
    _, theorem = proof
    for chain, place, step in places(theorem):
        changes = [doubled(place)] + ([swapped(place)] if place + 1 < len(chain.forward) else [])
        assert survivors(theorem, chain, iter(changes)) == [], step


def test_a_rule_renamed(proof: tuple[Claim, Theorem]) -> None:
    _, theorem = proof
    for chain, place, step in places(theorem):
        assert survivors(theorem, chain, (put(place, other) for other in renamed(step))) == [], step
        assert accepts(lambda s=step, c=chain, i=place: again(theorem, c, put(i, replace(s, rule="magic")))) is None  # type: ignore[misc]


def test_a_condition_dropped(proof: tuple[Claim, Theorem]) -> None:
    _, theorem = proof
    for chain, place, step in places(theorem):
        for other in with_fewer_premises(step):
            assert accepts(lambda o=other, c=chain, i=place: again(theorem, c, put(i, o))) is None, step  # type: ignore[misc]


def test_a_condition_called_settled(proof: tuple[Claim, Theorem]) -> None:
    """What the author of a proof says about the status of a condition does not count."""
    _, theorem = proof
    for chain, place, step in places(theorem):
        settled = tuple(premise.settled("discharged", "so I say") for premise in step.premises)
        assert survivors(theorem, chain, iter([put(place, replace(step, premises=settled))])) == []


def test_a_term_altered(proof: tuple[Claim, Theorem]) -> None:
    _, theorem = proof
    for chain, place, step in places(theorem):
        for after in altered(step.after, 6, Random(place)):
            assert isinstance(after, Term)
            for change in (put(place, replace(step, after=after)), carried_on(place, after)):
                assert accepts(lambda c=change, chain=chain: again(theorem, chain, c)) is None, (step, after)  # type: ignore[misc]
        for before in altered(step.before, 3, Random(place)):
            assert isinstance(before, Term)
            change = put(place, replace(step, before=before))
            assert accepts(lambda c=change, chain=chain: again(theorem, chain, c)) is None, (step, before)  # type: ignore[misc]


def test_a_hole_filled_otherwise(proof: tuple[Claim, Theorem]) -> None:
    _, theorem = proof
    for chain, place, step in places(theorem):
        assert survivors(theorem, chain, (put(place, other) for other in with_other_holes(step))) == [], step


def test_a_direction_flipped(proof: tuple[Claim, Theorem]) -> None:
    _, theorem = proof
    for chain, place, step in places(theorem):
        turned_round = replace(step, backwards=not step.backwards)
        made = accepts(lambda s=turned_round, c=chain, i=place: again(theorem, c, put(i, s)))  # type: ignore[misc]
        assert made is None or (step.rule == "ring" and is_the_same(made, theorem)), step


def test_the_inequality_of_a_proof_tampered_with(proof: tuple[Claim, Theorem]) -> None:
    _, theorem = proof
    joined = [part for part in whole(theorem) if len(part.bridge) == 1 and len(part.parts) == 2]
    for part in joined:
        step, chain = part.bridge[0], part.parts[0]
        tampered = [*renamed(step), *with_other_holes(step), *with_fewer_premises(step)]
        tampered += [replace(step, backwards=not step.backwards), replace(step, before=step.after, after=step.before)]
        for other in tampered:
            made = accepts(lambda o=other, p=part, c=chain: again(p, c, unchanged, put(0, o)))  # type: ignore[misc]
            assert made is None or is_the_same(made, part), other


def whole(theorem: Theorem) -> Iterator[Theorem]:
    yield theorem
    for part in theorem.parts:
        yield from whole(part)


def test_a_theorem_concludes_no_other_claim(proof: tuple[Claim, Theorem]) -> None:
    claim, theorem = proof
    allowed = {"=", ":=", ">=", "<="} if theorem.judgement == "=" else {claim.sign}
    for sign in ("=", ">=", "<=", ">", "<", "!=", "approx", "propto", "argmax-equiv"):
        assert not concludes(theorem, replace(claim, sign=sign)) or sign in allowed, sign
    for left in altered(claim.lhs, 8, Random(1)):
        assert not concludes(theorem, replace(claim, lhs=left)), left
    for right in altered(claim.rhs, 8, Random(2)):
        assert not concludes(theorem, replace(claim, rhs=right)), right
