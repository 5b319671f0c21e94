"""Certified enclosures of log p(x; θ) in Arb, at the exact values of the floats in a model.

Each is a direct transcription of the model's likelihood with the latent summed out; floats enter without rounding.
Probabilities are divided by their exact sum, since no float table of thirds sums to 1 and the defect would outweigh the
last increments of EM.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from flint import arb, arb_mat

from verify.decide import Enclosure, precision
from verify.models import FactorAnalysis, GaussianMixture, HiddenMarkovChain, SolvableModel
from verify.models.certified.balls import balls, matrix, shares


def evidence_enclosure(model: SolvableModel[Any], bits: int = 128) -> Enclosure:
    """An interval that certainly contains log p(x; θ).

    Raises TypeError for a model without a transcription in Arb.
    """
    with precision(bits):
        return Enclosure.of_ball(evidence_ball(model))


def evidence_change(before: SolvableModel[Any], after: SolvableModel[Any], bits: int = 128) -> Enclosure:
    """An interval that certainly contains log p(x; after) - log p(x; before)."""
    with precision(bits):
        return Enclosure.of_ball(evidence_ball(after) - evidence_ball(before))


@singledispatch
def evidence_ball(model: SolvableModel[Any]) -> arb:
    """log p(x; θ) as an Arb ball at the current precision."""
    raise TypeError(f"no certified evidence for {type(model).__name__}")


@evidence_ball.register
def _(model: GaussianMixture) -> arb:
    """Σ_i log Σ_k w_k Π_d N(x_id; m_kd, v_kd); the logs of 32 points are taken together."""
    components = [
        _Component(weight, balls(means), balls(variances))
        for weight, means, variances in zip(shares(model.weights), model.means, model.variances, strict=True)
    ]
    total, product = arb(0), arb(1)
    for i, row in enumerate(model.x):
        point = balls(row)
        product *= sum((component.density(point) for component in components), start=arb(0))
        if i % 32 == 31:
            total, product = total + product.log(), arb(1)
    return total + product.log() if len(model.x) else total


class _Component:
    """One component of a mixture with everything that does not depend on the point computed once."""

    def __init__(self, weight: arb, means: list[arb], variances: list[arb]) -> None:
        self.means = means
        self.rates = [-1 / (2 * variance) for variance in variances]
        self.height = weight
        for variance in variances:
            self.height /= (2 * arb.pi() * variance).sqrt()

    def density(self, point: list[arb]) -> arb:
        terms = zip(self.rates, point, self.means, strict=True)
        return self.height * sum((rate * (x - m) ** 2 for rate, x, m in terms), start=arb(0)).exp()


@evidence_ball.register
def _(model: FactorAnalysis) -> arb:
    """-½ (N D log 2π + N log det C + tr C⁻¹ Σ_i (x_i - m)(x_i - m)ᵀ) with C = W Wᵀ + Ψ, all in Arb."""
    points, size = model.x.shape
    loadings = matrix(model.loadings)
    covariance = loadings * loadings.transpose()
    for j, noise in enumerate(balls(model.noise_variances)):
        covariance[j, j] += noise
    centred = matrix(model.x) - arb_mat(points, 1, [arb(1)] * points) * matrix(model.mean[None])
    whitened = covariance.solve(centred.transpose() * centred)
    trace = sum((whitened[j, j] for j in range(size)), start=arb(0))
    twice: arb = points * size * (2 * arb.pi()).log() + points * covariance.det().log() + trace
    return -twice / 2


@evidence_ball.register
def _(model: HiddenMarkovChain) -> arb:
    """The forward algorithm in plain probabilities: Arb's exponents do not underflow."""
    states, symbols = model.emission.shape
    transition = arb_mat(states, states, shares(model.transition))
    rows = arb_mat(states, symbols, shares(model.emission))
    emission = [[rows[k, symbol] for k in range(states)] for symbol in range(symbols)]
    forward = arb_mat(1, states, shares(model.initial))
    for t, symbol in enumerate(model.x.tolist()):
        if t:
            forward = forward * transition
        forward = arb_mat(1, states, [forward[0, k] * emission[symbol][k] for k in range(states)])
    total: arb = sum((forward[0, k] for k in range(states)), start=arb(0)).log()
    return total
