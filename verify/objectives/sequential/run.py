"""Draw until the evidence is clear, or the draws run out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from verify.models.records import Array
from verify.objectives.reference.variances import Spread
from verify.objectives.sequential.evidence import (
    BettingEvidence,
    CatoniEvidence,
    Evidence,
    KnownLawEvidence,
    Sides,
)

FIRST_BATCH = 64


@dataclass(frozen=True)
class SequentialResult:
    """What a sequential test found.

    rejected             did the evidence reach 1/alpha?
    draws                how many draws were taken
    log_evidence         log of the largest e-value
    alpha                the level
    mean                 the average of the draws
    smallest_detectable  the deviation it would have found with the draws taken
    """

    rejected: bool
    draws: int
    log_evidence: float
    alpha: float
    mean: float
    smallest_detectable: float


def run(draw: Callable[[int, int], Array], evidence: Evidence, alpha: float, most: int) -> SequentialResult:
    """Double the draws from 64 until the evidence reaches 1/alpha or `most` draws are taken.

    draw  first, last ↦ the draws number first, …, last - 1 of the stream, in nats
    A draw that is not a number rejects at once: no estimator may return it.
    """
    taken, total, best = 0, 0.0, -math.inf
    while taken < most and best < math.log(1 / alpha):
        values = draw(taken, min(most, max(FIRST_BATCH, 2 * taken)))
        if not np.all(np.isfinite(values)):
            return SequentialResult(True, taken + len(values), math.inf, alpha, math.nan, 0.0)
        best = max(best, float(evidence.update(values).max()))
        taken, total = taken + len(values), total + float(values.sum())
    reach = evidence.smallest_detectable(alpha, taken)
    return SequentialResult(best >= math.log(1 / alpha), taken, best, alpha, total / taken, reach)


def evidence_for(spread: Spread, mean: float, slack: float, sides: Sides = "both") -> tuple[Evidence, str]:
    """The sharpest evidence that the knowledge about the spread allows, and its name.

    The variance gets a floor at the rounding, so that a law without spread can be tested too.
    """
    variance = max(spread.variance * (1 + 1e-9), slack**2, 1e-300)
    if math.isfinite(spread.low) and spread.high - spread.low > slack:
        low, high = spread.low - slack, spread.high + slack
        return BettingEvidence(mean, low, high, slack, sides), "betting on the known range"
    if spread.log_mgf is not None and spread.variance > slack**2:
        return KnownLawEvidence(mean, spread.variance, spread.log_mgf, slack, sides), "the known law of one draw"
    return CatoniEvidence(mean, variance, slack, sides), "a bound on the variance"
