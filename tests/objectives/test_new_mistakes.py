"""Mistakes that are not in the collection: they are caught as well, and the message helps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import betaln, gammaln

from verify import check_objective, strategies
from verify.objectives import ObjectiveError
from verify.objectives.sequential import Budget

LOG_2PI = np.log(2 * np.pi)
VAE = {"returns": "loss", "reduction": "mean", "estimator": "analytic-kl"}
WEIGHT = {"returns": "elbo", "reduction": "sum", "estimator": "log-weight"}
SHAPES = {
    "ppca": {"points": 3, "latents": 2, "dimension": 5},
    "gaussian-mixture": {"points": 2, "components": 3, "dimension": 2},
    "linear-gaussian": {"points": 3, "latents": 3, "dimension": 2},
    "hidden-markov": {"steps": 4, "states": 3, "symbols": 3},
    "gamma-poisson": {"points": 3},
    "beta-binomial": {"points": 3, "trials": 5},
    "normal-normal": {"points": 4},
}


def log_normal(x: Any, mean: Any, variance: Any) -> Any:
    return -0.5 * (LOG_2PI + np.log(variance) + (x - mean) ** 2 / variance)


def draw(q: Any, rng: Any) -> Any:
    return q.mean + np.sqrt(q.variance) * rng.standard_normal(np.shape(q.mean))


def decoded(model: Any, z: Any) -> Any:
    return model.mean + z @ model.loadings.T


def log_likelihood(model: Any, z: Any) -> Any:
    return log_normal(model.x, decoded(model, z), model.noise_variance).sum(-1)


def kl(q: Any) -> Any:
    return 0.5 * (q.mean**2 + q.variance - 1 - np.log(q.variance))


def vae_loss(model: Any, z: Any, of_kl: Any) -> Any:
    return -log_likelihood(model, z).mean() + of_kl.sum(-1).mean()


# ---------------------------------------------------------------- VAE losses


def free_bits(model: Any, q: Any, rng: Any) -> Any:
    return vae_loss(model, draw(q, rng), np.maximum(kl(q), 0.5))


def annealing_left_on(model: Any, q: Any, rng: Any) -> Any:
    return vae_loss(model, draw(q, rng), 0.1 * kl(q))


def squared_error(model: Any, q: Any, rng: Any) -> Any:
    return ((model.x - decoded(model, draw(q, rng))) ** 2).sum(-1).mean() + kl(q).sum(-1).mean()


def mean_squared_error(model: Any, q: Any, rng: Any) -> Any:
    return ((model.x - decoded(model, draw(q, rng))) ** 2).mean() + kl(q).sum(-1).mean()


def uniform_noise(model: Any, q: Any, rng: Any) -> Any:
    return vae_loss(model, q.mean + np.sqrt(q.variance) * rng.uniform(-1, 1, q.mean.shape), kl(q))


def frozen_noise(model: Any, q: Any, rng: Any) -> Any:
    return vae_loss(model, draw(q, np.random.default_rng(0)), kl(q))


def noise_from_elsewhere(model: Any, q: Any, rng: Any) -> Any:
    return vae_loss(model, draw(q, np.random.default_rng()), kl(q))


def softplus_scale(model: Any, q: Any, rng: Any) -> Any:
    z = q.mean + np.log1p(q.variance) * rng.standard_normal(q.mean.shape)
    return vae_loss(model, z, kl(q))


def not_reduced(model: Any, q: Any, rng: Any) -> Any:
    return -log_likelihood(model, draw(q, rng)) + kl(q).sum(-1)


def log_of_a_negative_number(model: Any, q: Any, rng: Any) -> Any:
    with np.errstate(invalid="ignore"):
        return np.log(-np.abs(draw(q, rng))).sum()


# ---------------------------------------------------------------- log weights


def entropy_in_bits(model: Any, q: Any, rng: Any) -> Any:
    z = draw(q, rng)
    ratio = log_normal(z, 0, 1) - log_normal(z, q.mean, q.variance) / np.log(2)
    return (log_likelihood(model, z) + ratio.sum(-1)).sum()


def log_of_a_mean(model: Any, q: Any, samples: int, rng: Any) -> Any:
    z = q.mean + np.sqrt(q.variance) * rng.standard_normal((samples, *q.mean.shape))
    logs = log_likelihood(model, z) + (log_normal(z, 0, 1) - log_normal(z, q.mean, q.variance)).sum(-1)
    return (np.logaddexp.reduce(logs, axis=0) - np.log(samples)).sum()


def prior_hard_coded(model: Any, q: Any, rng: Any) -> Any:
    z = draw(q, rng)
    likelihood = log_normal(model.x, z, model.likelihood_variance).sum()
    return likelihood + log_normal(z, 0, 1) - log_normal(z, q.mean, q.variance)


def last_point_dropped(model: Any, q: Any, rng: Any) -> Any:
    z = draw(q, rng)
    likelihood = log_normal(model.x[:-1], z, model.likelihood_variance).sum()
    return likelihood + log_normal(z, model.prior_mean, model.prior_variance) - log_normal(z, q.mean, q.variance)


def log_gamma(z: Any, shape: Any, rate: Any) -> Any:
    return shape * np.log(rate) - gammaln(shape) + (shape - 1) * np.log(z) - rate * z


def factorial_forgotten(model: Any, q: Any, rng: Any) -> Any:
    z = rng.gamma(q.shape, 1 / q.rate)
    likelihood = (model.x * np.log(model.exposure * z) - model.exposure * z).sum()
    return likelihood + log_gamma(z, model.shape, model.rate) - log_gamma(z, q.shape, q.rate)


def rate_for_scale(model: Any, q: Any, rng: Any) -> Any:
    z = rng.gamma(q.shape, q.rate)
    likelihood = (model.x * np.log(model.exposure * z) - model.exposure * z - gammaln(model.x + 1)).sum()
    return likelihood + log_gamma(z, model.shape, model.rate) - log_gamma(z, q.shape, q.rate)


def binomial_coefficient_forgotten(model: Any, q: Any, rng: Any) -> Any:
    z = rng.beta(q.a, q.b)

    def log_beta(a: Any, b: Any) -> Any:
        return (a - 1) * np.log(z) + (b - 1) * np.log1p(-z) - betaln(a, b)

    likelihood = (model.x * np.log(z) + (model.trials - model.x) * np.log1p(-z)).sum()
    return likelihood + log_beta(model.a, model.b) - log_beta(q.a, q.b)


def factor_transposed(model: Any, q: Any, rng: Any) -> Any:
    noise = rng.standard_normal(len(q.mean))
    z = q.mean + q.scale_tril.T @ noise
    return (model.log_joint(z[None]) - q.log_density(z[None]))[0]


def transitions_transposed(model: Any, q: Any, rng: Any) -> Any:
    z = [rng.choice(len(q.initial), p=q.initial)]
    log_q, log_p = np.log(q.initial[z[0]]), np.log(model.initial[z[0]])
    for step in q.transitions:
        z.append(rng.choice(len(q.initial), p=step[z[-1]]))
        log_q += np.log(step[z[-2], z[-1]])
        log_p += np.log(model.transition[z[-1], z[-2]])
    return log_p + np.log(model.emission[z, model.x]).sum() - log_q


def largest_weight(model: Any, q: Any, samples: int, rng: Any) -> Any:
    picks = np.stack([[rng.choice(len(p), p=p) for p in q.probabilities] for _ in range(samples)])
    logs = model.log_joints() - np.log(q.probabilities)
    return logs[np.arange(len(logs)), picks].max(axis=0).sum()


IWAE = {**WEIGHT, "kind": "iwae", "samples": 2}
MISTAKES: list[tuple[Callable[..., Any], str, dict[str, Any], str, str]] = [
    (free_bits, "ppca", VAE, "expectation", "nats too low"),
    (annealing_left_on, "ppca", VAE, "expectation", "the KL has the weight 0.1: declare beta"),
    (squared_error, "ppca", VAE, "expectation", "the squared error stands for the log likelihood"),
    (mean_squared_error, "ppca", VAE, "expectation", "averaged over the features, stands for the log likelihood"),
    (uniform_noise, "ppca", VAE, "expectation", "not the ELBO: its expectation is"),
    (frozen_noise, "ppca", VAE, "expectation", "the noise is fixed in the code"),
    (noise_from_elsewhere, "ppca", VAE, "structure", "draws from something else than the generator it is given"),
    (softplus_scale, "ppca", VAE, "expectation", "not the ELBO: its expectation is"),
    (not_reduced, "ppca", VAE, "structure", 'returns shape (3,), declared is reduction="mean", one number'),
    (log_of_a_negative_number, "ppca", VAE, "structure", "returns nan"),
    (entropy_in_bits, "ppca", WEIGHT, "pointwise", "every draw should be log p(x)"),
    (log_of_a_mean, "ppca", {**WEIGHT, "samples": 4}, "draws", "above ELBO(q)"),
    (prior_hard_coded, "normal-normal", WEIGHT, "pointwise", "ignores the prior's mean and variance"),
    (last_point_dropped, "normal-normal", WEIGHT, "pointwise", "every draw should be log p(x)"),
    (factorial_forgotten, "gamma-poisson", WEIGHT, "pointwise", "off by the same number for every q"),
    (rate_for_scale, "gamma-poisson", WEIGHT, "expectation", "not the ELBO"),
    (binomial_coefficient_forgotten, "beta-binomial", WEIGHT, "pointwise", "off by the same number for every q"),
    (factor_transposed, "linear-gaussian", WEIGHT, "expectation", "not the ELBO"),
    (transitions_transposed, "hidden-markov", WEIGHT, "pointwise", "every draw should be log p(x)"),
    (largest_weight, "gaussian-mixture", IWAE, "expectation", "not the importance-weighted bound"),
]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("objective", "model", "declared", "layer", "says"), MISTAKES, ids=lambda v: getattr(v, "__name__", "")
)
def test_a_mistake_is_caught_and_the_message_helps(
    objective: Callable[..., Any], model: str, declared: dict[str, Any], layer: str, says: str, seed: int
) -> None:
    """The one that needs draws is caught with a probability that its e-value puts far above 0.999."""
    case = strategies.build(model, seed, **SHAPES[model])
    with pytest.raises(ObjectiveError) as caught:
        check_objective(objective, case, **declared, budget=Budget(1e-6))
    assert caught.value.finding.layer == layer
    assert says in str(caught.value)


def test_an_exception_of_the_objective_is_not_swallowed() -> None:
    def broken(rng: Any) -> Any:
        raise RuntimeError("a mistake of the user's own")

    with pytest.raises(RuntimeError, match="user's own"):
        check_objective(broken, strategies.build("normal-normal", 0), returns="elbo", reduction="sum")


def test_a_misspelt_argument_is_named_with_those_that_exist() -> None:
    with pytest.raises(TypeError, match=r"takes 'modle'; it may take model \(the model with its data\), q"):
        check_objective(lambda modle, rng: 0.0, strategies.build("normal-normal", 0), returns="elbo", reduction="sum")


def test_where_randomness_comes_from_must_be_said() -> None:
    with pytest.raises(TypeError, match="takes neither rng nor seed"):
        check_objective(lambda model, q: 0.0, strategies.build("normal-normal", 0), returns="elbo", reduction="sum")


def test_a_black_box_too_blunt_to_decide_says_what_it_would_have_seen() -> None:
    """Half of the KL of this q is less than what 64 draws can tell from chance."""
    case = strategies.build("ppca", 1, **SHAPES["ppca"])

    def loss(seed: int) -> Any:
        return vae_loss(case.model, draw(case.q, np.random.default_rng(seed)), 0.5 * kl(case.q))

    report = check_objective(loss, case, **VAE, max_draws=64, budget=Budget(1e-6))
    (finding,) = report.with_status("undecided")
    deviation = 0.5 * kl(case.q).sum()
    assert finding.detail["smallest detectable"] > deviation
    assert "no evidence in 64 draws" in finding.message
    assert "max_draws" in finding.message
