"""A project of somebody else, in which pytest runs with the plugin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

PLUGIN = ("-p", "verify.pytest_plugin")


@dataclass(frozen=True)
class Outcome:
    """What a run of pytest did.

    tests     node id -> passed, failed, skipped or error, in the order in which they ran
    printed   standard output
    problems  standard error
    """

    status: int
    tests: dict[str, str]
    printed: str
    problems: str


@dataclass(frozen=True)
class Project:
    """A folder with documents and tests; ``run`` runs pytest in it."""

    pytester: pytest.Pytester

    @property
    def folder(self) -> Path:
        return self.pytester.path

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else dedent(content).encode())
        return path

    def run(self, *arguments: str | Path) -> Outcome:
        """Runs pytest in this process, with no plugins but its own and ours."""
        recorder = Recorder()
        result = self.pytester.runpytest_inprocess(*PLUGIN, *arguments, plugins=[recorder])
        return Outcome(int(result.ret), recorder.tests, result.stdout.str(), result.stderr.str())


class Recorder:
    """A plugin that notes how every test ends."""

    def __init__(self) -> None:
        self.tests: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or not report.passed:
            failed = "failed" if report.when == "call" else "error"
            self.tests[report.nodeid] = failed if report.failed else report.outcome
