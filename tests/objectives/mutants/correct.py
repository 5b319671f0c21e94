"""The correct objectives in full runs with fresh seeds:  python -m tests.objectives.mutants.correct [RUNS] [FIRST_SEED]

A run checks every family once.  It prints how many runs passed, and every failure with its seed.
"""

from __future__ import annotations

import sys
from secrets import randbits

from verify.objectives import CheckReport, ObjectiveError, check_objective

from . import ALL, Family

RUNS = 20


def report(family: Family, seed: int) -> CheckReport:
    """What is found about the correct objective.  Raises ObjectiveError where it is called wrong."""
    function, arguments = family.arguments("")
    return check_objective(function, family.case(seed), **arguments)


def failures(seed: int) -> list[str]:
    """The families whose correct objective is called wrong."""
    found = []
    for family in ALL:
        try:
            report(family, seed)
        except ObjectiveError as error:
            found.append(f"{family.name}, seed {seed}: {error}")
    return found


def main(runs: int = RUNS, first: int | None = None) -> int:
    """Print the count; the exit status is 1 where a correct objective is called wrong."""
    seeds = [randbits(32) for _ in range(runs)] if first is None else list(range(first, first + runs))
    found = [failures(seed) for seed in seeds]
    print("\n".join(line for lines in found for line in lines))
    passed = sum(not lines for lines in found)
    print(f"{passed} of {runs} runs passed, {len(ALL)} correct objectives each; seeds {seeds}")
    return 0 if passed == runs else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
