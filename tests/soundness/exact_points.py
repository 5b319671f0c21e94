"""The value of a term of algebra at one point, in exact extended arithmetic, straight from the meaning of terms.

Algebra treats its atoms as opaque, so a point is any assignment of values to atoms that respects their forms: a density
is finite and not negative, p(z|x) is undefined where p(x) = 0, log 0 = −∞.  Shares no code with the worlds.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from random import Random
from typing import TypeAlias

from random_algebra import f, h, p, q, r, theta, x, z

from derive.conditions import Condition
from derive.terms.meaning import is_nonnegative
from derive.terms.nodes import Exp, Number, Plus, Power, Quotient, Term, Times, negative
from derive.terms.notation import log

INFINITY = float("inf")
Value: TypeAlias = "Fraction | float | None"  # float only for ±∞; None is "undefined"
Point: TypeAlias = dict[Term, Value]


def random_point(random: Random) -> Point:
    """Values of the atoms, 0 and ±∞ as often as others."""
    evidence = Fraction(random.choice([0, 0, 1, 2]), random.choice([1, 2, 3]))
    joint = Fraction(random.choice([0, 1, 3]), 4) if evidence else Fraction(0)
    weight, reals = Fraction(random.choice([0, 0, 1, 2, 5]), 3), [Fraction(n, 2) for n in (-4, -2, 0, 0, 0, 1, 2, 3)]
    number, function, parameter = (random.choice(reals) for _ in range(3))
    log_of = {Fraction(0): -INFINITY, Fraction(1): Fraction(0)}
    return {
        p(x): evidence,
        p(x, z): joint,
        p(z | x): joint / evidence if evidence else None,
        q(z | x): Fraction(random.choice([0, 1, 2]), 2),
        r(z): weight,
        h: number,
        f: function,
        theta: parameter,
        log(p(x)): log_of.get(evidence, random.choice(reals)),
        log(p(x, z)): log_of.get(joint, random.choice(reals)),
        Exp(negative(log(p(x)))): 1 / evidence if evidence else INFINITY,
        Power(p(x), Number(Fraction(1, 2))): evidence * evidence,  # any function that is 0 at 0 alone
        Exp(h): Fraction(random.choice([1, 4]), 3),
    }


def value(term: Term, point: Point) -> Value:
    if term in point:
        return point[term]
    match term:
        case Number():
            return term.value
        case Plus():
            return _sum([value(part, point) for part in term.terms])
        case Times():
            return _product(list(_factors(term)), point)
        case Quotient():
            return _quotient(
                value(term.numerator, point), value(term.denominator, point), is_nonnegative(term.denominator)
            )
        case Power():
            assert isinstance(term.exponent, Number)
            return _power(value(term.base, point), int(term.exponent.value))
        case _:
            raise ValueError(f"no value for {term}")


def _factors(term: Term) -> list[Term]:
    return [factor for part in term.args for factor in _factors(part)] if isinstance(term, Times) else [term]  # type: ignore[arg-type]


def _sum(parts: Sequence[Value]) -> Value:
    total: Fraction | float = Fraction(0)
    for part in parts:
        if part is None or (_infinite(total) and _infinite(part) and total != part):
            return None
        total = total if _infinite(total) else part if _infinite(part) else total + part
    return total


def _product(factors: Sequence[Term], point: Point) -> Value:
    values = [value(factor, point) for factor in factors]
    if any(v == 0 and is_nonnegative(factor) for v, factor in zip(values, factors, strict=True)):
        return Fraction(0)
    total: Fraction | float = Fraction(1)
    for v in values:
        if v is None or (_infinite(total) and v == 0) or (_infinite(v) and total == 0):
            return None
        total = _times(total, v)
    return total


def _times(left: Fraction | float, right: Fraction | float) -> Fraction | float:
    if _infinite(left) or _infinite(right):
        return INFINITY if (left > 0) == (right > 0) else -INFINITY
    return left * right


def _quotient(above: Value, below: Value, nonnegative: bool) -> Value:
    if above is None or below is None or (_infinite(above) and _infinite(below)):
        return None
    if below == 0:
        if not nonnegative or above == 0:
            return None
        return INFINITY if above > 0 else -INFINITY
    if _infinite(below):
        return Fraction(0)
    return _times(above, 1 / Fraction(below))


def _power(base: Value, exponent: int) -> Value:
    if base is None or exponent == 0:
        return None if base is None else Fraction(1)
    if exponent < 0:
        inverse = INFINITY if base == 0 else Fraction(0) if _infinite(base) else 1 / Fraction(base)
        return _power(inverse, -exponent)
    total: Fraction | float = Fraction(1)
    for _ in range(exponent):
        total = _times(total, base)
    return total


def _infinite(number: Fraction | float) -> bool:
    return isinstance(number, float)


def holds(condition: Condition, point: Point) -> bool:
    """Whether a condition holds at a point."""
    subject = value(condition.subject, point)
    if any((v := value(factor, point)) is None or v <= 0 for factor in condition.where):
        return True
    if condition.kind == "finite":
        return subject is not None and not _infinite(subject)
    return subject is not None and subject > 0
