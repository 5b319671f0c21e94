"""Documents as test files, and their claims as tests.

    lecture.md::12:5 log p(x) ≥ ELBO(θ,q)     a test per claim, named by its place and its content; -k 12:5 chooses it

    proved      passes
    refuted     fails, and shows the counterexample
    undecided   is skipped; with --jensen-strict it fails, and so does a claim proved under an open condition
    unread      is skipped; with --jensen-strict it fails
    assumed     is no test: there is nothing to check

Where the text announces a verdict (``<!-- jensen: expect refuted -->``), that one passes and any other fails.  So
pytest fails where ``jensen check``, or ``jensen check --strict``, does.  A file that cannot be used is a test in error.

Documents are read when tests are collected.  A claim is checked when its test runs, by itself, so that selecting tests
or spreading them over processes saves the work for the others.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from shutil import get_terminal_size
from typing import Any

import pytest

from derive.claims import Claim
from derive.reading.documents import Position, SourceError
from derive.reading.meaning.document import ReadClaim, ReadDocument, read_document
from derive.reading.meaning.naming import Assumed
from derive.reading.sources import load
from derive.writing import text
from verify.cli import FINE, exit_status
from verify.documents import check_document
from verify.pytest_plugin.failure import Crash, Failure
from verify.pytest_plugin.record import RECORD, SKIPPED
from verify.pytest_plugin.settings import SETTINGS
from verify.report.findings import findings
from verify.report.json import run_object
from verify.report.terminal import Style, render
from verify.report.wording import one_line, provided, sign
from verify.results import CheckedClaim, CheckedDocument, Run

LONGEST_STATEMENT = 72  # characters of a claim in the name of its test
COLUMNS = 120  # of a report that is not printed on a terminal


class DocumentWarning(UserWarning):
    """Something about a document that is no claim: a comment that is not understood, an unknown macro."""


class FailedClaimError(Exception):
    """Carries a claim that fails out of its test; shown as Jensen's report of it, never as a traceback."""

    def __init__(self, checked: CheckedDocument) -> None:
        super().__init__(checked.path)
        self.checked = checked


class Document(pytest.File):
    """A .md, .tex or .ipynb file whose claims are tests."""

    def collect(self) -> Iterator[pytest.Item]:
        try:
            document = read_document(load(self.path))
        except SourceError as error:
            yield UnusableDocument.from_parent(self, name="the file can be read", reason=str(error))
            return
        self._warn_of_troubles(document)
        taken: Counter[str] = Counter()
        for number, claim in enumerate(document.claims, 1):
            if isinstance(claim.content, Assumed) and claim.expected is None:
                continue
            name = _name(claim, document)
            taken[name] += 1
            if taken[name] > 1:
                name += f" ({taken[name]})"
            yield ClaimTest.from_parent(self, name=name, number=number, claim=claim, document=document)

    def _warn_of_troubles(self, document: ReadDocument) -> None:
        outline = check_document(replace(document, claims=()), self.nodeid)
        for trouble in outline.troubles:
            line = trouble.place.line if trouble.place else 1
            warnings.warn_explicit(one_line(trouble.message), DocumentWarning, str(self.path), line)


class UnusableDocument(pytest.Item):
    """Stands for a file that is binary, broken or otherwise no document."""

    def __init__(self, *, reason: str, **node: Any) -> None:
        super().__init__(**node)
        self.reason = reason

    def setup(self) -> None:
        path = _shown_path(self.path, self.config)
        document = CheckedDocument(path, failure=self.reason.replace(str(self.path), path))
        self.user_properties.append(("file", path))
        _record(self, document)
        pytest.fail(_printed(document), pytrace=False)

    def runtest(self) -> None:
        """Never reached: the test is in error before it begins."""

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{_shown_path(self.path, self.config)}: {self.name}"


