"""The inequalities: below log p(x), with the gap KL(q ‖ p(z|x)), equal at the posterior, monotone in K and alpha.

The gap is compared with its own formula, log p(x) with its own: a mistake that an implementation shares with the
formula of the ELBO would show here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

from verify.objectives.declaration import Objective
from verify.objectives.inquiry import Comparison, Inquiry, Interval
from verify.objectives.noise import OutOfReachError
from verify.objectives.reference import NoTargetError, Target
from verify.objectives.report import Finding

NAME = "bounds"
_SAMPLES = (1, 2, 3)
_ORDERS = (-0.5, 0.25, 0.75, 1.5)


def findings(inquiry: Inquiry) -> Iterator[Finding]:
    """All inequalities that apply; the others with the reason why not."""
    if inquiry.solved is None or inquiry.objective.estimator == "surrogate":
        yield Finding(NAME, "E[value] <= log p(x)", "not applicable", "no exact value is known")
        return
    yield _guarded("E[value] <= log p(x)", inquiry, _bound)
    yield _guarded("log p(x) - E[value] = KL(q ‖ p(z|x))", inquiry, _gap)
    yield _guarded("E[value] = log p(x) at the posterior", inquiry, _equality)
    yield _guarded("E[value] rises with K", inquiry, _in_samples)
    yield _guarded("E[value] falls as alpha rises", inquiry, _in_alpha)


class _NotHereError(Exception):
    """The property does not apply; the message says why."""


def _guarded(name: str, inquiry: Inquiry, test: Callable[[Inquiry, str], Finding]) -> Finding:
    try:
        return test(inquiry, name)
    except (_NotHereError, OutOfReachError, NoTargetError) as error:
        return Finding(NAME, name, "not applicable", str(error))


def _finding(name: str, target: Target, comparison: Comparison, problem: str) -> Finding:
    if comparison.agreement == "unclear":
        raise _NotHereError(f"two estimates of the expectation differ by {comparison.error:.2g} nats")
    return Finding(
        NAME,
        name,
        "held" if comparison.agreement == "equal" else "failed",
        "" if comparison.agreement == "equal" else problem.format(abs(comparison.found - target.value)),
        expected=target.value,
        found=comparison.found,
        tolerance=target.slack,
        detail={"route": comparison.estimate.route},
    )


def _bound(inquiry: Inquiry, name: str) -> Finding:
    assert inquiry.solved is not None
    if not inquiry.objective.is_lower_bound:
        raise _NotHereError(f"the {inquiry.objective.title} need not be a lower bound")
    evidence = inquiry.evidence(inquiry.solved.model)
    comparison = inquiry.compare(inquiry.here, Interval.below(evidence))
    return _finding(name, evidence, comparison, "not a lower bound: its expectation is {:.4g} nats above log p(x)")


def _gap(inquiry: Inquiry, name: str) -> Finding:
    case, objective = inquiry.solved, inquiry.objective
    assert case is not None
    if objective.kind != "elbo" or objective.beta != 1:
        raise _NotHereError(f"the {objective.title} has another gap")
    evidence, gap = inquiry.evidence(case.model), case.model.gap_sum(case.q)
    expected = Target(evidence.value - gap.value, evidence.slack + gap.rounding, "log p(x) - KL(q ‖ p(z|x))")
    comparison = inquiry.compare(inquiry.here, Interval.around(expected))
    return _finding(name, expected, comparison, "the gap to log p(x) is not KL(q ‖ p(z|x)): it is off by {:.4g} nats")


def _equality(inquiry: Inquiry, name: str) -> Finding:
    case = inquiry.solved
    assert case is not None
    if inquiry.objective.beta != 1:
        raise _NotHereError("beta moves the optimum away from the posterior")
    if not case.model.contains_posterior:
        raise _NotHereError("the family of q does not contain the posterior")
    if inquiry.at_posterior is None:
        raise _NotHereError("q cannot be moved there: let the objective take q")
    evidence = inquiry.evidence(case.model)
    comparison = inquiry.compare(inquiry.at_posterior, Interval.around(evidence))
    return _finding(name, evidence, comparison, "not tight: at the posterior it misses log p(x) by {:.4g} nats")


# -- monotonicity


def _in_samples(inquiry: Inquiry, name: str) -> Finding:
    if inquiry.objective.kind != "iwae":
        raise _NotHereError("only for importance-weighted bounds")
    if not inquiry.takes("samples"):
        raise _NotHereError("K is fixed in the code: let the objective take samples")
    return _sweep(inquiry, name, [replace(inquiry.objective, samples=k) for k in _SAMPLES], rising=True)


def _in_alpha(inquiry: Inquiry, name: str) -> Finding:
    if inquiry.objective.kind != "renyi":
        raise _NotHereError("only for Rényi bounds")
    if not inquiry.takes("alpha"):
        raise _NotHereError("the order is fixed in the code: let the objective take alpha")
    return _sweep(inquiry, name, [replace(inquiry.objective, alpha=alpha) for alpha in _ORDERS], rising=False)


def _sweep(inquiry: Inquiry, name: str, objectives: list[Objective], rising: bool) -> Finding:
    """Every expectation against its own exact value, and in order."""
    reached: list[float] = []
    values: list[float] = []
    slack = 0.0
    for objective in objectives:
        try:
            target, comparison = _elsewhere(inquiry, objective)
        except OutOfReachError as error:
            if len(values) >= 2:
                break
            raise _NotHereError(f"too few values can be reached: {error}") from error
        place = objective.samples if objective.alpha is None else objective.alpha
        if comparison.agreement != "equal":
            label = f"{'K' if rising else 'alpha'} = {place:g}"
            problem = f"not the {objective.title}: with {label} it is off by {{:.4g}} nats"
            return _finding(name, target, comparison, problem)
        reached.append(place)
        values.append(comparison.found)
        slack = max(slack, 2 * target.slack)
    return _ordered(name, reached, values, slack, rising)


def _elsewhere(inquiry: Inquiry, objective: Objective) -> tuple[Target, Comparison]:
    """The expectation at another K or alpha, and what it should be there."""
    case = inquiry.solved
    assert case is not None
    situation = inquiry.situation(samples=objective.samples, alpha=objective.alpha)
    inquiry.expectation(situation).first()  # an exact value that nothing is compared with would be for nothing
    target = inquiry.target(case.model, case.q, objective)
    return target, inquiry.compare(situation, Interval.around(target))


def _ordered(name: str, reached: list[float], values: list[float], slack: float, rising: bool) -> Finding:
    """Do the values rise (or fall), but for rounding?"""
    steps = [later - earlier if rising else earlier - later for earlier, later in pairwise(values)]
    ordered = all(step >= -slack for step in steps)
    message = "" if ordered else f"the values {values} at {reached} are not in order"
    return Finding(NAME, name, "held" if ordered else "failed", message, detail={"at": reached, "values": values})
