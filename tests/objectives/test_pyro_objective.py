"""Pyro's objectives with a model and a guide: exact values, gradients, refusals, and that nothing stays changed."""

from __future__ import annotations

import math
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyro", reason="the Pyro adapter is tested where Pyro is installed")

import pyro
import torch
from pyro import distributions as dist
from pyro import poutine
from pyro.distributions import constraints
from pyro.infer import RenyiELBO, Trace_ELBO, TraceEnum_ELBO, TraceTailAdaptive_ELBO, config_enumerate
from pyro.infer.autoguide import AutoMultivariateNormal, AutoNormal
from surveys import models
from surveys.pyro_objectives import LIBRARY

from verify import strategies
from verify.objectives import Implementation, ObjectiveError, check_objective
from verify.objectives.adapters.pyro_objective import declaration, pyro_function, pyro_objective

X = np.array([0.1, 1.5, -0.7])


def normal(**changes: Any) -> Any:
    setting = models.normal_normal(LIBRARY)
    arguments = {"params": setting.params, "args": setting.args, "posterior": setting.posterior, **changes}
    return pyro_objective(setting.model, setting.guide, Trace_ELBO(), **arguments)


# ---------------------------------------------------------------- exact values


def test_evidence_elbo_and_gradient_of_normals_are_those_of_textbooks() -> None:
    case = normal().case
    variance, prior, noise, loc, scale = 0.6**2, 1.2**2, 0.8**2, 0.4, 0.6
    covariance = prior * np.ones((3, 3)) + noise * np.eye(3)
    away = X - 0.5
    evidence = -0.5 * (away @ np.linalg.solve(covariance, away) + np.linalg.slogdet(2 * np.pi * covariance)[1])
    likelihood = -0.5 * (((X - loc) ** 2 + variance) / noise + np.log(2 * np.pi * noise)).sum()
    kl = 0.5 * (variance / prior + (loc - 0.5) ** 2 / prior - 1 - math.log(variance / prior))
    assert case.model.log_evidence() == pytest.approx(evidence, rel=1e-12)
    assert case.model.elbo(case.q) == pytest.approx(likelihood - kl, rel=1e-12)
    gradient = case.model.elbo_gradient(case.q)
    assert gradient["loc"] == pytest.approx(((X - loc) / noise).sum() - (loc - 0.5) / prior, rel=1e-10)
    assert gradient["scale"] == pytest.approx(-3 * scale / noise - scale / prior + 1 / scale, rel=1e-10)


def test_finite_latents_are_enumerated_and_pieces_added() -> None:
    setting = models.mixture(LIBRARY)
    subject = pyro_objective(setting.model, setting.guide, Trace_ELBO(), params=setting.params, args=setting.args)
    weights, means = models.WEIGHTS, models.MEANS
    joint = weights * np.exp(-0.5 * ((setting.args[0][:, None] - means) / 0.9) ** 2) / (0.9 * math.sqrt(2 * math.pi))
    chances = setting.params["chances"]
    assert subject.case.model.log_evidence() == pytest.approx(np.log(joint.sum(-1)).sum(), rel=1e-12)
    expected = (chances * (np.log(joint) - np.log(chances))).sum()
    assert subject.case.model.elbo(subject.case.q) == pytest.approx(expected, rel=1e-12)
    assert subject.case.q.program.latents.pieces == 2


def test_control_flow_that_depends_on_latents_is_evaluated_row_by_row() -> None:
    def model() -> None:
        z = pyro.sample("z", dist.Bernoulli(0.3))
        scale = 2.0 if z.item() else 0.5
        pyro.sample("x", dist.Normal(0.0, scale), obs=torch.tensor(1.0))

    def guide() -> None:
        pyro.sample("z", dist.Bernoulli(pyro.param("p", torch.tensor(0.6), constraint=constraints.unit_interval)))

    subject = pyro_objective(model, guide, Trace_ELBO())
    density = [math.exp(-0.5 / s**2) / (s * math.sqrt(2 * math.pi)) for s in (0.5, 2.0)]
    assert subject.case.model.log_evidence() == pytest.approx(math.log(0.7 * density[0] + 0.3 * density[1]))
    assert any(f.layer == "gradients" and f.status == "held" for f in subject.check().findings)


