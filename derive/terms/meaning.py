"""What a term means, zeros and infinities included.

A *world* gives every space a base measure, every law its densities and every parameter a value.  In a world, at a
point, a term is a number in [−∞, ∞] or undefined (⊥).

    density      p(A | B) is finite and ≥ 0; it is ⊥ where p(B) = 0: conditionals at null points are unconstrained
    sum          ⊥ if a term is ⊥, or if +∞ and −∞ both occur
    product      of all its factors, those of products in it included.  0 if a factor that is non-negative by its form
                 is 0, whatever multiplies it: "a density equal to 0 makes the integrand 0"; otherwise ⊥ if a factor is
                 ⊥ or 0 meets ±∞
    quotient     a/0 = +∞ for a > 0 and a denominator that is non-negative by its form; 0/0 = ⊥; ∞/∞ = ⊥; a/∞ = 0
    power        of a base ≥ 0, or with a whole exponent, else ⊥; a⁰ = 1; 0ᵃ = +∞ for a < 0 as in a quotient
    log          log 0 = −∞, log ∞ = ∞, ⊥ for negative arguments;  exp(−∞) = 0
    integral     against the base measure (Σ is the counting measure); ⊥ if the integrand is ⊥ on a set that is no null
                 set, or if its positive and its negative part are both infinite
    E_q[f]       ∫ q·f, so that f counts only where q > 0
    KL(q ‖ r)    E_q[log(q/r)];  H(q) = −E_q[log q]
    optimum      of a proper objective (a minimum: > −∞ everywhere and finite somewhere), else ⊥; argmin is a set
    f(z)         an abstract function is finite

All equations hold almost everywhere.  *a ⊑ b* ("a is refined by b") says: wherever a is defined, b is defined and
equal.  Simplifying only ever enlarges the domain: ∫f + ∫g ⊑ ∫(f + g), A − A ⊑ 0, ∫ p(z|x) dz ⊑ 1.  All of the
constructors are monotone for ⊑, so a refinement of a part is a refinement of the whole, as long as the part stays
non-negative by its form where that makes 0 · ∞ = 0 or a/0 = ∞ (``derive/steps.py`` sees to that).  A claim "a = b" is
about the points where both sides are defined; it follows from a ⊑ m and b ⊑ m, and no splitting ever needs a condition.

The three predicates below decide by form alone; what they say "no" to may still be true.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

from sympy import Basic

from derive.terms.nodes import (
    Density,
    Exp,
    Expectation,
    Function,
    Integral,
    Log,
    Number,
    Parameter,
    Plus,
    Power,
    Quotient,
    Term,
    Times,
    Variable,
    is_law,
    law_factors,
    law_variables,
)

Null: TypeAlias = Callable[[Density], Density | None]  # of what a conditional is given, where that may be 0


@lru_cache(maxsize=1 << 14)
def is_nonnegative(term: Basic) -> bool:
    """Whether the term is ≥ 0 by its form, wherever it is defined."""
    match term:
        case Density() | Exp():
            return True
        case Number():
            return term.value >= 0
        case Power():
            return is_nonnegative(term.base) or _is_even(term.exponent)
        case Plus() | Times():
            return all(is_nonnegative(part) for part in term.args)
        case Quotient():
            return is_nonnegative(term.numerator) and is_nonnegative(term.denominator)
        case Integral():
            return is_nonnegative(term.body)
        case Expectation():
            return is_nonnegative(term.body) and all(is_nonnegative(factor) for factor in law_factors(term.law))
        case _:
            return bool(getattr(term, "declared_nonnegative", False))


def _is_even(exponent: Term) -> bool:
    return isinstance(exponent, Number) and exponent.value.denominator == 1 and exponent.value.numerator % 2 == 0


@lru_cache(maxsize=1 << 14)
def is_finite(term: Basic) -> bool:
    """Whether the term is never ±∞ by its form, wherever it is defined."""
    match term:
        case Number() | Parameter() | Variable() | Density():
            return True
        case Function():
            return all(is_finite(argument) for argument in term.arguments)
        case Plus() | Times():
            return all(is_finite(part) for part in term.args)
        case Exp():
            return is_finite(term.argument)
        case Power():
            exponent = term.exponent
            return (
                isinstance(exponent, Number) and exponent.value >= 0 and _has_all_powers(term) and is_finite(term.base)
            )
        case Integral():  # a marginal of a law is a density
            return is_law(term.body) and set(term.variables) <= set(law_variables(term.body))
        case _:
            return bool(getattr(term, "declared_finite", False))


def is_defined(term: Basic, null: Null) -> bool:
    """Whether the term is never ⊥ by its form."""
    match term:
        case Number() | Parameter() | Variable():
            return True
        case Density():
            return null(term) is None
        case Function() | Plus():
            return all(is_finite(part) and is_defined(part, null) for part in _terms(term))
        case Times():
            harmless = is_finite(term) or is_nonnegative(term)  # no 0 · ∞, or one that is 0
            return harmless and all(is_defined(part, null) for part in term.terms)
        case Exp():
            return is_defined(term.argument, null)
        case Log():
            return is_nonnegative(term.argument) and is_defined(term.argument, null)
        case Power():
            return _has_all_powers(term) and is_defined(term.base, null)
        case _:
            return False


def _terms(term: Function | Plus) -> tuple[Term, ...]:
    return term.arguments if isinstance(term, Function) else term.terms


def _has_all_powers(power: Power) -> bool:
    """Whether a power is defined wherever its base is."""
    exponent = power.exponent
    whole = isinstance(exponent, Number) and exponent.value.denominator == 1 and exponent.value >= 0
    return whole or (isinstance(exponent, Number) and is_nonnegative(power.base))
