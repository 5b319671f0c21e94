"""Claims one edit away: what an author may have meant.

Each neighbour changes one thing: swaps the arguments of a KL, turns a sign, changes the law of an average, turns a
conditional into a joint or the other way round, argmin into argmax, takes a log or drops one, integrates over another
variable, weighs an integral, drops a factor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sympy import Basic, preorder_traversal

from derive.terms.binding import flatten, free_variables
from derive.terms.nodes import (
    ArgExtremum,
    Density,
    Divergence,
    Expectation,
    Integral,
    Log,
    Number,
    Plus,
    Quotient,
    Term,
    Times,
    is_law,
    law_variables,
    negative,
    point_order,
)

MOST = 60


@dataclass(frozen=True)
class Neighbour:
    """The two sides with ``old`` replaced by ``new`` in one of them."""

    left: Term
    right: Term
    old: Term
    new: Term


def neighbours(left: Term, right: Term) -> Iterator[Neighbour]:
    """The claims one edit away, the likeliest edits first; the right side is edited before the left."""
    laws = _laws(left, right)
    count = 0
    for edit in EDITS:
        for side, other, is_right in ((right, left, True), (left, right, False)):
            for old in dict.fromkeys(preorder_traversal(side)):
                for new in edit(old, laws):
                    changed = replace_once(side, old, new)
                    yield Neighbour(other, changed, old, new) if is_right else Neighbour(changed, other, old, new)
                    count += 1
                    if count >= MOST:
                        return


def replace_once(term: Term, old: Basic, new: Basic) -> Term:
    """The term with the first occurrence of a part replaced."""
    done = False

    def walk(node: Basic) -> Basic:
        nonlocal done
        if not done and node == old:
            done = True
            return new
        if done or not node.args:
            return node
        return node.func(*(walk(arg) for arg in node.args))

    result = walk(term)
    assert isinstance(result, Term)
    return result


Laws = tuple[Term, ...]


def _laws(*terms: Term) -> Laws:
    found: dict[Term, None] = {}
    for term in terms:
        for node in preorder_traversal(term):
            if isinstance(node, Expectation):
                found.setdefault(node.law)
            elif isinstance(node, Divergence):
                found.setdefault(node.left)
                found.setdefault(node.right)
            elif isinstance(node, Density):
                found.setdefault(node)
    return tuple(law for law in found if is_law(law))


def _swapped(node: Basic, laws: Laws) -> Iterator[Term]:
    del laws
    if isinstance(node, Divergence) and set(law_variables(node.right)) == set(law_variables(node.left)):
        yield Divergence(node.right, node.left)


def _turned_sign(node: Basic, laws: Laws) -> Iterator[Term]:
    del laws
    if not isinstance(node, Plus):
        return
    for i, part in enumerate(node.terms):
        yield Plus(*(_negated(t) if j == i else t for j, t in enumerate(node.terms)))
        del part


def _negated(term: Term) -> Term:
    if isinstance(term, Times):
        first, *rest = flatten(term)
        if first == Number(-1) and rest:
            return rest[0] if len(rest) == 1 else Times(*rest)
    return negative(term)


def _other_law(node: Basic, laws: Laws) -> Iterator[Term]:
    if isinstance(node, Expectation):
        for law in laws:
            if law != node.law and set(law_variables(law)) == set(law_variables(node.law)):
                yield Expectation(node.body, law)
    if isinstance(node, Divergence):
        for law in laws:
            if set(law_variables(law)) == set(law_variables(node.left)):
                if law != node.right:
                    yield Divergence(node.left, law)
                if law != node.left:
                    yield Divergence(law, node.right)


def _flipped_optimum(node: Basic, laws: Laws) -> Iterator[Term]:
    del laws
    if isinstance(node, ArgExtremum):
        yield ArgExtremum("argmin" if node.kind == "argmax" else "argmax", node.objective, *node.candidates)


def _other_density(node: Basic, laws: Laws) -> Iterator[Term]:
    """p(a | b) as p(a, b), p(b | a) and p(a); p(a, b) as its conditionals."""
    del laws
    if not isinstance(node, Density):
        return
    if node.given:
        yield Density(node.law, node.points)
        yield Density(node.law, node.given, node.at)
        yield Density(node.law, node.at)
    elif len(node.at) > 1:
        for point in node.at:
            rest = tuple(p for p in node.at if p != point)
            yield Density(node.law, (point,), rest)
            yield Density(node.law, rest, (point,))


def _upside_down(node: Basic, laws: Laws) -> Iterator[Term]:
    del laws
    if isinstance(node, Quotient):
        yield Quotient(node.denominator, node.numerator)


def _log(node: Basic, laws: Laws) -> Iterator[Term]:
    del laws
    if isinstance(node, Expectation):
        if isinstance(node.body, Log):
            yield Expectation(node.body.argument, node.law)
            yield Log(Expectation(node.body.argument, node.law))
        elif isinstance(node.body, Quotient):
            yield Expectation(Log(node.body), node.law)
    if isinstance(node, Log) and isinstance(node.argument, Expectation):
        yield Expectation(Log(node.argument.body), node.argument.law)


def _other_variable(node: Basic, laws: Laws) -> Iterator[Term]:
    """∫ f dx for ∫ f dz."""
    del laws
    if isinstance(node, Integral) and len(node.variables) == 1:
        for variable in sorted(free_variables(node.body) - {*node.variables}, key=point_order):
            yield Integral(node.body, variable)


def _weighed(node: Basic, laws: Laws) -> Iterator[Term]:
    """∫ q f dz for ∫ f dz."""
    if isinstance(node, Integral):
        for law in laws:
            if set(law_variables(law)) == set(node.variables) and law not in flatten(Times(node.body)):
                yield Integral(Times(law, node.body), *node.variables)


def _dropped_factor(node: Basic, laws: Laws) -> Iterator[Term]:
    """b for a b."""
    del laws
    if isinstance(node, Times) and len(node.terms) > 1:
        for i in range(len(node.terms)):
            rest = node.terms[:i] + node.terms[i + 1 :]
            yield rest[0] if len(rest) == 1 else Times(*rest)


EDITS = (
    _swapped,
    _turned_sign,
    _other_law,
    _flipped_optimum,
    _other_density,
    _upside_down,
    _log,
    _other_variable,
    _weighed,
    _dropped_factor,
)
