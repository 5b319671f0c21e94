"""The log densities of a NumPyro model and guide as a `reference.programs.Program`, compiled once for all values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from verify.models.records import Array
from verify.objectives.adapters.numpyro_sites import Sites, batched
from verify.objectives.reference.latents import Latents

_SHORTEST = 512


@dataclass(frozen=True, eq=False)
class NumPyroProgram:
    """See `reference.programs.Program`."""

    latents: Latents
    compiled: Any

    def log_densities(
        self, values: Mapping[str, npt.NDArray[Any]], piece: int, z: Array
    ) -> tuple[Array, Array, Array]:
        count, split = len(z), self.latents.dimensions
        rows = self._rows(np.pad(z, ((0, _padding(count)), (0, 0)), mode="edge"))
        with jax.enable_x64(True):
            found = self.compiled(dict(values), rows[..., :split], rows[..., split:])
            joint, own, prior = (np.asarray(array, dtype=np.float64)[:count, piece] for array in found)
        return joint, own, prior

    def slopes(
        self, values: Mapping[str, npt.NDArray[Any]], piece: int, z: Array, volumes: Array, names: Sequence[str]
    ) -> Mapping[str, Array]:
        rows, split = self._rows(z), self.latents.dimensions

        def elbo(moving: Mapping[str, Any]) -> Any:
            joint, own, _ = self.compiled({**values, **moving}, rows[..., :split], rows[..., split:])
            joint, own = joint[:, piece], own[:, piece]
            chances = jnp.exp(own + volumes)
            alive = chances > 0
            return jnp.sum(jnp.where(alive, chances * jnp.where(alive, joint - own, 0.0), 0.0))

        with jax.enable_x64(True):
            found = jax.device_get(jax.grad(elbo)({name: values[name] for name in names}))
        return {name: np.asarray(slope, dtype=np.float64) for name, slope in found.items()}

    def _rows(self, z: Array) -> Array:
        """Every row for every piece."""
        return np.repeat(z[:, None], self.latents.pieces, axis=1)


def _padding(count: int) -> int:
    """Rows to add so that few different lengths are compiled."""
    return max(_SHORTEST, 1 << (count - 1).bit_length()) - count


def numpyro_program(sites: Sites) -> NumPyroProgram:
    """The program, its densities compiled at the first call."""
    return NumPyroProgram(sites.latents, batched(sites))
