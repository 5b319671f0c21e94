"""Where a number lies, as far as it is certain: its sign, whether it is zero, whether it is finite."""

from __future__ import annotations

from flint import arb

from verify.decide.enclosure import Enclosure
from verify.decide.precision import precision

FIRST_BITS, SECOND_BITS, MOST_BITS = 64, 256, 4096


class Enclosable:
    """What every kind of value knows about the place of its number."""

    __slots__ = ()

    def ball(self) -> arb:
        """An Arb ball that contains the number, at the current precision; not finite where nothing is known."""
        raise NotImplementedError

    def enclosure(self, bits: int = 128) -> Enclosure:
        """A certified interval around the number, computed with `bits` bits (unknown for infinite and undefined)."""
        with precision(bits):
            return Enclosure.of_ball(self.ball())

    def sign_at_sight(self) -> int | None:
        """The sign if it can be read off without computing, else None."""
        return None

    def exactly_zero(self) -> bool | None:
        """Whether an exact test proves the number zero (True) or not zero (False); None where there is none."""
        return None

    def has_no_value(self) -> bool:
        """There is no number."""
        return False


def sign_of(value: Enclosable, most_bits: int = MOST_BITS) -> int | None:
    """−1, 0 or +1 where that is certain, else None; 0 only through the exact test."""
    return sign_and_bits(value, most_bits)[0]


def sign_and_bits(value: Enclosable, most_bits: int = MOST_BITS) -> tuple[int | None, int | None]:
    """The sign where it is certain, and the bits of precision that showed it (None where none were needed).

    First a cheap enclosure, which settles almost everything; then a finer one, which costs less than the exact test of
    hundreds of large numbers; then that test; then ever finer enclosures.
    """
    sign = value.sign_at_sight()
    if sign is not None or value.has_no_value():
        return sign, None
    for bits in (FIRST_BITS, min(SECOND_BITS, most_bits)):
        sign = _sign_at(value, bits)
        if sign is not None:
            return sign, bits
    if value.exactly_zero():
        return 0, None
    return _sign_by_doubling(value, most_bits)


def _sign_by_doubling(value: Enclosable, most_bits: int) -> tuple[int | None, int | None]:
    bits = 2 * SECOND_BITS
    while bits <= most_bits:
        sign = _sign_at(value, bits)
        if sign is not None:
            return sign, bits
        bits *= 2
    return None, None


def is_zero(value: Enclosable) -> bool:
    """Certain, by the exact test, that the number is zero (a cheap enclosure spares the test where it can)."""
    sign = value.sign_at_sight()
    if sign is not None or value.has_no_value():
        return sign == 0
    return _sign_at(value, FIRST_BITS) is None and value.exactly_zero() is True


def is_finite(value: Enclosable) -> bool:
    """Certain that the number is a finite real number."""
    with precision(FIRST_BITS):
        return value.ball().is_finite()


def _sign_at(value: Enclosable, bits: int) -> int | None:
    with precision(bits):
        ball = value.ball()
        return 1 if ball > 0 else -1 if ball < 0 else None
