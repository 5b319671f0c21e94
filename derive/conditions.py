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

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from sympy import Basic

from derive.terms.binding import fingerprint, free_variables
from derive.terms.meaning import is_finite
from derive.terms.nodes import Density, Exp, Number, Power, Quotient, Term, Times, Variable

Kind: TypeAlias = Literal["support", "finite", "evidence", "exchange", "attained", "range"]
Status: TypeAlias = Literal["open", "stated", "discharged"]


@dataclass(frozen=True)
class Condition:
    """One side condition.

    subject   what must be positive (support, evidence), finite (finite), non-negative (range), swapped (exchange), or
              the objective whose supremum must be reached (attained)
    where     non-negative factors; the condition is only needed at points where all of them are positive.  For
              "attained": the laws at which the supremum is reached
    over      the bound variables it speaks about: "for all z"
    by        why it is stated or discharged
    """

    kind: Kind
    subject: Term
    where: tuple[Term, ...] = ()
    over: tuple[Variable, ...] = ()
    status: Status = "open"
    by: str = ""

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        """Equal for equal needs, whatever their status."""
        return (self.kind, fingerprint(self.subject), tuple(sorted({fingerprint(w) for w in self.where})))

    def settled(self, status: Status, by: str) -> Condition:
        return replace(self, status=status, by=by)


def positive(subject: Term, where: Iterable[Term] = (), over: Iterable[Variable] = ()) -> Condition:
    """``subject`` > 0 wherever the factors are: evidence if only free variables are concerned, else support."""
    bound = tuple(v for v in dict.fromkeys(over) if v in free_variables(subject))
    kind: Kind = "support" if bound or not _is_marginal(subject) else "evidence"
    return Condition(kind, subject, _distinct(where), bound)


def finite(subject: Term, over: Iterable[Variable] = ()) -> Condition:
    return Condition("finite", subject, (), tuple(v for v in dict.fromkeys(over) if v in free_variables(subject)))


def _is_marginal(term: Term) -> bool:
    return isinstance(term, Density) and not term.given


def _distinct(terms: Iterable[Term]) -> tuple[Term, ...]:
    return tuple({fingerprint(term): term for term in terms}.values())


# ---------------------------------------------------------------- discharging


def factors(term: Term) -> tuple[Term, ...]:
    """The factors whose positivity makes a product positive."""
    match term:
        case Times():
            return tuple(factor for part in term.terms for factor in factors(part))
        case Quotient():
            return factors(term.numerator)
        case Power():
            return factors(term.base)  # an even power of a negative number is positive: only 0 matters
        case _:
            return (term,)


def settle(condition: Condition) -> Condition:
    """The condition, discharged if it follows from its own ``where`` by form alone; otherwise unchanged."""
    if condition.kind == "finite" and is_finite(condition.subject):
        return condition.settled("discharged", "finite by its form")
    if condition.kind not in ("support", "evidence"):
        return condition
    present = [factor for term in condition.where for factor in factors(term)]
    if all(_positive_given(factor, present) for factor in factors(condition.subject)):
        return condition.settled("discharged", "positive where it stands")
    return condition


def _positive_given(factor: Term, present: list[Term]) -> bool:
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
