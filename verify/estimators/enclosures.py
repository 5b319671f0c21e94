"""Certified enclosures of the mean and variance of importance-weighted estimates, for models with one real latent.

With W = w/p(x), which under q has mean at most 1 (less where q misses a part of the posterior's support), S = Σ_k W_k
and φ(t) = E_q[e^(-tW)], Frullani's integral in s = log t gives

    E log S    =    ∫ f(s) ds            f(s) = e^(-t) - φ(t)^K,  t = e^s
    E (log S)² = -2 ∫ s f(s) ds - 2γ E log S

whatever K is.  φ is an integral over the latent line (adaptive, in Arb), or for small t its Taylor polynomial, whose
remainder is at most t^n E[W^n]/n!.  f is analytic for |Im s| < π/2, where Re t > 0 and so |φ| <= 1; hence the
trapezoid rule with step h errs by at most 2M/(e^(2πb/h) - 1), where M bounds ∫|f(s ± ib)| ds:

    left of 0    |f| <= |t| (1 + K), because |1 - e^(-u)| <= |u| and E W <= 1
    right of 0   |f| <= e^(-c|t|) + a tail of the line, c = cos b: |φ|^K <= B |t|^(-aK) where E_q[W^-a] is finite

and the same bounds hold for the nodes that are left out.

Source: L. N. Trefethen and J. A. C. Weideman, The exponentially convergent trapezoidal rule, SIAM Review 56 (2014),
theorem 5.1, for the error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from flint import acb, arb

from verify.decide import Enclosure, precision
from verify.estimators.lines import STRIP, Line, Tail
from verify.estimators.solvable import line_of, log_evidence
from verify.models import SolvableModel, Variational
from verify.models.certified.balls import square

BITS = 40  # of the result: a radius of about 1e-11
GUARD = 30  # more bits to work with
_MOST_NODES = 4000
_MOST_TERMS = 12  # of the Taylor polynomial of φ


@dataclass(frozen=True)
class CertifiedMoments:
    """Mean and variance of an estimator in nats and nats², each certainly in its enclosure."""

    mean: Enclosure
    variance: Enclosure

    @classmethod
    def unknown(cls) -> CertifiedMoments:
        """Nothing is known."""
        return cls(Enclosure(None, None), Enclosure(None, None))


def iwae_enclosures(
    model: SolvableModel[Any], q: Variational, samples: int, bits: int = BITS, plate: bool = True
) -> CertifiedMoments:
    """Certified mean and variance of log (1/K) Σ_k p(x, z_k)/q(z_k), with K = samples and all z_k from q.

    K = 1 is the one-sample ELBO.  Where the tails are too heavy for the nodes allowed, nothing is known and the
    enclosures say so.  `plate` is as in `iwae_moments`: every data point with a latent of its own has its own estimate.
    Raises ValueError for samples < 1, TypeError for a model without a single real latent (for each data point).
    """
    if samples < 1:
        raise ValueError(f"an importance-weighted bound needs at least one sample, not {samples}")
    with precision(bits + GUARD):
        mean, variance = arb(0), arb(0)
        for piece, part in list(model.pieces(q)) if plate else [(model, q)]:
            line = line_of(piece, part, bits)
            moments = None if line is None else moments_of(line, log_evidence(piece, part, bits + GUARD), samples, bits)
            if moments is None:
                return CertifiedMoments.unknown()
            mean, variance = mean + moments[0], variance + moments[1]
        return CertifiedMoments(Enclosure.of_ball(mean), Enclosure.of_ball(variance))


def moments_of(line: Line, evidence: arb, samples: int, bits: int) -> tuple[arb, arb] | None:
    """Mean and variance for a line, given log p(x), at the current precision; None where the tails are too heavy."""
    rule = _rule(line, samples, bits)
    if rule is None:
        return None
    first, second = _sums(line, samples, rule)
    mean_square = -2 * second - 2 * arb.const_euler() * first
    return evidence + first - arb(samples).log(), mean_square - square(first)


# ---------------------------------------------------------------- the trapezoid rule in s


@dataclass(frozen=True)
class _Rule:
    """Step and range of the nodes, and what the sums for f and for s·f may be off by."""

    step: arb
    first: int
    last: int
    bits: int
    error: arb
    error_with_s: arb


def _rule(line: Line, samples: int, bits: int) -> _Rule | None:
    """The rule with the lightest tail on the right; None where none is light enough."""
    reaches = [(reach, n, tail) for n, tail in enumerate(line.tails(samples)) if (reach := _reach(tail, bits))]
    if not reaches:
        return None
    reach, _, tail = min(reaches, key=lambda found: found[:2])
    return _placed(tail, samples, bits, reach)


def _reach(tail: Tail, bits: int) -> float | None:
    """Where 2^-bits of a tail is left, and s times it falls; None where that is farther than any rule has nodes."""
    small, reach = arb(2) ** (-bits), 1.0
    while not (tail.mass(arb(reach)) < small and reach > tail.peak):
        reach *= 1.1
        if reach > _MOST_NODES:
            return None
    return reach


def _placed(tail: Tail, samples: int, bits: int, reach: float) -> _Rule | None:
    """M, the step it asks for, and the nodes left out on both sides."""
    b, c, weight = arb(STRIP), arb(STRIP).cos(), 1 + samples
    # ∫ (|s| + b) |f| on both sides of 0, which is also above ∫ |f| where it is divided by b < |s| + b.
    left = weight * (1 + b)
    right = (-c).exp() * (1 / c**2 + b / c) + tail.moment(arb(0)) + b * tail.mass(arb(0))
    bound = left + right
    step = 2 * math.pi * STRIP / ((bits + 4) * math.log(2) + max(0.0, float(bound.log().upper())))
    last = math.ceil(max(reach, math.log(bits) + 2) / step)
    first = -math.ceil((bits * math.log(2) + math.log(weight) + 6) / step)
    if last - first > _MOST_NODES:
        return None
    h = arb(step)
    strip = 2 * bound / ((2 * arb.pi() * b / h).exp() - 1)
    # Left out: f falls monotonically below its bounds, so a sum is below the integral that begins one node earlier.
    low, high = h * (-first), h * last
    before = weight * (-low).exp()
    after = (-(high.exp())).exp() + tail.mass(high)
    with_s = weight * (low + 1) * (-low).exp() + (high + 1) * (-(high.exp())).exp() + tail.moment(high)
    return _Rule(h, first, last, bits, strip / b + before + after, strip + with_s)


def _sums(line: Line, samples: int, rule: _Rule) -> tuple[arb, arb]:
    """∫ f and ∫ s f."""
    first, second, moments = arb(0), arb(0), _moments(line)
    for k in range(rule.first, rule.last + 1):
        s = rule.step * k
        t = s.exp()
        value = (-t).exp() - math.prod([_transform(line, t, moments, rule.bits)] * samples, start=arb(1))
        first, second = first + value, second + s * value
    return first * rule.step + _within(rule.error), second * rule.step + _within(rule.error_with_s)


def _moments(line: Line) -> list[arb]:
    """E_q[W^n] for n = 0, 1, … as long as they are finite."""
    found: list[arb] = []
    for n in range(_MOST_TERMS + 1):
        moment = line.moment(n)
        if moment is None or not moment.is_finite():
            break
        found.append(moment)
    return found


def _transform(line: Line, t: arb, moments: list[arb], bits: int) -> arb:
    """φ(t) = E_q[e^(-tW)], between 0 and 1."""
    small = arb(2) ** (-bits)
    polynomial, term = arb(0), arb(1)
    for n, moment in enumerate(moments):
        remainder = term * moment
        if remainder < small:
            return polynomial + _within(remainder)
        polynomial += (-1) ** n * remainder
        term = term * t / (n + 1)
    return _integrated(line, t, bits)


def _integrated(line: Line, t: arb, bits: int) -> arb:
    """φ(t) as an integral; beyond the window the integrand lies between 0 and the density of q."""

    def integrand(u: acb, analytic: bool) -> acb:
        return line.density(u, analytic) * (-t * line.weight(u, analytic)).exp()

    tolerance = arb(2) ** (-bits - 4)
    inside = acb.integral(integrand, line.low, line.high, rel_tol=tolerance, abs_tol=tolerance).real
    half = line.outside / 2
    return inside + half + _within(half)


def _within(error: arb) -> arb:
    """A ball around 0 of that radius."""
    return arb(0, error.abs_upper())