# ---------------------------------------------------------------- checks


def test_a_right_objective_passes_all_layers() -> None:
    subject = normal()
    assert isinstance(subject.implementation, Implementation)
    report = subject.check()
    held = {f.property for f in report.findings if f.status == "held"}
    assert {"at the posterior every draw is log p(x)", "E[gradient in loc] is exact", "E[value] <= log p(x)"} <= held


class WithoutGuide(Trace_ELBO):
    """A mistake: log q(z) is left out."""

    def _get_trace(self, model: Any, guide: Any, args: Any, kwargs: Any) -> Any:
        return super()._get_trace(model, pyro.poutine.scale(guide, scale=1e-12), args, kwargs)


class HalfGradient(Trace_ELBO):
    """A mistake in the gradient alone."""

    def loss_and_grads(self, model: Any, guide: Any, *args: Any, **kwargs: Any) -> Any:
        loss = 0.5 * self.differentiable_loss(model, guide, *args, **kwargs)
        loss.backward()
        return 2 * loss.item()


@pytest.mark.parametrize(("objective", "layer"), [(WithoutGuide(), "pointwise"), (HalfGradient(), "gradients")])
def test_a_wrong_objective_is_caught(objective: Any, layer: str) -> None:
    setting = models.normal_normal(LIBRARY)
    subject = pyro_objective(
        setting.model, setting.guide, objective, params=setting.params, args=setting.args, posterior=setting.posterior
    )
    with pytest.raises(ObjectiveError) as caught:
        subject.check()
    assert caught.value.finding.layer == layer


def own_loss(model: Any, guide: Any, x: Any, halved: bool = False) -> Any:
    """As Pyro's documentation of custom objectives has it."""
    drawn = poutine.trace(guide).get_trace(x)
    scored = poutine.trace(poutine.replay(model, drawn)).get_trace(x)
    loss = drawn.log_prob_sum() - scored.log_prob_sum()
    return loss.detach() + 0.5 * (loss - loss.detach()) if halved else loss


def test_a_function_is_an_objective_once_it_is_declared() -> None:
    setting = models.normal_normal(LIBRARY)
    given = {"params": setting.params, "args": setting.args, "posterior": setting.posterior}
    right = pyro_objective(setting.model, setting.guide, own_loss, **given)
    report = right.check(returns="loss", reduction="sum", estimator="log-weight")
    held = {finding.layer for finding in report.findings if finding.status == "held"}
    assert {"pointwise", "expectation", "gradients", "bounds"} <= held
    with pytest.raises(TypeError, match="returns"):
        right.check()
    wrong = pyro_objective(setting.model, setting.guide, partial(own_loss, halved=True), **given)
    with pytest.raises(ObjectiveError) as caught:
        wrong.check(returns="loss", reduction="sum")
    assert caught.value.finding.layer == "gradients"


def test_a_failure_shows_the_parameters() -> None:
    with pytest.raises(ObjectiveError, match=r"guide\(loc=0.4, scale=0.6\)"):
        normal().check(beta=0.5)


def test_a_wrong_model_of_the_users_is_caught_by_its_posterior() -> None:
    with pytest.raises(ObjectiveError, match="posterior"):
        normal(posterior={"loc": 0.35, "scale": 0.4}).check()


@pytest.mark.parametrize("automatic", [AutoNormal, AutoMultivariateNormal])
def test_automatic_guides_work_and_stay_as_they_are(automatic: Any) -> None:
    setting = models.logistic(LIBRARY)
    with pyro.get_param_store().scope():
        guide = automatic(setting.model)
        model = guide.model
        report = pyro_objective(setting.model, guide, Trace_ELBO(), args=setting.args).check(evaluations=256)
        assert not list(guide.parameters())  # not even initialised: a copy was
        assert guide.model is model
    held = {f.layer for f in report.findings if f.status == "held"}
    assert {"structure", "expectation", "gradients", "bounds"} <= held


def test_finite_latents_of_the_model_alone_are_summed_out() -> None:
    setting = models.summed_mixture(LIBRARY)
    subject = pyro_objective(setting.model, setting.guide, TraceEnum_ELBO(), params=setting.params, args=setting.args)
    report = subject.check(evaluations=256)
    assert any(f.layer == "expectation" and f.status == "held" for f in report.findings)


