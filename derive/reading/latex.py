r"""Finding the mathematics of a LaTeX document: all of amsmath's environments, $…$, \(…\), \[…\].

Comments and verbatim text are masked first, then macro definitions, so that a $ inside any of them is nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from derive.reading.documents import Directive
from derive.reading.macros import Macros
from derive.reading.scanning import Finder, Found, Scan
from derive.reading.statements import Warning_
from derive.reading.syntax import Span
from derive.reading.vocabulary import DISPLAY_ENVIRONMENTS

_HIDDEN = re.compile(
    r"""\\begin\{(?P<verbatim>verbatim\*?|Verbatim|lstlisting|minted|comment|filecontents\*?)\}
      | \\(?:verb|lstinline)\*?(?P<delimiter>[^A-Za-z\s*{])
      | \\iffalse\b(?P<iffalse>)
      | \\.
      | (?P<comment>%[^\n]*)""",
    re.VERBOSE | re.DOTALL,
)
_DIRECTIVE = re.compile(r"%+\s*jensen:\s*(.*?)\s*\Z")
_PARAGRAPH = r"\n[ \t]*\n"


def mask_latex(text: str) -> Scan:
    """What is hidden in a LaTeX text: comments (and the directives in them), verbatim stretches."""
    scan, finder, position = Scan(), Finder(text), 0
    while mark := _HIDDEN.search(text, position):
        position = mark.end()
        if mark["comment"]:
            scan.masks.append(Span(mark.start(), mark.end()))
            if directive := _DIRECTIVE.match(mark["comment"]):
                place = Span(mark.start() + directive.start(1), mark.start() + directive.end(1))
                scan.directives.append(Directive(place, directive[1]))
            continue
        closing = _hidden_end(mark, finder)
        if closing is not None:
            position = closing.end()
            scan.masks.append(Span(mark.start(), position))
    return scan


def _hidden_end(mark: re.Match[str], finder: Finder) -> re.Match[str] | None:
    if mark["verbatim"]:
        return finder.search(re.escape(f"\\end{{{mark['verbatim']}}}"), mark.end())
    if mark["delimiter"]:
        closing = finder.search(re.escape(mark["delimiter"]) + r"|\n", mark.end())
        return closing if closing and closing[0] != "\n" else None
    return finder.search(r"\\fi\b", mark.end()) if mark["iffalse"] is not None else None


def document_body(text: str) -> Span:
    r"""What stands between \begin{document} and \end{document}; all of it where there is no such pair."""
    begin = text.find(r"\begin{document}")
    start = begin + len(r"\begin{document}") if begin >= 0 else 0
    end = text.find(r"\end{document}", start) if begin >= 0 else -1
    return Span(start, end if end >= 0 else len(text))


def scan_latex(clean: str, macros: Macros) -> Scan:
    """All formulas of a LaTeX text whose comments, verbatim stretches and definitions are blanked."""
    return _Scanner(clean, macros).scan()


class _Scanner:
    def __init__(self, text: str, macros: Macros) -> None:
        self._text = text
        self._finder = Finder(text)
        self._scan = Scan()
        self._begins, self._ends = _shorthands(macros)
        shorthand = "|".join(sorted(self._begins, key=len, reverse=True)) or r"(?!)"
        self._marks = re.compile(
            rf"""(?P<begin>\\begin\{{(?P<environment>[A-Za-z]+)\*?\}})
               | (?P<shorthand>\\(?P<name>{shorthand})(?![A-Za-z]))
               | (?P<bracket>\\[\[(])
               | (?P<escaped>\\.)
               | (?P<dollars>\$\$?)""",
            re.VERBOSE | re.DOTALL,
        )
        self._handlers: Mapping[str, Callable[[re.Match[str]], int]] = {
            "begin": self._environment,
            "shorthand": self._shorthand,
            "bracket": self._bracket,
            "escaped": lambda mark: mark.end(),
            "dollars": self._dollars,
        }

    def scan(self) -> Scan:
        body = document_body(self._text)
        position, stop = body.start, body.end
        while (mark := self._marks.search(self._text, position, stop)) is not None:
            kind = next(kind for kind in self._handlers if mark[kind] is not None)
            position = self._handlers[kind](mark)
        return self._scan

    def _formula(self, span: Span, body: Span, display: bool) -> int:
        if self._text[body.start : body.end].strip():
            self._scan.found.append(Found(span, body, display))
        return span.end

    def _open(self, what: str, mark: re.Match[str]) -> int:
        self._scan.warnings.append(Warning_(Span(mark.start(), mark.end()), f"this {what} is never closed"))
        return mark.end()

    def _environment(self, mark: re.Match[str]) -> int:
        name = mark["environment"]
        if name not in DISPLAY_ENVIRONMENTS:
            return mark.end()
        closing = self._finder.search(rf"\\end\{{{name}\*?\}}", mark.end())
        if closing is None:
            return self._open(rf"\begin{{{name}}}", mark)
        whole = Span(mark.start(), closing.end())
        return self._formula(whole, whole, display=name != "math")

    def _shorthand(self, mark: re.Match[str]) -> int:
        r"""\be … \ee, defined as \begin{equation} and \end{equation}."""
        ends = [name for name, environment in self._ends.items() if environment == self._begins[mark["name"]]]
        pattern = rf"\\(?:{'|'.join(ends)})(?![A-Za-z])" if ends else r"(?!)"
        closing = self._finder.search(pattern, mark.end())
        if closing is None:
            return self._open(mark[0], mark)
        return self._formula(Span(mark.start(), closing.end()), Span(mark.end(), closing.start()), display=True)

    def _bracket(self, mark: re.Match[str]) -> int:
        closer = r"\]" if mark[0] == r"\[" else r"\)"
        closing = self._finder.search(rf"(?<!\\)(?:\\\\)*({re.escape(closer)})", mark.end())
        if closing is None:
            return self._open(mark[0], mark)
        return self._formula(Span(mark.start(), closing.end()), Span(mark.end(), closing.start(1)), closer == r"\]")

    def _dollars(self, mark: re.Match[str]) -> int:
        dollars = mark["dollars"]
        pattern = r"(?<!\\)(?:\\\\)*(\$\$)" if dollars == "$$" else r"(?<!\\)(?:\\\\)*(\$)"
        closing = self._finder.search(pattern, mark.end())
        if dollars == "$" and closing is not None:
            closing = self._past_text(mark.end(), closing)
        if closing is None or (dollars == "$" and self._finder.blank_line_between(mark.end(), closing.start(1))):
            return self._open(dollars, mark)
        body = Span(mark.end(), closing.start(1))
        return self._formula(Span(mark.start(), closing.end()), body, display=dollars == "$$")

    def _past_text(self, start: int, closing: re.Match[str]) -> re.Match[str] | None:
        r"""The $ inside \text{if $x > 0$} do not close the formula around it; three such at most."""
        found: re.Match[str] | None = closing
        for _ in range(6):
            if found is None or not re.search(
                r"\\(?:text|mbox)\w*\{[^{}]*\Z", self._text[start : found.start(1)][-400:]
            ):
                return found
            found = re.compile(r"(?<!\\)(?:\\\\)*(\$)").search(self._text, found.end(), found.end() + 400)
        return found


def _shorthands(macros: Macros) -> tuple[dict[str, str], dict[str, str]]:
    r"""Macros that stand for a \begin or an \end of a display, by name."""
    begins: dict[str, str] = {}
    ends: dict[str, str] = {}
    for name, definitions in macros.definitions.items():
        body = [token for token in definitions[-1].body if token.kind != "space"]
        if len(body) == 1 and name.isalpha() and body[0].text in DISPLAY_ENVIRONMENTS:
            if body[0].kind == "begin":
                begins[name] = body[0].text
            elif body[0].kind == "end":
                ends[name] = body[0].text
    return begins, ends
