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
from .objectives import OBJECTIVES, iwae_normal

__all__ = ["FAMILIES", "Family", "Mutant", "report"]

EVALUATIONS = {"use_prior_sample": 64}  # thousands of outcomes: that they are too many is clear sooner

FAMILIES: tuple[Family, ...] = (
    *(replace(f, function=OBJECTIVES[f.name]) for f in ALL if f.name in OBJECTIVES and f is not iwae.GRADIENTS),
    replace(iwae.GRADIENTS, function=iwae_normal),
)


def report(family: Family, bug: str, seed: int) -> CheckReport:
    """What is found about one objective in one case.  Raises ObjectiveError where it is called wrong."""
    objective = torch_objective(partial(family.function, bug=bug))
    evaluations = EVALUATIONS.get(bug, 2048)
    return check_objective(objective, family.case(seed), evaluations=evaluations, **family.declared)
