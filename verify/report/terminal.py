"""The run as lines for a terminal, one line per claim, as linters print them.

    notes.md:12:31  proved   Jensen: log is concave  log p(x) ≥ E_{q(z|x)}[log p(x,z) − log q(z|x)]

Open conditions stand at the end of the line, or below it where they do not fit.  Under a refuted claim stand the likely
mistake and the smallest evidence, under unread text the place where reading stopped.
"""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from textwrap import wrap
from typing import TextIO

from verify.report.proof import main_rule, title
from verify.report.wording import (
    evidence_lines,
    excerpt,
    location,
    one_line,
    provided,
    sign,
    statement,
    summary,
    visible,
)
from verify.results import CheckedClaim, CheckedDocument, Run, Trouble, Whole
from verify.verdict import Word, WorldSides

COLOURS: Mapping[str, str] = {
    "proved": "32", "refuted": "1;31", "undecided": "33", "assumed": "36", "unread": "35", "error": "1;31",
    "warning": "33", "faint": "2",
}  # fmt: skip
INDENT = 4
RULE_WIDTH = 24  # columns for the name of the rule, at most; on wide terminals a third
UNLIMITED = 100_000  # columns of a file or a pipe: nothing is cut there
PROSE = 100  # columns of remarks, however wide the terminal
LEAST_FORMULA = 24  # columns a formula gets, however narrow the terminal


@dataclass(frozen=True)
class Style:
    """How to print: columns, colours or none, Unicode or ASCII, and whether with Python for each counterexample."""

    width: int = 80
    color: bool = False
    unicode: bool = True
    python: bool = False

    @classmethod
    def of(cls, stream: TextIO, color: bool | None = None, environment: Mapping[str, str] = os.environ) -> Style:
        """What suits a stream.  ``color`` decides; None means: on a terminal, unless NO_COLOR is set."""
        if color is None:
            plain = environment.get("NO_COLOR") or environment.get("TERM") == "dumb"
            color = stream.isatty() and not plain
        fixed = stream.isatty() or environment.get("COLUMNS")
        columns = shutil.get_terminal_size((80, 24)).columns if fixed else UNLIMITED
        return cls(max(40, columns), color, _prints_unicode(stream))


def _prints_unicode(stream: TextIO) -> bool:
    try:
        "≥∫θ…".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def render(run: Run, style: Style | None = None) -> str:
    """The whole report as text, ending in a summary line."""
    printer = _Printer(style or Style())
    return "\n".join([*(line for document in run.documents for line in printer.document(document)), *printer.end(run)])


