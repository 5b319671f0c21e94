"""A NumPyro model and guide as two log densities of plain arrays.

Continuous latents are moved to the line by NumPyro's own transforms, finite ones are coded by their value; both
densities are those of the moved latents, so their quotient is the weight p(x, z) / q(z).  Sites of the guide that are
functions of others (Delta, as AutoContinuous makes them) count as a change of variables.  Finite latents that the guide
leaves out are summed over, as TraceEnum_ELBO does.

Where one plate encloses every sample site of model and guide, the latents fall into independent pieces, one for each
index of the plate; elsewhere there is one piece.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax.scipy.special import logsumexp
from numpyro import distributions as dist
from numpyro import handlers

MOST_DIMENSIONS = 2
_MOST_CODES = 4096


@dataclass(frozen=True, eq=False)
class Continuous:
    """A continuous site: its shape in one piece, and which coordinates of a piece are its own."""

    name: str
    transform: Any
    shape: tuple[int, ...]
    first: int
    size: int


@dataclass(frozen=True, eq=False)
class Finite:
    """A finite site: its values, its shape in one piece, and which codes of a piece are its own."""

    name: str
    values: Any
    shape: tuple[int, ...]
    first: int
    size: int


@dataclass(frozen=True, eq=False)
class Sites:
    """The latents of a model and a guide, and their log densities.

    plate     name of the plate that encloses everything, or None;  axis  its dimension, counted from the right
    pieces    how many independent pieces there are
    finite    finite sites of the guide;  summed  those of the model alone
    """

    model: Any
    guide: Any
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    plate: str | None
    axis: int
    pieces: int
    continuous: Sequence[Continuous]
    finite: Sequence[Finite]
    summed: Sequence[Finite]

    @property
    def dimensions(self) -> int:
        """Continuous coordinates of one piece."""
        return sum(site.size for site in self.continuous)

    @cached_property
    def codes(self) -> npt.NDArray[Any]:
        """All values of the guide's finite sites in one piece, shape (codes, entries)."""
        return _combinations(self.finite)

    @cached_property
    def hidden(self) -> npt.NDArray[Any]:
        """All values of the model's own finite sites in one piece."""
        return _combinations(self.summed)

    def log_densities(self, params: Mapping[str, Any], line: Any, codes: Any) -> tuple[Any, Any, Any]:
        """log p(x, z), log q(z) and log p(z) of every piece, shape (pieces,) each.

        line   coordinates, shape (pieces, dimensions);  codes  finite values, shape (pieces, entries)
        """
        found = [self._at(params, line, codes, jnp.tile(row, (self.pieces, 1))) for row in self.hidden]
        _, own, prior = found[0]
        return logsumexp(jnp.stack([joint for joint, _, _ in found]), axis=0), own, prior

    def _at(self, params: Mapping[str, Any], line: Any, codes: Any, hidden: Any) -> tuple[Any, Any, Any]:
        latents, volume = self._moved(line)
        for site in self.finite:
            latents[site.name] = self._shaped(site, codes).astype(site.values.dtype)
        own = {site.name: self._shaped(site, hidden).astype(site.values.dtype) for site in self.summed}
        guide, model = traces(self, {**params, **latents}, {**params, **own})
        latent = _latent(guide)
        stretch = self._total(one for one in latent if is_function(one))
        joint = self._total(one for one in model.values() if one["type"] == "sample")
        prior = self._total(one for one in _latent(model))
        own = self._total(one for one in latent if not is_function(one))
        return joint - stretch + volume, own + volume, prior - stretch + volume

    def _total(self, found: Iterable[Mapping[str, Any]]) -> Any:
        return sum((self._log_prob(one) for one in found), jnp.zeros(self.pieces))

    def _moved(self, line: Any) -> tuple[dict[str, Any], Any]:
        """The continuous latents, and the log volume of the change of variables for every piece."""
        latents: dict[str, Any] = {}
        volume = jnp.zeros(self.pieces)
        for site in self.continuous:
            coordinates = self._shaped(site, line)
            value = site.transform(coordinates)
            stretch = site.transform.log_abs_det_jacobian(coordinates, value)
            volume = volume + jnp.reshape(stretch, (self.pieces, -1)).sum(-1)
            latents[site.name] = value
        return latents, volume

    def _shaped(self, site: Continuous | Finite, rows: Any) -> Any:
        own = rows[:, site.first : site.first + site.size].reshape(self.pieces, *site.shape)
        return own if self.plate else own[0]

    def _log_prob(self, site: Mapping[str, Any]) -> Any:
        """The log density of one site for every piece."""
        values = site["fn"].log_prob(site["value"])
        values = values if site["scale"] is None else site["scale"] * values
        if self.plate is None:
            return jnp.sum(values)[None]
        return jnp.moveaxis(values, self.axis, 0).reshape(self.pieces, -1).sum(-1)


def traces(sites: Any, guide_data: Mapping[str, Any], model_data: Mapping[str, Any]) -> tuple[Any, Any]:
    """The guide with these values, and the model run against it."""
    guide = handlers.substitute(handlers.seed(sites.guide, 0), data=dict(guide_data))
    guide_trace = handlers.trace(guide).get_trace(*sites.arguments, **sites.keywords)
    replayed = handlers.replay(handlers.seed(sites.model, 0), guide_trace)
    model = handlers.substitute(replayed, data=dict(model_data))
    return guide_trace, handlers.trace(model).get_trace(*sites.arguments, **sites.keywords)


