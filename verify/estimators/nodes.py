"""E_q[f(z)] as a finite sum: enumeration for finite latents, product quadrature for one or two continuous ones.

`nodes(q, fineness)` gives points and weights.  For finite latents they are exact and the fineness plays no part.  For
continuous ones they are the trapezoid rule in a coordinate that runs over the whole line and in which the density has
width of about one, so that the rule converges exponentially; comparing two finenesses gives the error.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt

from verify.models import (
    Bernoulli,
    Beta,
    Categorical,
    Dirichlet,
    DiscreteForwardProcess,
    Gamma,
    GaussianForwardProcess,
    LogNormal,
    MarkovChain,
    MultivariateNormal,
    NaturalParameters,
    Normal,
    NormalInverseGamma,
    NormalMixture,
    Pareto,
    Variational,
)
from verify.models.quadrature import window
from verify.models.records import Array

MOST_NODES = 1 << 20


class TooManyNodesError(ValueError):
    """The latent has too many states or dimensions for an exhaustive sum."""


@dataclass(frozen=True)
class Nodes:
    """E_q[f(z)] = Σ weights f(z).

    z        latent values, the first axis runs over the nodes
    weights  shape (n,), non-negative
    exact    are the nodes all states of a finite latent?
    """

    z: npt.NDArray[Any]
    weights: Array
    exact: bool


@singledispatch
def nodes(q: Variational, fineness: int = 64) -> Nodes:
    """Points and weights for expectations under q.

    fineness  the number of intervals for every continuous dimension
    Raises TooManyNodesError where more than 2^20 nodes would be needed, and TypeError for a law without a rule.
    """
    raise TypeError(f"no quadrature for {type(q).__name__}")


def _allowed(count: float, what: str) -> None:
    if count > MOST_NODES:
        raise TooManyNodesError(f"{what} would need {count:.0f} nodes; the limit is {MOST_NODES}")


# ---------------------------------------------------------------- finite latents


def _enumerate(q: Variational, states: int, shape: tuple[int, ...]) -> Nodes:
    _allowed(float(states) ** math.prod(shape), f"{states} states in {math.prod(shape)} places")
    paths = np.array(list(itertools.product(range(states), repeat=math.prod(shape)))).reshape(-1, *shape)
    return Nodes(paths, np.exp(q.log_density(paths)), exact=True)


@nodes.register
def _(q: Categorical, fineness: int = 64) -> Nodes:
    return _enumerate(q, q.probabilities.shape[-1], q.probabilities.shape[:-1])


@nodes.register
def _(q: Bernoulli, fineness: int = 64) -> Nodes:
    return _enumerate(q, 2, q.probabilities.shape)


@nodes.register
def _(q: MarkovChain, fineness: int = 64) -> Nodes:
    return _enumerate(q, len(q.initial), (len(q.transitions) + 1,))


@nodes.register
def _(q: DiscreteForwardProcess, fineness: int = 64) -> Nodes:
    return _enumerate(q, q.transitions.shape[-1], (len(q.start), len(q.transitions)))


# ---------------------------------------------------------------- continuous latents


def _normal_rule(fineness: int) -> tuple[Array, Array]:
    """The trapezoid rule for a standard normal on [-12, 12]: the tails hold less than 1e-32."""
    points = np.linspace(-12.0, 12.0, fineness + 1)
    weights = np.exp(-0.5 * points**2)
    return points, weights / weights.sum()


def noise_grid(size: int, fineness: int) -> tuple[Array, Array]:
    """Product rule for standard normal noise in `size` dimensions: points (n, size) and weights (n,)."""
    _allowed(float(fineness + 1) ** size, f"{size} continuous dimensions")
    points, weights = _normal_rule(fineness)
    grid = np.stack(np.meshgrid(*[points] * size, indexing="ij"), axis=-1).reshape(-1, size)
    mass = np.stack(np.meshgrid(*[weights] * size, indexing="ij"), axis=-1).reshape(-1, size).prod(-1)
    return grid, mass


def _from_noise(push: Callable[[Array], Array], shape: tuple[int, ...], fineness: int) -> Nodes:
    noise, weights = noise_grid(math.prod(shape), fineness)
    return Nodes(push(noise.reshape(-1, *shape)), weights, exact=False)


@nodes.register
def _(q: Normal, fineness: int = 64) -> Nodes:
    return _from_noise(q.from_noise, np.shape(q.mean), fineness)


@nodes.register
def _(q: LogNormal, fineness: int = 64) -> Nodes:
    return _from_noise(q.from_noise, np.shape(q.mean), fineness)


@nodes.register
def _(q: MultivariateNormal, fineness: int = 64) -> Nodes:
    return _from_noise(q.from_noise, q.mean.shape, fineness)


@nodes.register
def _(q: GaussianForwardProcess, fineness: int = 64) -> Nodes:
    return _from_noise(q.from_noise, (len(q.start), len(q.weights)), fineness)


def _on_the_line(
    q: Variational, to_z: Callable[[Array], tuple[Array, Array]], centre: float, scale: float, fineness: int
) -> Nodes:
    """The trapezoid rule in a coordinate u with z and log |dz/du| given by `to_z`."""

    def log_density(u: Array) -> Array:
        z, jacobian = to_z(u)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            logs = q.log_density(z) + jacobian
        return np.where(np.isnan(logs), -np.inf, logs)

    low, high = window(log_density, centre, scale)
    points = np.linspace(low, high, fineness + 1)
    weights = np.exp(log_density(points)) * (high - low) / fineness
    alive = weights > 0
    return Nodes(to_z(points[alive])[0], weights[alive], exact=False)


def _exp(u: Array) -> tuple[Array, Array]:
    return np.exp(u), u


def _logistic(u: Array) -> tuple[Array, Array]:
    tail = np.logaddexp(0.0, -u)
    return np.exp(-tail), -u - 2 * tail


@nodes.register
def _(q: Beta, fineness: int = 64) -> Nodes:
    return _on_the_line(q, _logistic, math.log(q.a / q.b), math.sqrt(1 / q.a + 1 / q.b), fineness)


@nodes.register
def _(q: Gamma, fineness: int = 64) -> Nodes:
    return _on_the_line(q, _exp, math.log(q.shape / q.rate), math.sqrt(1 / q.shape + 1 / q.shape**2), fineness)


@nodes.register
def _(q: NaturalParameters, fineness: int = 64) -> Nodes:
    return _on_the_line(q, q.family.on_the_line, *q.family.centre(q.natural), fineness)


@nodes.register
def _(q: Pareto, fineness: int = 64) -> Nodes:
    """log(z / scale) is exponential; its logarithm runs over the whole line."""

    def to_z(u: Array) -> tuple[Array, Array]:
        excess = np.exp(np.minimum(u, 6.0)) / q.shape  # e^6: beyond it the density is below 1e-175
        return q.scale * np.exp(excess), u - math.log(q.shape) + math.log(q.scale) + excess

    return _on_the_line(q, to_z, 0.0, 1.0, fineness)


@nodes.register
def _(q: NormalMixture, fineness: int = 64) -> Nodes:
    """The nodes of every component, with its weight."""
    points, mass = _normal_rule(fineness)
    z = q.means[:, None] + np.sqrt(q.variances)[:, None] * points
    return Nodes(z.ravel(), (q.weights[:, None] * mass).ravel(), exact=False)


@nodes.register
def _(q: NormalInverseGamma, fineness: int = 64) -> Nodes:
    """A gamma rule for the precision times a normal rule for the mean."""
    precision = nodes(q.of_precision, fineness)
    _allowed(float(len(precision.weights) * (fineness + 1)), "mean and variance")
    points, mass = _normal_rule(fineness)
    variance = np.repeat(1 / precision.z, len(points))
    mean = q.mean + np.sqrt(variance / q.strength) * np.tile(points, len(precision.z))
    return Nodes(np.stack([mean, variance], axis=1), np.outer(precision.weights, mass).ravel(), exact=False)


@nodes.register
def _(q: Dirichlet, fineness: int = 64) -> Nodes:
    """Stick breaking: independent betas for the first K - 1 coordinates, for K <= 3."""
    size = len(q.concentration)
    _allowed(float(fineness + 1) ** (size - 1), f"a simplex of {size} coordinates")
    rest, weights, columns = np.ones(1), np.ones(1), np.zeros((1, 0))
    for k in range(size - 1):
        rule = nodes(Beta(float(q.concentration[k]), float(q.concentration[k + 1 :].sum())), fineness)
        count = len(rule.weights)
        share = np.tile(rule.z, len(rest))
        columns = np.column_stack([np.repeat(columns, count, axis=0), np.repeat(rest, count) * share])
        weights = np.outer(weights, rule.weights).ravel()
        rest = np.repeat(rest, count) * (1 - share)
    return Nodes(np.column_stack([columns, rest]), weights, exact=False)
