"""Extended real numbers with an exact kind: what an expression takes in a world of rational tables.

    LogAffine    r₀ + g·γ + l·log π + Σ rᵢ log nᵢ with rational coefficients: log evidence, ELBO, KL, entropies are of
                 this kind in a rational world, and whether such a number is zero is decided exactly
    Exponential  e^x for such an x: powers of probabilities, normal densities; known through an exact logarithm
    Enclosed     anything else: an expression that Arb can enclose to any precision, never known to equal anything
    Infinite     +∞ or −∞ (log 0, a/0)
    Undefined    no value: ∞ − ∞, 0/0, the log of a negative number

`exact` makes a value from a number.  The operators + − * / ** and the methods log, exp, sqrt (which NumPy calls on
object arrays) keep to the first two kinds where they can and fall back to `Enclosed` where they must.

Conventions, those of measure theory: an exact zero makes a product zero whatever multiplies it (0·∞ = 0·undefined = 0);
a/0 = +∞ for a > 0 and −∞ for a < 0; 0/0 is undefined.  Values have no truth value and no ==, < or >: comparing them
is `verify.decide.compare`, which answers with its evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import isinf, isnan
from numbers import Integral, Rational, Real
from typing import NoReturn, TypeAlias, Union

from flint import arb, fmpq, fmpz

from verify.decide.coprime import coprime_form, rational_power
from verify.decide.logsum import LogSum, logarithm
from verify.decide.operations import Operation, evaluate, evaluate_tree
from verify.decide.signs import Enclosable, is_finite, is_zero, sign_of

Number: TypeAlias = Union[int, float, Fraction, fmpq, "Value"]
_LONGEST_POWER = 1 << 16  # bits up to which a rational power is written out


class Value(Enclosable):
    """An extended real number, or none (`Undefined`); the module's text has the kinds and the conventions."""

    __slots__ = ()
    __hash__ = object.__hash__

    def exact_log(self) -> LogAffine | None:
        """The logarithm if the number is positive and its logarithm is known exactly, else None."""
        return None

    def as_fraction(self) -> Fraction | None:
        """The number as a fraction if it is known to be rational, else None."""
        return None

    def log(self) -> Value:
        """The natural logarithm (nats); log 0 = −∞, undefined below zero."""
        return _log(self)

    def exp(self) -> Value:
        """e to this power; rational where that can be seen; e^{−∞} = 0."""
        return _exp(self)

    def sqrt(self) -> Value:
        """The square root; undefined below zero."""
        return _power(self, exact(Fraction(1, 2)))

    def __add__(self, other: Number) -> Value:
        return _applied(_add, self, other)

    def __radd__(self, other: Number) -> Value:
        return _applied(_add, other, self)

    def __sub__(self, other: Number) -> Value:
        return _applied(_subtract, self, other)

    def __rsub__(self, other: Number) -> Value:
        return _applied(_subtract, other, self)

    def __mul__(self, other: Number) -> Value:
        return _applied(_multiply, self, other)

    def __rmul__(self, other: Number) -> Value:
        return _applied(_multiply, other, self)

    def __truediv__(self, other: Number) -> Value:
        return _applied(_divide, self, other)

    def __rtruediv__(self, other: Number) -> Value:
        return _applied(_divide, other, self)

    def __pow__(self, other: Number) -> Value:
        return _applied(_power, self, other)

    def __rpow__(self, other: Number) -> Value:
        return _applied(_power, other, self)

    def __neg__(self) -> Value:
        return _multiply(MINUS_ONE, self)

    def __abs__(self) -> Value:
        sign = sign_of(self)
        if sign is None and not isinstance(self, Undefined):
            return Enclosed(Operation.ABSOLUTE, (self,))
        return -self if sign == -1 else self

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"

    def __bool__(self) -> NoReturn:
        raise TypeError("a value has no truth value: use verify.decide.compare, which says how it knows")

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("values are not compared with == or !=: use verify.decide.compare, which says how it knows")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LogAffine(LogSum, Value):
    """An exact number r₀ + g·γ + l·log π + Σ rᵢ log nᵢ; the rationals are the ones with nothing but r₀."""

    def sign_at_sight(self) -> int | None:
        return (self.rational > 0) - (self.rational < 0) if self.is_rational else None

    def exact_log(self) -> LogAffine | None:
        if not self.is_rational or self.rational <= 0:
            return None
        return LogAffine(fmpq(0), logarithm(self.rational, fmpq(1)))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Exponential(Value):
    """e^logarithm: a positive number known through its exact logarithm."""

    logarithm: LogAffine

    def ball(self) -> arb:
        return self.logarithm.ball().exp()

    def sign_at_sight(self) -> int:
        return 1

    def exact_log(self) -> LogAffine:
        return self.logarithm

    def __str__(self) -> str:
        return f"exp({self.logarithm})"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Enclosed(Value):
    """An expression that Arb re-evaluates at whatever precision is asked for."""

    operation: Operation
    arguments: tuple[Value, ...]

    def ball(self) -> arb:
        root: Value = self
        return evaluate_tree(root, _arguments, _node_ball)

    def __str__(self) -> str:
        return str(self.enclosure())


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Infinite(Value):
    """+∞ (sign 1) or −∞ (sign −1)."""

    sign: int

    def ball(self) -> arb:
        return arb.pos_inf() if self.sign > 0 else arb.neg_inf()

    def sign_at_sight(self) -> int:
        return self.sign

    def __str__(self) -> str:
        return "∞" if self.sign > 0 else "−∞"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Undefined(Value):
    """No value, and why: a claim that meets it does not apply in that world."""

    reason: str

    def ball(self) -> arb:
        return arb.nan()

    def has_no_value(self) -> bool:
        return True

    def __str__(self) -> str:
        return f"undefined ({self.reason})"


