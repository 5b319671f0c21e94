"""EM as coordinate ascent on J(θ, q) = E_q[log p(x, z; θ)] - E_q[log q(z)], recorded step by step.

The E step sets q to the posterior at θ (J rises to log p(x; θ)), the M step sets θ to the maximiser of J(·, q); then

    log p(x; θ')  >=  J(θ', q)  >=  J(θ, q)  =  log p(x; θ).

That is a theorem about real numbers.  The floats of an implementation obey it until the increments fall below rounding;
what each step did to the exact evidence at its exact (dyadic) parameters is therefore enclosed in Arb, not guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from verify.decide import Enclosure
from verify.maximisation.evidence import evidence_change
from verify.models import SolvableModel, Variational

Model = SolvableModel[Any]
MStep = Callable[[Any, Any], Any]


class Change(Enum):
    """What a step did to the evidence at its exact parameters."""

    RAISED = "raised"
    UNCHANGED = "unchanged within rounding"
    LOWERED = "lowered"
    UNCERTIFIED = "not certified"


@dataclass(frozen=True)
class Step:
    """One E step and one M step.

    number           from 1
    theta            the parameters after the step, by name
    evidence_before  log p(x; θ);        evidence_after  log p(x; θ')
    elbo_before      J(θ, q) with the q of the step before (the first q for the first step)
    elbo_tight       J(θ, q') after the E step: equals evidence_before up to rounding
    elbo_after       J(θ', q') after the M step
    kl_before        KL(q ‖ p(z|x; θ)) before the E step
    kl_after         KL(q' ‖ p(z|x; θ')) after the M step: the slack that the next E step removes
    rounding         how far rounding may have moved any of these numbers
    change           what the step did to the exact evidence
    certificate      an enclosure of log p(x; θ') - log p(x; θ), None where it was not asked for
    """

    number: int
    theta: dict[str, npt.NDArray[Any]]
    evidence_before: float
    evidence_after: float
    elbo_before: float
    elbo_tight: float
    elbo_after: float
    kl_before: float
    kl_after: float
    rounding: float
    change: Change
    certificate: Enclosure | None


@dataclass(frozen=True)
class Trace:
    """A run of EM.

    start      the model at the first parameters;  end  the model at the last ones
    steps      what happened
    converged  did the parameters stop moving (to the last bit, or below the tolerance asked for)?
    """

    start: Model
    end: Model
    steps: tuple[Step, ...]
    converged: bool

    @property
    def evidences(self) -> npt.NDArray[np.float64]:
        """log p(x; θ) before the first step and after every step, for drawing."""
        return np.array([self.steps[0].evidence_before, *(step.evidence_after for step in self.steps)])

    def count(self, change: Change) -> int:
        """How many steps changed the evidence in this way."""
        return sum(step.change is change for step in self.steps)

    @property
    def never_lowered(self) -> bool:
        """Did no step lower the exact evidence by more than rounding, every step being certified?"""
        return self.count(Change.LOWERED) == self.count(Change.UNCERTIFIED) == 0


def maximise(
    model: Model,
    m_step: MStep,
    steps: int = 100,
    q: Variational | None = None,
    certify: bool = True,
    tolerance: float = 0.0,
    bits: int = 128,
    progress: Callable[[int, int], None] | None = None,
) -> Trace:
    """Run EM from the model's parameters.

    m_step     (model, q) ↦ the model with the parameters that maximise J(·, q)
    steps      at most this many
    q          where q starts; by default at the posterior
    certify    enclose the change of the exact evidence at every step
    tolerance  stop when no parameter moves by more than this; 0: until none moves at all
    progress   told after every step how many are done, of how many at most
    Raises ValueError for steps < 1.
    """
    if steps < 1:
        raise ValueError(f"EM needs at least one step, not {steps}")
    taken: list[Step] = []
    start, before = model, q if q is not None else model.posterior_q()
    moved = np.inf
    while len(taken) < steps and moved > tolerance:
        tight = model.posterior_q()
        after = m_step(model, tight)
        taken.append(_record(len(taken) + 1, model, after, before, tight, certify, bits))
        moved, model, before = _largest_move(model, after), after, tight
        if progress is not None:
            progress(len(taken), steps)
    return Trace(start, model, tuple(taken), moved <= tolerance)


def _record(
    number: int, model: Model, after: Model, before: Variational, tight: Variational, certify: bool, bits: int
) -> Step:
    old, risen, new = model.balance(before), model.balance(tight), after.balance(tight)
    rounding = old.rounding + risen.rounding + new.rounding
    certificate = evidence_change(model, after, bits) if certify else None
    return Step(
        number=number,
        theta=after.parameters(),
        evidence_before=old.evidence.value,
        evidence_after=new.evidence.value,
        elbo_before=old.elbo.value,
        elbo_tight=risen.elbo.value,
        elbo_after=new.elbo.value,
        kl_before=old.gap.value,
        kl_after=new.gap.value,
        rounding=rounding,
        change=_verdict(certificate, rounding),
        certificate=certificate,
    )


def _verdict(certificate: Enclosure | None, rounding: float) -> Change:
    """Raised or lowered where the enclosure leaves 0; but a fall no larger than rounding of the parameters themselves
    can cause is no fall of EM."""
    if certificate is None or not certificate.is_finite:
        return Change.UNCERTIFIED
    if certificate.sign == 1:
        return Change.RAISED
    if certificate.sign == -1 and certificate.midpoint < -rounding:
        return Change.LOWERED
    return Change.UNCHANGED


def _largest_move(before: Model, after: Model) -> float:
    old, new = before.parameters(), after.parameters()
    return max(float(np.abs(new[name] - old[name]).max(initial=0.0)) for name in old)
