"""Tables of what holds for the objectives of a library: one row a model and objective, one column a property.

    +  held    FAIL  failed    ?  no evidence against it in a sequential test    .  not applicable, or out of reach
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from verify.objectives import Finding, Inquiry
from verify.objectives.layers import LAYERS
from verify.objectives.noise import FreshNoise

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
    """One objective on one model; `refused` is the error with which the library refuses the combination."""

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


def examined(model: str, objective: str, inquiry: Inquiry, refusals: tuple[type[Exception], ...]) -> Row:
    """One combination, all layers, also those after a failure.

    refusals  the errors with which the library refuses what it does not support
    """
    try:
        inquiry.nats(inquiry.here, FreshNoise(0))
    except refusals as error:
        return Row(model, objective, refused=f"{type(error).__name__}: {' '.join(str(error).split())}")
    return Row(model, objective, tuple(finding for layer in LAYERS.values() for finding in layer(inquiry)))


def render(table: list[Row]) -> str:
    """The table as text, with what failed below it."""
    head = ("model", "objective", *COLUMNS)
    body = [(r.model, r.objective, *r.cells()) for r in table]
    widths = [max(len(line[i]) for line in [head, *body] if len(line) == len(head)) for i in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=False)) for line in [head, *body]]
    failed = [f"{r.model}, {r.objective}: {f.property}: {f.message}" for r in table for f in r.failures()]
    return "\n".join([*lines, "", *(failed or ["nothing failed"])])
