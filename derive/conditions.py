"""Named side conditions: what a step needs, and where.

    support    a law is positive wherever something else is
    finite     a quantity is no ±∞, so that nothing becomes ∞ − ∞
    evidence   a law of free variables alone is positive: p(x) > 0
    exchange   integrals (limits, derivatives) may change places
    attained   a supremum is a maximum
    range      a scalar lies where the step needs it

A condition is *stated* by the author, *discharged* (it follows from where it stands), or *open*: then it belongs to
the theorem.  Independence, q = posterior and normalisation are never conditions; they are hypotheses or they are false.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Literal, TypeAlias

from sympy import Basic

from derive.claims import Range
from derive.terms.binding import fingerprint, flatten, free_variables
from derive.terms.meaning import Null, is_defined, is_finite, is_nonnegative
from derive.terms.nodes import Binder, Density, Exp, Number, Plus, Power, Quotient, Term, Times, Variable

Kind: TypeAlias = Literal["support", "finite", "evidence", "exchange", "attained", "range"]
Status: TypeAlias = Literal["open", "stated", "discharged"]


@dataclass(frozen=True)
class Condition:
    """One side condition.

    subject   what must be positive (support, evidence), finite (finite), non-negative (range), swapped (exchange), or
              the objective whose supremum must be reached (attained)
    where     non-negative factors; the condition is only needed at points where all of them are positive.  For
              "attained": the laws at which the supremum is reached
    over      the bound variables it speaks about: "for all z".  Others are free: "at this x"
    by        why it is stated or discharged
    """

    kind: Kind
    subject: Term
    where: tuple[Term, ...] = ()
    over: tuple[Variable, ...] = ()
    status: Status = "open"
    by: str = ""

    @property
    def key(self) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
        """Equal for equal needs, whatever their status."""
        where, over = ({fingerprint(term) for term in terms} for terms in (self.where, self.over))
        return (self.kind, fingerprint(self.subject), tuple(sorted(where)), tuple(sorted(over)))

    def settled(self, status: Status, by: str) -> Condition:
        return replace(self, status=status, by=by)


def positive(subject: Term, where: Iterable[Term] = (), over: Iterable[Variable] = ()) -> Condition:
    """``subject`` > 0 wherever the factors are: evidence if only free variables are concerned, else support."""
    factors = _distinct(where)
    bound = [v for v in dict.fromkeys(over) if any(v in free_variables(term) for term in (subject, *factors))]
    is_free = _is_marginal(subject) and not set(bound) & free_variables(subject)
    return Condition("evidence" if is_free else "support", subject, factors, tuple(bound))


def finite(subject: Term, over: Iterable[Variable] = ()) -> Condition:
    return Condition("finite", subject, (), tuple(v for v in dict.fromkeys(over) if v in free_variables(subject)))


def defined(term: Term, null: Null, where: Iterable[Term] = (), over: Iterable[Variable] = ()) -> list[Condition]:
    """What makes a term defined; and finite, unless it is that by its form."""
    if is_defined(term, null):
        return []
    if not is_finite(term):
        return [finite(term, over)]
    given = [(null(density), bound) for density, bound in _densities(term, ())]
    return [positive(density, where, (*over, *bound)) for density, bound in given if density is not None]


def _densities(node: Basic, bound: tuple[Variable, ...]) -> Iterator[tuple[Density, tuple[Variable, ...]]]:
    """The densities in a term, each with the variables bound around it."""
    if isinstance(node, Density):
        yield node, bound
    inner = node.bound_names if isinstance(node, Binder) else ()
    for arg in node.args:
        yield from _densities(arg, (*bound, *(name for name in inner if isinstance(name, Variable))))


def _is_marginal(term: Term) -> bool:
    return isinstance(term, Density) and not term.given


def _distinct(terms: Iterable[Term]) -> tuple[Term, ...]:
    return tuple({fingerprint(term): term for term in terms}.values())


# ---------------------------------------------------------------- discharging


def factors(term: Term) -> tuple[Term, ...]:
    """What is positive wherever a non-negative term is: the factors of a product, of a numerator, of a power's base."""
    match term:
        case Times():
            return tuple(factor for part in term.terms for factor in factors(part))
        case Quotient():
            return factors(term.numerator)
        case Power() if _is_positive_number(term.exponent):
            return factors(term.base)
        case _:  # p⁰ and p⁻¹ are positive where p is 0
            return (term,)


