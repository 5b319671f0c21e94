"""Every objective class of NumPyro on eight models: which properties hold.

`python -m tests.objectives.surveys.numpyro_objectives` prints the table, one row a model and objective, and below it
what failed and what could not be tested; names of models as arguments restrict it to them.

    +  held    FAIL  failed    ?  no evidence against it in a sequential test    .  not applicable, or out of reach
    (+)  held near the posterior; where the parameters stand, quadrature does not settle
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax.numpy as jnp
import numpyro
from numpyro.infer import RenyiELBO, Trace_ELBO, TraceEnum_ELBO, TraceGraph_ELBO, TraceMeanField_ELBO

from verify.objectives import Inquiry, Objective, Settings
from verify.objectives.adapters.numpyro_objective import numpyro_objective

from .models import ALL, Library
from .table import Row, examined, render

LIBRARY = Library(
    numpyro.sample,
    numpyro.plate,
    numpyro.param,
    numpyro.distributions,
    numpyro.distributions.constraints,
    jnp.asarray,
)
OBJECTIVES: Mapping[str, Callable[[], Any]] = {
    "Trace_ELBO": Trace_ELBO,
    "Trace_ELBO, 2 particles": lambda: Trace_ELBO(num_particles=2),
    "TraceMeanField_ELBO": TraceMeanField_ELBO,
    "TraceGraph_ELBO": TraceGraph_ELBO,
    "TraceEnum_ELBO": TraceEnum_ELBO,
    "RenyiELBO, alpha 0": RenyiELBO,
    "RenyiELBO, alpha 0.5": lambda: RenyiELBO(alpha=0.5),
    "RenyiELBO, alpha 2": lambda: RenyiELBO(alpha=2.0),
}


def rows(models: Iterable[str] = ALL, objectives: Iterable[str] = OBJECTIVES) -> list[Row]:
    """All combinations; models with latents that the guide leaves out are for TraceEnum_ELBO alone."""
    chosen = list(objectives)
    return [
        row(model, name)
        for model in models
        for name in chosen
        if not ALL[model](LIBRARY).summed or name == "TraceEnum_ELBO"
    ]


def row(model: str, name: str, evaluations: int = 1024, max_draws: int = 1024) -> Row:
    """One combination, all layers, also those after a failure."""
    setting = ALL[model](LIBRARY)
    subject = numpyro_objective(
        setting.model,
        setting.guide,
        OBJECTIVES[name](),
        params=setting.params,
        args=setting.args,
        posterior=setting.posterior,
    )
    declared = Objective(**subject.declared)
    inquiry = Inquiry(subject.implementation, declared, subject.case, Settings(evaluations, max_draws))
    return examined(setting.name, name, inquiry, (NotImplementedError, AssertionError, ValueError, RuntimeError))


if __name__ == "__main__":
    print(render(rows(sys.argv[1:] or ALL)))
