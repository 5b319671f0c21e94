"""What the scanners of all carriers share: searching ahead without ever searching the same text twice, and blanking."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from derive.reading.documents import Directive
from derive.reading.statements import Warning_
from derive.reading.syntax import Span

_BLANK_LINE = re.compile(r"\n[ \t]*(?=\n)")
_NOT_NEWLINE = re.compile(r"[^\n]")


class Found(NamedTuple):
    """A formula found by a scanner."""

    span: Span
    body: Span
    display: bool


@dataclass
class Scan:
    """What a scanner found in a stretch of text."""

    found: list[Found] = field(default_factory=list)
    masks: list[Span] = field(default_factory=list)
    directives: list[Directive] = field(default_factory=list)
    warnings: list[Warning_] = field(default_factory=list)


class Finder:
    """Searches one text; remembers the last answer for each pattern, so that all searches together stay linear."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._last: dict[str, tuple[int, re.Match[str] | None]] = {}

    def search(self, pattern: str, start: int) -> re.Match[str] | None:
        """The first match of pattern at or after start."""
        asked, found = self._last.get(pattern, (-1, None))
        if 0 <= asked <= start and (found is None or found.start() >= start):
            return found
        found = re.compile(pattern, re.MULTILINE).search(self.text, start)
        self._last[pattern] = (start, found)
        return found

    @cached_property
    def _blank_lines(self) -> list[int]:
        return [found.start() for found in _BLANK_LINE.finditer(self.text)]

    def blank_line_between(self, start: int, end: int) -> bool:
        """Does a paragraph end in text[start:end]?"""
        place = bisect_left(self._blank_lines, start)
        return place < len(self._blank_lines) and self._blank_lines[place] < end


def blanked(text: str, spans: Iterable[Span]) -> str:
    """The text with the spans turned into spaces, line breaks kept."""
    parts: list[str] = []
    position = 0
    for span in sorted(spans, key=lambda span: span.start):
        if span.end <= position:
            continue
        start = max(span.start, position)
        parts.append(text[position:start])
        parts.append(_NOT_NEWLINE.sub(" ", text[start : span.end]))
        position = span.end
    parts.append(text[position:])
    return "".join(parts)
