r"""Finding the mathematics of a Markdown text, exactly where it stands.

$…$, $$…$$ (also kramdown's inline ones), \(…\), \[…\], bare environments, ```math fences, $`…`$ and {% math %}.  Code,
comments and front matter are masked first come first served; prices are not mathematics.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from derive.reading.documents import Directive
from derive.reading.scanning import Finder, Found, Scan
from derive.reading.statements import Warning_
from derive.reading.syntax import Span
from derive.reading.vocabulary import DISPLAY_ENVIRONMENTS

_MARKS = re.compile(
    r"""(?P<fence>^(?:[ \t]|>|[-*+][ ]|\d{1,3}[.)][ ]){0,12}(?P<ticks>`{3,}|~{3,})[ \t]*(?P<info>[^\n`]*)$)
      | (?P<comment><!--)
      | (?P<code>`+)
      | (?P<slashes>\\\\?)(?P<bracket>[\[(])
      | (?P<begin>\\begin\{(?P<environment>[a-z]+)(?:\\?\*)?\})
      | (?P<escaped>\\[^\w\s])
      | (?P<liquid>\{%-?\s{0,4}(?P<tag>math|katex|latex)\b[^%\n]{0,80}%\})
      | (?P<dollars>\$\$|\$)
      | (?P<html><(?P<element>pre|code|script|style)\b[^>\n]{0,200}>)""",
    re.VERBOSE | re.MULTILINE,
)
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?:(?!---)[^\n]*\n){0,200}---[ \t]*(?:\n|\Z)")
_DIRECTIVE = re.compile(r"\s*jensen:\s*(.*?)\s*\Z", re.DOTALL)
_MATHS_FENCE = re.compile(r"(?:math|\{math\})\s*\Z")
_QUOTED_LINE = re.compile(r"\n([ \t]*(?:>[ \t]?)+)")
_LINE_MARKERS = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)*[*_\s]*")
_PLAIN_WORDS = re.compile(r"(?<![\\A-Za-z{])[A-Za-z]{2,}(?:[,;]?[ \n]+[A-Za-z]{2,}){4}")
_LOWER_WORD = re.compile(r"(?<!\\)\b[a-z]{2,}\b")
_WORD = re.compile(r"(?<!\\)\b[A-Za-z]{2,}\b")
_MATHEMATICAL = re.compile(r"[\\^_=<>{}|+*/]|\b[A-Za-z]\b|[α-ωΑ-Ω≤≥∫∑∼]")
_OPTION_LINE = re.compile(r"\A(?:[ \t]*:\w+:[^\n]*\n)+")
_MAX_TICKS = 10
_ENOUGH = 2000  # characters looked at to tell mathematics from running text
_QUOTED = re.compile(r"[ \t]*(?:[-*+][ \t]+)?>")
# A closing dollar may stand after a row break, but not after the backslash that escapes it.
_DOLLAR = r"(?<!\\)(?:\\\\)*(\$)"
_DOUBLE_DOLLAR = r"(?<!\\)(?:\\\\)*(\$\$)"


def scan_markdown(text: str) -> Scan:
    """All formulas, masks and directives of a Markdown text."""
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._finder = Finder(text)
        self._scan = Scan()
        self._handlers: Mapping[str, Callable[[re.Match[str]], int]] = {
            "fence": self._fence,
            "comment": self._comment,
            "code": self._code,
            "bracket": self._bracket,
            "begin": self._environment,
            "escaped": lambda mark: mark.end(),
            "liquid": self._liquid,
            "dollars": self._dollars,
            "html": self._html,
        }

    def scan(self) -> Scan:
        position = 0
        if front := _FRONT_MATTER.match(self._text):
            position = front.end()
            self._mask(0, position)
        while mark := _MARKS.search(self._text, position):
            kind = next(kind for kind in self._handlers if mark[kind] is not None)
            position = self._handlers[kind](mark)
        return self._scan

    # ------------------------------------------------------------ what is found

    def _mask(self, start: int, end: int) -> int:
        self._scan.masks.append(Span(start, end))
        return end

    def _formula(self, span: Span, body: Span, display: bool) -> int:
        if self._text[body.start : body.end].strip():
            self._scan.found.append(Found(span, body, display))
        if _QUOTED.match(self._text, self._line_start(span.start)):
            for quoted in _QUOTED_LINE.finditer(self._text, body.start, body.end):
                self._mask(*quoted.span(1))
        return span.end

    def _line_start(self, position: int) -> int:
        return self._text.rfind("\n", max(0, position - 500), position) + 1 or max(0, position - 500)

    def _warn(self, message: str, start: int, end: int) -> None:
        self._scan.warnings.append(Warning_(Span(start, end), message))

    # ------------------------------------------------------------ code and comments

    def _fence(self, mark: re.Match[str]) -> int:
        ticks = mark["ticks"]
        fence = rf"^[ \t>]*{re.escape(ticks[0])}{{{len(ticks)},}}[ \t]*$"
        closing = self._finder.search(fence, mark.end()) if len(ticks) <= _MAX_TICKS else None
        if closing is None:
            self._warn("this code fence is never closed", mark.start("ticks"), mark.end("ticks"))
            return mark.end()
        if not _MATHS_FENCE.match(mark["info"]):
            return self._mask(mark.start(), closing.end())
        body = Span(mark.end(), closing.start())
        if options := _OPTION_LINE.match(self._text[body.start : body.end].lstrip("\n")):
            body = Span(body.start + 1 + options.end(), body.end)
        return self._formula(Span(mark.start("ticks"), closing.end()), body, display=True)

    def _comment(self, mark: re.Match[str]) -> int:
        closing = self._finder.search("-->", mark.end())
        if closing is None:
            return mark.end()
        inside = self._text[mark.end() : closing.start()]
        if directive := _DIRECTIVE.match(inside):
            place = Span(mark.end() + directive.start(1), mark.end() + directive.end(1))
            self._scan.directives.append(Directive(place, directive[1]))
        return self._mask(mark.start(), closing.end())

    def _code(self, mark: re.Match[str]) -> int:
        ticks = len(mark["code"])
        if ticks > _MAX_TICKS:
            return mark.end()
        closing = self._finder.search(rf"(?<!`)`{{{ticks}}}(?!`)", mark.end())
        if closing is None or self._finder.blank_line_between(mark.end(), closing.start()):
            return mark.end()
        return self._mask(mark.start(), closing.end())

    def _html(self, mark: re.Match[str]) -> int:
        closing = self._finder.search(f"</{mark['element']}>", mark.end())
        return mark.end() if closing is None else self._mask(mark.start(), closing.end())

    # ------------------------------------------------------------ mathematics

    def _liquid(self, mark: re.Match[str]) -> int:
        closing = self._finder.search(rf"\{{%-?\s{{0,4}}end{mark['tag']}\s{{0,4}}-?%\}}", mark.end())
        if closing is None:
            return mark.end()
        body = Span(mark.end(), closing.start())
        return self._formula(
            Span(mark.start(), closing.end()), body, not self._shares_line(mark.start(), closing.end())
        )

    def _environment(self, mark: re.Match[str]) -> int:
        name = mark["environment"]
        closing = self._finder.search(rf"\\end\{{{name}(?:\\?\*)?\}}", mark.end())
        if name not in DISPLAY_ENVIRONMENTS or closing is None:
            return mark.end()
        whole = Span(mark.start(), closing.end())
        return self._formula(whole, whole, display=name != "math")

    def _bracket(self, mark: re.Match[str]) -> int:
        closer = "]" if mark["bracket"] == "[" else ")"
        closing = self._finder.search(re.escape(mark["slashes"] + closer), mark.end())
        if closing is None or self._finder.blank_line_between(mark.end(), closing.start()):
            return mark.end()
        body = Span(mark.end(), closing.start())
        inside = self._text[body.start : min(body.end, body.start + _ENOUGH)]
        wordy = _LOWER_WORD.search(inside) and not self._is_clearly_mathematical(inside)
        if wordy or not self._is_mathematical(body):
            return mark.end()
        return self._formula(Span(mark.start(), closing.end()), body, display=closer == "]")

    def _dollars(self, mark: re.Match[str]) -> int:
        if mark["dollars"] == "$$":
            return self._double_dollars(mark)
        if self._text.startswith("`", mark.end()):
            return self._ticked_dollars(mark)
        closing = self._finder.search(_DOLLAR, mark.end())
        if closing is None or self._text.startswith("$$", closing.start(1)):
            return mark.end()
        body = Span(mark.end(), closing.start(1))
        if self._finder.blank_line_between(body.start, body.end) or not self._is_inline(body):
            return mark.end()
        return self._formula(Span(mark.start(), closing.end()), body, display=False)

    def _ticked_dollars(self, mark: re.Match[str]) -> int:
        closing = self._finder.search(r"`\$", mark.end() + 1)
        if closing is None or self._finder.blank_line_between(mark.end(), closing.start()):
            return mark.end()
        return self._formula(Span(mark.start(), closing.end()), Span(mark.end() + 1, closing.start()), display=False)

    def _double_dollars(self, mark: re.Match[str]) -> int:
        closing = self._finder.search(_DOUBLE_DOLLAR, mark.end())
        if closing is None or self._is_running_text(mark.end(), closing.start(1)):
            self._warn("this $$ is never closed", mark.start(), mark.end())
            return mark.end()
        whole, body = Span(mark.start(), closing.end()), Span(mark.end(), closing.start(1))
        one_line = "\n" not in self._text[body.start : body.end]
        return self._formula(whole, body, not (one_line and self._shares_line(whole.start, whole.end)))

    # ------------------------------------------------------------ is it mathematics?

    def _is_running_text(self, start: int, end: int) -> bool:
        """A stray $$ would turn the text up to the next display into mathematics."""
        if not self._finder.blank_line_between(start, end):
            return False
        inside = self._text[start : min(end, start + _ENOUGH)]
        return "$" in inside or re.search(r"\n#+ ", inside) is not None or _PLAIN_WORDS.search(inside) is not None

    def _is_inline(self, body: Span) -> bool:
        """Not "$5 and $6", not "$HOME and $PATH"."""
        inside = self._text[body.start : body.end]
        if not inside.strip():
            return False
        if self._text[body.end + 1 : body.end + 2].isdigit() and not inside[-1].isspace() and inside[0].isdigit():
            return False
        if inside[-1].isspace() and not inside[0].isspace() and not self._is_clearly_mathematical(inside):
            return False
        return self._is_mathematical(body)

    def _is_mathematical(self, body: Span) -> bool:
        inside = self._text[body.start : min(body.end, body.start + _ENOUGH)].strip()
        if "\\" in inside or re.search(r"[\^_=]", inside):
            return True
        words = len(_WORD.findall(inside))
        return words < 2 and (words == 1 or bool(_MATHEMATICAL.search(inside)) or inside.replace(".", "").isdigit())

    def _is_clearly_mathematical(self, inside: str) -> bool:
        return "\\" in inside or (re.search(r"[\^_=]", inside) is not None and len(_WORD.findall(inside)) < 2)

    def _shares_line(self, start: int, end: int) -> bool:
        """Is there other text on the line of this formula? List marks, quotation marks and punctuation do not count."""
        before = self._text[self._line_start(start) : start]
        line_end = self._text.find("\n", end)
        after = self._text[end : min(line_end if line_end >= 0 else len(self._text), end + 500)]
        return not _LINE_MARKERS.fullmatch(before) or bool(after.strip(" \t.,;:|*"))
