"""Patterns: terms with holes, and how a hole is filled.

    Hole(name)            any term; Hole(name, "nonnegative"), Hole(name, "constant") only such terms
    Group(name)           a bundle of variables (or of the candidates of an optimum)
    LawHole(name, group)  a law that draws exactly that group
    Shape(name, t)        F(t), a term with a place for t; filled by a Lambda

A hole may be filled with a term that mentions a variable bound by the pattern only if *every* place where the hole
stands lies inside that binder.  So ``∫_Z c·f = c·∫_Z f`` needs no "c is free of Z": c stands once outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import cast

from sympy import Basic, Tuple
from sympy.core.symbol import Str

from derive.terms.binding import free_names, substitute
from derive.terms.meaning import is_nonnegative
from derive.terms.nodes import (
    ArgExtremum,
    Binder,
    Divergence,
    Entropy,
    Expectation,
    Extremum,
    Integral,
    Node,
    Number,
    Parameter,
    Term,
    Variable,
    is_law,
    law_factors,
    law_variables,
)

Substitution = Mapping[str, Basic]  # the name of a hole -> what fills it (a group: a Tuple of variables)


class PatternError(ValueError):
    """A pattern that is not filled properly; the text says which hole and why."""


class _Named(Node):
    __slots__ = ()

    @property
    def name(self) -> str:
        return str(self.args[0].name)


class Hole(_Named, Term):
    """A place for a term of the given kind: "any", "nonnegative" or "constant" (numbers and parameters only)."""

    __slots__ = ()

    def __new__(cls, name: str, kind: str = "any") -> Hole:
        return cast(Hole, Basic.__new__(cls, Str(name), Str(kind)))

    @property
    def kind(self) -> str:
        return str(self.args[1].name)

    @property
    def declared_nonnegative(self) -> bool:
        return self.kind == "nonnegative"


class Group(_Named):
    """A place for a bundle of variables."""

    __slots__ = ()

    def __new__(cls, name: str) -> Group:
        return cast(Group, Basic.__new__(cls, Str(name)))


class LawHole(_Named, Term):
    """A place for a law (a density or a product of densities) that draws the group."""

    __slots__ = ()

    def __new__(cls, name: str, group: Group) -> LawHole:
        return cast(LawHole, Basic.__new__(cls, Str(name), group))

    @property
    def group(self) -> Group:
        return cast(Group, self.args[1])

    declared_nonnegative = True


class Family(_Named):
    """A place for the name of a law, as in p(A, Z | B)."""

    __slots__ = ()

    def __new__(cls, name: str) -> Family:
        return cast(Family, Basic.__new__(cls, Str(name)))


class Shape(_Named, Term):
    """F(t): a place for a term with a place for t."""

    __slots__ = ()

    def __new__(cls, name: str, argument: Basic) -> Shape:
        return cast(Shape, Basic.__new__(cls, Str(name), argument))

    @property
    def argument(self) -> Term:
        return cast(Term, self.args[1])


class Lambda(Node):
    """t ↦ body: what fills a Shape."""

    __slots__ = ()

    def __new__(cls, variable: Variable, body: Basic) -> Lambda:
        return cast(Lambda, Basic.__new__(cls, variable, body))

    @property
    def variable(self) -> Variable:
        return cast(Variable, self.args[0])

    @property
    def body(self) -> Term:
        return cast(Term, self.args[1])

    def __call__(self, argument: Basic) -> Term:
        return substitute(self.body, {self.variable: argument})


Place = Hole | Group | LawHole | Family | Shape


# ---------------------------------------------------------------- filling


def fill(pattern: Basic, substitution: Substitution) -> Term:
    """The pattern with its holes filled.  Scopes are checked by ``check_scopes``, once for the whole rule."""
    return cast(Term, _fill(pattern, substitution))


def _fill(pattern: Basic, substitution: Substitution) -> Basic:
    match pattern:
        case Hole() | LawHole() | Family():
            return _value(pattern, substitution)
        case Shape():
            shape = _value(pattern, substitution)
            return cast(Lambda, shape)(_fill(pattern.argument, substitution))
        case Group():
            raise PatternError(f"the group {pattern.name} stands where a term is wanted")
    if not pattern.args:
        return pattern
    args: list[Basic] = []
    for arg in pattern.args:
        if isinstance(arg, Group):
            args += _value(arg, substitution).args
        elif isinstance(arg, Tuple):
            args.append(Tuple(*_points(arg, substitution)))
        else:
            args.append(_fill(arg, substitution))
    return pattern.func(*args)


def _points(group: Tuple, substitution: Substitution) -> Iterator[Basic]:
    for point in group:
        yield from _value(point, substitution).args if isinstance(point, Group) else (point,)


def _value(place: Place, substitution: Substitution) -> Basic:
    if place.name not in substitution:
        raise PatternError(f"nothing fills {place.name}")
    value = substitution[place.name]
    complaint = _unfit(place, value, substitution)
    if complaint:
        raise PatternError(f"{place.name}: {complaint}")
    return value


def _unfit(place: Place, value: Basic, substitution: Substitution) -> str:
    match place:
        case Hole(kind="nonnegative"):
            return "" if is_nonnegative(value) else "not non-negative by its form"
        case Hole(kind="constant"):
            return "" if is_constant(value) else "no constant"
        case Hole():
            return "" if isinstance(value, Term) else "no term"
        case LawHole():
            drawn = substitution.get(place.group.name)
            fits = isinstance(value, Term) and is_law(value) and isinstance(drawn, Tuple)
            fits = fits and set(law_variables(cast(Term, value))) == set(drawn or ())
            return "" if fits and not _indices(cast(Term, value)) & set(drawn or ()) else "no law of the group"
        case Group():
            return "" if isinstance(value, Tuple) and len(set(value)) == len(value) else "no bundle of distinct names"
        case Shape():
            return "" if isinstance(value, Lambda) else "no term with a place in it"
        case _:
            return ""


def _indices(law: Term) -> frozenset[Basic]:
    """The names that choose which laws are meant: i in Q_i(z).  ∫ q_z(z) dz is no integral of one law."""
    return frozenset().union(*(free_names(factor.args[0]) for factor in law_factors(law)))


def is_constant(value: Basic) -> bool:
    """Made of numbers and parameters alone."""
    if isinstance(value, Number | Parameter):
        return True
    allowed = {"Plus", "Times", "Quotient", "Power"}
    return type(value).__name__ in allowed and all(is_constant(arg) for arg in value.args)


# ---------------------------------------------------------------- scopes

BINDERS = (Integral, Expectation, Divergence, Entropy, Extremum, ArgExtremum)


def _bound_groups(node: Basic) -> frozenset[str]:
    if isinstance(node, Expectation | Divergence | Entropy):
        law = node.args[1] if isinstance(node, Expectation) else node.args[0]
        return frozenset(hole.group.name for hole in places(law) if isinstance(hole, LawHole))
    if isinstance(node, Binder):
        return frozenset(arg.name for arg in node.args if isinstance(arg, Group))
    return frozenset()


def places(pattern: Basic) -> Iterator[Place]:
    """The holes of a pattern, with repetitions."""
    if isinstance(pattern, Hole | Group | LawHole | Family | Shape):
        yield pattern
    for arg in pattern.args:
        yield from places(arg)


@lru_cache(maxsize=1 << 10)
def scopes(pattern: Basic) -> dict[str, frozenset[str]]:
    """For every hole the groups inside whose binders all of its occurrences lie."""
    found: dict[str, frozenset[str]] = {}
    _collect(pattern, frozenset(), found)
    return found


def _collect(node: Basic, inside: frozenset[str], found: dict[str, frozenset[str]]) -> None:
    within = inside | _bound_groups(node)
    if isinstance(node, Hole | Group | LawHole | Family | Shape):
        found[node.name] = found.get(node.name, within) & within
    for arg in node.args:
        _collect(arg, within, found)


def binders(patterns: Iterable[Basic]) -> frozenset[str]:
    """The groups that some binder of the patterns binds."""
    return frozenset(name for pattern in patterns for node in _walk(pattern) for name in _bound_groups(node))


def _walk(node: Basic) -> Iterator[Basic]:
    yield node
    for arg in node.args:
        yield from _walk(arg)


def check_scopes(patterns: tuple[Basic, ...], substitution: Substitution, fresh: Iterable[tuple[str, str]]) -> None:
    """Raises PatternError where a hole's content mentions a bound name outside its binder, or one declared foreign.

    ``fresh`` pairs a hole with a group it must not mention although it stands inside the binder.
    """
    allowed: dict[str, frozenset[str]] = {}
    for pattern in patterns:
        for name, within in scopes(pattern).items():
            allowed[name] = allowed.get(name, within) & within
    foreign = set(fresh)
    for group in binders(patterns):
        bound = frozenset(substitution[group].args)
        for name, within in allowed.items():
            outside = group not in within or (name, group) in foreign
            if name != group and outside and bound & free_names(substitution[name]):
                raise PatternError(f"{name} mentions a variable of {group} that is bound elsewhere")