class _Printer:
    def __init__(self, style: Style) -> None:
        self.style = style

    # ------------------------------------------------------------ documents

    def document(self, document: CheckedDocument) -> Iterator[str]:
        if document.failure is not None:
            failure = one_line(document.failure)
            yield f"{self.text(location(document, None))}: {self.coloured('error')}: {self.text(failure)}"
        elif not document.claims:
            yield f"{self.text(location(document, None))}: nothing to check: no formula with a relation sign was found"
        places = self.width_of(self.text(location(document, claim.place)) for claim in document.claims)
        rules = min(
            max(RULE_WIDTH, self.style.width // 3),
            self.width_of(self.text(_reason(claim)) for claim in document.claims),
        )
        for claim in document.claims:
            yield from self.claim(document, claim, places, rules)
        for trouble in document.troubles:
            yield from self.trouble(document, trouble)
        if document.whole is not None:
            yield from self.whole(document, document.whole)

    def claim(self, document: CheckedDocument, claim: CheckedClaim, places: int, rules: int) -> Iterator[str]:
        """The line of a claim, and what stands below it."""
        word = claim.verdict.word
        head = f"{_padded(self.text(location(document, claim.place)), places)}  {self.coloured(word, 9)}  "
        used = places + 2 + 9 + 2
        if rules:
            head += _padded(self.cut(_reason(claim), rules), rules) + "  "
            used += rules + 2
        room = max(LEAST_FORMULA, self.style.width - used)
        formula, wanted = self.formula(claim, room), self.text(one_line(provided(claim)))
        if wanted and _width(formula) + 3 + _width(wanted) <= min(room, PROSE):
            yield f"{head}{formula}  [{wanted}]"
        else:
            yield (head + formula).rstrip()
            yield from self.indented(wanted)
        yield from self.below(claim)

    def below(self, claim: CheckedClaim) -> Iterator[str]:
        verdict = claim.verdict
        if claim.expected is not None:
            agrees = "as announced" if claim.as_expected else f"announced as {claim.expected}"
            yield from self.indented(f"{agrees} in the text")
        if claim.as_expected:
            return
        if verdict.word == "proved" and verdict.equality:
            yield from self.indented(f"tight {verdict.equality}")
        if verdict.word in ("refuted", "undecided", "unread") and verdict.message:
            yield from self.indented(verdict.message)
        if verdict.counterexample is not None:
            yield from self.indented(verdict.counterexample.paragraph)
            yield from self.world(verdict.counterexample)
        if verdict.word == "unread":
            yield from self.verbatim(excerpt(claim))
        elif verdict.word != "proved":
            for note in verdict.notes:
                yield from self.indented(f"note: {note}")

    def world(self, sides: WorldSides) -> Iterator[str]:
        for line in evidence_lines(sides):
            yield from self.indented(line, hanging=4)
        if self.style.python:
            yield from self.verbatim(sides.python)

    def trouble(self, document: CheckedDocument, trouble: Trouble) -> Iterator[str]:
        where = self.text(location(document, trouble.place))
        yield f"{where}  {self.coloured('warning')}  {self.text(one_line(trouble.message))}"
        yield from self.verbatim(trouble.excerpt)

    def whole(self, document: CheckedDocument, whole: Whole) -> Iterator[str]:
        relation = f" ({self.text(sign(whole.relation))})" if whole.relation else ""
        message = f": {self.text(one_line(whole.message))}" if whole.message else ""
        span = f"claims {whole.first} to {whole.last}"
        yield f"{self.text(location(document, None))}  {self.coloured(whole.word)}  {span}{relation}{message}"
        for required in whole.conditions if whole.word == "proved" else ():
            if required.condition.status == "open":
                yield from self.indented(f"condition: {required.text}")

    def end(self, run: Run) -> list[str]:
        return ["", self.text(summary(run)), ""]

    # ------------------------------------------------------------ text

    def indented(self, text: str, hanging: int = 0) -> Iterator[str]:
        """Text below a claim, broken at spaces where it is longer than the line."""
        pad = " " * INDENT
        lines = wrap(
            self.text(text.replace("\n", " ")), max(LEAST_FORMULA, min(PROSE, self.style.width)), initial_indent=pad,
            subsequent_indent=pad + " " * hanging, break_long_words=False, break_on_hyphens=False, drop_whitespace=True,
        )  # fmt: skip
        yield from (self.faint(line) for line in lines)

    def verbatim(self, text: str) -> Iterator[str]:
        """An excerpt with a caret, column by column as it is."""
        for line in text.splitlines():
            yield (" " * INDENT + self.text(line)).rstrip()

    def formula(self, claim: CheckedClaim, width: int) -> str:
        """The claim; where it is too long, each side is cut by itself, so that the sign stays."""
        whole, relation = statement(claim), f" {sign(claim.relation)} "
        sides = whole.split(relation)
        room = width - _width(self.text(relation))
        if _width(self.text(whole)) <= width or len(sides) != 2:
            return self.cut(whole, width)
        left, right = (_width(self.text(side)) for side in sides)
        share = left if left <= room // 2 else max(room // 2, room - right)
        return self.text(relation).join([self.cut(sides[0], share), self.cut(sides[1], room - share)])

    def cut(self, text: str, width: int) -> str:
        """The text, with an ellipsis in its middle where it is longer than the width."""
        text = self.text(text)
        if _width(text) <= width:
            return text
        mark = "…" if self.style.unicode else "..."
        left = (width - len(mark) + 1) // 2
        return text[:left] + mark + text[len(text) - (width - len(mark) - left) :]

    def text(self, text: str) -> str:
        """Text of a document, made harmless and printable."""
        shown = visible(text).replace("\t", " ")
        return shown if self.style.unicode else ascii_text(shown)

    def width_of(self, texts: Iterator[str]) -> int:
        return max(map(_width, texts), default=0)

    # ------------------------------------------------------------ colours

    def coloured(self, word: Word | str, width: int = 0) -> str:
        padded = _padded(word, width)
        return f"\x1b[{COLOURS[word]}m{padded}\x1b[0m" if self.style.color else padded

    def faint(self, line: str) -> str:
        return f"\x1b[{COLOURS['faint']}m{line}\x1b[0m" if self.style.color else line


def _reason(claim: CheckedClaim) -> str:
    """What stands in the column of rules: the main rule of the proof, or what kind of assumption it is."""
    if claim.verdict.theorem is not None:
        return title(main_rule(claim.verdict.theorem))
    if claim.verdict.word == "assumed":
        verb = claim.verdict.message.split(" ")[0]
        return {"assumes": "hypothesis", "declares": "declaration"}.get(verb, "definition")
    return ""


def _width(text: str) -> int:
    """Columns the text takes: combining marks none, East Asian wide letters two."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


# ---------------------------------------------------------------- ASCII

ASCII = {
    "−": "-", "–": "-", "—": "-", "≥": ">=", "≤": "<=", "≠": "!=", "≔": ":=", "≈": "~=", "∝": "prop. to", "∼": "~",
    "‖": "||", "∫": "int", "Σ": "sum", "∞": "inf", "√": "sqrt ", "·": "*", "⋅": "*", "…": "...", "′": "'", "→": "->",
    "“": '"', "”": '"', "’": "'", "‘": "'", "λ": "lambda", "ℙ": "P", "𝔼": "E", "×": "x",
}  # fmt: skip


def ascii_text(text: str) -> str:
    """The text for streams without Unicode: θ as theta, ≥ as >=, p̂ as p^; what has no spelling becomes a ?."""
    return "".join(_ascii(character) for character in text)


def _ascii(character: str) -> str:
    if character.isascii():
        return character
    if character in ASCII:
        return ASCII[character]
    name = unicodedata.name(character, "")
    if name.startswith("GREEK SMALL LETTER "):
        return name.rsplit(" ", 1)[-1].lower()
    if name.startswith("GREEK CAPITAL LETTER "):
        return name.rsplit(" ", 1)[-1].capitalize()
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain or {"̂": "^", "̃": "~"}.get(character, "?")
