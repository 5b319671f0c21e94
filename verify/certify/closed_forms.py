"""Log evidence, ELBO and KL of conjugate models by their formulas, as values that are compared exactly.

With rational parameters the normal model is exact (r₀ + l·log π + Σ rᵢ log nᵢ); the gamma and beta models are for
integer and half-integer shapes, and enclosed otherwise.  The ELBO is E_q[log p(x | z)] − KL(q ‖ prior), the KL is that
to the posterior: three formulas that share nothing but the densities.  (C. M. Bishop, Pattern Recognition and Machine
Learning, 2006, section 2.3 and appendix B.)
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from verify.certify.result import ClosedForm
from verify.decide import PI, Value, digamma, exact, log_gamma


@dataclass(frozen=True)
class Normal:
    """N(mean, variance)."""

    mean: Fraction
    variance: Fraction

    def log_density(self, point: Fraction) -> Value:
        """log N(point; mean, variance)."""
        return -(2 * PI * self.variance).log() / 2 - (point - self.mean) ** 2 / (2 * self.variance)

    def kl(self, other: Normal) -> Value:
        """KL(self ‖ other) = ½·(log(v₂/v₁) + (v₁ + (m₁ − m₂)²)/v₂ − 1)."""
        moments = (self.variance + (self.mean - other.mean) ** 2) / other.variance
        return (exact(other.variance / self.variance).log() + moments - 1) / 2


@dataclass(frozen=True)
class Gamma:
    """Gamma(shape, rate)."""

    shape: Fraction
    rate: Fraction

    @property
    def mean_log(self) -> Value:
        """E log λ = ψ(shape) − log rate."""
        return digamma(self.shape) - exact(self.rate).log()

    def kl(self, other: Gamma) -> Value:
        """KL(self ‖ other) = (a₁ − a₂)·ψ(a₁) − log Γ(a₁)/Γ(a₂) + a₂·log(b₁/b₂) + a₁·(b₂ − b₁)/b₁."""
        shapes = (self.shape - other.shape) * digamma(self.shape) - log_gamma(self.shape) + log_gamma(other.shape)
        rates = other.shape * exact(self.rate / other.rate).log()
        return shapes + rates + self.shape * (other.rate - self.rate) / self.rate


@dataclass(frozen=True)
class Beta:
    """Beta(a, b)."""

    a: Fraction
    b: Fraction

    @property
    def log_normaliser(self) -> Value:
        """log B(a, b)."""
        return log_gamma(self.a) + log_gamma(self.b) - log_gamma(self.a + self.b)

    @property
    def mean_logs(self) -> tuple[Value, Value]:
        """E log θ and E log(1 − θ)."""
        both = digamma(self.a + self.b)
        return digamma(self.a) - both, digamma(self.b) - both

    def kl(self, other: Beta) -> Value:
        """KL(self ‖ other) = log B(a₂, b₂)/B(a₁, b₁) + (a₁ − a₂)·E log θ + (b₁ − b₂)·E log(1 − θ)."""
        log_success, log_failure = self.mean_logs
        means = (self.a - other.a) * log_success + (self.b - other.b) * log_failure
        return other.log_normaliser - self.log_normaliser + means


def normal_normal(x: Fraction, prior: Normal, noise: Fraction, q: Normal) -> ClosedForm:
    """z ~ prior, x | z ~ N(z, noise)."""
    precision = 1 / prior.variance + 1 / noise
    posterior = Normal((prior.mean / prior.variance + x / noise) / precision, 1 / precision)
    evidence = Normal(prior.mean, prior.variance + noise).log_density(x)
    expected = Normal(q.mean, noise).log_density(x) - q.variance / (2 * noise)
    return ClosedForm(evidence, expected - q.kl(prior), q.kl(posterior), q == posterior)


def gamma_poisson(x: int, prior: Gamma, q: Gamma) -> ClosedForm:
    """λ ~ prior, x | λ ~ Poisson(λ); the evidence is negative binomial."""
    a, b = prior.shape, prior.rate
    log_factorial = log_gamma(x + 1)
    evidence = log_gamma(a + x) - log_gamma(a) - log_factorial + a * exact(b / (b + 1)).log() - x * exact(b + 1).log()
    expected = x * q.mean_log - q.shape / q.rate - log_factorial
    posterior = Gamma(a + x, b + 1)
    return ClosedForm(evidence, expected - q.kl(prior), q.kl(posterior), q == posterior)


def beta_binomial(x: int, n: int, prior: Beta, q: Beta) -> ClosedForm:
    """θ ~ prior, x | θ ~ Binomial(n, θ)."""
    posterior = Beta(prior.a + x, prior.b + n - x)
    choose = log_gamma(n + 1) - log_gamma(x + 1) - log_gamma(n - x + 1)
    log_success, log_failure = q.mean_logs
    expected = choose + x * log_success + (n - x) * log_failure
    evidence = choose + posterior.log_normaliser - prior.log_normaliser
    return ClosedForm(evidence, expected - q.kl(prior), q.kl(posterior), q == posterior)
