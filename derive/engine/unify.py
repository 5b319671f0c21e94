"""Matching a pattern with a term: only to recognise common mistakes, never to prove anything.

``match`` yields every way to fill the pattern's holes so that it becomes the term, up to the order of sums and
products.  Patterns with a Shape are not matched.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations

from sympy import Basic, Tuple

from derive.rules.pattern import Family, Group, Hole, LawHole, Substitution
from derive.terms.binding import flatten, same
from derive.terms.meaning import is_nonnegative
from derive.terms.nodes import (
    Density,
    Expectation,
    Integral,
    Plus,
    Term,
    Times,
    Variable,
    is_law,
    law_variables,
)

Bindings = dict[str, Basic]
MOST_PARTS = 5  # longer sums and products are not matched in every order


def match(pattern: Basic, term: Basic, known: Substitution | None = None) -> Iterator[Bindings]:
    """The substitutions that make the pattern the term."""
    yield from _match(pattern, term, dict(known or {}))


def _match(pattern: Basic, term: Basic, known: Bindings) -> Iterator[Bindings]:
    match pattern:
        case Hole():
            if pattern.kind != "nonnegative" or is_nonnegative(term):
                yield from _bind(pattern.name, term, known)
        case LawHole():
            if isinstance(term, Term) and is_law(term):
                for bindings in _bind(pattern.group.name, Tuple(*_sorted(law_variables(term))), known):
                    yield from _bind(pattern.name, term, bindings)
        case Density():
            yield from _match_density(pattern, term, known)
        case Integral():
            if isinstance(term, Integral) and all(isinstance(v, Group) for v in pattern.args[1:]):
                yield from _match_integral(pattern, term, known)
        case Plus() | Times():
            if type(term) is type(pattern):
                yield from _match_parts(list(flatten(pattern)), list(flatten(term)), pattern, known)
        case _:
            yield from _match_same_head(pattern, term, known)


def _match_same_head(pattern: Basic, term: Basic, known: Bindings) -> Iterator[Bindings]:
    if type(pattern) is not type(term) or len(pattern.args) != len(term.args):
        return
    if not pattern.args:
        if pattern == term:
            yield known
        return
    pairs = list(zip(pattern.args, term.args, strict=True))
    if isinstance(pattern, Expectation):
        pairs.reverse()  # the law first: it binds the group that the body may mention
    yield from _match_all(pairs, known)


def _match_all(pairs: list[tuple[Basic, Basic]], known: Bindings) -> Iterator[Bindings]:
    if not pairs:
        yield known
        return
    (pattern, term), *rest = pairs
    for bindings in _match(pattern, term, known):
        yield from _match_all(rest, bindings)


def _bind(name: str, value: Basic, known: Bindings) -> Iterator[Bindings]:
    if name not in known:
        yield {**known, name: value}
    elif same(known[name], value) or known[name] == value:
        yield known


def _match_parts(patterns: list[Term], terms: list[Term], whole: Basic, known: Bindings) -> Iterator[Bindings]:
    """Some order of the terms; a hole may take several of them."""
    if len(terms) < len(patterns) or len(terms) > MOST_PARTS:
        return
    if len(patterns) == 1:
        rest = terms[0] if len(terms) == 1 else whole.func(*terms)
        yield from _match(patterns[0], rest, known)
        return
    ordered = sorted(patterns, key=lambda p: isinstance(p, Hole))
    first, *others = ordered
    most = len(terms) - len(others) if isinstance(first, Hole) else 1
    for size in range(1, most + 1):
        for chosen in combinations(range(len(terms)), size):
            part = terms[chosen[0]] if size == 1 else whole.func(*(terms[i] for i in chosen))
            rest = [t for i, t in enumerate(terms) if i not in chosen]
            for bindings in _match(first, part, known):
                yield from _match_parts(others, rest, whole, bindings)


def _match_density(pattern: Density, term: Basic, known: Bindings) -> Iterator[Bindings]:
    if not isinstance(term, Density):
        return
    family = pattern.args[0]
    laws = _bind(family.name, term.law, known) if isinstance(family, Family) else iter([known])
    for bindings in laws:
        for more in _match_groups(list(pattern.args[1]), list(term.at), bindings):
            yield from _match_groups(list(pattern.args[2]), list(term.given), more)


def _match_groups(groups: list[Basic], points: list[Variable], known: Bindings) -> Iterator[Bindings]:
    """Shares the points out among the groups."""
    if not groups:
        if not points:
            yield known
        return
    group, *rest = groups
    assert isinstance(group, Group)
    if group.name in known:
        fixed = list(known[group.name].args)
        if set(fixed) <= set(points):
            yield from _match_groups(rest, [p for p in points if p not in fixed], known)
        return
    for size in range(len(points) + 1):
        for chosen in combinations(points, size):
            remaining = [p for p in points if p not in chosen]
            yield from _match_groups(rest, remaining, {**known, group.name: Tuple(*_sorted(chosen))})


def _match_integral(pattern: Integral, term: Integral, known: Bindings) -> Iterator[Bindings]:
    groups = [g for g in pattern.args[1:] if isinstance(g, Group)]
    for order in permutations(groups):
        for bindings in _match_groups(list(order), list(term.variables), known):
            if all(len(bindings[g.name].args) for g in groups):
                yield from _match(pattern.args[0], term.body, bindings)


def _sorted(points: tuple[Variable, ...] | list[Variable]) -> list[Variable]:
    return sorted(points, key=lambda v: (v.space, v.name))
