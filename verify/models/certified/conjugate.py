"""Conjugate models whose shapes are any numbers: log-gammas and digammas in Arb."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from flint import arb

from verify.models.certified.balls import balls, square, summed
from verify.models.certified.base import Balls, balls_of
from verify.models.exponential_family import ConjugateExponentialFamily, NaturalParameters
from verify.models.families import NormalInverseGamma
from verify.models.scalars import NormalInverseGammaModel

Vector = list[arb]


@balls_of.register
def _(model: NormalInverseGammaModel, q: NormalInverseGamma) -> Balls:
    """μ | τ ~ N(m, 1/(kτ)), τ ~ Gamma(a, b), in terms of the precision τ = 1/σ²; densities are those of (μ, σ²)."""
    x, log_2pi = balls(model.x), (2 * arb.pi()).log()
    m, k, a, b = (arb(v) for v in (model.mean, model.strength, model.shape, model.scale))
    mq, kq, aq, bq = (arb(v) for v in (q.mean, q.strength, q.shape, q.scale))
    n = len(x)
    after_k, after_a = k + n, a + arb(n) / 2
    after_m = (k * m + summed(x)) / after_k
    after_b = b + (k * square(m) + summed(map(square, x)) - after_k * square(after_m)) / 2
    gammas = after_a.lgamma() - a.lgamma() + a * b.log() - after_a * after_b.log()
    evidence = gammas + (k / after_k).log() / 2 - n * log_2pi / 2
    tau, log_tau = aq / bq, aq.digamma() - bq.log()
    likelihood = n * (log_tau - log_2pi) / 2 - summed(tau * square(v - mq) + 1 / kq for v in x) / 2
    prior = (log_tau + k.log() - log_2pi) / 2 - k * (tau * square(mq - m) + 1 / kq) / 2
    prior += a * b.log() - a.lgamma() + (a + 1) * log_tau - b * tau
    entropy = (1 + log_2pi - kq.log() - log_tau) / 2 + aq + bq.log() + aq.lgamma() - (1 + aq) * aq.digamma()
    rates = (aq - after_a) * aq.digamma() - aq.lgamma() + after_a.lgamma() + after_a * (bq / after_b).log()
    gap = rates + tau * (after_b - bq)
    gap += (after_k / kq - 1 - (after_k / kq).log() + after_k * square(mq - after_m) * tau) / 2
    return evidence, likelihood + prior + entropy, gap


# ---------------------------------------------------------------- log-normalisers A(η) and their gradients


def _normal(eta: Vector) -> arb:
    return -square(eta[0]) / (4 * eta[1]) + (arb.pi() / -eta[1]).log() / 2


def _normal_mean(eta: Vector) -> Vector:
    mean = -eta[0] / (2 * eta[1])
    return [mean, square(mean) - 1 / (2 * eta[1])]


def _gamma(eta: Vector) -> arb:
    return (eta[0] + 1).lgamma() - (eta[0] + 1) * (-eta[1]).log()


def _gamma_mean(eta: Vector) -> Vector:
    return [(eta[0] + 1).digamma() - (-eta[1]).log(), -(eta[0] + 1) / eta[1]]


def _beta(eta: Vector) -> arb:
    return (eta[0] + 1).lgamma() + (eta[1] + 1).lgamma() - (eta[0] + eta[1] + 2).lgamma()


def _beta_mean(eta: Vector) -> Vector:
    both = (eta[0] + eta[1] + 2).digamma()
    return [(eta[0] + 1).digamma() - both, (eta[1] + 1).digamma() - both]


_FAMILIES: Mapping[str, tuple[Callable[[Vector], arb], Callable[[Vector], Vector]]] = MappingProxyType(
    {"normal": (_normal, _normal_mean), "gamma": (_gamma, _gamma_mean), "beta": (_beta, _beta_mean)}
)


@balls_of.register
def _(model: ConjugateExponentialFamily, q: NaturalParameters) -> Balls:
    """Raises TypeError for a family other than the normal, gamma and beta."""
    if model.family.name not in _FAMILIES:
        raise TypeError(f"the {model.family.name} family has no certified balance")
    normaliser, mean = _FAMILIES[model.family.name]
    prior, data, chosen, base = balls(model.prior), balls(model.x), balls(q.natural), arb(model.log_base)
    after = [p + s for p, s in zip(prior, data, strict=True)]
    slope = summed((p - n) * t for p, n, t in zip(after, chosen, mean(chosen), strict=True))
    evidence = normaliser(after) - normaliser(prior) + base
    # E_q[log p(x, z)] + H(q), the two with their own normalisers
    expected = summed(p * t for p, t in zip(after, mean(chosen), strict=True)) - normaliser(prior) + base
    entropy = normaliser(chosen) - summed(n * t for n, t in zip(chosen, mean(chosen), strict=True))
    return evidence, expected + entropy, normaliser(after) - normaliser(chosen) - slope
