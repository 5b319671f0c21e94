"""The expectation of the objective, without sampling, against the exact value of what was declared."""

from __future__ import annotations

from collections.abc import Iterator

from verify.objectives.implementation import Situation
from verify.objectives.inquiry import Comparison, Inquiry, Interval
from verify.objectives.noise import OutOfReachError
from verify.objectives.reference import NoTargetError, Target
from verify.objectives.report import Finding

NAME = "expectation"


def findings(inquiry: Inquiry) -> Iterator[Finding]:
    """E[value] at the case's q; where quadrature does not settle there, at a q closer to the posterior as well."""
    if inquiry.solved is None or inquiry.objective.estimator == "surrogate":
        reason = "no exact value is known" if inquiry.solved is None else "the value of a surrogate means nothing"
        yield Finding(NAME, "E[value] is exact", "not applicable", reason)
        return
    first = _at(inquiry, inquiry.here, "")
    yield first
    if first.status == "not applicable" and first.evaluations and inquiry.near_posterior is not None:
        yield _at(inquiry, inquiry.near_posterior, " near the posterior")


def _at(inquiry: Inquiry, situation: Situation, where: str) -> Finding:
    try:
        target = inquiry.target(situation.values["model"], situation.values["q"])
        comparison = inquiry.compare(situation, Interval.around(target))
    except (NoTargetError, OutOfReachError) as error:
        return Finding(NAME, f"E[value] is exact{where}", "not applicable", str(error))
    return from_comparison(inquiry, target, comparison, where)


def from_comparison(inquiry: Inquiry, target: Target, comparison: Comparison, where: str = "") -> Finding:
    """The comparison of an expectation with its target as a finding."""
    estimate = comparison.estimate
    name = f"E[value] = {target.formula}{where}"
    if comparison.agreement == "unclear":
        reason = f"{estimate.route} does not settle: two estimates differ by {comparison.error:.2g} nats"
        return Finding(NAME, name, "not applicable", reason, evaluations=estimate.evaluations)
    failed = comparison.agreement == "different"
    return Finding(
        NAME,
        name,
        "failed" if failed else "held",
        _problem(inquiry, target, comparison) if failed else "",
        expected=target.value,
        found=comparison.found,
        tolerance=target.slack,
        evaluations=estimate.evaluations,
        detail={"route": estimate.route, "error": comparison.error},
    )


def _problem(inquiry: Inquiry, target: Target, comparison: Comparison) -> str:
    deviation = comparison.found - target.value
    answer = f"not the {inquiry.objective.title}: its expectation is {abs(deviation):.4g} nats too "
    answer += "high" if deviation > 0 else "low"
    assert inquiry.solved is not None
    evidence = inquiry.evidence(inquiry.solved.model)
    if comparison.found > evidence.value + evidence.slack:
        answer += f", above log p(x) = {evidence.value:.6g} itself"
    return answer
