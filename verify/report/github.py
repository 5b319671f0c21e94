"""The run as commands for GitHub Actions, which shows them as annotations at the lines of a pull request.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Mapping

from verify.report.findings import Finding, Level, findings
from verify.report.wording import position, summary
from verify.results import Run

COMMANDS: Mapping[Level, str] = {"error": "error", "warning": "warning", "note": "notice"}


def render(run: Run) -> str:
    """One command per finding, and the summary as an ordinary line."""
    return "\n".join([*(_command(finding) for finding in findings(run) if not finding.announced), summary(run)]) + "\n"


def _command(finding: Finding) -> str:
    place, message = finding.place, finding.message
    properties = {"file": finding.document.path}
    if place is not None and place.cell is not None:  # a line within a cell is no line of the file
        message = f"{position(place)}: {message}"
    elif place is not None:
        properties |= {"line": str(place.line), "col": str(place.column)}
    properties["title"] = f"jensen: {finding.kind}"
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{COMMANDS[finding.level]} {written}::{_data(message)}"


def _data(text: str) -> str:
    """Text after the second ::, as the runner unescapes it."""
    return _encodable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
