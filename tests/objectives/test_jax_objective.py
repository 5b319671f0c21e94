"""Objectives written in JAX: right ones pass, wrong ones are caught, and nothing of JAX's state changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="the JAX adapter is tested where JAX is installed")

import jax.numpy as jnp  # noqa: E402
from jax.random import normal as imported_by_name  # noqa: E402

from verify import strategies  # noqa: E402
from verify.objectives import ObjectiveError, check_objective  # noqa: E402
from verify.objectives.adapters.jax_objective import jax_objective  # noqa: E402
from verify.objectives.noise import FreshNoise, NoiseError, PrescribedNoise  # noqa: E402

SEEDS = range(5)


def gaussian_loss(model: Any, q: Any, key: Any, bug: str = "") -> Any:
    """The loss of a Gaussian VAE with a linear decoder, with the KL as a formula."""
    scale = q.variance if bug == "variance as scale" else jnp.sqrt(q.variance)
    z = q.mean + scale * jax.random.normal(key, q.mean.shape)
    residual = model.x - model.mean - z @ model.loadings.T
    log_likelihood = -0.5 * (residual**2 / model.noise_variance + jnp.log(2 * jnp.pi * model.noise_variance)).sum()
    kl = 0.5 * (q.mean**2 + q.variance - 1 - jnp.log(q.variance)).sum()
    if bug == "KL detached":
        kl = jax.lax.stop_gradient(kl)
    if bug == "KL of the wrong sign":
        kl = -kl
    if bug == "no KL":
        kl = 0.0
    return kl - log_likelihood


def log_normal_density(x: Any, mean: Any, variance: Any) -> Any:
    return -0.5 * ((x - mean) ** 2 / variance + jnp.log(2 * jnp.pi * variance))


def importance_weighted(model: Any, q: Any, key: Any, samples: int, bug: str = "") -> Any:
    """log of the mean of the weights of a normal latent that all data share, by vmap over keys."""

    def log_weight(k: Any) -> Any:
        z = q.mean + jnp.sqrt(q.variance) * jax.random.normal(k, q.mean.shape)
        log_joint = log_normal_density(z, model.prior_mean, model.prior_variance).sum()
        log_joint += log_normal_density(model.x, z, model.likelihood_variance).sum()
        return log_joint - log_normal_density(z, q.mean, q.variance).sum()

    logs = jax.vmap(log_weight)(jax.random.split(key, samples))
    return jax.scipy.special.logsumexp(logs) - (0.0 if bug else jnp.log(samples))


def score_function(model: Any, q: Any, key: Any, bug: str = "") -> Any:
    """A discrete latent; the value is the log weight, the gradient that of REINFORCE."""
    z = jax.random.categorical(key, jnp.log(q.probabilities))
    log_q = jnp.log(q.probabilities[jnp.arange(len(z)), z]).sum()
    log_joint = jnp.log(model.likelihood[z, model.x] * model.prior[z]).sum()
    log_weight = log_joint - log_q
    score = log_q - jax.lax.stop_gradient(log_q)
    return log_weight + (0.0 if bug else jax.lax.stop_gradient(log_weight) * score)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_right_vae_loss_passes_with_gradients_in_q_and_model(seed: int) -> None:
    case = strategies.build("ppca", seed, points=3, latents=2)
    report = check_objective(jax_objective(gaussian_loss_of("")), case, returns="loss", reduction="sum")
    held = {finding.property for finding in report.with_status("held")}
    assert {f"E[gradient in {name}] is exact" for name in ("mean", "variance", "model.loadings")} <= held
    assert "E[value] = log p(x) at the posterior" in held


def gaussian_loss_of(bug: str) -> Any:
    return lambda model, q, key: gaussian_loss(model, q, key, bug)


@pytest.mark.parametrize("bug", ["variance as scale", "KL detached", "KL of the wrong sign", "no KL"])
def test_wrong_vae_losses_are_caught(bug: str) -> None:
    case = strategies.build("ppca", 1, points=3, latents=2)
    with pytest.raises(ObjectiveError) as caught:
        check_objective(jax_objective(gaussian_loss_of(bug)), case, returns="loss", reduction="sum")
    assert caught.value.finding.layer == ("gradients" if bug == "KL detached" else "expectation")


@pytest.mark.parametrize("bug", ["", "log K missing"])
def test_importance_weighted_bounds_by_vmap_over_keys(bug: str) -> None:
    case = strategies.build("normal-normal", 2)
    objective = jax_objective(lambda model, q, key, samples: importance_weighted(model, q, key, samples, bug))
    declared: dict[str, Any] = {"returns": "elbo", "reduction": "sum", "kind": "iwae", "samples": 2}
    if not bug:
        report = check_objective(objective, case, **declared, plate=False, estimator="log-weight")
        held = {finding.property for finding in report.with_status("held")}
        assert {"E[value] = log p(x) at the posterior", "at the posterior every draw is log p(x)"} <= held
        assert any(name.startswith("E[value] = E[log mean of 2 weights]") for name in held)
        return
    with pytest.raises(ObjectiveError, match="log K"):
        check_objective(objective, case, **declared)


def test_discrete_latents_are_enumerated_and_their_gradient_is_exact() -> None:
    case = strategies.build("finite-table", 3, points=3, states=3, values=2)
    right = jax_objective(lambda model, q, key: score_function(model, q, key))
    report = check_objective(right, case, returns="elbo", reduction="sum", estimator="log-weight")
    assert all(f.detail["route"] == "enumeration" for f in report.findings if f.layer in ("expectation", "gradients"))
    wrong = jax_objective(lambda model, q, key: score_function(model, q, key, bug="no score"))
    with pytest.raises(ObjectiveError, match="gradient in probabilities"):
        check_objective(wrong, case, returns="elbo", reduction="sum")


def test_a_gamma_latent_has_the_right_value_and_gradient_in_its_shape() -> None:
    def elbo(model: Any, q: Any, key: Any) -> Any:
        z = jax.random.gamma(key, q.shape) / q.rate
        mean = model.exposure * z
        log_likelihood = (model.x * jnp.log(mean) - mean - jax.scipy.special.gammaln(model.x + 1)).sum()
        log_joint = gamma_log_density(z, model.shape, model.rate) + log_likelihood
        return log_joint - gamma_log_density(z, q.shape, q.rate)

    def gamma_log_density(z: Any, shape: Any, rate: Any) -> Any:
        return shape * jnp.log(rate) + (shape - 1) * jnp.log(z) - rate * z - jax.scipy.special.gammaln(shape)

    case = strategies.build("gamma-poisson", 4)
    report = check_objective(jax_objective(elbo), case, returns="elbo", reduction="sum", estimator="log-weight")
    assert "E[gradient in shape] is exact" in {finding.property for finding in report.with_status("held")}


def test_minibatches_are_enumerated() -> None:
    def loss(model: Any, q: Any, key: Any, batch: Any, scaled: bool = True) -> Any:
        mean, variance = q.mean[batch], q.variance[batch]
        z = mean + jnp.sqrt(variance) * jax.random.normal(key, mean.shape)
        residual = model.x[batch] - model.mean - z @ model.loadings.T
        noise = model.noise_variance
        loss = 0.5 * (residual**2 / noise + jnp.log(2 * jnp.pi * noise)).sum()
        loss += 0.5 * (mean**2 + variance - 1 - jnp.log(variance)).sum()
        return loss * (len(model.x) / len(batch) if scaled else 1.0)

    case = strategies.build("ppca", 5, points=3, latents=1)
    right = jax_objective(lambda model, q, key, batch: loss(model, q, key, batch))
    assert check_objective(right, case, returns="loss", reduction="sum", batch_size=2).failure is None
    wrong = jax_objective(lambda model, q, key, batch: loss(model, q, key, batch, scaled=False))
    with pytest.raises(ObjectiveError):
        check_objective(wrong, case, returns="loss", reduction="sum", batch_size=2)


def test_one_key_for_two_draws_is_a_wrong_objective() -> None:
    """With the same key the two draws are the same, so the average of two is no better than one."""

    def second_moment(model: Any, q: Any, key: Any, reused: bool) -> Any:
        first, second = (key, key) if reused else jax.random.split(key)
        one, two = (q.mean + jnp.sqrt(q.variance) * jax.random.normal(k, q.mean.shape) for k in (first, second))
        return (one * two).sum()

    case = strategies.build("ppca", 6, points=2, latents=2)
    product = {"returns": "elbo", "reduction": "sum", "reference": lambda model, q: float((q.mean**2).sum())}
    right = jax_objective(lambda model, q, key: second_moment(model, q, key, reused=False))
    found = value_in_expectation(right, case)
    assert found == pytest.approx(float((case.q.mean**2).sum()), rel=1e-12)
    wrong = jax_objective(lambda model, q, key: second_moment(model, q, key, reused=True))
    with pytest.raises(ObjectiveError):
        check_objective(wrong, case, **product)


def value_in_expectation(objective: Any, case: Any) -> float:
    from verify.objectives import Inquiry, Objective

    inquiry = Inquiry(objective, Objective("elbo", "sum"), case)
    return float(inquiry.expectation(inquiry.here).first().mean)


# ---------------------------------------------------------------- what cannot be prescribed is said, never mistaken


def test_draws_by_a_function_imported_by_name_are_noticed() -> None:
    def loss(model: Any, q: Any, key: Any) -> Any:
        z = q.mean + jnp.sqrt(q.variance) * imported_by_name(key, q.mean.shape)
        residual = model.x - model.mean - z @ model.loadings.T
        noise = model.noise_variance
        kl = 0.5 * (q.mean**2 + q.variance - 1 - jnp.log(q.variance)).sum()
        return kl + 0.5 * (residual**2 / noise + jnp.log(2 * jnp.pi * noise)).sum()

    case = strategies.build("ppca", 7, points=2, latents=2)
    report = check_objective(jax_objective(loss), case, returns="loss", reduction="sum", estimator="analytic-kl")
    skipped = [finding for finding in report.with_status("not applicable") if finding.layer == "expectation"]
    assert "not imported by name" in skipped[0].message
    assert [finding.layer for finding in report.with_status("undecided")] == ["draws"]


def test_two_different_draws_from_one_key_are_refused() -> None:
    objective = jax_objective(lambda q, key: jax.random.normal(key, (2,)).sum() + jax.random.normal(key, (3,)).sum())
    case = strategies.build("ppca", 8, points=2, latents=2)
    with pytest.raises(NoiseError, match="split the key"):
        objective.value(situation(case), PrescribedNoise())


def test_draws_inside_a_loop_are_refused_with_the_reason() -> None:
    def until_positive(key: Any) -> Any:
        def again(state: Any) -> Any:
            return jax.random.normal(state[1], ()), jax.random.split(state[1])[0]

        return jax.lax.while_loop(lambda state: state[0] < 0, again, (-1.0, key))[0]

    objective = jax_objective(lambda q, key: until_positive(key) + q.mean.sum())
    case = strategies.build("ppca", 8, points=2, latents=2)
    with pytest.raises(NoiseError, match="inside while"):
        objective.value(situation(case), PrescribedNoise())


def test_a_scan_over_keys_is_prescribed_step_by_step() -> None:
    def walk(q: Any, key: Any) -> Any:
        steps = jax.random.split(key, 3)
        end, _ = jax.lax.scan(lambda z, k: (z + jax.random.normal(k, ()), None), q.mean.sum(), steps)
        return end**2

    case = strategies.build("normal-normal", 8)
    found = value_in_expectation(jax_objective(walk), case)
    assert found == pytest.approx(float(case.q.mean**2 + 3), rel=1e-12)


def situation(case: Any) -> Any:
    from verify.objectives import Situation
    from verify.objectives.case import values

    return Situation(values(case), len(case.model.x))


def test_seeded_noise_is_tested_by_draws() -> None:
    """The prior's density counted twice; the level of the test is the default budget's share, below 1e-6."""

    def twice_the_prior(model: Any, q: Any, key: Any) -> Any:
        z = q.mean + jnp.sqrt(q.variance) * jax.random.normal(key, q.mean.shape)
        log_joint = 2 * log_normal_density(z, model.prior_mean, model.prior_variance).sum()
        log_joint += log_normal_density(model.x, z, model.likelihood_variance).sum()
        return log_joint - log_normal_density(z, q.mean, q.variance).sum()

    case = strategies.build("normal-normal", 9)
    wrong = jax_objective(twice_the_prior, noise="seeded")
    with pytest.raises(ObjectiveError) as caught:
        check_objective(wrong, case, returns="elbo", reduction="sum", variance=100.0, max_draws=4096)
    assert caught.value.finding.layer == "draws"


@pytest.mark.parametrize("parameter", ["weights", "rng"])
def test_unknown_parameters_are_refused(parameter: str) -> None:
    functions = {"weights": lambda weights, key: 0.0, "rng": lambda q, rng: 0.0}
    with pytest.raises(TypeError, match=parameter):
        jax_objective(functions[parameter])


def test_a_missing_field_is_named() -> None:
    objective = jax_objective(lambda q, key: q.logvar.sum() + jax.random.normal(key, ()))
    case = strategies.build("ppca", 10, points=2, latents=1)
    with pytest.raises(AttributeError, match=r"logvar.*mean, variance"):
        check_objective(objective, case, returns="elbo", reduction="sum")


# ---------------------------------------------------------------- draws, precision, state


def test_draws_depend_on_seed_and_number_alone() -> None:
    case = strategies.build("ppca", 11, points=2, latents=2)
    objective = jax_objective(gaussian_loss_of(""))
    here = situation(case)
    together, tail = objective.draws(here, 5, 0, 6), objective.draws(here, 5, 4, 6)
    np.testing.assert_allclose(together[4:], tail, rtol=1e-13)
    assert len(np.unique(together)) == 6
    np.testing.assert_allclose(objective.value(here, FreshNoise([5, 3])), together[3], rtol=1e-13)


def test_single_precision_is_tested_as_such() -> None:
    case = strategies.build("ppca", 12, points=2, latents=2)
    objective = jax_objective(gaussian_loss_of(""), dtype="float32")
    assert objective.value(situation(case), FreshNoise(0)).dtype == np.float32
    assert check_objective(objective, case, returns="loss", reduction="sum", dtype="float32").failure is None


def test_nothing_of_jax_is_left_changed() -> None:
    before = {name: getattr(jax.random, name) for name in dir(jax.random)}

    def failing(q: Any, key: Any) -> Any:
        jax.random.normal(key, ())
        raise RuntimeError("inside the user's code")

    case = strategies.build("ppca", 13, points=2, latents=2)
    with pytest.raises(RuntimeError, match="inside the user's code"):
        jax_objective(failing).value(situation(case), PrescribedNoise())
    check_objective(jax_objective(gaussian_loss_of("")), case, returns="loss", reduction="sum")
    assert {name: getattr(jax.random, name) for name in dir(jax.random)} == before
    assert jnp.zeros(1).dtype == jnp.float32
    assert jax.config.jax_disable_jit is False


def test_compiled_functions_of_the_user_work_before_and_after() -> None:
    """A function under jax.jit must not keep prescribed draws in its cache."""
    @jax.jit
    def compiled(x: Any, mean: Any, key: Any) -> Any:
        return (x.sum() + (mean + jax.random.normal(key, mean.shape)) ** 2).sum()

    case = strategies.build("ppca", 14, points=2, latents=2)
    objective = jax_objective(lambda model, q, key: compiled(model.x, q.mean, key))
    size = case.q.mean.size
    expected = case.model.x.sum() * size + (case.q.mean**2).sum() + size
    assert value_in_expectation(objective, case) == pytest.approx(float(expected), rel=1e-12)
    assert np.isfinite(compiled(jnp.ones(2), jnp.ones(2), jax.random.key(0)))
