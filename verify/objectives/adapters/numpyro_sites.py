"""A NumPyro model and guide as two log densities of plain arrays.

Continuous latents are moved to the line by NumPyro's own transforms, finite ones are coded by their value; both
densities are those of the moved latents, so their quotient is the weight p(x, z) / q(z).  Sites of the guide that are
functions of others (Delta, as AutoContinuous makes them) count as a change of variables.  Finite latents that the guide
leaves out are summed over, as TraceEnum_ELBO does.

Where one plate encloses every sample site of model and guide, the latents fall into independent pieces, one for each
index of the plate; elsewhere there is one piece.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp
from numpyro import distributions as dist
from numpyro import handlers

from verify.objectives.adapters.traced_sites import common_plate, latents_of
from verify.objectives.reference.latents import Continuous, Finite, Latents


@dataclass(frozen=True, eq=False)
class Code:
    """A model and a guide with the arguments of both."""

    model: Any
    guide: Any
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]

    def traces(self, guide_data: Mapping[str, Any], model_data: Mapping[str, Any]) -> tuple[Any, Any]:
        """The guide with these values, and the model run against it."""
        guide = handlers.substitute(handlers.seed(self.guide, 0), data=dict(guide_data))
        guide_trace = handlers.trace(guide).get_trace(*self.arguments, **self.keywords)
        replayed = handlers.replay(handlers.seed(self.model, 0), guide_trace)
        model = handlers.substitute(replayed, data=dict(model_data))
        return guide_trace, handlers.trace(model).get_trace(*self.arguments, **self.keywords)


@dataclass(frozen=True, eq=False)
class Sites:
    """The latents of a model and a guide, and their log densities."""

    code: Code
    latents: Latents

    def log_densities(self, params: Mapping[str, Any], line: Any, codes: Any) -> tuple[Any, Any, Any]:
        """log p(x, z), log q(z) and log p(z) of every piece, shape (pieces,) each.

        line   coordinates, shape (pieces, dimensions);  codes  finite values, shape (pieces, entries)
        """
        found = [self._at(params, line, codes, jnp.tile(row, (self.latents.pieces, 1))) for row in self.latents.hidden]
        _, own, prior = found[0]
        return logsumexp(jnp.stack([joint for joint, _, _ in found]), axis=0), own, prior

    def _at(self, params: Mapping[str, Any], line: Any, codes: Any, hidden: Any) -> tuple[Any, Any, Any]:
        latents, volume = self._moved(line)
        for site in self.latents.finite:
            latents[site.name] = self._shaped(site, codes).astype(site.values.dtype)
        own = {site.name: self._shaped(site, hidden).astype(site.values.dtype) for site in self.latents.summed}
        guide, model = self.code.traces({**params, **latents}, {**params, **own})
        latent = _latent(guide)
        stretch = self._total(one for one in latent if is_function(one))
        joint = self._total(one for one in model.values() if one["type"] == "sample")
        prior = self._total(one for one in _latent(model))
        own = self._total(one for one in latent if not is_function(one))
        return joint - stretch + volume, own + volume, prior - stretch + volume

    def _total(self, found: Iterable[Mapping[str, Any]]) -> Any:
        return sum((self._log_prob(one) for one in found), jnp.zeros(self.latents.pieces))

    def _moved(self, line: Any) -> tuple[dict[str, Any], Any]:
        """The continuous latents, and the log volume of the change of variables for every piece."""
        latents: dict[str, Any] = {}
        volume = jnp.zeros(self.latents.pieces)
        for site in self.latents.continuous:
            coordinates = self._shaped(site, line)
            value = site.transform(coordinates)
            stretch = site.transform.log_abs_det_jacobian(coordinates, value)
            volume = volume + jnp.reshape(stretch, (self.latents.pieces, -1)).sum(-1)
            latents[site.name] = value
        return latents, volume

    def _shaped(self, site: Continuous | Finite, rows: Any) -> Any:
        own = rows[:, site.first : site.first + site.size].reshape(self.latents.pieces, *site.shape)
        return own[0] if self.latents.axis is None else own

    def _log_prob(self, site: Mapping[str, Any]) -> Any:
        """The log density of one site for every piece."""
        values = site["fn"].log_prob(site["value"])
        values = values if site["scale"] is None else site["scale"] * values
        if self.latents.axis is None:
            return jnp.sum(values)[None]
        return jnp.moveaxis(values, self.latents.axis, 0).reshape(self.latents.pieces, -1).sum(-1)


def _latent(trace: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [site for site in trace.values() if site["type"] == "sample" and not site["is_observed"]]


def is_function(site: Mapping[str, Any]) -> bool:
    """Is this site a function of others?"""
    law = site["fn"]
    while isinstance(law, dist.Independent | dist.ExpandedDistribution | dist.MaskedDistribution):
        law = law.base_dist
    return isinstance(law, dist.Delta)


# ---------------------------------------------------------------- reading them off


def read_sites(code: Code, params: Mapping[str, Any]) -> Sites:
    """The sites of a model and a guide, from one run of each.

    Raises ValueError for what the oracle does not reach: subsampling, more than two continuous dimensions in a piece,
    latents without enumerable support, and for a plate whose indices are not independent.
    """
    guide_trace, model_trace = code.traces(params, params)
    _refuse_subsampling(guide_trace, model_trace)
    free = [site for site in _latent(guide_trace) if not is_function(site)]
    own = [site for site in _latent(model_trace) if site["name"] not in guide_trace]
    plate = common_plate([*free, *(site for site in model_trace.values() if site["type"] == "sample")])
    sites = Sites(code, latents_of(free, own, plate, dist.biject_to, "numpyro_function"))
    if plate is not None:
        _check_independence(sites, plate.name, params)
    return sites


def _check_independence(sites: Sites, plate: str, params: Mapping[str, Any]) -> None:
    """Does moving the latents of the first piece leave the densities of the others alone, as the plate promises?"""
    rng, latents = np.random.default_rng(0), sites.latents
    line = rng.normal(size=(latents.pieces, latents.dimensions))
    codes = np.tile(latents.codes[0], (latents.pieces, 1))
    moved, changed = line.copy(), codes.copy()
    moved[0], changed[0] = rng.normal(size=latents.dimensions), latents.codes[-1]
    before, after = sites.log_densities(params, line, codes), sites.log_densities(params, moved, changed)
    for one, other in zip(before, after, strict=True):
        if not np.allclose(one[1:], other[1:], rtol=1e-12, atol=0):
            raise ValueError(f"the data points of plate {plate!r} depend on each other's latents")


def _refuse_subsampling(*found: Mapping[str, Any]) -> None:
    for trace in found:
        for site in trace.values():
            if site["type"] == "plate" and site["args"][1] is not None and site["args"][1] < site["args"][0]:
                raise ValueError(f"plate {site['name']!r} subsamples: the oracle needs all of the data at once")


def batched(sites: Sites) -> Any:
    """log_densities for many rows at once, compiled: params, (n, pieces, d), (n, pieces, k) ↦ three of (n, pieces)."""
    return jax.jit(jax.vmap(sites.log_densities, (None, 0, 0)))
