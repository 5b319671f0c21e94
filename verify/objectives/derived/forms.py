"""What the form of a formula says before anything is evaluated.

    unknown_part    what has no value over any model
    monomial        the densities that a product is made of, with their exponents
    is_additive     does the formula add up over independent pairs (z_i, x_i)?
    is_log_linear   is it a linear combination of logs of densities, so quadratic in z for a linear-Gaussian model?
    grows_slowly    does a density beside it say where an integrand lies?
    is_linear_in    do averages over the data only stand in sums?
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

from sympy import preorder_traversal

from derive.terms.binding import free_variables
from derive.terms.nodes import (
    Density,
    Divergence,
    Entropy,
    Exp,
    Expectation,
    Integral,
    Law,
    Log,
    Number,
    Parameter,
    Plus,
    Power,
    Quotient,
    Term,
    Times,
    Variable,
)

_ARITHMETIC = (Exp, Log, Number, Parameter, Plus, Power, Quotient, Times)
_KNOWN = (*_ARITHMETIC, Density, Divergence, Entropy, Expectation, Integral)


def unknown_part(term: Term) -> Term | None:
    """The first part that no model gives a value: an abstract function, an optimum, a point used as a number."""
    if not isinstance(term, _KNOWN):
        return term
    if isinstance(term, Density):
        return None
    inside = [term.body] if isinstance(term, Integral) else [part for part in term.args if isinstance(part, Term)]
    return next((part for part in map(unknown_part, inside) if part is not None), None)


@lru_cache(maxsize=1 << 10)
def monomial(term: Term) -> tuple[tuple[Term, Fraction], ...]:
    """The factors of a product with their exponents; quotients and powers of products are products."""
    return tuple(_factors(term, Fraction(1)))


def _factors(term: Term, exponent: Fraction) -> Iterator[tuple[Term, Fraction]]:
    match term:
        case Times():
            for factor in term.terms:
                yield from _factors(factor, exponent)
        case Quotient():
            yield from _factors(term.numerator, exponent)
            yield from _factors(term.denominator, -exponent)
        case Power() if isinstance(term.exponent, Number):
            yield from _factors(term.base, exponent * term.exponent.value)
        case _:
            yield term, exponent


def is_constant(term: Term) -> bool:
    """Is it a number, or made of numbers and parameters?"""
    if isinstance(term, Number | Parameter):
        return True
    arithmetic = isinstance(term, _ARITHMETIC)
    return arithmetic and all(isinstance(part, Term) and is_constant(part) for part in term.args)


@lru_cache(maxsize=1 << 10)
def is_additive(term: Term) -> bool:
    """Does its value for independent pairs (z_i, x_i) together add up from its values for each?

    log p(x), ELBO and KL do; an ELBO plus 1, or the square of one, does not.
    """
    match term:
        case Number():
            return term.value == 0
        case Log():
            return _is_multiplicative(term.argument)
        case Plus():
            return all(is_additive(part) for part in term.terms)
        case Times():
            return _is_scaled(list(term.terms)) or _is_weighted(term)
        case Quotient():
            return is_additive(term.numerator) and is_constant(term.denominator)
        case Expectation():
            return is_additive(term.body)
        case Integral():
            return _is_weighted(term.body)
        case Divergence() | Entropy():
            return True
        case _:
            return False


@lru_cache(maxsize=1 << 10)
def grows_slowly(term: Term, variable: Variable) -> bool:
    """Is it made of logarithms, as far as it depends on the variable?  Then a density beside it says where an integrand
    lies; an exponential or another density may move it elsewhere."""
    if variable not in free_variables(term) or isinstance(term, Log):
        return True
    known = isinstance(term, Plus | Times | Quotient | Power)
    return known and all(grows_slowly(part, variable) for part in term.args if isinstance(part, Term))


@lru_cache(maxsize=1 << 10)
def is_linear_in(term: Term, averages: frozenset[str]) -> bool:
    """Do averages under the named laws only stand in sums and beside constant factors?"""
    match term:
        case Expectation() if _averages(term.law, averages):
            return not _has_average(term.body, averages)
        case Plus():
            return all(is_linear_in(part, averages) for part in term.terms)
        case Times():
            return not _has_average(term, averages) or (
                sum(not is_constant(part) for part in term.terms) == 1
                and all(is_linear_in(part, averages) for part in term.terms)
            )
        case _:
            return not _has_average(term, averages)


def _averages(law: Term, averages: frozenset[str]) -> bool:
    return isinstance(law, Density) and law.law.name in averages


def _has_average(term: Term, averages: frozenset[str]) -> bool:
    return any(isinstance(node, Law) and node.name in averages for node in preorder_traversal(term))


def _is_scaled(factors: list[Term]) -> bool:
    rest = [factor for factor in factors if not is_constant(factor)]
    return len(rest) == 1 and is_additive(rest[0])


def _is_weighted(term: Term) -> bool:
    """A density times something additive, as under ∫ q(z) log … dz."""
    factors = list(term.terms) if isinstance(term, Times) else [term]
    rest = [factor for factor in factors if not isinstance(factor, Density) and not is_constant(factor)]
    densities = [factor for factor in factors if isinstance(factor, Density)]
    return len(densities) == 1 and len(rest) == 1 and is_additive(rest[0])


def _is_multiplicative(term: Term) -> bool:
    match term:
        case Density():
            return True
        case Number():
            return term.value == 1
        case Times():
            return all(_is_multiplicative(part) for part in term.terms)
        case Quotient():
            return _is_multiplicative(term.numerator) and _is_multiplicative(term.denominator)
        case Power():
            return _is_multiplicative(term.base) and is_constant(term.exponent)
        case Exp():
            return is_additive(term.argument)
        case Integral() | Expectation():
            return _is_multiplicative(term.body)
        case _:
            return False


@lru_cache(maxsize=1 << 10)
def is_log_linear(term: Term, variable: Variable) -> bool:
    """Is it a linear combination of logs of products of densities, as far as it depends on the variable?"""
    if variable not in free_variables(term):
        return True
    match term:
        case Log():
            return all(isinstance(factor, Density) or is_constant(factor) for factor, _ in monomial(term.argument))
        case Plus():
            return all(is_log_linear(part, variable) for part in term.terms)
        case Times():
            depending = [part for part in term.terms if variable in free_variables(part)]
            return len(depending) == 1 and is_log_linear(depending[0], variable)
        case Quotient():
            return variable not in free_variables(term.denominator) and is_log_linear(term.numerator, variable)
        case _:
            return False
