"""The run as JUnit XML: a suite per document, a test case per claim.

refuted is a failure, unread (or an unusable file) an error, undecided is skipped; proved and assumed pass.  A verdict
that the text announces passes as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from verify.report.findings import Finding, findings
from verify.report.wording import position, provided, statement, tried
from verify.results import CheckedClaim, CheckedDocument, Run

OUTCOMES = {
    "refuted": "failure", "not-as-announced": "failure", "unread": "error", "unusable": "error", "undecided": "skipped",
}  # fmt: skip


def render(run: Run) -> str:
    suites = Element("testsuites", name="jensen")
    for document in run.documents:
        suites.append(_suite(document))
    _count(suites, list(suites))
    indent(suites)
    return tostring(suites, encoding="unicode", xml_declaration=False) + "\n"


def _suite(document: CheckedDocument) -> Element:
    suite = Element("testsuite", name=_text(document.path))
    cases: dict[int | None, Element] = {}
    for claim in document.claims:
        cases[claim.id] = _case(claim, document)
    if document.failure is not None:
        cases[None] = Element("testcase", classname=_text(document.path), name="the file can be read")
    for finding in findings(Run((document,))):
        if finding.kind in OUTCOMES and not finding.announced:
            _add_outcome(cases[finding.claim.id if finding.claim else None], finding)
    suite.extend(cases.values())
    _count(suite, [suite])
    return suite


def _case(claim: CheckedClaim, document: CheckedDocument) -> Element:
    path, name = _text(document.path), _text(f"{position(claim.place)} {statement(claim)}")
    case = Element("testcase", classname=path, name=name, file=path, line=str(claim.place.line))
    said = [claim.verdict.word, provided(claim), tried(claim)]
    SubElement(case, "system-out").text = _text("\n".join(line for line in said if line))
    return case


def _add_outcome(case: Element, finding: Finding) -> None:
    first, _, rest = finding.message.partition("\n")
    outcome = Element(OUTCOMES[finding.kind], type=finding.kind, message=_text(rest.partition("\n")[0] or first))
    outcome.text = _text(finding.message)
    case.insert(0, outcome)


def _count(element: Element, suites: Iterable[Element]) -> None:
    """How many cases, failures, errors and skipped ones are below: the attributes that readers of JUnit expect."""
    cases = [case for suite in suites for case in suite.iter("testcase")]
    element.set("tests", str(len(cases)))
    for attribute, outcome in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(sum(case.find(outcome) is not None for case in cases)))


def _text(text: str) -> str:
    """Text with those characters replaced that XML 1.0 does not know; the library escapes the rest."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
