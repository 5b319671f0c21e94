"""A row of the table of mistakes: a sentence, and the expectation that the mistake leads to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from verify.objectives.diagnosis.terms import Terms


@dataclass(frozen=True)
class Hypothesis:
    """One way to be wrong.

    says      the mistake, as its author would recognise it, and what to do
    predicts  the expectation of an objective with this mistake, in nats; raises InapplicableError where it says nothing
    """

    says: str
    predicts: Callable[[Terms], float]
