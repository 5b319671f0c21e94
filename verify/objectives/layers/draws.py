"""Sequential tests on ordinary draws, for code whose expectation cannot be had without sampling."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from verify.models.records import Array
from verify.objectives.case import SolvedCase
from verify.objectives.inquiry import Inquiry, Interval
from verify.objectives.noise import OutOfReachError
from verify.objectives.reference import NoTargetError, Spread, Target, UnknownVarianceError, spread_of
from verify.objectives.report import Finding, Status
from verify.objectives.sequential import SequentialResult, Sides, evidence_for, run

NAME = "draws"
_STREAM = 3


def findings(inquiry: Inquiry) -> Iterator[Finding]:
    """The mean of the draws against the exact value; where that is unknown, against log p(x) from above."""
    reason = _not_applicable(inquiry)
    case = inquiry.solved
    if reason or case is None:
        yield Finding(NAME, "mean of the draws", "not applicable", reason)
        return
    target, sides = _what_to_test(inquiry, case)
    try:
        spread = _spread(inquiry, case)
    except UnknownVarianceError as error:
        yield Finding(NAME, f"mean of the draws = {target.formula}", "not applicable", str(error))
        return
    yield _tested(inquiry, case, target, spread, sides)


def _not_applicable(inquiry: Inquiry) -> str:
    case, objective = inquiry.solved, inquiry.objective
    if case is None or objective.estimator == "surrogate":
        return "no exact value is known" if case is None else "the value of a surrogate means nothing"
    try:
        target = inquiry.target(case.model, case.q)
        if inquiry.compare(inquiry.here, Interval.around(target)).agreement != "unclear":
            return "the expectation is known exactly"
    except NoTargetError as error:
        return "" if objective.is_lower_bound else str(error)
    except OutOfReachError:
        pass
    return ""


def _what_to_test(inquiry: Inquiry, case: SolvedCase) -> tuple[Target, Sides]:
    try:
        return inquiry.target(case.model, case.q), "both"
    except NoTargetError:
        return inquiry.evidence(case.model), "above"


def _spread(inquiry: Inquiry, case: SolvedCase) -> Spread:
    """The user's declaration, or what is derived for estimators we know."""
    declared = inquiry.settings.variance
    if declared is None:
        return spread_of(inquiry.objective, case.model, case.q)
    return Spread(float(declared(case.model, case.q) if callable(declared) else declared), "declared variance")


def _tested(inquiry: Inquiry, case: SolvedCase, target: Target, spread: Spread, sides: Sides) -> Finding:
    evidence, knowledge = evidence_for(spread, target.value, target.slack, sides)
    alpha = inquiry.settings.budget.share((case.seed, repr(case), target.formula))
    result = run(lambda first, last: _draws(inquiry, case, first, last), evidence, alpha, inquiry.settings.max_draws)
    relation = "=" if sides == "both" else "<="
    status: Status = "failed" if result.rejected else "undecided"
    return Finding(
        NAME,
        f"mean of the draws {relation} {target.formula}",
        status,
        _message(inquiry, target, result),
        expected=target.value,
        found=result.mean,
        evaluations=result.draws,
        detail={
            "route": f"sequential test by {knowledge}",
            "e-value": f"{np.exp(min(result.log_evidence, 700.0)):.3g} (rejects at {1 / alpha:.3g})",
            "alpha": alpha,
            "draws": result.draws,
            "smallest detectable": result.smallest_detectable,
            "spread": spread.source,
            "seed": case.seed,
        },
    )


def _draws(inquiry: Inquiry, case: SolvedCase, first: int, last: int) -> Array:
    situation, objective = inquiry.here, inquiry.objective
    returned = inquiry.implementation.draws(situation, case.seed + _STREAM, first, last)
    totals = np.asarray(returned, dtype=np.float64).reshape(last - first, -1).sum(-1)
    return np.asarray(totals * objective.scale(situation.points))


def _message(inquiry: Inquiry, target: Target, result: SequentialResult) -> str:
    if not result.rejected:
        reach = f"a deviation of {result.smallest_detectable:.3g} nats would show"
        return f"no evidence in {result.draws} draws; {reach}, a smaller one with more max_draws"
    side = "above" if result.mean > target.value else "below"
    return (
        f"not the {inquiry.objective.title}: the mean of its draws is {side} {target.formula} "
        f"(chance at most {result.alpha:.1e})"
    )
