"""The exactly solvable models agree with second routes, with finite differences, and with each other."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from verify import models, strategies
from verify.models.discrete_diffusion import uniform_noise
from verify.models.exponential_family import BETA, FAMILIES, GAMMA, NORMAL
from verify.models.gaussian_diffusion import ddpm_forward
from verify.models.table import between, describe, render, rows

ALL = list(models.ALL)
SEEDS = range(25)


def case(name: str, seed: int, place: strategies.Place = "random") -> strategies.Solved:
    """A case whose shape varies with the seed."""
    rng = np.random.default_rng([seed, 7])
    shape = {key: int(rng.integers(*ends, endpoint=True)) for key, ends in models.ALL[name].shapes.items()}
    return strategies.build(name, seed, place, **shape)


def slope(f: Callable[[float], float], step: float = 2e-3) -> float:
    """f′(0) by the central difference of sixth order: error O(step⁶) f⁽⁷⁾ plus rounding of f over the step."""
    weights = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))
    return math.fsum(w * (f(k * step) - f(-k * step)) for k, w in weights) / step


def test_there_are_enough_models_and_their_names_are_unique() -> None:
    assert len(ALL) >= 25
    assert len({model.title for model in models.ALL.values()}) == len(ALL)


@pytest.mark.parametrize("name", ALL)
def test_a_second_route_finds_the_same_evidence(name: str) -> None:
    for seed in SEEDS:
        model = case(name, seed).model
        evidence = model.evidence_sum()
        assert abs(evidence.value - model.log_evidence_independent()) <= evidence.rounding


def elbo_with_q_moved(model: Any, q: Any, directions: dict[str, Any], t: float) -> float:
    return float(model.elbo(q.moved(directions, t)))


def elbo_with_model_moved(model: Any, q: Any, directions: dict[str, Any], t: float) -> float:
    return float(model.moved(directions, t).elbo(q))


@pytest.mark.parametrize("name", ALL)
def test_gradients_in_q_are_those_of_the_elbo(name: str) -> None:
    for seed in range(5):
        solved = case(name, seed)
        model, q = solved.model, solved.q
        gradient = model.elbo_gradient(q)
        assert set(gradient) == {field for field, kind in q.kinds().items() if kind.direction}
        for field, direction in q.directions(solved.rng).items():
            assert gradient[field].shape == np.shape(getattr(q, field))
            measured = slope(partial(elbo_with_q_moved, model, q, {field: direction}))
            claimed = float(np.sum(gradient[field] * direction))
            assert abs(measured - claimed) <= 1e-9 * (1 + model.elbo_sum(q).magnitude)


@pytest.mark.parametrize("name", ALL)
def test_gradients_on_a_simplex_stay_within_it(name: str) -> None:
    solved = case(name, 0)
    model, q = solved.model, solved.q
    for record, gradient in [(q, model.elbo_gradient(q)), (model, model.parameter_gradient(q))]:
        for field in [field for field, kind in record.kinds().items() if kind.name == "simplex"]:
            size = np.abs(gradient[field]).sum()
            np.testing.assert_allclose(gradient[field].sum(-1), 0, atol=1e-14 * (1 + size))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_natural_gradients_of_every_exponential_family(family: Any) -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        model = models.ConjugateExponentialFamily.random(rng, FAMILIES.index(family))
        q = model.random_q(rng)
        directions = q.directions(rng)
        claimed = float(np.sum(model.elbo_gradient(q)["natural"] * directions["natural"]))
        assert slope(partial(elbo_with_q_moved, model, q, directions)) == pytest.approx(claimed, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("name", ALL)
def test_gradients_in_the_parameters_are_those_of_the_elbo(name: str) -> None:
    for seed in range(5):
        solved = case(name, seed)
        model, q = solved.model, solved.q
        gradient = model.parameter_gradient(q)
        assert set(gradient) == set(model.parameters())
        for field, direction in model.directions(solved.rng).items():
            measured = slope(partial(elbo_with_model_moved, model, q, {field: direction}))
            claimed = float(np.sum(gradient[field] * direction))
            assert abs(measured - claimed) <= 1e-9 * (1 + model.elbo_sum(q).magnitude)


NO_GRADIENT = models.SolvableModel.log_joint_gradient
GRADIENT_IN_Z = [name for name in ALL if models.ALL[name].log_joint_gradient is not NO_GRADIENT]


@pytest.mark.parametrize("name", GRADIENT_IN_Z)
def test_gradients_in_z_are_those_of_the_log_joint(name: str) -> None:
    solved = case(name, 3)
    z = solved.model.sample_q(solved.q, solved.rng, 4)
    direction = z * solved.rng.uniform(-0.3, 0.3, size=z.shape)
    claimed = (solved.model.log_joint_gradient(z) * direction).reshape(4, -1).sum(-1)
    for i in range(4):
        measured = slope(lambda t, i=i: float(solved.model.log_joint(z[i : i + 1] + t * direction[i : i + 1])[0]))
        assert measured == pytest.approx(claimed[i], rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("name", ALL)
def test_data_and_parameters_are_plain_arrays_under_their_names(name: str) -> None:
    model = case(name, 0).model
    everything = {**model.data(), **model.parameters()}
    assert everything
    assert all(type(array) is np.ndarray for array in everything.values())
    for field in everything:
        np.testing.assert_array_equal(getattr(model, field), everything[field])


@pytest.mark.parametrize("name", ALL)
def test_fresh_data_leave_the_parameters_alone(name: str) -> None:
    model = case(name, 0).model
    fresh = model.sample_data(np.random.default_rng(5))
    assert {k: v.shape for k, v in fresh.data().items()} == {k: v.shape for k, v in model.data().items()}
    for field, value in model.parameters().items():
        np.testing.assert_array_equal(fresh.parameters()[field], value)


@pytest.mark.parametrize("name", ALL)
def test_the_parts_of_the_elbo_add_up_and_pieces_too(name: str) -> None:
    solved = case(name, 2)
    total = solved.model.elbo_sum(solved.q)
    assert math.fsum(total.parts.values()) == pytest.approx(total.value, rel=1e-12, abs=1e-12)
    pieces = list(solved.model.pieces(solved.q))
    for whole, part in [("elbo", [m.elbo(q) for m, q in pieces]), ("gap", [m.gap(q) for m, q in pieces])]:
        assert math.fsum(part) == pytest.approx(getattr(solved.model, whole)(solved.q), rel=1e-10, abs=1e-10)
    assert math.fsum(m.log_evidence() for m, _ in pieces) == pytest.approx(solved.model.log_evidence(), rel=1e-10)


# ---------------------------------------------------------------- probabilities of all data sum to one


def all_data(values: int, points: int) -> list[np.ndarray]:
    return [np.array(x) for x in itertools.product(range(values), repeat=points)]


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (models.FiniteTable.random(np.random.default_rng(0), points=3, states=3, values=3), 3),
        (models.BetaBernoulli.random(np.random.default_rng(0), points=6), 2),
        (models.DirichletCategorical.random(np.random.default_rng(0), points=5, categories=3), 3),
        (models.HiddenMarkovChain.random(np.random.default_rng(0), steps=5, states=3, symbols=3), 3),
        (models.DiscreteDiffusion.random(np.random.default_rng(0), points=2, steps=3, states=4), 4),
    ],
    ids=lambda value: value.name if isinstance(value, models.SolvableModel) else "",
)
def test_the_evidence_is_normalised(model: models.SolvableModel, values: int) -> None:
    total = math.fsum(math.exp(model.replace(x=x).log_evidence()) for x in all_data(values, len(model.data()["x"])))
    assert abs(total - 1) <= 1e-12


def test_the_evidence_of_a_boltzmann_machine_is_normalised() -> None:
    for kind in (models.RestrictedBoltzmann, models.CoupledBoltzmann):
        model = kind.random(np.random.default_rng(1), points=1, visible=4, hidden=3)
        total = math.fsum(math.exp(model.replace(x=x[None]).log_evidence()) for x in all_data(2, 4))
        assert abs(total - 1) <= 1e-12


def test_drawn_data_follow_the_evidence() -> None:
    """Frequencies of 4,000 single draws against exp(log p(x)); each of 20 counts may be 5 standard deviations off,
    which a correct sampler exceeds with probability below 2e-5 in all.  The seed is fixed."""
    rng = np.random.default_rng(11)
    for model, values in [
        (models.FiniteTable.random(rng, points=1, states=3, values=4), 4),
        (models.HiddenMarkovChain.random(rng, steps=2, states=3, symbols=3), 3),
        (models.DiscreteDiffusion.random(rng, points=1, steps=3, states=3), 3),
        (models.BetaBernoulli.random(rng, points=2), 2),
    ]:
        draws = [tuple(model.sample_data(rng).x.tolist()) for _ in range(4000)]
        for x in all_data(values, len(model.x)):
            chance = math.exp(model.replace(x=x).log_evidence())
            deviation = math.sqrt(4000 * chance * (1 - chance))
            assert abs(draws.count(tuple(x.tolist())) - 4000 * chance) <= 5 * deviation


# ---------------------------------------------------------------- models agree with each other


def test_the_exact_reverse_of_discrete_diffusion_has_the_data_law_as_evidence() -> None:
    rng = np.random.default_rng(0)
    law, forward = rng.dirichlet(np.ones(4)), uniform_noise([0.1, 0.3, 0.5], 4)
    model = models.ExactDiscreteDiffusion.reversing(np.arange(4), law, forward)
    assert model.log_evidence() == pytest.approx(float(np.log(law).sum()), rel=1e-13)
    np.testing.assert_allclose(model.posterior_q().transitions, forward, rtol=1e-13)


def test_the_exact_reverse_of_gaussian_diffusion_has_the_data_law_as_evidence() -> None:
    x = np.array([0.3, -1.2, 2.0])
    forward = ddpm_forward(x, [0.1, 0.2, 0.4])
    model = models.ExactGaussianDiffusion.reversing(x, 0.7, 0.4, forward)
    law = models.Normal.scalar(0.7, 0.4)
    assert model.log_evidence() == pytest.approx(float(law.log_density(x).sum()), rel=1e-13)
    for field, value in model.posterior_q().arrays().items():
        np.testing.assert_allclose(value, forward.arrays()[field], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("kind", [models.DiscreteDiffusion, models.GaussianDiffusion])
def test_the_sum_of_kl_terms_is_the_elbo(kind: type[models.DiscreteDiffusion | models.GaussianDiffusion]) -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        model = kind.random(rng)
        q = model.random_q(rng)
        terms = model.elbo_as_kl_terms(q)
        assert abs(terms.value - model.elbo(q)) <= terms.rounding + model.elbo_sum(q).rounding
        assert set(terms.parts) == {"reconstruction", "prior", "step_1", "step_2", "step_3"}


def test_an_absorbing_forward_process_with_zeros_is_handled() -> None:
    step = np.array([[0.7, 0.0, 0.3], [0.0, 0.7, 0.3], [0.0, 0.0, 1.0]])
    law = np.array([0.4, 0.6, 0.0])
    model = models.DiscreteDiffusion.reversing(np.array([0, 1]), law, np.stack([step, step]))
    q = models.DiscreteForwardProcess(model.x, np.stack([step, step]))
    balance = model.balance(q)
    assert balance.evidence.value == pytest.approx(math.log(0.4 * 0.6), rel=1e-14)
    assert abs(balance.residual) <= balance.rounding


def test_exponential_families_agree_with_the_dedicated_models() -> None:
    rng = np.random.default_rng(4)
    poisson, bernoulli = models.GammaPoisson.random(rng), models.BetaBernoulli.random(rng)
    normal = models.NormalNormal.random(rng)
    events, total_time = poisson.counts()
    ones, zeros = bernoulli.counts()
    s = normal.likelihood_variance
    constant = -0.5 * float((normal.x**2).sum() / s + len(normal.x) * math.log(2 * math.pi * s))
    generic = [
        (poisson, GAMMA, [events, -total_time], poisson.log_base_terms().sum(), [poisson.shape - 1, -poisson.rate]),
        (bernoulli, BETA, [ones, zeros], 0.0, [bernoulli.a - 1, bernoulli.b - 1]),
        (normal, NORMAL, [normal.x.sum() / s, -len(normal.x) / (2 * s)], constant,
         [normal.prior_mean / normal.prior_variance, -1 / (2 * normal.prior_variance)]),
    ]
    for dedicated, family, statistic, base, prior in generic:
        model = models.ConjugateExponentialFamily(family, np.array(statistic), base, np.array(prior))
        assert model.log_evidence() == pytest.approx(dedicated.log_evidence(), rel=1e-12)


def test_the_mean_field_optimum_misses_by_its_closed_form() -> None:
    for seed in SEEDS:
        model = case("linear-regression-mean-field", seed).model
        precision = model.precision()
        missed = 0.5 * (np.log(np.diag(precision)).sum() - np.linalg.slogdet(precision)[1])
        best = model.posterior_q()
        assert model.gap(best) == pytest.approx(missed, rel=1e-9)
        assert model.log_evidence() - model.elbo(best) == pytest.approx(missed, rel=1e-9)


def test_ppca_contains_its_posterior_only_with_orthogonal_loadings() -> None:
    model = models.ProbabilisticPCA.random(np.random.default_rng(0))
    assert model.contains_posterior
    skewed = model.replace(loadings=model.loadings + 0.5 * model.loadings[:, ::-1])
    assert not skewed.contains_posterior
    assert skewed.gap(skewed.posterior_q()) > 1e-3


def test_zeros_in_a_finite_table_follow_the_conventions() -> None:
    prior, likelihood = np.array([0.5, 0.5, 0.0]), np.array([[1.0, 0.0], [0.5, 0.5], [0.2, 0.8]])
    model = models.FiniteTable(np.array([1]), prior, likelihood)  # p(x, z) = (0, 1/4, 0)
    assert model.log_evidence() == math.log(0.25)
    right, wrong = models.Categorical(np.array([[0.0, 1.0, 0.0]])), models.Categorical(np.array([[0.5, 0.5, 0.0]]))
    assert (model.elbo(right), model.gap(right)) == (math.log(0.25), 0.0)
    assert (model.elbo(wrong), model.gap(wrong)) == (-math.inf, math.inf)


# ---------------------------------------------------------------- records and the table


def test_records_are_read_only_and_say_what_is_wrong() -> None:
    model = models.FiniteTable.random(np.random.default_rng(0))
    with pytest.raises(ValueError, match="read-only"):
        model.prior[0] = 1.0
    with pytest.raises(ValueError, match=r"FiniteTable\.prior must be non-negative and sum to 1"):
        model.replace(prior=np.array([0.5, 0.6, 0.0, 0.0]))
    with pytest.raises(ValueError, match=r"Normal\.variance must be positive"):
        models.Normal.scalar(0.0, -1.0)
    with pytest.raises(ValueError, match="lower triangular"):
        models.MultivariateNormal(np.zeros(2), np.ones((2, 2)))


def test_the_table_has_a_row_for_every_model_and_all_residuals_are_small() -> None:
    table = rows(instances=2)
    assert [row.name for row in table] == ALL
    assert all(row.residual <= 1e-12 and row.agreement <= 1e-12 and row.rounding <= 1 for row in table)
    assert sum(row.exact == "proved" for row in table) >= 10
    assert all(row.name in render(table) for row in table)


@pytest.mark.parametrize("name", ALL)
def test_the_gap_closes_as_q_moves_to_the_posterior(name: str) -> None:
    solved = case(name, 1)
    model, start, end = solved.model, solved.q, solved.model.posterior_q()
    gaps = [model.gap(between(start, end, t)) for t in (0.9, 0.99, 0.999, 1.0)]
    assert gaps == sorted(gaps, reverse=True)
    assert model.formulas.evidence in describe(name)
