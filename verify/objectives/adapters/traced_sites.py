"""What the traces of Pyro and of NumPyro have in common: sample sites in plates, read off as `reference.latents`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from verify.objectives.reference.latents import Continuous, Finite, Latents

MOST_DIMENSIONS = 2
Site: TypeAlias = Mapping[str, Any]


def common_plate(sites: Sequence[Site]) -> Any:
    """The plate that encloses every site, and is the only one around a latent; None where there is none."""
    stacks = [{frame for frame in site["cond_indep_stack"] if frame.dim is not None} for site in sites]
    for frame in sorted(set.intersection(*stacks), key=lambda frame: -int(frame.dim)):
        alone = all(stack == {frame} for stack, site in zip(stacks, sites, strict=True) if not site["is_observed"])
        if frame.dim == -1 and alone:
            return frame
    return None


def latents_of(
    free: Sequence[Site], own: Sequence[Site], plate: Any, biject_to: Callable[[Any], Any], elsewhere: str
) -> Latents:
    """The latents of a guide and a model.

    free       sites that the guide draws;  own  sites of the model alone
    plate      the plate that encloses all of them, or None
    biject_to  support ↦ the transform that leads from the line to it
    elsewhere  the function to use where these latents are out of reach

    Raises ValueError for more than two continuous dimensions in a piece, and for latents without enumerable support.
    """
    plated = plate is not None
    continuous = list(_continuous([site for site in free if not _is_finite(site)], biject_to, plated))
    finite = list(_finite([site for site in free if _is_finite(site)], plated))
    axis, pieces = (int(plate.dim), int(plate.size)) if plated else (None, 1)
    latents = Latents(axis, pieces, continuous, finite, list(_finite(own, plated)))
    if latents.dimensions > MOST_DIMENSIONS:
        raise ValueError(
            f"quadrature reaches {MOST_DIMENSIONS} continuous dimensions, and these latents have {latents.dimensions}: "
            f"test them on a solvable model, with {elsewhere}"
        )
    return latents


def _is_finite(site: Site) -> bool:
    return bool(site["fn"].support.is_discrete)


def _continuous(sites: Sequence[Site], biject_to: Callable[[Any], Any], plated: bool) -> Iterator[Continuous]:
    """In a plate its axis comes first, since the batch has no other."""
    first = 0
    for site in sites:
        transform = biject_to(site["fn"].support)
        shape = tuple(transform.inverse_shape(site["value"].shape))[plated:]
        yield Continuous(site["name"], transform, shape, first, math.prod(shape))
        first += math.prod(shape)


def _finite(sites: Sequence[Site], plated: bool) -> Iterator[Finite]:
    first = 0
    for site in sites:
        if not _is_finite(site) or not site["fn"].has_enumerate_support or site["fn"].event_shape:
            raise ValueError(f"site {site['name']!r} can be neither integrated nor enumerated")
        values = np.asarray(site["fn"].enumerate_support(expand=False)).ravel()
        shape = tuple(site["value"].shape)[plated:]
        yield Finite(site["name"], values, shape, first, math.prod(shape))
        first += math.prod(shape)
