"""Numbers, parameters, abstract functions and arithmetic; none of it evaluates."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Self, TypeAlias, cast
from weakref import WeakValueDictionary

from sympy import Basic, Rational
from sympy.core.symbol import Str

Scalar: TypeAlias = "Term | int | Fraction"


_NODES: WeakValueDictionary[tuple[type, tuple[Basic, ...]], Node] = WeakValueDictionary()


class Node(Basic):
    """What all nodes share: equal nodes are one object, and a printed form shows the structure.

    Terms are compared all the time, and comparing an object with itself costs nothing.
    """

    __slots__ = ("__weakref__",)

    def __new__(cls, *args: Basic) -> Self:
        known = _NODES.get((cls, args))
        if known is None:
            known = _NODES.setdefault((cls, args), Basic.__new__(cls, *args))
        return cast(Self, known)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return type(self) is type(other) and hash(self) == hash(other) and bool(Basic.__eq__(self, other))

    __hash__ = Basic.__hash__

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.args))})"

    __str__ = __repr__

    def _sympystr(self, _printer: Any) -> str:
        return repr(self)

    _sympyrepr = _sympystr


class Term(Node):
    """A formula with a real value (possibly ±∞, possibly undefined) at each point of a world."""

    __slots__ = ()

    def __add__(self, other: Scalar) -> Term:
        return Plus(self, as_term(other))

    def __radd__(self, other: Scalar) -> Term:
        return Plus(as_term(other), self)

    def __sub__(self, other: Scalar) -> Term:
        return Plus(self, negative(as_term(other)))

    def __rsub__(self, other: Scalar) -> Term:
        return Plus(as_term(other), negative(self))

    def __mul__(self, other: Scalar) -> Term:
        return Times(self, as_term(other))

    def __rmul__(self, other: Scalar) -> Term:
        return Times(as_term(other), self)

    def __truediv__(self, other: Scalar) -> Term:
        return Quotient(self, as_term(other))

    def __rtruediv__(self, other: Scalar) -> Term:
        return Quotient(as_term(other), self)

    def __pow__(self, other: Scalar) -> Term:
        return Power(self, as_term(other))

    def __neg__(self) -> Term:
        return negative(self)


def as_term(value: Scalar) -> Term:
    """The term a Python number stands for.  Raises TypeError for floats: 0.1 is not the number anybody meant."""
    if isinstance(value, Term):
        return value
    if isinstance(value, int | Fraction):
        return Number(value)
    raise TypeError(f"{value!r} is no term; write an integer or a Fraction")


def negative(term: Term) -> Term:
    return Times(Number(-1), term)


# ---------------------------------------------------------------- leaves


class Number(Term):
    """A rational number."""

    __slots__ = ()

    def __new__(cls, value: int | Fraction | Rational) -> Number:
        numerator, denominator = (value.p, value.q) if isinstance(value, Rational) else value.as_integer_ratio()
        return Node.__new__(cls, Rational(numerator, denominator))

    @property
    def value(self) -> Fraction:
        return Fraction(int(self.args[0].p), int(self.args[0].q))


class Parameter(Term):
    """A real parameter: θ, α, β.  Bound by argmax over parameters, otherwise any value the text allows."""

    __slots__ = ()

    def __new__(cls, name: str | Str) -> Parameter:
        return Node.__new__(cls, name if isinstance(name, Str) else Str(name))

    @property
    def name(self) -> str:
        return str(self.args[0].name)


class Function(Term):
    """An abstract real function: f(z) of points, or f(E[Y]) of a real number."""

    __slots__ = ()

    def __new__(cls, name: str | Str, *arguments: Term) -> Function:
        return Node.__new__(cls, name if isinstance(name, Str) else Str(name), *arguments)

    @property
    def name(self) -> str:
        return str(self.args[0].name)

    @property
    def arguments(self) -> tuple[Term, ...]:
        return cast("tuple[Term, ...]", self.args[1:])


# ---------------------------------------------------------------- arithmetic


class _Nary(Term):
    __slots__ = ()

    def __new__(cls, *terms: Basic) -> Self:
        return Node.__new__(cls, *terms)

    @property
    def terms(self) -> tuple[Term, ...]:
        return cast("tuple[Term, ...]", self.args)


class Plus(_Nary):
    """A sum.  Subtraction is adding −1 times a term."""

    __slots__ = ()


class Times(_Nary):
    """A product."""

    __slots__ = ()


class Quotient(Term):
    """numerator / denominator."""

    __slots__ = ()

    def __new__(cls, numerator: Basic, denominator: Basic) -> Quotient:
        return Node.__new__(cls, numerator, denominator)

    @property
    def numerator(self) -> Term:
        return cast(Term, self.args[0])

    @property
    def denominator(self) -> Term:
        return cast(Term, self.args[1])


class Power(Term):
    """base ^ exponent, for a non-negative base or an integer exponent."""

    __slots__ = ()

    def __new__(cls, base: Basic, exponent: Basic) -> Power:
        return Node.__new__(cls, base, exponent)

    @property
    def base(self) -> Term:
        return cast(Term, self.args[0])

    @property
    def exponent(self) -> Term:
        return cast(Term, self.args[1])


class Log(Term):
    """The natural logarithm (nats)."""

    __slots__ = ()

    def __new__(cls, argument: Basic) -> Log:
        return Node.__new__(cls, argument)

    @property
    def argument(self) -> Term:
        return cast(Term, self.args[0])


class Exp(Term):
    __slots__ = ()

    def __new__(cls, argument: Basic) -> Exp:
        return Node.__new__(cls, argument)

    @property
    def argument(self) -> Term:
        return cast(Term, self.args[0])
