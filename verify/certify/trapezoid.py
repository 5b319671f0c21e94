"""Certified integrals ∫ e^{l(z)}·g(z) dz over the whole real line by the trapezoid rule.

If f is analytic in the strip |Im z| < a, tends to zero at its ends, and ∫|f(x + ib)| dx ≤ M for all |b| < a, then

    |h·Σ_k f(z₀ + kh) − ∫ f|  ≤  2M/(e^{2πa/h} − 1)

(L. N. Trefethen and J. A. C. Weideman, The exponentially convergent trapezoidal rule, SIAM Review 56 (2014), theorem
5.1).  The nodes are real, so one evaluation costs a fraction of a complex one; the theorem needs only a crude bound M.

* Inside the window, M is bounded by covering the strip with rectangles and evaluating f on each, with the analytic flag
  (a rectangle that meets a singularity is refused, so that analyticity is checked and not assumed).
* Outside, M and the nodes left out are bounded by the envelope A·G(v)·e^{−sv} of `shape`, whose rules use nothing but
  entire functions and softplus of arguments with |Im| ≤ π/2.

The half-width a is chosen by trying a few and taking the one that needs the fewest nodes; a bad choice costs time, or
makes the ball wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, log, pi, sqrt

from flint import acb, arb

from verify.certify.integral import BoundIntegral, ball_within
from verify.certify.program import Integrand, Op
from verify.certify.shape import NoRule, Ray
from verify.certify.window import Window

_LN2 = log(2)
_RECTANGLE = 0.5  # length of a covering rectangle, in widths of the peak …
_MOST_RECTANGLES = 120  # … unless that makes too many
_MOST_NODES = 2500  # beyond, adaptive quadrature is faster
_ROUNDED = 1e-6  # more than what turning log M into a float can lose


@dataclass(frozen=True)
class Grid:
    """Step h and half-width a of the strip, in widths of the peak, and log M."""

    step: float
    strip: float
    log_bound: float


def enclose_by_trapezoid(integral: BoundIntegral, bits: int, shift: float = 0.0) -> arb:
    """A ball that contains the integral, to about 2^−bits of its size, at the current working precision.

    `shift` moves all nodes by that share of a step.  Raises NoRule where the rules give no strip, or too many nodes.
    """
    grid = choose_grid(integral, bits)
    window = integral.window
    step = arb(grid.step) * window.width
    offset = arb(shift) * step
    first, last = (ceil_towards(edge, window.mode + offset, step) for edge in (window.left, window.right))
    if last - first > _MOST_NODES:
        raise NoRule(f"the strip is so narrow that the rule needs {last - first} nodes")
    origin = window.mode + offset
    total = arb(0)
    for k in range(first, last + 1):
        total += integral.body.at(origin + k * step)
    omitted = _omitted(integral, origin + first * step, -1, step) + _omitted(integral, origin + last * step, 1, step)
    error = _rule_error(grid) * window.width
    return total * step + ball_within(omitted, positive=integral.factor is None) + ball_within(error, positive=False)


def ceil_towards(edge: arb, origin: arb, step: arb) -> int:
    """The number of steps from the origin to the first node at or beyond the edge."""
    steps = _moderate((edge - origin) / step)
    return ceil(abs(steps)) * (1 if steps > 0 else -1)


def _moderate(number: arb) -> float:
    """A number as a float.  Raises NoRule for one that is huge or unknown: a window that was not found."""
    if not abs(number) < 1e15:
        raise NoRule("the window is unreasonable")
    return float(number)


def _omitted(integral: BoundIntegral, edge: arb, direction: int, step: arb) -> arb:
    """A bound of h·Σ|f| over the nodes beyond an edge."""
    start, decay, bound = integral.envelope(Ray(edge, direction, arb(0)))
    return start * bound.series(decay, step)


def _rule_error(grid: Grid) -> arb:
    """2M/(e^{2πa/h} − 1)."""
    exponent = 2 * arb.pi() * arb(grid.strip) / arb(grid.step)
    return 2 * arb(grid.log_bound).exp() / exponent.expm1()


# ---------------------------------------------------------------- the strip


def choose_grid(integral: BoundIntegral, bits: int) -> Grid:
    """The largest step, over a few widths of strip, with error below 2^−bits.  Raises NoRule if no strip will do."""
    widest = min(widest_strip(integral), sqrt(2 * bits * _LN2) + 1)
    best = _grid(integral, 0.98 * widest, bits)
    for share in (0.8, 0.5, 0.2):
        narrower = _grid(integral, share * widest, bits)
        if best.step > narrower.step:
            break
        best = narrower
    if not best.step > 0:
        raise NoRule("no strip around the real line keeps the integrand analytic and bounded")
    return best


def _grid(integral: BoundIntegral, strip: float, bits: int) -> Grid:
    bound = strip_bound(integral, strip)
    if not bound.is_finite():
        return Grid(0.0, strip, inf)
    log_bound = float(bound.log().upper()) + _ROUNDED
    return Grid(2 * pi * strip / (bits * _LN2 + max(log_bound, 0.0) + 2), strip, log_bound)


def widest_strip(integral: BoundIntegral) -> float:
    """The half-width, in widths of the peak, at which an exp or softplus of an affine argument turns by π/2.

    Untrusted: whether the integrand is analytic and bounded there is seen when its bound is computed.
    """
    integrands = [integral.exponent.value] + ([] if integral.factor is None else [integral.factor])
    steepest = max(_steepest_turn(integrand, integral.window) for integrand in integrands)
    return pi / 2 / steepest if steepest > 0 else inf


def _steepest_turn(integrand: Integrand, window: Window) -> float:
    """The largest change, over one width of the peak, of the argument of an exp or softplus."""
    turning = {step.inputs[0] for step in integrand.program.steps if step.op in (Op.EXP, Op.SOFTPLUS)}
    here, there = integrand.registers(window.mode), integrand.registers(window.mode + window.width)
    return max((abs(float(there[i].real - here[i].real)) for i in turning), default=0.0)


def strip_bound(integral: BoundIntegral, strip: float) -> arb:
    """A bound M of ∫|f(x + ib)| dx for all |b| ≤ a, in the coordinate (z − mode)/width; not finite if there is none."""
    window = integral.window
    half = arb(strip) * window.width
    total = arb(0)
    try:
        length_in_widths = _moderate((window.right - window.left) / window.width)
        for edge, direction in ((window.left, -1), (window.right, 1)):
            start, decay, bound = integral.envelope(Ray(edge, direction, half))
            total += start * bound.integral(decay)
    except NoRule:
        return arb.nan()
    count = min(_MOST_RECTANGLES, ceil(length_in_widths / _RECTANGLE))
    length = (window.right - window.left) / count
    for k in range(count):
        real = (window.left + k * length).union(window.left + (k + 1) * length)
        rectangle = acb(real, arb(0, half.upper()))
        total += integral.body(rectangle, True).abs_upper() * length
    return total / window.width
