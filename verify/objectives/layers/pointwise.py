"""At the posterior the log weight log p(x, z) - log q(z) is log p(x) for every z: no averaging, one draw is enough.

The same holds for importance-weighted and Rényi bounds, whose weights are then all equal.
"""

from __future__ import annotations

from collections.abc import Iterator

from verify.objectives.inquiry import Inquiry
from verify.objectives.noise import FreshNoise
from verify.objectives.report import Finding

NAME = "pointwise"
_PROPERTY = "at the posterior every draw is log p(x)"
_DRAWS = 3


def findings(inquiry: Inquiry) -> Iterator[Finding]:
    """Every draw at the posterior, for estimators that are plain log weights."""
    reason = _not_applicable(inquiry)
    yield Finding(NAME, _PROPERTY, "not applicable", reason) if reason else _every_draw(inquiry)


def _not_applicable(inquiry: Inquiry) -> str:
    if inquiry.solved is None:
        return "log p(x) is not known"
    if inquiry.objective.estimator != "log-weight":
        return 'only for estimator="log-weight"'
    if inquiry.objective.batch_size is not None or inquiry.objective.beta != 1:
        return "minibatches and beta change the log weight"
    if not inquiry.solved.model.contains_posterior:
        return "the family of q does not contain the posterior"
    return "" if inquiry.at_posterior else "q cannot be moved there: let the objective take q"


def _every_draw(inquiry: Inquiry) -> Finding:
    situation, case = inquiry.at_posterior, inquiry.solved
    assert situation is not None
    assert case is not None
    target = inquiry.evidence(case.model)
    for k in range(_DRAWS):
        seed = [case.seed, 2, k]
        found = inquiry.nats(situation, FreshNoise(seed))
        if not abs(found - target.value) <= target.slack:
            answer = f"not the {inquiry.objective.title}: at the posterior every draw should be log p(x)"
            message = f"{answer}, and one is {_away(found - target.value)}"
            detail = {"seed": seed}
            return Finding(NAME, _PROPERTY, "failed", message, target.value, found, target.slack, k + 1, detail)
    return Finding(NAME, _PROPERTY, "held", expected=target.value, evaluations=_DRAWS)


def _away(deviation: float) -> str:
    return f"{abs(deviation):.4g} nats {'above' if deviation > 0 else 'below'}"
