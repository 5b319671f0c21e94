"""The closed forms in floats lie within their rounding of certified integrals that know nothing of closed forms."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from verify import certify, models
from verify.decide import Enclosure


def assert_inside(balance: models.Balance, certified: certify.CertifiedElbo) -> None:
    for total, enclosure in [
        (balance.evidence, certified.log_evidence),
        (balance.elbo, certified.elbo),
        (balance.gap, certified.kl),
    ]:
        assert near(total, enclosure)


def near(total: models.Sum, enclosure: Enclosure) -> bool:
    return abs(total.value - enclosure.midpoint) <= total.rounding + enclosure.radius


@pytest.mark.parametrize("seed", range(3))
def test_normal_normal(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = models.NormalNormal.random(rng, points=1)
    q = model.random_q(rng)
    parameters = model.prior_mean, model.prior_variance, model.likelihood_variance, float(q.mean), float(q.variance)
    assert_inside(model.balance(q), certify.normal_normal(float(model.x[0]), *parameters))


@pytest.mark.parametrize("seed", range(3))
def test_gamma_poisson(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = models.GammaPoisson.random(rng, points=1).replace(exposure=np.ones(1))
    q = model.random_q(rng)
    certified = certify.gamma_poisson(int(model.x[0]), model.shape, model.rate, q.shape, q.rate)
    assert_inside(model.balance(q), certified)


@pytest.mark.parametrize("seed", range(3))
def test_beta_binomial(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = models.BetaBinomial.random(rng, points=1, trials=8)
    q = model.random_q(rng)
    certified = certify.beta_binomial(int(model.x[0]), int(model.trials[0]), model.a, model.b, q.a, q.b)
    assert_inside(model.balance(q), certified)


@pytest.mark.parametrize("seed", range(2))
def test_mixture_prior(seed: int) -> None:
    """Where even the float ELBO is a quadrature: both components of q the same normal."""
    rng = np.random.default_rng(seed)
    weights = (Fraction(5, 16), Fraction(11, 16))
    means, variances = rng.normal(scale=2, size=2), rng.uniform(0.5, 1.5, size=2)
    x, noise, mean, variance = rng.normal(), rng.uniform(0.5, 2), rng.normal(), rng.uniform(0.3, 1.5)
    shares = np.array([float(weight) for weight in weights])
    model = models.MixturePrior(np.array([x]), shares, means, variances, noise)
    q = models.NormalMixture(np.array([0.25, 0.75]), np.full(2, mean), np.full(2, variance))
    prior = weights, tuple(means.tolist()), tuple(variances.tolist())
    certified = certify.mixture_prior(x, noise, *prior, mean, variance)
    assert_inside(model.balance(q), certified)
