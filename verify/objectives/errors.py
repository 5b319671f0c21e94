"""The one assertion of a check, and the error of a check that could compare nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

from verify.objectives.report import CheckReport, Finding
from verify.objectives.wording import failure_message

# The layers whose reasons say what to do about it; the others say that something is meant for other objectives.
_TELLING = ("expectation", "draws", "relations")


class ObjectiveError(AssertionError):
    """The objective is not what it was declared to be.

    report   all findings up to the failure, and the likely causes
    finding  the one that failed
    """

    def __init__(self, report: CheckReport, likely: Callable[[], tuple[str, ...]] | None = None) -> None:
        """likely finds the causes.  It is called where somebody reads them, not for every failure that Hypothesis meets
        on its way to the smallest."""
        super().__init__()
        if report.failure is None:
            raise ValueError("the report has no failure")
        self.finding: Finding = report.failure
        self._report, self._likely = report, likely

    @cached_property
    def report(self) -> CheckReport:
        """The report with the likely causes."""
        return self._report if self._likely is None else replace(self._report, likely=self._likely())

    def __str__(self) -> str:
        return failure_message(self.report)

    def __reduce__(self) -> tuple[type[ObjectiveError], tuple[CheckReport]]:
        """Made again from its report where it is sent to another process."""
        return type(self), (self.report,)


class NothingComparedError(ValueError):
    """No property of the objective but its shape, finiteness and repeatability could be tested: that it passes would
    say nothing.

    report  why each property was left out
    """

    def __init__(self, report: CheckReport) -> None:
        super().__init__()
        self.report = report

    def __str__(self) -> str:
        reasons = {f.message: f"  {f.layer:12} {f.message}" for f in self.report.findings if f.layer in _TELLING}
        answer = "nothing could be compared with an exact value, so that to pass would say nothing"
        return "\n".join([f"{answer}; in {self.report.case}", *reasons.values()])

    def __reduce__(self) -> tuple[type[NothingComparedError], tuple[CheckReport]]:
        return type(self), (self.report,)
