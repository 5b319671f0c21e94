"""Messages with a caret: where the trouble stands, the line it stands in, and what to do."""

from __future__ import annotations

import unicodedata

from derive.reading.documents import Source
from derive.reading.statements import Formula, Statement, Warning_
from derive.reading.syntax import Span, Unreadable
from derive.reading.walk import walk

_WIDTH = 110


def explain(source: Source, problem: Unreadable | Warning_) -> str:
    """A message as an author reads it:

    notes.md:3:45: unexpected ']', expected ')'
      \\log p(x) \\ge \\mathbb{E}_q[\\log(q(z)]
                                          ^
      the '(' at 3:38 is still open
    """
    place = problem.at or problem.span if isinstance(problem, Unreadable) else problem.span
    lines = [f"{located(source, place)}: {problem.message}", *_caret(source, place)]
    if isinstance(problem, Unreadable) and problem.hint:
        lines.append(f"  {problem.hint}")
    return "\n".join(lines)


def located(source: Source, span: Span) -> str:
    """notes.md:3:45; in a notebook notes.ipynb[cell 2]:3:45."""
    position = source.position(span.start)
    name = str(source.path.parent / position.file) if position.file else str(source.path)
    cell = "" if position.cell is None else f"[cell {position.cell}]"
    return f"{name}{cell}:{position.line}:{position.column}"


def unread_parts(formula: Formula) -> list[Unreadable]:
    """Everything in a formula that could not be read, in order."""
    return [part for statement in formula.statements for part in _unread(statement)]


def _unread(statement: Statement) -> list[Unreadable]:
    sides = [side for side in statement.sides if side is not None]
    return [node for side in sides for node in walk(side) if isinstance(node, Unreadable)]


def _caret(source: Source, span: Span) -> list[str]:
    """The line of source, cut to a readable width, and a caret under its column."""
    line = source.line_text(span.start)
    column = source.position(span.start).column - 1
    cut = max(0, column - _WIDTH // 2) if len(line) > _WIDTH else 0
    shown = line[cut : cut + _WIDTH]
    before = "".join(_blank(character) for character in shown[: column - cut])
    return [f"  {shown}", f"  {before}^"]


def _blank(character: str) -> str:
    """Something as wide as the character, to stand above the caret."""
    if character == "\t":
        return "\t"
    if unicodedata.combining(character):
        return ""
    return "  " if unicodedata.east_asian_width(character) in "WF" else " "
