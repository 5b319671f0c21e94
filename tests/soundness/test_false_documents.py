"""Whole documents with false claims that look true: none is proved, and what is plainly false is refuted.

The documents are in ``documents/``, as text that a person can read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from verify.documents import check_text

FOLDER = Path(__file__).parent / "documents"
MARK = re.compile(r" ?\{(false|unproved|true)\}$", re.MULTILINE)
ALLOWED = {
    "false": {"refuted"},
    "unproved": {"refuted", "undecided", "unread", "assumed"},
    "true": {"proved", "undecided", "unread"},
}


@dataclass(frozen=True)
class Example:
    """A small document; ``marks`` says of some lines (from 1) what the claim on them is."""

    name: str
    text: str
    marks: dict[int, str]


def examples(file: str) -> list[Example]:
    """The documents of a file."""
    found = []
    for block in re.split(r"^=== ", (FOLDER / file).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        name, _, body = block.partition("\n")
        lines = body.splitlines()
        marks = {number: m[1] for number, line in enumerate(lines, 1) if (m := MARK.search(line))}
        found.append(Example(name, MARK.sub("", body), marks))
    return found


FALSE, TRUE = examples("false.md"), examples("true.md")


def verdicts(example: Example) -> dict[int, list[str]]:
    """The verdicts of the claims on each line."""
    words: dict[int, list[str]] = {}
    for claim in check_text(example.text, "notes.md").claims:
        words.setdefault(claim.place.line, []).append(claim.verdict.word)
    return words


def wrong(example: Example) -> dict[int, list[str]]:
    """The marked lines whose last claim has a verdict that it must not have."""
    found = verdicts(example)
    return {
        line: found.get(line, [])
        for line, mark in example.marks.items()
        if not found.get(line) or found[line][-1] not in ALLOWED[mark]
    }


@pytest.mark.parametrize("example", FALSE, ids=lambda example: example.name)
def test_a_false_document_is_not_believed(example: Example) -> None:
    assert {"false", "unproved"} & set(example.marks.values())
    assert wrong(example) == {}


@pytest.mark.parametrize("example", TRUE, ids=lambda example: example.name)
def test_a_true_document_that_looks_false_is_not_refuted(example: Example) -> None:
    assert set(example.marks.values()) == {"true"}
    assert wrong(example) == {}


def test_there_are_enough_of_them() -> None:
    assert sum(mark != "true" for example in FALSE for mark in example.marks.values()) >= 60
    assert len(TRUE) >= 30


def test_most_true_look_alikes_are_proved() -> None:
    """That nothing is refuted is easy for a checker that says nothing."""
    words = [words[-1] for example in TRUE for words in verdicts(example).values() if words[-1] != "assumed"]
    assert words.count("proved") >= 0.6 * len(words)
