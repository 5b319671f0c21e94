"""The text report: one line per claim, in columns, readable at 80 columns, on any stream."""

from __future__ import annotations

import io
import re

import pytest
from runs import derivation, everything, hostile

from verify.report.terminal import Style, ascii_text, render
from verify.report.wording import statement
from verify.results import WORDS, CheckedClaim, CheckedDocument, Run

CLAIM_LINE = re.compile(r"^notes\.md:(\d+):(\d+) +(proved|refuted|undecided|assumed|unread)\b")
ESCAPE = re.compile(r"\x1b\[[\d;]*m")


def lines(run: Run, style: Style = Style()) -> list[str]:  # noqa: B008
    return render(run, style).splitlines()


def below(run: Run, claim: CheckedClaim) -> list[str]:
    """The lines between a claim's and the next one's."""
    printed = lines(run)
    start = next(i for i, line in enumerate(printed) if line.startswith(f"notes.md:{claim.place.line}:"))
    rest = printed[start + 1 :]
    return rest[: next(i for i, line in enumerate(rest) if not line.startswith(" "))]


def claim_with(word: str, announced: bool = False) -> CheckedClaim:
    claims = everything().documents[0].claims
    return next(c for c in claims if c.verdict.word == word and (c.expected is not None) == announced)


def test_one_line_per_claim_in_reading_order() -> None:
    claims = everything().documents[0].claims
    found = [CLAIM_LINE.match(line) for line in lines(everything())]
    printed = [(int(m.group(1)), int(m.group(2)), m.group(3)) for m in found if m]
    assert printed == [(c.place.line, c.place.column, c.verdict.word) for c in claims]


def test_verdicts_and_formulas_stand_in_columns() -> None:
    printed = [line for line in lines(derivation(), Style(120)) if re.match(r"elbo\.md:\d", line)]
    assert len({line.index("proved") for line in printed}) == 1
    starts = {line.index(line.split("  ")[-1].strip()) for line in printed if "[" not in line.split("  ")[-1][-1:]}
    assert len(starts) == 1


def test_the_main_rule_is_named_by_its_title() -> None:
    printed = "\n".join(lines(derivation(), Style(140)))
    for title in ("integrate a variable out", "multiply and divide", "Jensen: log is concave", "log of a quotient"):
        assert title in printed


@pytest.mark.parametrize("style", [Style(80), Style(100), Style(80, unicode=False), Style(80, color=True)])
def test_no_line_is_longer_than_the_terminal(style: Style) -> None:
    for line in lines(derivation(), style) + lines(everything(), style)[:-1]:
        assert len(ESCAPE.sub("", line)) <= style.width or line.startswith("   ") or "claims in" in line, line


def test_a_formula_that_is_too_long_is_cut_in_the_middle_and_keeps_its_sign() -> None:
    claims = derivation().documents[0].claims
    printed = [line for line in lines(derivation()) if re.match(r"elbo\.md:\d", line)]
    cut = [(line, claim) for line, claim in zip(printed, claims, strict=True) if "…" in line]
    assert cut
    for line, claim in cut:
        formula = line.split("  ")[-1].strip()
        assert (" ≥ " if claim.relation == ">=" else " = ") in formula
        assert formula[0] == statement(claim)[0]
        assert formula[-1] == statement(claim)[-1]


def test_a_wide_terminal_shows_formulas_whole() -> None:
    printed = "\n".join(lines(derivation(), Style(240)))
    assert all(statement(claim) in printed for claim in derivation().documents[0].claims)


def test_open_conditions_are_named_with_their_claim() -> None:
    claim = next(c for c in everything().documents[0].claims if c.verdict.open_conditions)
    assert any(claim.verdict.open_conditions[0].text in line for line in below(everything(), claim))
    (line,) = [line for line in lines(everything(), Style(200)) if line.startswith(f"notes.md:{claim.place.line}:")]
    assert line.endswith(f"[condition: {claim.verdict.open_conditions[0].text}]")


def test_a_refuted_claim_shows_the_mistake_the_tables_and_both_values() -> None:
    claim = claim_with("refuted")
    sides = claim.verdict.counterexample
    assert sides is not None
    shown = "\n".join(below(everything(), claim))
    assert claim.verdict.message in shown
    for name, entries in sides.tables:
        assert name in shown
        assert entries in shown
    assert sides.left.exact in shown
    assert sides.right.exact in shown


def test_a_mistake_that_the_text_announces_is_not_shown_as_one() -> None:
    shown = "\n".join(below(everything(), claim_with("refuted", announced=True)))
    assert "as announced" in shown
    assert "left side" not in shown


def test_unread_text_is_shown_with_its_caret() -> None:
    claim = claim_with("unread")
    excerpt = claim.verdict.notes[0].splitlines()[1:]
    shown = below(everything(), claim)
    at = next(i for i, line in enumerate(shown) if excerpt[0].strip() in line)
    assert shown[at + 1].index("^") - shown[at].index("$") == excerpt[1].index("^") - excerpt[0].index("$")


def test_the_last_line_counts_every_verdict() -> None:
    last = lines(everything())[-1]
    for word in WORDS:
        assert f"{everything().summary[word]} {word}" in last


def test_a_file_that_could_not_be_used_is_an_error_line() -> None:
    assert "missing.md: error: there is no such file" in lines(everything())


def test_colours_only_where_the_style_says_so() -> None:
    assert "\x1b" not in render(everything(), Style(80))
    coloured = render(everything(), Style(80, color=True))
    assert ESCAPE.search(coloured)
    assert ESCAPE.sub("", coloured) == render(everything(), Style(80))


class Terminal(io.StringIO):
    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


def test_the_style_follows_the_stream_and_its_environment() -> None:
    assert Style.of(Terminal(), environment={}).color
    assert not Style.of(io.StringIO(), environment={}).color
    assert not Style.of(Terminal(), environment={"NO_COLOR": "1"}).color
    assert Style.of(Terminal(), environment={"NO_COLOR": ""}).color  # only a value counts, says no-color.org
    assert not Style.of(Terminal(), environment={"TERM": "dumb"}).color
    assert Style.of(io.StringIO(), color=True, environment={"NO_COLOR": "1"}).color
    assert not Style.of(Terminal(), color=False, environment={}).color


@pytest.mark.parametrize(("encoding", "unicode"), [("utf-8", True), ("latin-1", False), ("ascii", False)])
def test_streams_that_cannot_print_unicode_get_ascii(encoding: str, unicode: bool) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    style = Style.of(stream)
    assert style.unicode == unicode
    for run in (everything(), hostile()):
        stream.write(render(run, style))  # raises where a character has no encoding


def test_ascii_keeps_the_meaning() -> None:
    assert ascii_text("log P_θ(x) ≥ ∫ q(z|x) dz − Λ … p̂") == "log P_theta(x) >= int q(z|x) dz - Lamda ... p^"


def test_a_document_cannot_command_the_terminal() -> None:
    printed = render(hostile(), Style(80))
    assert "\x1b" not in printed
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", printed)


def test_an_empty_run_still_says_something() -> None:
    assert lines(Run((CheckedDocument("empty.md"),)))[-1] == "0 claims in 1 document"
