"""Reports: one Run, written for people and for programs.  They print what was found and compute nothing.

terminal  one line per claim, as linters print them     json      the contract that other programs rely on
html      one page to read, to project and to print     junit     for continuous integration
markdown  the same with $…$ formulas                    sarif     for code hosts and editors
                                                        github    annotations of GitHub Actions
rules_page  the rule table for people, with examples

    wording    words, signs, places            formulas, tables, chart, pictures, article, markup   parts of the page
    proof      a theorem as a chain to read    findings   what reviewers are told

Each format is only imported when it is asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

from verify.results import Run

Format: TypeAlias = Literal["text", "html", "markdown", "json", "junit", "sarif", "github"]
FORMATS: tuple[Format, ...] = get_args(Format)

ENDINGS: Mapping[str, Format] = MappingProxyType(
    {
        ".html": "html", ".htm": "html", ".md": "markdown", ".markdown": "markdown", ".json": "json", ".xml": "junit",
        ".sarif": "sarif", ".txt": "text",
    }
)  # fmt: skip


def render(run: Run, format: str, color: bool | None = None, python: bool = False) -> str:
    """The run in one of FORMATS.  Raises ValueError for any other.

    Text is laid out for standard output; ``color`` decides about colours, None leaves it to the stream; ``python`` adds
    a snippet to each counterexample (the other formats for people always show it).
    """
    match format:
        case "text":
            from verify.report.terminal import Style
            from verify.report.terminal import render as write_text

            return write_text(run, replace(Style.of(sys.stdout, color), python=python))
        case "html":
            from verify.report.html import render as write_html

            return write_html(run)
        case "markdown":
            from verify.report.markdown import render as write_markdown

            return write_markdown(run)
        case "json":
            from verify.report.json import render as write_json

            return write_json(run)
        case "junit":
            from verify.report.junit import render as write_junit

            return write_junit(run)
        case "sarif":
            from verify.report.sarif import render as write_sarif

            return write_sarif(run)
        case "github":
            from verify.report.github import render as write_github

            return write_github(run)
    raise ValueError(f"there is no report format {format!r}; there are {', '.join(FORMATS)}")


def format_of(path: Path) -> Format:
    """The format that a file's ending asks for: notes.html, claims.sarif.  Raises ValueError for an unknown ending."""
    endings = ("".join(path.suffixes[-2:]), path.suffix)
    if endings[0].lower() == ".sarif.json":
        return "sarif"
    if path.suffix.lower() not in ENDINGS:
        known = ", ".join(ENDINGS)
        raise ValueError(f"{path.name}: a report's format follows from its ending, which is one of {known}")
    return ENDINGS[path.suffix.lower()]


def write(run: Run, path: Path | str) -> Path:
    """Writes the run to a file, in the format that its ending asks for, as UTF-8.

    Raises ValueError for an unknown ending, OSError where the file cannot be written.
    """
    target = Path(path)
    format = format_of(target)
    if format == "text":
        from verify.report.terminal import render as write_text

        content = write_text(run)
    else:
        content = render(run, format)
    target.write_text(content, encoding="utf-8", newline="\n")
    return target
