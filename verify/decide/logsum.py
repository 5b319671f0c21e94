"""The exact form r₀ + g·γ + l·log π + Σ rᵢ log nᵢ: rational coefficients, integers nᵢ > 1, and a test for zero."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Self, TypeVar

from flint import arb, fmpq, fmpz

from verify.decide.coprime import coprime_form

_Key = TypeVar("_Key", bound=Hashable)


class Constant(Enum):
    """The irrational constants that stand beside the logarithms: Euler's γ and log π."""

    EULER_GAMMA = "γ"
    LOG_PI = "log π"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LogSum:
    """rational + Σ logs[n]·log n + Σ constants[c]·c; no coefficient is zero and every n is greater than 1."""

    rational: fmpq
    logs: Mapping[fmpz, fmpq] = field(default_factory=dict)
    constants: Mapping[Constant, fmpq] = field(default_factory=dict)

    @property
    def is_rational(self) -> bool:
        """Nothing but the rational part is written down."""
        return not self.logs and not self.constants

    def plus(self, other: LogSum) -> Self:
        """The sum, term by term."""
        return type(self)(self.rational + other.rational, _merged(self.logs, other.logs),
                          _merged(self.constants, other.constants))

    def scaled(self, factor: fmpq) -> Self:
        """This number times a rational."""
        if factor == 0:
            return type(self)(fmpq(0))
        return type(self)(self.rational * factor, {n: c * factor for n, c in self.logs.items()},
                          {n: c * factor for n, c in self.constants.items()})

    def ball(self) -> arb:
        """An Arb ball that contains the number, at the current precision."""
        total = arb(self.rational)
        for number, coefficient in self.logs.items():
            total += arb(number).log() * coefficient
        for constant, coefficient in self.constants.items():
            total += (arb.const_euler() if constant is Constant.EULER_GAMMA else arb.pi().log()) * coefficient
        return total

    def as_fraction(self) -> Fraction | None:
        """The number as a fraction if it is rational (its logarithms may cancel), else None."""
        if self.constants or (self.logs and coprime_form(self.logs)):
            return None
        return Fraction(int(self.rational.p), int(self.rational.q))

    def exactly_zero(self) -> bool | None:
        """True or False where that is proved; None where it is an open question of number theory.

        Write the number as r₀ + g·γ + l·log π + log s, with s > 0 algebraic.  If all four parts vanish it is zero
        (log s is tested over a coprime base).  If g = l = 0 and r₀ ≠ 0 it is not, because e^{r₀} is transcendental
        (Lindemann); if g = 0, r₀ = 0 and l ≠ 0 it is not, because π is transcendental.  A relation with γ, or one
        that ties π to e, is not known to be impossible.
        """
        if self.is_rational:
            return bool(self.rational == 0)
        if Constant.EULER_GAMMA in self.constants or (self.constants and self.rational != 0):
            return None
        return not self.constants and bool(self.rational == 0) and not coprime_form(self.logs)

    def __str__(self) -> str:
        terms = [(self.rational, "")] if self.rational != 0 or self.is_rational else []
        terms += [(coefficient, constant.value) for constant, coefficient in self.constants.items()]
        terms += [(self.logs[number], f"log {number}") for number in sorted(self.logs)]
        text = _signed(*terms[0]) + "".join(_continued(*term) for term in terms[1:])
        return text


def logarithm(number: fmpq, coefficient: fmpq) -> dict[fmpz, fmpq]:
    """coefficient·log number for a positive rational, as the logs of its numerator and its denominator."""
    parts = ((number.p, coefficient), (number.q, -coefficient))
    return {n: c for n, c in parts if n != 1 and c != 0}


def _merged(left: Mapping[_Key, fmpq], right: Mapping[_Key, fmpq]) -> Mapping[_Key, fmpq]:
    if not right:
        return left
    if not left:
        return right
    total = dict(left)
    for key, coefficient in right.items():
        add_term(total, key, coefficient)
    return total


def add_term(terms: dict[_Key, fmpq], key: _Key, coefficient: fmpq) -> None:
    """Add coefficient·key to a sum in place; a coefficient that becomes zero disappears."""
    total = terms.get(key, 0) + coefficient
    if total == 0:
        del terms[key]
    else:
        terms[key] = total


def _signed(coefficient: fmpq, name: str) -> str:
    return ("−" if coefficient < 0 else "") + _unsigned(abs(coefficient), name)


def _continued(coefficient: fmpq, name: str) -> str:
    return (" − " if coefficient < 0 else " + ") + _unsigned(abs(coefficient), name)


def _unsigned(size: fmpq, name: str) -> str:
    if not name:
        return str(size)
    return name if size == 1 else f"{size}·{name}"
