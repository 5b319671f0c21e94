"""The project's configuration can name its documents and everything else that the command line can say."""

from __future__ import annotations

import json
import re

import pytest
from projects import Outcome, Project

pytest_plugins = ["pytester"]

PROVED = r"$$p(x) = \int p(x,z)\,dz$$"
UNDECIDED = r"$$H(q(z|x)) \le 100$$"
CODE = "def test_code():\n    assert True\n"
A, B, TEST = "docs/a.md::1:8 p(x) = ∫ p(x,z) dz", "docs/b.md::1:8 p(x) = ∫ p(x,z) dz", "tests/test_code.py::test_code"


@pytest.fixture
def repository(project: Project) -> Project:
    """Two documents of which one is configured, one test."""
    project.write("docs/a.md", PROVED)
    project.write("docs/b.md", PROVED)
    project.write("tests/test_code.py", CODE)
    configure(project, 'jensen_documents = ["docs/a*.md"]')
    return project


def configure(project: Project, *lines: str, testpaths: str = 'testpaths = ["tests"]') -> None:
    project.write("pyproject.toml", "\n".join(["[tool.pytest.ini_options]", testpaths, *lines]) + "\n")


def seed_of(outcome: Outcome) -> int:
    found = re.search(r"--jensen-seed=(\d+)", outcome.printed)
    assert found is not None
    return int(found[1])


def test_configured_documents_are_tested_with_the_whole_suite(repository: Project) -> None:
    assert list(repository.run().tests) == [TEST, A]


def test_they_are_tested_once_where_the_suite_holds_them_already(repository: Project) -> None:
    configure(repository, 'jensen_documents = ["docs/a.md", "docs"]', testpaths="")
    repository.write("docs/notes.txt", PROVED)
    assert sorted(repository.run().tests) == [A, B, TEST]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [(["tests"], [TEST]), (["docs"], [A]), (["docs/a.md"], [A]), (["."], [A, TEST]), (["--jensen", "docs"], [A, B])],
)
def test_paths_on_the_command_line_choose_among_them(
    repository: Project, paths: list[str], expected: list[str]
) -> None:
    assert sorted(repository.run(*paths).tests) == expected


def test_a_run_in_a_subfolder_stays_there(repository: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository.folder / "tests")
    assert list(repository.run().tests) == [TEST]


def test_a_pattern_that_matches_nothing_is_a_warning(repository: Project) -> None:
    configure(repository, 'jensen_documents = ["docs/a.md", "lectures/*.md"]')
    outcome = repository.run()
    assert list(outcome.tests) == [TEST, A]
    assert "jensen_documents: lectures/*.md matches nothing" in outcome.printed


def test_strict_can_be_configured(repository: Project) -> None:
    repository.write("docs/a.md", UNDECIDED)
    assert repository.run("docs").tests == {"docs/a.md::1:13 H(q(z|x)) ≤ 100": "skipped"}
    configure(repository, 'jensen_documents = ["docs/a.md"]', "jensen_strict = true")
    assert repository.run("docs").tests == {"docs/a.md::1:13 H(q(z|x)) ≤ 100": "failed"}


def test_ini_files_can_name_documents_too(repository: Project) -> None:
    (repository.folder / "pyproject.toml").unlink()
    repository.write("pytest.ini", "[pytest]\ntestpaths = tests\njensen_documents = docs/a.md docs/b.md\n")
    assert list(repository.run().tests) == [TEST, A, B]


def test_every_run_has_a_fresh_seed_unless_one_is_given(repository: Project) -> None:
    fresh = {seed_of(repository.run()) for _ in range(3)}
    assert len(fresh) > 1  # three equal ones: once in 2^64 runs
    assert seed_of(repository.run("--jensen-seed=17")) == 17
    configure(repository, 'jensen_seed = "23"')
    assert seed_of(repository.run()) == 23
    assert seed_of(repository.run("--jensen-seed", "0")) == 0


@pytest.mark.parametrize(
    ("argument", "complaint"),
    [
        ("--jensen-alpha=0", "--jensen-alpha is a rate between 0 and 1, such as 1e-6, not '0'"),
        ("--jensen-alpha=1", "--jensen-alpha is a rate between 0 and 1"),
        ("--jensen-alpha=nan", "--jensen-alpha is a rate between 0 and 1"),
        ("--jensen-alpha=small", "--jensen-alpha is a rate between 0 and 1"),
        ("--jensen-seed=-1", "--jensen-seed is a whole number, such as the one in a run's header, not '-1'"),
        ("--jensen-seed=lucky", "--jensen-seed is a whole number"),
    ],
)
def test_values_without_sense_are_refused_before_anything_runs(
    repository: Project, argument: str, complaint: str
) -> None:
    outcome = repository.run(argument)
    assert outcome.status == pytest.ExitCode.USAGE_ERROR
    assert complaint in outcome.problems
    assert outcome.tests == {}


def test_the_report_holds_every_claim_with_its_evidence(repository: Project) -> None:
    repository.write("docs/b.md", r"Let $L(x) := \log p(x)$." + f"\n\n{PROVED}\n\n" + r"$$p(x) = \int p(z|x)\,dz$$")
    repository.write("docs/c.md", b"\xff")
    repository.run("--jensen", "docs", "--jensen-report=out/jensen.json", "--jensen-seed=5", "--jensen-alpha=1e-3")
    report = json.loads((repository.folder / "out/jensen.json").read_text(encoding="utf-8"))
    assert (report["schema"], report["seed"], report["alpha"], report["objectives"]) == (1, 5, 1e-3, [])
    assert report["summary"] == {"proved": 2, "refuted": 1, "undecided": 0, "assumed": 0, "unread": 0}
    a, b, c = report["documents"]
    assert [document["path"] for document in (a, b, c)] == ["docs/a.md", "docs/b.md", "docs/c.md"]
    assert [(claim["id"], claim["line"], claim["verdict"]) for claim in b["claims"]] == [
        (2, 3, "proved"),
        (3, 5, "refuted"),
    ]
    assert b["claims"][1]["counterexample"]["left"]["exact"] != b["claims"][1]["counterexample"]["right"]["exact"]
    assert "not UTF-8" in c["failure"]


def test_a_claim_is_reported_as_the_command_reports_it(repository: Project, capsys: pytest.CaptureFixture[str]) -> None:
    from verify.cli import main

    repository.run("--jensen", "docs/a.md", "--jensen-report=jensen.json")
    capsys.readouterr()
    main(["check", "docs/a.md", "--format", "json"])
    command = json.loads(capsys.readouterr().out)
    plugin = json.loads((repository.folder / "jensen.json").read_text(encoding="utf-8"))
    assert plugin["tool"] == command["tool"]
    assert plugin["documents"][0]["claims"] == command["documents"][0]["claims"]
    assert plugin["documents"][0]["roles"] == command["documents"][0]["roles"]


def test_a_configured_report_lies_beside_the_configuration(
    repository: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(repository, 'jensen_report = "jensen.json"')
    monkeypatch.chdir(repository.folder / "tests")
    outcome = repository.run()
    assert (repository.folder / "jensen.json").is_file()
    assert f"jensen report: {repository.folder / 'jensen.json'}" in outcome.printed


def test_a_report_on_the_command_line_lies_where_the_command_was_given(
    repository: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.folder / "tests")
    repository.run("--jensen-report=jensen.json")
    assert (repository.folder / "tests" / "jensen.json").is_file()


def test_collecting_writes_no_report(repository: Project) -> None:
    repository.run("--collect-only", "--jensen-report=jensen.json")
    assert not (repository.folder / "jensen.json").exists()
