"""A document that has been read from its carrier: its text, its formulas, the words around them, and the way back.

text is what the author wrote, clean is the same length with everything blanked that is neither prose nor formula
(code, comments, quotation marks, macro definitions), so that a place in one is a place in the other.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from derive.reading.macros import Macros
from derive.reading.statements import Warning_
from derive.reading.syntax import Span

Kind = Literal["markdown", "latex", "notebook"]


class SourceError(Exception):
    """A file that cannot be used at all; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Position:
    r"""Where something stands, as an editor counts.

    line, column  from 1; in a notebook the line is within the cell
    cell          from 0, over all cells of the notebook; None elsewhere
    file          the file, relative to the document's folder, where it is not the document itself (\input)
    """

    line: int
    column: int
    cell: int | None = None
    file: str | None = None

    def __str__(self) -> str:
        place = f"{self.line}:{self.column}"
        return place if self.cell is None else f"cell {self.cell}, {place}"


@dataclass(frozen=True, slots=True)
class RawFormula:
    """A formula before it is parsed.

    span     with its delimiters
    body     without them
    display  False for a formula inside a line of text
    cell     the notebook cell, from 0; None elsewhere
    lead     the text of the sentence before it, inline formulas as their source
    trail    the text after it, to the end of the sentence
    """

    span: Span
    body: Span
    display: bool
    cell: int | None = None
    lead: str = ""
    trail: str = ""


@dataclass(frozen=True, slots=True)
class Prose:
    """A paragraph of running text between displays; text is the document's clean text at span, formulas included."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Directive:
    """What an author tells the checker in a comment; span is that of the text after "jensen:"."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the text that begins at start and counts its lines and columns from line, column."""

    start: int
    line: int = 1
    column: int = 1
    cell: int | None = None
    file: str | None = None


@dataclass(frozen=True)
class Source:
    """A document ready to be parsed."""

    path: Path
    kind: Kind
    text: str
    clean: str
    formulas: tuple[RawFormula, ...] = ()
    prose: tuple[Prose, ...] = ()
    directives: tuple[Directive, ...] = ()
    macros: Macros = field(default_factory=Macros)
    warnings: tuple[Warning_, ...] = ()
    segments: tuple[Segment, ...] = (Segment(0),)

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        while (newline := self.text.find("\n", starts[-1])) >= 0:
            starts.append(newline + 1)
        return starts

    def _segment(self, offset: int) -> Segment:
        return self.segments[max(0, bisect_right(self.segments, offset, key=lambda segment: segment.start) - 1)]

    def position(self, offset: int) -> Position:
        """Line and column (and cell or file) of a place in text."""
        offset = max(0, min(offset, len(self.text)))
        segment = self._segment(offset)
        starts = self._line_starts
        line = bisect_right(starts, offset) - 1
        first = bisect_right(starts, segment.start) - 1
        column = segment.column + offset - segment.start if line == first else offset - starts[line] + 1
        return Position(segment.line + line - first, column, segment.cell, segment.file)

    def line_text(self, offset: int) -> str:
        """The line of text around a place; its columns are those of position()."""
        offset = max(0, min(offset, len(self.text)))
        segment = self._segment(offset)
        starts = self._line_starts
        line = bisect_right(starts, offset) - 1
        end = self.text.find("\n", offset)
        end = len(self.text) if end < 0 else end
        if starts[line] < segment.start:
            return " " * (segment.column - 1) + self.text[segment.start : end]
        return self.text[starts[line] : end]

    def describe(self, offset: int) -> str:
        """A place in words, for hints: 3:45."""
        return str(self.position(offset))
