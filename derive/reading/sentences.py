"""The words around formulas: the sentence before each, the rest of it after, and the paragraphs of running text."""

from __future__ import annotations

import re
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
    spoken = _spoken(clean, found, low, high)
    formulas: list[RawFormula] = []
    last_display = low
    ends = _next_displays(found, high)
    for formula, next_display in zip(found, ends, strict=True):
        lead = _lead(clean, spoken, formula, max(last_display, formula.span.start - REACH), low)
        trail = _trail(clean, spoken, formula, min(next_display, formula.span.end + REACH), low)
        formulas.append(RawFormula(formula.span, formula.body, formula.display, cell, lead, trail))
        if formula.display:
            last_display = formula.span.end
    return formulas


def _spoken(clean: str, found: list[Found], low: int, high: int) -> str:
    """clean[low:high] with an x in place of every character of a formula, so that their full stops do not count."""
    parts: list[str] = []
    position = low
    for formula in found:
        parts.append(clean[position : formula.span.start])
        parts.append("x" * (formula.span.end - formula.span.start))
        position = formula.span.end
    parts.append(clean[position:high])
    return "".join(parts)


def _next_displays(found: list[Found], high: int) -> list[int]:
    starts: list[int] = []
    upcoming = high
    for formula in reversed(found):
        starts.append(upcoming)
        if formula.display:
            upcoming = formula.span.start
    return starts[::-1]


def _lead(clean: str, spoken: str, formula: Found, start: int, low: int) -> str:
    before = spoken[start - low : formula.span.start - low].rstrip()
    begin = 0
    for boundary in _boundaries(before):
        begin = boundary.end()
    return _tidy(clean[start + begin : start + len(before)])


def _trail(clean: str, spoken: str, formula: Found, end: int, low: int) -> str:
    after = spoken[formula.span.end - low : end - low]
    skipped = len(after) - len(after.lstrip()) if formula.display else 0
    boundary = next(_boundaries(after, skipped), None)
    stop = len(after) if boundary is None else boundary.start() + len(boundary["stop"] or "")
    return _tidy(clean[formula.span.end + skipped : formula.span.end + max(stop, skipped)])


def _boundaries(text: str, start: int = 0) -> Iterator[re.Match[str]]:
    for found in _BOUNDARY.finditer(text, start):
        if not (found["stop"] == "." and _ABBREVIATION.search(text, max(0, found.start() - 8), found.start())):
            yield found


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
