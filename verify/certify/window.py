"""Concave exponents and the windows in which e^l has its mass.

Where the window lies is found without any claim to rigour, by bisection and Newton steps on untrusted midpoints; what
an integral concludes from it is proved there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import sympy
from flint import arb

from verify.certify.program import Integrand, Program, compile_expression

_LN2 = 0.6931471805599453


@dataclass(frozen=True)
class LogDensity:
    """A concave exponent l with its first two derivatives, compiled."""

    value: Program
    slope: Program
    bend: Program

    @classmethod
    @lru_cache(maxsize=256)
    def of(cls, exponent: sympy.Expr, variable: sympy.Symbol) -> LogDensity:
        """Compile an exponent and its derivatives."""
        slope = sympy.diff(exponent, variable)
        bend = sympy.diff(slope, variable)
        return cls(*(compile_expression(expression, variable) for expression in (exponent, slope, bend)))

    def bind(self, values: Mapping[sympy.Symbol, arb]) -> Exponent:
        """The exponent for given parameters."""
        return Exponent(self.value.bind(values), self.slope.bind(values), self.bend.bind(values))


@dataclass(frozen=True)
class Exponent:
    """A concave exponent l with numbers for its parameters, and its derivatives."""

    value: Integrand
    slope: Integrand
    bend: Integrand


@dataclass(frozen=True)
class Window:
    """Where e^l has its mass: its mode, the width of the peak and the two edges, as exact balls; l at the mode."""

    mode: arb
    width: arb
    left: arb
    right: arb
    peak: arb


def find_window(exponent: Exponent, start: arb, bits: int) -> Window:
    """A window outside which e^l is below 2^−bits of its peak, found by bisection; nothing about it is certain.

    `start` is any point to begin with.  Raises ValueError if l has no maximum within reach of doubling steps.
    """
    mode = _mode(exponent, start.mid())
    width = _width(exponent, mode)
    peak = exponent.value.at(mode).mid()
    drop = arb(bits * _LN2)
    left, right = (_edge(exponent, mode, width, peak - drop, direction) for direction in (-1, 1))
    return Window(mode, width, left, right, peak)


def _mode(exponent: Exponent, start: arb) -> arb:
    """Where the decreasing slope changes sign: doubling steps to bracket it, then Newton kept inside the bracket."""
    direction = 1 if exponent.slope.at(start) > 0 else -1
    step = arb(direction)
    inner, outer = start, (start + step).mid()
    for _ in range(2000):
        if not exponent.slope.at(outer) * direction > 0:
            break
        inner, step = outer, step * 2
        outer = (start + step).mid()
    else:
        raise ValueError("the exponent rises without end: there is no mode to integrate around")
    return _slope_root(exponent, *((inner, outer) if direction > 0 else (outer, inner)))


def _slope_root(exponent: Exponent, low: arb, high: arb) -> arb:
    point = ((low + high) / 2).mid()
    for _ in range(200):
        slope = exponent.slope.at(point)
        low, high = (point, high) if slope > 0 else (low, point)
        newton = (point - slope / exponent.bend.at(point)).mid()
        if newton.is_finite() and low < newton < high:
            if abs(newton - point) < _width(exponent, point) / 64:
                return newton
            point = newton
        else:
            point = ((low + high) / 2).mid()
        if not high - low > abs(point) * arb((1, -60)):
            break
    return point


def _width(exponent: Exponent, point: arb) -> arb:
    """1/√(−l″), the standard deviation of the Gaussian with the same peak."""
    bend = -exponent.bend.at(point)
    return (1 / bend.sqrt()).mid() if bend > 0 else arb(1)


def _edge(exponent: Exponent, mode: arb, width: arb, level: arb, direction: int) -> arb:
    """A point on one side where l has fallen to about the given level."""
    near, far = arb(0), width
    for _ in range(200):
        if exponent.value.at(mode + direction * far) < level:
            break
        near, far = far, 2 * far
    for _ in range(6):
        middle = ((near + far) / 2).mid()
        below = exponent.value.at(mode + direction * middle) < level
        near, far = (near, middle) if below else (middle, far)
    return (mode + direction * far).mid()
