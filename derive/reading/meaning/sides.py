"""What can be told from the sides of a claim: as syntax, and as terms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from sympy import Basic, preorder_traversal

from derive.claims import Definition, Hypothesis, LawEquation
from derive.reading import syntax
from derive.reading.meaning.roles import Roles
from derive.reading.statements import Statement
from derive.reading.syntax import Apply, Divergence, Labelled, Name, Node, Set_, Symbol, Unreadable
from derive.reading.walk import walk
from derive.terms.meaning import is_nonnegative
from derive.terms.nodes import (
    Density,
    Function,
    Integral,
    Law,
    Named,
    Number,
    Parameter,
    Quotient,
    Term,
    Variable,
    is_law,
    law_variables,
)

MOST_PARTS = 2_000  # of one side


def inside(node: Node) -> Node:
    """The node without labels, braces under it and the like."""
    while isinstance(node, Labelled):
        node = node.body
    return node


def head_of(side: Node) -> Node:
    """The name that a side applies, or the side."""
    side = inside(side)
    return side.head if isinstance(side, Apply) else side


def is_starred(name: Name) -> bool:
    return isinstance(name.superscript, Symbol) and name.superscript.kind == "star"


def is_starred_law(side: Node, roles: Roles) -> bool:
    """Whether a side is q^* or q^*(z): one law among those that are called q."""
    head = head_of(side)
    return isinstance(head, Name) and is_starred(head) and roles.is_law(head)


def unreadable_part(node: Node) -> Unreadable | None:
    return next((part for part in walk(node) if isinstance(part, Unreadable)), None)


def is_too_large(node: Node) -> bool:
    return next(islice(walk(node), MOST_PARTS, None), None) is not None


def shortened(source: str) -> str:
    """The beginning of a piece of text, on one line."""
    line = " ".join(source[:200].split())
    return line if len(line) <= 60 else line[:59] + "…"


def overlapping_slices(terms: tuple[Term, Term]) -> str:
    """x_t beside x_{<t}, z_{1:T} beside z_t: points that share coordinates."""
    stems: dict[str, set[str]] = {}
    for name in _variables(terms):
        stems.setdefault(name.split("_", 1)[0], set()).add(name)
    for names in stems.values():
        if len(names) > 1 and any(re.search(r"[<:≤∖…]|Range", name) for name in names):
            return " and ".join(sorted(names))
    return ""


def _variables(terms: tuple[Term, Term]) -> set[str]:
    return {node.name for term in terms for node in preorder_traversal(term) if isinstance(node, Variable)}


def are_numbers(terms: tuple[Term, Term]) -> bool:
    return all(isinstance(term, Number) for term in terms)


def is_function_value(terms: tuple[Term, Term]) -> bool:
    """f(u) = u log u, f(1) = 0: not true of every function, so it says which one is meant."""
    return any(
        isinstance(term, Function) and all(isinstance(a, Parameter | Number) for a in term.arguments) for term in terms
    )


def is_mixture(left: Term, right: Term) -> bool:
    """q(z) := Σ_x r(x) q(z | x): the law is made with the help of something else, so this says what it is."""
    if not isinstance(left, Density):
        return False
    return bool(right.atoms(Function)) or any(law.name != left.law.name for law in right.atoms(Law))


def is_collection(node: Node) -> bool:
    """A set with limits or several members: the data, not brackets around a formula."""
    if not isinstance(node, Set_):
        return False
    return len(node.items) != 1 or any(part is not None for part in (node.condition, node.lower, node.upper))


def undefined_names(terms: tuple[Term, Term], definitions: Mapping[str, Definition]) -> list[str]:
    return [name for term in terms for name in _undefined(term, definitions)]


def _undefined(term: Basic, definitions: Mapping[str, Definition]) -> Iterator[str]:
    if isinstance(term, Named) and term.name not in definitions:
        yield term.name
    for arg in term.args:
        yield from _undefined(arg, definitions)


def in_proportion(law: Term, term: Term) -> Term | None:
    """What a law is equal to if it is proportional to a term that is never negative: the term over its integral."""
    if not is_law(law) or not is_nonnegative(term):
        return None
    return Quotient(term, Integral(term, *law_variables(law)))


def equations_about(hypotheses: Iterable[Hypothesis], term: Term) -> set[LawEquation]:
    """The assumed equations that say what a law in a term is."""
    laws = {density.law.name for density in term.atoms(Density)}
    equations = (h for h in hypotheses if isinstance(h, LawEquation))
    return {e for e in equations if isinstance(e.left, Density) and e.left.law.name in laws}


_DEFINING = re.compile(r"(?i)\b(?:let|define[sd]?|denotes?|write|call|where|with|by)\b\W*$")


def is_plain_divergence(side: Node | None) -> bool:
    """D(p ‖ q), with nothing below the D."""
    head = side.head if isinstance(side, Divergence) else None
    return isinstance(head, Name) and head.base == "D" and head.subscript is None


def defines_divergence(statement: Statement) -> bool:
    """Whether a statement says what D(p ‖ q) is, and it looks like anything but a mean of logs."""
    if len(statement.sides) < 2 or not is_plain_divergence(statement.sides[0]):
        return False
    parts = [] if statement.sides[1] is None else list(walk(statement.sides[1]))
    logs = any(isinstance(part, syntax.Function) and part.name == "log" for part in parts)
    if logs and not any(isinstance(part, syntax.Pow | syntax.Optimum) for part in parts):
        return False
    first = statement.relations[0]
    defining = first.sign == "=" and _DEFINING.search(statement.lead.strip()) is not None
    return first.marked or first.sign in (":=", "=:") or defining
