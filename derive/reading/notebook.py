"""The Markdown cells of a Jupyter notebook, by the standard library's JSON alone."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from derive.reading.documents import SourceError


class Cell(NamedTuple):
    """A Markdown cell; number counts all cells of the notebook from 0."""

    number: int
    text: str


def markdown_cells(text: str, path: str) -> list[Cell]:
    """The Markdown cells of a notebook; raises SourceError where it is none."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise SourceError(f"{path} is not a notebook: its JSON cannot be read ({_first_line(problem)})") from None
    cells = _cells(content)
    if cells is None:
        raise SourceError(f"{path} is not a notebook: it has no list of cells")
    return [
        Cell(number, _source(cell))
        for number, cell in enumerate(cells)
        if isinstance(cell, dict) and cell.get("cell_type") == "markdown"
    ]


def _cells(content: Any) -> list[Any] | None:
    """The cells; those of the first worksheet in the oldest format."""
    if not isinstance(content, dict):
        return None
    cells = content.get("cells")
    sheets = content.get("worksheets")
    if cells is None and isinstance(sheets, list) and sheets and isinstance(sheets[0], dict):
        cells = sheets[0].get("cells")
    return cells if isinstance(cells, list) else None


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def _first_line(problem: Exception) -> str:
    return str(problem).partition("\n")[0][:120]
