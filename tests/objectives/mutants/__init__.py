"""Wrong objectives, each a mistake that people have made, beside the correct ones.

`python -m tests.objectives.mutants` prints which layer catches each of them, and what it is told.
"""

from __future__ import annotations

from . import (
    diffusion,
    discrete_enum,
    iwae,
    lognormal,
    masked_seq,
    minibatch,
    multisite,
    mvn_kl,
    particles,
    renyi,
    score_function,
    vae_bern,
    vae_gauss,
)
from .record import Family, Mutant

ALL: tuple[Family, ...] = (
    vae_gauss.FAMILY,
    vae_bern.FAMILY,
    iwae.FAMILY,
    iwae.GRADIENTS,
    renyi.FAMILY,
    lognormal.FAMILY,
    minibatch.FAMILY,
    multisite.FAMILY,
    discrete_enum.FAMILY,
    score_function.FAMILY,
    mvn_kl.FAMILY,
    masked_seq.FAMILY,
    diffusion.FAMILY,
    particles.FAMILY,
)

__all__ = ["ALL", "Family", "Mutant"]
