"""``jensen report``, ``jensen rules``, ``jensen explain``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from running import GOOD, WRONG, jensen

from derive.rules import TABLE


@pytest.mark.parametrize("ending", ["html", "md", "json"])
def test_a_report_is_written_by_its_ending(tmp_path: Path, ending: str) -> None:
    (tmp_path / "notes.md").write_text(f"# My notes\n\n{GOOD}\n\n{WRONG}\n")
    done = jensen("report", "notes.md", "-o", f"out.{ending}", folder=tmp_path)
    written = (tmp_path / f"out.{ending}").read_text(encoding="utf-8")
    assert done.status == 1, "something in it is refuted"
    assert "refuted" in written
    assert "proved" in written
    if ending == "json":
        assert json.loads(written)["documents"][0]["title"] == "My notes"
    else:
        assert "My notes" in written


def test_an_unknown_ending_is_said_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text(GOOD)
    done = jensen("report", "notes.md", "-o", "out.docx", folder=tmp_path)
    assert done.status == 2
    assert ".html" in done.err
    assert not (tmp_path / "out.docx").exists()


def test_the_rules_are_listed_and_each_is_explained(tmp_path: Path) -> None:
    listed = jensen("rules", folder=tmp_path)
    assert listed.status == 0
    for name in TABLE:
        assert name in listed.out
    page = jensen("explain", "multiply-divide", folder=tmp_path)
    assert page.status == 0
    assert "q" in page.out


def test_an_unknown_rule_gets_the_names_that_are_close(tmp_path: Path) -> None:
    done = jensen("explain", "multiply-devide", folder=tmp_path)
    assert done.status == 2
    assert "multiply-divide" in done.err
    assert "Traceback" not in done.err
