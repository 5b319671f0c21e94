"""The sections of a document: headings of Markdown and LaTeX, and where what stands below one of them ends."""

from __future__ import annotations

import re

_HEADING = re.compile(
    r"(?m)^(?P<hashes>#{1,6})\s.*$|^\\(?P<command>chapter|(?:sub){0,2}section|(?:sub)?paragraph)\*?\{.*$"
)
_DEPTHS = {"chapter": 1, "section": 2, "subsection": 3, "subsubsection": 4, "paragraph": 5, "subparagraph": 6}


class Sections:
    """Where the headings of a text stand."""

    def __init__(self, text: str) -> None:
        self._headings = [(m.start(), m.end(), _depth(m)) for m in _HEADING.finditer(text)]
        self._end = len(text)

    def in_heading(self, offset: int) -> bool:
        return any(start <= offset < end for start, end, _ in self._headings)

    def start(self, offset: int) -> int:
        """Where the innermost section around a place begins, its heading included; 0 above all headings."""
        return max((start for start, _, _ in self._headings if start <= offset), default=0)

    def end(self, offset: int) -> int:
        """Where that section ends: at the next heading that is not below its own, or with the text."""
        before = [depth for start, _, depth in self._headings if start <= offset]
        depth = before[-1] if before else 0
        return next((start for start, _, d in self._headings if start > offset and d <= depth), self._end)


def _depth(heading: re.Match[str]) -> int:
    return len(heading["hashes"]) if heading["hashes"] else _DEPTHS[heading["command"]]
