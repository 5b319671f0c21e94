"""Every claim of a document is a test, and pytest fails where ``jensen check`` does."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from projects import Project

pytest_plugins = ["pytester"]

PROVED = r"$$\log p(x) = \log \int p(x,z)\,dz$$"
REFUTED = r"$$p(x) = \int p(z|x)\,dz$$"
UNDECIDED = r"$$H(q(z|x)) \le 100$$"  # false, but only on more places than a small world has
UNREAD = r"$$\log p(x) \ge E_{q(z|x)}[\log p(x,z)$$"
CONDITIONAL = r"$$\log p(x) = E_{q(z|x)}[\log \frac{p(x,z)}{q(z|x)}] + D_{KL}(q(z|x) \| p(z|x))$$"
ASSUMED = r"Let $L(q) := E_{q(z|x)}[\log p(x,z) - \log q(z|x)]$."
ALL = "\n\n".join([PROVED, REFUTED, UNDECIDED, UNREAD, CONDITIONAL, ASSUMED])


def announced(word: str, formula: str) -> str:
    return f"<!-- jensen: expect {word} -->\n{formula}"


def test_every_claim_is_a_test_named_by_its_place_and_content(project: Project) -> None:
    project.write("docs/lecture.md", ALL)
    outcome = project.run("--jensen", "docs/lecture.md")
    assert outcome.tests == {
        "docs/lecture.md::1:13 log p(x) = log(∫ p(x,z) dz)": "passed",
        "docs/lecture.md::3:8 p(x) = ∫ p(z|x) dz": "failed",
        "docs/lecture.md::5:13 H(q(z|x)) ≤ 100": "skipped",
        r"docs/lecture.md::7:13 \log p(x) ≥ E_{q(z|x)}(\log p(x,z)": "skipped",
        "docs/lecture.md::9:13 log p(x) = E_{q(z|x)}(log(p(x,z)/q(z|x))) + KL(q(z|x) ‖ p(z|x))": "passed",
    }
    assert outcome.status == 1


def test_a_failure_is_the_counterexample_as_the_command_prints_it_and_no_traceback(
    project: Project, printed_by_check: Callable[..., tuple[int, str]]
) -> None:
    project.write("lecture.md", REFUTED)
    outcome = project.run("--jensen", "lecture.md")
    _, printed = printed_by_check("lecture.md")
    claim = [line for line in printed.splitlines() if line.startswith(("lecture.md:1:8 ", "    "))]
    assert len(claim) > 3
    assert "\n".join(claim) in outcome.printed
    assert "Traceback" not in outcome.printed
    failures, _, _ = outcome.printed.partition("FAILURES")[2].partition("warnings summary")
    assert ".py" not in failures


def test_what_is_skipped_says_why_and_where(project: Project) -> None:
    project.write("lecture.md", f"{PROVED}\n\n{UNDECIDED}\n\n{UNREAD}")
    outcome = project.run("--jensen", "lecture.md", "-rs")
    assert "lecture.md:3: undecided: no proof found" in outcome.printed
    assert "lecture.md:5: unread: this '[' is never closed" in outcome.printed
    assert outcome.status == 0


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        PROVED,
        REFUTED,
        UNDECIDED,
        UNREAD,
        CONDITIONAL,
        ASSUMED + "\n\n" + PROVED,
        announced("refuted", REFUTED),
        announced("refuted", PROVED),
        announced("undecided", UNDECIDED),
        announced("proved", UNDECIDED),
        announced("proved", CONDITIONAL),
        announced("unread", UNREAD),
        announced("proved", "$$L(q) := E_{q(z|x)}[\\log p(x,z)]$$"),
    ],
)
def test_pytest_fails_where_the_command_does(
    project: Project, printed_by_check: Callable[..., tuple[int, str]], text: str, strict: bool
) -> None:
    project.write("lecture.md", text)
    expected, _ = printed_by_check("lecture.md", *(["--strict"] if strict else []))
    outcome = project.run("--jensen", "lecture.md", *(["--jensen-strict"] if strict else []))
    assert outcome.tests
    assert outcome.status == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (UNDECIDED, "no proof found"),
        (UNREAD, "this '[' is never closed"),
        (CONDITIONAL, "is finite"),
    ],
)
def test_strict_failures_say_what_is_missing(project: Project, text: str, why: str) -> None:
    project.write("lecture.md", text)
    outcome = project.run("--jensen", "--jensen-strict", "lecture.md")
    assert list(outcome.tests.values()) == ["failed"]
    assert why in outcome.printed


@pytest.mark.parametrize(("word", "formula"), [("refuted", REFUTED), ("undecided", UNDECIDED), ("unread", UNREAD)])
def test_a_verdict_that_the_text_announces_passes(project: Project, word: str, formula: str) -> None:
    project.write("lecture.md", announced(word, formula))
    assert list(project.run("--jensen", "lecture.md").tests.values()) == ["passed"]


def test_another_verdict_than_the_announced_one_fails_and_names_both(project: Project) -> None:
    project.write("lecture.md", announced("refuted", PROVED))
    outcome = project.run("--jensen", "lecture.md")
    assert list(outcome.tests.values()) == ["failed"]
    assert "announced as refuted, but proved" in outcome.printed


def test_the_announcement_is_what_a_summary_complains_about(project: Project) -> None:
    project.write("lecture.md", announced("proved", REFUTED))
    assert "- announced as proved, but refuted" in project.run("--jensen", "lecture.md").printed


def test_on_demand_what_passes_shows_its_proof_and_its_conditions(project: Project) -> None:
    project.write("lecture.md", CONDITIONAL)
    printed = project.run("--jensen", "lecture.md", "-rP").printed
    assert "lecture.md:1:13  proved     Bayes" in printed
    assert "is finite (no ∞ − ∞)" in printed


def names(project: Project, formula: str) -> list[str]:
    """The ids of the tests of a document with one formula."""
    project.write("lecture.md", formula)
    printed = project.run("--jensen", "lecture.md", "--collect-only", "-q").printed
    return [line for line in printed.splitlines() if line.startswith("lecture.md::")]


def test_a_name_has_nothing_in_it_that_pytest_takes_for_its_own(project: Project) -> None:
    assert names(project, "$$f :: [a] = c$$") == ["lecture.md::1:12 f : : (a) = c"]


def test_the_name_of_a_long_claim_is_cut(project: Project) -> None:
    (name,) = names(project, r"$$\log p(x) = " + " + ".join([r"\log p(x)"] * 20) + "$$")
    assert name.startswith("lecture.md::1:13 log p(x) = log p(x) + log p(x)")
    assert name.endswith("…")
    assert len(name) < 100


def test_an_assumption_is_no_test(project: Project) -> None:
    project.write("lecture.md", ASSUMED)
    outcome = project.run("--jensen", "lecture.md")
    assert outcome.tests == {}
    assert outcome.status == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_file_that_cannot_be_used_is_one_error_and_stops_nothing(project: Project) -> None:
    project.write("docs/a.md", b"caf\xe9 $p(x) = p(x)$")
    project.write("docs/b.md", PROVED)
    outcome = project.run("--jensen", "docs")
    assert list(outcome.tests.values()) == ["error", "passed"]
    assert outcome.status == 1
    assert "docs/a.md: error: docs/a.md is not UTF-8 (byte 3)" in outcome.printed
    assert "Traceback" not in outcome.printed


def test_notebooks_and_latex_are_documents_too(project: Project) -> None:
    cells = [{"cell_type": "code", "source": ["1"]}, {"cell_type": "markdown", "source": [PROVED]}]
    project.write("talk.ipynb", json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}))
    body = "\\begin{document}\n" + r"\[ p(x) = \int p(x,z)\,dz \]" + "\n\\end{document}\n"
    project.write("paper.tex", "\\documentclass{article}\n" + body)
    outcome = project.run("--jensen", "talk.ipynb", "paper.tex")
    assert outcome.tests == {
        "talk.ipynb::cell 1, 1:13 log p(x) = log(∫ p(x,z) dz)": "passed",
        "paper.tex::3:9 p(x) = ∫ p(x,z) dz": "passed",
    }


def test_a_claim_in_an_included_file_fails_at_its_place_there(project: Project) -> None:
    project.write("paper.tex", "\\documentclass{article}\n\\begin{document}\n\\input{part}\n\\end{document}\n")
    project.write("part.tex", "\n\\[ p(x) = \\int p(z|x)\\,dz \\]\n")
    outcome = project.run("--jensen", "paper.tex")
    assert outcome.tests == {"paper.tex::part.tex:2:9 p(x) = ∫ p(z|x) dz": "failed"}
    assert "part.tex:2:9  refuted" in outcome.printed


def test_what_is_odd_about_a_document_is_a_warning_at_its_line(project: Project) -> None:
    project.write("lecture.md", "# Notes\n\n$$p(x) = \\int p(\\mathbf{x},z)\\,dz$$\n")
    outcome = project.run("--jensen", "lecture.md")
    assert list(outcome.tests.values()) == ["passed"]
    assert "lecture.md:3: DocumentWarning: bold x and plain x are read as the same name" in outcome.printed


def test_two_claims_of_the_same_name_are_two_tests(project: Project) -> None:
    """The same file twice in one paper: the same place and the same formula."""
    project.write("paper.tex", "\\begin{document}\n\\input{part}\n\n\\input{part}\n\\end{document}\n")
    project.write("part.tex", "\\[ p(x) = \\int p(x,z)\\,dz \\]\n")
    outcome = project.run("--jensen", "paper.tex")
    assert outcome.tests == {
        "paper.tex::part.tex:1:9 p(x) = ∫ p(x,z) dz": "passed",
        "paper.tex::part.tex:1:9 p(x) = ∫ p(x,z) dz (2)": "passed",
    }
