"""The run as JSON, for other programs.  Fields are only ever added; ``schema`` counts changes of meaning.

Terms are LaTeX.  The text is plain ASCII, so that it survives every stream, and contains no NaN or Infinity.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeAlias

from sympy import Basic, Tuple

from derive.conditions import Condition
from derive.kernel import Theorem
from derive.rules import TABLE
from derive.rules.pattern import Lambda
from derive.steps import Step
from derive.writing import Notation, latex
from verify.report.proof import inference, main_rule, steps
from verify.report.wording import explanation
from verify.results import CheckedClaim, CheckedDocument, Place, Run, Trouble, Whole
from verify.verdict import Evidence, Required, SideValue, WorldSides

SCHEMA = 1
Object: TypeAlias = dict[str, Any]


def render(run: Run) -> str:
    return json.dumps(run_object(run), indent=1, allow_nan=False) + "\n"


def run_object(run: Run) -> Object:
    """The run as nested dictionaries, lists, strings, numbers and None."""
    return {
        "schema": SCHEMA,
        "tool": tool(),
        "documents": [_document(document) for document in run.documents],
        "summary": run.summary,
    }


def tool() -> dict[str, str]:
    """The program's name and version, and a fingerprint of the rule table that proofs cite."""
    return {"name": "jensen", "version": _version(), "rules": _rules_fingerprint()}


def _version() -> str:
    try:
        return version("jensen")
    except PackageNotFoundError:  # run from its source, without having been installed
        return "not installed"


def _rules_fingerprint() -> str:
    rows = (f"{r.name} {r.left!r} {r.relation} {r.right!r} {r.needs!r} {r.splitting!r} {r.merging!r}" for r in _rows())
    return sha256("\n".join(rows).encode()).hexdigest()[:12]


def _rows() -> Iterable[Any]:
    return (TABLE[name] for name in sorted(TABLE))


# ---------------------------------------------------------------- documents and claims


def _document(document: CheckedDocument) -> Object:
    return {
        "path": document.path,
        "title": document.title,
        "failure": document.failure,
        "roles": {role: list(names) for role, names in document.roles.items()},
        "claims": [_claim(claim, document.notation) for claim in document.claims],
        "whole": None if document.whole is None else _whole(document.whole),
        "troubles": [_trouble(trouble) for trouble in document.troubles],
    }


def _claim(claim: CheckedClaim, notation: Notation) -> Object:
    verdict = claim.verdict
    theorem = verdict.theorem
    return {
        "id": claim.id,
        "key": claim.key,
        **_place(claim.place),
        "chain": claim.chain,
        "relation": claim.relation,
        "lhs": claim.lhs,
        "rhs": claim.rhs,
        "source": claim.source,
        "text": claim.text,
        "verdict": verdict.word,
        "expected": claim.expected,
        "rule": None if theorem is None else main_rule(theorem),
        "inference": None if theorem is None else inference(theorem),
        "proof": [] if theorem is None else _proof(theorem, notation),
        "conditions": [_required(required) for required in verdict.conditions],
        "uses": list(verdict.uses),
        "equality": verdict.equality,
        "counterexample": _world(verdict.counterexample),
        "explanation": explanation(verdict) or None,
        "evidence": _evidence(verdict.evidence),
        "message": verdict.message,
        "notes": list(verdict.notes),
    }


def _place(place: Place) -> Object:
    return {
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
        "cell": place.cell,
    }


def _whole(whole: Whole) -> Object:
    return {
        "from": whole.first,
        "to": whole.last,
        "relation": whole.relation,
        "verdict": whole.word,
        "conditions": [_required(required) for required in whole.conditions],
        "message": whole.message,
    }


def _trouble(trouble: Trouble) -> Object:
    place: Mapping[str, Any] = {} if trouble.place is None else _place(trouble.place)
    return {**place, "message": trouble.message, "excerpt": trouble.excerpt}


# ---------------------------------------------------------------- proofs


def _proof(theorem: Theorem, notation: Notation) -> list[Object]:
    """The kernel's steps: from the left side, the joining one, from the right side; those of parts one after another.

    Each step says what becomes of the whole side it belongs to; ``side`` is "left", "joins" or "right".
    """
    own = (*theorem.forward, *theorem.bridge, *theorem.backward)
    if not own:
        return [step for part in theorem.parts for step in _proof(part, notation)]
    sides = [*["left"] * len(theorem.forward), *["joins"] * len(theorem.bridge), *["right"] * len(theorem.backward)]
    return [{"side": side, **_step(step, notation)} for side, step in zip(sides, steps(theorem), strict=True)]


def _step(step: Step, notation: Notation) -> Object:
    return {
        "rule": step.rule,
        "path": [list(place) if isinstance(place, tuple) else place for place in step.path],
        "substitution": {hole: _filling(value, notation) for hole, value in step.substitution.items()},
        "before": latex(step.before, notation),
        "after": latex(step.after, notation),
        "premises": [_condition(condition, notation) for condition in step.premises],
        "backwards": step.backwards,
    }


def _filling(value: Basic, notation: Notation) -> Any:
    """What fills a hole: a term, a group of variables or of pairs (a list), or a function of a place."""
    if isinstance(value, Tuple):
        return [_filling(part, notation) for part in value]
    if isinstance(value, Lambda):
        return rf"{latex(value.variable, notation)} \mapsto {latex(value.body, notation)}"
    return latex(value, notation)


# ---------------------------------------------------------------- conditions and worlds


def _condition(condition: Condition, notation: Notation) -> Object:
    from verify.explain import condition_text  # brings the numerical worlds along, which a plain import should not

    text = condition_text(condition, notation)
    return {"kind": condition.kind, "text": text, "status": condition.status, "by": condition.by}


def _required(required: Required) -> Object:
    condition = required.condition
    return {
        "kind": condition.kind,
        "text": required.text,
        "status": condition.status,
        "by": condition.by,
        "witness": _world(required.witness),
    }


def _world(sides: WorldSides | None) -> Object | None:
    if sides is None:
        return None
    return {
        "tables": dict(sides.tables),
        "point": dict(sides.point),
        "left": _value(sides.left),
        "right": _value(sides.right),
        "python": sides.python,
    }


def _value(side: SideValue) -> Object:
    return {"exact": side.exact, "lower": side.lower, "upper": side.upper}


def _evidence(evidence: Evidence) -> Object:
    return {"worlds": evidence.worlds, "applicable": evidence.applicable, "held": evidence.held}
