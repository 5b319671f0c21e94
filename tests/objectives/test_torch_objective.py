"""The PyTorch adapter: what an objective is given, what comes back, and that nothing stays changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="tests the PyTorch adapter")

import torch

from verify import strategies
from verify.models import Normal
from verify.objectives import Case, Implementation, ObjectiveError, Situation, Unsolved, check_objective
from verify.objectives.adapters import torch_batch
from verify.objectives.adapters.pytorch import decoder_model, replaced, torch_objective
from verify.objectives.implementation import Vectorised
from verify.objectives.noise import FreshNoise, NoiseError, PrescribedNoise

LAW = torch.distributions


def situation_of(name: str, seed: int = 3, **shape: int) -> tuple[Any, Situation]:
    case = strategies.build(name, seed, **shape)
    return case, Situation({"model": case.model, "q": case.q, "samples": 3}, len(case.model.data()))


def ppca_loss(x: Any, mean: Any, logvar: Any, loadings: Any, centre: Any, noise: Any) -> Any:
    z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
    squares = (x - centre - z @ loadings.T) ** 2
    reconstruction = 0.5 * (squares / noise + torch.log(2 * torch.pi * noise)).sum(-1)
    return (reconstruction + 0.5 * (mean**2 + logvar.exp() - 1 - logvar).sum(-1)).mean()


def from_model(model: Any, q: Any) -> Any:
    return ppca_loss(model.x, q.mean, q.logvar, model.loadings, model.mean, model.noise_variance)


# ---------------------------------------------------------------- arguments


def test_it_is_an_implementation_that_can_make_many_calls_at_once() -> None:
    objective = torch_objective(from_model)
    assert isinstance(objective, Implementation)
    assert isinstance(objective, Vectorised)
    assert (objective.arguments, objective.randomness) == ({"model", "q"}, "prescribed")


def test_fields_arrive_as_tensors_and_other_coordinates_are_functions_of_them() -> None:
    seen = {}

    def look(q: Any) -> Any:
        seen.update(mean=q.mean, std=q.std, logvar=q.logvar, log_variance=q.log_variance, log_std=q.log_std)
        return q.mean.sum()

    case, situation = situation_of("ppca")
    torch_objective(look).value(situation, PrescribedNoise())
    assert {(t.dtype, t.requires_grad) for t in seen.values()} == {(torch.float64, True)}
    assert seen["std"].detach().numpy() == pytest.approx(np.sqrt(case.q.variance))
    assert torch.equal(seen["logvar"], seen["log_variance"])
    assert seen["log_std"].detach().numpy() == pytest.approx(np.log(case.q.variance) / 2)


def test_whole_numbers_stay_whole_and_probabilities_have_logits() -> None:
    case, situation = situation_of("finite-table")

    def look(model: Any, q: Any) -> Any:
        assert model.x.dtype == torch.int64
        return q.logits.softmax(-1).sum() + (q.logits.softmax(-1) - q.probabilities).abs().sum()

    assert torch_objective(look).value(situation, PrescribedNoise()) == pytest.approx(len(case.q.probabilities))


def test_a_name_that_is_no_field_is_refused_with_those_that_are() -> None:
    _, situation = situation_of("ppca")
    with pytest.raises(AttributeError, match=r"no field 'sigma'.*mean, variance"):
        torch_objective(lambda q: q.sigma).value(situation, PrescribedNoise())


def test_parameters_with_other_names_and_generators_of_numpy_are_refused() -> None:
    with pytest.raises(TypeError, match="it may take"):
        torch_objective(lambda theta: theta)
    with pytest.raises(TypeError, match="takes no rng"):
        torch_objective(lambda q, rng: q)


# ---------------------------------------------------------------- values and gradients


def test_gradients_in_every_field_are_those_of_finite_differences() -> None:
    case, situation = situation_of("ppca", points=2, latents=2, dimension=3)
    objective, rng, step = torch_objective(from_model), np.random.default_rng(0), 1e-6
    row = rng.normal(size=case.q.mean.size)
    gradient = objective.gradient(situation, PrescribedNoise(row))
    assert {"mean", "variance", "model.loadings", "model.noise_variance"} <= set(gradient)
    for owner, record in (("q", case.q), ("model", case.model)):
        for name, direction in record.directions(rng).items():
            ends = [
                objective.value(situation.at(**{owner: record.moved({name: direction}, s)}), PrescribedNoise(row))
                for s in (-step, step)
            ]
            slope = float(ends[1] - ends[0]) / (2 * step)
            found = gradient[name if owner == "q" else f"model.{name}"]
            assert float(np.sum(found * direction)) == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_parameters_of_the_model_that_do_not_matter_have_no_gradient_but_those_of_q_are_zero() -> None:
    _, situation = situation_of("ppca")
    gradient = torch_objective(lambda model, q: q.mean.sum() + model.x.sum()).gradient(situation, PrescribedNoise())
    assert set(gradient) == {"mean", "variance"}
    assert not gradient["variance"].any()


@pytest.mark.parametrize("gradients", ["q", "none"])
def test_gradients_can_be_asked_for_in_part(gradients: Any) -> None:
    _, situation = situation_of("ppca")
    objective = torch_objective(from_model, gradients=gradients)
    assert objective.has_gradient == (gradients == "q")
    if gradients == "q":
        assert set(objective.gradient(situation, PrescribedNoise())) == {"mean", "variance"}


def test_a_number_without_its_tensor_has_no_gradient() -> None:
    _, situation = situation_of("ppca")
    objective = torch_objective(lambda q: q.mean.sum().item())
    assert np.isfinite(objective.value(situation, PrescribedNoise()))
    with pytest.raises(TypeError, match="needs a tensor"):
        objective.gradient(situation, PrescribedNoise())


def test_single_precision_works_and_is_checked_to_single_precision() -> None:
    case = strategies.build("ppca", 5)
    objective = torch_objective(from_model, dtype="float32")
    assert objective.value(Situation({"model": case.model, "q": case.q}, 2), FreshNoise(0)).dtype == np.float32
    declared: dict[str, Any] = {"returns": "loss", "reduction": "mean", "estimator": "analytic-kl"}
    assert check_objective(objective, case, dtype="float32", **declared).failure is None


# ---------------------------------------------------------------- many calls at once


@pytest.mark.parametrize("name", ["ppca", "mixture"])
def test_draws_at_once_are_the_draws_one_by_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Normals, and categories whose axis PyTorch merges with that of the calls."""

    def mixture(model: Any, q: Any, samples: int) -> Any:
        law = LAW.Categorical(q.probabilities)
        z = law.sample((samples,))
        return law.log_prob(z).sum() + model.means[z].sum()

    function, place = (from_model, "ppca") if name == "ppca" else (mixture, "gaussian-mixture")
    _, situation = situation_of(place)
    together = torch_objective(function).draws(situation, 11, 4, 20)
    later = torch_objective(function).draws(situation, 11, 10, 13)
    monkeypatch.setattr("verify.objectives.adapters.pytorch.batched", lambda *arguments: None)
    one_by_one = torch_objective(function).draws(situation, 11, 4, 20)
    assert together == pytest.approx(one_by_one, rel=1e-13)
    assert later == pytest.approx(one_by_one[6:9], rel=1e-13)
    assert len(set(one_by_one.tolist())) > 10


