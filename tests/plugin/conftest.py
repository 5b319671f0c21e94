"""Fixtures of the tests that run pytest in a project of somebody else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy  # noqa: F401  # pytester forgets what its runs import, and NumPy cannot be imported twice in a process
import pytest
from projects import Project


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    return Project(pytester)


@pytest.fixture
def printed_by_check(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """What the command ``jensen check`` answers: exit status and standard output."""

    def check(*arguments: str | Path) -> tuple[int, str]:
        from verify.cli import main

        capsys.readouterr()
        status = main(["check", *map(str, arguments)])
        return status, capsys.readouterr().out

    return check
