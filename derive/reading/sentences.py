"""The words around formulas: the sentence before each, the rest of it after, and the paragraphs of running text."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from derive.reading.documents import Prose, RawFormula
from derive.reading.scanning import Found
from derive.reading.syntax import Span

REACH = 400
"""Characters looked at on either side of a formula: a sentence is not longer."""

_BOUNDARY = re.compile(
    r"""(?P<stop>[.!?])["”’)\]*_]*\s+(?=[^a-z\s])   # the end of a sentence
      | \n[ \t]*\n                                   # of a paragraph
      | ^[ \t>]*(?:[-*+]|\d{1,3}[.)]|\#{1,6})[ \t]+ # a list item, a heading
      | ^[ \t]*\|                                   # a table
      | [ \t]\|[ \t]
      | \\(?:sub)*section\*?\{[^}]{0,200}\} | \\item\b | \\par\b""",
    re.VERBOSE | re.MULTILINE,
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|i\.i\.d|w\.r\.t|a\.k\.a|cf|eqs?|figs?|resp|vs|s\.t|sec|thm|ref)|\b[A-Z])$", re.I
)
_SPACES = re.compile(r"\s+")


def with_words(clean: str, found: list[Found], low: int, high: int, cell: int | None) -> list[RawFormula]:
    """The formulas of clean[low:high], each with its lead and trail."""
    words = _Words(clean, found, low, high)
    return [
        RawFormula(formula.span, formula.body, formula.display, cell, words.lead(formula), words.trail(formula))
        for formula in found
    ]


class _Words:
    """The running text of clean[low:high]: where its sentences end, displays among them."""

    def __init__(self, clean: str, found: list[Found], low: int, high: int) -> None:
        self._clean, self._low, self._high = clean, low, high
        self._spoken = _spoken(clean, found, low, high)
        boundaries = [found for found in _BOUNDARY.finditer(self._spoken) if not _abbreviates(found)]
        self._begins = [low, *(low + boundary.end() for boundary in boundaries)]
        self._stops = [low + boundary.start() + len(boundary["stop"] or "") for boundary in boundaries]
        displays = [formula.span for formula in found if formula.display]
        self._display_starts = [span.start for span in displays]
        self._display_ends = [span.end for span in displays]

    def lead(self, formula: Found) -> str:
        """The text from the beginning of the sentence to the formula."""
        earliest = max(self._low, formula.span.start - REACH, _last_before(self._display_ends, formula.span.start))
        before = self._spoken[earliest - self._low : formula.span.start - self._low].rstrip()
        end = earliest + len(before)
        begin = max(earliest, _last_before(self._begins, end - 1)) if before else end
        return _tidy(self._clean[begin:end])

    def trail(self, formula: Found) -> str:
        """The text from the formula to the end of the sentence; after a display that may be the next paragraph."""
        latest = min(self._high, formula.span.end + REACH)
        upcoming = bisect_left(self._display_starts, formula.span.end)
        if upcoming < len(self._display_starts):
            latest = min(latest, self._display_starts[upcoming])
        after = self._spoken[formula.span.end - self._low : latest - self._low]
        start = formula.span.end + (len(after) - len(after.lstrip()) if formula.display else 0)
        stop = bisect_left(self._stops, start)
        end = self._stops[stop] if stop < len(self._stops) else latest
        return _tidy(self._clean[start : min(end, latest)])


def _last_before(places: list[int], place: int) -> int:
    """The last of the sorted places at or before place; 0 where there is none."""
    index = bisect_right(places, place)
    return places[index - 1] if index else 0


def _spoken(clean: str, found: list[Found], low: int, high: int) -> str:
    """clean[low:high] with an X in place of every character of a formula, so that their full stops do not count."""
    parts: list[str] = []
    position = low
    for formula in found:
        parts.append(clean[position : formula.span.start])
        parts.append("X" * (formula.span.end - formula.span.start))
        position = formula.span.end
    parts.append(clean[position:high])
    return "".join(parts)


def _abbreviates(boundary: re.Match[str]) -> bool:
    """The full stop of e.g. and i.i.d. ends no sentence."""
    start = boundary.start()
    return boundary["stop"] == "." and _ABBREVIATION.search(boundary.string, max(0, start - 8), start) is not None


def _tidy(text: str) -> str:
    return _SPACES.sub(" ", text).strip()


# ---------------------------------------------------------------- paragraphs

_PARAGRAPH_END = re.compile(r"\n[ \t]*(?=\n)|\n(?=[ \t>]*(?:[-*+]|\d{1,3}[.)]|#{1,6}|\|)[ \t])")


def paragraphs(clean: str, found: list[Found], low: int, high: int) -> list[Prose]:
    """The running text of clean[low:high] between displays, paragraph by paragraph."""
    prose: list[Prose] = []
    position = low
    for start, end in [*((f.span.start, f.span.end) for f in found if f.display), (high, high)]:
        prose.extend(_split(clean, position, start))
        position = end
    return prose


def _split(clean: str, low: int, high: int) -> Iterator[Prose]:
    position = low
    ends = [boundary.end() for boundary in _PARAGRAPH_END.finditer(clean, low, high)]
    for end in [*ends, high]:
        text = clean[position:end]
        stripped = text.strip()
        if stripped:
            first = position + len(text) - len(text.lstrip())
            yield Prose(Span(first, first + len(stripped)), stripped)
        position = end