def test_rows_at_once_are_rows_one_by_one_and_their_gradient_is_the_weighted_one() -> None:
    case, situation = situation_of("ppca", points=2, latents=2)
    objective, rng = torch_objective(from_model), np.random.default_rng(1)
    rows, weights = rng.normal(size=(5, case.q.mean.size)), rng.uniform(size=5)
    values, mean = objective.values(situation, rows), objective.mean_gradient(situation, rows, weights)
    assert values is not None
    assert mean is not None
    singly = [objective.gradient(situation, PrescribedNoise(row)) for row in rows]
    assert values == pytest.approx([float(objective.value(situation, PrescribedNoise(row))) for row in rows])
    for name, found in mean.items():
        expected = sum(weight * one[name] for weight, one in zip(weights, singly, strict=True))
        assert found == pytest.approx(expected, rel=1e-10)


def test_code_that_vmap_cannot_run_is_run_call_by_call_with_the_same_result() -> None:
    def branching(model: Any, q: Any) -> Any:
        value = from_model(model, q)
        return value if value.item() < 1e9 else -value

    case = strategies.build("ppca", 2)
    declared: dict[str, Any] = {"returns": "loss", "reduction": "mean", "estimator": "analytic-kl"}
    objective = torch_objective(branching)
    report = check_objective(objective, case, **declared)
    found = [f.found for f in report.findings if f.layer == "expectation"]
    again = check_objective(torch_objective(from_model), case, **declared)
    assert found == pytest.approx([f.found for f in again.findings if f.layer == "expectation"])
    assert objective.values(Situation({"model": case.model, "q": case.q}, 1), np.zeros((2, case.q.mean.size))) is None


def test_distributions_are_as_before_after_many_calls_at_once() -> None:
    validates, normal = LAW.Distribution._validate_args, LAW.normal._standard_normal
    with pytest.raises(ZeroDivisionError), torch_batch._batchable_distributions():
        raise ZeroDivisionError
    assert (LAW.Distribution._validate_args, LAW.normal._standard_normal) == (validates, normal)


