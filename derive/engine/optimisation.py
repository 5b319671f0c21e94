"""Optima: when two objectives have the same maximisers, and what the supremum over a law is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

from sympy import Basic, preorder_traversal

from derive.claims import Setting
from derive.engine.chain import Chain
from derive.engine.equality import prove_equality
from derive.engine.inequalities import prove_at_least
from derive.engine.matching import Spaces
from derive.engine.simplify import simplify
from derive.kernel import Theorem, same_optimum, supremum
from derive.steps import ProofError
from derive.terms.binding import base, free_names, substitute
from derive.terms.nodes import ArgExtremum, Density, Extremum, Law, Number, Plus, Term, Times

MAX_SCALES = 6


def prove_same_optimum(left: Term, right: Term, setting: Setting, drawn: Spaces) -> Theorem | None:
    """⊢ argmin f = argmax g and the like: a combination f ± λg does not depend on the candidates."""
    left, right = setting.unfold_all(left), setting.unfold_all(right)
    if not isinstance(left, ArgExtremum) or not isinstance(right, ArgExtremum):
        return None
    for scale in _scales(left, right):
        signed = scale if left.kind != right.kind else Number(-scale.value)
        chain = Chain(Plus(left.objective, Times(signed, right.objective)), setting)
        simplify(chain, drawn)
        if not free_names(chain.term) & set(left.candidates):
            try:
                return same_optimum(left, right, scale, chain.theorem())
            except ProofError:
                return None
    return None


def _scales(left: ArgExtremum, right: ArgExtremum) -> Iterator[Number]:
    """1, then the ratios of the numbers that the two objectives mention."""
    mine, other = (sorted(_magnitudes(side.objective)) for side in (left, right))
    ratios = dict.fromkeys([Fraction(1), *(a / b for a in mine for b in other), *(1 / a for a in mine)])
    for ratio in list(ratios)[:MAX_SCALES]:
        yield Number(ratio)


def _magnitudes(term: Term) -> set[Fraction]:
    found = {abs(n.value) for n in preorder_traversal(term) if isinstance(n, Number) and n.value}
    return found | {Fraction(1)}


# ---------------------------------------------------------------- suprema over laws


@dataclass(frozen=True)
class BestLaw:
    """sup_q objective = value (or inf), reached at ``choice``."""

    theorem: Theorem
    value: Term
    choice: Density


def best_over_law(extremum: Extremum, setting: Setting, drawn: Spaces) -> BestLaw | None:
    """What an optimum over a law is, found by putting in the conditionals of the other laws."""
    objective, law = setting.unfold_all(extremum.objective), cast(Law, extremum.candidates[0])
    for choice in _conditionals(objective, law):
        at: dict[Basic, Basic] = {base(law): choice}
        chain = Chain(substitute(objective, at), setting)
        simplify(chain, drawn)
        if base(law) in free_names(chain.term):
            continue
        theorem = prove_supremum(Extremum(extremum.kind, objective, base(law)), chain.term, at, setting, drawn)
        if theorem is not None:
            return BestLaw(theorem, chain.term, choice)
    return None


def prove_supremum(
    extremum: Extremum, value: Term, at: dict[Basic, Basic], setting: Setting, drawn: Spaces
) -> Theorem | None:
    """⊢ sup_q J = value (or inf), from the bound and the choice that reaches it."""
    sides = (value, extremum.objective) if extremum.kind in ("sup", "max") else (extremum.objective, value)
    bound = prove_at_least(*sides, setting, drawn)
    attained = prove_equality(substitute(extremum.objective, at), value, setting, drawn)
    if bound is None or attained is None:
        return None
    try:
        return supremum(extremum, bound, attained, at)
    except ProofError:
        return None


def prove_extremum(left: Term, right: Term, setting: Setting, drawn: Spaces) -> Theorem | None:
    """⊢ sup_q J = value (or max, inf, min), where value is one side of a claim."""
    left, right = setting.unfold_all(left), setting.unfold_all(right)
    if not isinstance(left, Extremum) or len(left.candidates) != 1 or not isinstance(left.candidates[0], Law):
        return None
    for choice in _conditionals(left.objective, left.candidates[0]):
        theorem = prove_supremum(left, right, {left.candidates[0]: choice}, setting, drawn)
        if theorem is not None:
            return theorem
    return None


def _conditionals(objective: Term, law: Law) -> Iterator[Density]:
    """For what q draws: the other laws' conditionals given the rest of a density that holds it."""
    densities = [node for node in preorder_traversal(objective) if isinstance(node, Density)]
    mine = [d for d in densities if base(d.law) == base(law)]
    for joint in dict.fromkeys(d for d in densities if base(d.law) != base(law)):
        for own in dict.fromkeys(mine):
            at = {v.space for v in own.at}
            inside = [v for v in joint.points if v.space in at]
            rest = [v for v in joint.points if v.space not in at]
            if len(inside) == len(at):
                yield Density(joint.law, tuple(inside), tuple(rest))