class ClaimTest(pytest.Item):
    """One claim of a document.  ``number`` is its place in reading order, from 1."""

    def __init__(self, *, number: int, claim: ReadClaim, document: ReadDocument, **node: Any) -> None:
        super().__init__(**node)
        self.number, self.claim, self.document = number, claim, document

    @cached_property
    def position(self) -> Position:
        return self.document.source.position(self.claim.span.start)

    @cached_property
    def file(self) -> Path:
        """The file that the claim stands in: the document, or a part of it that it includes."""
        return self.path.parent / self.position.file if self.position.file else self.path

    def runtest(self) -> None:
        checked = self._checked()
        claim = checked.claims[0]
        self._note(checked, claim)
        if exit_status(Run((checked,)), self.config.stash[SETTINGS].strict, frozenset()) != FINE:
            raise FailedClaimError(checked)
        if claim.verdict.word in ("undecided", "unread") and not claim.as_expected:
            reason = f"{claim.verdict.word}: {one_line(claim.verdict.message)}"
            self.stash[SKIPPED] = (str(self.file), self.position.line, reason)
            pytest.skip(reason)
        self.add_report_section("call", "verdict", _printed(checked))

    def _checked(self) -> CheckedDocument:
        """The document as if it held this claim alone, under its own number."""
        checked = check_document(replace(self.document, claims=(self.claim,)), _shown_path(self.file, self.config))
        claim = replace(checked.claims[0], id=self.number)
        return replace(checked, claims=(claim,), whole=None, troubles=())

    def _note(self, checked: CheckedDocument, claim: CheckedClaim) -> None:
        """Keeps what reports of the run say about this test, JUnit XML among them."""
        _record(self, checked)
        self.user_properties += [
            ("file", checked.path),
            ("line", claim.place.line),
            ("column", claim.place.column),
            ("verdict", claim.verdict.word),
        ]
        if claim.verdict.open_conditions:
            self.user_properties.append(("provided", provided(claim)))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.file, self.position.line - 1, f"{_shown_path(self.path, self.config)}:{self.name}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if not isinstance(excinfo.value, FailedClaimError):
            return super().repr_failure(excinfo, style)
        checked = excinfo.value.checked
        return Failure(_printed(checked), Crash(str(self.file), self.position.line, _reason(checked)))


def _record(item: pytest.Item, document: CheckedDocument) -> None:
    """Keeps a document for the file of --jensen-report, if there is to be one."""
    if item.config.stash[SETTINGS].report is not None:
        item.stash[RECORD] = {"document": run_object(Run((document,)))["documents"][0]}


# ---------------------------------------------------------------- words


def _name(claim: ReadClaim, document: ReadDocument) -> str:
    """12:5 p(x) = …, in a notebook cell 3, 12:5 p(x) = …, in a part of a LaTeX document part.tex:12:5 p(x) = …

    pytest takes :: and square brackets for parts of its own names, and would not know the test again (--lf).
    """
    position = document.source.position(claim.span.start)
    place = f"{position.file}:{position}" if position.file else str(position)
    statement = _statement(claim, document)
    shown = statement if len(statement) <= LONGEST_STATEMENT else statement[: LONGEST_STATEMENT - 1].rstrip() + "…"
    return f"{place} {shown}".replace("::", ": :").translate({ord("["): "(", ord("]"): ")"})


def _statement(claim: ReadClaim, document: ReadDocument) -> str:
    """The claim as it is understood, or as it was written where it could not be read."""
    left, relation, right = claim.left, claim.relation, claim.right
    if isinstance(claim.content, Claim):
        content = claim.content
        left, relation, right = text(content.lhs, document.notation), content.sign, text(content.rhs, document.notation)
    return one_line(f"{left} {sign(relation)} {right}")


def _shown_path(file: Path, config: pytest.Config) -> str:
    """Relative to the root of the project, as pytest names files."""
    root = config.rootpath
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)


def _printed(document: CheckedDocument) -> str:
    """The document's lines as ``jensen check`` prints them, without the closing count."""
    columns = get_terminal_size((COLUMNS, 24)).columns
    *lines, _count = render(Run((document,)), Style(columns)).rstrip().splitlines()
    return "\n".join(lines).rstrip()


def _reason(checked: CheckedDocument) -> str:
    """Why a claim fails, in one line.  Where the text announces another verdict, that is the reason."""
    found = sorted(findings(Run((checked,))), key=lambda finding: finding.kind != "not-as-announced")
    return found[0].message.splitlines()[1]
