"""Certified ELBO statements for logistic regression with two coefficients, by a product of two trapezoid rules.

Model: z ~ N(m, diag v) in the plane, yᵢ | z ~ Bernoulli(σ(xᵢ·z)), q = N(mq, diag vq).  In the coordinates
z_j = m_j + √v_j·t_j every integral is ∬ F(t)·φ(t₁)·φ(t₂) dt with φ the standard normal density and

    F = Π σ(uᵢ)  (evidence)     or     F = Σ log σ(uᵢ)  (expected log-likelihood),      uᵢ = ±xᵢ·z, affine in t.

If |Im t_j| ≤ a_j keeps every |Im uᵢ| ≤ π/2, then |σ(u)| ≤ 1 and |log σ(u)| ≤ log 2 + π/2 + |Re u| (see `shape`), so
that |F| ≤ c + d₁·|t₁| + d₂·|t₂| with real parts on the right.

Error of the rule with steps h_j, |k_j| ≤ N_j, T_j = N_j·h_j:

* first the integral over t₂ is replaced by a sum, then at each of its nodes the integral over t₁: the strip theorem of
  `trapezoid` with |φ(t + ib)| = e^{b²/2}·φ(t) gives 2·e^{a_j²/2}/(e^{2πa_j/h_j} − 1) times the bound of |F|, integrated
  against φφ for j = 2, and integrated over t₁ but summed over the nodes of t₂ for j = 1, where Σ h·φ(kh) ≤ 1 + h·φ(0)
  and Σ h·|kh|·φ(kh) ≤ √(2/π) + 2h·φ(1), as each rises and falls once on either side;
* nodes left out: Σ_{k>N} h·φ(kh) ≤ ∫_T^∞ φ and Σ_{k>N} h·kh·φ(kh) ≤ φ(T) for T > 1.

The ELBO uses one-dimensional integrals over uᵢ under q, the KL the two-dimensional one: two routes to E_q log p(y | z).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import log, pi, sqrt

import sympy
from flint import arb

from verify.certify.closed_forms import Normal
from verify.certify.densities import log_bernoulli, log_normal
from verify.certify.integral import LineIntegral
from verify.certify.latent import as_ball, enclose
from verify.certify.result import CertifiedElbo, certified
from verify.certify.window import find_window
from verify.decide import precision

_GUARD_BITS = 32
_T, _START, _SLOPE = sympy.symbols("t start slope", real=True)
_EXPECTED_LOG_SIGMOID = LineIntegral.of(
    log_normal(_T, sympy.Integer(0), sympy.Integer(1)), log_bernoulli(sympy.Integer(1), _START + _SLOPE * _T), _T
)


@dataclass(frozen=True)
class Logit:
    """u = start + slopes·t for standard normal coordinates t: the signed logit of one observation."""

    start: arb
    slopes: tuple[arb, arb]


@dataclass(frozen=True)
class Axis:
    """The trapezoid rule in one coordinate: strip half-width a, step h, nodes −N…N."""

    strip: float
    step: float
    nodes: int

    @property
    def reach(self) -> arb:
        """T = N·h."""
        return arb(self.step) * self.nodes

    @property
    def points(self) -> list[arb]:
        return [arb(self.step) * k for k in range(-self.nodes, self.nodes + 1)]


@dataclass(frozen=True)
class Bound:
    """|F| ≤ constant + linear[0]·|t₁| + linear[1]·|t₂| on the strips."""

    constant: arb
    linear: tuple[arb, arb]


def logits(features: Sequence[tuple[Fraction, Fraction]], labels: Sequence[int],
           law: tuple[Normal, Normal]) -> list[Logit]:
    """The signed logits ±xᵢ·z for z ~ law, at the current precision."""
    spreads = [as_ball(axis.variance).sqrt() for axis in law]
    return [
        Logit(as_ball(sign * sum((f * axis.mean for f, axis in zip(feature, law, strict=True)), Fraction(0))),
              (sign * as_ball(feature[0]) * spreads[0], sign * as_ball(feature[1]) * spreads[1]))
        for feature, sign in ((feature, 2 * label - 1) for feature, label in zip(features, labels, strict=True))
    ]


def log_evidence(prior_logits: list[Logit], bits: int) -> arb:
    """log ∬ Π σ(uᵢ)·φφ."""
    bound = Bound(arb(1), (arb(0), arb(0)))
    return plane_integral(prior_logits, _axes(prior_logits, bits), bound, lambda product: 1 / product).log()


def expected_log_likelihood(q_logits: list[Logit], bits: int) -> arb:
    """E_q Σ log σ(uᵢ) by the rule in the plane: the log of the product at every node."""
    spare = arb(2).log() + arb.pi() / 2
    first, second = (sum((abs(u.slopes[j]) for u in q_logits), arb(0)) for j in (0, 1))
    bound = Bound(sum((spare + abs(u.start) for u in q_logits), arb(0)), (first, second))
    return plane_integral(q_logits, _axes(q_logits, bits), bound, lambda product: -product.log())


def expected_log_likelihood_by_lines(q_logits: list[Logit], bits: int) -> arb:
    """E_q Σ log σ(uᵢ), one integral over the line for each observation: uᵢ is normal under q."""
    total = arb(0)
    for u in q_logits:
        numbers = {_START: u.start, _SLOPE: (u.slopes[0] ** 2 + u.slopes[1] ** 2).sqrt()}
        window = find_window(_EXPECTED_LOG_SIGMOID.exponent.bind(numbers), arb(0), bits + _GUARD_BITS // 2)
        total += window.peak.exp() * enclose(_EXPECTED_LOG_SIGMOID.bind(numbers, window), bits)
    return total


def certify(features: Sequence[tuple[Fraction, Fraction]], labels: Sequence[int], prior: tuple[Normal, Normal],
            q: tuple[Normal, Normal], bits: int) -> CertifiedElbo:
    """Log evidence, ELBO and KL; the features, labels, prior and q are as in the module's text."""
    with precision(bits + _GUARD_BITS):
        evidence = log_evidence(logits(features, labels, prior), bits)
        q_logits = logits(features, labels, q)
        to_prior = (q[0].kl(prior[0]) + q[1].kl(prior[1])).ball()
        elbo = expected_log_likelihood_by_lines(q_logits, bits) - to_prior
        kl = to_prior - expected_log_likelihood(q_logits, bits) + evidence
        return certified(evidence, elbo, kl, bits + _GUARD_BITS)


