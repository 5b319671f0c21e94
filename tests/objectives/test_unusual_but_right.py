"""Correct objectives in unusual styles are not called wrong: neither by an exact expectation nor by a sequential test.

All of them are deterministic but for those whose noise cannot be prescribed; these spend at most 1e-6 of false alarms
each, and their seeds are fixed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import gammaln

from verify import check_objective, strategies
from verify.objectives import Case, CheckReport
from verify.objectives.sequential import Budget

LOG_2PI = np.log(2 * np.pi)
SEEDS = range(3)


def log_normal(x: Any, mean: Any, variance: Any) -> Any:
    return -0.5 * (LOG_2PI + np.log(variance) + (x - mean) ** 2 / variance)


def ppca_log_weight(model: Any, q: Any, z: Any) -> Any:
    """One number for every leading index of z and every data point."""
    likelihood = log_normal(model.x, model.mean + z @ model.loadings.T, model.noise_variance).sum(-1)
    return likelihood + (log_normal(z, 0, 1) - log_normal(z, q.mean, q.variance)).sum(-1)


def exactly(report: CheckReport) -> bool:
    """Was the expectation found, and right?"""
    return any(f.layer == "expectation" and f.status == "held" for f in report.findings)


def by_draws(report: CheckReport) -> bool:
    """Did a sequential test run, and find nothing?"""
    return any(f.layer == "draws" and f.status == "undecided" for f in report.findings)


# ---------------------------------------------------------------- draws in unusual ways


def vectorised(model: Any, q: Any, samples: int, rng: Any) -> Any:
    z = q.mean + np.sqrt(q.variance) * rng.standard_normal((samples, *q.mean.shape))
    return ppca_log_weight(model, q, z).sum(-1).mean()


def in_a_loop(model: Any, q: Any, samples: int, rng: Any) -> Any:
    return sum(vectorised(model, q, 1, rng) for _ in range(samples)) / samples


def antithetic(model: Any, q: Any, samples: int, rng: Any) -> Any:
    half = rng.standard_normal((samples // 2, *q.mean.shape))
    z = q.mean + np.sqrt(q.variance) * np.concatenate([half, -half])
    return ppca_log_weight(model, q, z).sum(-1).mean()


def one_noise_for_all_points(model: Any, q: Any, samples: int, rng: Any) -> Any:
    z = q.mean + np.sqrt(q.variance) * rng.standard_normal((samples, 1, q.mean.shape[-1]))
    return ppca_log_weight(model, q, z).sum(-1).mean()


def by_scipy(model: Any, q: Any, samples: int, rng: Any) -> Any:
    z = stats.norm.rvs(q.mean, np.sqrt(q.variance), size=(samples, *q.mean.shape), random_state=rng)
    return ppca_log_weight(model, q, z).sum(-1).mean()


def by_a_full_covariance(model: Any, q: Any, samples: int, rng: Any) -> Any:
    rows = [rng.multivariate_normal(m, np.diag(v), size=samples) for m, v in zip(q.mean, q.variance, strict=True)]
    return ppca_log_weight(model, q, np.stack(rows, axis=1)).sum(-1).mean()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "objective", [vectorised, in_a_loop, antithetic, one_noise_for_all_points, by_scipy, by_a_full_covariance]
)
def test_draws_of_any_shape_and_order(objective: Any, seed: int) -> None:
    case = strategies.build("ppca", seed, points=3, latents=2, dimension=4)
    report = check_objective(objective, case, returns="elbo", reduction="sum", samples=4, estimator="log-weight")
    assert exactly(report)


@pytest.mark.parametrize("seed", range(6))
def test_dependent_draws_do_not_void_the_variance_bound(seed: int) -> None:
    """Antithetic draws of a function that is nearly even vary more than independent ones."""
    case = strategies.build("ppca", seed, points=2, latents=2, dimension=4)

    def objective_of_a_seed(seed: int) -> Any:
        return antithetic(case.model, case.q, 4, np.random.default_rng(seed))

    report = check_objective(
        objective_of_a_seed, case, returns="elbo", reduction="sum", samples=4, estimator="log-weight", max_draws=4096,
        budget=Budget(1e-6, tests=1),
    )  # fmt: skip
    assert by_draws(report)


def by_the_global_state(model: Any, q: Any) -> Any:
    z = np.random.normal(q.mean, np.sqrt(q.variance))
    return ppca_log_weight(model, q, z).sum()


@pytest.mark.parametrize("seed", SEEDS)
def test_global_random_numbers(seed: int) -> None:
    case = strategies.build("ppca", seed, points=3, latents=2, dimension=4)
    report = check_objective(
        by_the_global_state, case, returns="elbo", reduction="sum", estimator="log-weight", noise="global"
    )
    assert exactly(report)


@pytest.mark.parametrize("seed", SEEDS)
def test_single_precision(seed: int) -> None:
    case = strategies.build("ppca", seed, points=4, latents=3, dimension=6)

    def loss(model: Any, q: Any, rng: Any) -> Any:
        x, loadings, offset, mean, variance, noise = (
            np.asarray(array, dtype=np.float32)
            for array in (model.x, model.loadings, model.mean, q.mean, q.variance, model.noise_variance)
        )
        z = mean + np.sqrt(variance) * rng.standard_normal(mean.shape, dtype=np.float32)
        likelihood = log_normal(x, offset + z @ loadings.T, noise).sum(-1)
        return -(likelihood + (log_normal(z, 0, 1) - log_normal(z, mean, variance)).sum(-1)).astype(np.float32).mean()

    report = check_objective(loss, case, returns="loss", reduction="mean", estimator="log-weight", dtype="float32")
    assert exactly(report)


@pytest.mark.parametrize("seed", SEEDS)
def test_single_precision_bounds_in_k_at_the_posterior(seed: int) -> None:
    """There all bounds are equal but for the rounding of single precision, and may be in any order."""
    case = strategies.build("gaussian-mixture", seed, place="posterior", points=2, components=3, dimension=2)

    def bound(model: Any, q: Any, samples: int, rng: Any) -> Any:
        table = np.asarray(model.log_joints() - np.log(q.probabilities), dtype=np.float32)
        picks = np.stack([[rng.choice(len(p), p=p) for p in q.probabilities] for _ in range(samples)])
        logs = table[np.arange(len(table)), picks]
        return np.float32((np.logaddexp.reduce(logs, axis=0) - np.float32(np.log(samples))).sum())

    report = check_objective(
        bound, case, returns="elbo", reduction="sum", kind="iwae", samples=2, estimator="log-weight", dtype="float32"
    )
    assert exactly(report)


# ---------------------------------------------------------------- variance reduction and other estimators


@pytest.mark.parametrize("seed", SEEDS)
def test_sticking_the_landing(seed: int) -> None:
    """The gradient along the draws alone, without that of log q in its parameters, which is 0 on average."""
    case = strategies.build("normal-normal", seed, points=4)

    def value(model: Any, q: Any, rng: Any) -> Any:
        z = q.mean + np.sqrt(q.variance) * rng.standard_normal()
        return model.log_joint(np.array([z]))[0] - log_normal(z, q.mean, q.variance)

    def gradient(model: Any, q: Any, rng: Any) -> dict[str, Any]:
        std = np.sqrt(q.variance)
        noise = rng.standard_normal()
        along = model.log_joint_gradient(np.array([q.mean + std * noise]))[0] + noise / std
        return {"mean": along, "log_std": along * std * noise}

    report = check_objective(value, case, returns="elbo", reduction="sum", estimator="log-weight", gradient=gradient)
    assert {f.status for f in report.findings if f.layer == "gradients"} == {"held"}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_score_gradient_with_a_baseline(seed: int) -> None:
    case = strategies.build("finite-table", seed, points=2, states=3, values=3)

    def log_weights(model: Any, q: Any) -> Any:
        return np.log(model.likelihood[:, model.x].T * model.prior) - np.log(q.probabilities)

    def value(model: Any, q: Any, rng: Any) -> Any:
        z = [rng.choice(len(p), p=p) for p in q.probabilities]
        return log_weights(model, q)[np.arange(len(z)), z].sum()

    def gradient(model: Any, q: Any, rng: Any) -> dict[str, Any]:
        z = [rng.choice(len(p), p=p) for p in q.probabilities]
        signal = log_weights(model, q)[np.arange(len(z)), z] + 1.7
        return {"logits": signal[:, None] * (np.eye(q.probabilities.shape[1])[z] - q.probabilities)}

    report = check_objective(value, case, returns="elbo", reduction="sum", estimator="log-weight", gradient=gradient)
    assert {f.status for f in report.findings if f.layer == "gradients"} == {"held"}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_control_variate(seed: int) -> None:
    """A cubic in the noise with mean 0 is no longer quadratic, so orthogonal noise alone does not settle it."""
    case = strategies.build("normal-normal", seed, points=3)

    def value(model: Any, q: Any, rng: Any) -> Any:
        noise = rng.standard_normal()
        z = q.mean + np.sqrt(q.variance) * noise
        return model.log_joint(np.array([z]))[0] - log_normal(z, q.mean, q.variance) + 0.3 * noise**3

    assert exactly(check_objective(value, case, returns="elbo", reduction="sum"))


@pytest.mark.parametrize("seed", SEEDS)
def test_an_even_control_variate(seed: int) -> None:
    """|noise|⁴ - E|noise|⁴ is the same on all orthogonal rows, and not 0 there."""
    case = strategies.build("ppca", seed, points=2, latents=2, dimension=4)

    def value(model: Any, q: Any, rng: Any) -> Any:
        noise = rng.standard_normal(q.mean.shape)
        size = noise.size
        variate = (noise**2).sum() ** 2 - size * (size + 2)
        return ppca_log_weight(model, q, q.mean + np.sqrt(q.variance) * noise).sum() + 0.1 * variate

    report = check_objective(value, case, returns="elbo", reduction="sum")
    assert report.failure is None


@pytest.mark.parametrize("seed", SEEDS)
def test_importance_sampling_from_another_law(seed: int) -> None:
    case = strategies.build("normal-normal", seed, points=3)

    def value(model: Any, q: Any, rng: Any) -> Any:
        wide = 1.5 * q.variance
        z = q.mean + np.sqrt(wide) * rng.standard_normal()
        share = np.exp(log_normal(z, q.mean, q.variance) - log_normal(z, q.mean, wide))
        return share * (model.log_joint(np.array([z]))[0] - log_normal(z, q.mean, q.variance))

    assert check_objective(value, case, returns="elbo", reduction="sum").failure is None


def minibatch(model: Any, q: Any, pick: Any, rng: Any) -> Any:
    batch = pick(len(model.y), rng)
    z = q.mean + np.sqrt(q.variance) * rng.standard_normal(q.mean.shape)
    likelihood = log_normal(model.y[batch], model.features[batch] @ z, model.noise_variance).sum()
    ratio = (log_normal(z, model.prior_mean, model.prior_variance) - log_normal(z, q.mean, q.variance)).sum()
    return ratio + len(model.y) / len(batch) * likelihood


@pytest.mark.parametrize(
    "pick",
    [
        lambda n, rng: rng.choice(n, size=2, replace=False),
        lambda n, rng: rng.choice(n, size=2),
        lambda n, rng: rng.integers(n, size=2),
        lambda n, rng: rng.permutation(n)[:2],
        lambda n, rng: np.flatnonzero(rng.random(n) < 2.0) if n else None,
    ],
    ids=["without replacement", "with replacement", "integers", "permutation", "everything"],
)
def test_minibatches_that_the_objective_picks_itself(pick: Any) -> None:
    case = strategies.build("linear-regression-mean-field", 5, points=4, latents=2)

    def value(model: Any, q: Any, rng: Any) -> Any:
        return minibatch(model, q, pick, rng)

    assert exactly(check_objective(value, case, returns="elbo", reduction="sum", batch_size=2))


# ---------------------------------------------------------------- rejection sampling, and laws that are not normal


def marsaglia_tsang(shape: float, rng: Any) -> float:
    """A gamma draw for shape >= 1 by rejection: how many normals it takes is random."""
    d = shape - 1 / 3
    c = 1 / np.sqrt(9 * d)
    while True:
        noise = rng.standard_normal()
        v = (1 + c * noise) ** 3
        if v > 0 and np.log(rng.random()) < 0.5 * noise**2 + d - d * v + d * np.log(v):
            return float(d * v)


def gamma_draw(q: Any, rng: Any) -> float:
    shape = float(q.shape)
    boost = rng.random() ** (1 / shape) if shape < 1 else 1.0
    return marsaglia_tsang(shape + (shape < 1), rng) * boost / float(q.rate)


def gamma_poisson_log_weight(model: Any, q: Any, z: Any) -> Any:
    rates = model.exposure * z
    likelihood = (model.x * np.log(rates) - rates - gammaln(model.x + 1)).sum()
    laws = [(model.shape, model.rate), (q.shape, q.rate)]
    prior, own = (a * np.log(b) - gammaln(a) + (a - 1) * np.log(z) - b * z for a, b in laws)
    return likelihood + prior - own


@pytest.mark.parametrize("seed", SEEDS)
def test_gamma_draws_by_quantiles(seed: int) -> None:
    case = strategies.build("gamma-poisson", seed, points=3)

    def value(model: Any, q: Any, rng: Any) -> Any:
        return gamma_poisson_log_weight(model, q, rng.gamma(q.shape, 1 / q.rate))

    report = check_objective(value, case, returns="elbo", reduction="sum", estimator="log-weight")
    assert report.failure is None


@pytest.mark.parametrize("seed", SEEDS)
def test_gamma_draws_by_rejection(seed: int) -> None:
    case = strategies.build("gamma-poisson", seed, points=3)

    def value(model: Any, q: Any, rng: Any) -> Any:
        return gamma_poisson_log_weight(model, q, gamma_draw(q, rng))

    report = check_objective(
        value, case, returns="elbo", reduction="sum", estimator="log-weight", budget=Budget(1e-6, tests=1)
    )
    assert by_draws(report)


@pytest.mark.parametrize("seed", SEEDS)
def test_normals_by_box_and_muller(seed: int) -> None:
    case = strategies.build("normal-normal", seed, points=3)

    def value(model: Any, q: Any, rng: Any) -> Any:
        radius, angle = np.sqrt(-2 * np.log1p(-rng.random())), 2 * np.pi * rng.random()
        z = q.mean + np.sqrt(q.variance) * radius * np.cos(angle)
        return model.log_joint(np.array([z]))[0] - log_normal(z, q.mean, q.variance)

    report = check_objective(
        value, case, returns="elbo", reduction="sum", estimator="log-weight", budget=Budget(1e-6, tests=1)
    )
    assert report.failure is None


@pytest.mark.parametrize("seed", SEEDS)
def test_discrete_draws_by_gumbel_noise(seed: int) -> None:
    """The largest of log p + Gumbel noise: a step function of three normals, on which quadrature never settles."""
    case = strategies.build("finite-table", seed, points=2, states=3, values=3)

    def value(model: Any, q: Any, rng: Any) -> Any:
        z = np.argmax(np.log(q.probabilities) + rng.gumbel(size=q.probabilities.shape), axis=-1)
        rows = np.arange(len(z))
        return np.log(model.likelihood[z, model.x] * model.prior[z] / q.probabilities[rows, z]).sum()

    report = check_objective(
        value, case, returns="elbo", reduction="sum", estimator="log-weight", budget=Budget(1e-6, tests=1)
    )
    assert by_draws(report)


def test_one_number_in_any_dress() -> None:
    case = strategies.build("normal-normal", 1, points=2)
    dresses = [float, np.float64, lambda v: np.array([v]), lambda v: np.array([[v]]), lambda v: np.array(v)]
    for dress in dresses:
        report = check_objective(
            lambda model, q, dress=dress: dress(model.elbo(q)), case, returns="elbo", reduction="sum", noise="none"
        )
        assert exactly(report)


def test_a_case_whose_objective_knows_model_and_q_already() -> None:
    case = strategies.build("ppca", 2, points=2, latents=2, dimension=4)

    def loss(rng: Any) -> Any:
        return -vectorised(case.model, case.q, 1, rng) / 2

    report = check_objective(loss, Case(case.model, case.q), returns="loss", reduction="mean", estimator="log-weight")
    assert exactly(report)
