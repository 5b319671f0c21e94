"""Every objective class of NumPyro on eight models: which properties hold.

`python -m tests.objectives.surveys.numpyro_objectives` prints the table, one row a model and objective, and below it
what failed and what could not be tested; names of models as arguments restrict it to them.

    +  held    FAIL  failed    ?  no evidence against it in a sequential test    .  not applicable, or out of reach
    (+)  held near the posterior; where the parameters stand, quadrature does not settle
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from numpyro.infer import RenyiELBO, Trace_ELBO, TraceEnum_ELBO, TraceGraph_ELBO, TraceMeanField_ELBO

from verify.objectives import Finding, Inquiry, Objective, Settings
from verify.objectives.adapters.numpyro_objective import numpyro_objective
from verify.objectives.layers import LAYERS
from verify.objectives.noise import FreshNoise

from . import numpyro_models
from .numpyro_models import Setting

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
# A column, and how the names of its properties begin.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "finite": ("returns",),
    "same seed": ("the same seed",),
    "every draw": ("at the posterior every draw",),
    "value": ("E[value] = ELBO", "E[value] = E[", "E[value] is exact"),
    "gradient": ("E[gradient",),
    "bound": ("E[value] <= log p(x)",),
    "gap": ("log p(x) - E[value]",),
    "equality": ("E[value] = log p(x) at",),
    "draws": ("mean of the draws",),
}
SIGNS = {"held": "+", "failed": "FAIL", "undecided": "?", "not applicable": "."}
_WORST_FIRST = ("failed", "held", "undecided", "not applicable")


@dataclass(frozen=True)
class Row:
    """One objective on one model; `refused` is the error with which NumPyro refuses the combination."""

    model: str
    objective: str
    findings: tuple[Finding, ...] = ()
    refused: str = ""

    def status(self, column: str) -> str:
        """The worst status among the column's properties; what failed anywhere counts."""
        found = {f.status for f in self.findings if f.property.startswith(COLUMNS[column])}
        return next((status for status in _WORST_FIRST if status in found), "not applicable")

    def cells(self) -> list[str]:
        """One sign a column, or why there are none."""
        return [self.refused] if self.refused else [self._sign(column) for column in COLUMNS]

    def _sign(self, column: str) -> str:
        of_column = [f for f in self.findings if f.property.startswith(COLUMNS[column])]
        held = [f for f in of_column if f.status == "held"]
        only_near = held and all(f.property.endswith("near the posterior") for f in held)
        status = self.status(column)
        return "(+)" if status == "held" and only_near else SIGNS[status]

    def failures(self) -> tuple[Finding, ...]:
        """The findings that failed."""
        return tuple(finding for finding in self.findings if finding.status == "failed")


def rows(models: Iterable[str] = numpyro_models.ALL, objectives: Iterable[str] = OBJECTIVES) -> list[Row]:
    """All combinations; models with latents that the guide leaves out are for TraceEnum_ELBO alone."""
    chosen = list(objectives)
    return [
        row(setting, name)
        for setting in (numpyro_models.ALL[model]() for model in models)
        for name in chosen
        if not setting.summed or name == "TraceEnum_ELBO"
    ]


def row(setting: Setting, name: str, evaluations: int = 1024, max_draws: int = 1024) -> Row:
    """One combination, all layers, also those after a failure."""
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
    try:
        inquiry.nats(inquiry.here, FreshNoise(0))
    except (NotImplementedError, AssertionError, ValueError, RuntimeError) as error:
        return Row(setting.name, name, refused=f"{type(error).__name__}: {' '.join(str(error).split())}")
    return Row(setting.name, name, tuple(finding for layer in LAYERS.values() for finding in layer(inquiry)))


def render(table: list[Row]) -> str:
    """The table as text, with what failed below it."""
    head = ("model", "objective", *COLUMNS)
    body = [(r.model, r.objective, *r.cells()) for r in table]
    widths = [max(len(line[i]) for line in [head, *body] if len(line) == len(head)) for i in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=False)) for line in [head, *body]]
    failed = [f"{r.model}, {r.objective}: {f.property}: {f.message}" for r in table for f in r.failures()]
    return "\n".join([*lines, "", *(failed or ["nothing failed"])])


if __name__ == "__main__":
    print(render(rows(sys.argv[1:] or numpyro_models.ALL)))
