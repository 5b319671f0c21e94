r"""From characters to TeX tokens: commands, letters, braces, spaces, each with its place in the document.

The tokens of a formula tile it: every character belongs to exactly one.  What Markdown and HTML did to the formula on
its way (\_ for _, \\{ for \{, &lt; for <) is undone here, where the places are still known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from derive.reading.syntax import Span


class Tex(NamedTuple):
    r"""One TeX token.

    kind   "command" (text without its backslash), "begin" and "end" (of the environment text), "{", "}", "space",
           "parameter" (#1), "comment", "char" (anything else, one character), "error" (text is the message)
    start, end   the characters it stands for; a token out of a macro has the place of the call
    depth  how many macros deep it was made; 0 as written
    fixed  True where it must not be expanded any more
    """

    kind: str
    text: str
    start: int
    end: int
    depth: int = 0
    fixed: bool = False

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


_TOKEN = re.compile(
    r"""
      \\(?P<environment>begin|end)\s{0,9}\{\s{0,9}(?P<name>[A-Za-z]{1,40})(?:\\?\*)?\s{0,9}\}
    | \\(?P<command>[A-Za-z]+|[^A-Za-z]?)
    | (?P<space>\s+)
    | (?P<brace>[{}])
    | \#(?P<parameter>[1-9])
    | (?P<comment>%[^\n]*)
    | &(?P<entity>lt|gt|amp);
    | (?P<char>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&"}
_ESCAPED = {"_": "_", "*": "*"}  # \_ and \* protect the signs from Markdown
_BIG = [big + side for big in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r", "m")]
SIZES = frozenset(["left", "right", "middle", *_BIG])


def lex(text: str, start: int = 0, end: int | None = None) -> list[Tex]:
    """The tokens of text[start:end]; their places are counted in text."""
    return _mended(_raw(text, start, len(text) if end is None else end))


def _raw(text: str, start: int, end: int) -> Iterator[Tex]:
    for found in _TOKEN.finditer(text, start, end):
        kind = found.lastgroup or "char"
        first, last = found.span()
        if kind == "name":
            yield Tex(found["environment"], found["name"], first, last)
        elif kind == "command":
            yield _command(found["command"], first, last)
        elif kind == "brace":
            yield Tex(found["brace"], found["brace"], first, last)
        elif kind == "entity":
            yield Tex("char", _ENTITIES[found["entity"]], first, last)
        else:
            yield Tex(kind, found[kind], first, last)


def _command(name: str, start: int, end: int) -> Tex:
    if name in _ESCAPED:
        return Tex("char", _ESCAPED[name], start, end)
    if not name:
        return Tex("error", "a backslash with nothing after it", start, end)
    return Tex("command", " " if name.isspace() else name, start, end)


def _mended(tokens: Iterator[Tex]) -> list[Tex]:
    r"""Undo doubled backslashes where a row break cannot be meant: \left\\{ is \left\{, and \\, is a thin space."""
    out: list[Tex] = []
    for token in tokens:
        if out and out[-1].kind == "command" and out[-1].text == "\\" and _doubled(out, token):
            out[-1] = Tex("command", token.text, out[-1].start, token.end)
        else:
            out.append(token)
    return out


def _doubled(before: list[Tex], token: Tex) -> bool:
    if token.kind in ("{", "}"):
        return len(before) > 1 and before[-2].kind == "command" and before[-2].text in SIZES
    return token.kind == "char" and token.text in (",", ";", "!")
