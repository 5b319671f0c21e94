"""Exact values for a model and a guide that are programs: quadrature of continuous latents, enumeration of finite ones.

    Program      the two as log densities of plain arrays, however a library finds them
    GuideLaw     the guide with its parameters, in the part of q
    GuidedModel  the model with its data: evidence, ELBO, gap, gradients; in the part of the model

Parameters of the model are fields of q too: libraries keep all parameters in one place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from verify.estimators.nodes import Nodes, TooManyNodesError, nodes
from verify.models.records import Array, Gradient, Kind
from verify.models.special import log_sum_exp
from verify.models.sums import Sum
from verify.objectives.reference.decomposition import NoPriorError
from verify.objectives.reference.grids import Grid, fitted, single
from verify.objectives.reference.latents import Latents

_FINE = {0: (1, 1), 1: (640, 440), 2: (160, 110)}
_NOT_NORMALISED = 1e-6
_LARGEST_ERROR = 1e-6


class Program(Protocol):
    """A model and a guide as log densities of their latents, moved to the line; all in nats.

    Latents z of a piece are rows of coordinates and codes, shape (n, dimensions + entries).
    """

    @property
    def latents(self) -> Latents:
        """What a row of z holds."""

    def log_densities(
        self, values: Mapping[str, npt.NDArray[Any]], piece: int, z: Array
    ) -> tuple[Array, Array, Array]:
        """log p(x, z), log q(z) and log p(z) of one piece at rows of z, with these parameters."""

    def slopes(
        self, values: Mapping[str, npt.NDArray[Any]], piece: int, z: Array, volumes: Array, names: Sequence[str]
    ) -> Mapping[str, Array]:
        """The derivatives of Σ exp(log q + volume) (log p - log q), the sum over rows, in the named parameters."""


@dataclass(frozen=True, eq=False)
class GuideLaw:
    """The guide at these parameters.

    values   all parameters, the model's too;  fields  what kind of number each is
    piece    one of the independent pieces; None for all of them
    Latents z are rows of coordinates and codes: shape (n, dimensions + entries) for a piece.
    """

    program: Program
    values: Mapping[str, npt.NDArray[Any]]
    fields: Mapping[str, Kind]
    piece: int | None = None

    @property
    def title(self) -> str:
        """The guide and its parameters in a few words."""
        numbers = [(name, np.asarray(value)) for name, value in self.values.items()]
        shown = [f"{name}={value:.4g}" if value.ndim == 0 else f"{name} {value.shape}" for name, value in numbers]
        return f"guide({', '.join(shown)})"

    def kinds(self) -> Mapping[str, Kind]:
        """The kind of every parameter."""
        return self.fields

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The parameters."""
        return {name: np.asarray(value) for name, value in self.values.items()}

    def replace(self, **changes: Any) -> GuideLaw:
        """The same guide with other parameters."""
        changed = {name: np.asarray(value) for name, value in changes.items()}
        return replace(self, values={**self.values, **changed})

    def directions(self, rng: np.random.Generator) -> dict[str, Array]:
        """For every parameter that can move a random direction in which it keeps its kind up to half a step."""
        arrays = self.arrays()
        return {name: kind.direction(rng, arrays[name]) for name, kind in self.fields.items() if kind.direction}

    def moved(self, directions: Mapping[str, Array], step: float) -> GuideLaw:
        """Every named parameter moved along its direction."""
        return self.replace(**{name: self.values[name] + step * move for name, move in directions.items()})

    @property
    def fineness(self) -> tuple[int, int]:
        """Intervals of the two grids on which integrals are computed."""
        return _FINE[self.program.latents.dimensions]

    def of_piece(self, piece: int) -> GuideLaw:
        """One piece."""
        return replace(self, piece=piece)

    def log_densities(self, z: Array) -> tuple[Array, Array, Array]:
        """log p(x, z), log q(z) and log p(z) of this piece at rows of z."""
        return self.program.log_densities(self.values, self.piece or 0, z)

    def entropy(self) -> float:
        """H(q) of all pieces."""
        pieces = range(self.program.latents.pieces) if self.piece is None else [self.piece]
        return math.fsum(float(_terms(self.of_piece(i), self.fineness[0])[2]) for i in pieces)

    def kl(self, other: object) -> float:
        """Not known as a formula: guide and prior are programs.  Raises NoPriorError."""
        raise NoPriorError("the guide is a program, which has no formula for its KL")

    @cached_property
    def grids(self) -> list[tuple[Array, Grid]]:
        """For every code a grid that fits q(·, code)."""
        return [(code, self._fitted(code, 1)) for code in self.program.latents.codes]

    def _fitted(self, code: Array, which: int) -> Grid:
        if self.program.latents.dimensions == 0:
            return single()
        return fitted(lambda line: self.log_densities(_with(line, code))[which], self.program.latents.dimensions)

    def quadrature(self, fineness: int) -> tuple[Array, Array]:
        """Rows of z and the log volume that each stands for."""
        rows, volumes = [], []
        for code, grid in self.grids:
            points, log_cell = grid.points(fineness)
            rows.append(_with(points, code))
            volumes.append(np.full(len(points), log_cell))
        return np.concatenate(rows), np.concatenate(volumes)

    def log_evidence(self, fineness: int) -> float:
        """log ∫ p(x, z) dz of this piece, on grids that fit p(x, ·)."""
        terms = []
        for code, grid in self._posterior_grids:
            points, log_cell = grid.points(fineness)
            terms.append(float(log_sum_exp(self.log_densities(_with(points, code))[0])) + log_cell)
        return float(log_sum_exp(np.array(terms)))

    @cached_property
    def _posterior_grids(self) -> list[tuple[Array, Grid]]:
        return [(code, self._fitted(code, 0)) for code in self.program.latents.codes]