def _latent(trace: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [site for site in trace.values() if site["type"] == "sample" and not site["is_observed"]]


def is_function(site: Mapping[str, Any]) -> bool:
    """Is this site a function of others?"""
    law = site["fn"]
    while isinstance(law, dist.Independent | dist.ExpandedDistribution | dist.MaskedDistribution):
        law = law.base_dist
    return isinstance(law, dist.Delta)


# ---------------------------------------------------------------- reading them off


@dataclass(frozen=True, eq=False)
class _Program:
    model: Any
    guide: Any
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]


def read_sites(
    model: Any, guide: Any, params: Mapping[str, Any], arguments: tuple[Any, ...], keywords: Mapping[str, Any]
) -> Sites:
    """The sites of a model and a guide, from one run of each.

    Raises ValueError for what the oracle does not reach: subsampling, more than two continuous dimensions in a piece,
    latents without enumerable support, and for a plate whose indices are not independent.
    """
    guide_trace, model_trace = traces(_Program(model, guide, arguments, keywords), params, params)
    _refuse_subsampling(guide_trace, model_trace)
    free = [site for site in _latent(guide_trace) if not is_function(site)]
    own = [site for site in _latent(model_trace) if site["name"] not in guide_trace]
    everything = [*free, *(site for site in model_trace.values() if site["type"] == "sample")]
    plate = _common_plate(everything)
    pieces = 1 if plate is None else plate.size
    continuous = _continuous([site for site in free if not _is_finite(site)], plate)
    finite = _finite([site for site in free if _is_finite(site)], plate)
    summed = _finite(own, plate)
    name, axis = (plate.name, plate.dim) if plate else (None, 0)
    sites = Sites(model, guide, arguments, keywords, name, axis, pieces, continuous, finite, summed)
    if sites.dimensions > MOST_DIMENSIONS:
        raise ValueError(
            f"quadrature reaches {MOST_DIMENSIONS} continuous dimensions, and these latents have {sites.dimensions}: "
            "test them on a solvable model, with numpyro_function"
        )
    _check_independence(sites, params)
    return sites


def _check_independence(sites: Sites, params: Mapping[str, Any]) -> None:
    """Does moving the latents of the first piece leave the densities of the others alone, as the plate promises?"""
    if sites.pieces == 1:
        return
    rng = np.random.default_rng(0)
    line = rng.normal(size=(sites.pieces, sites.dimensions))
    codes = np.tile(sites.codes[0], (sites.pieces, 1))
    moved, changed = line.copy(), codes.copy()
    moved[0], changed[0] = rng.normal(size=sites.dimensions), sites.codes[-1]
    before, after = sites.log_densities(params, line, codes), sites.log_densities(params, moved, changed)
    for one, other in zip(before, after, strict=True):
        if not np.allclose(one[1:], other[1:], rtol=1e-12, atol=0):
            raise ValueError(f"the data points of plate {sites.plate!r} depend on each other's latents")


def _refuse_subsampling(*found: Mapping[str, Any]) -> None:
    for trace in found:
        for site in trace.values():
            if site["type"] == "plate" and site["args"][1] is not None and site["args"][1] < site["args"][0]:
                raise ValueError(f"plate {site['name']!r} subsamples: the oracle needs all of the data at once")


def _common_plate(sites: Sequence[Mapping[str, Any]]) -> Any:
    """The plate that encloses all sites alone on their side; None where there is none."""
    frames = [set(site["cond_indep_stack"]) for site in sites]
    for frame in sorted(set.intersection(*frames), key=lambda frame: -int(frame.dim)):
        alone = all(set(site["cond_indep_stack"]) == {frame} for site in sites if not site["is_observed"])
        if frame.dim == -1 and alone:
            return frame
    return None


def _is_finite(site: Mapping[str, Any]) -> bool:
    return bool(site["fn"].support.is_discrete)


def _piece_shape(shape: Sequence[int], plate: Any) -> tuple[int, ...]:
    """The shape of a site's value in one piece; the plate's axis comes first, since the batch has no other."""
    return tuple(shape[1:]) if plate else tuple(shape)


def _continuous(found: Sequence[Mapping[str, Any]], plate: Any) -> list[Continuous]:
    sites, first = [], 0
    for site in found:
        transform = dist.biject_to(site["fn"].support)
        shape = _piece_shape(transform.inverse_shape(jnp.shape(site["value"])), plate)
        sites.append(Continuous(site["name"], transform, shape, first, math.prod(shape)))
        first += math.prod(shape)
    return sites


def _finite(found: Sequence[Mapping[str, Any]], plate: Any) -> list[Finite]:
    sites, first = [], 0
    for site in found:
        if not _is_finite(site) or not site["fn"].has_enumerate_support or site["fn"].event_shape:
            raise ValueError(f"site {site['name']!r} can be neither integrated nor enumerated")
        values = np.asarray(site["fn"].enumerate_support(expand=False)).ravel()
        shape = _piece_shape(jnp.shape(site["value"]), plate)
        sites.append(Finite(site["name"], values, shape, first, math.prod(shape)))
        first += math.prod(shape)
    return sites


def _combinations(sites: Sequence[Finite]) -> npt.NDArray[Any]:
    supports = [site.values for site in sites for _ in range(site.size)]
    count = math.prod(len(values) for values in supports)
    if count > _MOST_CODES:
        raise ValueError(f"the finite latents have {count} values together; enumeration reaches {_MOST_CODES}")
    return np.array(list(itertools.product(*supports)), dtype=np.float64).reshape(count, len(supports))


def batched(sites: Sites) -> Any:
    """log_densities for many rows at once, compiled: params, (n, pieces, d), (n, pieces, k) ↦ three of (n, pieces)."""
    return jax.jit(jax.vmap(sites.log_densities, (None, 0, 0)))
