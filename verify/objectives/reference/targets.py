"""The exact expectation of a declared objective, in nats over all data points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from verify.estimators import TooManyNodesError
from verify.objectives.declaration import Objective
from verify.objectives.reference.decomposition import NoPriorError, kl_to_prior
from verify.objectives.reference.power_means import power_mean_moments
from verify.objectives.reference.solvable import Solvable


class NoTargetError(Exception):
    """The declared quantity has no exact value on this model; the message says why."""


@dataclass(frozen=True)
class Target:
    """What the objective should be in expectation.

    value    in nats
    slack    how far rounding of careful code, and quadrature of the reference, may put a correct value from it
    formula  the quantity in symbols
    """

    value: float
    slack: float
    formula: str


def target(objective: Objective, model: Solvable, q: Any) -> Target:
    """The expectation of the declared objective.  Raises NoTargetError where it has no exact value."""
    if objective.kind == "elbo":
        return _elbo(objective, model, q)
    try:
        return _power_mean(objective, model, q)
    except TooManyNodesError as error:
        raise NoTargetError(str(error)) from error


def evidence(objective: Objective, model: Solvable) -> Target:
    """log p(x)."""
    found = model.evidence_sum()
    return Target(found.value, slack(objective, found.magnitude, found.rounding), "log p(x)")


def slack(objective: Objective, magnitude: float, rounding: float = 0.0) -> float:
    """How far apart two correct values may be whose terms add up to `magnitude`."""
    return objective.relative_tolerance * (1 + magnitude) + rounding


def _elbo(objective: Objective, model: Solvable, q: Any) -> Target:
    found = model.elbo_sum(q)
    room = slack(objective, found.magnitude, found.rounding)
    if objective.beta == 1:
        return Target(found.value, room, "ELBO(q)")
    try:
        excess = (objective.beta - 1) * kl_to_prior(model, q)
    except NoPriorError as error:
        raise NoTargetError(f"beta weighs KL(q ‖ prior), but {error}") from error
    return Target(found.value - excess, room, f"E_q[log p(x|z)] - {objective.beta:g} KL(q ‖ prior)")


def _power_mean(objective: Objective, model: Solvable, q: Any) -> Target:
    power = power_of(objective)
    found = power_mean_moments(model, q, objective.samples, power, objective.plate)
    magnitude = model.elbo_sum(q).magnitude
    room = slack(objective, magnitude) * max(1.0, 1 / abs(power)) + 10 * found.error
    formula = f"E[log mean of {objective.samples} weights]"
    if objective.kind == "renyi":
        formula = f"E[(1/{power:g}) log mean of {objective.samples} weights^{power:g}]"
    return Target(found.mean, room, formula)


def power_of(objective: Objective) -> float:
    """The power to which weights are raised before they are averaged."""
    return 1.0 if objective.alpha is None else 1.0 - objective.alpha


def with_samples(objective: Objective, samples: int) -> Objective:
    """The same objective with another number of draws."""
    return replace(objective, samples=samples)
