"""How an expression behaves far out: bounds on a ray of the real line and on the strip around it.

On the ray z = R + σ·v, v ≥ 0 (σ = ±1), and on the strip z = R + σ·v + ib with |b| ≤ a around it, two readings of a
program bound what it computes.  Both run through the steps once, with small abstract values in place of numbers, so
that they hold by construction for whatever expression was compiled.  (a = 0 is the real line.)

`growth` bounds |expression| by a sum of terms c·vᵏ·e^{rv} with c ≥ 0, by the rules

    |p + q·z| ≤ |p + q·R| + |q|·a + |q|·v       |f + g| ≤ |f| + |g|       |f·g| = |f|·|g|
    |e^{p + qz}| = e^{p + qR}·e^{qσv}           |softplus(u)| ≤ log 2 + |u|  (for |Im u| ≤ π/2)

`upper_line` bounds the real part of a concave expression by its tangent at the edge, c + s·v; it refuses an expression
that it cannot see to be concave.  With x = R + σv, the rules for an affine u = p + qz are

    Re u² ≥ (p + qx)² − q²a²
    Re e^u ≥ cos(|q|a)·e^{p + qx}                                                            (for |q|·a ≤ π/2)
    Re softplus(u) ≥ softplus(p + qx) − ½·log 2, without the ½·log 2 on the line             (for |q|·a ≤ π/2)

each followed by the tangent of its convex right side; factors of certain sign keep or flip a bound, sums add.  For
softplus: |Im u| ≤ π/2 makes |1 + e^u|² = 1 + 2e^x·cos(Im u) + e^{2x} ≥ 1 + e^{2x} ≥ ½·(1 + e^x)², where x = Re u; and
arg(1 + e^u) lies between 0 and Im u, log|1 + e^u| between 0 and log 2 + max(x, 0), hence |softplus(u)| ≤ log 2 + |u|.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import reduce
from math import factorial

from flint import arb

from verify.certify.program import Integrand, Op, Step

_OfTerm = Callable[[int, arb], arb]


class NoRule(TypeError):  # noqa: N818 - reads as a sentence where it is caught
    """The rules of this module give no bound for an expression."""


@dataclass(frozen=True, slots=True)
class Line:
    """start + slope·v for v ≥ 0."""

    start: arb
    slope: arb

    def plus(self, other: Line) -> Line:
        return Line(self.start + other.start, self.slope + other.slope)

    def times(self, factor: arb) -> Line:
        return Line(self.start * factor, self.slope * factor)


@dataclass(frozen=True, slots=True)
class Ray:
    """The ray edge + direction·v, v ≥ 0, in the middle of a strip of half-width `strip`."""

    edge: arb
    direction: int
    strip: arb

    @property
    def variable(self) -> Line:
        """The variable itself: an affine expression (its slope is ±1, and so is its share of the strip)."""
        return Line(self.edge, arb(self.direction))

    def right_angle(self, line: Line) -> bool:
        """The imaginary part of the affine expression certainly stays within ±π/2 on the strip."""
        return bool(abs(line.slope) * self.strip <= arb.pi() / 2)


# ---------------------------------------------------------------- growth


@dataclass(frozen=True, slots=True)
class Term:
    """coefficient·v^power·e^{rate·v} with coefficient ≥ 0, for v ≥ 0."""

    coefficient: arb
    power: int
    rate: arb


@dataclass(frozen=True, slots=True)
class Growth:
    """A bound of an absolute value: the sum of its terms."""

    terms: tuple[Term, ...]

    def plus(self, other: Growth) -> Growth:
        return Growth(self.terms + other.terms)

    def times(self, other: Growth) -> Growth:
        return Growth(tuple(
            Term(a.coefficient * b.coefficient, a.power + b.power, a.rate + b.rate)
            for a in self.terms for b in other.terms
        ))

    def integral(self, decay: arb) -> arb:
        """∫₀^∞ (this)·e^{−decay·v} dv = Σ c·k!/(decay − r)^{k+1}; +∞ unless the decay certainly beats every rate."""
        return self._sum(decay, lambda power, speed: factorial(power) / speed ** (power + 1))

    def series(self, decay: arb, step: arb) -> arb:
        """A bound of Σ_{n≥1} step·(this)·e^{−decay·v} at v = n·step.

        Each term rises once and falls, so that its sum is at most its integral plus step times its maximum
        c·(k/(e·speed))ᵏ; for k = 0 it only falls, and the integral is enough.
        """
        peaks = self._sum(decay, lambda power, speed: (power / (arb.const_e() * speed)) ** power if power else arb(0))
        return self.integral(decay) + step * peaks

    def _sum(self, decay: arb, value: _OfTerm) -> arb:
        total = arb(0)
        for term in self.terms:
            speed = decay - term.rate
            if not speed > 0:
                return arb.pos_inf()
            total += term.coefficient * value(term.power, speed)
        return total


def constant_growth(bound: arb) -> Growth:
    """The growth of something bounded by a constant."""
    return Growth((Term(bound, 0, arb(0)),))


def growth(integrand: Integrand, ray: Ray) -> Growth:
    """A bound of |expression| on the strip around a ray.  Raises NoRule where the rules give none."""
    known: list[Line | Growth] = []
    for index, step in enumerate(integrand.program.steps):
        if index in integrand.constants:
            known.append(Line(integrand.constants[index], arb(0)))
        else:
            known.append(_grown(step, [known[i] for i in step.inputs], ray))
    return _size(known[-1], ray)


def _grown(step: Step, inputs: list[Line | Growth], ray: Ray) -> Line | Growth:
    if step.op is Op.VARIABLE:
        return ray.variable
    if step.op is Op.ADD:
        return reduce(lambda f, g: _sum(f, g, ray), inputs)
    if step.op is Op.MULTIPLY:
        return reduce(lambda f, g: _product(f, g, ray), inputs)
    if step.op is Op.POWER and step.datum is not None and step.datum.is_Integer and step.datum > 0:
        return reduce(lambda f, g: _product(f, g, ray), [inputs[0]] * int(step.datum))
    if step.op is Op.EXP and isinstance(inputs[0], Line):
        return Growth((Term(inputs[0].start.exp(), 0, inputs[0].slope),))
    if step.op is Op.SOFTPLUS:
        return _softplus_size(inputs[0], ray)
    raise NoRule(f"no rule bounds {step.op.value} of an expression that varies on an unbounded ray")


def _size(value: Line | Growth, ray: Ray) -> Growth:
    """|value| as a growth."""
    if isinstance(value, Growth):
        return value
    slope = abs(value.slope)
    return Growth((Term(abs(value.start) + slope * ray.strip, 0, arb(0)), Term(slope, 1, arb(0))))


def _sum(left: Line | Growth, right: Line | Growth, ray: Ray) -> Line | Growth:
    if isinstance(left, Line) and isinstance(right, Line):
        return left.plus(right)
    return _size(left, ray).plus(_size(right, ray))


def _product(left: Line | Growth, right: Line | Growth, ray: Ray) -> Line | Growth:
    for factor, other in ((left, right), (right, left)):
        if isinstance(factor, Line) and factor.slope == 0 and isinstance(other, Line):
            return other.times(factor.start)
    return _size(left, ray).times(_size(right, ray))


def _softplus_size(argument: Line | Growth, ray: Ray) -> Growth:
    if ray.strip == 0 or (isinstance(argument, Line) and ray.right_angle(argument)):
        return constant_growth(arb(2).log()).plus(_size(argument, ray))
    raise NoRule("softplus is bounded in a strip only for an affine argument with imaginary part within ±π/2")


# ---------------------------------------------------------------- upper lines


class Side(Enum):
    """What a line says about the real part of an expression on the strip."""

    EQUAL = "affine: the line is the real part"
    BELOW = "convex: the line is below"
    ABOVE = "concave: the line is above"


_Bound = tuple[Side, Line]


def upper_line(integrand: Integrand, ray: Ray) -> Line:
    """A line above the real part of a concave expression on the strip around a ray.

    Raises NoRule if the rules do not show that the expression is concave, or the strip is too wide for them.
    """
    known: list[_Bound] = []
    for index, step in enumerate(integrand.program.steps):
        if index in integrand.constants:
            known.append((Side.EQUAL, Line(integrand.constants[index], arb(0))))
        else:
            known.append(_bounded(step, [known[i] for i in step.inputs], ray))
    side, line = known[-1]
    if side is Side.BELOW:
        raise NoRule("the expression is convex, not concave")
    return line


def _bounded(step: Step, inputs: list[_Bound], ray: Ray) -> _Bound:
    if step.op is Op.VARIABLE:
        return Side.EQUAL, ray.variable
    if step.op is Op.ADD:
        return reduce(_sum_of_bounds, inputs)
    if step.op is Op.MULTIPLY:
        return reduce(_product_of_bounds, inputs)
    side, line = inputs[0]
    if side is Side.EQUAL:
        if step.op is Op.POWER and step.datum == 2:
            return Side.BELOW, _below_square(line, ray)
        if step.op is Op.EXP and ray.right_angle(line):
            return Side.BELOW, _below_exp(line, ray)
        if step.op is Op.SOFTPLUS and ray.right_angle(line):
            return Side.BELOW, _below_softplus(line, ray)
    raise NoRule(f"no rule shows where {step.op.value} is concave, or the strip is too wide for it")


def _below_square(u: Line, ray: Ray) -> Line:
    return Line(u.start * u.start - (u.slope * ray.strip) ** 2, 2 * u.start * u.slope)


def _below_exp(u: Line, ray: Ray) -> Line:
    shrink = (abs(u.slope) * ray.strip).cos()
    if not shrink >= 0:
        raise NoRule("the strip is too wide for an exponential")
    factor = shrink * u.start.exp()
    return Line(factor, factor * u.slope)


def _below_softplus(u: Line, ray: Ray) -> Line:
    loss = arb(0) if ray.strip == 0 else arb(2).log() / 2
    return Line((1 + u.start.exp()).log() - loss, u.slope / (1 + (-u.start).exp()))


def _sum_of_bounds(left: _Bound, right: _Bound) -> _Bound:
    sides = {left[0], right[0]} - {Side.EQUAL}
    if len(sides) > 1:
        raise NoRule("a sum of a convex and a concave expression is neither, as far as the rules see")
    return (sides.pop() if sides else Side.EQUAL), left[1].plus(right[1])


def _product_of_bounds(left: _Bound, right: _Bound) -> _Bound:
    (side, factor), (kind, line) = left, right
    if side is not Side.EQUAL or not factor.slope == 0:
        raise NoRule("a product of two varying expressions is not known to be concave")
    if factor.start == 0:
        return Side.EQUAL, Line(arb(0), arb(0))
    if kind is Side.EQUAL or factor.start >= 0:
        return kind, line.times(factor.start)
    if factor.start <= 0:
        return (Side.ABOVE if kind is Side.BELOW else Side.BELOW), line.times(factor.start)
    raise NoRule("the sign of a factor is not certain")
