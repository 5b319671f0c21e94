"""What the README shows is what happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)


def blocks(language: str) -> list[str]:
    return [content for name, content in BLOCKS if name == language]


def test_the_first_look_prints_what_the_readme_shows(tmp_path: Path) -> None:
    (tmp_path / "bound.md").write_text(blocks("markdown")[0], encoding="utf-8")
    shown = next(block for block in blocks("console") if block.startswith("$ jensen check bound.md"))
    command = [sys.executable, "-m", "verify", "check", "bound.md"]
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, encoding="utf-8", env=environment)
    assert done.returncode == 1
    assert done.stdout.splitlines() == shown.splitlines()[1:]


@pytest.mark.parametrize("code", blocks("python"), ids=lambda code: code.splitlines()[0])
def test_the_python_of_the_readme_runs(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    exec(compile(code, "README", "exec"), names)
    announced = re.search(r"print\(.*# (.*)$", code, re.MULTILINE)
    assert announced is None or capsys.readouterr().out.strip() == announced.group(1)
    tests = [value for name, value in names.items() if name.startswith("test_") and callable(value)]
    assert tests or announced
    for test in tests:
        test()


def test_the_readme_names_every_command() -> None:
    command = [sys.executable, "-m", "verify", "--help"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    commands = re.findall(r"^    (\w+)  ", printed, re.MULTILINE)
    assert len(commands) >= 4
    assert [name for name in commands if f"`jensen {name}" not in README] == []


def test_the_two_commands_are_those_of_ci() -> None:
    ran = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for setup, check in (("install -q .", "jensen check"), ("install -q '.[test]'", "python -m pytest")):
        assert setup in README
        assert check in README
        assert check.split()[-1] in ran