def test_enumerated_guides_need_no_draws() -> None:
    setting = models.mixture(LIBRARY)
    guide = config_enumerate(setting.guide, default="parallel")
    report = pyro_objective(setting.model, guide, TraceEnum_ELBO(), params=setting.params, args=setting.args).check()
    found = next(f for f in report.findings if f.layer == "expectation")
    assert (found.status, found.detail["route"]) == ("held", "one evaluation")


# ---------------------------------------------------------------- solvable models


def ppca_model(x: Any, loadings: Any, mean: Any, scale: Any) -> None:
    with pyro.plate("data", len(x)):
        z = pyro.sample("z", dist.Normal(torch.zeros(loadings.shape[1]), 1.0).to_event(1))
        pyro.sample("x", dist.Normal(z @ loadings.T + mean, scale).to_event(1), obs=x)


def ppca_arguments(model: Any, q: Any) -> Any:
    shared = (model.x, model.loadings, model.mean, model.noise_variance.sqrt())
    return (*shared, q.mean, q.std)


def on_ppca(guide_scale: float = 1.0) -> Any:
    def model(x: Any, loadings: Any, mean: Any, scale: Any, *of_guide: Any) -> None:
        ppca_model(x, loadings, mean, scale)

    def guide(x: Any, loadings: Any, mean: Any, scale: Any, loc: Any, std: Any) -> None:
        with pyro.plate("data", len(x)):
            pyro.sample("z", dist.Normal(loc, guide_scale * std).to_event(1))

    return pyro_function(model, guide, Trace_ELBO(), ppca_arguments)


def test_models_of_any_size_with_a_closed_form_pass_with_gradients_in_all_parameters() -> None:
    case = strategies.build("ppca", 1, points=3, latents=2, dimension=4)
    report = check_objective(on_ppca(), case, **declaration(Trace_ELBO()))
    held = {f.property for f in report.findings if f.status == "held"}
    assert {"E[gradient in model.loadings] is exact", "E[value] = ELBO(q)"} <= held
    with pytest.raises(ObjectiveError):
        check_objective(on_ppca(guide_scale=1.1), case, **declaration(Trace_ELBO()))


# ---------------------------------------------------------------- refusals, and the user's state


def test_what_is_out_of_reach_is_refused_with_the_reason() -> None:
    def wide() -> None:
        pyro.sample("z", dist.Normal(torch.zeros(3), 1.0).to_event(1))

    with pytest.raises(ValueError, match="2 continuous dimensions"):
        pyro_objective(wide, wide, Trace_ELBO())

    def batches(x: Any) -> None:
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        with pyro.plate("data", 3, subsample_size=2) as chosen:
            pyro.sample("x", dist.Normal(z, 1.0), obs=x[chosen])

    with pytest.raises(ValueError, match="subsamples"):
        pyro_objective(batches, lambda x: pyro.sample("z", dist.Normal(0.0, 1.0)), Trace_ELBO(), args=(X,))
    with pytest.raises(KeyError, match="'sigma'"):
        normal(params={"sigma": 1.0})


def test_objectives_without_a_value_or_unknown_ones_are_refused_by_name() -> None:
    with pytest.raises(TypeError, match="TraceTailAdaptive_ELBO has no value"):
        declaration(TraceTailAdaptive_ELBO(num_particles=2, vectorize_particles=True))
    with pytest.raises(TypeError, match="SimpleNamespace"):
        declaration(SimpleNamespace(num_particles=1))
    assert declaration(RenyiELBO(alpha=0.5, num_particles=3))["alpha"] == 0.5


def test_parameter_store_precision_and_random_state_stay_as_they_are() -> None:
    store = pyro.get_param_store()
    with store.scope():
        pyro.param("loc", torch.tensor(7.0))
        torch.manual_seed(3)
        expected = torch.rand(2)
        torch.manual_seed(3)
        normal().check()
        assert torch.equal(torch.rand(2), expected)
        assert list(store.keys()) == ["loc"]
        assert store["loc"].item() == 7.0
        assert store["loc"].grad is None
    assert torch.get_default_dtype() == torch.float32