def _with(line: Array, code: Array) -> Array:
    return np.concatenate([line, np.tile(code, (len(line), 1))], axis=1)


def _nodes(q: GuideLaw, fineness: int = 64) -> Nodes:
    if q.piece is None and q.program.latents.pieces > 1:
        raise TooManyNodesError(f"{q.program.latents.pieces} independent latents together are too many for a grid")
    z, volumes = q.quadrature(fineness)
    weights = np.exp(volumes + q.log_densities(z)[1])
    if abs(float(weights.sum()) - 1) > _NOT_NORMALISED and fineness >= min(_FINE[q.program.latents.dimensions]):
        raise ValueError(f"the guide's density integrates to {weights.sum():.6g}, not 1")
    return Nodes(z, weights, exact=q.program.latents.dimensions == 0)


nodes.register(GuideLaw, _nodes)  # a guide acts as a Variational without being a record


@dataclass(frozen=True, eq=False)
class GuidedModel:
    """The model with its data, solved at the parameters of `start`.

    x          the observations, for messages and their number
    best       parameters at which the guide is the posterior; None where there are none, or nobody knows them
    free       the guide's own parameters, which `random_q` moves
    """

    name: str
    x: npt.NDArray[Any]
    start: GuideLaw
    best: Mapping[str, npt.NDArray[Any]] | None = None
    free: frozenset[str] = field(default_factory=frozenset)
    piece: int | None = None

    quadratic = False

    @property
    def contains_posterior(self) -> bool:
        """Is it known that the guide can be the posterior?"""
        return self.best is not None

    def data(self) -> dict[str, npt.NDArray[Any]]:
        """The observations."""
        return {"x": self.x}

    def pieces(self, q: GuideLaw) -> Iterator[tuple[GuidedModel, GuideLaw]]:
        """One independent piece after the other; every piece keeps all of the data."""
        for i in self._indices(q):
            yield replace(self, start=self.start.of_piece(i), piece=i), q.of_piece(i)

    def _indices(self, q: GuideLaw) -> list[int]:
        return list(range(q.program.latents.pieces)) if q.piece is None else [q.piece]

    def log_joint(self, z: npt.NDArray[Any]) -> Array:
        """log p(x, z) of one piece."""
        return self.start.log_densities(z)[0]

    def log_weight(self, q: GuideLaw, z: npt.NDArray[Any]) -> Array:
        """log p(x, z) - log q(z) of one piece; parameters of the model are those in q."""
        joint, own, _ = q.log_densities(z)
        return joint - own

    def evidence_sum(self) -> Sum:
        """log p(x), one term a piece."""
        return self._evidence

    @cached_property
    def _evidence(self) -> Sum:
        pieces, both = [self.start.of_piece(i) for i in self._indices(self.start)], self.start.fineness
        fine, coarse = (np.array([piece.log_evidence(fineness) for piece in pieces]) for fineness in both)
        return Sum.of(error=_settled(fine - coarse), evidence=fine)

    def log_evidence(self) -> float:
        """log p(x)."""
        return self.evidence_sum().value

    def elbo_sum(self, q: GuideLaw) -> Sum:
        """E_q[log p(x | z)] + E_q[log p(z)] + H(q); one part where finite latents are summed over in the model."""
        fine, coarse = ([_terms(part, fineness) for _, part in self.pieces(q)] for fineness in q.fineness)
        error = _settled(np.sum(fine, axis=-1) - np.sum(coarse, axis=-1))
        if q.program.latents.summed:
            return Sum.of(error=error, elbo=[float(np.sum(terms)) for terms in fine])
        log_likelihood, log_prior, entropy = np.array(fine).T
        return Sum.of(error=error, log_likelihood=log_likelihood, log_prior=log_prior, entropy=entropy)

    def elbo(self, q: GuideLaw) -> float:
        """The evidence lower bound."""
        return self.elbo_sum(q).value

    def gap_sum(self, q: GuideLaw) -> Sum:
        """KL(q ‖ p(z|x)) = E_q[log q(z) - log p(x, z)] + log p(x)."""
        evidence, elbo = self.evidence_sum(), self.elbo_sum(q)
        terms = {"evidence": evidence.value, "elbo": -elbo.value}
        return Sum.of(inside=evidence.magnitude, error=evidence.error + elbo.error, **terms)

    def posterior_q(self) -> GuideLaw:
        """The guide at the posterior, where that is known; otherwise as it stands."""
        return self.start.replace(**(self.best or {}))

    def random_q(self, rng: np.random.Generator) -> GuideLaw:
        """The guide with its own parameters moved."""
        directions = {name: move for name, move in self.start.directions(rng).items() if name in self.free}
        return self.start.moved(directions, 0.4)

    def elbo_gradient(self, q: GuideLaw) -> Gradient:
        """∂ELBO/∂(every parameter): the derivative of the quadrature, whose nodes stand still."""
        moving = [name for name, kind in q.kinds().items() if kind.direction is not None]
        total = {name: np.zeros(np.shape(q.values[name])) for name in moving}
        for _, part in self.pieces(q):
            z, volumes = part.quadrature(part.fineness[0])
            slopes = part.program.slopes(part.values, part.piece or 0, z, volumes, moving)
            total = {name: total[name] + slopes[name] for name in moving}
        return total

    def parameter_gradient(self, q: GuideLaw) -> Gradient:
        """Nothing: the model's parameters are fields of q."""
        return {}


def _settled(differences: Array) -> float:
    """The error of quadrature, from two grids.  Raises ValueError where it would hide mistakes."""
    error = math.fsum(np.abs(differences).tolist())
    if not error <= _LARGEST_ERROR:
        raise ValueError(f"two grids differ by {error:.2g} nats: the density has features too narrow for them")
    return error


def _terms(q: GuideLaw, fineness: int) -> Array:
    """E_q[log p(x | z)], E_q[log p(z)] and H(q) of one piece."""
    rule = _nodes(q, fineness)
    alive = rule.weights > 0
    joint, own, prior = q.log_densities(rule.z[alive])
    return np.array([rule.weights[alive] @ values for values in (joint - prior, prior, -own)])
