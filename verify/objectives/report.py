"""What a check has found: one finding a property, and the report of all of them."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from verify.objectives.declaration import Objective

Status: TypeAlias = Literal["held", "failed", "undecided", "not applicable"]


@dataclass(frozen=True)
class Finding:
    """What one layer found about one property.

    layer        "structure", "pointwise", "expectation", …
    property     in symbols or a few words: "E[value] = ELBO(q)"
    status       "held"; "failed"; "undecided" (a pass: the test ran out of draws, and `detail` says which deviation it
                 would have found); "not applicable" (`message` says why)
    message      for a failure, what is wrong in one sentence; otherwise the reason
    expected, found, tolerance   in nats, where the property compares numbers
    evaluations  calls of the objective that this finding took
    detail       more numbers, by name
    """

    layer: str
    property: str
    status: Status
    message: str = ""
    expected: float | None = None
    found: float | None = None
    tolerance: float | None = None
    evaluations: int = 0
    detail: Mapping[str, Any] = field(default_factory=dict)

    @builtins.property  # the field of that name hides it here
    def deviation(self) -> float | None:
        """found - expected."""
        return None if self.found is None or self.expected is None else self.found - self.expected


@dataclass(frozen=True)
class CheckReport:
    """All findings about one objective in one case.

    objective   the declaration
    case        the line that builds the case again
    findings    in the order of the layers
    likely      for a failure: what explains the deviation, one sentence a hypothesis
    """

    objective: Objective
    case: str
    findings: tuple[Finding, ...]
    likely: tuple[str, ...] = ()

    @property
    def failure(self) -> Finding | None:
        """The finding that failed, if one did; the check stops there."""
        return next((finding for finding in self.findings if finding.status == "failed"), None)

    @property
    def compares(self) -> bool:
        """Was anything tested besides shape, finiteness and repeatability?"""
        return any(f.layer != "structure" and f.status != "not applicable" for f in self.findings)

    def with_status(self, status: Status) -> tuple[Finding, ...]:
        """The findings with this status."""
        return tuple(finding for finding in self.findings if finding.status == status)

    @property
    def evaluations(self) -> int:
        """How often the objective was called."""
        return sum(finding.evaluations for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """The report as plain dictionaries, lists, strings and numbers."""
        findings = [{**asdict(finding), "detail": dict(finding.detail)} for finding in self.findings]
        head = {"objective": asdict(self.objective), "case": self.case, "failed": self.failure is not None}
        return {**head, "likely": list(self.likely), "findings": findings}

    def __str__(self) -> str:
        """One line a finding."""
        lines = [f"{self.objective.title} in {self.case}"]
        width = max((len(finding.property) for finding in self.findings), default=0)
        for finding in self.findings:
            remark = f"  {finding.message}" if finding.message else ""
            lines.append(f"  {finding.layer:12} {finding.property:{width}}  {finding.status}{remark}")
        return "\n".join(lines)
