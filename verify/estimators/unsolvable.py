"""Certified moments where the evidence has no closed form: a normal latent seen through a logistic or Poisson law.

p(x) is itself an enclosed integral (`verify.certify`), and the likelihood ℓ(z) enters the tails by simple bounds:

    logistic   ℓ^(-a) = (1 + e^(-kz))^a <= max(1, 2^(a-1)) (1 + e^(-akz))
    Poisson    ℓ falls like e^(-e^z), so that E_q[W^-a] is infinite for every a > 0.  But up to any ζ it is at least
               e^(yz - e^ζ)/y!, and beyond ζ there is little of q: with c = cos b
               |φ(t)| <= P_q(z > ζ) + (a/(ec|t|))^a e^(a e^ζ) ∫ q^(1+a) (e^(yz) p(z)/(y! p(y)))^(-a) dz,
               with e^ζ = ½ log |t|

In both ℓ <= 1, which bounds the positive moments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from flint import acb, arb

from verify.certify import logistic_bernoulli, poisson_lognormal
from verify.certify.latent import as_ball
from verify.certify.models import Real
from verify.decide import Enclosure, precision
from verify.estimators.enclosures import BITS, GUARD, CertifiedMoments, moments_of
from verify.estimators.lines import Bump, Law, Line, OnLine, PowerTail, Tail, normal_density, power_tails, powers
from verify.estimators.mixtures import integrated


def logistic_bernoulli_iwae(y: int, w: Real, m: Real, v: Real, mq: Real, vq: Real, samples: int,
                            bits: int = BITS) -> CertifiedMoments:
    """As `iwae_enclosures`, for z ~ N(m, v), y | z ~ Bernoulli(σ(w·z)) and q = N(mq, vq); numbers are taken exactly."""
    evidence = logistic_bernoulli(y, w, m, v, mq, vq, bits + GUARD).log_evidence
    with precision(bits + GUARD):
        turn = (2 * y - 1) * _ball(w)

        def inverse_moment(scene: _Scene, a: arb) -> arb | None:
            bumps = [powers(scene.q, scene.prior, a), powers(scene.q, scene.prior, a, -a * turn)]
            if bumps[0] is None or bumps[1] is None:
                return None
            likelihood = arb(1).max(arb(2) ** (a - 1)) * (bumps[0].mass + bumps[1].mass)
            return likelihood * (a * scene.log_evidence).exp()

        scene = _Scene(lambda z: 1 / (1 + (-turn * z).exp()), _law(m, v), _law(mq, vq), evidence.ball(), bits)
        return scene.moments(samples, lambda k: power_tails(lambda a: inverse_moment(scene, a), k))


def poisson_lognormal_iwae(y: int, m: Real, v: Real, mq: Real, vq: Real, samples: int,
                           bits: int = BITS) -> CertifiedMoments:
    """As `iwae_enclosures`, for z ~ N(m, v), y | z ~ Poisson(e^z) and q = N(mq, vq); numbers are taken exactly."""
    evidence = poisson_lognormal(y, m, v, mq, vq, bits + GUARD).log_evidence
    with precision(bits + GUARD):
        log_ways = arb(y + 1).lgamma()
        scene = _Scene(lambda z: (y * z - z.exp() - log_ways).exp(), _law(m, v), _law(mq, vq), evidence.ball(), bits)

        def tails(samples: int) -> Iterator[Tail]:
            for a in map(arb, (4, 2, 1, 0.5, 0.25)):
                bump = powers(scene.q, scene.prior, a, -a * y)
                if bump is not None:
                    moment = bump.mass * (a * (scene.log_evidence + log_ways)).exp()
                    yield SlowTail(scene.q, PowerTail.of_moment(a, moment, samples), samples)

        return scene.moments(samples, tails)


@dataclass(frozen=True)
class _Scene:
    """A likelihood between 0 and 1, a normal prior, a normal q, and log p(x)."""

    likelihood: Callable[[acb], acb]
    prior: Law
    q: Law
    log_evidence: arb
    bits: int

    def moments(self, samples: int, tails: Callable[[int], Iterator[Tail]]) -> CertifiedMoments:
        """Raises ValueError for samples < 1."""
        if samples < 1:
            raise ValueError(f"an importance-weighted bound needs at least one sample, not {samples}")
        found = moments_of(self._line(tails), self.log_evidence, samples, self.bits)
        if found is None:
            return CertifiedMoments.unknown()
        return CertifiedMoments(*map(Enclosure.of_ball, found))

    def _line(self, tails: Callable[[int], Iterator[Tail]]) -> Line:
        of_q, weight = normal_density(self.q), self._weight()

        def moment(n: int) -> arb | None:
            if n <= 1:
                return arb(1)
            bump = powers(self.q, self.prior, arb(-n))
            bounds = None if bump is None else [Bump(bump.mass * (-n * self.log_evidence).exp(), bump.law)]
            return integrated(lambda z, flag: of_q(z) * weight(z, flag) ** n, bounds, self.bits)

        low, high = self.q.window(self.bits + 4)
        return Line(lambda z, _: of_q(z), weight, low, high, self.q.beyond(low, high), moment, tails)

    def _weight(self) -> OnLine:
        q, p = self.q, self.prior
        constant = (q.variance / p.variance).log() / 2 - self.log_evidence

        def weight(z: acb, analytic: bool) -> acb:
            squares = (z - q.mean) ** 2 / q.variance - (z - p.mean) ** 2 / p.variance
            return self.likelihood(z) * (constant + squares / 2).exp()

        return weight


@dataclass(frozen=True)
class SlowTail:
    """2^(K-1) (P_q(z > log(s/2))^K + e^(aKs/2) times a power tail |t|^(-aK)), above the K-th power of a sum.

    P_q is at most ½ e^(-d²/2) at d standard deviations above the mean, and at most 1 everywhere.
    """

    q: Law
    power: PowerTail
    samples: int

    @property
    def peak(self) -> arb:
        return self._fast().peak.max(2 * (self.q.mean + self.q.variance / self.samples).exp())

    def mass(self, start: arb) -> arb:
        return self._factor() * (self._slow(start, 0) + self._fast().mass(start))

    def moment(self, start: arb) -> arb:
        return self._factor() * (self._slow(start, 1) + self._fast().moment(start))

    def _factor(self) -> arb:
        return arb(2) ** (self.samples - 1)

    def _fast(self) -> PowerTail:
        return PowerTail(self.power.scale, self.power.power / 2)

    def _slow(self, start: arb, n: int) -> arb:
        """∫ s^n P_q(z > log(s/2))^K ds, with s = 2e^z beyond the mean of z, where dζ turns into a normal integral."""
        centre = 2 * self.q.mean.exp()
        flat = arb(0) if start > centre else arb(0).max(centre ** (n + 1) - start ** (n + 1)) / (n + 1)
        begin = (start / 2).log() if start > centre else self.q.mean
        variance, times = self.q.variance / self.samples, n + 1
        mean = self.q.mean + times * variance
        height = (2 * arb.pi() * variance).sqrt() * (times * self.q.mean + times**2 * variance / 2).exp()
        beyond = ((begin - mean) / (2 * variance).sqrt()).erfc() / 2
        return flat + arb(2) ** (times - self.samples) * height * beyond


def _law(mean: Real, variance: Real) -> Law:
    return Law(_ball(mean), _ball(variance))


def _ball(number: Real) -> arb:
    return as_ball(Fraction(number))
