"""Certified enclosures of the mean and variance of importance-weighted estimates, for models with one real latent.

With W = w/p(x), which under q has mean 1, S = Σ_k W_k and φ(t) = E_q[e^(-tW)], Frullani's integral in s = log t gives

    E log S    =    ∫ f(s) ds            f(s) = e^(-t) - φ(t)^K,  t = e^s
    E (log S)² = -2 ∫ s f(s) ds - 2γ E log S

whatever K is.  φ is an integral over the latent line (adaptive, in Arb), or for small t its Taylor polynomial, whose
remainder is at most t^n E[W^n]/n!.  f is analytic for |Im s| < π/2, where Re t > 0 and so |φ| <= 1; hence the
trapezoid rule with step h errs by at most 2M/(e^(2πb/h) - 1), where M bounds ∫|f(s ± ib)| ds:

    left of 0    |f| <= |t| (1 + K), because |1 - e^(-u)| <= |u| and E W = 1
    right of 0   |f| <= e^(-c|t|) + B |t|^(-aK), c = cos b, by e^(-u) <= (a/e)^a u^(-a) and B = ((a/ec)^a E_q[W^-a])^K

and the same bounds hold for the nodes that are left out.

Source: L. N. Trefethen and J. A. C. Weideman, The exponentially convergent trapezoidal rule, SIAM Review 56 (2014),
theorem 5.1, for the error.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from flint import acb, arb

from verify.decide import Enclosure, precision
from verify.models import (
    Gamma,
    GammaExponential,
    GammaPoisson,
    LogNormal,
    LogNormalLogNormal,
    Normal,
    NormalNormal,
    SolvableModel,
    Variational,
)
from verify.models.certified import certified_balance
from verify.models.certified.balls import balls, summed
from verify.models.exact import exact_balance

BITS = 40  # of the result: a radius of about 1e-11
_GUARD = 30  # more bits to work with
_STRIP = 1.2  # half-width b of the strip in s, below π/2
_POWERS = (8.0, 4.0, 2.0, 1.0, 0.5, 0.25, 0.125)  # a: the larger, the faster the tail falls, where E[W^-a] is finite
_MOST_NODES = 4000
_MOST_TERMS = 12  # of the Taylor polynomial of φ


@dataclass(frozen=True)
class CertifiedMoments:
    """Mean and variance of an estimator in nats and nats², each certainly in its enclosure."""

    mean: Enclosure
    variance: Enclosure


@dataclass(frozen=True)
class _Line:
    """q and the weight W = p(z|x)/q(z) in a coordinate u on the line.

    density, weight   entire functions of u, with the analytic flag of nothing to forward
    low, high         the window;  outside  at least the mass of q beyond it
    inverse_moment    a ↦ E_q[W^-a] for any real a, None where it is infinite
    """

    density: Callable[[acb], acb]
    weight: Callable[[acb], acb]
    low: arb
    high: arb
    outside: arb
    inverse_moment: Callable[[arb], arb | None]


def iwae_enclosures(model: SolvableModel[Any], q: Variational, samples: int, bits: int = BITS) -> CertifiedMoments:
    """Certified mean and variance of log (1/K) Σ_k p(x, z_k)/q(z_k), with K = samples and all z_k from q.

    K = 1 is the one-sample ELBO.  Where the tails are too heavy for the nodes allowed, nothing is known and the
    enclosures say so.  Raises ValueError for samples < 1, TypeError for a model without a single real latent.
    """
    if samples < 1:
        raise ValueError(f"an importance-weighted bound needs at least one sample, not {samples}")
    with precision(bits + _GUARD):
        line = _line(model, q, bits)
        rule = _rule(line, samples, bits)
        if rule is None:
            return CertifiedMoments(Enclosure(None, None), Enclosure(None, None))
        first, second = _sums(line, samples, rule)
        square = -2 * second - 2 * arb.const_euler() * first
        mean = _log_evidence(model, q, bits) + first - arb(samples).log()
        return CertifiedMoments(Enclosure.of_ball(mean), Enclosure.of_ball(square - first**2))


def _log_evidence(model: SolvableModel[Any], q: Variational, bits: int) -> arb:
    try:
        return exact_balance(model, q).evidence.enclosure(bits + _GUARD).ball()
    except TypeError:
        return certified_balance(model, q).evidence.ball()


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


def _rule(line: _Line, samples: int, bits: int) -> _Rule | None:
    """The rule with the lightest tail on the right; None where none is light enough."""
    best: tuple[float, arb, arb] | None = None
    for a in _POWERS:
        moment = line.inverse_moment(arb(a))
        if moment is None or not moment.is_finite():
            continue
        scale = ((arb(a) / arb(1).exp() / arb(_STRIP).cos()) ** arb(a) * moment) ** samples
        power = arb(a) * samples
        reach = float((scale.log() + bits * arb(2).log()).upper()) / float(power.mid())
        if best is None or reach < best[0]:
            best = reach, power, scale
    return None if best is None else _placed(best[1], best[2], samples, bits, best[0])


def _placed(power: arb, scale: arb, samples: int, bits: int, reach: float) -> _Rule | None:
    """M, the step it asks for, and the nodes left out on both sides."""
    b, c, weight = arb(_STRIP), arb(_STRIP).cos(), 1 + samples
    # ∫ (|s| + b) |f| on both sides of 0, which is also above ∫ |f| where it is divided by b < |s| + b.
    left, right = weight * (1 + b), (-c).exp() * (1 / c**2 + b / c) + scale * (1 / power**2 + b / power)
    bound = left + right
    step = 2 * math.pi * _STRIP / ((bits + 4) * math.log(2) + max(0.0, float(bound.log().upper())))
    last = math.ceil(max(reach + 4, math.log(bits) + 2) / step)
    first = -math.ceil((bits * math.log(2) + math.log(weight) + 6) / step)
    if last - first > _MOST_NODES:
        return None
    h = arb(step)
    strip = 2 * bound / ((2 * arb.pi() * b / h).exp() - 1)
    # Left out: f falls monotonically below its bounds, so a sum is below the integral that begins one node earlier.
    low, high = h * (-first), h * last
    before = weight * (-low).exp()
    after = (-(high.exp())).exp() + scale * (-power * high).exp() / power
    with_s = weight * (low + 1) * (-low).exp() + (high + 1) * (-(high.exp())).exp()
    with_s += scale * (-power * high).exp() * (high / power + 1 / power**2)
    return _Rule(h, first, last, bits, strip / b + before + after, strip + with_s)


def _sums(line: _Line, samples: int, rule: _Rule) -> tuple[arb, arb]:
    """∫ f and ∫ s f."""
    first, second, moments = arb(0), arb(0), _moments(line)
    for k in range(rule.first, rule.last + 1):
        s = rule.step * k
        t = s.exp()
        value = (-t).exp() - _transform(line, t, moments, rule.bits) ** samples
        first, second = first + value, second + s * value
    return first * rule.step + _within(rule.error), second * rule.step + _within(rule.error_with_s)


def _moments(line: _Line) -> list[arb]:
    """E_q[W^n] for n = 0, 1, … as long as they are finite."""
    found: list[arb] = []
    for n in range(_MOST_TERMS + 1):
        moment = line.inverse_moment(arb(-n))
        if moment is None or not moment.is_finite():
            break
        found.append(moment)
    return found


def _transform(line: _Line, t: arb, moments: list[arb], bits: int) -> arb:
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


def _integrated(line: _Line, t: arb, bits: int) -> arb:
    """φ(t) as an integral; beyond the window the integrand lies between 0 and the density of q."""

    def integrand(u: acb, analytic: bool) -> acb:
        return line.density(u) * (-t * line.weight(u)).exp()

    tolerance = arb(2) ** (-bits - 4)
    inside = acb.integral(integrand, line.low, line.high, rel_tol=tolerance, abs_tol=tolerance).real
    half = line.outside / 2
    return inside + half + _within(half)


def _within(error: arb) -> arb:
    """A ball around 0 of that radius."""
    return arb(0, error.abs_upper())


# ---------------------------------------------------------------- models


@singledispatch
def _line(model: SolvableModel[Any], q: Any, bits: int) -> _Line:
    raise TypeError(f"{type(model).__name__} has no certified moments: its latent is not one real number")


def _normal_line(mean: arb, variance: arb, after_mean: arb, after_variance: arb, bits: int) -> _Line:
    """q = N(mean, variance) and posterior N(after_mean, after_variance), u standardised under q."""
    spread, height = variance.sqrt(), (variance / after_variance).sqrt()
    edge = (2 * (bits + 4) * arb(2).log()).sqrt() + 1

    def inverse_moment(a: arb) -> arb | None:
        precision_ = (1 + a) / variance - a / after_variance
        if not precision_ > 0:
            return None
        pull = (1 + a) * mean / variance - a * after_mean / after_variance
        squares = (1 + a) * mean**2 / variance - a * after_mean**2 / after_variance
        scale = (after_variance / variance) ** (a / 2) / (variance * precision_).sqrt()
        return scale * ((pull**2 / precision_ - squares) / 2).exp()

    return _Line(
        lambda u: (-u * u / 2).exp() / (2 * arb.pi()).sqrt(),
        lambda u: height * (u * u / 2 - (mean + spread * u - after_mean) ** 2 / (2 * after_variance)).exp(),
        -edge, edge, (edge / arb(2).sqrt()).erfc(), inverse_moment,
    )  # fmt: skip


def _after(data: list[arb], prior_mean: float, prior_variance: float, noise: float) -> tuple[arb, arb]:
    """Mean and variance of the posterior of a normal mean."""
    variance = 1 / (1 / arb(prior_variance) + len(data) / arb(noise))
    return variance * (arb(prior_mean) / arb(prior_variance) + summed(data) / arb(noise)), variance


@_line.register
def _(model: NormalNormal, q: Normal, bits: int) -> _Line:
    after = _after(balls(model.x), model.prior_mean, model.prior_variance, model.likelihood_variance)
    return _normal_line(arb(float(q.mean)), arb(float(q.variance)), *after, bits)


@_line.register
def _(model: LogNormalLogNormal, q: LogNormal, bits: int) -> _Line:
    logs = [x.log() for x in balls(model.x)]
    after = _after(logs, model.prior_mean, model.prior_variance, model.likelihood_variance)
    return _normal_line(arb(float(q.mean)), arb(float(q.variance)), *after, bits)


def _gamma_line(q: Gamma, shape: arb, rate: arb, bits: int) -> _Line:
    """q and posterior Gamma(shape, rate), u = log z."""
    aq, bq = arb(q.shape), arb(q.rate)
    constant, other = aq * bq.log() - aq.lgamma(), shape * rate.log() - shape.lgamma()
    tail = (bits + 4) * math.log(2)
    low = ((aq + 1).lgamma() - tail) / aq - bq.log()  # P(z < e^low) <= (b e^low)^a / Γ(a + 1)
    high = ((2 * tail + 3 * q.shape + 10) / bq).log()
    outside = (bq * low.exp()).gamma_lower(aq, 1) + (bq * high.exp()).gamma_upper(aq, 1)

    def inverse_moment(a: arb) -> arb | None:
        mixed_shape, mixed_rate = (1 + a) * aq - a * shape, (1 + a) * bq - a * rate
        if not (mixed_shape > 0 and mixed_rate > 0):
            return None
        normaliser: arb = mixed_shape.lgamma() - mixed_shape * mixed_rate.log()
        return (normaliser + (1 + a) * constant - a * other).exp()

    return _Line(
        lambda u: (constant + aq * u - bq * u.exp()).exp(),
        lambda u: (other - constant + (shape - aq) * u - (rate - bq) * u.exp()).exp(),
        low, high, outside, inverse_moment,
    )  # fmt: skip


@_line.register
def _(model: GammaPoisson, q: Gamma, bits: int) -> _Line:
    return _gamma_line(q, arb(model.shape) + int(model.x.sum()), arb(model.rate) + summed(balls(model.exposure)), bits)


@_line.register
def _(model: GammaExponential, q: Gamma, bits: int) -> _Line:
    return _gamma_line(q, arb(model.shape) + len(model.x), arb(model.rate) + summed(balls(model.x)), bits)
