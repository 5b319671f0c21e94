"""Functions of values beyond the field operations: sums, minima and maxima, log Γ and its derivative ψ."""

from __future__ import annotations

from collections.abc import Iterable

from flint import fmpq, fmpz

from verify.decide.logsum import Constant, add_term
from verify.decide.operations import Operation
from verify.decide.signs import sign_of
from verify.decide.values import (
    INFINITY,
    Enclosed,
    Exponential,
    Infinite,
    LogAffine,
    Number,
    Undefined,
    Value,
    exact,
)

EULER_GAMMA = LogAffine(fmpq(0), {}, {Constant.EULER_GAMMA: fmpq(1)})
LOG_PI = LogAffine(fmpq(0), {}, {Constant.LOG_PI: fmpq(1)})
PI = Exponential(LOG_PI)
_LARGEST_FACTORIAL = 10_000  # beyond, log Γ is enclosed: its exact form would have thousands of terms


def total(values: Iterable[Number]) -> Value:
    """The sum of many values, in one pass over all their logarithms (a chain of + copies the growing sum each time)."""
    terms = [exact(value) for value in values]
    logs: dict[fmpz, fmpq] = {}
    constants: dict[Constant, fmpq] = {}
    rational = fmpq(0)
    for term in terms:
        if isinstance(term, LogAffine):
            rational += term.rational
            for number, coefficient in term.logs.items():
                add_term(logs, number, coefficient)
            for constant, coefficient in term.constants.items():
                add_term(constants, constant, coefficient)
    return _plus_the_inexact(LogAffine(rational, logs, constants), [t for t in terms if not isinstance(t, LogAffine)])


def _plus_the_inexact(exact_sum: Value, others: list[Value]) -> Value:
    if not others:
        return exact_sum
    if any(isinstance(term, Undefined | Infinite) for term in others):
        for term in others:
            exact_sum = exact_sum + term
        return exact_sum
    return Enclosed(Operation.ADD, (exact_sum, *others))


def minimum(left: Number, right: Number) -> Value:
    """The smaller of two values; where their order cannot be decided, an enclosure of the minimum."""
    return _extreme(exact(left), exact(right), Operation.MINIMUM, -1)


def maximum(left: Number, right: Number) -> Value:
    """The larger of two values; where their order cannot be decided, an enclosure of the maximum."""
    return _extreme(exact(left), exact(right), Operation.MAXIMUM, 1)


def _extreme(left: Value, right: Value, operation: Operation, wanted: int) -> Value:
    for value in (left, right):
        if isinstance(value, Undefined):
            return value
    for value, other in ((left, right), (right, left)):
        if isinstance(value, Infinite):
            return value if value.sign == wanted else other
    sign = sign_of(left - right)
    if sign is None:
        return Enclosed(operation, (left, right))
    return left if sign in (0, wanted) else right


def log_gamma(argument: Number) -> Value:
    """log Γ(x) for x > 0: exact at positive integers and half-integers, enclosed elsewhere; +∞ at 0.

    Γ(n) = (n − 1)! and Γ(n + ½) = (2n)!/(4ⁿ·n!)·√π (NIST DLMF 5.4.1, 5.4.6).  Undefined for negative arguments.
    """
    x = exact(argument)
    problem = _outside_positive(x)
    if problem is not None:
        return INFINITY if isinstance(x, Infinite) or sign_of(x) == 0 else problem
    doubled = _small_twice(x)
    if doubled is None:
        return Enclosed(Operation.LOG_GAMMA, (x,))
    n, is_half = divmod(doubled, 2)
    if not is_half:
        return log_factorial(n - 1)
    return log_factorial(2 * n) - exact(4**n).log() - log_factorial(n) + LOG_PI / 2


def digamma(argument: Number) -> Value:
    """ψ(x) = (log Γ)′(x) for x > 0: exact at positive integers and half-integers, enclosed elsewhere; −∞ at 0.

    ψ(n) = −γ + Σ_{k<n} 1/k and ψ(n + ½) = −γ − 2·log 2 + 2·Σ_{k≤n} 1/(2k − 1) (NIST DLMF 5.4.14, 5.4.15).
    """
    x = exact(argument)
    problem = _outside_positive(x)
    if problem is not None:
        return INFINITY if isinstance(x, Infinite) and x.sign > 0 else -INFINITY if sign_of(x) == 0 else problem
    doubled = _small_twice(x)
    if doubled is None:
        return Enclosed(Operation.DIGAMMA, (x,))
    n, is_half = divmod(doubled, 2)
    if not is_half:
        return LogAffine(fmpq.harmonic(n - 1)) - EULER_GAMMA
    odd_reciprocals = fmpq.harmonic(2 * n) - fmpq.harmonic(n) / 2
    return LogAffine(2 * odd_reciprocals) - EULER_GAMMA - 2 * exact(2).log()


def log_factorial(n: int) -> Value:
    """log n! = Σ_p log p·Σ_{i≥1} ⌊n/pⁱ⌋ over the primes p ≤ n (Legendre): already over a coprime base."""
    return LogAffine(fmpq(0), {fmpz(p): fmpq(_multiplicity(n, p)) for p in _primes_up_to(n)})


def _outside_positive(x: Value) -> Value | None:
    """None for a positive real number; else what makes the functions of this file undefined, or ±∞, there."""
    if isinstance(x, Undefined):
        return x
    if isinstance(x, Infinite) or sign_of(x) in (0, -1):
        return Undefined("log Γ and ψ are used for positive arguments only")
    return None


def _small_twice(x: Value) -> int | None:
    """2x if x is a moderate integer or half-integer, else None."""
    if not (isinstance(x, LogAffine) and x.is_rational):
        return None
    doubled = 2 * x.rational
    return int(doubled.p) if doubled.q == 1 and doubled <= _LARGEST_FACTORIAL else None


def _primes_up_to(n: int) -> list[int]:
    sieve = bytearray([1]) * (n + 1)
    for candidate in range(2, int(n**0.5) + 1):
        if sieve[candidate]:
            sieve[candidate * candidate :: candidate] = bytes(len(range(candidate * candidate, n + 1, candidate)))
    return [p for p in range(2, n + 1) if sieve[p]]


def _multiplicity(n: int, prime: int) -> int:
    count = 0
    while n:
        n //= prime
        count += n
    return count