def makings(term: Term) -> tuple[Term, ...]:
    """What makes a non-negative term positive, where all of it is not 0."""
    match term:
        case Times():
            return tuple(part for factor in term.terms for part in makings(factor))
        case Quotient() if is_finite(term.denominator):
            return makings(term.numerator)
        case Power() if _is_positive_number(term.exponent) or (is_finite(term.base) and is_finite(term.exponent)):
            return makings(term.base)
        case _:
            return (term,)


def _is_positive_number(exponent: Term) -> bool:
    return isinstance(exponent, Number) and exponent.value > 0


def settle(condition: Condition) -> Condition:
    """The condition, discharged if it follows from its own ``where`` by form alone; otherwise unchanged."""
    if condition.kind == "finite" and is_finite(condition.subject):
        return condition.settled("discharged", "finite by its form")
    if condition.kind not in ("support", "evidence") or not is_nonnegative(condition.subject):
        return condition
    present = [factor for term in condition.where for factor in factors(term)]
    if all(positive_given(factor, present) for factor in makings(condition.subject)):
        return condition.settled("discharged", "positive where it stands")
    return condition


def positive_given(factor: Term, present: list[Term]) -> bool:
    """Whether a factor is positive wherever those that are present are, by form alone."""
    if isinstance(factor, Number):
        return factor.value != 0
    if isinstance(factor, Exp):
        return is_finite(factor.argument)
    print_ = fingerprint(factor)
    return any(print_ == fingerprint(other) or _implies(other, factor) for other in present)


def _implies(joint: Basic, factor: Basic) -> bool:
    """p(C | D) > 0 makes every p(A | B) with A, B among C, D positive, almost everywhere."""
    return (
        isinstance(joint, Density)
        and isinstance(factor, Density)
        and fingerprint(joint.law) == fingerprint(factor.law)
        and set(factor.points) <= set(joint.points)
    )


def within(condition: Condition, stated: Iterable[Range]) -> Condition:
    """A range, settled where a sum of multiples of parameters is not negative anywhere in the stated ranges."""
    ranges: dict[Basic, Range] = {hypothesis.parameter: hypothesis for hypothesis in stated}
    slopes: dict[Basic, Fraction] = {}
    for name, slope in _linear(condition.subject, Fraction(1)):
        slopes[name] = slopes.get(name, Fraction(0)) + slope
    least, labels = slopes.pop(Number(1), Fraction(0)), []
    for name, slope in slopes.items():
        known = [ranges.get(factor) for factor in flatten(Times(name))]
        bound = _bound(known, slope > 0)
        if slope and bound is None:
            return condition
        if bound is not None:
            least += slope * bound
            labels += [stated.label for stated in known if stated is not None]
    if least < 0:
        return condition
    if not labels:
        return condition.settled("discharged", "so the numbers are")
    return condition.settled("stated", next(filter(None, labels), "the text says so"))


def _bound(factors: list[Range | None], lower: bool) -> Fraction | None:
    """The least (or largest) value of a parameter, or of a product of parameters none of which is negative."""
    if len(factors) == 1:
        only = factors[0]
        return None if only is None else only.lower if lower else only.upper
    if any(factor is None or factor.lower is None or factor.lower < 0 for factor in factors):
        return None
    ends = [factor.lower if lower else factor.upper for factor in factors if factor is not None]
    return None if None in ends else prod((end for end in ends if end is not None), start=Fraction(1))


def _linear(term: Term, factor: Fraction) -> Iterator[tuple[Term, Fraction]]:
    """The term as a sum of multiples of 1, of parameters, and of what is neither."""
    numbers = [part.value for part in flatten(Times(term)) if isinstance(part, Number)]
    others = [part for part in flatten(Times(term)) if not isinstance(part, Number)]
    factor = prod(numbers, start=factor)
    if len(others) == 1 and isinstance(others[0], Plus):
        for part in others[0].terms:
            yield from _linear(part, factor)
    else:
        yield Number(1) if not others else others[0] if len(others) == 1 else Times(*others), factor
