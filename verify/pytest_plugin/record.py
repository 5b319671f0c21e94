"""The file that --jensen-report asks for: every claim and every objective that the run has checked, as JSON.

    {"schema": 1, "tool": {…}, "alpha": 1e-06, "seed": 17,
     "documents": [as in ``jensen check --format json``, with the claims that were tests of this run],
     "summary": {"proved": 3, …},
     "objectives": [{"test": "tests/test_vae.py::test_elbo", …}]}

What a test has to say travels with pytest's report of it, so that it arrives from the processes of pytest-xdist too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from verify.pytest_plugin.settings import SETTINGS, Settings

SCHEMA = 1
Object: TypeAlias = dict[str, Any]

RECORD = pytest.StashKey[Object]()
"""On a test: {"document": …} for a claim, {"objective": …} for a test that checks objectives."""


CURRENT = pytest.StashKey[pytest.Item]()
"""On the configuration: the test that is running."""

REPLAYED = pytest.StashKey[bool]()
"""On a test: its noise follows from the seed of the run."""

SKIPPED = pytest.StashKey[tuple[str, int, str]]()
"""On a test that was skipped: the file and the line to name, and why."""


def attach(item: pytest.Item, report: pytest.TestReport) -> None:
    """Hands what a test has to say to pytest's reports of it; the record as text, which every process understands."""
    if report.skipped and SKIPPED in item.stash:
        report.longrepr = item.stash[SKIPPED]
    if report.failed and (REPLAYED in item.stash or "jensen_seed" in getattr(item, "fixturenames", ())):
        seed = item.config.stash[SETTINGS].seed
        report.sections.append(("replay", f"the noise of this test follows from --jensen-seed={seed}"))
    if report.when == "teardown" and RECORD in item.stash:
        report.jensen_record = json.dumps(item.stash[RECORD])  # type: ignore[attr-defined]  # reports take any


class ReportFile:
    """A plugin of its own: gathers the records of a run and writes them at its end."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self.settings = settings
        self.records: dict[str, Object] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        record: str | None = getattr(report, "jensen_record", None)
        if record is not None:
            self.records[report.nodeid] = json.loads(record)

    def pytest_sessionfinish(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps(self.content(), indent=1, ensure_ascii=True)
        self.path.write_text(content + "\n", encoding="utf-8")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_sep("-", f"jensen report: {self.path}")

    def content(self) -> Object:
        """The whole file as one object."""
        from verify.report.json import tool

        documents = _merged(record["document"] for record in self.records.values() if "document" in record)
        objectives = [
            {"test": test, **record["objective"]} for test, record in self.records.items() if "objective" in record
        ]
        return {
            "schema": SCHEMA,
            "tool": tool(),
            "alpha": self.settings.alpha,
            "seed": self.settings.seed,
            "documents": documents,
            "summary": _summary(documents),
            "objectives": objectives,
        }


def _merged(documents: Iterable[Object]) -> list[Object]:
    """Documents of one claim each as documents with all their claims, in the order of the text."""
    merged: dict[str, Object] = {}
    for document in documents:
        known = merged.setdefault(document["path"], {**document, "claims": []})
        known["claims"] += document["claims"]
    for document in merged.values():
        document["claims"].sort(key=lambda claim: claim["id"])
    return list(merged.values())


def _summary(documents: list[Object]) -> dict[str, int]:
    from verify.results import WORDS

    verdicts = [claim["verdict"] for document in documents for claim in document["claims"]]
    return {word: verdicts.count(word) for word in WORDS}
