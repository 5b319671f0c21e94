"""Every objective class of Pyro on eight models: which properties hold.

`python -m tests.objectives.surveys.pyro_objectives` prints the table, one row a model and objective, and below it what
failed and what could not be tested; names of models as arguments restrict it to them.

    +  held    FAIL  failed    ?  no evidence against it in a sequential test    .  not applicable, or out of reach
    (+)  held near the posterior, where quadrature settles

EnergyDistance and Trace_MMD are left out: they are no bounds of log p(x).  TraceTailAdaptive_ELBO has no value.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from typing import Any

import pyro
import torch
from pyro import infer

from verify.objectives import Case, Inquiry, Objective, Settings
from verify.objectives.adapters.guided import GuidedObjective
from verify.objectives.adapters.pyro_objective import pyro_objective

from .models import ALL, Library, Setting
from .table import Row, examined, render

LIBRARY = Library(
    pyro.sample, pyro.plate, pyro.param, pyro.distributions, pyro.distributions.constraints, torch.as_tensor
)
OBJECTIVES: Mapping[str, Callable[[], Any]] = {
    "Trace_ELBO": infer.Trace_ELBO,
    "Trace_ELBO, 2 particles": partial(infer.Trace_ELBO, num_particles=2),
    "Trace_ELBO, 2 vectorised": partial(infer.Trace_ELBO, num_particles=2, vectorize_particles=True),
    "JitTrace_ELBO": partial(infer.JitTrace_ELBO, ignore_jit_warnings=True),
    "TraceMeanField_ELBO": infer.TraceMeanField_ELBO,
    "JitTraceMeanField_ELBO": partial(infer.JitTraceMeanField_ELBO, ignore_jit_warnings=True),
    "TraceGraph_ELBO": infer.TraceGraph_ELBO,
    "JitTraceGraph_ELBO": partial(infer.JitTraceGraph_ELBO, ignore_jit_warnings=True),
    "TraceEnum_ELBO": infer.TraceEnum_ELBO,
    "JitTraceEnum_ELBO": partial(infer.JitTraceEnum_ELBO, ignore_jit_warnings=True),
    "TraceTMC_ELBO": infer.TraceTMC_ELBO,
    "RenyiELBO, alpha 0": infer.RenyiELBO,
    "RenyiELBO, alpha 0.5": partial(infer.RenyiELBO, alpha=0.5),
    "RenyiELBO, alpha 2": partial(infer.RenyiELBO, alpha=2.0),
    "ReweightedWakeSleep": infer.ReweightedWakeSleep,
}
# Only these sum over finite latents; TraceTMC_ELBO does so in the model alone, for in the guide it samples.
ENUMERATING = ("TraceEnum_ELBO", "JitTraceEnum_ELBO")
SUMMING = (*ENUMERATING, "TraceTMC_ELBO")
_REFUSALS = (NotImplementedError, AssertionError, ValueError, RuntimeError, TypeError)


def subject_of(setting: Setting, name: str) -> GuidedObjective:
    """The objective on this model, with finite latents of the guide enumerated where it can."""
    guide = infer.config_enumerate(setting.guide, default="parallel") if name in ENUMERATING else setting.guide
    return pyro_objective(
        setting.model, guide, OBJECTIVES[name](), params=setting.params, args=setting.args, posterior=setting.posterior
    )


@lru_cache(maxsize=16)
def case_of(model: str) -> Case:
    """Exact values are the same for all objectives."""
    return subject_of(ALL[model](LIBRARY), "Trace_ELBO").case


def rows(models: Iterable[str] = ALL, objectives: Iterable[str] = OBJECTIVES) -> list[Row]:
    """All combinations; models with latents that the guide leaves out are for objectives that sum over them."""
    chosen = list(objectives)
    return [
        row(model, name)
        for model in models
        for name in chosen
        if not ALL[model](LIBRARY).summed or name in SUMMING
    ]


def row(model: str, name: str, evaluations: int = 512, max_draws: int = 128) -> Row:
    """One combination."""
    setting = ALL[model](LIBRARY)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tracer, and of latents that the guide leaves out
        subject = subject_of(setting, name)
        case = case_of(model)
        inquiry = Inquiry(
            subject.implementation, Objective(**subject.declared), case, Settings(evaluations, max_draws)
        )
        return examined(setting.name, name, inquiry, _REFUSALS)


if __name__ == "__main__":
    logging.disable(logging.INFO)
    print(render(rows(sys.argv[1:] or ALL)))