ZERO, ONE, MINUS_ONE = LogAffine(fmpq(0)), LogAffine(fmpq(1)), LogAffine(fmpq(-1))
INFINITY, MINUS_INFINITY = Infinite(1), Infinite(-1)


def exact(number: Number) -> Value:
    """The value of a number, taken exactly: a float stands for its binary fraction, ±inf for ±∞, NaN for no value.

    Raises TypeError for anything that is not a real number.
    """
    if isinstance(number, Value):
        return number
    if isinstance(number, fmpq):
        return LogAffine(number)
    if isinstance(number, Integral | fmpz):
        return LogAffine(fmpq(int(number)))
    if isinstance(number, Rational):
        return LogAffine(fmpq(number.numerator, number.denominator))
    if isinstance(number, Real):
        return _from_float(number)
    raise TypeError(f"{type(number).__name__} is not a real number: give an int, a Fraction, a float or a Value")


def _arguments(node: Value) -> tuple[Value, ...]:
    return node.arguments if isinstance(node, Enclosed) else ()


def _node_ball(node: Value, arguments: list[arb]) -> arb:
    return evaluate(node.operation, arguments) if isinstance(node, Enclosed) else node.ball()


def _from_float(real: Real) -> Value:
    number = float(real)
    if isnan(number):
        return Undefined("not a number")
    if number != real:
        raise TypeError(f"{real!r} has more digits than a float: give it as a Fraction")
    if isinf(number):
        return INFINITY if number > 0 else MINUS_INFINITY
    return LogAffine(fmpq(*number.as_integer_ratio()))


def _applied(operation: Callable[[Value, Value], Value], left: Number, right: Number) -> Value:
    """The operation on two numbers; NotImplemented for anything else, so that NumPy arrays take their turn."""
    if isinstance(left, Value) and isinstance(right, Value):
        return operation(left, right)
    if not all(isinstance(operand, Value | fmpq | fmpz | Real) for operand in (left, right)):
        return NotImplemented  # type: ignore[no-any-return]
    return operation(exact(left), exact(right))


def _add(left: Value, right: Value) -> Value:
    if isinstance(left, LogAffine) and isinstance(right, LogAffine):
        return left.plus(right)
    for term in (left, right):
        if isinstance(term, Undefined):
            return term
    if isinstance(left, Infinite) and isinstance(right, Infinite):
        return left if left.sign == right.sign else Undefined("∞ − ∞")
    for term, other in ((left, right), (right, left)):
        if isinstance(term, Infinite) and is_finite(other):
            return term
        if term.sign_at_sight() == 0:
            return other
    return Enclosed(Operation.ADD, (left, right))


def _subtract(left: Value, right: Value) -> Value:
    return _add(left, _scaled(right, fmpq(-1)))


def _multiply(left: Value, right: Value) -> Value:
    for factor, other in ((left, right), (right, left)):
        if isinstance(factor, LogAffine) and factor.is_rational:
            return _scaled(other, factor.rational)
    if is_zero(left) or is_zero(right):
        return ZERO
    for factor in (left, right):
        if isinstance(factor, Undefined):
            return factor
    for factor, other in ((left, right), (right, left)):
        if isinstance(factor, Infinite):
            return _infinite_product(factor, other)
    if isinstance(left, Exponential) and isinstance(right, Exponential):
        return _exp(left.logarithm.plus(right.logarithm))
    return Enclosed(Operation.MULTIPLY, (left, right))