# ---------------------------------------------------------------- the rule in the plane


def plane_integral(units: list[Logit], axes: tuple[Axis, Axis], bound: Bound, value: Callable[[arb], arb]) -> arb:
    """A ball around ∬ F·φφ with F = value(Π(1 + e^{−uᵢ})), the error of the rule included."""
    total = arb(0)
    weights = [[(-t * t / 2).exp() for t in axis.points] for axis in axes]
    factors = [[[(-u.slopes[j] * t).exp() for u in units] for t in axes[j].points] for j in (0, 1)]
    starts = [(-u.start).exp() for u in units]
    for weight, row in zip(weights[0], factors[0], strict=True):
        scaled = [start * factor for start, factor in zip(starts, row, strict=True)]
        total += weight * _line_sum(scaled, weights[1], factors[1], value)
    area = arb(axes[0].step) * arb(axes[1].step) / (2 * arb.pi())
    return total * area + arb(0, _rule_error(axes, bound).upper())


def _line_sum(scaled: list[arb], weights: list[arb], factors: list[list[arb]], value: Callable[[arb], arb]) -> arb:
    total = arb(0)
    for weight, column in zip(weights, factors, strict=True):
        product = arb(1)
        for left, right in zip(scaled, column, strict=True):
            product *= 1 + left * right
        total += weight * value(product)
    return total


def _axes(units: list[Logit], bits: int) -> tuple[Axis, Axis]:
    return _axis(units, 0, bits), _axis(units, 1, bits)


def _axis(units: list[Logit], j: int, bits: int) -> Axis:
    """Strip, step and reach for an error of about 2^−bits (floats that need not be exact: the error bound decides)."""
    goal = bits * log(2)
    steepest = max(float(abs(u.slopes[j]).upper()) for u in units)
    strip = min(sqrt(2 * goal) + 3, 0.9999 * pi / 2 / steepest if steepest > 0 else float("inf"))
    step = 2 * pi * strip / (goal + strip * strip / 2 + 6)
    return Axis(strip, step, int((sqrt(2 * goal) + 3) / step) + 1)


def _rule_error(axes: tuple[Axis, Axis], bound: Bound) -> arb:
    """The strip theorem in each coordinate, and the nodes left out."""
    first, second = axes
    mean_size = (2 / arb.pi()).sqrt()
    integral_1, integral_2 = (arb(1), mean_size), (arb(1), mean_size)
    sum_1, sum_2 = _node_sums(first), _node_sums(second)
    return (
        _strip_factor(second) * _against(bound, integral_1, integral_2)
        + _strip_factor(first) * _against(bound, integral_1, sum_2)
        + _against(bound, _node_tails(first), sum_2)
        + _against(bound, sum_1, _node_tails(second))
    )


def _against(bound: Bound, moments_1: tuple[arb, arb], moments_2: tuple[arb, arb]) -> arb:
    """The bound integrated (or summed) against two weights with the given total mass and mean of |t|."""
    (mass_1, size_1), (mass_2, size_2) = moments_1, moments_2
    return bound.constant * mass_1 * mass_2 + bound.linear[0] * size_1 * mass_2 + bound.linear[1] * mass_1 * size_2


def _strip_factor(axis: Axis) -> arb:
    """2·e^{a²/2}/(e^{2πa/h} − 1)."""
    strip = arb(axis.strip)
    return 2 * (strip * strip / 2).exp() / (2 * arb.pi() * strip / arb(axis.step)).expm1()


def _node_sums(axis: Axis) -> tuple[arb, arb]:
    """Bounds of Σ h·φ(kh) and Σ h·|kh|·φ(kh) over all integers k."""
    step = arb(axis.step)
    return 1 + step * _phi(arb(0)), (2 / arb.pi()).sqrt() + 2 * step * _phi(arb(1))


def _node_tails(axis: Axis) -> tuple[arb, arb]:
    """Bounds of the same sums over |k| > N."""
    return (axis.reach / arb(2).sqrt()).erfc(), 2 * _phi(axis.reach)


def _phi(t: arb) -> arb:
    return (-t * t / 2).exp() / (2 * arb.pi()).sqrt()

