"""What every format must show, and what each must never let through."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from runs import MARKUP, derivation, everything, hostile

from verify.report import ENDINGS, FORMATS, format_of, render, write
from verify.report.findings import DESCRIPTIONS, findings
from verify.report.markdown import code, fenced, formula, prose
from verify.results import WORDS, CheckedClaim, CheckedDocument, Place, Run
from verify.verdict import Verdict

PEOPLE = ("text", "html", "markdown")


@pytest.mark.parametrize("format", [*PEOPLE, "json"])
@pytest.mark.parametrize("word", WORDS)
def test_every_verdict_word_appears(format: str, word: str) -> None:
    assert word in render(everything(), format)


@pytest.mark.parametrize("format", ["html", "markdown", "json"])
@pytest.mark.parametrize("status", ["open", "stated", "discharged"])
def test_every_status_of_a_condition_appears(format: str, status: str) -> None:
    assert status in render(everything(), format)


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_names_every_document_and_what_is_wrong_with_it(format: str) -> None:
    content = render(everything(), format)
    for path in ("notes.md", "missing.md"):
        assert path in content
    assert "there is no such file" in content


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_shows_a_refutation_with_its_values(format: str) -> None:
    claim = next(c for c in everything().documents[0].claims if c.verdict.word == "refuted")
    sides = claim.verdict.counterexample
    assert sides is not None
    content = render(everything(), format)
    exact = json.dumps(sides.left.exact)[1:-1] if format in ("json", "sarif") else sides.left.exact
    assert exact in content


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_can_be_written_as_utf_8(format: str, tmp_path: Path) -> None:
    content = render(hostile(), format)
    assert content.encode("utf-8").decode("utf-8") == content


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="sarif"):
        render(derivation(), "pdf")


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("ending", [*ENDINGS, ".sarif.json", ".HTML"])
def test_a_file_is_written_in_the_format_of_its_ending(ending: str, tmp_path: Path) -> None:
    target = write(derivation(), tmp_path / f"report{ending}")
    content = target.read_text(encoding="utf-8")
    format = format_of(target)
    assert content == render(derivation(), format) or format == "text"
    assert "elbo.md" in content


@pytest.mark.parametrize("name", ["report.pdf", "report", "report.tex"])
def test_an_unknown_ending_is_refused_and_nothing_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.html"):
        write(derivation(), tmp_path / name)
    assert not (tmp_path / name).exists()


# ---------------------------------------------------------------- JUnit


def test_junit_has_a_case_per_claim_and_counts_that_agree() -> None:
    suites = ET.fromstring(render(everything(), "junit"))
    claims = everything().documents[0].claims
    first, second = suites.findall("testsuite")
    assert len(first.findall("testcase")) == len(claims)
    assert first.get("tests") == str(len(claims))
    assert suites.get("tests") == str(len(claims) + 1)
    assert second.get("errors") == "1"
    for attribute, outcome in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert suites.get(attribute) == str(len(suites.findall(f".//{outcome}")))


def test_junit_outcomes_follow_the_verdicts() -> None:
    suite = ET.fromstring(render(everything(), "junit")).find("testsuite")
    assert suite is not None
    for case, claim in zip(suite.findall("testcase"), everything().documents[0].claims, strict=True):
        outcomes = [child.tag for child in case if child.tag != "system-out"]
        wanted = {"refuted": ["failure"], "unread": ["error"], "undecided": ["skipped"]}.get(claim.verdict.word, [])
        assert outcomes == ([] if claim.as_expected else wanted), claim.text


def test_junit_survives_hostile_text() -> None:
    suites = ET.fromstring(render(hostile(), "junit"))
    assert {element.tag for element in suites.iter()} <= {
        "testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out",
    }  # fmt: skip
    assert any(MARKUP.strip() in (case.get("classname") or "") for case in suites.iter("testcase"))


# ---------------------------------------------------------------- SARIF


def sarif(run: Run) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(render(run, "sarif"))
    assert log["version"] == "2.1.0"
    (result,) = log["runs"]
    return dict(result)


def test_sarif_has_one_result_per_finding_at_its_region() -> None:
    results = sarif(everything())["results"]
    claims = everything().documents[0].claims
    wanted = []
    for claim in claims:
        if claim.verdict.word in ("refuted", "undecided", "unread"):
            wanted.append((claim.verdict.word, claim.place.line))
        if claim.verdict.word != "refuted":
            wanted += [("open-condition", claim.place.line) for _ in claim.verdict.open_conditions]
    regions = [r["locations"][0]["physicalLocation"].get("region", {}).get("startLine") for r in results]
    found = [(r["ruleId"], line) for r, line in zip(results, regions, strict=True)]
    assert found == [*wanted, ("unusable", None)]


def test_sarif_results_refer_to_declared_rules_with_their_level() -> None:
    run = sarif(everything())
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(DESCRIPTIONS)
    for result in run["results"]:
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert rule["defaultConfiguration"]["level"] == result["level"]


def test_sarif_suppresses_what_the_text_announces() -> None:
    suppressed = [r for r in sarif(everything())["results"] if r.get("suppressions")]
    assert [(r["ruleId"], r["suppressions"][0]["kind"]) for r in suppressed] == [("refuted", "inSource")]


def test_sarif_uris_are_valid_whatever_the_path() -> None:
    for result in sarif(hostile())["results"]:
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9/._~%:-]+", uri)


def test_an_announcement_that_does_not_come_true_is_an_error() -> None:
    claim = CheckedClaim(1, "k", Place(1, 1, 1, 2), "=", "a", "b", "a=b", Verdict("proved"), 1, "refuted", "a = b")
    run = Run((CheckedDocument("a.md", claims=(claim,)),))
    (result,) = sarif(run)["results"]
    assert (result["ruleId"], result["level"]) == ("not-as-announced", "error")
    assert ET.fromstring(render(run, "junit")).get("failures") == "1"
    assert render(run, "github").startswith("::error file=a.md,line=1,")


# ---------------------------------------------------------------- notebooks


def test_in_a_notebook_the_cell_is_named_and_no_line_of_the_file_is_claimed() -> None:
    claim = CheckedClaim(1, "k", Place(2, 7, 2, 8, cell=3), "=", "a", "b", "a=b", Verdict("undecided", "why"))
    run = Run((CheckedDocument("a.ipynb", claims=(claim,)),))
    (location,) = sarif(run)["results"][0]["locations"]
    assert "region" not in location["physicalLocation"]
    for format in ("text", "html", "markdown", "github", "junit", "sarif"):
        content = render(run, format)
        assert "cell 3" in content, format
    assert "line=" not in render(run, "github")


# ---------------------------------------------------------------- GitHub


def test_github_commands_are_one_line_each_with_a_place() -> None:
    *commands, last = render(everything(), "github").splitlines()
    assert last.startswith("18 claims")
    assert all(re.match(r"::(error|warning|notice) file=[^:]+::", command) for command in commands)
    refuted = [c for c in everything().documents[0].claims if c.verdict.word == "refuted" and not c.as_expected]
    errors = [command for command in commands if command.startswith("::error") and "line=" in command]
    assert [re.search(r"line=(\d+)", e).group(1) for e in errors] == [str(c.place.line) for c in refuted]  # type: ignore[union-attr]


def unescaped(text: str) -> str:
    """What the runner makes of a value."""
    for escape, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escape, character)
    return text


def test_a_document_cannot_add_a_command_or_a_property() -> None:
    commands = render(hostile(), "github").splitlines()[:-1]
    told = [finding for finding in findings(hostile()) if not finding.announced]
    assert len(commands) == len(told) > 3
    for command, finding in zip(commands, told, strict=True):
        head, _, data = command[2:].partition("::")
        assert unescaped(data) == finding.message
        assert {part.split("=")[0] for part in head.split(" ", 1)[1].split(",")} <= {"file", "line", "col", "title"}
        assert "%0A" in finding.message  # which arrives as it is, not as the end of a line


# ---------------------------------------------------------------- Markdown


def test_markdown_writes_formulas_between_dollars() -> None:
    content = render(derivation(), "markdown")
    assert r"$$\log p(x) = \log \left(\int p(x, z)\thinspace dz\right)$$" in content
    assert content.count("$") % 2 == 0


def test_markdown_lets_no_tag_through() -> None:
    content = render(hostile(), "markdown")
    without_code = re.sub(r"(`+) .*? \1(?!`)", "", re.sub(r"(?ms)^(`{3,}).*?^\1$", "", content))
    assert "<" not in without_code
    assert "@" not in without_code


@pytest.mark.parametrize("text", ["a `b` c", "``", "`", "x```y", ""])
def test_code_cannot_be_left_from_inside(text: str) -> None:
    for written in (code(text), fenced(text)):
        fence = re.match("`+", written)
        assert fence is not None
        inside = written[len(fence.group()) : -len(fence.group())]
        assert all(len(run) < len(fence.group()) for run in re.findall("`+", inside))


@pytest.mark.parametrize("text", ["# a", "- a", "a *b* _c_", "[x](y)", "a|b", "$x$", "<b>", "a\nb", "`c`", "~~s~~"])
def test_prose_has_no_markup(text: str) -> None:
    written = prose(text)
    assert "\n" not in written
    assert not re.search(r"(?<!\\)[*_`\[\]|$~<>]", written)
    assert not re.match(r"[#+=-]", written)


@pytest.mark.parametrize("source", ["x $ y", "a < b", "x\\", "a\n\nb", "p(x|z)", r"\|", "`", r"\$", "\\\\$"])
def test_a_formula_cannot_end_itself(source: str) -> None:
    written = formula(source)
    assert not re.search(r"(?<!\\)(?:\\\\)*\$", written.replace(r"\$", ""))
    assert not re.search(r"[<>`\n]", written)
    assert not re.search(r"(?<!\\)(?:\\\\)*\\$", written)