def _scaled(value: Value, factor: fmpq) -> Value:
    """A value times a rational."""
    if factor == 0:
        return ZERO
    if isinstance(value, LogAffine):
        return value.scaled(factor)
    if isinstance(value, Infinite):
        return value if factor > 0 else Infinite(-value.sign)
    if isinstance(value, Exponential) and factor > 0:
        return _exp(value.logarithm.plus(LogAffine(fmpq(0), logarithm(factor, fmpq(1)))))
    if isinstance(value, Undefined) or factor == 1:
        return value
    return Enclosed(Operation.MULTIPLY, (LogAffine(factor), value))


def _infinite_product(infinite: Infinite, other: Value) -> Value:
    """∞ times what is not known to be zero: its sign, or an expression about which nothing is known."""
    sign = sign_of(other)
    return Infinite(infinite.sign * sign) if sign else Enclosed(Operation.MULTIPLY, (infinite, other))


def _divide(left: Value, right: Value) -> Value:
    if is_zero(right):
        return _over_zero(left)
    if isinstance(right, LogAffine) and right.is_rational:
        return _scaled(left, 1 / right.rational)
    for part in (left, right):
        if isinstance(part, Undefined):
            return part
    if isinstance(right, Infinite):
        return ZERO if is_finite(left) else Undefined("∞/∞") if isinstance(left, Infinite) else _quotient(left, right)
    if is_zero(left) and sign_of(right) is not None:
        return ZERO
    if isinstance(left, Infinite) and (sign := sign_of(right)) is not None:
        return Infinite(left.sign * sign)
    numerator, denominator = left.exact_log(), right.exact_log()
    if numerator is not None and denominator is not None:
        return _exp(numerator.plus(denominator.scaled(fmpq(-1))))
    return _quotient(left, right)


def _quotient(left: Value, right: Value) -> Value:
    return Enclosed(Operation.DIVIDE, (left, right))


def _over_zero(numerator: Value) -> Value:
    if isinstance(numerator, Undefined):
        return numerator
    sign = sign_of(numerator)
    if sign is None:
        return _quotient(numerator, ZERO)
    return Infinite(sign) if sign else Undefined("0/0")


def _log(value: Value) -> Value:
    if (known := value.exact_log()) is not None:
        return known
    if isinstance(value, Enclosed) and value.operation is Operation.EXP:
        return value.arguments[0]
    if isinstance(value, Undefined):
        return value
    sign = sign_of(value)
    if sign in (-1, 0):
        return Undefined("the log of a negative number") if sign else MINUS_INFINITY
    return value if isinstance(value, Infinite) else Enclosed(Operation.LOG, (value,))


def _exp(value: Value) -> Value:
    if isinstance(value, LogAffine):
        return _exp_of_exact(value)
    if isinstance(value, Infinite):
        return value if value.sign > 0 else ZERO
    if isinstance(value, Undefined):
        return value
    if isinstance(value, Enclosed) and value.operation is Operation.LOG and sign_of(value.arguments[0]) == 1:
        return value.arguments[0]
    return Enclosed(Operation.EXP, (value,))


def _exp_of_exact(exponent: LogAffine) -> Value:
    form = coprime_form(exponent.logs)
    if exponent.rational == 0 and not exponent.constants:
        power = rational_power(form, _LONGEST_POWER)
        if power is not None:
            return LogAffine(power)
    return Exponential(LogAffine(exponent.rational, form, exponent.constants))


def _power(base: Value, exponent: Value) -> Value:
    if not (isinstance(exponent, LogAffine) and exponent.is_rational):
        return _exp(_multiply(exponent, _log(base)))
    power = exponent.rational
    if power == 0:
        return ONE
    if power == 1 or isinstance(base, Undefined):
        return base
    if isinstance(base, Infinite) or is_zero(base):
        return _power_at_the_ends(base, power)
    if (log_base := base.exact_log()) is not None:
        return _exp(log_base.scaled(power))
    return _signed_power(base, exponent)


def _power_at_the_ends(base: Value, power: fmpq) -> Value:
    """0 or ±∞ to a rational power that is not 0."""
    if isinstance(base, Infinite) and base.sign < 0:
        if power.q != 1:
            return Undefined("a root of −∞")
        return _scaled(_power_at_the_ends(INFINITY, power), fmpq(-1 if power.p % 2 else 1))
    return INFINITY if isinstance(base, Infinite) == (power > 0) else ZERO


def _signed_power(base: Value, exponent: LogAffine) -> Value:
    """The power of a base whose logarithm is not exact: a negative rational, or an irrational number."""
    power = exponent.rational
    if power.q != 1 and sign_of(base) == -1:
        return Undefined("a root of a negative number")
    if isinstance(base, LogAffine) and base.is_rational:
        return _scaled(_power(base.scaled(fmpq(-1)), exponent), fmpq(-1 if power.p % 2 else 1))
    return Enclosed(Operation.POWER, (base, exponent))

