"""The JSON contract: every field that other programs rely on, with its type, in every run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from runs import derivation, everything, hostile

from derive.rules import TABLE
from derive.rules.inferences import INFERENCES
from verify.report.json import render, run_object
from verify.results import WORDS, CheckedDocument, Run

RUNS = (everything, derivation, hostile)
RELATIONS = {"=", ">=", "<=", ">", "<", "!=", ":=", "approx", "propto", "argmax-equiv"}
CONDITION = {"kind": str, "text": str, "status": str, "witness": (dict, type(None))}
WORLD = {"tables": dict, "point": dict, "left": dict, "right": dict, "python": str}
STEP = {
    "rule": str, "path": list, "substitution": dict, "before": str, "after": str, "premises": list, "side": str,
}  # fmt: skip
PLACE = {"line": int, "column": int, "end_line": int, "end_column": int, "cell": (int, type(None))}
CLAIM = {
    **PLACE, "id": int, "key": str, "relation": str, "lhs": str, "rhs": str, "source": str, "verdict": str,
    "proof": list, "conditions": list, "uses": list, "equality": (str, type(None)),
    "counterexample": (dict, type(None)), "evidence": dict, "message": str,
}  # fmt: skip
WHOLE = {"from": int, "to": int, "relation": (str, type(None)), "verdict": str, "conditions": list}


def has(value: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
    for name, kind in fields.items():
        assert name in value, name
        assert isinstance(value[name], kind), (name, value[name])


def claims_of(run: Run) -> list[dict[str, Any]]:
    return [claim for document in json.loads(render(run))["documents"] for claim in document["claims"]]


@pytest.mark.parametrize("make", RUNS)
def test_the_top_level_says_what_it_is(make: Any) -> None:
    answer = json.loads(render(make()))
    assert answer["schema"] == 1
    assert answer["tool"]["name"] == "jensen"
    assert all(answer["tool"][field] for field in ("version", "rules"))
    for document in answer["documents"]:
        has(document, {"path": str, "roles": dict, "claims": list, "whole": (dict, type(None))})
        if document["whole"]:
            has(document["whole"], WHOLE)
    words = [claim["verdict"] for document in answer["documents"] for claim in document["claims"]]
    assert answer["summary"] == {word: words.count(word) for word in WORDS}


@pytest.mark.parametrize("make", RUNS)
def test_every_claim_has_every_field(make: Any) -> None:
    for claim in claims_of(make()):
        has(claim, CLAIM)
        assert claim["relation"] in RELATIONS
        assert claim["verdict"] in WORDS
        has(claim["evidence"], {"worlds": int, "applicable": int, "held": int})
        for condition in claim["conditions"]:
            has(condition, CONDITION)
            assert condition["kind"] in {"support", "finite", "evidence", "exchange", "attained", "range"}
            assert condition["status"] in {"stated", "discharged", "open"}
        for world in [claim["counterexample"], *(c["witness"] for c in claim["conditions"])]:
            if world is not None:
                has(world, WORLD)
                for side in (world["left"], world["right"]):
                    has(side, {"exact": str, "lower": str, "upper": str})


@pytest.mark.parametrize("make", RUNS)
def test_every_step_of_a_proof_has_every_field_and_a_known_rule(make: Any) -> None:
    steps = [step for claim in claims_of(make()) for step in claim["proof"]]
    assert steps
    for step in steps:
        has(step, STEP)
        assert step["rule"] in TABLE or step["rule"] in INFERENCES
        assert all(isinstance(premise["text"], str) for premise in step["premises"])


def test_the_steps_of_one_side_join_up() -> None:
    for claim in claims_of(derivation()):
        for side, start in (("left", claim["lhs"]), ("right", claim["rhs"])):
            here = start
            for step in (s for s in claim["proof"] if s["side"] == side):
                assert step["before"] == here
                here = step["after"]


def test_evidence_goes_with_the_verdict() -> None:
    claims = claims_of(everything())
    assert {claim["verdict"] for claim in claims} == set(WORDS)
    for claim in claims:
        assert (claim["counterexample"] is not None) == (claim["verdict"] == "refuted")
        if claim["verdict"] != "proved":
            assert claim["proof"] == []
    witnesses = [c["witness"] for claim in claims for c in claim["conditions"] if c["witness"]]
    assert witnesses
    assert all(c["status"] == "open" for claim in claims for c in claim["conditions"] if c["witness"])


def test_a_claim_keeps_its_place_and_both_sides() -> None:
    run = derivation()
    for shown, claim in zip(claims_of(run), run.documents[0].claims, strict=True):
        assert (shown["line"], shown["column"]) == (claim.place.line, claim.place.column)
        assert (shown["lhs"], shown["rhs"], shown["source"]) == (claim.lhs, claim.rhs, claim.source)


@pytest.mark.parametrize("make", RUNS)
def test_it_is_strict_json_in_plain_ascii(make: Any) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    content = render(make())
    json.loads(content, parse_constant=refuse)
    assert content.isascii()


def test_a_file_that_could_not_be_used_says_why() -> None:
    (document,) = run_object(Run((CheckedDocument("gone.md", failure="there is no such file"),)))["documents"]
    assert document["failure"] == "there is no such file"
    assert document["claims"] == []
    assert document["whole"] is None


def test_two_renderings_are_the_same() -> None:
    assert render(everything()) == render(everything())


@pytest.mark.parametrize("module", ["verify.report", "verify.report.terminal", "verify.report.json"])
def test_importing_the_everyday_formats_brings_nothing_heavy(module: str) -> None:
    heavy = ("numpy", "scipy", "hypothesis")
    program = f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
