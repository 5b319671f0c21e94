"""NumPyro's objectives with a model and a guide of one's own: exact values by quadrature and enumeration."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

numpyro = pytest.importorskip("numpyro", reason="the NumPyro adapter is tested where NumPyro is installed")

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpyro.distributions as dist  # noqa: E402
from numpyro import handlers  # noqa: E402
from numpyro.distributions import constraints, discrete  # noqa: E402
from numpyro.infer import RenyiELBO, Trace_ELBO, TraceGraph_ELBO  # noqa: E402
from numpyro.infer.autoguide import AutoDiagonalNormal, AutoNormal  # noqa: E402
from numpyro.infer.util import log_density  # noqa: E402

from verify import models, strategies  # noqa: E402
from verify.objectives import Inquiry, Objective, ObjectiveError, Settings, check_objective  # noqa: E402
from verify.objectives.adapters.numpyro_objective import (  # noqa: E402
    declaration,
    numpyro_function,
    numpyro_objective,
)
from verify.objectives.layers import LAYERS  # noqa: E402


def normal_model(x: Any) -> None:
    mean = numpyro.sample("mean", dist.Normal(0.5, 1.2))
    with numpyro.plate("data", len(x)):
        numpyro.sample("x", dist.Normal(mean, 0.8), obs=x)


def normal_guide(x: Any) -> None:
    loc = numpyro.param("loc", 0.0)
    numpyro.sample("mean", dist.Normal(loc, numpyro.param("scale", 1.0, constraint=constraints.positive)))


X = np.array([0.1, 1.5, -0.7])
PARAMS = {"loc": 0.4, "scale": 0.6}


def closed_form() -> tuple[Any, Any]:
    return models.NormalNormal(X, 0.5, 1.2**2, 0.8**2), models.Normal.scalar(PARAMS["loc"], PARAMS["scale"] ** 2)


# ---------------------------------------------------------------- the oracle


def test_the_oracle_agrees_with_a_closed_form() -> None:
    oracle = numpyro_objective(normal_model, normal_guide, Trace_ELBO(), params=PARAMS, args=(X,)).case
    model, q = closed_form()
    assert oracle.model.log_evidence() == pytest.approx(model.log_evidence(), abs=1e-11)
    assert oracle.model.elbo_sum(oracle.q).value == pytest.approx(model.elbo(q), abs=1e-11)
    assert oracle.model.gap_sum(oracle.q).value == pytest.approx(model.gap(q), abs=1e-11)
    exact, found = model.elbo_gradient(q), oracle.model.elbo_gradient(oracle.q)
    assert oracle.model.elbo_sum(oracle.q).parts == pytest.approx(model.elbo_sum(q).parts, abs=1e-11)
    assert float(found["loc"]) == pytest.approx(float(exact["mean"]), rel=1e-9)
    assert float(found["scale"]) == pytest.approx(float(exact["variance"]) * 2 * PARAMS["scale"], rel=1e-9)


@pytest.mark.parametrize("shape", [0.4, 3.0])
def test_the_oracle_reaches_long_tails(shape: float) -> None:
    """In the log of a gamma variable the left tail is exponential, with a rate that may be small."""

    def model(x: Any) -> None:
        rate = numpyro.sample("rate", dist.Gamma(shape, 1.5))
        numpyro.sample("x", dist.Poisson(rate), obs=x)

    def guide(x: Any) -> None:
        a = numpyro.param("a", 1.0, constraint=constraints.positive)
        numpyro.sample("rate", dist.Gamma(a, 2.0))

    oracle = numpyro_objective(model, guide, Trace_ELBO(), params={"a": shape}, args=(np.array(0),)).case
    assert oracle.model.log_evidence() == pytest.approx(shape * np.log(1.5 / 2.5), abs=1e-10)
    expected = shape * np.log(1.5 / 2.0) + (2.0 - 1.5 - 1.0) * shape / 2.0
    assert oracle.model.elbo_sum(oracle.q).value == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("make", [AutoNormal, AutoDiagonalNormal])
def test_automatic_guides_of_two_latents(make: Any) -> None:
    """A positive latent among them; AutoDiagonalNormal makes its latents functions of one vector."""

    def model(x: Any) -> None:
        scale = numpyro.sample("scale", dist.HalfNormal(1.0))
        mean = numpyro.sample("mean", dist.Normal(0.0, 1.0))
        with numpyro.plate("data", len(x)):
            numpyro.sample("x", dist.Normal(mean, scale + 0.5), obs=x)

    subject = numpyro_objective(model, make(model), Trace_ELBO(), args=(X,))
    held = {finding.property for finding in subject.check().with_status("held")}
    assert {"E[value] = ELBO(q)", "E[value] <= log p(x)", "log p(x) - E[value] = KL(q ‖ p(z|x))"} <= held
    assert sum(name.startswith("E[gradient") for name in held) == len(subject.case.q.kinds())


def test_a_parameter_of_the_model_has_its_gradient_tested() -> None:
    def model(x: Any) -> None:
        mean = numpyro.sample("mean", dist.Normal(numpyro.param("prior_mean", 0.5), 1.2))
        with numpyro.plate("data", len(x)):
            numpyro.sample("x", dist.Normal(mean, 0.8), obs=x)

    report = numpyro_objective(model, normal_guide, Trace_ELBO(), params=PARAMS, args=(X,)).check()
    assert "E[gradient in prior_mean] is exact" in {finding.property for finding in report.with_status("held")}


# ---------------------------------------------------------------- wrong objectives, models and guides


class HalfTheGuide(Trace_ELBO):  # type: ignore[misc]
    """log q(z) counts half."""

    def loss(self, rng_key: Any, param_map: Any, model: Any, guide: Any, *args: Any, **kwargs: Any) -> Any:
        from numpyro.handlers import scale

        return super().loss(rng_key, param_map, model, scale(guide, 0.5), *args, **kwargs)


class Detached(Trace_ELBO):  # type: ignore[misc]
    """The value is right; the gradient in the scale of the guide is lost."""

    def loss(self, rng_key: Any, param_map: Any, model: Any, guide: Any, *args: Any, **kwargs: Any) -> Any:
        fixed = {**param_map, "scale": jax.lax.stop_gradient(param_map["scale"])}
        return super().loss(rng_key, fixed, model, guide, *args, **kwargs)


class OfTheOtherSign(Trace_ELBO):  # type: ignore[misc]
    """The ELBO where a loss is expected."""

    def loss(self, *args: Any, **kwargs: Any) -> Any:
        return -super().loss(*args, **kwargs)


@pytest.mark.parametrize(
    ("wrong", "layer"), [(HalfTheGuide, "expectation"), (Detached, "gradients"), (OfTheOtherSign, "expectation")]
)
def test_wrong_objectives_are_caught(wrong: Any, layer: str) -> None:
    subject = numpyro_objective(normal_model, normal_guide, wrong(), params=PARAMS, args=(X,))
    with pytest.raises(ObjectiveError) as caught:
        subject.check()
    assert caught.value.finding.layer == layer


def test_more_particles_are_the_same_elbo() -> None:
    subject = numpyro_objective(normal_model, normal_guide, Trace_ELBO(num_particles=2), params=PARAMS, args=(X,))
    assert "E[value] = ELBO(q)" in {finding.property for finding in subject.check().with_status("held")}


def test_a_posterior_that_is_none_is_noticed() -> None:
    subject = numpyro_objective(normal_model, normal_guide, Trace_ELBO(), params=PARAMS, args=(X,), posterior=PARAMS)
    with pytest.raises(ObjectiveError, match="at the posterior"):
        subject.check()


def test_what_is_out_of_reach_is_refused_with_the_reason() -> None:
    def wide(x: Any) -> None:
        numpyro.sample("z", dist.Normal(jnp.zeros(3), 1.0).to_event(1))

    def subsampled(x: Any) -> None:
        with numpyro.plate("data", len(x), subsample_size=2):
            numpyro.sample("z", dist.Normal(0.0, 1.0))

    for program, reason in ((wide, "continuous dimensions"), (subsampled, "subsamples")):
        with pytest.raises(ValueError, match=reason):
            numpyro_objective(program, program, Trace_ELBO(), args=(X,))


def test_pieces_that_are_not_independent_are_refused() -> None:
    def chain(x: Any) -> None:
        with numpyro.plate("data", len(x)):
            z = numpyro.sample("z", dist.Normal(0.0, 1.0))
            numpyro.sample("x", dist.Normal(jnp.cumsum(z), 1.0), obs=x)

    def guide(x: Any) -> None:
        with numpyro.plate("data", len(x)):
            numpyro.sample("z", dist.Normal(numpyro.param("loc", jnp.zeros(len(x))), 1.0))

    with pytest.raises(ValueError, match="depend on each other"):
        numpyro_objective(chain, guide, Trace_ELBO(), args=(X,))


def test_a_density_with_far_narrow_modes_is_refused() -> None:
    def model(x: Any) -> None:
        z = numpyro.sample("z", dist.Normal(0.0, 10.0))
        numpyro.sample("x", dist.Normal(z**2, 0.001), obs=x)

    def guide(x: Any) -> None:
        numpyro.sample("z", dist.Normal(numpyro.param("loc", 5.0), 0.1))

    oracle = numpyro_objective(model, guide, Trace_ELBO(), args=(np.array(25.0),)).case.model
    with pytest.raises(ValueError, match="far apart"):
        oracle.log_evidence()


def test_unknown_parameters_are_refused() -> None:
    with pytest.raises(KeyError, match="neither model nor guide"):
        numpyro_objective(normal_model, normal_guide, Trace_ELBO(), params={"sigma": 1.0}, args=(X,))


def test_nothing_of_numpyro_is_left_changed() -> None:
    before = discrete.categorical
    numpyro_objective(normal_model, normal_guide, Trace_ELBO(), params=PARAMS, args=(X,)).check()
    assert discrete.categorical is before
    assert jnp.zeros(1).dtype == jnp.float32


# ---------------------------------------------------------------- solvable models


def ppca_model(x: Any, loadings: Any, centre: Any, noise: Any) -> None:
    with numpyro.plate("data", x.shape[0]):
        z = numpyro.sample("z", dist.Normal(jnp.zeros(loadings.shape[1]), 1.0).to_event(1))
        numpyro.sample("x", dist.Normal(centre + z @ loadings.T, jnp.sqrt(noise)).to_event(1), obs=x)


def ppca_guide(x: Any, *parameters: Any) -> None:
    mean = numpyro.param("mean", jnp.zeros((x.shape[0], 2)))
    variance = numpyro.param("variance", jnp.ones((x.shape[0], 2)), constraint=constraints.positive)
    with numpyro.plate("data", x.shape[0]):
        numpyro.sample("z", dist.Normal(mean, jnp.sqrt(variance)).to_event(1))


def ppca_arguments(model: Any, q: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (model.x, model.loadings, model.mean, model.noise_variance), {"mean": q.mean, "variance": q.variance}


@pytest.mark.parametrize("seed", [0, 1])
def test_a_solvable_model_of_any_size(seed: int) -> None:
    """Six normals: the expectation by orthogonal noise, the exact value by formulas."""
    elbo, case = Trace_ELBO(), strategies.build("ppca", seed, points=3, latents=2)
    report = check_objective(
        numpyro_function(ppca_model, ppca_guide, elbo, ppca_arguments), case, **declaration(elbo)
    )
    held = {finding.property for finding in report.with_status("held")}
    assert {"E[gradient in variance] is exact", "E[gradient in model.loadings] is exact"} <= held


def test_importance_weights_of_a_plate_are_tested_by_draws() -> None:
    elbo, case = RenyiELBO(num_particles=2), strategies.build("ppca", 2, points=2, latents=1)
    objective = numpyro_function(ppca_model, ppca_guide, elbo, ppca_arguments)
    inquiry = Inquiry(objective, Objective(**declaration(elbo)), case, Settings(evaluations=64, max_draws=128))
    assert [finding.status for finding in LAYERS["pointwise"](inquiry)] == ["held"]
    assert [finding.status for finding in LAYERS["draws"](inquiry)] == ["undecided"]


@pytest.mark.parametrize("elbo", [Trace_ELBO(sum_sites=False), Trace_ELBO(multi_sample_guide=True)])
def test_objectives_that_estimate_no_single_bound_are_refused(elbo: Any) -> None:
    with pytest.raises(TypeError, match="one bound"):
        declaration(elbo)


def test_the_declaration_follows_the_class() -> None:
    assert declaration(RenyiELBO(alpha=0.5, num_particles=3))["alpha"] == 0.5
    assert declaration(RenyiELBO(num_particles=3))["kind"] == "iwae"
    assert declaration(TraceGraph_ELBO())["estimator"] == "log-weight"


def own_loss(key: Any, params: Any, model: Any, guide: Any, x: Any) -> Any:
    """The negative ELBO from one draw, as NumPyro's `loss` is called."""
    seeded = handlers.substitute(handlers.seed(guide, key), params)
    log_q, drawn = log_density(seeded, (x,), {}, params)
    log_p, _ = log_density(handlers.replay(handlers.seed(model, key), drawn), (x,), {}, params)
    return log_q - log_p


def test_a_function_is_an_objective_once_it_is_declared() -> None:
    right = numpyro_objective(normal_model, normal_guide, own_loss, params=PARAMS, args=(X,))
    report = right.check(returns="loss", reduction="sum", estimator="log-weight")
    held = {finding.layer for finding in report.findings if finding.status == "held"}
    assert {"expectation", "gradients", "bounds"} <= held
    with pytest.raises(TypeError, match="returns"):
        right.check()
    wrong = numpyro_objective(
        normal_model, normal_guide, lambda *given: 1.1 * own_loss(*given), params=PARAMS, args=(X,)
    )
    with pytest.raises(ObjectiveError, match="not the ELBO"):
        wrong.check(returns="loss", reduction="sum")
