"""Sums over groups of normals are integrated group by group, and the groups are found; other functions are refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from verify.models import Normal
from verify.objectives import Case, ObjectiveError, QuadratureModel, check_objective
from verify.objectives.noise import Expectation, OutOfReachError
from verify.objectives.noise.separable import groups_of


def mean_of(function: Any, size: int) -> Expectation:
    return Expectation(lambda source: np.asarray(function(source.normals((size,)))), quadratic=False, evaluations=2048)


def exponentials(noise: Any) -> Any:
    """E exp(a + b) = e, and E cos ε = e^(-1/2)."""
    first = np.exp(noise[0] + noise[3]) + np.exp(noise[1] + noise[4])
    return first + np.cos(noise[2]) + noise[5] ** 2


def test_groups_are_found_whatever_their_order() -> None:
    found = groups_of(lambda row: np.asarray(exponentials(row)), 6)
    assert found == [(0, 3), (1, 4), (2,), (5,)]


def test_a_chain_of_three_is_one_group_and_one_of_four_is_too_large() -> None:
    assert groups_of(lambda row: np.asarray(row[0] * row[1] + row[1] * row[2]), 3) == [(0, 1, 2)]
    assert groups_of(lambda row: np.asarray(row[0] * row[1] + row[1] * row[2] + row[2] * row[3]), 4) is None


def test_the_mean_is_that_of_the_closed_form_from_two_bases() -> None:
    expectation = mean_of(exponentials, 6)
    exact = 2 * math.e + math.exp(-0.5) + 1
    assert expectation.first().route == "quadrature by parts"
    assert float(expectation.first().mean) == pytest.approx(exact, rel=1e-9)
    assert float(expectation.second().mean) == pytest.approx(exact, rel=1e-9)


def test_a_function_of_all_normals_together_is_out_of_reach() -> None:
    with pytest.raises(OutOfReachError, match="act together"):
        mean_of(lambda noise: math.exp(noise.sum()), 5).first()


def test_an_interaction_that_shows_in_some_places_only_leaves_two_different_estimates() -> None:
    """Beyond 4 all normals act together, and the search, which looks in one place, does not see it."""

    def hidden(noise: Any) -> Any:
        return np.sum(noise**2) + (100 * np.prod(noise) if noise[0] > 4 else 0.0)

    expectation = mean_of(hidden, 5)
    assert expectation.first().route == "quadrature by parts"
    assert abs(float(expectation.first().mean) - float(expectation.second().mean)) > 1e-6


# ---------------------------------------------------------------- a batch of data points without conjugacy

COUNTS = np.array([3.0, 0.0, 1.0, 2.0, 7.0])


def log_joint(count: float) -> Any:
    """z ~ N(0, 1), x | z ~ Poisson(e^z)."""
    constant = math.lgamma(count + 1) + 0.5 * math.log(2 * math.pi)
    return lambda z: (count * z - np.exp(z) - 0.5 * z**2).sum(-1) - constant


MODEL = QuadratureModel("poisson", COUNTS, [log_joint(x) for x in COUNTS], Normal(np.zeros((5, 1)), np.ones((5, 1))))


def log_weights(q: Any, noise: Any, std: Any) -> Any:
    """One a draw and data point, for noise of shape (draws, 5, 1)."""
    z = q.mean + std * noise
    log_q = -0.5 * (np.log(2 * np.pi * q.variance) + (z - q.mean) ** 2 / q.variance).sum(-1)
    return np.stack([f(z[:, i]) for i, f in enumerate(MODEL.log_joints)], axis=-1) - log_q


def elbo(q: Any, rng: Any) -> Any:
    return log_weights(q, rng.standard_normal((1, 5, 1)), np.sqrt(q.variance)).sum()


def variance_for_std(q: Any, rng: Any) -> Any:
    return log_weights(q, rng.standard_normal((1, 5, 1)), q.variance).sum()


@pytest.mark.parametrize("seed", range(3))
def test_elbos_of_several_data_points_are_exact_whatever_their_likelihood(seed: int) -> None:
    case = Case(MODEL, MODEL.random_q(np.random.default_rng(seed)))
    report = check_objective(elbo, case, returns="elbo", reduction="sum")
    (found,) = (f for f in report.findings if f.layer == "expectation")
    assert (found.status, found.detail["route"]) == ("held", "quadrature by parts")
    with pytest.raises(ObjectiveError) as caught:
        check_objective(variance_for_std, case, returns="elbo", reduction="sum")
    assert caught.value.finding.layer == "expectation"


def test_the_draws_of_one_data_point_act_together_in_an_importance_weighted_bound() -> None:
    q = MODEL.random_q(np.random.default_rng(0))

    def iwae(row: Any) -> Any:
        logs = log_weights(q, row.reshape(2, 5, 1), np.sqrt(q.variance))
        return np.asarray(np.logaddexp.reduce(logs, axis=0).sum())

    assert groups_of(iwae, 10) == [(i, i + 5) for i in range(5)]
