"""The command ``jensen models``: the solvable models, the gap of one as q moves, a run of EM, all of them measured."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verify.maximisation import Trace
    from verify.models.path import Path as Walk

FINE, UNUSABLE = 0, 2  # exit statuses


def add_models(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to a parser."""
    models = commands.add_parser(
        "models", help="list the exactly solvable models with their formulas; with a name: draw its gap as q moves"
    )
    models.add_argument("name", nargs="?", metavar="NAME", help="one model")
    models.add_argument("--em", action="store_true", help="maximise over θ and q by EM, every step certified")
    models.add_argument("--table", action="store_true", help="measure: residuals, second routes, exactness, time")
    models.add_argument("--seed", type=int, default=0, help="of the random instance (default: 0)")
    models.add_argument("--steps", type=int, default=100, metavar="N", help="of EM, at most (default: 100)")
    models.add_argument("-o", "--output", type=Path, metavar="FILE", help="write a page with pictures (.html)")
    models.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints or writes what was asked for; exit status 2 for an unknown model or a file that cannot be written."""
    from verify.models import ALL

    trouble = _trouble(options, list(ALL))
    if trouble:
        print(f"jensen: {trouble}", file=sys.stderr)
        return UNUSABLE
    if options.output is None:
        print(_printed(options))
        return FINE
    try:
        options.output.write_text(_page(options), encoding="utf-8", newline="\n")
    except OSError as error:
        print(f"jensen: {options.output}: {error}", file=sys.stderr)
        return UNUSABLE
    print(f"wrote {options.output}")
    return FINE


def _trouble(options: argparse.Namespace, known: list[str]) -> str | None:
    if options.name is not None and options.name not in known:
        return f"no model is called {options.name}; the models are: {', '.join(known)}"
    if options.em:
        from verify.maximisation.examples import STARTS

        if options.name not in STARTS:
            return f"EM is there for {', '.join(STARTS)}"
    if options.steps < 1:
        return f"EM needs at least one step, not {options.steps}"
    if options.output is not None and options.name is None:
        return "a page needs the name of a model"
    if options.output is not None and options.output.suffix.lower() not in (".html", ".htm"):
        return f"{options.output.name}: the page of a model is written as .html"
    return None


def _printed(options: argparse.Namespace) -> str:
    from verify.report.model_text import em_text, model_list, model_text

    if options.table:
        return _table(options)
    if options.name is None:
        return model_list()
    return em_text(_trace(options)) if options.em else model_text(_path(options, 10))


def _table(options: argparse.Namespace) -> str:
    """One model's row; or all of them, and the models whose numbers are certified integrals."""
    from verify.certify import table as integrals
    from verify.models.table import render, rows

    if options.name is not None:
        return render(rows([options.name], seed=options.seed))
    cases = [*integrals.CASES, *integrals.IN_THE_PLANE]
    return "\n\n".join([render(rows(seed=options.seed)), integrals.render(integrals.rows(names=cases))])


def _page(options: argparse.Namespace) -> str:
    from verify.report.model_page import em_page, model_page

    return em_page(_trace(options)) if options.em else model_page(_path(options, 40))


def _path(options: argparse.Namespace, steps: int) -> Walk:
    import numpy as np

    from verify.models import ALL
    from verify.models.path import walk

    random = np.random.default_rng(options.seed)
    return walk(ALL[options.name].random(random), random, steps)


def _trace(options: argparse.Namespace) -> Trace:
    from verify.maximisation import examples
    from verify.progress import Progress

    with Progress(f"EM, {options.name}") as progress:
        return examples.run(options.name, options.seed, options.steps, progress)