# ---------------------------------------------------------------- kinds of noise, global state


def test_a_seeded_objective_is_tested_by_its_draws() -> None:
    case = strategies.build("ppca", 4, points=2)

    def seeded(model: Any, q: Any, seed: int) -> Any:
        torch.manual_seed(seed)
        return from_model(model, q)

    declared: dict[str, Any] = {"returns": "loss", "reduction": "mean", "estimator": "analytic-kl"}
    report = check_objective(torch_objective(seeded), case, max_draws=256, **declared)
    assert any(f.layer == "draws" and f.status == "undecided" for f in report.findings)
    with pytest.raises(ObjectiveError, match="mean of its draws"):
        check_objective(torch_objective(lambda model, q, seed: seeded(model, q, seed) + 5.0), case, **declared)


def test_precision_and_random_state_of_the_user_stay_as_they_are() -> None:
    _, situation = situation_of("ppca")
    torch.manual_seed(1)
    expected, dtype = torch.rand(2), torch.get_default_dtype()
    torch.manual_seed(1)
    torch_objective(from_model).value(situation, FreshNoise(0))

    def fails(q: Any) -> Any:
        torch.randn(3)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        torch_objective(fails).value(situation, FreshNoise(0))
    assert torch.equal(torch.rand(2), expected)
    assert torch.get_default_dtype() == dtype


def test_active_dropout_is_an_error_that_says_what_to_do() -> None:
    _, situation = situation_of("ppca")
    network = torch.nn.Dropout(0.2)
    objective = torch_objective(lambda q: network(q.mean).sum())
    with pytest.raises(NoiseError, match=r"\.eval\(\)"):
        objective.value(situation, FreshNoise(0))
    network.eval()
    assert np.isfinite(objective.value(situation, FreshNoise(0)))


# ---------------------------------------------------------------- networks


