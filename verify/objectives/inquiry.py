"""One objective in one case: what all layers share.

The layers ask an `Inquiry` for values and expectations; it evaluates the objective, puts what it returns on the common
scale, remembers expectations, and compares them with exact values.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Literal, TypeAlias

import numpy as np

from verify.models.path import between
from verify.models.records import Array
from verify.models.sums import Sum
from verify.objectives.case import AnyCase, SolvedCase, Unsolved, points, values
from verify.objectives.declaration import Objective
from verify.objectives.implementation import Implementation, Situation, Vectorised
from verify.objectives.noise import Estimate, Expectation, OutOfReachError, Source
from verify.objectives.noise.expectation import OverRows
from verify.objectives.noise.rules import Rows
from verify.objectives.reference.solvable import Solvable, is_quadratic
from verify.objectives.reference.targets import NoTargetError, Target, evidence, slack, target
from verify.objectives.sequential import SUITE, Budget

Reference: TypeAlias = Callable[[Any, Any], float | Sum]
Agreement: TypeAlias = Literal["equal", "different", "unclear"]
# A deviation counts where it is a thousand times what two estimates of the same mean differ by.
CLEAR = 1e-3
_NEAR = 0.9


@dataclass(frozen=True)
class Settings:
    """What a check may spend, and what the user knows.

    evaluations  calls of the objective for one exact expectation
    max_draws    draws of one sequential test
    budget       the suite's false-alarm rate
    variance     a bound on the variance of one call in nats² (over all data), or a function of model and q
    reference    model, q ↦ the expectation in nats, in place of the model's own exact value: a number, or a Sum that
                 knows its terms
    differences  test finite differences of the expectation against the exact gradient where no gradient is given
    """

    evaluations: int = 2048
    max_draws: int = 1024
    budget: Budget = SUITE
    variance: float | Callable[[Any, Any], float] | None = None
    reference: Reference | None = None
    differences: bool = False


@dataclass(frozen=True)
class Interval:
    """Where a value is expected, in nats."""

    low: float
    high: float

    @classmethod
    def around(cls, target: Target) -> Interval:
        """The target, give or take its slack."""
        return cls(target.value - target.slack, target.value + target.slack)

    @classmethod
    def below(cls, target: Target) -> Interval:
        """At most the target and its slack."""
        return cls(-math.inf, target.value + target.slack)

    def distance(self, value: float) -> float:
        """How far outside the value is; 0 inside; nan for nan."""
        return max(self.low - value, value - self.high, 0.0) if not math.isnan(value) else math.nan


@dataclass(frozen=True)
class Comparison:
    """An expectation against an exact value.

    found        the finest estimate
    error        how far two estimates differ; 0 where one was enough
    estimate     how it was computed
    """

    agreement: Agreement
    found: float
    error: float
    estimate: Estimate


@dataclass(frozen=True, eq=False)
class Inquiry:
    """An implementation, its declaration, a case, and what may be spent."""

    implementation: Implementation
    objective: Objective
    case: AnyCase
    settings: Settings = field(default_factory=Settings)
    _expectations: dict[Situation, Expectation | OutOfReachError] = field(default_factory=dict)
    _targets: list[tuple[Solvable, Any, Objective, Target | NoTargetError]] = field(default_factory=list)

    @property
    def solved(self) -> SolvedCase | None:
        """The case, if it has exact values."""
        return None if isinstance(self.case, Unsolved) else self.case

    @property
    def points(self) -> int:
        """The number of data points."""
        return points(self.case)

    def takes(self, argument: str) -> bool:
        """Is this argument passed to the objective anew at every call?"""
        return argument in self.implementation.arguments

    def situation(self, **changes: Any) -> Situation:
        """The case's own situation, with some arguments replaced."""
        declared = {"samples": self.objective.samples, "alpha": self.objective.alpha}
        return Situation({**values(self.case), **declared, **changes}, self.points, self.objective.batch_size)

    @cached_property
    def here(self) -> Situation:
        """The case's own situation."""
        return self.situation()

    @cached_property
    def at_posterior(self) -> Situation | None:
        """The situation with q the posterior: None where the family does not contain it, or the objective cannot be
        moved there."""
        case = self.solved
        if case is None or not case.model.contains_posterior:
            return None
        if getattr(case, "place", None) == "posterior":
            return self.here
        return self.situation(q=case.model.posterior_q()) if self.takes("q") else None

    @cached_property
    def near_posterior(self) -> Situation | None:
        """Nine tenths of the way from q to the posterior, where weights vary less and quadrature settles sooner; None
        where the objective cannot be moved there."""
        case = self.solved
        if case is None or not self.takes("q"):
            return None
        return self.situation(q=between(case.q, case.model.posterior_q(), _NEAR))

    def nats(self, situation: Situation, source: Source) -> float:
        """One call, on the common scale."""
        return self.objective.in_nats(self.implementation.value(situation, source), situation.points)

    # -- expectations

    def expectation(self, situation: Situation) -> Expectation:
        """The expectation in nats, without sampling.  Raises OutOfReachError where that cannot be had."""
        if situation not in self._expectations:
            self._expectations[situation] = self._prepared(situation)
        found = self._expectations[situation]
        if isinstance(found, OutOfReachError):
            raise found
        return found

    def _prepared(self, situation: Situation) -> Expectation | OutOfReachError:
        if self.implementation.randomness == "seeded":
            return OutOfReachError("the objective takes only a seed, so its noise cannot be prescribed")
        try:
            at_once = partial(self._mean_over, situation) if isinstance(self.implementation, Vectorised) else None
            return self.expectation_of(lambda source: np.asarray(self.nats(situation, source)), situation, at_once)
        except OutOfReachError as error:
            return error

    def _mean_over(self, situation: Situation, rules: Rows) -> Array | None:
        assert isinstance(self.implementation, Vectorised)
        found = self.implementation.values(situation, rules.rows)
        if found is None:
            return None
        totals = np.asarray(found, dtype=np.float64).reshape(len(rules.rows), -1).sum(-1)
        return np.asarray(rules.weights @ totals * self.objective.scale(situation.points))

    def expectation_of(
        self, function: Callable[[Source], Array], situation: Situation, over_rows: OverRows | None = None
    ) -> Expectation:
        """The expectation of another function of the noise; `over_rows` computes it at once where it can."""
        quadratic = self.objective.kind == "elbo" and self.is_quadratic(situation)
        evaluations = self.settings.evaluations
        return Expectation(function, quadratic=quadratic, evaluations=evaluations, over_rows=over_rows)

    @staticmethod
    def is_quadratic(situation: Situation) -> bool:
        """Is a correct ELBO a quadratic function of normal noise here?"""
        model, q = situation.values.get("model"), situation.values.get("q")
        return model is not None and q is not None and is_quadratic(model, q)

    def compare(self, situation: Situation, expected: Interval) -> Comparison:
        """The expectation, estimated as finely as it takes to be sure whether it is as `expected`.

        Raises OutOfReachError where there is no estimate at all.
        """
        return compared(self.expectation(situation), expected)

    # -- exact values

    def target(self, model: Solvable, q: Any, objective: Objective | None = None) -> Target:
        """The exact expectation of the declared objective.  Raises NoTargetError where it has none."""
        if self.settings.reference is not None:
            return self._given(self.settings.reference, model, q)
        declared = objective or self.objective
        found = next((t for m, at, o, t in self._targets if m is model and at is q and o == declared), None)
        if found is None:
            found = _target_or_error(declared, model, q)
            self._targets.append((model, q, declared, found))
        if isinstance(found, NoTargetError):
            raise found
        return found

    @cached_property
    def follows_model(self) -> bool:
        """Is a given reference, here and nearer to the posterior, what the model itself says?  Then the model's
        gradients and terms say something about the objective, too."""
        if self.settings.reference is None:
            return True
        places = [place.values for place in (self.here, self.near_posterior) if place is not None]
        return all(self._agree(place["model"], place["q"]) for place in places)

    def _agree(self, model: Solvable, q: Any) -> bool:
        try:
            own = target(self.objective, model, q)
        except NoTargetError:
            return False
        given = self.target(model, q)
        return abs(given.value - own.value) <= given.slack + own.slack

    def _given(self, reference: Reference, model: Solvable, q: Any) -> Target:
        """What the user's reference says; it may know its formula, and how large its terms are."""
        found = reference(model, q)
        formula = str(getattr(reference, "formula", "the given reference"))
        if isinstance(found, Sum):
            return Target(found.value, slack(self.objective, found.magnitude, found.rounding), formula)
        return Target(float(found), evidence(self.objective, model).slack, formula)

    def evidence(self, model: Solvable) -> Target:
        """log p(x)."""
        return evidence(self.objective, model)


def _target_or_error(objective: Objective, model: Solvable, q: Any) -> Target | NoTargetError:
    try:
        return target(objective, model, q)
    except NoTargetError as error:
        return error


def compared(expectation: Expectation, expected: Interval) -> Comparison:
    """First the cheap estimate; where it is not as expected a second one, to tell a wrong mean from a poor estimate."""
    first = expectation.first()
    found = float(first.mean)
    if expected.distance(found) == 0:
        return Comparison("equal", found, 0.0, first)
    if first.exact:
        return Comparison("different", found, 0.0, first)
    second = expectation.second()
    finer, error = float(second.mean), abs(float(second.mean) - found)
    if expected.distance(finer) > error / CLEAR:
        return Comparison("different", finer, error, second)
    other = expectation.by_quadrature()
    if other is not None:
        return compared(other, expected)
    return Comparison("equal" if expected.distance(finer) == 0 else "unclear", finer, error, second)
