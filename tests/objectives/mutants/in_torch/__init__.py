"""Mutants in PyTorch, with gradients by autograd: cases and declarations are those of the NumPy mutants.

`python -m tests.objectives.mutants.in_torch [RUNS]` prints what catches each of them, and checks the correct ones in so
many runs with fresh seeds.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from verify.objectives import CheckReport, check_objective
from verify.objectives.adapters.pytorch import torch_objective

from .. import ALL, iwae
from ..record import Family, Mutant
from . import objectives, sites
from .diffusion import diffusion

__all__ = ["FAMILIES", "Family", "Mutant", "report"]

EVALUATIONS = {"use_prior_sample": 64}  # thousands of outcomes: that they are too many is clear sooner

OBJECTIVES = {
    "vae_gauss": objectives.vae_gauss,
    "vae_bern": objectives.vae_bern,
    "iwae": objectives.iwae,
    "renyi05": objectives.renyi,
    "lognormal": sites.lognormal,
    "minibatch": objectives.minibatch,
    "multisite": sites.multisite,
    "discrete_enum": objectives.discrete_enum,
    "score_function": objectives.score_function,
    "mvn_kl": objectives.mvn_kl,
    "masked_seq": sites.masked_seq,
    "diffusion": diffusion,
    "particles": objectives.particles,
}

FAMILIES: tuple[Family, ...] = tuple(
    replace(family, function=objectives.iwae_normal if family is iwae.GRADIENTS else OBJECTIVES[family.name])
    for family in ALL
)


def report(family: Family, bug: str, seed: int) -> CheckReport:
    """What is found about one objective in one case.  Raises ObjectiveError where it is called wrong."""
    objective = torch_objective(partial(family.function, bug=bug))
    evaluations = EVALUATIONS.get(bug, 2048)
    return check_objective(objective, family.case(seed), evaluations=evaluations, **family.declared)
