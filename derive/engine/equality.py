"""Equality of two terms: both are simplified, and the two chains must meet."""

from __future__ import annotations

from derive.claims import Setting
from derive.engine.chain import Chain, meets
from derive.engine.simplify import Effort, JointlyDrawn, join, simplify
from derive.kernel import Theorem, equal, from_difference
from derive.steps import ProofError
from derive.terms.nodes import Number, Plus, Term, negative


def prove_equality(left: Term, right: Term, setting: Setting, drawn: JointlyDrawn) -> Theorem | None:
    """⊢ left = right with as few open conditions as can be, or None.

    Two chains that meet read best; where they do not, the difference is simplified, and last the conditional densities
    are all written out.  Where the proof needs a law to be positive, one that cancels nothing is tried as well.
    """
    theorem = (
        _by_meeting(left, right, setting, drawn, "usual")
        or _by_difference(left, right, setting, drawn)
        or _by_meeting(left, right, setting, drawn, "thorough")
    )
    if theorem is not None and open_conditions(theorem):
        careful = _by_meeting(left, right, setting, drawn, "careful")
        if careful is not None and open_conditions(careful) < open_conditions(theorem):
            return careful
    return theorem


def open_conditions(theorem: Theorem) -> int:
    """How many conditions a theorem leaves open."""
    return sum(condition.status == "open" for condition in theorem.conditions)


def _by_meeting(left: Term, right: Term, setting: Setting, drawn: JointlyDrawn, effort: Effort) -> Theorem | None:
    chains = Chain(left, setting), Chain(right, setting)
    for chain in chains:
        simplify(chain, drawn, effort)
    join(*chains)
    if not meets(*chains):
        return None
    try:
        return equal(chains[0].theorem(), chains[1].theorem())
    except ProofError:
        return None


def _by_difference(left: Term, right: Term, setting: Setting, drawn: JointlyDrawn) -> Theorem | None:
    zero = Chain(Number(0), setting)
    chain = Chain(Plus(left, negative(right)), setting)
    simplify(chain, drawn)
    if not meets(chain, zero):
        return None
    try:
        return from_difference(left, right, equal(chain.theorem(), zero.theorem()))
    except ProofError:
        return None
