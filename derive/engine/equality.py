"""Equality of two terms: both are simplified, and the two chains must meet."""

from __future__ import annotations

from derive.claims import Setting
from derive.engine.chain import Chain, meets
from derive.engine.matching import Spaces
from derive.engine.simplify import Effort, join, simplify
from derive.kernel import Theorem, equal, from_difference
from derive.steps import ProofError
from derive.terms.nodes import Number, Plus, Term, negative


def prove_equality(left: Term, right: Term, setting: Setting, drawn: Spaces) -> Theorem | None:
    """⊢ left = right with as few open conditions as can be, or None.

    Two chains that meet read best, first those that leave logs whole; where they do not, the difference is simplified,
    then the conditional densities are all written out, and last nested integrals are taken as one.  Where the proof
    needs a law to be positive, one that cancels nothing is tried as well.
    """
    direct = _by_meeting(left, right, setting, drawn, "direct")
    if direct is not None and not open_conditions(direct):
        return direct
    theorem = (
        _by_meeting(left, right, setting, drawn, "usual")
        or _by_difference(left, right, setting, drawn)
        or _by_meeting(left, right, setting, drawn, "thorough")
        or _by_meeting(left, right, setting, drawn, "factored")
        or _by_difference(left, right, setting, drawn, "swapping")
    )
    if theorem is None or not open_conditions(theorem):
        return theorem or direct
    careful = _by_meeting(left, right, setting, drawn, "careful")
    return min((t for t in (theorem, careful, direct) if t is not None), key=open_conditions)


def open_conditions(theorem: Theorem) -> int:
    """How many conditions a theorem leaves open."""
    return sum(condition.status == "open" for condition in theorem.conditions)


def _by_meeting(left: Term, right: Term, setting: Setting, drawn: Spaces, effort: Effort) -> Theorem | None:
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


def _by_difference(
    left: Term, right: Term, setting: Setting, drawn: Spaces, effort: Effort = "usual"
) -> Theorem | None:
    zero = Chain(Number(0), setting)
    chain = Chain(Plus(left, negative(right)), setting)
    simplify(chain, drawn, effort)
    if not meets(chain, zero):
        return None
    try:
        return from_difference(left, right, equal(chain.theorem(), zero.theorem()))
    except ProofError:
        return None
