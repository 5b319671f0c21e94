"""Is a sum of rational multiples of logarithms of integers exactly zero?  Decided without factoring anything.

    c₁·log n₁ + … + c_k·log n_k          (cᵢ rational, nᵢ > 1 integers)

is rewritten over a *coprime base*: integers that pairwise share no factor.  Whenever two of the nᵢ have a common
divisor g, say n = g·a and m = g·b, then

    c·log n + d·log m  =  c·log a + d·log b + (c + d)·log g,

an exact identity whose right side has a smaller product of arguments (a·b·g = n·m/g), so the rewriting ends.  Over a
coprime base the logarithms are linearly independent over the rationals (a relation ∏ nᵢ^{eᵢ} = 1 with integers eᵢ
contradicts unique factorisation), so the sum is zero if and only if no term is left.  (D. J. Bernstein, "Factoring
into coprimes in essentially linear time", J. Algorithms 54 (2005), does the same faster for very many numbers.)
"""

from __future__ import annotations

from collections.abc import Mapping

from flint import fmpq, fmpz


def coprime_form(terms: Mapping[fmpz, fmpq]) -> dict[fmpz, fmpq]:
    """The same sum of cᵢ·log nᵢ with pairwise coprime arguments and no zero coefficient; empty iff the sum is zero."""
    base: dict[fmpz, fmpq] = {}
    waiting = list(terms.items())
    while waiting:
        number, coefficient = waiting.pop()
        if number == 1 or coefficient == 0:
            continue
        partner = _common_factor(number, base)
        if partner is None:
            base[number] = coefficient
            continue
        other, shared = partner
        other_coefficient = base.pop(other)
        waiting.append((number // shared, coefficient))
        waiting.append((other // shared, other_coefficient))
        waiting.append((shared, coefficient + other_coefficient))
    return base


def _common_factor(number: fmpz, base: Mapping[fmpz, fmpq]) -> tuple[fmpz, fmpz] | None:
    """A member of the base that shares a factor with the number, and that factor."""
    for member in base:
        shared = number.gcd(member)
        if shared != 1:
            return member, shared
    return None


def rational_power(form: Mapping[fmpz, fmpq], most_bits: int) -> fmpq | None:
    """∏ nᵢ^{cᵢ} for pairwise coprime nᵢ if it is rational (and no longer than `most_bits` bits), else None.

    Each prime divides one nᵢ only, so the product is rational iff every nᵢ^{cᵢ} is, that is iff nᵢ is a perfect q-th
    power for cᵢ = p/q in lowest terms.
    """
    if sum(abs(c) * n.bit_length() for n, c in form.items()) > most_bits:
        return None
    product = fmpq(1)
    for number, exponent in form.items():
        root = _exact_root(number, int(exponent.q))
        if root is None:
            return None
        product *= fmpq(root) ** int(exponent.p)
    return product


def _exact_root(number: fmpz, degree: int) -> fmpz | None:
    if degree == 1:
        return number
    if degree > number.bit_length():
        return None
    root = number.root(degree)
    return root if root**degree == number else None
