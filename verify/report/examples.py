"""Rules as people read them: their statements with ordinary names, and one instance of each.

A rule's pattern has holes; here every hole gets a name or a content that a reader knows: p(x, z), q(z|x), log p(x).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import cast

from sympy import Basic, Tuple

from derive.rules.pattern import Family, Group, Hole, Lambda, LawHole, Shape, places
from derive.rules.rule import NearMiss, Rule
from derive.steps import ProofError, instance
from derive.terms.nodes import Density, Function, Law, Number, Parameter, Power, Quotient, Term, Variable
from derive.terms.notation import laws, log, variables
from derive.writing import latex, text
from verify.report.wording import LATEX_SIGNS, sign

x, z, y, t = variables("x z y t")
p, q = laws("p q")


# ---------------------------------------------------------------- statements


def statement(rule: Rule | NearMiss) -> str:
    """The rule as one line of text, its holes by their names: log(∫ g dz) ≥ E_{q}[log(g/q)]."""
    return f"{text(_readable(rule.left))} {sign(rule.relation)} {text(_readable(rule.right))}"


def latex_statement(rule: Rule | NearMiss) -> str:
    relation = LATEX_SIGNS.get(rule.relation, rule.relation)
    return f"{latex(_readable(rule.left))} {relation} {latex(_readable(rule.right))}"


def _readable(pattern: Basic) -> Basic:
    """The pattern with groups as variables, families as laws, shapes as functions."""
    match pattern:
        case Group():
            return Variable(pattern.name.lower())
        case Family():
            return Law(pattern.name)
        case Shape():
            return Function(pattern.name, cast(Term, _readable(pattern.argument)))
        case Hole() | LawHole():
            return pattern
        case _ if pattern.args:
            return pattern.func(*map(_readable, pattern.args))
        case _:
            return pattern


# ---------------------------------------------------------------- instances


def example(rule: Rule) -> tuple[Term, Term] | None:
    """Both sides of an instance of the rule; None where nothing of the kind kept here fits its holes."""
    found = {place.name: place for side in (rule.left, rule.right) for place in places(side)}
    groups = {name: _group(name, found) for name, place in found.items() if isinstance(place, Group)}
    substitution: dict[str, Basic] = dict(groups)
    for name, place in found.items():
        if not isinstance(place, Group):
            substitution[name] = _content(place, groups, rule)
    try:
        left, right, _ = instance(rule, substitution, rule.splitting is None)
    except (ProofError, ValueError):
        return None
    return (right, left) if rule.splitting is None else (left, right)


def _group(name: str, found: Mapping[str, Basic]) -> Tuple:
    points = {"A": (x,), "B": () if "Z" in found else (z,), "Y": (y,), "Z": (z,)}
    return Tuple(*points.get(name, ()))


def _content(place: Basic, groups: Mapping[str, Tuple], rule: Rule) -> Basic:
    match place:
        case Family():
            return Law(place.name)
        case LawHole():
            drawn = tuple(groups[place.group.name])
            return Density(Law(place.name), drawn, () if x in drawn else (x,))
        case Shape():
            convex = rule.curvature is not None and rule.curvature[1] == "convex"
            return Lambda(t, Power(t, Number(2) if convex else Number(Fraction(1, 2))))
        case Hole():
            return _term(place, "Y" in groups)
        case _:
            raise TypeError(f"{type(place).__name__} is no place of a pattern")


def _term(hole: Hole, pairs: bool) -> Term:
    """What a reader expects in a hole of that name."""
    joint = p(y, z | x) if pairs else p(x, z)
    ratio = Quotient(p(x, z), q(z | x))
    if hole.name in ("α", "β"):
        return Parameter(hole.name)
    if hole.name in ("λ", "μ"):
        return Number(Fraction(1, 2))
    if hole.kind == "constant":
        return Number(2)
    if hole.kind == "nonnegative":
        return {"b": q(z | x), "q": q(z | x), "y": ratio}.get(hole.name, joint)
    usual = {"a": joint, "b": q(z | x), "c": log(p(x)), "g": log(q(z | x)), "t": ratio}
    return usual.get(hole.name, log(joint))
