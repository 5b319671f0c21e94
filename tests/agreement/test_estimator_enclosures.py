"""Mean and variance of importance-weighted estimates, enclosed in Arb, against closed forms and quadrature."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from verify import estimators, models
from verify.decide import precision
from verify.estimators.enclosures import CertifiedMoments, iwae_enclosures

CASES = [("normal-normal", 1), ("log-normal", 1), ("gamma-poisson", 1), ("gamma-exponential", 5)]
BITS = 24  # a radius of about 1e-7 in a fraction of the time


def case(name: str, seed: int) -> tuple[models.SolvableModel[Any], models.Variational]:
    rng = np.random.default_rng(seed)
    model = models.ALL[name].random(rng)
    return model, model.random_q(rng)


@pytest.fixture(scope="module", params=CASES, ids=lambda c: c[0])
def found(request: pytest.FixtureRequest) -> tuple[Any, Any, dict[int, CertifiedMoments]]:
    model, q = case(*request.param)
    return model, q, {samples: iwae_enclosures(model, q, samples, BITS) for samples in (1, 2, 3)}


def test_one_sample_has_the_elbo_as_its_mean(found: tuple[Any, Any, dict[int, CertifiedMoments]]) -> None:
    model, q, enclosed = found
    one = enclosed[1]
    assert one.mean.radius < 1e-5
    assert abs(one.mean.midpoint - model.elbo(q)) <= one.mean.radius + model.rounding(q)
    exact = estimators.elbo_moments(model, q)
    assert exact.route == "closed form"
    assert abs(one.variance.midpoint - exact.variance) <= one.variance.radius + 1e-9 * exact.variance


def test_several_samples_agree_with_quadrature(found: tuple[Any, Any, dict[int, CertifiedMoments]]) -> None:
    model, q, enclosed = found
    for samples in (2, 3):
        moments, rounded = enclosed[samples], estimators.iwae_moments(model, q, samples)
        assert moments.mean.radius < 1e-5
        assert abs(moments.mean.midpoint - rounded.mean) <= moments.mean.radius + rounded.error + 1e-9
        assert abs(moments.variance.midpoint - rounded.variance) <= moments.variance.radius + rounded.error + 1e-9


def test_the_bounds_certainly_rise_towards_the_evidence(found: tuple[Any, Any, dict[int, CertifiedMoments]]) -> None:
    """ELBO < two samples < three samples < log p(x), by disjoint enclosures; every variance is positive."""
    model, _, enclosed = found
    means = [enclosed[samples].mean for samples in (1, 2, 3)]
    with precision(64):
        for lower, upper in itertools.pairwise(means):
            assert lower.ball() < upper.ball()
        assert means[-1].ball() < model.log_evidence() - model.evidence_sum().rounding
    assert all(moments.variance.sign == 1 for moments in enclosed.values())


def test_at_the_posterior_nothing_is_random() -> None:
    model, _ = case("normal-normal", 2)
    moments = iwae_enclosures(model, model.posterior_q(), 3, BITS)
    assert moments.mean.contains(model.log_evidence())
    assert moments.variance.contains(0)
    assert moments.variance.radius < 1e-4


def test_more_bits_give_a_narrower_enclosure_inside_the_wider_one() -> None:
    model, q = case("normal-normal", 1)
    wide, narrow = (iwae_enclosures(model, q, 2, bits).mean for bits in (16, 32))
    assert narrow.radius < wide.radius / 1000
    assert abs(narrow.midpoint - wide.midpoint) <= wide.radius + narrow.radius


def test_tails_that_are_too_heavy_leave_it_open() -> None:
    """q is a hundred times as wide as the posterior: E[W^-a] is infinite for every power that is tried."""
    model = models.NormalNormal(np.zeros(100), 0.0, 1.0, 1.0)
    moments = iwae_enclosures(model, models.Normal.scalar(0.0, 1.0), 2, BITS)
    assert not moments.mean.is_finite
    assert not moments.variance.is_finite


def test_what_is_not_one_real_latent_is_refused() -> None:
    model, q = case("finite-table", 0)
    with pytest.raises(TypeError, match="its latent is not one real number"):
        iwae_enclosures(model, q, 2)
    model, q = case("normal-normal", 0)
    with pytest.raises(ValueError, match="at least one sample"):
        iwae_enclosures(model, q, 0)
