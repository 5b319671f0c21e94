"""Certified integrals ∫ e^{l(z)}·g(z) dz over the whole real line, for a concave l, by adaptive quadrature.

The line is cut into a window, which `acb.integral` encloses, and two tails, which the tangent of l encloses.  For a
concave l and an edge R with slope s = −l′(R) > 0 the tangent lies above l, so that for v ≥ 0

    l(R + v) ≤ l(R) − s·v,       |∫_R^∞ e^l·g|  ≤  e^{l(R)}·∫₀^∞ |g(R + v)|·e^{−sv} dv,

and the last integral is bounded in closed form by the growth of g (see `shape`); the left tail is its mirror image.
For g = 1 this is e^{l(R)}/s, an equality for an exponential density.

The window was found without rigour; that l is concave, that its slope at the edge points down and that the tail is
small is proved here.  If the window was chosen badly the enclosure is wide, never wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import sympy
from flint import acb, arb

from verify.certify.program import Integrand, Program, compile_expression
from verify.certify.shape import Growth, Ray, constant_growth, growth, upper_line
from verify.certify.window import Exponent, LogDensity, Window

_MOST_EVALUATIONS = 200_000  # of the integrand in one integral; beyond, the enclosure stays wide
_PEAK = sympy.Symbol("peak", real=True)


@dataclass(frozen=True)
class LineIntegral:
    """∫ e^{l(z)}·g(z) dz, compiled: the exponent l, the factor g, and the integrand e^{l − peak}·g as one program."""

    exponent: LogDensity
    factor: Program | None
    body: Program

    @classmethod
    @lru_cache(maxsize=256)
    def of(cls, exponent: sympy.Expr, factor: sympy.Expr | None, variable: sympy.Symbol) -> LineIntegral:
        """Compile an exponent and a factor (None: 1)."""
        weight = sympy.exp(exponent - _PEAK, evaluate=False)
        body = weight if factor is None else sympy.Mul(weight, factor, evaluate=False)
        compiled = None if factor is None else compile_expression(factor, variable)
        return cls(LogDensity.of(exponent, variable), compiled, compile_expression(body, variable))

    def bind(self, values: Mapping[sympy.Symbol, arb], window: Window) -> BoundIntegral:
        """The integral with numbers for its parameters, around a window, at the current precision."""
        factor = None if self.factor is None else self.factor.bind(values)
        return BoundIntegral(self.exponent.bind(values), factor, self.body.bind({**values, _PEAK: window.peak}), window)


@dataclass(frozen=True)
class BoundIntegral:
    """∫ e^{l(z) − peak}·g(z) dz for given parameters; `peak` is about the largest value of l."""

    exponent: Exponent
    factor: Integrand | None
    body: Integrand
    window: Window

    def widened(self, bits: int) -> BoundIntegral:
        """The same integral with its window stretched until the tails are below 2^−bits, or for 60 steps.

        The window was found for e^l alone; a factor that grows (e^z under a wide normal q) has its mass farther out.
        """
        edges = [self._stretched(edge, direction, bits) for edge, direction in
                 ((self.window.left, -1), (self.window.right, 1))]
        return replace(self, window=replace(self.window, left=edges[0], right=edges[1]))

    def _stretched(self, edge: arb, direction: int, bits: int) -> arb:
        goal = self.window.width * arb((1, -bits))
        for _ in range(60):
            if self.tail(edge, direction) < goal:
                break
            edge = (self.window.mode + (edge - self.window.mode) * 1.25).mid()
        return edge

    def enclose_adaptively(self, bits: int) -> arb:
        """A ball that contains the integral, to about 2^−bits of its size, at the current working precision."""
        w = self.window
        left, right = (w.left - w.mode) / w.width, (w.right - w.mode) / w.width
        tolerance = arb((1, -bits))
        inside = acb.integral(
            self._standardised, left, right, rel_tol=tolerance, abs_tol=tolerance, eval_limit=_MOST_EVALUATIONS
        )
        outside = self.tail(w.left, -1) + self.tail(w.right, 1)
        return inside.real * w.width + ball_within(outside, positive=self.factor is None)

    def tail(self, edge: arb, direction: int) -> arb:
        """An upper bound of |∫ e^{l − peak}·g| beyond an edge; +∞ unless l certainly falls there.

        Raises NoRule if l is not seen to be concave, or g has no bound.
        """
        start, decay, bound = self.envelope(Ray(edge, direction, arb(0)))
        return start * bound.integral(decay)

    def envelope(self, ray: Ray) -> tuple[arb, arb, Growth]:
        """A, s and G with |e^{l − peak}·g| ≤ A·G(v)·e^{−s·v} on the strip around a ray."""
        line = upper_line(self.exponent.value, ray)
        bound = constant_growth(arb(1)) if self.factor is None else growth(self.factor, ray)
        return (line.start - self.window.peak).exp(), -line.slope, bound

    def _standardised(self, t: acb, analytic: bool) -> acb:
        """The integrand in the coordinate t = (z − mode)/width."""
        return self.body(t * self.window.width + self.window.mode, analytic)


def ball_within(bound: arb, positive: bool) -> arb:
    """A ball for a number of absolute value at most `bound`: [0, bound] if it is known to be positive."""
    upper = bound.upper()
    return arb(0).union(upper) if positive else arb(0, upper)
