"""Concave and convex functions: by hypothesis for abstract functions, by the second derivative for the others."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from sympy import Basic, Dummy, Rational, diff, exp, factor, log, preorder_traversal

from derive.claims import Curvature, PositiveVariable, Setting
from derive.rules.pattern import Lambda
from derive.terms.binding import free_names
from derive.terms.meaning import is_nonnegative
from derive.terms.nodes import Exp, Function, Log, Number, Parameter, Plus, Power, Quotient, Term, Times, Variable

Kind: TypeAlias = Literal["concave", "convex"]


def has_curvature(shape: Lambda, kind: Kind, substitution: Mapping[str, Basic], setting: Setting) -> bool:
    """Whether t ↦ shape is concave (convex) on an interval that holds every value at which it is defined.

    The argument is the content of the hole "t".  Where that is non-negative by its form, or where the function is
    defined on the positive half-line only (log, roots), the half-line is enough: Jensen's inequality is about the
    points where both sides are defined.
    """
    argument = substitution["t"]
    body = shape.body
    if isinstance(body, Function) and body.arguments == (shape.variable,):
        return _assumed(body.name, kind, setting)
    stated = any(isinstance(h, PositiveVariable) and argument == Variable(h.name) for h in setting.hypotheses)
    return by_second_derivative(
        shape, kind, stated or is_nonnegative(argument) or _needs_positive(body, shape.variable)
    )


def _assumed(name: str, kind: Kind, setting: Setting) -> bool:
    """The text says so."""
    return any(isinstance(h, Curvature) and h.function == name and h.kind == kind for h in setting.hypotheses)


def _needs_positive(body: Term, variable: Variable) -> bool:
    """Whether the term is undefined for negative t because of a log or a root of t itself, with no 0 in front."""
    if any(isinstance(node, Number) and node.value == 0 for node in preorder_traversal(body)):
        return False  # 0 · log t is 0 everywhere
    for node in preorder_traversal(body):
        if isinstance(node, Log) and node.argument == variable:
            return True
        if isinstance(node, Power) and node.base == variable and not _is_whole(node.exponent):
            return True
    return False


def _is_whole(exponent: Term) -> bool:
    return isinstance(exponent, Number) and exponent.value.denominator == 1


@lru_cache(maxsize=256)
def by_second_derivative(shape: Lambda, kind: Kind, nonnegative: bool) -> bool:
    """Whether SymPy finds the second derivative to have the right sign everywhere.  False means "not found"."""
    if free_names(shape.body) - {shape.variable}:
        return False
    t = Dummy("t", positive=True) if nonnegative else Dummy("t", real=True)
    expression = _expression(shape.body, shape.variable, t)
    if expression is None:
        return False
    second = factor(diff(expression, t, 2))
    return bool(second.is_nonpositive if kind == "concave" else second.is_nonnegative)


def _expression(term: Basic, variable: Variable, t: Any) -> Any:
    """The term as a SymPy expression in t, or None where it is none."""
    if term == variable:
        return t
    if isinstance(term, Number):
        return Rational(term.value.numerator, term.value.denominator)
    if isinstance(term, Parameter) or not isinstance(term, Plus | Times | Quotient | Power | Log | Exp):
        return None
    parts = [_expression(arg, variable, t) for arg in term.args]
    if any(part is None for part in parts):
        return None
    return _combine(term, parts, t)


def _combine(term: Term, parts: list[Any], t: Any) -> Any:
    match term:
        case Plus():
            return sum(parts)
        case Times():
            result = parts[0]
            for part in parts[1:]:
                result = result * part
            return result
        case Quotient():
            return parts[0] / parts[1] if parts[1].is_positive else None
        case Power():
            whole = parts[1].is_integer and parts[1].is_nonnegative
            return parts[0] ** parts[1] if whole or parts[0].is_positive else None
        case Log():
            return log(parts[0]) if parts[0].is_positive else None
        case _:
            return exp(parts[0])
