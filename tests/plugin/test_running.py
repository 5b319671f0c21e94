"""Claims are tests like any other: they can be selected, stopped at, run again, reported, and left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from projects import Project

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]

LECTURE = r"""# Notes

$$p(x) = \int p(z|x)\,dz$$

$$\log p(x) = \log \int p(x,z)\,dz$$

$$\log p(x) \le E_{q(z|x)}[\log p(x,z) - \log q(z|x)]$$
"""
FIRST, SECOND, THIRD = (
    "lecture.md::3:8 p(x) = ∫ p(z|x) dz",
    "lecture.md::5:13 log p(x) = log(∫ p(x,z) dz)",
    "lecture.md::7:13 log p(x) ≤ E_{q(z|x)}(log p(x,z) − log q(z|x))",
)


@pytest.fixture
def lecture(project: Project) -> Project:
    project.write("lecture.md", LECTURE)
    return project


def test_nothing_happens_without_the_option(lecture: Project) -> None:
    lecture.write("test_code.py", "def test_code():\n    assert True\n")
    assert lecture.run().tests == {"test_code.py::test_code": "passed"}


def test_a_run_without_the_option_imports_nothing_of_jensen_but_the_plugin(lecture: Project) -> None:
    lecture.write(
        "test_code.py",
        """
        import sys

        def test_code():
            ours = [name for name in sys.modules if name.partition(".")[0] in ("verify", "derive")]
            plugin = "verify.pytest_plugin"
            assert set(ours) == {"verify", plugin, f"{plugin}.settings", f"{plugin}.record"}
            assert not {"sympy", "numpy", "scipy", "hypothesis", "flint"} & set(sys.modules)
        """,
    )
    command = [sys.executable, "-m", "pytest", "-p", "verify.pytest_plugin", str(lecture.folder)]
    environment = {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    run = subprocess.run(command, cwd=lecture.folder, env=environment, capture_output=True, text=True, check=False)
    assert "1 passed" in run.stdout, run.stdout


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        ([SECOND], [SECOND]),
        ([THIRD], [THIRD]),
        (["lecture.md", "-k", "3:8"], [FIRST]),
        (["lecture.md", "-k", "log and not 5:13"], [THIRD]),
        (["lecture.md", "--deselect", FIRST], [SECOND, THIRD]),
        (["lecture.md", "-x"], [FIRST]),
        (["lecture.md", "-p", "no:cacheprovider"], [FIRST, SECOND, THIRD]),
    ],
)
def test_claims_are_chosen_as_tests_are(lecture: Project, arguments: list[str], chosen: list[str]) -> None:
    assert list(lecture.run("--jensen", *arguments).tests) == chosen


def test_last_failed_runs_the_false_claims_again(lecture: Project) -> None:
    lecture.run("--jensen", "lecture.md")
    again = lecture.run("--jensen", "lecture.md", "--lf")
    assert list(again.tests) == [FIRST, THIRD]


def test_collecting_checks_nothing(lecture: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*claim: object) -> None:
        raise AssertionError("a claim was checked")

    monkeypatch.setattr("verify.documents.check", forbidden)
    outcome = lecture.run("--jensen", "lecture.md", "--collect-only", "-q")
    assert outcome.status == 0
    assert all(node in outcome.printed for node in (FIRST, SECOND, THIRD))


def test_a_mistake_in_jensen_itself_is_shown_with_its_traceback(
    lecture: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*claim: object) -> None:
        raise ArithmeticError("the checker is broken")

    monkeypatch.setattr("verify.documents.check", broken)
    outcome = lecture.run("--jensen", "lecture.md")
    assert set(outcome.tests.values()) == {"failed"}
    assert "def broken" in outcome.printed
    assert "the checker is broken" in outcome.printed


def test_documents_and_code_are_tested_in_one_run(lecture: Project) -> None:
    lecture.write("tests/test_code.py", "def test_code():\n    assert False, 'the code'\n")
    outcome = lecture.run("--jensen", "lecture.md", "tests")
    assert outcome.tests == {
        FIRST: "failed",
        SECOND: "passed",
        THIRD: "failed",
        "tests/test_code.py::test_code": "failed",
    }


def test_folders_give_their_documents_but_not_what_is_hidden(project: Project) -> None:
    for name in ("docs/b.md", "docs/deep/a.md", "docs/.draft/c.md", "docs/notes.txt"):
        project.write(name, r"$$p(x) = \int p(x,z)\,dz$$")
    assert list(project.run("--jensen", "docs").tests) == [
        "docs/b.md::1:8 p(x) = ∫ p(x,z) dz",
        "docs/deep/a.md::1:8 p(x) = ∫ p(x,z) dz",
    ]


@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
def test_junit_xml_names_file_and_line_and_shows_the_counterexample(lecture: Project, family: str) -> None:
    lecture.run("--jensen", "lecture.md", "--junitxml=out.xml", "-o", f"junit_family={family}")
    cases = list(ElementTree.parse(lecture.folder / "out.xml").iter("testcase"))
    assert [case.get("name") for case in cases] == [node.partition("::")[2] for node in (FIRST, SECOND, THIRD)]
    properties = [{p.get("name"): p.get("value") for p in case.iter("property")} for case in cases]
    assert [(p["file"], p["line"], p["verdict"]) for p in properties] == [
        ("lecture.md", "3", "refuted"),
        ("lecture.md", "5", "proved"),
        ("lecture.md", "7", "refuted"),
    ]
    failure = cases[2].find("failure")
    assert failure is not None
    assert failure.get("message", "").startswith("refuted: ≥ holds, by the variational bound")
    assert "lecture.md:7:13  refuted" in (failure.text or "")
    assert "left side   −log 2" in (failure.text or "")


def test_junit_xml_tells_under_which_condition_a_claim_is_proved(project: Project) -> None:
    project.write("lecture.md", r"$$\log p(x) = E_{q(z|x)}[\log \frac{p(x,z)}{q(z|x)}] + D_{KL}(q(z|x) \| p(z|x))$$")
    project.run("--jensen", "lecture.md", "--junitxml=out.xml")
    (condition,) = ElementTree.parse(project.folder / "out.xml").iterfind(".//property[@name='provided']")
    assert "is finite" in (condition.get("value") or "")


def test_the_summary_says_in_one_line_what_is_wrong(lecture: Project) -> None:
    outcome = lecture.run("--jensen", "lecture.md", "--tb=no")
    assert f"FAILED {THIRD} - refuted: ≥ holds" in outcome.printed


def test_one_line_tracebacks_point_into_the_document(lecture: Project) -> None:
    outcome = lecture.run("--jensen", "lecture.md", "--tb=line")
    assert f"{lecture.folder / 'lecture.md'}:7: refuted: ≥ holds" in outcome.printed
