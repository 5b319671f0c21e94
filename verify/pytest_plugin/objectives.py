"""The fixture ``check_objective``: ``verify.check_objective`` with the budget, the seed and the report of the suite.

    @pytest.mark.jensen(returns="loss", reduction="mean")
    class TestMyVae:
        @given(case=strategies.solved("ppca"))
        def test_loss(self, check_objective, case):
            check_objective(lambda q, rng: my_loss(case.model.x, q.mean, q.variance, rng), case)

budget  All tests together raise a false alarm with probability at most --jensen-alpha, however many there are; each
        process of pytest-xdist gets an equal part of it.
seed    A ``Case`` or ``Unsolved`` that names no seed gets one that follows from --jensen-seed and the test's name, so
        that one test can be replayed without the others.  Cases that Hypothesis draws bring their own.
report  What every check found is kept for --jensen-report.

The fixture lives as long as the session, because Hypothesis refuses fixtures that are made anew for every test.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import pytest

from verify.objectives import Case, CheckReport, ObjectiveError, Unsolved, check_objective
from verify.objectives.case import AnyCase
from verify.objectives.sequential import Budget
from verify.pytest_plugin.record import CURRENT, RECORD, REPLAYED
from verify.pytest_plugin.settings import SETTINGS


def suite_budget(config: pytest.Config) -> Budget:
    """The false-alarm rate of the suite, or the part of it that a process of pytest-xdist may spend."""
    processes: int = getattr(config, "workerinput", {}).get("workercount", 1)
    return Budget(config.stash[SETTINGS].alpha / processes)


class SharedBudget(Budget):
    """The suite's budget as one test sees it: what is the same to one test need not be the same to another."""

    def __init__(self, suite: Budget, owner: Hashable) -> None:
        super().__init__(suite.total, suite.tests)
        self._suite, self._owner = suite, owner

    def share(self, key: Hashable) -> float:
        """The level α of a sequential test within this test."""
        return self._suite.share((self._owner, key))


@dataclass(frozen=True)
class ObjectiveChecker:
    """What the fixture ``check_objective`` is: call it as the function of that name.

    Declarations that the call does not make are those of ``@pytest.mark.jensen``: of the test, its class or its module.
    """

    config: pytest.Config
    budget: Budget

    def __call__(self, objective: Callable[..., Any], case: AnyCase, **declared: Any) -> CheckReport:
        __tracebackhide__ = True  # the failure stands in the user's line
        item = self.config.stash[CURRENT]
        declared = {**marked(item), **declared}
        declared.setdefault("budget", SharedBudget(self.budget, (item.nodeid, _words(declared))))
        try:
            report = check_objective(objective, self._seeded(case, item), **declared)
        except ObjectiveError as error:
            if self.config.stash[SETTINGS].report is not None:
                self._note(item, error.report)
            raise error.with_traceback(None) from None
        self._note(item, report)
        return report

    def _seeded(self, case: AnyCase, item: pytest.Item) -> AnyCase:
        if isinstance(case, Case | Unsolved) and case.seed == 0:
            item.stash[REPLAYED] = True
            return replace(case, seed=seed_of(self.config.stash[SETTINGS].seed, item.nodeid))
        return case

    def _note(self, item: pytest.Item, report: CheckReport) -> None:
        if self.config.stash[SETTINGS].report is None:
            return
        checks = item.stash.setdefault(CHECKS, Checks())
        checks.add(report)
        item.stash[RECORD] = {"objective": checks.as_json()}


def marked(item: pytest.Item) -> dict[str, Any]:
    """The declarations of ``@pytest.mark.jensen``, the nearest first.  Raises TypeError for one without a name."""
    declared: dict[str, Any] = {}
    for marker in item.iter_markers("jensen"):
        if marker.args:
            raise TypeError(
                f"@pytest.mark.jensen takes declarations by name, such as returns='loss', not {marker.args}"
            )
        declared = {**marker.kwargs, **declared}
    return declared


def _words(declared: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """The declarations that are the same when Hypothesis runs a case again, which functions need not be."""
    return tuple(sorted((name, value) for name, value in declared.items() if isinstance(value, str | int | float)))


def seed_of(suite: int, test: str) -> int:
    """The seed of one test: a hash of the suite's seed and the test's name."""
    return int.from_bytes(sha256(f"{suite} {test}".encode()).digest()[:4], "big")


# ---------------------------------------------------------------- what is reported


@dataclass
class Checks:
    """All checks of one test; under Hypothesis there is one for every example.

    properties  how often each property held, failed, …
    telling     the last check that failed, which is the smallest case once Hypothesis has shrunk it; else the last one
    """

    number: int = 0
    properties: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    telling: CheckReport | None = None

    def add(self, report: CheckReport) -> None:
        self.number += 1
        for finding in report.findings:
            self.properties.setdefault((finding.layer, finding.property), Counter())[finding.status] += 1
        if self.telling is None or self.telling.failure is None or report.failure is not None:
            self.telling = report

    def as_json(self) -> dict[str, Any]:
        counts = [{"layer": layer, "property": name, **statuses} for (layer, name), statuses in self.properties.items()]
        telling = None if self.telling is None else plain(self.telling.as_json())
        return {"checks": self.number, "properties": counts, "report": telling}


CHECKS = pytest.StashKey[Checks]()


def plain(value: Any) -> Any:
    """A value as JSON knows it: numbers that are none as words, anything unknown as text."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    return str(value)
