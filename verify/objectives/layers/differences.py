"""Gradients where none is given: differences of the expectation along a random direction in every field of q.

They test the derivative of what the code returns.  What an optimiser uses may be something else (a detached term, a
score function without its signal): only a gradient that the code itself computes shows that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from verify.models.records import Array
from verify.objectives.case import SolvedCase
from verify.objectives.inquiry import Inquiry
from verify.objectives.noise import OutOfReachError
from verify.objectives.reference import NoTargetError
from verify.objectives.reference.gradients import gradient_by_q
from verify.objectives.report import Finding, Status

NAME = "gradients"
_STEP = 4e-3
_STENCIL = ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12))
_ALLOWED = 1e-6  # relative to the largest entry of the exact gradient, besides what two steps differ by


def by_differences(inquiry: Inquiry) -> Iterator[Finding]:
    """One finding for every field of q."""
    case = inquiry.solved
    if case is None or not inquiry.takes("q"):
        reason = "no exact gradient is known" if case is None else "q cannot be moved: let the objective take q"
        yield Finding(NAME, "slope of E[value] is exact", "not applicable", reason)
        return
    try:
        exact = gradient_by_q(inquiry.objective, case.model, case.q)
        directions = case.q.directions(np.random.default_rng([case.seed, 8]))
        for name in exact:
            yield _compared(inquiry, case, name, exact[name], directions[name])
    except (NoTargetError, OutOfReachError) as error:
        yield Finding(NAME, "slope of E[value] is exact", "not applicable", str(error))


def _compared(inquiry: Inquiry, case: SolvedCase, name: str, exact: Array, direction: Array) -> Finding:
    expected = float(np.sum(exact * direction))
    found, coarse = (_slope(inquiry, case, {name: direction}, step) for step in (_STEP, 2 * _STEP))
    rounding = inquiry.target(case.model, case.q).slack * 1e-3 / _STEP
    allowed = abs(found - coarse) + _ALLOWED * (1 + float(np.max(np.abs(exact)))) + rounding
    failed = not abs(found - expected) <= allowed
    message = f"the slope of its expectation in {name} is wrong by {abs(found - expected):.3g}" if failed else ""
    status: Status = "failed" if failed else "held"
    detail = {"route": "differences", "parameter": f"a random direction in {name}"}
    return Finding(NAME, f"slope of E[value] in {name}", status, message, expected, found, allowed, detail=detail)


def _slope(inquiry: Inquiry, case: SolvedCase, direction: Mapping[str, Array], step: float) -> float:
    terms = []
    for steps, weight in _STENCIL:
        situation = inquiry.situation(q=case.q.moved(direction, steps * step))
        terms.append(weight * float(inquiry.expectation(situation).first().mean))
    return math.fsum(terms) / step
