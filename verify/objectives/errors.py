"""The one assertion of a check."""

from __future__ import annotations

from verify.objectives.report import CheckReport, Finding
from verify.objectives.wording import failure_message


class ObjectiveError(AssertionError):
    """The objective is not what it was declared to be.

    report   all findings up to the failure, and the likely causes
    finding  the one that failed
    """

    def __init__(self, report: CheckReport) -> None:
        super().__init__(failure_message(report))
        self.report = report

    def __reduce__(self) -> tuple[type[ObjectiveError], tuple[CheckReport]]:
        """Made again from its report where it is sent to another process."""
        return type(self), (self.report,)

    @property
    def finding(self) -> Finding:
        """The finding that failed."""
        failure = self.report.failure
        if failure is None:
            raise ValueError("the report has no failure")
        return failure
