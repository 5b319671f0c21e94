"""A Pyro model and guide as log densities of plain arrays: a `reference.programs.Program`.

Continuous latents are moved to the line by PyTorch's own transforms, finite ones are coded by their value; all
densities are those of the moved latents.  Sites of the guide that are functions of others (Delta, as the automatic
guides make them) count as a change of variables.  Finite latents that the guide leaves out are summed over.

Where one plate encloses every latent, they fall into independent pieces, one for each index of the plate; elsewhere
there is one piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyro
import torch
from pyro import poutine
from pyro.distributions.util import scale_and_mask
from pyro.poutine.messenger import Messenger
from pyro.poutine.util import site_is_subsample

from verify.models.records import Array
from verify.objectives.adapters.traced_sites import Site, common_plate, latents_of
from verify.objectives.reference.latents import Finite, Latents

Values: TypeAlias = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Code:
    """A model and a guide with the arguments of both."""

    model: Callable[..., Any]
    guide: Callable[..., Any]
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]

    def traces(
        self, params: Mapping[str, Any], latents: Mapping[str, Any], hidden: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The sample sites of the guide with these values, and of the model run against it; `hidden` are the model's
        own."""
        with _Fixed(latents, params):
            guide = poutine.trace(self.guide).get_trace(*self.arguments, **self.keywords)
        drawn = {name: site["value"] for name, site in sample_sites(guide).items()}
        with _Fixed({**drawn, **hidden}, params):
            model = poutine.trace(self.model).get_trace(*self.arguments, **self.keywords)
        return sample_sites(guide), sample_sites(model)


class _Fixed(Messenger):  # type: ignore[misc, unused-ignore]
    """Gives latents and parameters these values."""

    def __init__(self, latents: Mapping[str, Any], params: Mapping[str, Any]) -> None:
        super().__init__()
        self._latents, self._params = latents, params

    def _pyro_sample(self, message: Any) -> None:
        if not message["is_observed"] and message["name"] in self._latents:
            message["value"], message["done"] = self._latents[message["name"]], True

    def _pyro_param(self, message: Any) -> None:
        if message["name"] in self._params:
            message["value"], message["done"] = self._params[message["name"]], True


def sample_sites(trace: Any) -> dict[str, Any]:
    """The sample sites of a trace, without those that only choose subsamples."""
    return {n: site for n, site in trace.nodes.items() if site["type"] == "sample" and not site_is_subsample(site)}


