"""Every way in which PyTorch code draws is answered by the source, exactly, and nothing stays changed afterwards."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from verify.objectives.noise import Expectation, FreshNoise, NoiseError, OutOfReachError, PrescribedNoise

pytest.importorskip("torch", reason="tests the PyTorch adapter")

import torch
from scipy import special

from verify.objectives.adapters.torch_noise import exact_derivatives, prescribed_torch, seeded_torch

LAW = torch.distributions
P = torch.tensor([0.2, 0.5, 0.3], dtype=torch.float64)
M = torch.tensor([0.5, -1.0], dtype=torch.float64)
S = torch.tensor([0.6, 1.5], dtype=torch.float64)


def mean_of(draw: Callable[[], Any], evaluations: int = 256) -> Any:
    """E[draw()] without sampling."""

    def value(source: Any) -> Any:
        with prescribed_torch(source):
            return np.asarray(draw().double())

    return Expectation(value, quadratic=False, evaluations=evaluations).second().mean


# (what is drawn, its mean); for normals the mean of the square too, which tells the standard deviation
NORMALS: dict[str, tuple[Callable[[], Any], Any, Any]] = {
    "randn": (lambda: torch.randn(2, dtype=torch.float64), [0, 0], [1, 1]),
    "randn_like": (lambda: torch.randn_like(M), [0, 0], [1, 1]),
    "normal of tensors": (lambda: torch.normal(M, S), M, M**2 + S**2),
    "normal of a mean": (lambda: torch.normal(M, 2.0), M, M**2 + 4),
    "normal of a scale": (lambda: torch.normal(1.0, S), [1, 1], 1 + S**2),
    "normal of numbers": (lambda: torch.normal(1.0, 2.0, (2,), dtype=torch.float64), [1, 1], [5, 5]),
    "normal_": (lambda: torch.empty_like(M).normal_(3.0, 2.0), [3, 3], [13, 13]),
    "Normal.rsample": (lambda: LAW.Normal(M, S).rsample(), M, M**2 + S**2),
    "Normal.sample": (lambda: LAW.Normal(M, S).sample(), M, M**2 + S**2),
    "MultivariateNormal": (lambda: LAW.MultivariateNormal(M, torch.diag(S**2)).rsample(), M, M**2 + S**2),
    "Independent": (lambda: LAW.Independent(LAW.Normal(M, S), 1).rsample(), M, M**2 + S**2),
    "with a generator": (lambda: torch.randn(2, generator=torch.Generator(), dtype=torch.float64), [0, 0], [1, 1]),
}

# (what is drawn, its mean, relative tolerance of quadrature)
OTHERS: dict[str, tuple[Callable[[], Any], Any, float]] = {
    "bernoulli": (lambda: torch.bernoulli(P), P, 1e-12),
    "bernoulli_": (lambda: torch.empty(2).bernoulli_(0.3), [0.3, 0.3], 1e-12),
    "bernoulli_ of a tensor": (lambda: torch.empty(3).bernoulli_(P), P, 1e-12),
    "Bernoulli": (lambda: LAW.Bernoulli(P).sample(), P, 1e-12),
    "rand compared": (lambda: torch.rand(3) < P, P, 1e-12),
    "rand_like compared, the other way": (lambda: torch.rand_like(P) >= P, 1 - P, 1e-12),
    "rand reshaped, then compared": (lambda: torch.rand(3, 1).T[0].unsqueeze(0) < P, P[None], 1e-12),
    "inverse of a distribution function": (
        lambda: (P.cumsum(0)[:-1] <= torch.rand(2, 1, dtype=torch.float64)).sum(-1), [1.1, 1.1], 1e-12,
    ),
    "multinomial": (lambda: torch.multinomial(5 * P, 2, True), [1.1, 1.1], 1e-12),
    "multinomial without replacement": (lambda: torch.multinomial(P, 3).sum(), 3, 1e-12),
    "Categorical": (lambda: LAW.Categorical(P).sample(), 1.1, 1e-12),
    "OneHotCategorical": (lambda: LAW.OneHotCategorical(P).sample(), P, 1e-12),
    "Binomial": (lambda: LAW.Binomial(3, P[0]).sample(), 0.6, 1e-12),
    "randint": (lambda: torch.randint(2, 5, (2,)), [3, 3], 1e-12),
    "randperm": (lambda: torch.randperm(4), [1.5] * 4, 1e-12),
    "Uniform": (lambda: LAW.Uniform(1.0, P[0] + 3).rsample(), 2.1, 1e-7),
    "Exponential": (lambda: LAW.Exponential(S[0]).rsample(), 1 / 0.6, 1e-7),
    "Gamma": (lambda: LAW.Gamma(2 * S[1], S[0]).rsample(), 5.0, 1e-7),
    "Beta": (lambda: LAW.Beta(2 * S[1], S[0]).rsample(), 3 / 3.6, 1e-6),
    "Gumbel": (lambda: LAW.Gumbel(M[0], S[0]).rsample(), 0.5 + 0.6 * float(np.euler_gamma), 1e-6),
    "Laplace": (lambda: LAW.Laplace(M[0], S[0]).rsample() ** 2, 0.25 + 2 * 0.36, 1e-2),
    "LogNormal": (lambda: LAW.LogNormal(M[0], S[0]).rsample(), math.exp(0.5 + 0.18), 1e-9),
    "log_normal_": (lambda: torch.empty(1, dtype=torch.float64).log_normal_(0.5, 0.6), [math.exp(0.68)], 1e-9),
}


@pytest.mark.parametrize("name", NORMALS)
def test_normals_have_the_right_mean_and_square(name: str) -> None:
    draw, mean, square = NORMALS[name]
    assert mean_of(draw) == pytest.approx(np.asarray(mean, dtype=float), abs=1e-10)
    assert mean_of(lambda: draw() ** 2) == pytest.approx(np.asarray(square, dtype=float), abs=1e-9)


@pytest.mark.parametrize("name", OTHERS)
def test_other_laws_have_the_right_mean(name: str) -> None:
    draw, mean, tolerance = OTHERS[name]
    assert mean_of(draw) == pytest.approx(np.asarray(mean, dtype=float), rel=tolerance)


@pytest.mark.parametrize("law", [LAW.Gamma, LAW.Beta])
def test_gradients_through_a_draw_are_exact_in_expectation(law: Any) -> None:
    """∂E[log z]/∂a against the formula, in which trigamma functions are derivatives of exact means."""

    def value(source: Any) -> Any:
        first = torch.tensor(2.3, dtype=torch.float64, requires_grad=True)
        with prescribed_torch(source):
            draw = law(first, torch.tensor(1.7, dtype=torch.float64)).rsample()
            return torch.autograd.grad(torch.log(draw), first)[0].numpy()

    exact = special.polygamma(1, 2.3) - (special.polygamma(1, 4.0) if law is LAW.Beta else 0.0)
    found = Expectation(value, quadratic=False, evaluations=64).second().mean
    assert float(found) == pytest.approx(exact, rel=1e-6)


def test_the_derivative_of_a_beta_draw_is_exact_where_that_of_pytorch_is_an_approximation() -> None:
    """Of a beta draw with b = 1, whose distribution function is z^a."""
    a, z = torch.tensor(1.6, dtype=torch.float64), torch.linspace(0.1, 0.9, 9, dtype=torch.float64)
    x, alpha = torch.stack([z, 1 - z], -1), torch.tensor([1.6, 1.0], dtype=torch.float64).expand(9, 2)
    exact = -z * torch.log(z) / a / (1 - z)  # of z = u^(1/a), divided by 1 - z as PyTorch's operator is
    before = torch._dirichlet_grad(x, alpha, torch.full_like(x, 2.6))[:, 0]
    with exact_derivatives():
        inside = torch._dirichlet_grad(x, alpha, torch.full_like(x, 2.6))[:, 0]
    assert inside.numpy() == pytest.approx(exact.numpy(), rel=1e-8)
    assert before.numpy() == pytest.approx(exact.numpy(), rel=2e-3)


def test_the_same_seed_gives_the_same_draws_and_calls_do_not_disturb_the_global_state() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    drawn = []
    for _ in range(2):
        with prescribed_torch(FreshNoise(3)):
            torch.manual_seed(17)  # code that seeds itself does not escape the source
            drawn.append(torch.cat([torch.randn(2), LAW.Poisson(torch.ones(2)).sample()]))
    assert torch.equal(drawn[0], drawn[1])
    assert torch.equal(torch.rand(3), expected)


def test_everything_is_restored_after_an_exception() -> None:
    dropout = torch.nn.functional.dropout

    def run() -> None:
        with prescribed_torch(PrescribedNoise(np.zeros(4))):
            assert torch.equal(torch.randn(4), torch.zeros(4))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run()
    assert torch.nn.functional.dropout is dropout
    assert not torch.equal(torch.randn(4), torch.zeros(4))


@pytest.mark.parametrize(
    "draw", [lambda: torch.poisson(P), lambda: torch.empty(2).cauchy_(), lambda: torch.empty(2).geometric_(0.5)]
)
def test_a_law_that_cannot_be_prescribed_is_refused_by_name(draw: Callable[[], Any]) -> None:
    with prescribed_torch(PrescribedNoise()), pytest.raises(NoiseError, match=r"torch\.(poisson|cauchy_|geometric_)"):
        draw()


@pytest.mark.parametrize("module", [torch.nn.Dropout(0.5), torch.nn.Dropout2d(0.5), torch.nn.AlphaDropout(0.5)])
def test_active_dropout_is_refused_and_inactive_dropout_is_not(module: Any) -> None:
    x = torch.ones(1, 2, 2, 2)
    with prescribed_torch(FreshNoise(0)):
        with pytest.raises(NoiseError, match=r"dropout is active.*eval"):
            module.train()(x)
        assert torch.equal(module.eval()(x), x)


def test_uniforms_in_arithmetic_become_numbers_and_smooth_functions_of_them_are_exact() -> None:
    assert mean_of(lambda: torch.rand(1, dtype=torch.float64) ** 2) == pytest.approx([1 / 3], rel=1e-7)


def test_a_seeded_objective_cannot_be_prescribed() -> None:
    with pytest.raises(NoiseError, match="cannot be prescribed"), seeded_torch(PrescribedNoise()):
        pass


def test_too_many_outcomes_are_said_to_be_too_many() -> None:
    with pytest.raises(OutOfReachError, match="outcomes"):
        mean_of(lambda: torch.bernoulli(torch.full((40,), 0.5)), evaluations=256)
