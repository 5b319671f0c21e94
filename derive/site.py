"""Where a path leads in a term, and what is known there.

A path is a list of argument numbers from the root.  Its last entry may be a tuple of numbers, which picks some of the
terms of a sum or some of the factors of a product.  This file is trusted: the kernel walks with nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, cast

from derive.conditions import factors
from derive.terms.binding import flatten, free_names
from derive.terms.meaning import Null, is_defined, is_nonnegative
from derive.terms.nodes import (
    ArgExtremum,
    Binder,
    Density,
    Exp,
    Expectation,
    Extremum,
    Function,
    Integral,
    Log,
    Number,
    Plus,
    Power,
    Quotient,
    Term,
    Times,
    Variable,
    law_factors,
)

Path: TypeAlias = tuple[int | tuple[int, ...], ...]


class PathError(ValueError):
    """A path that leads nowhere, or into a place that no rule may change."""


@dataclass(frozen=True)
class Site:
    """The part of a term that a path leads to, and what is known there.

    where      non-negative factors that are positive wherever the part matters
    over       the variables bound on the way
    rising     whether the whole grows with the part (None: neither rises nor falls)
    """

    part: Term
    where: tuple[Term, ...]
    over: tuple[Variable, ...]
    rising: bool | None
    trail: tuple[tuple[Term, int | tuple[int, ...]], ...]

    def replace(self, new: Term) -> Term:
        """The whole term with the part replaced."""
        for parent, place in reversed(self.trail):
            new = with_part(parent, place, new)
        return new


def with_part(parent: Term, place: int | tuple[int, ...], new: Term) -> Term:
    if isinstance(place, int):
        return cast(Term, parent.func(*(new if i == place else arg for i, arg in enumerate(parent.args))))
    kept = [arg for i, arg in enumerate(parent.args) if i not in place]
    return cast(Term, parent.func(new, *kept))


def always_null(density: Density) -> Density | None:
    """The most careful answer: whatever a conditional is given may have density 0."""
    return Density(density.law, density.given) if density.given else None


def site(term: Term, path: Path, null: Null = always_null) -> Site:
    """Walks the path.  Raises PathError where it leads nowhere, or into a place that no rule may change."""
    here = Site(term, (), (), True, ())
    for place in path:
        here = _descend(here, place, null)
    return here


def children(term: Term) -> Iterator[tuple[int, Term]]:
    """The parts of a term that rules may be applied to, with their argument numbers."""
    for place, arg in enumerate(term.args):
        if _may_change(term, place):
            yield place, cast(Term, arg)


def _descend(here: Site, place: int | tuple[int, ...], null: Null) -> Site:
    parent = here.part
    if isinstance(place, tuple):
        return _select(here, place, null)
    if not 0 <= place < len(parent.args) or not _may_change(parent, place):
        raise PathError(f"no rule may be applied at argument {place} of {type(parent).__name__}")
    where, over = here.where, here.over
    if isinstance(parent, Binder):
        over = (*over, *(name for name in parent.bound_names if isinstance(name, Variable)))
        where = tuple(w for w in where if not free_names(w) & set(parent.bound_names))
    part = cast(Term, parent.args[place])
    if isinstance(parent, Expectation):
        where = (*where, *_weights(law_factors(parent.law), part, null))
    if isinstance(parent, Times):
        where = (*where, *_weights(_others(parent, (place,)), part, null))
    return Site(part, where, over, _monotone(here.rising, parent, place), (*here.trail, (parent, place)))


def _select(here: Site, places: tuple[int, ...], null: Null) -> Site:
    parent = here.part
    fits = isinstance(parent, Plus | Times) and len(set(places)) == len(places) > 1
    if not fits or not all(0 <= i < len(parent.args) for i in places):
        raise PathError(f"{places} picks no terms of {type(parent).__name__}")
    part = cast(Term, parent.func(*(parent.args[i] for i in places)))
    weights = _weights(_others(parent, places), part, null) if isinstance(parent, Times) else ()
    where = (*here.where, *weights)
    rising = here.rising if isinstance(parent, Plus) else None
    return Site(part, where, here.over, rising, (*here.trail, (parent, places)))


def _others(product: Times, inside: tuple[int, ...]) -> tuple[Term, ...]:
    return tuple(factor for i, factor in enumerate(product.terms) if i not in inside)


def _weights(others: tuple[Term, ...], part: Term, null: Null) -> tuple[Term, ...]:
    """The other factors of a product that are positive wherever the part matters.

    Where a non-negative one is 0, the product is 0 whatever stands inside.  Where one is undefined, so is the product,
    unless the part itself holds a 0 that decides it: then only what is always defined counts.
    """
    weights = [f for f in others if is_nonnegative(f) and (not decides(part) or is_defined(f, null))]
    return tuple(factor for weight in weights for factor in factors(weight) if is_nonnegative(factor))


def decides(term: Term) -> bool:
    """Whether a term has a factor that, being 0, makes a product 0 whatever else stands in it."""
    return any(is_nonnegative(factor) for factor in flatten(Times(term)))


def _may_change(parent: Term, place: int) -> bool:
    """Laws, bound variables and names of optima are no places for rules."""
    match parent:
        case Plus() | Times() | Quotient() | Power() | Log() | Exp():
            return True
        case Integral() | Expectation():
            return place == 0
        case Extremum() | ArgExtremum():
            return place == 1
        case Function():
            return place >= 1
        case _:
            return False


def _monotone(rising: bool | None, parent: Term, place: int) -> bool | None:
    match parent:
        case Plus() | Log() | Exp() | Integral():
            return rising
        case Expectation() if place == 0 and all(map(is_nonnegative, law_factors(parent.law))):
            return rising
        case Times():
            others = [factor for i, factor in enumerate(parent.terms) if i != place]
            if all(is_nonnegative(factor) for factor in others):
                return rising
            signs = [isinstance(factor, Number) and factor.value < 0 for factor in others]
            flips = sum(signs) == 1 and all(s or is_nonnegative(f) for s, f in zip(signs, others, strict=True))
            return (None if rising is None else not rising) if flips else None
        case Quotient() if place == 0 and is_nonnegative(parent.denominator):
            return rising
        case _:
            return None