@dataclass(frozen=True, eq=False)
class PyroProgram:
    """See `reference.programs.Program`."""

    code: Code
    latents: Latents

    def log_densities(self, values: Values, piece: int, z: Array) -> tuple[Array, Array, Array]:
        with torch.no_grad():
            joint, own, prior = self._of_rows(_tensors(values), z)
        return joint[:, piece].numpy(), own[:, piece].numpy(), prior[:, piece].numpy()

    def slopes(
        self, values: Values, piece: int, z: Array, volumes: Array, names: Sequence[str]
    ) -> Mapping[str, Array]:
        params = _tensors(values)
        moving = [params[name].requires_grad_() for name in names]
        joint, own, _ = (part[:, piece] for part in self._of_rows(params, z))
        chances = torch.exp(own + torch.as_tensor(volumes))
        alive = chances > 0
        total = torch.where(alive, chances * torch.where(alive, joint - own, 0.0), 0.0).sum()
        found = torch.autograd.grad(total, moving, allow_unused=True)
        slopes = [torch.zeros_like(p) if slope is None else slope for p, slope in zip(moving, found, strict=True)]
        return {name: slope.numpy() for name, slope in zip(names, slopes, strict=True)}

    def _of_rows(self, params: Mapping[str, torch.Tensor], z: Array) -> tuple[torch.Tensor, ...]:
        """Log densities of all pieces at every row, shape (n, pieces)."""
        with quiet():
            return _mapped(lambda row: self._at_row(params, row), torch.as_tensor(np.ascontiguousarray(z)))

    def _at_row(self, params: Mapping[str, torch.Tensor], row: torch.Tensor) -> tuple[torch.Tensor, ...]:
        hidden = torch.as_tensor(self.latents.hidden)
        if len(hidden) == 1:
            return self._at(params, row, hidden[0])
        joint, own, prior = _mapped(lambda one: self._at(params, row, one), hidden)
        return torch.logsumexp(joint, 0), own[0], torch.logsumexp(prior, 0)

    def _at(
        self, params: Mapping[str, torch.Tensor], row: torch.Tensor, hidden: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        latents, volume = self._moved(row)
        codes = row[self.latents.dimensions :]
        latents |= {site.name: self._shaped(site, codes) for site in self.latents.finite}
        own = {site.name: self._shaped(site, hidden) for site in self.latents.summed}
        guide, model = self.code.traces(params, latents, own)
        fixed = self._total([site for site in guide.values() if is_function(site)])
        free = self._total([site for site in guide.values() if not is_function(site) and not site["is_observed"]])
        likelihood = self._total([site for site in model.values() if site["is_observed"]])
        prior = self._total([site for site in model.values() if not site["is_observed"]]) + volume - fixed
        return likelihood + prior, free + volume, prior

    def _moved(self, row: torch.Tensor) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """The continuous latents, and the log volume of the change of variables in one piece."""
        latents, volume = {}, torch.zeros(())
        for site in self.latents.continuous:
            coordinates = row[site.first : site.first + site.size].reshape(site.shape)
            value = site.transform(coordinates)
            volume = volume + site.transform.log_abs_det_jacobian(coordinates, value).sum()
            latents[site.name] = self._in_plate(value)
        return latents, volume

    def _shaped(self, site: Finite, row: torch.Tensor) -> torch.Tensor:
        codes = row[site.first : site.first + site.size].reshape(site.shape)
        return self._in_plate(codes.to(torch.from_numpy(site.values).dtype))

    def _in_plate(self, value: torch.Tensor) -> torch.Tensor:
        """The same value in every piece."""
        return value if self.latents.axis is None else value.expand(self.latents.pieces, *value.shape)

    def _total(self, sites: Sequence[Site]) -> torch.Tensor:
        """The sum of their log densities for every piece."""
        total = torch.zeros(self.latents.pieces)
        for site in sites:
            values = scale_and_mask(site["fn"].log_prob(site["value"]), site["scale"], site["mask"])
            axis = self.latents.axis
            by_piece = values[None] if axis is None else values.movedim(axis, 0)
            total = total + by_piece.reshape(self.latents.pieces, -1).sum(-1)
        return total


def _mapped(function: Callable[[torch.Tensor], tuple[torch.Tensor, ...]], rows: torch.Tensor) -> tuple[Any, ...]:
    """The function at every row, at once or, where its control flow depends on the row, one by one."""
    try:
        return tuple(torch.func.vmap(function)(rows))
    except (RuntimeError, ValueError, TypeError):
        found = [function(row) for row in rows]
        return tuple(torch.stack(parts) for parts in zip(*found, strict=True))


@contextmanager
def quiet() -> Iterator[None]:
    """Without Pyro's checks of the values of arguments, which vmap refuses, and with 64 bits."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with pyro.validation_enabled(False):
            yield
    finally:
        torch.set_default_dtype(before)


def _tensors(values: Values) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(value, dtype=torch.float64) for name, value in values.items()}


def is_function(site: Site) -> bool:
    """Is this site a function of others?"""
    law = site["fn"]
    while hasattr(law, "base_dist") and not isinstance(law, pyro.distributions.TransformedDistribution):
        law = law.base_dist
    return isinstance(law, pyro.distributions.Delta)


# ---------------------------------------------------------------- reading them off


def read_program(code: Code, guide: Mapping[str, Any], model: Mapping[str, Any]) -> PyroProgram:
    """The program of a model and a guide, from the sites of one run of each.

    Raises ValueError for what the oracle does not reach: subsampling, more than two continuous dimensions in a piece,
    latents without enumerable support.
    """
    _refuse_subsampling([*guide.values(), *model.values()])
    free = [site for site in guide.values() if not is_function(site) and not site["is_observed"]]
    own = [site for name, site in model.items() if name not in guide and not site["is_observed"]]
    plate = common_plate(free + list(model.values()))
    return PyroProgram(code, latents_of(free, own, plate, torch.distributions.biject_to, "pyro_function"))


def _refuse_subsampling(sites: Sequence[Site]) -> None:
    for site in sites:
        for frame in site["cond_indep_stack"]:
            if frame.full_size is not None and frame.full_size != frame.size:
                raise ValueError(f"plate {frame.name!r} subsamples: the oracle needs all of the data at once")
