"""A proved formula, evaluated over a solvable model, is what the model's own formulas say it is."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive import KL, Derivation, E, H, integral, laws, log, variables
from verify import derivation, models, strategies
from verify.models import Normal
from verify.objectives import QuadratureModel
from verify.objectives.derived import DerivedReference

x, z = variables("x z")
p, q = laws("p q")
under_q = z << q(z | x)
ELBO = E(log(p(x, z) / q(z | x)), under_q)

# Every way to write the bound: what the text may end with.
ELBOS = {
    "log ratio": ELBO,
    "difference of logs": E(log(p(x, z)) - log(q(z | x)), under_q),
    "reconstruction - KL": E(log(p(x | z)), under_q) - KL(q(z | x), p(z)),
    "evidence - gap": log(p(x)) - KL(q(z | x), p(z | x)),
    "energy + entropy": E(log(p(x, z)), under_q) + H(q(z | x)),
    "integral": integral(q(z | x) * log(p(x, z) / q(z | x)), z),
}
EVIDENCES = {
    "marginal": log(integral(p(x, z), z)),
    "importance weights": log(E(p(x, z) / q(z | x), under_q)),
    "bound + gap": ELBO + KL(q(z | x), p(z | x)),
    "at the posterior": E(log(p(x, z) / p(z | x)), z << p(z | x)),
    "mean likelihood": log(E(p(x | z), z << p(z))),
    "prior times likelihood": log(integral(p(x | z) * p(z), z)),
}
MODELS = (
    "finite-table", "gaussian-mixture", "normal-normal", "ppca", "factor-analysis", "linear-gaussian",
    "beta-bernoulli", "gamma-poisson",
)  # fmt: skip
WITHIN = 1e-10  # of the terms that are added up


@lru_cache
def proved(name: str) -> DerivedReference:
    """The formula, as the right side of a claim that Jensen proves."""
    d = Derivation()
    if name in ELBOS:
        d.claim(log(p(x)), ">=", ELBOS[name])
    else:
        d.claim(log(p(x)), "=", EVIDENCES[name])
    return derivation(d).last().over()


@pytest.mark.parametrize("model", MODELS)
@settings(deadline=None, derandomize=True, max_examples=50)
@given(data=st.data(), name=st.sampled_from(list(ELBOS)))
def test_every_way_to_write_the_elbo_is_the_models_elbo(model: str, data: Any, name: str) -> None:
    case = data.draw(strategies.solved(model))
    found, own = proved(name)(case.model, case.q), case.model.elbo_sum(case.q)
    assert abs(found.value - own.value) <= WITHIN * (1 + own.magnitude)
    assert found.value <= case.model.log_evidence() + found.rounding + case.rounding


@pytest.mark.parametrize("model", MODELS)
@settings(deadline=None, derandomize=True, max_examples=25)
@given(data=st.data(), name=st.sampled_from(list(EVIDENCES)))
def test_every_way_to_write_the_evidence_is_the_models_evidence(model: str, data: Any, name: str) -> None:
    seed, place = data.draw(st.integers(0, 2**32 - 1)), data.draw(st.sampled_from(["random", "posterior"]))
    case = strategies.build(model, seed, place, **_small(model))
    found, own = proved(name)(case.model, case.q), case.model.evidence_sum()
    assert abs(found.value - own.value) <= WITHIN * (1 + own.magnitude)


def _small(model: str) -> dict[str, int]:
    """A shape with at most two latent dimensions: averages of densities themselves need quadrature."""
    shape = {"points": 2, "latents": 2, "dimension": 2}
    gaussian = model in ("ppca", "factor-analysis", "linear-gaussian")
    return {name: size for name, size in shape.items() if gaussian and name in models.ALL[model].shapes}


# ---------------------------------------------------------------- a decoder without closed forms


def bernoulli_decoder(seed: int, points: int, dimensions: int) -> QuadratureModel:
    """x_ij ~ Bernoulli(logistic(w_j · z_i + b_j)), z_i standard normal with one or two dimensions."""
    rng = np.random.default_rng(seed)
    weights, bias = rng.normal(size=(3, dimensions)), rng.normal(size=3)
    data = rng.integers(0, 2, size=(points, 3))
    prior = Normal(np.zeros((points, dimensions)), np.ones((points, dimensions)))

    def log_joint(i: int) -> Any:
        def of(rows: Any) -> Any:
            logits = rows @ weights.T + bias
            likelihood = (data[i] * logits - np.logaddexp(0, logits)).sum(-1)
            return likelihood - 0.5 * (rows**2 + np.log(2 * np.pi)).sum(-1)

        return of

    return QuadratureModel("bernoulli-decoder", data, [log_joint(i) for i in range(points)], prior)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), dimensions=st.integers(1, 2), name=st.sampled_from(list(ELBOS)))
def test_a_decoder_without_closed_forms_has_the_elbo_of_its_quadrature(seed: int, dimensions: int, name: str) -> None:
    model = bernoulli_decoder(seed, 2, dimensions)
    q = model.random_q(np.random.default_rng([seed, 1]))
    found, own = proved(name)(model, q), model.elbo_sum(q)
    assert abs(found.value - own.value) <= WITHIN * (1 + own.magnitude) + own.error
