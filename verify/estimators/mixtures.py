"""The line of a mixture of normals, whose moments are bounded component by component."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flint import acb, arb

from verify.estimators.lines import Bump, Law, Line, normal_density, power_tails, powers
from verify.models.certified.balls import summed


@dataclass(frozen=True)
class Mixture:
    """Σ weights_k N(laws_k), the weights positive and with sum 1."""

    weights: list[arb]
    laws: list[Law]

    def density(self) -> Callable[[acb], acb]:
        """Its density, an entire function."""
        parts = [(w, normal_density(law)) for w, law in zip(self.weights, self.laws, strict=True)]

        def value(z: acb) -> acb:
            return sum((w * part(z) for w, part in parts), acb(0))

        return value


def of_components(weights: list[arb], laws: list[Law]) -> Mixture:
    """The mixture without the components whose weight is 0."""
    kept = [(w, law) for w, law in zip(weights, laws, strict=True) if not w.is_zero()]
    return Mixture([w for w, _ in kept], [law for _, law in kept])


def mixture_line(q: Mixture, p: Mixture, bits: int) -> Line:
    """q and the posterior p mixtures of normals; u = z.

    For r >= 1 convexity gives q^r <= Σ w_k q_k^r, for r >= 0 one component alone gives q^(-r) <= (w_k q_k)^(-r); so
    every moment is below a sum of moments of normals, each with the component that makes it smallest.
    """
    of_q, of_p = q.density(), p.density()
    low, high = window(q.laws, bits + 4)

    def inverse_moment(a: arb) -> arb | None:
        return _total(_below(q, p, a))

    def weight(u: acb, analytic: bool) -> acb:
        return of_p(u) / of_q(u)

    def moment(n: int) -> arb | None:
        return arb(1) if n <= 1 else integrated(lambda u, _: of_p(u) ** n / of_q(u) ** (n - 1), _above(q, p, n), bits)

    outside = summed(w * law.beyond(low, high) for w, law in zip(q.weights, q.laws, strict=True))
    return Line(lambda u, _: of_q(u), weight, low, high, outside, moment,
                lambda samples: power_tails(inverse_moment, samples))  # fmt: skip


def window(laws: list[Law], bits: int) -> tuple[arb, arb]:
    """One that holds all but about 2^-bits of each."""
    windows = [law.window(bits) for law in laws]
    return min((low for low, _ in windows), key=float), max((high for _, high in windows), key=float)


def integrated(function: Callable[[acb, bool], acb], bounds: list[Bump] | None, bits: int) -> arb | None:
    """The integral over the line of a function between 0 and a sum of bumps; None without these."""
    if bounds is None or not all(bump.mass.is_finite() for bump in bounds):
        return None
    low, high = window([bump.law for bump in bounds], bits)
    tolerance = arb(2) ** (-bits)
    inside = acb.integral(function, low, high, rel_tol=tolerance, abs_tol=tolerance).real
    outside = summed(bump.mass * bump.law.beyond(low, high) for bump in bounds)
    return inside + arb(0).union(outside.upper())


def _below(q: Mixture, p: Mixture, a: arb) -> list[Bump] | None:
    """Bounds of q^(1+a) p^(-a), for a > 0."""
    bumps = []
    for w, law in zip(q.weights, q.laws, strict=True):
        found = [_scaled(powers(law, other, a), w * v ** (-a)) for v, other in zip(p.weights, p.laws, strict=True)]
        bumps.append(_smallest(found))
    return _all(bumps)


def _above(q: Mixture, p: Mixture, n: int) -> list[Bump] | None:
    """Bounds of p^n q^(1-n), for n >= 2."""
    bumps = []
    for v, law in zip(p.weights, p.laws, strict=True):
        found = [_scaled(powers(other, law, arb(-n)), v * w ** (1 - n))
                 for w, other in zip(q.weights, q.laws, strict=True)]  # fmt: skip
        bumps.append(_smallest(found))
    return _all(bumps)


def _scaled(bump: Bump | None, factor: arb) -> Bump | None:
    return None if bump is None else Bump(bump.mass * factor, bump.law)


def _smallest(bumps: list[Bump | None]) -> Bump | None:
    return min((bump for bump in bumps if bump is not None), key=lambda bump: float(bump.mass.log()), default=None)


def _all(bumps: list[Bump | None]) -> list[Bump] | None:
    found = [bump for bump in bumps if bump is not None]
    return found if len(found) == len(bumps) else None


def _total(bumps: list[Bump] | None) -> arb | None:
    return None if bumps is None else summed(bump.mass for bump in bumps)
