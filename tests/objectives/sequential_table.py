"""Sequential tests and a fixed-n t-test side by side:  python -m tests.objectives.sequential_table [STREAMS]

False alarms: the share of streams of correct estimators in which a test ever rejects at level α, looked at after each
of 250 draws; the t-test looks once, at n = 200.

Power: how many draws it takes to reject each wrong objective of the collection at level 1.7e-8 (60 tests, 1e-6 all
together), median of 3 streams, at most 20,000.  For the t-test it is the smallest n = 2^k at which it rejects, so k is
chosen knowing the answer, as no user can.  Variances are derived from the correct estimator where its kind is known.
For the others ("reference") they are twice those of 20,000 draws of the correct objective, which are no draws under
test.  Objectives that draw nothing, and those whose mistake is in the gradient alone, have no entry.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from statistics import median
from typing import Any

import numpy as np
from scipy import stats

from verify.objectives import Inquiry, Objective, Settings
from verify.objectives.adapters.plain import PlainObjective
from verify.objectives.reference import Spread, UnknownVarianceError, spread_of, target
from verify.objectives.sequential import evidence_for, run

from .mutants import ALL, Family, Mutant
from .null_streams import NULLS, STREAMS, Null, largest_log_evidence

LEVELS = (0.1, 0.01, 0.001)
FIXED = 200
POWER_LEVEL = 1e-6 / 60
MOST_DRAWS = 20_000
REPEATS = 3
REFERENCE_DRAWS, SAFETY = 20_000, 2.0
LONGEST = max(len(name) for name in NULLS)


# ---------------------------------------------------------------- false alarms


def t_test_rates(null: Null, seed: int, streams: int) -> list[float]:
    """How often a t-test with n = 200 rejects, for every level."""
    rng = np.random.default_rng(seed)
    with np.errstate(divide="ignore", invalid="ignore"):
        draws = null.draw(rng, (streams, FIXED))
        values = stats.ttest_1samp(draws, null.mean, axis=-1).pvalue
    return [float(np.mean(np.nan_to_num(values, nan=0.0) <= alpha)) for alpha in LEVELS]


def sequential_rates(null: Null, seed: int, streams: int) -> list[float]:
    """How often the e-process ever reaches 1/α, for every level."""
    reached = largest_log_evidence(null, seed, streams)
    return [float(np.mean(reached >= math.log(1 / alpha))) for alpha in LEVELS]


def false_alarms(streams: int) -> Iterator[str]:
    levels = "".join(f"{alpha:>9g}" for alpha in LEVELS)
    yield f"{'false alarms at level':{LONGEST}}  e-process{levels}   t-test{levels}"
    for name, null in NULLS.items():
        if "edge" in name or "one-sided" in name:
            continue  # a t-test has no such hypothesis
        ours, theirs = sequential_rates(null, 1, streams), t_test_rates(null, 2, streams)
        cells = ["".join(f"{rate:9.4f}" for rate in rates) for rates in (ours, theirs)]
        yield f"{name:{LONGEST}}           {cells[0]}         {cells[1]}"


# ---------------------------------------------------------------- power


@dataclass(frozen=True)
class Power:
    """Draws to reject, None where 20,000 are not enough; `knowledge` says what the e-process rests on."""

    mutant: str
    sequential: list[int | None]
    t_test: list[int | None]
    knowledge: str


def nats(family: Family, bug: str, case: Any, seed: int, first: int, last: int) -> Any:
    """Draws of an objective in nats."""
    objective = Objective(**family.declared)
    implementation = PlainObjective(partial(family.function, bug=bug), noise=family.options.get("noise"))
    inquiry = Inquiry(implementation, objective, case, Settings())
    values = implementation.draws(inquiry.here, seed, first, last).reshape(last - first, -1).sum(-1)
    return np.asarray(values * objective.scale(inquiry.points), dtype=np.float64)


def spread_for(family: Family, case: Any) -> Spread:
    """Derived where the estimator is known, twice the variance of the correct objective otherwise."""
    try:
        return spread_of(Objective(**family.declared), case.model, case.q)
    except UnknownVarianceError:
        draws = nats(family, "", case, 99, 0, REFERENCE_DRAWS)
        return Spread(SAFETY * float(np.var(draws)), "reference")


def t_test_draws(draw: Any, mean: float) -> int | None:
    """The smallest n = 2^k at which a t-test rejects at the level of the e-process."""
    values = np.empty(0)
    for n in (2**k for k in range(2, 1 + int(math.log2(MOST_DRAWS)))):
        values = np.concatenate([values, draw(len(values), n)])
        p = stats.ttest_1samp(values, mean).pvalue
        if p <= POWER_LEVEL or (math.isnan(p) and values[0] != mean):
            return n
    return None


def power(family: Family, mutant: Mutant) -> Power:
    case = family.case(0)
    goal = target(Objective(**family.declared), case.model, case.q)
    spread = spread_for(family, case)
    ours: list[int | None] = []
    theirs: list[int | None] = []
    for repeat in range(REPEATS):
        draw = partial(nats, family, mutant.name, case, 1000 + repeat)
        evidence, knowledge = evidence_for(spread, goal.value, goal.slack)
        result = run(draw, evidence, POWER_LEVEL, MOST_DRAWS)
        ours.append(first_rejection(draw, spread, goal, result.draws) if result.rejected else None)
        theirs.append(t_test_draws(draw, goal.value))
    reference = ", reference" if spread.source == "reference" else ""
    return Power(f"{family.name}/{mutant.name}", ours, theirs, knowledge + reference)


def first_rejection(draw: Any, spread: Spread, goal: Any, draws: int) -> int:
    """The draw at which the evidence is clear, within a stream that is known to reject."""
    evidence, _ = evidence_for(spread, goal.value, goal.slack)
    path = evidence.update(draw(0, draws))
    return int(np.argmax(path >= math.log(1 / POWER_LEVEL))) + 1


def has_draws(family: Family, mutant: Mutant) -> bool:
    """Does it draw, and is its value wrong?"""
    if family.options.get("noise") == "none":
        return False
    draws = [nats(family, bug, family.case(0), 5, 0, 50) for bug in ("", mutant.name)]
    return not np.allclose(draws[0], draws[1], rtol=1e-9)


def shown(draws: list[int | None]) -> str:
    """The median, where "never" is more than any number."""
    middle = median(math.inf if n is None else n for n in draws)
    return f"> {MOST_DRAWS}" if math.isinf(middle) else f"{middle:.0f}"


def powers() -> Iterator[str]:
    tested = [(family, mutant) for family in ALL for mutant in family.mutants if has_draws(family, mutant)]
    width = max(len(f"{family.name}/{mutant.name}") for family, mutant in tested)
    yield f"{'draws to reject at ' + format(POWER_LEVEL, '.1e'):{width}}  e-process   t-test  the e-process rests on"
    rows = []
    for family, mutant in tested:
        rows.append(row := power(family, mutant))
        yield f"{row.mutant:{width}}  {shown(row.sequential):>9}  {shown(row.t_test):>7}  {row.knowledge}"
    yield summary("e-process", [row.sequential for row in rows])
    yield summary("t-test", [row.t_test for row in rows])


def summary(name: str, columns: list[list[int | None]]) -> str:
    """How many are rejected, and quartiles of the draws that it takes."""
    medians = [median(math.inf if n is None else n for n in draws) for draws in columns]
    found = [n for n in medians if not math.isinf(n)]
    quartiles = ", ".join(f"{np.quantile(found, share):.0f}" for share in (0.25, 0.5, 0.75, 1.0))
    return f"{name}: {len(found)} of {len(columns)} rejected; quartiles of the draws {quartiles}"


def main(streams: int = STREAMS) -> None:
    """Print both parts."""
    warnings.simplefilter("ignore", RuntimeWarning)  # a t-test of equal numbers
    for line in chain(false_alarms(streams), [""], powers()):
        print(line, flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
