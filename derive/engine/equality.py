"""Equality of two terms: both are simplified, and the two chains must meet."""

from __future__ import annotations

from derive.claims import Setting
from derive.engine.chain import Chain, meets
from derive.engine.simplify import JointlyDrawn, join, simplify
from derive.kernel import Theorem, equal, from_difference
from derive.steps import ProofError
from derive.terms.nodes import Number, Plus, Term, negative


def prove_equality(left: Term, right: Term, setting: Setting, drawn: JointlyDrawn) -> Theorem | None:
    """⊢ left = right, or None.

    Two chains that meet read best; where they do not, the difference is simplified, and last the conditional densities
    are all written out.
    """
    for thorough in (False, True):
        theorem = _by_meeting(left, right, setting, drawn, thorough) or _by_difference(left, right, setting, drawn)
        if theorem is not None:
            return theorem
    return None


def _by_meeting(left: Term, right: Term, setting: Setting, drawn: JointlyDrawn, thorough: bool) -> Theorem | None:
    chains = Chain(left, setting), Chain(right, setting)
    for chain in chains:
        simplify(chain, drawn, thorough)
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
