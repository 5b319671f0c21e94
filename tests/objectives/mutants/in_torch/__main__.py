"""Print what catches every mutant, and how many runs of the correct objectives pass."""

from __future__ import annotations

import sys
from secrets import randbits

from verify.objectives import ObjectiveError

from . import FAMILIES, Family, report


def outcome(family: Family, bug: str, seed: int) -> str:
    """The layer and property that fail, and the diagnosis; empty where nothing fails."""
    try:
        report(family, bug, seed)
    except ObjectiveError as error:
        likely = "; ".join(error.report.likely) or "-"
        return f"{error.finding.layer:12} {error.finding.property:40} {likely}"
    return ""


def main(runs: int = 20) -> int:
    table = {f"{f.name}/{m.name}": outcome(f, m.name, 0) for f in FAMILIES for m in f.mutants}
    for name, found in table.items():
        print(f"{name:34} {found or 'NOT CAUGHT'}")
    print(f"{sum(map(bool, table.values()))} of {len(table)} caught")
    passed = 0
    for seed in (randbits(32) for _ in range(runs)):
        found = {f.name: outcome(f, "", seed) for f in FAMILIES}
        passed += not any(found.values())
        for name, problem in found.items():
            if problem:
                print(f"{name}, seed {seed}, called wrong: {problem}")
    print(f"{passed} of {runs} runs with fresh seeds passed, {len(FAMILIES)} correct objectives each")
    return 0 if passed == runs and all(table.values()) else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
