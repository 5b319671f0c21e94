"""EM as coordinate ascent on J(θ, q): every step recorded, certified, and caught when it is wrong."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from verify import models
from verify.maximisation import (
    Change,
    Trace,
    baum_welch_m_step,
    certify_maximum,
    collapsing,
    evidence_enclosure,
    maximise,
    mixture_m_step,
    ppca_m_step,
    ppca_maximum,
    start_mixture,
    variance_that_beats,
)


@pytest.fixture(scope="module")
def mixture() -> models.GaussianMixture:
    """A two-component mixture on the line and an ordinary start for EM."""
    rng = np.random.default_rng(2)
    left = rng.random(200) < 0.35
    x = np.where(left, rng.normal(-1.5, 0.7, 200), rng.normal(1.2, 1.1, 200))[:, None]
    return models.GaussianMixture(x, np.array([0.5, 0.5]), np.array([[-0.5], [0.5]]), np.ones((2, 1)))


@pytest.fixture(scope="module")
def trace(mixture: models.GaussianMixture) -> Trace:
    return maximise(mixture, mixture_m_step(1e-3), steps=600)


def assert_is_coordinate_ascent(trace: Trace) -> None:
    for step in trace.steps:
        assert step.elbo_before <= step.elbo_tight + step.rounding  # the E step raises J …
        assert abs(step.elbo_tight - step.evidence_before) <= step.rounding  # … to the evidence
        assert step.elbo_tight <= step.elbo_after + step.rounding  # the M step raises J
        assert step.elbo_after <= step.evidence_after + step.rounding  # and J stays a bound
        assert abs(step.evidence_before - step.elbo_before - step.kl_before) <= step.rounding
        assert abs(step.evidence_after - step.elbo_after - step.kl_after) <= step.rounding
    for earlier, later in itertools.pairwise(trace.steps):
        assert later.evidence_before == earlier.evidence_after


def test_every_step_of_the_mixture_is_recorded_and_certified(trace: Trace) -> None:
    assert_is_coordinate_ascent(trace)
    assert trace.never_lowered
    assert trace.count(Change.RAISED) > 100
    assert all(step.certificate is not None and step.certificate.radius < 1e-28 for step in trace.steps)


def test_float_evidence_falls_where_the_exact_one_does_not(trace: Trace) -> None:
    """The theorem is about real numbers: a test `evidence_after >= evidence_before` on floats would fail."""
    falls = np.diff(trace.evidences) < 0
    assert falls.any()
    worst = min(step.certificate.midpoint for step in trace.steps if step.certificate is not None)
    assert worst > -1e-25


def test_the_end_point_is_a_certified_local_maximum(trace: Trace) -> None:
    point = certify_maximum(trace.end, radius=1e-6)
    assert point.certified
    assert point.distance < 1e-12
    assert point.image_radius < 1e-8
    assert certify_maximum(trace.end, radius=1e-20).image_radius < 1e-30


def test_points_that_are_no_maximum_get_no_certificate(mixture: models.GaussianMixture, trace: Trace) -> None:
    assert not certify_maximum(mixture).certified
    assert not certify_maximum(trace.end, radius=0.5).certified
    symmetric = mixture.replace(means=np.zeros((2, 1)) + mixture.x.mean(), variances=np.full((2, 1), mixture.x.var()))
    assert not certify_maximum(symmetric).certified  # stationary, but a saddle


def test_three_components_in_two_dimensions() -> None:
    rng = np.random.default_rng(5)
    x = models.GaussianMixture.random(rng, points=90, components=3, dimension=2).x
    trace = maximise(start_mixture(x, 3, rng), mixture_m_step(1e-2), steps=400, tolerance=1e-8)
    assert trace.converged
    assert trace.never_lowered
    assert_is_coordinate_ascent(trace)


def test_the_variance_floor_holds_and_without_it_there_is_no_maximum(
    mixture: models.GaussianMixture, trace: Trace
) -> None:
    spike = next(collapsing(mixture, [1e-6]))
    floored = maximise(spike, mixture_m_step(0.05), steps=30)
    assert floored.end.variances.min() >= 0.05
    heights = [model.log_evidence() for model in collapsing(mixture, [1e-20, 1e-40, 1e-60, 1e-80])]
    # A variance smaller by 1e-20 adds ½ log 1e20 nats: no bound holds.
    np.testing.assert_allclose(np.diff(heights), 0.5 * math.log(1e20), rtol=1e-3)
    best = float(trace.evidences[-1])
    beating = next(collapsing(mixture, [variance_that_beats(mixture, best)]))
    assert beating.log_evidence() > best
    with pytest.raises(ValueError, match="unbounded"):
        mixture_m_step(0.0)


def test_a_component_without_data_stays_and_does_no_harm() -> None:
    x = np.array([[0.0], [1.0], [3.0]])
    model = models.GaussianMixture(x, np.array([1.0, 0.0]), np.array([[0.0], [9.0]]), np.ones((2, 1)))
    trace = maximise(model, mixture_m_step(0.01), steps=3)
    assert trace.never_lowered
    assert trace.end.means[1] == 9.0
    assert trace.end.means[0] == pytest.approx(4 / 3)
    assert not certify_maximum(trace.end).certified  # on the border of the parameters


def test_ppca_reaches_its_global_maximum() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(80, 2)) @ rng.normal(size=(2, 6)) + 0.5 * rng.normal(size=(80, 6))
    start = models.FactorAnalysis(x, rng.normal(size=(6, 2)), np.zeros(6), np.ones(6))
    trace = maximise(start, ppca_m_step, steps=250)
    best = ppca_maximum(x, 2)
    assert_is_coordinate_ascent(trace)
    assert trace.never_lowered
    assert trace.evidences[-1] == pytest.approx(best.log_evidence(), abs=1e-7)
    assert trace.end.log_evidence() <= best.log_evidence() + trace.steps[-1].rounding
    assert trace.end.noise_variances[0] == pytest.approx(best.noise_variances[0], rel=1e-6)
    np.testing.assert_allclose(trace.end.loadings @ trace.end.loadings.T, best.loadings @ best.loadings.T, atol=1e-4)


def test_no_random_ppca_beats_the_closed_form() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(40, 5)) @ np.diag([2.0, 1.5, 1.0, 0.7, 0.5])
    best = ppca_maximum(x, 2)
    top = best.log_evidence()
    for scale in (1e-3, 1e-2, 1e-1):
        for _ in range(20):
            noise = best.noise_variances[0] * math.exp(scale * rng.normal())
            moved = best.replace(
                loadings=best.loadings + scale * rng.normal(size=(5, 2)), noise_variances=np.full(5, noise)
            )
            assert moved.log_evidence() < top


def test_baum_welch() -> None:
    rng = np.random.default_rng(6)
    truth = models.HiddenMarkovChain.random(rng, steps=60, states=3, symbols=4)
    start = models.HiddenMarkovChain.random(rng, steps=60, states=3, symbols=4).replace(x=truth.x)
    trace = maximise(start, baum_welch_m_step, steps=60, q=start.random_q(rng))
    assert_is_coordinate_ascent(trace)
    assert trace.never_lowered
    assert trace.steps[0].kl_before > 1  # the first q was not the posterior
    assert trace.evidences[-1] > trace.evidences[0] + 5


@pytest.mark.parametrize("seed", range(4))
def test_certified_evidence_contains_the_closed_form(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for kind in (models.GaussianMixture, models.FactorAnalysis, models.HiddenMarkovChain):
        model = kind.random(rng)
        enclosure = evidence_enclosure(model)
        assert enclosure.radius < 1e-28
        assert abs(enclosure.midpoint - model.log_evidence()) <= model.evidence_sum().rounding


def test_models_without_a_certificate_say_so() -> None:
    with pytest.raises(TypeError, match="no certified evidence for BetaBernoulli"):
        evidence_enclosure(models.BetaBernoulli.random(np.random.default_rng(0)))


def overshooting(model: Any, q: Any) -> Any:
    """A wrong M step: three times as far as the maximiser."""
    right = mixture_m_step(1e-3)(model, q)
    return right.replace(means=model.means + 3 * (right.means - model.means))


def forgetful(model: Any, q: Any) -> Any:
    """A wrong M step: variances around 0 instead of around the mean, then shrunk."""
    right = mixture_m_step(1e-3)(model, q)
    return right.replace(variances=right.variances / 4)


@pytest.mark.parametrize("wrong", [overshooting, forgetful])
def test_a_wrong_m_step_is_caught(mixture: models.GaussianMixture, wrong: Any) -> None:
    trace = maximise(mixture, wrong, steps=4)
    assert trace.count(Change.LOWERED) > 0
    assert not trace.never_lowered
