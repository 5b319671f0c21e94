"""Models with one real latent as certified integrals see them: q and the weight W on a line, and how their tails fall.

    Bump, PowerTail   what tails are bounded by
    Line              a density, a weight, a window, the moments of W and bounds for E_q[e^(-tW)] at large t
    normal_line …     the lines of conjugate families

W = w/p(x) = p(z|x)/q(z).  Every line is a function of Arb balls, so that what is built on it is certified.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from flint import acb, arb

from verify.models.certified.balls import square

STRIP = 1.2  # half-width b of the strip in s = log t, below π/2: there Re t >= |t| cos b
POWERS = tuple(8.0 * 2.0 ** (-k / 2) for k in range(20))  # a: the larger, the faster the tail falls, where it exists

OnLine = Callable[[acb, bool], acb]  # a point, and whether to be infinite where it is not analytic


@dataclass(frozen=True)
class Law:
    """A normal law by its mean and variance."""

    mean: arb
    variance: arb

    def beyond(self, low: arb, high: arb) -> arb:
        """The mass outside a window, when it reaches to both sides of the mean; at least that otherwise."""
        scale = (2 * self.variance).sqrt()
        return (((self.mean - low) / scale).erfc() + ((high - self.mean) / scale).erfc()) / 2

    def window(self, bits: int) -> tuple[arb, arb]:
        """Where all but about 2^-bits of its mass is."""
        reach = (2 * bits * arb(2).log() * self.variance).sqrt()
        return self.mean - reach, self.mean + reach


@dataclass(frozen=True)
class Bump:
    """A bound of a function by mass times the density of a law."""

    mass: arb
    law: Law


def powers(q: Law, p: Law, a: arb, tilt: arb | int = 0) -> Bump | None:
    """q^(1+a) p^(-a) e^(tilt z) as a bump; None where it cannot be integrated."""
    precision = (1 + a) / q.variance - a / p.variance
    if not precision > 0:
        return None
    pull = (1 + a) * q.mean / q.variance - a * p.mean / p.variance + tilt
    squares = (1 + a) * square(q.mean) / q.variance - a * square(p.mean) / p.variance
    scale = (p.variance / q.variance) ** (a / 2) / (q.variance * precision).sqrt()
    return Bump(scale * ((square(pull) / precision - squares) / 2).exp(), Law(pull / precision, 1 / precision))


# ---------------------------------------------------------------- tails in s


class Tail(Protocol):
    """A bound of |φ(t)|^K for s = log |t| > 0 in the strip, which falls with s."""

    @property
    def peak(self) -> arb:
        """From where on s times it falls, too."""
        ...

    def mass(self, start: arb) -> arb:
        """Its integral from there on."""
        ...

    def moment(self, start: arb) -> arb:
        """The integral of s times it."""
        ...


@dataclass(frozen=True)
class PowerTail:
    """scale · e^(-power s)."""

    scale: arb
    power: arb

    @property
    def peak(self) -> arb:
        return 1 / self.power

    def mass(self, start: arb) -> arb:
        return self.scale * (-self.power * start).exp() / self.power

    def moment(self, start: arb) -> arb:
        return self.mass(start) * (start + 1 / self.power)

    @staticmethod
    def of_moment(a: arb, moment: arb, samples: int) -> PowerTail:
        """|E e^(-tW)| <= E e^(-cu) with u = |t| W and c = cos b; and e^(-cu) <= (a/ec)^a u^(-a)."""
        return PowerTail(((a / arb(1).exp() / arb(STRIP).cos()) ** a * moment) ** samples, a * samples)


def power_tails(inverse_moment: Callable[[arb], arb | None], samples: int) -> Iterator[Tail]:
    """A tail for each power a at which E[W^-a], or the bound given for it, is finite."""
    for a in map(arb, POWERS):
        moment = inverse_moment(a)
        if moment is not None and moment.is_finite():
            yield PowerTail.of_moment(a, moment, samples)


# ---------------------------------------------------------------- lines


@dataclass(frozen=True)
class Line:
    """q and the weight W = p(z|x)/q(z) in a coordinate u on the line.

    density, weight   analytic functions of u, infinite where they are asked to vouch for it and cannot
    low, high         the window;  outside  at least the mass of q beyond it
    moment            n ↦ E_q[W^n] for n = 0, 1, …, None where it is infinite or not known; E_q[W] <= 1 everywhere
    tails             K ↦ bounds of |E_q[e^(-tW)]|^K to choose from
    """

    density: OnLine
    weight: OnLine
    low: arb
    high: arb
    outside: arb
    moment: Callable[[int], arb | None]
    tails: Callable[[int], Iterator[Tail]]


def conjugate(density: OnLine, weight: OnLine, window: tuple[arb, arb, arb],
              inverse_moment: Callable[[arb], arb | None]) -> Line:
    """The line of a family in which E_q[W^-a] has a closed form for every real a."""
    low, high, outside = window
    return Line(density, weight, low, high, outside, lambda n: inverse_moment(arb(-n)),
                lambda samples: power_tails(inverse_moment, samples))  # fmt: skip


def normal_density(law: Law) -> Callable[[acb], acb]:
    """N(z; mean, variance), an entire function."""
    height = 1 / (2 * arb.pi() * law.variance).sqrt()
    return lambda z: height * (-((z - law.mean) ** 2) / (2 * law.variance)).exp()


def normal_line(q: Law, posterior: Law, bits: int) -> Line:
    """q and the posterior normal; u is z standardised under q."""
    spread, height = q.variance.sqrt(), (q.variance / posterior.variance).sqrt()
    edge = (2 * (bits + 4) * arb(2).log()).sqrt() + 1

    def inverse_moment(a: arb) -> arb | None:
        bump = powers(q, posterior, a)
        return None if bump is None else bump.mass

    def weight(u: acb, analytic: bool) -> acb:
        away = q.mean + spread * u - posterior.mean
        return height * (u * u / 2 - away**2 / (2 * posterior.variance)).exp()

    window = -edge, edge, (edge / arb(2).sqrt()).erfc()
    return conjugate(lambda u, _: (-u * u / 2).exp() / (2 * arb.pi()).sqrt(), weight, window, inverse_moment)


def gamma_line(q: tuple[arb, arb], posterior: tuple[arb, arb], bits: int) -> Line:
    """q and the posterior gammas, by shape and rate; u = log z."""
    (aq, bq), (shape, rate) = q, posterior
    constant, other = aq * bq.log() - aq.lgamma(), shape * rate.log() - shape.lgamma()
    tail = (bits + 4) * math.log(2)
    low = ((aq + 1).lgamma() - tail) / aq - bq.log()  # P(z < e^low) <= (b e^low)^a / Γ(a + 1)
    high = ((2 * tail + 3 * aq + 10) / bq).log()
    outside = (bq * low.exp()).gamma_lower(aq, 1) + (bq * high.exp()).gamma_upper(aq, 1)

    def inverse_moment(a: arb) -> arb | None:
        mixed_shape, mixed_rate = (1 + a) * aq - a * shape, (1 + a) * bq - a * rate
        if not (mixed_shape > 0 and mixed_rate > 0):
            return None
        normaliser: arb = mixed_shape.lgamma() - mixed_shape * mixed_rate.log()
        return (normaliser + (1 + a) * constant - a * other).exp()

    return conjugate(
        lambda u, _: (constant + aq * u - bq * u.exp()).exp(),
        lambda u, _: (other - constant + (shape - aq) * u - (rate - bq) * u.exp()).exp(),
        (low, high, outside), inverse_moment,
    )  # fmt: skip


def beta_line(q: tuple[arb, arb], posterior: tuple[arb, arb], bits: int) -> Line:
    """q and the posterior betas; u = log(z/(1 - z)), so that no power of z is singular at the ends."""
    (aq, bq), (a_after, b_after) = q, posterior
    constant, other = -log_beta(aq, bq), -log_beta(a_after, b_after)
    # Near 0 the density is below twice z^(a-1) times its constant, if z is small; where it is not, `outside` says so.
    tail = (bits + 5) * arb(2).log()
    low, high = (aq.log() - constant - tail) / aq, -(bq.log() - constant - tail) / bq
    outside = _sigmoid(low).beta_lower(aq, bq, 1) + _sigmoid(-high).beta_lower(bq, aq, 1)

    def inverse_moment(a: arb) -> arb | None:
        first, second = (1 + a) * aq - a * a_after, (1 + a) * bq - a * b_after
        if not (first > 0 and second > 0):
            return None
        return (log_beta(first, second) + (1 + a) * constant - a * other).exp()

    def power_of_both(scale: arb, first: arb, second: arb) -> OnLine:
        """e^scale z^first (1 - z)^second."""
        power = acb(-first - second)
        return lambda u, analytic: (scale + first * u).exp() * (1 + u.exp()).pow(power, analytic=analytic)

    return conjugate(
        power_of_both(constant, aq, bq), power_of_both(other - constant, a_after - aq, b_after - bq),
        (low, high, outside), inverse_moment,
    )  # fmt: skip


def log_beta(a: arb, b: arb) -> arb:
    """log B(a, b)."""
    return a.lgamma() + b.lgamma() - (a + b).lgamma()


def _sigmoid(u: arb) -> arb:
    return 1 / (1 + (-u).exp())


def pareto_line(q: tuple[arb, arb], posterior: tuple[arb, arb], bits: int) -> Line | None:
    """q and the posterior Paretos, by shape and scale; u = log(z/scale of q), exponential under q.

    None where q has mass below the scale of the posterior: there W = 0, and log w = -∞ with a positive probability.
    """
    (kq, mq), (shape, scale) = q, posterior
    if not mq >= scale:
        return None
    top, slope = shape / kq * (scale / mq) ** shape, shape - kq  # W = top · e^(-slope u)

    def inverse_moment(a: arb) -> arb | None:
        rate = kq - a * slope
        return kq / (rate * top**a) if rate > 0 else None

    end = (bits + 4) * arb(2).log() / kq
    return conjugate(
        lambda u, _: kq * (-kq * u).exp(),
        lambda u, _: top * (-slope * u).exp(),
        (arb(0), end, (-kq * end).exp()), inverse_moment,
    )  # fmt: skip
