"""An interval that is certain to contain a real number, as plain data.

Arb's balls belong to the library and to its current precision; an `Enclosure` is what leaves this package: two exact
dyadic ends, which can be printed, compared, pickled and written to a report.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from flint import arb

from verify.decide.precision import precision

Dyadic: TypeAlias = tuple[int, int]
"""A mantissa and an exponent: (m, e) is m·2^e."""


@dataclass(frozen=True, slots=True)
class Enclosure:
    """The number lies in [lower, upper]; both ends None: nothing is known about it (not even that it is finite)."""

    lower: Dyadic | None
    upper: Dyadic | None

    @classmethod
    def of_ball(cls, ball: arb) -> Enclosure:
        """The enclosure of an Arb ball; rounded outwards to the current precision."""
        if not ball.is_finite():
            return cls(None, None)
        return cls(_dyadic(ball.lower()), _dyadic(ball.upper()))

    @classmethod
    def around(cls, centre: float, radius: float) -> Enclosure:
        """The interval [centre − radius, centre + radius] of two finite floats, without rounding."""
        middle, half = Fraction(centre), Fraction(radius)
        return cls(_dyadic_fraction(middle - half), _dyadic_fraction(middle + half))

    def ball(self) -> arb:
        """An Arb ball at the current precision that contains this interval."""
        if self.lower is None or self.upper is None:
            return arb.nan()
        return arb(self.lower).union(arb(self.upper))

    @property
    def is_finite(self) -> bool:
        return self.lower is not None

    @property
    def sign(self) -> int | None:
        """−1 or +1 if the interval lies on one side of zero, 0 if it is the single point 0, else None."""
        if self.lower is None or self.upper is None:
            return None
        low, high = _sign(self.lower), _sign(self.upper)
        return low if low == high else None

    @property
    def midpoint(self) -> float:
        """A float near the middle, for display (it may overflow to ±inf or underflow to 0)."""
        return float(self.ball().mid())

    @property
    def radius(self) -> float:
        """Half the width, rounded to the nearest float (0.0 for one point, inf if nothing is known)."""
        if self.lower is None or self.upper is None:
            return float("inf")
        with precision(53):
            return float(((_exact(self.upper) - _exact(self.lower)) / 2).upper())

    def contains(self, number: int | float | Fraction) -> bool:
        """Whether the interval contains the number (always true when nothing is known)."""
        if self.lower is None or self.upper is None:
            return True
        return _fraction(self.lower) <= Fraction(number) <= _fraction(self.upper)

    def overlaps(self, other: Enclosure) -> bool:
        """Whether some number lies in both; if not, the two numbers enclosed are certainly different."""
        if self.lower is None or self.upper is None or other.lower is None or other.upper is None:
            return True
        return not (_exact(self.upper) < _exact(other.lower) or _exact(other.upper) < _exact(self.lower))

    def __str__(self) -> str:
        if not self.is_finite:
            return "unknown"
        with precision(self._bits()):
            return str(self.ball().str(40, radius=True)).strip("[]").replace("+/-", "±")

    def _bits(self) -> int:
        widths = [abs(end[0]).bit_length() for end in (self.lower, self.upper) if end is not None]
        return max(128, *widths)


POINT_ZERO = Enclosure((0, 0), (0, 0))


def _dyadic(end: arb) -> Dyadic:
    mantissa, exponent = end.man_exp()
    return int(mantissa), int(exponent)


def _dyadic_fraction(end: Fraction) -> Dyadic:
    return end.numerator, 1 - end.denominator.bit_length()


def _exact(end: Dyadic) -> arb:
    return arb(end)


def _fraction(end: Dyadic) -> Fraction:
    mantissa, exponent = end
    return Fraction(mantissa) * Fraction(2) ** exponent


def _sign(end: Dyadic) -> int:
    return (end[0] > 0) - (end[0] < 0)
