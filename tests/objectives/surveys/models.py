"""Models and guides for the objectives of Pyro and of NumPyro, which name things alike: one table for both libraries.

Where the guide can be the posterior, its parameters are computed here from textbook formulas, without either library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Library:
    """What a model needs of a library; `array` makes its arrays of NumPy's."""

    sample: Callable[..., Any]
    plate: Callable[..., Any]
    param: Callable[..., Any]
    dist: Any
    constraints: Any
    array: Callable[[Any], Any]

    def real(self, name: str, shape: tuple[int, ...] = ()) -> Any:
        """A parameter whose initial value is the same number in all entries."""
        return self.param(name, self.array(np.full(shape, 0.5)), constraint=self.constraints.real)

    def positive(self, name: str, shape: tuple[int, ...] = ()) -> Any:
        return self.param(name, self.array(np.full(shape, 0.5)), constraint=self.constraints.positive)


@dataclass(frozen=True)
class Setting:
    """A model, a guide, and where they are tested.

    summed  are there finite latents in the model alone, for objectives that sum over them?
    """

    name: str
    model: Callable[..., Any]
    guide: Callable[..., Any]
    args: tuple[Any, ...]
    params: Mapping[str, Any]
    posterior: Mapping[str, Any] | None = None
    summed: bool = False


def normal_normal(lib: Library) -> Setting:
    def model(x: Any) -> None:
        mean = lib.sample("mean", lib.dist.Normal(0.5, 1.2))
        with lib.plate("data", len(x)):
            lib.sample("x", lib.dist.Normal(mean, 0.8), obs=x)

    def guide(x: Any) -> None:
        lib.sample("mean", lib.dist.Normal(lib.real("loc"), lib.positive("scale")))

    x = np.array([0.1, 1.5, -0.7])
    precision = 1 / 1.2**2 + len(x) / 0.8**2
    loc = (0.5 / 1.2**2 + x.sum() / 0.8**2) / precision
    posterior = {"loc": loc, "scale": precision**-0.5}
    return Setting("normal-normal", model, guide, (x,), {"loc": 0.4, "scale": 0.6}, posterior)


def beta_bernoulli(lib: Library) -> Setting:
    def model(x: Any) -> None:
        chance = lib.sample("chance", lib.dist.Beta(2.0, 3.0))
        with lib.plate("data", len(x)):
            lib.sample("x", lib.dist.Bernoulli(probs=chance), obs=x)

    def guide(x: Any) -> None:
        lib.sample("chance", lib.dist.Beta(lib.positive("a"), lib.positive("b")))

    x = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    posterior = {"a": 2.0 + x.sum(), "b": 3.0 + (1 - x).sum()}
    return Setting("beta-Bernoulli", model, guide, (x,), {"a": 4.0, "b": 3.5}, posterior)


def gamma_poisson(lib: Library) -> Setting:
    def model(x: Any) -> None:
        rate = lib.sample("rate", lib.dist.Gamma(2.0, 1.5))
        with lib.plate("data", len(x)):
            lib.sample("x", lib.dist.Poisson(rate), obs=x)

    def guide(x: Any) -> None:
        lib.sample("rate", lib.dist.Gamma(lib.positive("shape"), lib.positive("inverse")))

    x = np.array([3.0, 1.0, 4.0, 2.0])
    posterior = {"shape": 2.0 + x.sum(), "inverse": 1.5 + len(x)}
    return Setting("gamma-Poisson", model, guide, (x,), {"shape": 9.0, "inverse": 4.5}, posterior)


def linear_gaussian(lib: Library) -> Setting:
    """Two dimensions, full covariance."""

    def model(features: Any, y: Any) -> None:
        weights = lib.sample("weights", lib.dist.Normal(lib.array(np.zeros(2)), 1.5).to_event(1))
        with lib.plate("data", len(y)):
            lib.sample("y", lib.dist.Normal(features @ weights, 0.7), obs=y)

    def guide(features: Any, y: Any) -> None:
        factor = lib.param("factor", lib.array(0.5 * np.eye(2)), constraint=lib.constraints.lower_cholesky)
        lib.sample("weights", lib.dist.MultivariateNormal(lib.real("loc", (2,)), scale_tril=factor))

    features = np.array([[1.0, 0.2], [1.0, -0.9], [1.0, 1.4], [1.0, 0.5]])
    y = np.array([0.3, -1.1, 1.9, 0.2])
    precision = np.eye(2) / 1.5**2 + features.T @ features / 0.7**2
    covariance = np.linalg.inv(precision)
    loc = covariance @ (features.T @ y) / 0.7**2
    posterior = {"loc": loc, "factor": np.linalg.cholesky(covariance)}
    params = {"loc": loc + np.array([0.2, -0.1]), "factor": np.array([[0.5, 0.0], [-0.1, 0.3]])}
    return Setting("linear-Gaussian", model, guide, (features, y), params, posterior)


