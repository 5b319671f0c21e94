"""The run as SARIF 2.1.0, which code hosts and editors show at the lines of a document.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from typing import Any, TypeAlias
from urllib.parse import quote

from verify.report.findings import DESCRIPTIONS, LEVELS, Finding, findings
from verify.report.json import tool
from verify.report.wording import position
from verify.results import Place, Run

Object: TypeAlias = dict[str, Any]


def render(run: Run) -> str:
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver()},
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding) for finding in findings(run)],
            }
        ],
    }
    return json.dumps(log, indent=1, allow_nan=False) + "\n"


def _driver() -> Object:
    rules = [
        {"id": kind, "shortDescription": {"text": text}, "defaultConfiguration": {"level": LEVELS[kind]}}
        for kind, text in DESCRIPTIONS.items()
    ]
    return {"name": "jensen", "version": tool()["version"], "rules": rules}


def _result(finding: Finding) -> Object:
    result: Object = {
        "ruleId": finding.kind,
        "ruleIndex": list(DESCRIPTIONS).index(finding.kind),
        "level": finding.level,
        "message": {"text": finding.message},
        "locations": [_location(finding)],
    }
    if finding.claim is not None:
        result["partialFingerprints"] = {"claim/v1": f"{finding.kind}:{finding.claim.key}"}
    if finding.announced:
        result["suppressions"] = [{"kind": "inSource", "justification": "the text announces this verdict"}]
    return result


def _location(finding: Finding) -> Object:
    physical: Object = {"artifactLocation": {"uri": _uri(finding.document.path)}}
    place = finding.place
    if place is None:
        return {"physicalLocation": physical}
    if place.cell is None:
        return {"physicalLocation": {**physical, "region": _region(place)}}
    return {"physicalLocation": physical, "logicalLocations": [{"name": position(place)}]}  # no line of the file


def _region(place: Place) -> Object:
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,  # the first column behind, as in SARIF
    }


def _uri(path: str) -> str:
    return ("file://" if path.startswith("/") else "") + quote(path.encode("utf-8", "replace"))
