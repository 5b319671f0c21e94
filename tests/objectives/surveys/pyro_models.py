"""Models and guides for Pyro's objectives, with the parameters at which the guide is the posterior where it can be.

The posteriors are computed here from textbook formulas, without Pyro.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyro
import pyro.distributions as dist
import torch
from pyro.distributions import constraints


@dataclass(frozen=True)
class Setting:
    """A model, a guide, and where they are tested.

    reparameterised  can the guide's draws be differentiated?
    finite           are there finite latents in the guide?
    summed           are there finite latents in the model alone, to be summed by TraceEnum_ELBO or TraceTMC_ELBO?
    """

    name: str
    model: Callable[..., Any]
    guide: Callable[..., Any]
    args: tuple[Any, ...]
    params: Mapping[str, Any]
    posterior: Mapping[str, Any] | None = None
    finite: bool = False
    summed: bool = False
    reparameterised: bool = field(default=True)


def param(name: str, constraint: Any = constraints.real, shape: tuple[int, ...] = ()) -> Any:
    """A parameter whose initial value is the same number in all entries."""
    start = torch.full(shape, 0.5)
    return pyro.param(name, start, constraint=constraint)


# ---------------------------------------------------------------- normal-normal


def normal_model(x: Any) -> None:
    mean = pyro.sample("mean", dist.Normal(0.5, 1.2))
    with pyro.plate("data", len(x)):
        pyro.sample("x", dist.Normal(mean, 0.8), obs=x)


def normal_guide(x: Any) -> None:
    pyro.sample("mean", dist.Normal(param("loc"), param("scale", constraints.positive)))


def normal_normal() -> Setting:
    x = np.array([0.1, 1.5, -0.7])
    precision = 1 / 1.2**2 + len(x) / 0.8**2
    loc = (0.5 / 1.2**2 + x.sum() / 0.8**2) / precision
    posterior = {"loc": loc, "scale": precision**-0.5}
    return Setting("normal-normal", normal_model, normal_guide, (x,), {"loc": 0.4, "scale": 0.6}, posterior)


# ---------------------------------------------------------------- beta-Bernoulli, gamma-Poisson


def beta_model(x: Any) -> None:
    chance = pyro.sample("chance", dist.Beta(2.0, 3.0))
    with pyro.plate("data", len(x)):
        pyro.sample("x", dist.Bernoulli(probs=chance), obs=x)


def beta_guide(x: Any) -> None:
    pyro.sample("chance", dist.Beta(param("a", constraints.positive), param("b", constraints.positive)))


def beta_bernoulli() -> Setting:
    x = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    posterior = {"a": 2.0 + x.sum(), "b": 3.0 + (1 - x).sum()}
    return Setting("beta-Bernoulli", beta_model, beta_guide, (x,), {"a": 4.0, "b": 3.5}, posterior)


def gamma_model(x: Any) -> None:
    rate = pyro.sample("rate", dist.Gamma(2.0, 1.5))
    with pyro.plate("data", len(x)):
        pyro.sample("x", dist.Poisson(rate), obs=x)


def gamma_guide(x: Any) -> None:
    pyro.sample("rate", dist.Gamma(param("shape", constraints.positive), param("inverse", constraints.positive)))


def gamma_poisson() -> Setting:
    x = np.array([3.0, 1.0, 4.0, 2.0])
    posterior = {"shape": 2.0 + x.sum(), "inverse": 1.5 + len(x)}
    return Setting("gamma-Poisson", gamma_model, gamma_guide, (x,), {"shape": 9.0, "inverse": 4.5}, posterior)


# ---------------------------------------------------------------- linear-Gaussian in two dimensions


def linear_model(features: Any, y: Any) -> None:
    weights = pyro.sample("weights", dist.Normal(torch.zeros(2), 1.5).to_event(1))
    with pyro.plate("data", len(y)):
        pyro.sample("y", dist.Normal(features @ weights, 0.7), obs=y)


def linear_guide(features: Any, y: Any) -> None:
    factor = pyro.param("factor", 0.5 * torch.eye(2), constraint=constraints.lower_cholesky)
    pyro.sample("weights", dist.MultivariateNormal(param("loc", shape=(2,)), scale_tril=factor))


def linear_gaussian() -> Setting:
    features = np.array([[1.0, 0.2], [1.0, -0.9], [1.0, 1.4], [1.0, 0.5]])
    y = np.array([0.3, -1.1, 1.9, 0.2])
    precision = np.eye(2) / 1.5**2 + features.T @ features / 0.7**2
    covariance = np.linalg.inv(precision)
    loc = covariance @ (features.T @ y) / 0.7**2
    posterior = {"loc": loc, "factor": np.linalg.cholesky(covariance)}
    params = {"loc": loc + np.array([0.2, -0.1]), "factor": np.array([[0.5, 0.0], [-0.1, 0.3]])}
    return Setting("linear-Gaussian", linear_model, linear_guide, (features, y), params, posterior)


# ---------------------------------------------------------------- a mixture with a finite latent for every data point

WEIGHTS, MEANS = np.array([0.2, 0.5, 0.3]), np.array([-1.5, 0.0, 2.0])


def mixture_model(x: Any) -> None:
    with pyro.plate("data", len(x)):
        component = pyro.sample("component", dist.Categorical(torch.as_tensor(WEIGHTS)))
        pyro.sample("x", dist.Normal(torch.as_tensor(MEANS)[component], 0.9), obs=x)


def mixture_guide(x: Any) -> None:
    chances = pyro.param("chances", torch.full((len(x), 3), 1 / 3), constraint=constraints.simplex)
    with pyro.plate("data", len(x)):
        pyro.sample("component", dist.Categorical(chances))


def mixture() -> Setting:
    x = np.array([0.4, -1.0])
    joint = WEIGHTS * np.exp(-0.5 * ((x[:, None] - MEANS) / 0.9) ** 2)
    posterior = {"chances": joint / joint.sum(-1, keepdims=True)}
    params = {"chances": np.array([[0.3, 0.5, 0.2], [0.5, 0.1, 0.4]])}
    return Setting("mixture", mixture_model, mixture_guide, (x,), params, posterior, finite=True, reparameterised=False)


# ---------------------------------------------------------------- logistic regression: no closed form


def logistic_model(features: Any, y: Any) -> None:
    weight = pyro.sample("weight", dist.Normal(0.0, 2.0))
    offset = pyro.param("offset", torch.tensor(0.3))
    with pyro.plate("data", len(y)):
        pyro.sample("y", dist.Bernoulli(logits=features * weight + offset), obs=y)


def logistic_guide(features: Any, y: Any) -> None:
    pyro.sample("weight", dist.Normal(param("loc"), param("scale", constraints.positive)))


def logistic() -> Setting:
    features, y = np.array([0.5, -1.2, 2.0, 0.3]), np.array([1.0, 0.0, 1.0, 0.0])
    params = {"loc": 0.9, "scale": 0.7, "offset": -0.2}
    return Setting("logistic regression", logistic_model, logistic_guide, (features, y), params)


# ---------------------------------------------------------------- local latents in a plate


def local_model(x: Any) -> None:
    with pyro.plate("data", len(x)):
        z = pyro.sample("z", dist.Normal(0.3, 1.1))
        pyro.sample("x", dist.Normal(z, 0.9), obs=x)


def local_guide(x: Any) -> None:
    with pyro.plate("data", len(x)):
        loc = param("loc", shape=(len(x),))
        pyro.sample("z", dist.Normal(loc, param("scale", constraints.positive, (len(x),))))


def local_normals() -> Setting:
    x = np.array([0.8, -0.9])
    precision = 1 / 1.1**2 + 1 / 0.9**2
    posterior = {"loc": (0.3 / 1.1**2 + x / 0.9**2) / precision, "scale": np.full(2, precision**-0.5)}
    params = {"loc": np.array([0.7, -0.2]), "scale": np.array([0.6, 0.8])}
    return Setting("local normals", local_model, local_guide, (x,), params, posterior)


# ---------------------------------------------------------------- a finite latent that the guide leaves out


def summed_model(x: Any) -> None:
    shift = pyro.sample("shift", dist.Normal(0.0, 1.0))
    with pyro.plate("data", len(x)):
        law = dist.Categorical(torch.as_tensor(WEIGHTS))
        component = pyro.sample("component", law, infer={"enumerate": "parallel"})
        pyro.sample("x", dist.Normal(shift + torch.as_tensor(MEANS)[component], 0.9), obs=x)


def summed_guide(x: Any) -> None:
    pyro.sample("shift", dist.Normal(param("loc"), param("scale", constraints.positive)))


def summed_mixture() -> Setting:
    x = np.array([0.4, -1.0, 1.7])
    return Setting("summed mixture", summed_model, summed_guide, (x,), {"loc": 0.1, "scale": 0.5}, summed=True)


ALL: Mapping[str, Callable[[], Setting]] = {
    "normal-normal": normal_normal,
    "beta-Bernoulli": beta_bernoulli,
    "gamma-Poisson": gamma_poisson,
    "linear-Gaussian": linear_gaussian,
    "mixture": mixture,
    "logistic regression": logistic,
    "local normals": local_normals,
    "summed mixture": summed_mixture,
}


