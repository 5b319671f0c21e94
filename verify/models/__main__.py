"""`python -m verify.models [MODEL …]`: the table of all models, or the formulas of one."""

from __future__ import annotations

import argparse
import sys

from verify.certify import table as certified
from verify.models import ALL
from verify.models.table import INSTANCES, describe, render, rows


def main(arguments: list[str] | None = None) -> int:
    """Print; exit status 2 for an unknown model."""
    parser = argparse.ArgumentParser(prog="python -m verify.models", description="Exactly solvable models, checked.")
    parser.add_argument("model", nargs="*", help="print the formulas of these models and how their gap closes")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first random instance")
    parser.add_argument("--instances", type=int, default=INSTANCES, help="random instances for every row")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.model if name not in ALL]
    if unknown:
        print(f"no model is called {unknown[0]}; the models are: {', '.join(ALL)}", file=sys.stderr)
        return 2
    if options.model:
        print("\n\n".join(describe(name, options.seed) for name in options.model))
    else:
        print(render(rows(instances=options.instances, seed=options.seed)))
        print()
        print(certified.render(certified.rows(names=[*certified.CASES, *certified.IN_THE_PLANE])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
