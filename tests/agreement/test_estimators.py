"""Moments of Monte-Carlo estimators: integrals against sums, closed forms against quadrature, samples against both."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from verify import estimators, models, strategies
from verify.estimators import TooManyNodesError
from verify.estimators.moments import refined

FINITE = [
    "finite-table",
    "gaussian-mixture",
    "hidden-markov",
    "hidden-markov-mean-field",
    "restricted-boltzmann",
    "coupled-boltzmann",
    "discrete-diffusion",
    "discrete-diffusion-exact",
]
LINE = ["normal-normal", "log-normal", "beta-bernoulli", "gamma-poisson", "gamma-exponential", "mixture-prior"]
QUADRATIC = [name for name, kind in models.ALL.items() if kind.quadratic]
SMALL = {"discrete-diffusion": {"points": 2, "steps": 2, "states": 2}}


def case(name: str, seed: int = 0, place: strategies.Place = "random") -> strategies.Solved:
    low = {key: ends[0] for key, ends in models.ALL[name].shapes.items()}
    return strategies.build(name, seed, place, **{**low, **SMALL.get(name, {})})


def near(solved: strategies.Solved, share: float = 0.7) -> models.Variational:
    """A q on the way to the posterior, where weights are tame."""
    first, last = solved.q.arrays(), solved.model.posterior_q().arrays()
    moving = [name for name, kind in solved.q.kinds().items() if kind.direction]
    return solved.q.replace(**{name: (1 - share) * first[name] + share * last[name] for name in moving})


@pytest.mark.parametrize("name", [*FINITE, *LINE, "pareto-uniform", "exponential-family", "normal-inverse-gamma"])
def test_the_mean_log_weight_over_nodes_is_the_elbo(name: str) -> None:
    """Ties log p(x, z), log q(z) and the closed-form ELBO together, without sampling."""
    solved = case(name)
    parts = [
        refined(lambda fineness, m=m, p=p: law_moments(estimators.weight_law(m, p, fineness)))
        for m, p in solved.model.pieces(solved.q)
    ]
    total, error = math.fsum(part.mean for part in parts), math.fsum(part.error for part in parts)
    assert abs(total - solved.model.elbo(solved.q)) <= 1e-10 + 10 * error


def law_moments(law: estimators.WeightLaw) -> tuple[float, float, bool]:
    mean = float(law.probabilities @ law.log_weights)
    return mean, float(law.probabilities @ (law.log_weights - mean) ** 2), law.exact


@pytest.mark.parametrize("name", [*LINE, "linear-gaussian", "linear-regression", "factor-analysis", "ppca"])
def test_closed_form_variances_agree_with_quadrature(name: str) -> None:
    solved = case(name)
    claimed = estimators.elbo_moments(solved.model, solved.q, draws=3)
    parts = [
        refined(lambda fineness, m=m, p=p: law_moments(estimators.weight_law(m, p, fineness)))
        for m, p in solved.model.pieces(solved.q)
    ]
    assert claimed.mean == solved.model.elbo(solved.q)
    assert claimed.variance == pytest.approx(math.fsum(part.variance for part in parts) / 3, rel=1e-8)


@pytest.mark.parametrize("name", [name for name in models.ALL if case(name).model.contains_posterior])
def test_the_variance_vanishes_at_the_posterior(name: str) -> None:
    solved = case(name, place="posterior")
    moments, evidence = estimators.elbo_moments(solved.model, solved.q), solved.model.evidence_sum()
    assert moments.variance <= 1e-20 * ((1 + evidence.magnitude) * evidence.condition) ** 2


@pytest.mark.parametrize("name", FINITE)
@pytest.mark.parametrize("samples", [1, 2, 3])
def test_importance_weighted_moments_by_integrals_and_by_sums(name: str, samples: int) -> None:
    for seed in range(3):
        solved = case(name, seed)
        integral = estimators.iwae_moments(solved.model, solved.q, samples)
        sums = estimators.iwae_moments_by_sums(solved.model, solved.q, samples)
        assert integral.mean == pytest.approx(sums.mean, rel=1e-11, abs=1e-11)
        assert integral.variance == pytest.approx(sums.variance, rel=1e-9, abs=1e-10)
        assert sums.error == 0


@pytest.mark.parametrize("name", LINE)
@pytest.mark.parametrize("samples", [1, 2])
def test_importance_weighted_moments_on_the_line(name: str, samples: int) -> None:
    solved = case(name)
    q = near(solved)
    integral = estimators.iwae_moments(solved.model, q, samples)
    sums = estimators.iwae_moments_by_sums(solved.model, q, samples)
    assert abs(integral.mean - sums.mean) <= 1e-10 + 10 * (integral.error + sums.error)
    assert abs(integral.variance - sums.variance) <= 1e-9 + 10 * (integral.error + sums.error)


@pytest.mark.parametrize("name", [*FINITE, *LINE])
def test_importance_weighted_bounds_rise_from_the_elbo_towards_the_evidence(name: str) -> None:
    solved = case(name, 1)
    q, model = near(solved), solved.model
    bounds = [estimators.iwae_moments(model, q, samples).mean for samples in (1, 2, 4, 16, 64)]
    slack = 1e-9 * (1 + model.elbo_sum(q).magnitude)
    assert abs(bounds[0] - model.elbo(q)) <= slack
    assert all(later >= earlier - slack for earlier, later in itertools.pairwise(bounds))
    assert bounds[-1] <= model.log_evidence() + slack
    assert model.gap(q) < 1e-6 or bounds[-1] > bounds[0]


def test_at_the_posterior_the_importance_weighted_bound_is_the_evidence() -> None:
    for name in ("finite-table", "gamma-poisson", "normal-normal"):
        solved = case(name, place="posterior")
        moments = estimators.iwae_moments(solved.model, solved.q, 5)
        assert moments.mean == pytest.approx(solved.model.log_evidence(), rel=1e-9)
        assert moments.variance <= 1e-10


def test_one_average_for_all_data_is_looser_than_one_for_each_datum() -> None:
    for seed in range(5):
        solved = case("finite-table", seed)
        plated = estimators.iwae_moments(solved.model, solved.q, 4, plate=True).mean
        whole = estimators.iwae_moments(solved.model, solved.q, 4, plate=False).mean
        assert solved.model.elbo(solved.q) < whole < plated < solved.model.log_evidence()


@pytest.mark.parametrize("name", [*FINITE, *LINE, *QUADRATIC])
def test_renyi_bounds_fall_with_alpha_through_evidence_and_elbo(name: str) -> None:
    solved = case(name, 2)
    q, model = near(solved, 0.9), solved.model
    values = [estimators.renyi_bound(model, q, alpha).mean for alpha in (-0.5, 0.0, 0.5, 0.999, 1.001, 1.5)]
    slack = 1e-9 * (1 + model.elbo_sum(q).magnitude)
    assert all(later <= earlier + slack for earlier, later in itertools.pairwise(values))
    elbo = model.elbo(q)
    assert values[4] - slack <= elbo <= values[3] + slack
    if model.contains_posterior:  # q is positive wherever the posterior is, so the bound at 0 is the evidence
        assert values[1] == pytest.approx(model.log_evidence(), abs=1e-7)


def test_the_renyi_bound_near_one_approaches_the_elbo_with_half_the_variance() -> None:
    """d/dα at 1 is -Var[log w]/2."""
    for name in ("finite-table", "linear-gaussian", "gamma-poisson"):
        solved = case(name)
        moments = estimators.elbo_moments(solved.model, solved.q)
        above, below = (estimators.renyi_bound(solved.model, solved.q, 1 + h).mean for h in (1e-4, -1e-4))
        assert (above - below) / 2e-4 == pytest.approx(-moments.variance / 2, rel=1e-3)


def test_an_infinite_renyi_bound_is_said_to_be_infinite() -> None:
    """For normals E_q[w^s] is infinite where s times the curvature of log w exceeds 1: q far wider than the posterior
    with a negative power."""
    model = models.NormalNormal(np.array([0.3, 1.1]), 0.0, 1.0, 0.5)
    wide = models.Normal.scalar(0.2, 50 * model.posterior_q().variance)
    assert estimators.renyi_bound(model, wide, 2.0).mean == -math.inf
    narrow = models.Normal.scalar(0.2, model.posterior_q().variance / 50)
    assert estimators.renyi_bound(model, narrow, -1.0).mean == math.inf


# ---------------------------------------------------------------- gradients


@pytest.mark.parametrize("name", [*FINITE, *LINE, "exponential-family"])
def test_the_score_function_gradient_is_unbiased(name: str) -> None:
    solved = case(name, 1)
    q = near(solved)
    exact = solved.model.elbo_gradient(q)
    for baseline in (0.0, solved.model.log_evidence()):
        moments = estimators.score_gradient_moments(solved.model, q, baseline)
        for field, gradient in exact.items():
            scale = 1 + np.sqrt(moments.variance[field]).max()
            np.testing.assert_allclose(moments.mean[field], gradient, atol=1e-7 * scale)


REPARAMETERISED = [name for name in [*QUADRATIC, "log-normal"] if case(name).model.contains_posterior]


@pytest.mark.parametrize("name", QUADRATIC)
def test_orthogonal_noise_gives_reparameterised_gradients_without_sampling_error(name: str) -> None:
    solved = case(name)
    model, q = solved.model, solved.q
    noise = estimators.orthogonal_noise(np.shape(q.mean))
    for sticking in (False, True):
        rows = estimators.reparameterised_gradient(model, q, noise, sticking)
        for field, exact in model.elbo_gradient(q).items():
            np.testing.assert_allclose(rows[field].mean(0), exact, atol=1e-11 * (1 + np.abs(exact).max()), rtol=1e-10)
    weights = model.log_weight(q, q.from_noise(noise))
    assert abs(weights.mean() - model.elbo(q)) <= solved.rounding


@pytest.mark.parametrize("name", ["normal-normal", "log-normal", "linear-gaussian", "linear-regression"])
def test_moments_of_reparameterised_gradients(name: str) -> None:
    solved = case(name)
    model, q = solved.model, solved.q
    moments = {s: estimators.reparameterised_gradient_moments(model, q, s, fineness=40) for s in (False, True)}
    for field, exact in model.elbo_gradient(q).items():
        for found in moments.values():
            np.testing.assert_allclose(found.mean[field], exact, atol=1e-8 * (1 + np.abs(exact).max()))
        assert moments[False].variance[field].max() > 0


@pytest.mark.parametrize("name", REPARAMETERISED)
def test_sticking_the_landing_is_zero_at_the_posterior(name: str) -> None:
    solved = case(name, place="posterior")
    noise = solved.rng.normal(size=(10, *np.shape(solved.q.mean)))
    rows = estimators.reparameterised_gradient(solved.model, solved.q, noise, sticking_the_landing=True)
    scale = solved.model.evidence_sum().condition * (1 + solved.model.evidence_sum().magnitude)
    plain = estimators.reparameterised_gradient(solved.model, solved.q, noise)
    for field, values in rows.items():
        assert np.abs(values).max() <= 1e-12 * scale
        assert np.abs(plain[field]).max() > 1e-3


# ---------------------------------------------------------------- samples


@pytest.mark.parametrize("name", list(models.ALL))
def test_samples_have_the_moments(name: str) -> None:
    """Mean of 4,000 single-sample ELBOs within 5 standard errors of the exact mean: a correct estimator fails with
    probability about 6e-7 (normal approximation).  The seed is fixed."""
    solved = case(name, 3)
    q = near(solved, 0.5) if solved.model.contains_posterior else solved.q
    draws = estimators.elbo_samples(solved.model, q, solved.rng, 4000)
    error = math.sqrt(max(variance_of(solved.model, q, draws), 1e-24) / 4000)
    assert abs(draws.mean() - solved.model.elbo(q)) <= 5 * error


def variance_of(model: models.SolvableModel, q: models.Variational, draws: np.ndarray) -> float:
    try:
        return estimators.elbo_moments(model, q).variance
    except TooManyNodesError:
        return float(draws.var())


@pytest.mark.parametrize("name", ["finite-table", "restricted-boltzmann", "gamma-poisson"])
def test_importance_weighted_samples_have_the_moments(name: str) -> None:
    """Mean within 5 standard errors (false alarm 6e-7), which the mean of logs instead of the log of the mean, or a
    forgotten log K, exceeds.  The seed is fixed."""
    solved = case(name, 4)
    moments = estimators.iwae_moments(solved.model, solved.q, 3)
    draws = estimators.iwae_samples(solved.model, solved.q, solved.rng, 6000, 3)
    error = math.sqrt(moments.variance / 6000)
    assert abs(draws.mean() - moments.mean) <= 5 * error
    for wrong in (solved.model.elbo(solved.q), moments.mean + math.log(3)):
        assert abs(wrong - moments.mean) > 5 * error


def test_too_large_a_latent_is_refused_with_a_reason() -> None:
    model = models.LinearGaussianStateSpace.random(np.random.default_rng(0))
    q = model.random_q(np.random.default_rng(1))
    with pytest.raises(TooManyNodesError):
        estimators.iwae_moments(model, q, 2)
    with pytest.raises(ValueError, match="at least one sample"):
        estimators.iwae_moments(model, q, 0)
    with pytest.raises(ValueError, match="is the ELBO"):
        estimators.renyi_bound(model, q, 1)