WEIGHTS, MEANS = np.array([0.2, 0.5, 0.3]), np.array([-1.5, 0.0, 2.0])


def mixture(lib: Library) -> Setting:
    """A finite latent for every data point."""

    def model(x: Any) -> None:
        with lib.plate("data", len(x)):
            component = lib.sample("component", lib.dist.Categorical(lib.array(WEIGHTS)))
            lib.sample("x", lib.dist.Normal(lib.array(MEANS)[component], 0.9), obs=x)

    def guide(x: Any) -> None:
        start = lib.array(np.full((len(x), 3), 1 / 3))
        chances = lib.param("chances", start, constraint=lib.constraints.simplex)
        with lib.plate("data", len(x)):
            lib.sample("component", lib.dist.Categorical(chances))

    x = np.array([0.4, -1.0])
    joint = WEIGHTS * np.exp(-0.5 * ((x[:, None] - MEANS) / 0.9) ** 2)
    posterior = {"chances": joint / joint.sum(-1, keepdims=True)}
    params = {"chances": np.array([[0.3, 0.5, 0.2], [0.5, 0.1, 0.4]])}
    return Setting("mixture", model, guide, (x,), params, posterior)


def logistic(lib: Library) -> Setting:
    """No closed form, and a parameter of the model."""

    def model(features: Any, y: Any) -> None:
        weight = lib.sample("weight", lib.dist.Normal(0.0, 2.0))
        offset = lib.param("offset", lib.array(np.array(0.3)))
        with lib.plate("data", len(y)):
            lib.sample("y", lib.dist.Bernoulli(logits=features * weight + offset), obs=y)

    def guide(features: Any, y: Any) -> None:
        lib.sample("weight", lib.dist.Normal(lib.real("loc"), lib.positive("scale")))

    features, y = np.array([0.5, -1.2, 2.0, 0.3]), np.array([1.0, 0.0, 1.0, 0.0])
    params = {"loc": 0.9, "scale": 0.7, "offset": -0.2}
    return Setting("logistic regression", model, guide, (features, y), params)


def local_normals(lib: Library) -> Setting:
    """Local latents in a plate."""

    def model(x: Any) -> None:
        with lib.plate("data", len(x)):
            z = lib.sample("z", lib.dist.Normal(0.3, 1.1))
            lib.sample("x", lib.dist.Normal(z, 0.9), obs=x)

    def guide(x: Any) -> None:
        with lib.plate("data", len(x)):
            lib.sample("z", lib.dist.Normal(lib.real("loc", (len(x),)), lib.positive("scale", (len(x),))))

    x = np.array([0.8, -0.9])
    precision = 1 / 1.1**2 + 1 / 0.9**2
    posterior = {"loc": (0.3 / 1.1**2 + x / 0.9**2) / precision, "scale": np.full(2, precision**-0.5)}
    params = {"loc": np.array([0.7, -0.2]), "scale": np.array([0.6, 0.8])}
    return Setting("local normals", model, guide, (x,), params, posterior)


def summed_mixture(lib: Library) -> Setting:
    """A finite latent that the guide leaves out."""

    def model(x: Any) -> None:
        shift = lib.sample("shift", lib.dist.Normal(0.0, 1.0))
        with lib.plate("data", len(x)):
            law = lib.dist.Categorical(lib.array(WEIGHTS))
            component = lib.sample("component", law, infer={"enumerate": "parallel"})
            lib.sample("x", lib.dist.Normal(shift + lib.array(MEANS)[component], 0.9), obs=x)

    def guide(x: Any) -> None:
        lib.sample("shift", lib.dist.Normal(lib.real("loc"), lib.positive("scale")))

    x = np.array([0.4, -1.0, 1.7])
    return Setting("summed mixture", model, guide, (x,), {"loc": 0.1, "scale": 0.5}, summed=True)


ALL: Mapping[str, Callable[[Library], Setting]] = {
    "normal-normal": normal_normal,
    "beta-Bernoulli": beta_bernoulli,
    "gamma-Poisson": gamma_poisson,
    "linear-Gaussian": linear_gaussian,
    "mixture": mixture,
    "logistic regression": logistic,
    "local normals": local_normals,
    "summed mixture": summed_mixture,
}
