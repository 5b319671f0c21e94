"""The command ``jensen``: check documents, write reports, explain rules.

Everything heavy is imported only when a command needs it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from verify.cli_models import add_models

if TYPE_CHECKING:
    from verify.results import CheckedClaim, Run

ENDINGS = (".md", ".markdown", ".tex", ".ipynb")
FORMATS = ("text", "json", "html", "markdown", "junit", "sarif", "github")

FINE, REFUTED, UNUSABLE = 0, 1, 2  # exit statuses


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status: 0 fine, 1 something refuted, 2 a file that cannot be used."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except BrokenPipeError:  # the reader of a pipe has gone away
        sys.stderr.close()
        return FINE
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jensen", description="Checks probabilistic derivations: proves each step, refutes the false ones."
    )
    parser.add_argument("--version", action="version", version=f"jensen {_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_check(commands)
    _add_report(commands)
    rules = commands.add_parser("rules", help="list the rules that proofs are made of")
    rules.set_defaults(run=_rules)
    explain = commands.add_parser("explain", help="explain one rule: statement, conditions, equality case, mistakes")
    explain.add_argument("rule", metavar="RULE")
    explain.set_defaults(run=_explain)
    add_models(commands)
    return parser


def _add_check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    check = commands.add_parser("check", help="check every claim of some documents (none: the built-in library)")
    check.add_argument(
        "paths", nargs="*", metavar="PATH", help="files or folders (.md, .tex, .ipynb); - is standard input"
    )
    check.add_argument("--format", choices=FORMATS, default="text", help="how to print the result (default: text)")
    check.add_argument("--python", action="store_true", help="print each counterexample as Python to paste, too")
    check.add_argument("--strict", action="store_true", help="also fail on undecided, unread and open conditions")
    check.add_argument("--baseline", type=Path, metavar="FILE", help="claims that the project has accepted as they are")
    check.add_argument("--write-baseline", type=Path, metavar="FILE", help="accept everything as it is now")
    check.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    check.set_defaults(run=_check)


def _add_report(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    report = commands.add_parser("report", help="write a report of a document as .html, .md or .json")
    report.add_argument("paths", nargs="+", metavar="PATH")
    report.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="its ending chooses the format"
    )
    report.set_defaults(run=_report)


# ---------------------------------------------------------------- commands


def _check(options: argparse.Namespace) -> int:
    from verify.report import render

    run = run_on(options.paths)
    if options.write_baseline is not None:
        _write_baseline(run, options.write_baseline)
    color = {"auto": None, "always": True, "never": False}[options.color]
    _print(render(run, options.format, color=color, python=options.python))
    return exit_status(run, options.strict, _accepted(options.baseline))


def _report(options: argparse.Namespace) -> int:
    from verify.report import write

    run = run_on(options.paths)
    for document in run.documents:
        if document.failure is not None:
            print(f"{document.path}: {document.failure}", file=sys.stderr)
    try:
        write(run, options.output)
    except (OSError, ValueError) as error:
        print(f"jensen: {options.output}: {error}", file=sys.stderr)
        return UNUSABLE
    print(f"wrote {options.output}")
    return exit_status(run, strict=False, accepted=frozenset())


def _rules(options: argparse.Namespace) -> int:
    from verify.report.rules_page import rules_table

    del options
    _print(rules_table())
    return FINE


def _explain(options: argparse.Namespace) -> int:
    from verify.report.rules_page import UnknownRuleError, rule_page

    try:
        _print(rule_page(options.rule))
    except UnknownRuleError as error:
        print(f"jensen: {error}", file=sys.stderr)
        return UNUSABLE
    return FINE


# ---------------------------------------------------------------- running


def run_on(paths: Sequence[str]) -> Run:
    """Checks the documents at some paths; no path stands for the built-in library."""
    from derive.library import documents
    from verify.documents import check_file, check_text
    from verify.progress import Progress
    from verify.results import CheckedDocument, Run

    named = [Path(path) for path in paths] or [_from_here(path) for path in documents()]
    checked: list[CheckedDocument] = []
    for path in named:
        if str(path) == "-":
            checked.append(check_text(sys.stdin.read(), "<stdin>"))
            continue
        files = _files_below(path) if path.is_dir() else [path]
        if not files:
            checked.append(CheckedDocument(str(path), failure="holds no .md, .tex or .ipynb file"))
        for file in files:
            with Progress(file.name) as progress:
                checked.append(check_file(file, str(file), progress))
    return Run(tuple(checked))


def _from_here(path: Path) -> Path:
    """The path as one would type it here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _files_below(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix in ENDINGS and p.is_file() and not _is_hidden(p, folder))


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def exit_status(run: Run, strict: bool, accepted: frozenset[str]) -> int:
    """0 where nothing is refuted, 1 where something is (strict: or undecided, unread, open), 2 for an unusable file."""
    if any(document.failure is not None for document in run.documents):
        return UNUSABLE
    claims = [claim for document in run.documents for claim in document.claims if claim.key not in accepted]
    return REFUTED if any(_fails(claim, strict) for claim in claims) else FINE


def _fails(claim: CheckedClaim, strict: bool) -> bool:
    if claim.expected is not None:
        return not claim.as_expected
    if claim.verdict.word == "refuted":
        return True
    doubtful = claim.verdict.word in ("undecided", "unread") or bool(claim.verdict.open_conditions)
    return strict and claim.verdict.word != "assumed" and doubtful


# ---------------------------------------------------------------- baselines


def _accepted(path: Path | None) -> frozenset[str]:
    """The keys of accepted claims.  Exits with status 2 where the file cannot be used."""
    import json

    if path is None:
        return frozenset()
    try:
        keys = json.loads(path.read_text(encoding="utf-8"))["accepted"]
        return frozenset(str(key) for key in keys)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"jensen: {path} is no baseline ({error}); write one with --write-baseline", file=sys.stderr)
        raise SystemExit(UNUSABLE) from error


def _write_baseline(run: Run, path: Path) -> None:
    import json

    claims = [claim for document in run.documents for claim in document.claims]
    accepted = {claim.key: claim.text for claim in claims if _fails(claim, strict=True) and claim.expected is None}
    path.write_text(json.dumps({"accepted": accepted}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


# ---------------------------------------------------------------- printing


def _print(text: str) -> None:
    """Prints, with what the stream cannot encode replaced."""
    stream = sys.stdout
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding) + ("" if text.endswith("\n") else "\n"))


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("jensen")
    except PackageNotFoundError:
        return "0 (not installed)"
