"""The one assertion of a check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

from verify.objectives.report import CheckReport, Finding
from verify.objectives.wording import failure_message


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
