"""The whole way: a claim to a theorem."""

from __future__ import annotations

from collections.abc import Mapping

from sympy import preorder_traversal

from derive.claims import Claim
from derive.engine.equality import prove_equality
from derive.engine.inequalities import prove_at_least
from derive.engine.optimisation import prove_extremum, prove_same_optimum
from derive.kernel import ProofError, Theorem, turned
from derive.terms.nodes import ArgExtremum, Density, Extremum, Term


def prove(claim: Claim) -> Theorem | None:
    """A theorem that says what the claim says, or None.  Whatever comes back has been checked by the kernel."""
    try:
        return _prove(claim)
    except (ProofError, ValueError):
        return None


def _prove(claim: Claim) -> Theorem | None:
    setting, left, right = claim.setting, claim.lhs, claim.rhs
    drawn = drawn_by_law(setting.unfold_all(left), setting.unfold_all(right))
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


def drawn_by_law(*terms: Term) -> Mapping[str, frozenset[str]]:
    """For each law the spaces that it draws: those that stand left of a bar, or are missing from some density."""
    densities = [node for term in terms for node in preorder_traversal(term) if isinstance(node, Density)]
    drawn: dict[str, set[str]] = {}
    spaces: dict[str, set[str]] = {}
    for density in densities:
        drawn.setdefault(density.law.name, set()).update(v.space for v in density.at)
        spaces.setdefault(density.law.name, set()).update(v.space for v in density.points)
    for density in densities:
        drawn[density.law.name] |= spaces[density.law.name] - {v.space for v in density.points}
    return {name: frozenset(found) for name, found in drawn.items()}
