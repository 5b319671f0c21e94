"""The certification of a model with one real latent variable.

The joint density is a sum of log-concave functions of z (one, or one per component of a mixture prior), q is
log-concave.  Three integrals over the line are enclosed: ∫ p(x, z) dz, E_q[log p(x, z) − log q(z)] and
E_q[log q(z) − log p(z | x)].  If the posterior has a closed form, the third is independent of the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, log2

import sympy
from flint import arb, fmpq

from verify.certify.integral import BoundIntegral, LineIntegral
from verify.certify.program import Softplus
from verify.certify.result import CertifiedElbo, ClosedForm, certified
from verify.certify.shape import NoRule
from verify.certify.trapezoid import enclose_by_trapezoid
from verify.certify.window import LogDensity, Window, find_window
from verify.decide import precision

LOG_EVIDENCE = sympy.Symbol("log_evidence", real=True)
_SEARCH_BITS = 128  # for finding windows: they need not be precise
_GUARD_BITS = 32


@dataclass(frozen=True)
class LatentModel:
    """log-densities as SymPy expressions in the latent variable and the parameters.

    components     one or two concave expressions l; the joint density p(x, z) is the sum of e^l
    log_q          log q(z), concave, normalised
    log_posterior  log p(z | x) if it has a closed form, else None
    """

    variable: sympy.Symbol
    components: tuple[sympy.Expr, ...]
    log_q: sympy.Expr
    log_posterior: sympy.Expr | None = None

    @property
    def log_joint(self) -> sympy.Expr:
        """log p(x, z); for two components l₀ + softplus(l₁ − l₀)."""
        return log_of_sum(*self.components)

    @cached_property
    def integrals(self) -> tuple[tuple[LineIntegral, ...], LineIntegral, LineIntegral]:
        """Compiled: the evidence by components, the ELBO, the KL."""
        log_posterior = self.log_joint - LOG_EVIDENCE if self.log_posterior is None else self.log_posterior
        return (
            tuple(LineIntegral.of(component, None, self.variable) for component in self.components),
            LineIntegral.of(self.log_q, self.log_joint - self.log_q, self.variable),
            LineIntegral.of(self.log_q, self.log_q - log_posterior, self.variable),
        )

    def certify(self, values: Mapping[sympy.Symbol, Fraction], start: Fraction, bits: int,
                closed: ClosedForm | None = None) -> CertifiedElbo:
        """Enclose log evidence, ELBO and KL; `start` is a point to begin the search for the windows at."""
        windows = self._windows(values, start, bits)
        working = bits + _GUARD_BITS + max(_lost_bits(window) for window in windows)
        with precision(working):
            numbers = as_balls(values)
            log_evidence = self._log_evidence(numbers, windows[:-1], bits)
            numbers[LOG_EVIDENCE] = log_evidence
            _, elbo_integral, kl_integral = self.integrals
            elbo = _expectation(elbo_integral, numbers, windows[-1], bits)
            kl = _expectation(kl_integral, numbers, windows[-1], bits, shift=0.5)
            return certified(log_evidence, elbo, kl, working, closed)

    def _windows(self, values: Mapping[sympy.Symbol, Fraction], start: Fraction, bits: int) -> list[Window]:
        """A window for each component of the joint, and one for q."""
        with precision(_SEARCH_BITS):
            numbers = as_balls(values)
            exponents = [LogDensity.of(e, self.variable).bind(numbers) for e in (*self.components, self.log_q)]
            begin = as_ball(start)
            return [find_window(exponent, begin, bits + _GUARD_BITS // 2) for exponent in exponents]

    def _log_evidence(self, numbers: Mapping[sympy.Symbol, arb], windows: list[Window], bits: int) -> arb:
        """log Σ e^{peak}·∫ e^{l − peak}, relative to the highest peak."""
        top = max((window.peak for window in windows), key=float)
        parts = zip(self.integrals[0], windows, strict=True)
        terms = [(w.peak - top).exp() * enclose(integral.bind(numbers, w), bits) for integral, w in parts]
        return top + sum(terms[1:], terms[0]).log()


def _expectation(integral: LineIntegral, numbers: Mapping[sympy.Symbol, arb], window: Window, bits: int,
                 shift: float = 0.0) -> arb:
    """E_q of the integral's factor; a shift puts the nodes between those of the unshifted rule."""
    return window.peak.exp() * enclose(integral.bind(numbers, window), bits, shift)


def enclose(integral: BoundIntegral, bits: int, shift: float = 0.0) -> arb:
    """The integral by the trapezoid rule, or adaptively where that rule has no strip, or too narrow a one."""
    wide = integral.widened(bits)
    try:
        return enclose_by_trapezoid(wide, bits, shift)
    except NoRule:
        return wide.enclose_adaptively(bits)


def log_of_sum(*logs: sympy.Expr) -> sympy.Expr:
    """log Σ e^l for one or two terms; expanding the difference shows it to be affine where the squares cancel."""
    if len(logs) == 1:
        return logs[0]
    first, second = logs
    return first + Softplus(sympy.expand_mul(sympy.expand_multinomial(second - first)))


def as_balls(values: Mapping[sympy.Symbol, Fraction]) -> dict[sympy.Symbol, arb]:
    """The parameters as balls at the current precision."""
    return {symbol: as_ball(value) for symbol, value in values.items()}


def as_ball(number: Fraction) -> arb:
    """A rational as a ball at the current precision."""
    return arb(fmpq(number.numerator, number.denominator))


def _lost_bits(window: Window) -> int:
    """Bits lost by subtracting the mode at the scale of the width, and by the size of the peak."""
    cancelled = 2 * _log2_above_one(window.mode / window.width)
    return cancelled + _log2_above_one(window.peak)


def _log2_above_one(number: arb) -> int:
    size = float(abs(number).upper())
    return ceil(log2(size)) if 1 < size < float("inf") else 0
