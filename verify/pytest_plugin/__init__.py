"""The pytest plugin: derivations as tests, and tests of the code that implements them.

    pytest --jensen docs/*.md tests

tests every claim of the documents beside the code.  ``check_objective`` is a fixture that compares an implementation of
an ELBO with a model whose answer is known, and shares one rate of false alarms and one seed with the whole suite.

    settings     the options                            documents, failure   claims as tests
    objectives   the fixture check_objective            record               the file of --jensen-report
    derivations  the fixture jensen_derivation

Whoever has Jensen installed pays for this module in every run of pytest: it imports nothing but settings and record,
which need pytest alone, and everything else where it is used.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from verify.pytest_plugin.record import CURRENT, ReportFile, attach
from verify.pytest_plugin.settings import SETTINGS, Settings, add_options, read_settings

if TYPE_CHECKING:
    from verify.objectives.sequential import Budget
    from verify.pytest_plugin.derivations import DerivationReader
    from verify.pytest_plugin.documents import Document
    from verify.pytest_plugin.objectives import ObjectiveChecker

MARKER = "jensen(**declared): what check_objective (the fixture) shall take as declared, such as returns='loss'"


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    settings = config.stash[SETTINGS] = read_settings(config)
    if _runs_whole_suite(config):
        config.args += _documents_elsewhere(config, settings)
    if settings.report is not None and not _is_worker(config) and not config.option.collectonly:
        config.pluginmanager.register(ReportFile(settings.report, settings), "jensen-report")


def _runs_whole_suite(config: pytest.Config) -> bool:
    """No paths were given, and pytest was called at the root of the project."""
    given = config.args_source == config.ArgsSource.ARGS
    return not given and config.invocation_params.dir == config.rootpath


def _documents_elsewhere(config: pytest.Config, settings: Settings) -> list[str]:
    """The configured documents outside the suite's own paths (pytest 8.0 loses files that are named in two ways)."""
    held = {(config.invocation_params.dir / path).resolve() for path in config.args} | settings.documents
    return [str(path) for path in sorted(settings.documents) if held.isdisjoint(path.parents)]


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")  # set by pytest-xdist in the processes that it starts


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Gives the seed of the run to a worker of pytest-xdist."""
    node.workerinput["jensen_seed"] = node.config.stash[SETTINGS].seed


def pytest_report_header(config: pytest.Config) -> str:
    settings = config.stash[SETTINGS]
    return f"jensen: alpha {settings.alpha:g}, --jensen-seed={settings.seed}"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Document | None:
    settings = parent.config.stash[SETTINGS]
    if not settings.collects:
        return None
    from verify.cli import ENDINGS

    if not settings.is_document(file_path, ENDINGS):
        return None
    from verify.pytest_plugin.documents import Document

    return Document.from_parent(parent, path=file_path)


@pytest.fixture(scope="session")
def jensen_seed(pytestconfig: pytest.Config) -> int:
    """The seed of this run: fresh, or that of --jensen-seed."""
    return pytestconfig.stash[SETTINGS].seed


@pytest.fixture(scope="session")
def jensen_budget(pytestconfig: pytest.Config) -> Budget:
    """The false-alarm rate that all sequential tests of this run share: --jensen-alpha."""
    from verify.pytest_plugin.objectives import suite_budget

    return suite_budget(pytestconfig)


@pytest.fixture(scope="session")
def check_objective(pytestconfig: pytest.Config, jensen_budget: Budget) -> ObjectiveChecker:
    """``verify.check_objective`` with the budget, the seed and the report of this run."""
    from verify.pytest_plugin.objectives import ObjectiveChecker

    return ObjectiveChecker(pytestconfig, jensen_budget)


@pytest.fixture(scope="session")
def jensen_derivation(pytestconfig: pytest.Config) -> DerivationReader:
    """``verify.derivation`` with paths relative to the test's file: proved lines as references for code."""
    from verify.pytest_plugin.derivations import DerivationReader

    return DerivationReader(pytestconfig)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.config.stash[CURRENT] = item


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    attach(item, report)
    return report
