"""The whole way: a claim to a theorem."""

from __future__ import annotations

from dataclasses import replace

from derive.claims import Claim
from derive.engine.equality import prove_equality
from derive.engine.inequalities import prove_at_least
from derive.engine.optimisation import prove_extremum, prove_same_optimum
from derive.kernel import Theorem, concludes, turned
from derive.steps import ProofError
from derive.terms.nodes import ArgExtremum, Extremum


def prove(claim: Claim) -> Theorem | None:
    """A theorem that says what the claim says, or None.  Whatever comes back has been checked by the kernel."""
    try:
        theorem = _prove(replace(claim, setting=replace(claim.setting, drawn=claim.drawn)))
    except (ProofError, ValueError):
        return None
    return theorem if theorem is not None and concludes(theorem, claim) else None


def _prove(claim: Claim) -> Theorem | None:
    setting, left, right = claim.setting, claim.lhs, claim.rhs
    drawn = setting.drawn or {}
    match claim.sign:
        case "=" | ":=" | "argmax-equiv" if isinstance(setting.unfold_all(left), ArgExtremum):
            return prove_same_optimum(left, right, setting, drawn)
        case "=" if isinstance(setting.unfold_all(left), Extremum):
            return prove_extremum(left, right, setting, drawn)
        case "=":
            return prove_equality(left, right, setting, drawn)
        case ">=":
            return prove_at_least(left, right, setting, drawn)
        case "<=":
            theorem = prove_at_least(right, left, setting, drawn)
            return None if theorem is None else turned(theorem)
        case _:
            return None
