"""What a term means, zeros and infinities included.

A *world* gives every space a base measure, every law its densities and every parameter a value.  In a world, at a
point, a term is a number in [−∞, ∞] or undefined (⊥).

    density      p(A | B) is finite and ≥ 0; it is ⊥ where p(B) = 0: conditionals at null points are unconstrained
    sum          ⊥ if a term is ⊥, or if +∞ and −∞ both occur
    product      0 if a factor that is non-negative by its form is 0, whatever multiplies it: "a density equal to 0
                 makes the integrand 0"; otherwise ⊥ if a factor is ⊥ or 0 meets ±∞
    quotient     a/0 = +∞ for a > 0 and a denominator that is non-negative by its form; 0/0 = ⊥; ∞/∞ = ⊥; a/∞ = 0
    log          log 0 = −∞, log ∞ = ∞, ⊥ for negative arguments;  exp(−∞) = 0
    integral     against the base measure (Σ is the counting measure); ⊥ if the integrand is ⊥ on a set that is no null
                 set, or if its positive and its negative part are both infinite
    E_q[f]       ∫ q·f, so that f counts only where q > 0
    KL(q ‖ r)    E_q[log(q/r)];  H(q) = −E_q[log q]
    optimum      of a proper objective (a minimum: > −∞ everywhere and finite somewhere), else ⊥; argmin is a set
    f(z)         an abstract function is finite

All equations hold almost everywhere.  *a ⊑ b* ("a is refined by b") says: wherever a is defined, b is defined and
equal.  Simplifying only ever enlarges the domain: ∫f + ∫g ⊑ ∫(f + g), A − A ⊑ 0, ∫ p(z|x) dz ⊑ 1.  All of the
constructors are monotone for ⊑, so a refinement of a part is a refinement of the whole.  A claim "a = b" is about the
points where both sides are defined; it follows from a ⊑ m and b ⊑ m, and no splitting ever needs a condition.

The two predicates below decide by form alone; what they say "no" to may still be true.
"""

from __future__ import annotations

from functools import lru_cache

from sympy import Basic

from derive.terms.nodes import (
    Density,
    Exp,
    Expectation,
    Function,
    Integral,
    Number,
    Parameter,
    Plus,
    Power,
    Quotient,
    Term,
    Times,
    Variable,
)


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
        case Integral() | Expectation():
            return is_nonnegative(term.body)
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
            return is_finite(term.base) and isinstance(exponent, Number) and exponent.value >= 0
        case _:
            return bool(getattr(term, "declared_finite", False))