class Network(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = torch.nn.Linear(3, 4)
        self.decoder = torch.nn.Linear(2, 3)

    def encode(self, x: Any) -> Any:
        return self.encoder(x).chunk(2, -1)

    def forward(self, x: Any) -> Any:
        mean, logvar = self.encode(x)
        return self.decoder(mean), mean, logvar


def test_parts_of_a_network_are_replaced_in_a_copy() -> None:
    network = Network()
    changed = replaced(network, encode=lambda x: (x[:, :2], x[:, 1:]), decoder=lambda z: z * 10)
    x = torch.arange(6.0).reshape(2, 3)
    assert torch.equal(changed(x)[0], x[:, :2] * 10)
    assert torch.equal(network(x)[0], network.decoder(network.encode(x)[0]))
    assert isinstance(network.decoder, torch.nn.Linear)
    with pytest.raises(AttributeError, match="no part 'decode'"):
        replaced(network, decode=lambda z: z)


def test_a_decoder_with_a_prior_is_a_model_with_exact_values() -> None:
    """A linear decoder with normal noise: x ~ N(0, w wᵀ + σ²), so that the evidence has a closed form."""
    weights, sigma = torch.tensor([[0.7], [-1.2]], dtype=torch.float64), 0.8
    x = np.array([[0.3, -0.5], [1.4, 0.2]])
    model = decoder_model(lambda row, z: LAW.Normal(z @ weights.T, sigma).log_prob(row).sum(-1), x, latents=1)
    covariance = weights @ weights.T + sigma**2 * torch.eye(2, dtype=torch.float64)
    exact = LAW.MultivariateNormal(torch.zeros(2, dtype=torch.float64), covariance).log_prob(torch.tensor(x)).sum()
    assert model.log_evidence() == pytest.approx(float(exact), rel=1e-10)
    q = Normal(np.array([[0.2], [0.1]]), np.array([[0.5], [0.7]]))

    def elbo(q: Any, x: Any) -> Any:
        law = LAW.Normal(q.mean, q.std)
        z = law.rsample()
        likelihood = LAW.Normal(z @ weights.T, sigma).log_prob(x).sum()
        return likelihood - LAW.kl_divergence(law, LAW.Normal(0.0, 1.0)).sum()

    report = check_objective(torch_objective(elbo), Case(model, q), returns="elbo", reduction="sum")
    assert {f.layer for f in report.findings if f.status == "held"} >= {"expectation", "gradients", "bounds"}


def test_relations_are_tested_on_the_users_own_network() -> None:
    torch.manual_seed(0)
    decoder = torch.nn.Linear(2, 3).double()
    x = np.random.default_rng(0).normal(size=(4, 3))

    def loss(x: Any, encoder: Any, decoder: Any, shift: float, bug: bool = False) -> Any:
        mean, logvar = encoder(x)
        law = LAW.Normal(mean, torch.exp(0.5 * logvar))
        z = law.rsample()
        prior = LAW.Normal(0.0, 2.0 if bug else 1.0).log_prob(z).sum(-1)
        likelihood = LAW.Normal(decoder(z), 1.0).log_prob(x).sum(-1) + shift
        return -(likelihood + prior - law.log_prob(z).sum(-1)).mean()

    def prior(x: Any) -> Any:
        return torch.zeros(len(x), 2), torch.zeros(len(x), 2)

    case = Unsolved(x, decoder=decoder, encoder=prior)
    report = check_objective(torch_objective(loss), case, returns="loss", reduction="mean")
    held = {f.property for f in report.findings if f.layer == "relations" and f.status == "held"}
    assert held >= {"shifted likelihood", "duplicated data", "decoder without z"}

    def wrong(x: Any, encoder: Any, decoder: Any, shift: float) -> Any:
        return loss(x, encoder, decoder, shift, bug=True)

    with pytest.raises(ObjectiveError, match="do not cancel"):
        check_objective(torch_objective(wrong), case, returns="loss", reduction="mean")




# ---------------------------------------------------------------- unusual but right


def weights_of(model: Any, q: Any, log_q: Any, z: Any) -> Any:
    observed = LAW.Normal(z @ model.loadings.T + model.mean, model.noise_variance.sqrt())
    likelihood = observed.log_prob(model.x).sum((-2, -1))
    return likelihood + LAW.Normal(0.0, 1.0).log_prob(z).sum((-2, -1)) - log_q(z).sum((-2, -1))


def landed(model: Any, q: Any) -> Any:
    """The path derivative alone: log q with its parameters held fixed, whose score has mean 0."""
    z = LAW.Normal(q.mean, q.std).rsample()
    return weights_of(model, q, LAW.Normal(q.mean.detach(), q.std.detach()).log_prob, z)


def antithetic(model: Any, q: Any) -> Any:
    noise, law = torch.randn_like(q.mean), LAW.Normal(q.mean, q.std)
    return sum(weights_of(model, q, law.log_prob, q.mean + sign * q.std * noise) for sign in (-1, 1)) / 2


def several(model: Any, q: Any) -> Any:
    law = LAW.Normal(q.mean, q.std)
    return weights_of(model, q, law.log_prob, law.rsample((3,))).mean()


@pytest.mark.parametrize("elbo", [landed, antithetic, several])
def test_right_objectives_in_other_styles_pass_with_their_gradients(elbo: Any) -> None:
    case = strategies.build("ppca", 3, points=2, latents=2, dimension=3)
    report = check_objective(torch_objective(elbo), case, returns="elbo", reduction="sum")
    assert sum(f.layer == "gradients" and f.status == "held" for f in report.findings) == 5


def test_draws_in_place_have_no_path_to_q_and_are_told_so() -> None:
    def elbo(model: Any, q: Any) -> Any:
        z = torch.empty_like(q.mean).normal_() * q.std.detach() + q.mean.detach()
        return weights_of(model, q, LAW.Normal(q.mean, q.std).log_prob, z)

    case = strategies.build("ppca", 3, points=2, latents=2, dimension=3)
    with pytest.raises(ObjectiveError) as caught:
        check_objective(torch_objective(elbo), case, returns="elbo", reduction="sum")
    assert caught.value.finding.layer == "gradients"


def test_several_values_are_refused() -> None:
    _, situation = situation_of("ppca")
    with pytest.raises(TypeError, match="one tensor"):
        torch_objective(lambda q: (q.mean.sum(), q.mean)).value(situation, FreshNoise(0))


@pytest.mark.parametrize("name", ["beta-bernoulli", "gamma-poisson"])
def test_gradients_through_draws_that_pytorch_differentiates_approximately_are_not_called_wrong(name: str) -> None:
    def elbo(model: Any, q: Any) -> Any:
        if name == "beta-bernoulli":
            law, prior = LAW.Beta(q.a, q.b), LAW.Beta(model.a, model.b)
        else:
            law, prior = LAW.Gamma(q.shape, q.rate), LAW.Gamma(model.shape, model.rate)
        z = law.rsample()
        observed = LAW.Bernoulli(z) if name == "beta-bernoulli" else LAW.Poisson(z * model.exposure)
        return observed.log_prob(model.x.double()).sum() + prior.log_prob(z) - law.log_prob(z)

    report = check_objective(torch_objective(elbo), strategies.build(name, 1), returns="elbo", reduction="sum")
    held = {f.property for f in report.findings if f.layer == "gradients" and f.status == "held"}
    assert len(held) >= 2
