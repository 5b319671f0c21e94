"""One step of a proof: what it says, and the check that it is an instance of its rule.

A step is data that anybody can make.  The kernel believes it only after ``premises`` has filled the rule's pattern,
compared it with what stands at the path, and worked out which conditions the step needs.  This file is trusted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, cast

from sympy import Basic, Tuple

from derive.claims import LawEquation, Positive, Range, Setting, Support
from derive.conditions import Condition, defined, factors, finite, makings, positive, positive_given, settle, within
from derive.rules import TABLE
from derive.rules.algebra import ring_premises
from derive.rules.curvature import has_curvature
from derive.rules.pattern import Lambda, check_scopes, fill
from derive.rules.rule import Need, Rule
from derive.site import Path, Site, decides, site, with_part
from derive.terms.binding import fingerprint, flatten, free_names, free_variables, same, substitute
from derive.terms.meaning import is_defined, is_finite, is_nonnegative
from derive.terms.nodes import (
    Binder,
    Density,
    Expectation,
    Law,
    Named,
    Number,
    Parameter,
    Quotient,
    Term,
    Times,
    Variable,
    law_factors,
)


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


# ---------------------------------------------------------------- names that hide something


@lru_cache(maxsize=1 << 12)
def names_in(term: Basic, below: bool = False) -> frozenset[tuple[str, bool]]:
    """The names in a term that the text defines, or should have, and whether something is bound around them."""
    below = below or isinstance(term, Binder)
    inner: frozenset[tuple[str, bool]] = frozenset().union(*(names_in(arg, below) for arg in term.args))
    return inner | {(term.name, below)} if isinstance(term, Named) else inner


def alike(left: Term, right: Term) -> bool:
    """The same; terms with names letter by letter, as what a name stands for may mention what is bound around it."""
    return left == right or (same(left, right) and not names_in(left) and not names_in(right))


@lru_cache(maxsize=1 << 12)
def has_twins(term: Basic) -> bool:
    """Whether two points of one space stand in one density."""
    if isinstance(term, Density):
        return len({point.space for point in term.points if isinstance(point, Variable)}) < len(term.points)
    return any(has_twins(arg) for arg in term.args)


# ---------------------------------------------------------------- what a step needs


def instance(rule: Rule, substitution: Mapping[str, Basic], backwards: bool) -> tuple[Term, Term, tuple[Need, ...]]:
    """The rule's two sides, filled, in the order of use, and its needs in that direction (not yet filled).

    Raises ProofError where the holes are not filled properly.
    """
    extra = rule.merging if backwards else rule.splitting
    if extra is None:
        raise ProofError(f"{rule.name} is not used {'from right to left' if backwards else 'from left to right'}")
    try:
        needs = (*rule.needs, *extra)
        check_scopes((rule.left, rule.right, *(need.subject for need in needs)), substitution, rule.fresh)
        left, right = fill(rule.left, substitution), fill(rule.right, substitution)
    except (KeyError, ValueError) as error:
        raise ProofError(f"{rule.name}: {error}") from error
    return (right, left, needs) if backwards else (left, right, needs)


def premises(step: Step, setting: Setting) -> tuple[Condition, ...]:
    """The conditions under which the step's ``before`` becomes its ``after``, those discharged by form left out.

    This is the check of a step, except that the premises it states are compared by the caller.
    Raises ProofError where the step is not an instance of its rule.
    """
    step = replace(step, substitution=dict(step.substitution))  # read once, whatever kind of mapping it is
    try:
        _check_terms(step, setting)
        conditions = _checked(step, site(step.before, step.path, setting.may_be_null), setting)
    except ValueError as error:
        raise ProofError(f"{step.rule}: {error}") from error
    return settled(conditions, setting)


def _checked(step: Step, here: Site, setting: Setting) -> list[Condition]:
    if step.rule == "ring":
        return _ring(step, here, setting)
    if step.rule == "definition":
        left, right = _definition(step, setting)
        conditions: list[Condition] = []
    elif step.rule == "hypothesis":
        left, right, conditions = _hypothesis(step, here, setting)
    elif step.rule in TABLE:
        left, right, conditions = _rule(TABLE[step.rule], step, here, setting)
    else:
        raise ProofError(f"there is no rule {step.rule}")
    if not same(here.part, left):
        raise ProofError(f"{step.rule}: what stands at {step.path} is not what the rule speaks about")
    if not alike(here.replace(right), step.after):
        raise ProofError(f"{step.rule}: the result is not what the step says")
    return conditions


def _check_terms(step: Step, setting: Setting) -> None:
    """Raises ProofError for terms that rules must not be used on."""
    for term in (step.before, step.after, *step.substitution.values()):
        if has_twins(term):
            raise ProofError("a density of two points of one space is not spoken of by the rules")
        for name, bound in names_in(term) if step.rule != "definition" else ():
            if name in setting.definitions:
                raise ProofError(f"names are replaced by what they stand for first: {name}")
            if bound:
                raise ProofError(f"an unknown name may depend on what is bound around it: {name}")


# ---------------------------------------------------------------- rows of the table


def _rule(rule: Rule, step: Step, here: Site, setting: Setting) -> tuple[Term, Term, list[Condition]]:
    left, right, needs = instance(rule, step.substitution, step.backwards)
    _check_curvature(rule, step.substitution, setting)
    conditions = [c for need in needs for c in _required(need, step.substitution, here, setting)]
    if rule.relation == "=":
        conditions += _kept_in_form(here, right, setting)
    return left, right, conditions


def _required(need: Need, substitution: Mapping[str, Basic], here: Site, setting: Setting) -> list[Condition]:
    subject = fill(need.subject, substitution)
    if need.unless is not None and is_nonnegative(fill(need.unless, substitution)):
        return []
    if need.beside is not None and not decides(fill(need.beside, substitution)):
        return []
    if need.kind == "finite":
        if need.loosely and is_finite(subject):
            return []
        return _harmless(subject, here.where, here, setting)
    if need.kind not in ("support", "evidence"):
        return [Condition(need.kind, subject, over=here.over)]
    weights, conditions = _where(need, substitution, here, setting)
    return [positive(subject, (*here.where, *weights), here.over), *conditions]


def _where(
    need: Need, substitution: Mapping[str, Basic], here: Site, setting: Setting
) -> tuple[list[Term], list[Condition]]:
    """The factors where a need matters, and what makes them defined: only then is a product 0 if they are not > 0."""
    weights: list[Term] = []
    conditions: list[Condition] = []
    for factor in flatten(Times(*(fill(pattern, substitution) for pattern in need.where))):
        if is_nonnegative(factor) and (isinstance(factor, Density) or is_defined(factor, setting.may_be_null)):
            weights.append(factor)
            conditions += defined(factor, setting.may_be_null, here.where, here.over)
    return weights, conditions


def _harmless(term: Term, where: Sequence[Term], here: Site, setting: Setting) -> list[Condition]:
    """That a term is defined and finite."""
    if not is_finite(term):
        return [finite(term, here.over)]
    return defined(term, setting.may_be_null, where, here.over)


def _check_curvature(rule: Rule, substitution: Mapping[str, Basic], setting: Setting) -> None:
    if rule.curvature is None:
        return
    hole, kind = rule.curvature
    if not has_curvature(cast(Lambda, substitution[hole]), kind, substitution, setting):
        raise ProofError(f"{rule.name}: the function is not known to be {kind}")


# ---------------------------------------------------------------- form


def _kept_in_form(here: Site, new: Term, setting: Setting) -> list[Condition]:
    """What the whole needs where the part loses the form that makes 0 · ∞ = 0 or a/0 = ∞ around it.

    p = 2p − p, but p · log p is 0 where p is, and (2p − p) · log p is not.
    """
    conditions: list[Condition] = []
    old = here.part
    for parent, place in reversed(here.trail):
        if _loses_form(old, new):
            for other in _multiplied_with(parent, place):
                conditions += _harmless(other, (), here, setting)
        if isinstance(parent, Quotient) and place == 1 and is_nonnegative(old) and not is_nonnegative(new):
            conditions.append(positive(new, (), here.over))
        old, new = parent, with_part(parent, place, new)
    return conditions


def _loses_form(old: Term, new: Term) -> bool:
    """Whether a 0 of ``old`` decides a product and that of ``new`` does not."""
    before, after = ({fingerprint(f) for f in flatten(Times(term)) if is_nonnegative(f)} for term in (old, new))
    return not is_nonnegative(new) and not before <= after


def _multiplied_with(parent: Term, place: int | tuple[int, ...]) -> tuple[Term, ...]:
    match parent:
        case Times():
            inside = place if isinstance(place, tuple) else (place,)
            return tuple(factor for i, factor in enumerate(parent.terms) if i not in inside)
        case Expectation():
            return law_factors(parent.law)
        case _:
            return ()


# ---------------------------------------------------------------- steps that are computed


def _ring(step: Step, here: Site, setting: Setting) -> list[Condition]:
    there = site(step.after, step.path)
    if not same(here.replace(there.part), step.after):
        raise ProofError("ring: something else changed as well")
    algebra = ring_premises(here.part, there.part, setting.may_be_null, here.where, here.over)
    return [*algebra, *_kept_in_form(here, there.part, setting)]


def _definition(step: Step, setting: Setting) -> tuple[Term, Term]:
    use = step.substitution.get("name")
    if not isinstance(use, Named) or use.name not in setting.definitions:
        raise ProofError("definition: nothing of that name is defined here")
    meaning = setting.definitions[use.name].unfold(use)
    return (meaning, use) if step.backwards else (use, meaning)


def _hypothesis(step: Step, here: Site, setting: Setting) -> tuple[Term, Term, list[Condition]]:
    """An equation between products of densities that the text assumes, with other points and parameters put in."""
    number, renaming = step.substitution.get("number"), step.substitution.get("renaming")
    equations = [h for h in setting.hypotheses if isinstance(h, LawEquation)]
    if not isinstance(number, Number) or not isinstance(renaming, Tuple) or not 0 <= number.value < len(equations):
        raise ProofError("hypothesis: the text assumes no such equation")
    if number.value.denominator != 1 or not all(isinstance(p, Tuple) and len(p) == 2 for p in renaming):
        raise ProofError("hypothesis: a renaming is made of pairs")
    equation = equations[int(number.value)]
    names = {pair[0]: pair[1] for pair in renaming}
    _check_renaming(equation, names, here, setting)
    sides = substitute(equation.left, names), substitute(equation.right, names)
    before, after = reversed(sides) if step.backwards else sides
    densities = [[f for f in law_factors(side) if isinstance(f, Density)] for side in (before, after)]
    if len(densities[0]) < len(law_factors(before)) or len(densities[1]) < len(law_factors(after)):
        raise ProofError("hypothesis: only products of densities are put in for one another")
    known = setting.may_be_null(densities[0][0]) if len(densities[0]) == 1 else None
    return before, after, [
        *_defined_product(densities[1], [] if known is None else [known], here, setting),
        *_kept_in_form(here, after, setting),
    ]  # fmt: skip


def _check_renaming(equation: LawEquation, names: Mapping[Basic, Basic], here: Site, setting: Setting) -> None:
    """Raises ProofError where an equation would be used for what it is not about."""
    for old, new in names.items():
        points = isinstance(old, Variable) and isinstance(new, Variable) and old.space == new.space
        if not points and not (isinstance(old, Parameter) and isinstance(new, Parameter)):
            raise ProofError("hypothesis: points are put in for points of the same space, parameters for parameters")
    bound = {name for parent, _ in here.trail if isinstance(parent, Binder) for name in parent.bound_names}
    moved = {old for old, new in names.items() if old != new}
    if (spoken_of(equation) | _fixed_points(equation, setting)) & (moved | bound):
        raise ProofError("hypothesis: it is about one law, parameter or point, not about those that are bound here")


def spoken_of(equation: LawEquation) -> frozenset[Basic]:
    """The laws that an equation tells to be one, and the parameters of which it is about one value: q = p_θ.

    A parameter of both sides stands for every value, as points do: p_θ(x, z) = p_θ(x | z) p_θ(z).  What an equation
    says of a single law, as there, says from which class it is.
    """
    left, right = free_names(equation.left), free_names(equation.right)
    laws = {name for name in left | right if isinstance(name, Law)}
    return frozenset(laws if len(laws) > 1 else ()) | {n for n in left ^ right if isinstance(n, Parameter)}


def _fixed_points(equation: LawEquation, setting: Setting) -> frozenset[Variable]:
    """The points of which an equation between two laws may be about one value only: x in q(z) = p(z | x).

    They stand on one side.  On the left only where the law draws them: q(z | x) = p(z), with q an encoder, is about
    every x.
    """
    if not any(isinstance(name, Law) for name in spoken_of(equation)):
        return frozenset()
    left, right = free_variables(equation.left), free_variables(equation.right)
    drawn = (setting.may_be_null(d) for d in law_factors(equation.left) if isinstance(d, Density))
    return (right - left) | ((left - right) & {v for d in drawn if d is not None for v in d.at})


def _defined_product(densities: list[Density], known: list[Term], here: Site, setting: Setting) -> list[Condition]:
    """That a product of densities is defined: each conditional, wherever those counted before it are positive."""
    conditions: list[Condition] = []
    weights, waiting = [*here.where, *known], list(densities)
    while waiting:
        needs = [(factor, defined(factor, setting.may_be_null, weights, here.over)) for factor in waiting]
        factor, need = min(needs, key=lambda pair: sum(settle(c).status != "discharged" for c in pair[1]))
        waiting.remove(factor)
        weights.append(factor)
        conditions += need
    return conditions


# ---------------------------------------------------------------- statuses


def settled(conditions: Sequence[Condition], setting: Setting) -> tuple[Condition, ...]:
    """Each condition once, with its status; those discharged by form left out."""
    result: dict[Any, Condition] = {}
    for condition in map(settle, conditions):
        if condition.status != "discharged":
            result.setdefault(condition.key, _stated(condition, setting))
    return tuple(condition for condition in result.values() if condition.status != "discharged")


def _stated(condition: Condition, setting: Setting) -> Condition:
    """What the text states: every factor belongs to a law said to be positive, or a scalar lies where it should."""
    if condition.kind == "range":
        return within(condition, [h for h in setting.hypotheses if isinstance(h, Range)])
    if condition.kind not in ("support", "evidence"):
        return condition
    reasons = [_said_positive(factor, condition, setting) for factor in makings(condition.subject)]
    if all(reasons):
        return condition.settled("stated", cast(Positive, reasons[0]).label or "the text says so")
    return condition


def _said_positive(factor: Term, condition: Condition, setting: Setting) -> Positive | Support | None:
    """What the text says of a factor: that its law is positive, or that it is wherever the condition is needed."""
    stated = setting.positive(factor.law.name) if isinstance(factor, Density) else None
    needed = [part for term in condition.where for part in factors(term)]
    supports = (h for h in setting.hypotheses if isinstance(h, Support) and positive_given(h.where, needed))
    return stated or next((h for h in supports if fingerprint(h.subject) == fingerprint(factor)), None)
