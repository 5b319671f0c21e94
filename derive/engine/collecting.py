"""Sums and products in one written form: W · (Σ coefficient · product), common non-negative factors W in front.

Nothing is multiplied out that could be infinite, so the step to the collected form never needs a condition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

from derive.terms.binding import fingerprint, flatten
from derive.terms.meaning import is_finite, is_nonnegative
from derive.terms.nodes import Number, Plus, Power, Quotient, Term, Times

Monomial = tuple[tuple[str, int], ...]  # fingerprints with exponents, sorted


class Collected:
    """A polynomial over opaque terms: monomial -> coefficient, with the terms behind the fingerprints."""

    def __init__(self) -> None:
        self.coefficients: dict[Monomial, Fraction] = {}
        self.terms: dict[str, Term] = {}

    @staticmethod
    def of(term: Term) -> Collected:
        result = Collected()
        for coefficient, factors in _expand(term):
            result._add(coefficient, factors)
        return result

    def _add(self, coefficient: Fraction, factors: list[Term]) -> None:
        exponents: dict[str, int] = {}
        for factor in factors:
            base, exponent = _base(factor)
            key = fingerprint(base)
            self.terms.setdefault(key, base)
            exponents[key] = exponents.get(key, 0) + exponent
        monomial = tuple(sorted((key, e) for key, e in exponents.items() if e))
        total = self.coefficients.get(monomial, Fraction(0)) + coefficient
        if total:
            self.coefficients[monomial] = total
        else:
            self.coefficients.pop(monomial, None)

    def split(self, apart: Callable[[Term], bool]) -> Iterator[tuple[Fraction, list[Term], list[Term]]]:
        """Of each summand the coefficient, the factors of one kind, and the others."""
        for monomial, coefficient in self.coefficients.items():
            factors = [self.terms[key] for key, exponent in monomial for _ in range(exponent)]
            yield coefficient, [f for f in factors if apart(f)], [f for f in factors if not apart(f)]

    def common(self) -> dict[str, int]:
        """The non-negative finite factors that all monomials share, with their least exponents."""
        monomials = [dict(m) for m in self.coefficients]
        if not monomials:
            return {}
        shared = {
            key: min(m.get(key, 0) for m in monomials)
            for key in monomials[0]
            if is_nonnegative(self.terms[key]) and is_finite(self.terms[key])
        }
        return {key: exponent for key, exponent in shared.items() if exponent > 0}

    def write(self) -> Term:
        """The collected form."""
        weight = self.common()
        rest = [
            _product(coefficient, [(self.terms[key], e - weight.get(key, 0)) for key, e in monomial])
            for monomial, coefficient in self.coefficients.items()
        ]
        total = _sum(rest)
        front = [_power(self.terms[key], e) for key, e in sorted(weight.items())]
        if not front:
            return total
        return _times([*front, *([] if total == Number(1) else [total])])


def collect(term: Term) -> Term:
    """The term in collected form."""
    return Collected.of(term).write()


def _expand(term: Term) -> Iterable[tuple[Fraction, list[Term]]]:
    match term:
        case Number():
            return [(term.value, [])] if term.value else []
        case Plus():
            return [summand for part in term.terms for summand in _expand(part)]
        case Times():
            return _expand_product(term)
        case _:
            return [(Fraction(1), [term])]


def _expand_product(product: Times) -> Iterable[tuple[Fraction, list[Term]]]:
    """Multiplies sums out only by finite factors; a sum next to something possibly infinite stays a factor."""
    factors = list(flatten(product))
    expanded = [(factor, list(_expand(factor))) for factor in factors]
    finite_everywhere = sum(not is_finite(factor) for factor in factors) <= 1
    result: list[tuple[Fraction, list[Term]]] = [(Fraction(1), [])]
    for factor, summands in expanded:
        if len(summands) > 1 and not finite_everywhere:
            summands = [(Fraction(1), [factor])]
        result = [(c * d, [*left, *right]) for c, left in result for d, right in summands]
    return result


def _base(factor: Term) -> tuple[Term, int]:
    if isinstance(factor, Power) and isinstance(factor.exponent, Number):
        exponent = factor.exponent.value
        if exponent.denominator == 1 and exponent > 0:
            return factor.base, int(exponent)
    return factor, 1


def _power(base: Term, exponent: int) -> Term:
    return base if exponent == 1 else Power(base, Number(exponent))


def _product(coefficient: Fraction, factors: list[tuple[Term, int]]) -> Term:
    written = [_power(base, exponent) for base, exponent in factors if exponent]
    if not written:
        return Number(coefficient)
    return _times(written if coefficient == 1 else [Number(coefficient), *written])


def _times(factors: list[Term]) -> Term:
    return factors[0] if len(factors) == 1 else Times(*factors)


def _sum(terms: list[Term]) -> Term:
    if not terms:
        return Number(0)
    return terms[0] if len(terms) == 1 else Plus(*terms)


def monomial_parts(term: Term) -> tuple[list[Term], list[Term]]:
    """Numerator and denominator factors of a product of quotients."""
    match term:
        case Times():
            parts = [monomial_parts(factor) for factor in term.terms]
            return [n for p in parts for n in p[0]], [d for p in parts for d in p[1]]
        case Quotient():
            above, below = monomial_parts(term.numerator), monomial_parts(term.denominator)
            return above[0] + below[1], above[1] + below[0]
        case _:
            return [term], []


def write_quotient(numerator: list[Term], denominator: list[Term]) -> Term:
    above = _times(numerator) if numerator else Number(1)
    return Quotient(above, _times(denominator)) if denominator else above
