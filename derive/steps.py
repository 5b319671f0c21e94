"""One step of a proof: what it says, and the check that it is an instance of its rule.

A step is data that anybody can make.  The kernel believes it only after ``premises`` has filled the rule's pattern,
compared it with what stands at the path, and worked out which conditions the step needs.  This file is trusted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sympy import Basic, Tuple

from derive.claims import LawEquation, Positive, Setting
from derive.conditions import Condition, factors, finite, positive, settle
from derive.rules import TABLE
from derive.rules.algebra import NotEqualError, ring_premises
from derive.rules.curvature import has_curvature
from derive.rules.pattern import Lambda, PatternError, check_scopes, fill
from derive.rules.rule import Need, Rule
from derive.site import Path, PathError, Site, site
from derive.terms.binding import same, substitute
from derive.terms.meaning import is_nonnegative
from derive.terms.nodes import Density, Named, Number, Parameter, Term, Variable


class ProofError(Exception):
    """A step that the kernel does not accept; the text names the step and the reason."""


@dataclass(frozen=True)
class Step:
    """One elementary step.  ``before`` ⊑ ``after`` (or before ≥ after, ≤ for an inequality).

    path        argument numbers from the root; the last entry may be a tuple of numbers, which picks some of the
                terms of a sum or factors of a product
    substitution  the name of each hole of the rule, with what fills it
    backwards   the rule is used from right to left
    """

    rule: str
    path: Path
    substitution: Mapping[str, Basic]
    before: Term
    after: Term
    premises: tuple[Condition, ...] = ()
    backwards: bool = False


# ---------------------------------------------------------------- what a step needs


def instance(rule: Rule, substitution: Mapping[str, Basic], backwards: bool) -> tuple[Term, Term, tuple[Need, ...]]:
    """The rule's two sides, filled, in the order of use, and its needs in that direction (not yet filled).

    Raises ProofError where the holes are not filled properly.
    """
    extra = rule.merging if backwards else rule.splitting
    if extra is None:
        raise ProofError(f"{rule.name} is not used {'from right to left' if backwards else 'from left to right'}")
    try:
        check_scopes((rule.left, rule.right, *(need.subject for need in rule.needs)), substitution, rule.fresh)
        left, right = fill(rule.left, substitution), fill(rule.right, substitution)
    except (PatternError, KeyError, ValueError) as error:
        raise ProofError(f"{rule.name}: {error}") from error
    needs = (*rule.needs, *extra)
    return (right, left, needs) if backwards else (left, right, needs)


def _required(
    needs: Sequence[Need], substitution: Mapping[str, Basic], here: Site, setting: Setting
) -> list[Condition]:
    conditions: list[Condition] = []
    for need in needs:
        subject = fill(need.subject, substitution)
        if need.kind in ("support", "evidence"):
            local = [part for pattern in need.where for part in factors(fill(pattern, substitution))]
            weights = (*here.where, *(part for part in local if is_nonnegative(part)))
            conditions.append(positive(subject, weights, here.over))
        elif need.kind == "finite":
            conditions.append(finite(subject, here.over))
            conditions += _defined(subject, here, setting)
        else:
            conditions.append(Condition(need.kind, subject, over=here.over))
    return conditions


def _defined(part: Term, here: Site, setting: Setting, beside: Sequence[Term] = ()) -> list[Condition]:
    """That no conditional density among the factors of a part is taken at a null point."""
    conditions = []
    for factor in factors(part):
        null = setting.may_be_null(factor) if isinstance(factor, Density) else None
        if null is not None:
            conditions.append(positive(null, (*here.where, *(b for b in beside if b != factor)), here.over))
    return conditions


def premises(step: Step, setting: Setting) -> tuple[Condition, ...]:
    """The conditions under which the step's ``before`` becomes its ``after``, those discharged by form left out.

    This is the check of a step, except that the premises it states are compared by the caller.
    Raises ProofError where the step is not an instance of its rule.
    """
    try:
        conditions = _checked(step, site(step.before, step.path), setting)
    except (PathError, PatternError, NotEqualError) as error:
        raise ProofError(f"{step.rule}: {error}") from error
    return settled(conditions, setting)


def _checked(step: Step, here: Site, setting: Setting) -> list[Condition]:
    if step.rule == "ring":
        return _checked_ring(step, here)
    if step.rule == "definition":
        left, right, conditions = _definition(step, setting)
    elif step.rule == "hypothesis":
        left, right, conditions = _hypothesis(step, here, setting)
    elif step.rule in TABLE:
        rule = TABLE[step.rule]
        left, right, needs = instance(rule, step.substitution, step.backwards)
        _check_curvature(rule, step.substitution, setting)
        conditions = _required(needs, step.substitution, here, setting)
    else:
        raise ProofError(f"there is no rule {step.rule}")
    if not same(here.part, left):
        raise ProofError(f"{step.rule}: what stands at {step.path} is not what the rule speaks about")
    if not same(here.replace(right), step.after):
        raise ProofError(f"{step.rule}: the result is not what the step says")
    return conditions


def _checked_ring(step: Step, here: Site) -> list[Condition]:
    there = site(step.after, step.path)
    if not same(here.replace(there.part), step.after):
        raise ProofError("ring: something else changed as well")
    return ring_premises(here.part, there.part, here.where, here.over)


def _definition(step: Step, setting: Setting) -> tuple[Term, Term, list[Condition]]:
    use = step.substitution.get("name")
    if not isinstance(use, Named) or use.name not in setting.definitions:
        raise ProofError("definition: nothing of that name is defined here")
    meaning = setting.definitions[use.name].unfold(use)
    return (meaning, use, []) if step.backwards else (use, meaning, [])


def _hypothesis(step: Step, here: Site, setting: Setting) -> tuple[Term, Term, list[Condition]]:
    """An equation between laws that the text assumes, with other points and parameters put in."""
    number, renaming = step.substitution.get("number"), step.substitution.get("renaming")
    equations = [h for h in setting.hypotheses if isinstance(h, LawEquation)]
    if not isinstance(number, Number) or not isinstance(renaming, Tuple) or not 0 <= number.value < len(equations):
        raise ProofError("hypothesis: the text assumes no such equation")
    names = {pair[0]: pair[1] for pair in renaming}
    if not all(isinstance(old, Variable | Parameter) and type(new) is type(old) for old, new in names.items()):
        raise ProofError("hypothesis: points are put in for points, parameters for parameters")
    equation = equations[int(number.value)]
    sides = substitute(equation.left, names), substitute(equation.right, names)
    before, after = reversed(sides) if step.backwards else sides
    known = [null for f in factors(before) if isinstance(f, Density) and (null := setting.may_be_null(f)) is not None]
    beside = [*(f for f in factors(after) if is_nonnegative(f)), *(known if len(factors(before)) == 1 else [])]
    return before, after, _defined(after, here, setting, beside)


def _check_curvature(rule: Rule, substitution: Mapping[str, Basic], setting: Setting) -> None:
    if rule.curvature is None:
        return
    hole, kind = rule.curvature
    if not has_curvature(cast(Lambda, substitution[hole]), kind, substitution, setting):
        raise ProofError(f"{rule.name}: the function is not known to be {kind}")


def settled(conditions: Sequence[Condition], setting: Setting) -> tuple[Condition, ...]:
    """Each condition once, with its status; those discharged by form left out."""
    result: dict[Any, Condition] = {}
    for condition in map(settle, conditions):
        if condition.status != "discharged":
            result.setdefault(condition.key, _stated(condition, setting))
    return tuple(result.values())


def _stated(condition: Condition, setting: Setting) -> Condition:
    """A positivity that the text states: every factor belongs to a law said to be positive."""
    if condition.kind not in ("support", "evidence"):
        return condition
    reasons: list[Positive | None] = [
        setting.positive(factor.law.name) if isinstance(factor, Density) else None
        for factor in factors(condition.subject)
    ]
    if all(reasons):
        return condition.settled("stated", cast(Positive, reasons[0]).label or "the text says so")
    return condition
