r"""From TeX tokens to mathematical tokens: what each command is, with fonts, spacing and decoration settled.

The Translator walks over the TeX tokens and emits Tokens; what a command does stands in commands.py.  After it, every
argument (of \frac, of a script, of an accent) is in braces, every font has gone into its letters, every word is one
token, every relation carries what stood over it, and what says nothing about the mathematics has become a Note.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from derive.reading.lexer import Tex
from derive.reading.statements import Note, Warning_
from derive.reading.syntax import Span
from derive.reading.words import text_of

MAX_NESTING = 60


class Token(NamedTuple):
    r"""One mathematical token.

    kind   "letter" (a name), "digit", "function", "optimum", "lim", "expect", "integral", "big" (sum, prod), "frac",
           "sqrt", "root", "binom", "over", "accent", "nabla", "partial", "upright d", "symbol", "const", "labelled",
           "plus", "minus", "times", "cdot", "slash", "bang", "prime", "sub", "sup", "without", "perp",
           "bar", "doublebar", "comma", "semicolon", "colon", "period", "open", "close", "{", "}", "relation",
           "text", "tag", "row", "amp", "quad", "error"
    text   the name, the sign, the prose
    extra  what stands over a relation, the label under a brace, "open" or "close" for a bar with \left or \right,
           "bold" for a bold letter
    """

    kind: str
    text: str
    start: int
    end: int
    font: str = ""
    extra: str = ""

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


Handler = Callable[["Translator", int, int], int]
"""Reads the command at the first index, within tokens up to the second; returns the index after it."""


class Translator:
    """Walks over the TeX tokens of one formula; out, notes and warnings are the result.

    font    the font in force: "", "cal", "bb" …
    bold    True inside a bold font, which only decorates
    script  "_" or "^" inside a script (there several letters are a word), "" elsewhere
    """

    def __init__(
        self,
        tex: list[Tex],
        commands: Mapping[str, Handler],
        characters: Callable[[Translator, int, int], int],
        environments: Callable[[Translator, int, int], int],
    ) -> None:
        self.tex = tex
        self.out: list[Token] = []
        self.notes: list[Note] = []
        self.warnings: list[Warning_] = []
        self.font = ""
        self.bold = False
        self.script = ""
        self._depth = 0
        self.partner, self.deepest = _partners(tex)
        self._commands = commands
        self._characters = characters
        self._environments = environments

    def run(self, low: int, high: int) -> None:
        """Translate the tokens low..high."""
        while low < high:
            low = self.step(low, high)

    def step(self, index: int, high: int) -> int:
        """Translate the unit at index; returns the index after it."""
        if self._depth > MAX_NESTING:
            self.emit("error", f"commands are nested more than {MAX_NESTING} deep", self.tex[index])
            return high
        self._depth += 1
        after = self._unit(index, high)
        self._depth -= 1
        return after

    def _unit(self, index: int, high: int) -> int:
        token = self.tex[index]
        if token.kind == "char":
            return self._characters(self, index, high)
        if token.kind == "command":
            handler = self._commands.get(token.text) or self._commands["?"]
            return handler(self, index, high)
        if token.kind == "{":
            return self._group(index)
        if token.kind in ("begin", "end"):
            return self._environments(self, index, high)
        if token.kind == "comment":
            self.note("comment", token.text.lstrip("% "), index, index + 1)
        elif token.kind != "space":
            self.emit("error", _stray(token), token)
        return index + 1

    def emit(self, kind: str, text: str, tex: Tex, extra: str = "", font: str = "") -> None:
        self.out.append(Token(kind, text, tex.start, tex.end, font, extra))

    def note(self, kind: str, text: str, low: int, high: int) -> None:
        """Set aside the TeX tokens low..high as carrying no mathematics."""
        self.notes.append(Note(self.span(low, high), kind, text))

    def warn(self, message: str, tex: Tex) -> None:
        self.warnings.append(Warning_(tex.span, message))

    def span(self, low: int, high: int) -> Span:
        covered = self.tex[low:high]
        return Span(min(t.start for t in covered), max(t.end for t in covered)) if covered else Span(0, 0)

    def skip_spaces(self, index: int, high: int) -> int:
        while index < high and self.tex[index].kind in ("space", "comment"):
            index += 1
        return index

    def next_is(self, index: int, high: int, kind: str, text: str) -> bool:
        return index < high and self.tex[index].kind == kind and self.tex[index].text == text

    def capture(self, low: int, high: int) -> list[Token]:
        """The translation of low..high, not emitted."""
        kept, self.out = self.out, []
        self.run(low, high)
        captured, self.out = self.out, kept
        return captured

    def argument_range(self, index: int, high: int) -> tuple[int, int, int]:
        """(first, last, next) of the argument at index: the inside of {…} or one token; empty at the end."""
        index = self.skip_spaces(index, high)
        if index >= high or self.tex[index].kind == "}":
            return index, index, index
        if self.tex[index].kind == "{" and index in self.partner:
            return index + 1, self.partner[index], self.partner[index] + 1
        return index, index + 1, index + 1

    def optional_range(self, index: int, high: int) -> tuple[int, int, int] | None:
        """(first, last, next) of an optional argument […] at index, on a short stretch; None where there is none."""
        index = self.skip_spaces(index, high)
        if not self.next_is(index, high, "char", "["):
            return None
        for closing in range(index + 1, min(high, index + 60)):
            if self.next_is(closing, high, "char", "]"):
                return index + 1, closing, closing + 1
        return None

    def text_argument(self, index: int, high: int) -> tuple[str, int]:
        """The argument at index as text, and the index after it."""
        low, last, after = self.argument_range(index, high)
        return text_of(self.tex[low:last]), after

    def argument(self, index: int, high: int, script: str = "") -> int:
        """Emit the argument at index in braces; returns the index after it."""
        before, self.script = self.script, script or self.script
        inside, after = self.captured_argument(index, high)
        self.script = before
        self.emit("{", "{", self.tex[min(index, after - 1)])
        self.out.extend(inside)
        self.emit("}", "}", self.tex[after - 1])
        return after

    def captured_argument(self, index: int, high: int) -> tuple[list[Token], int]:
        r"""The translated argument at index; it may be a command with arguments of its own (x_\text{a})."""
        low, last, after = self.argument_range(index, high)
        if low == after:
            missing = self.tex[max(0, index - 1)]
            return [Token("error", "an argument is missing here", missing.start, missing.end)], max(index, 1)
        if after == last and self.tex[low].kind == "command":
            kept, self.out = self.out, []
            after = self.step(low, high)
            captured, self.out = self.out, kept
            return captured, after
        return self.capture(low, last), after

    def _group(self, index: int) -> int:
        """{…} in running mathematics: braces stay only where they hold a term together."""
        if index not in self.partner:
            self.emit("error", "this '{' is never closed", self.tex[index])
            return index + 1
        last = self.partner[index]
        font, bold = self.font, self.bold
        inside = self.capture(index + 1, last)
        self.font, self.bold = font, bold
        if len(inside) > 1 and not self._is_invisible(at_top(inside)):
            self.emit("{", "{", self.tex[index])
            self.out.extend(inside)
            self.emit("}", "}", self.tex[last])
        elif self._groups_digits(inside, last):
            self.out.append(Token("digit", "", self.tex[index].start, self.tex[last].end))
        else:
            self.out.extend(inside)
        return last + 1

    def _is_invisible(self, top: list[Token]) -> bool:
        r"""Braces that hold nothing together; those of \log{a + b} and {a \over b} do."""
        kinds = {token.kind for token in top}
        after_function = bool(self.out) and self.out[-1].kind == "function"
        return bool(kinds & _SPLITTING) or bool(kinds & _SIGNED and not after_function and "over" not in kinds)

    def _groups_digits(self, inside: list[Token], last: int) -> bool:
        """The comma of 1{,}000."""
        after = self.tex[last + 1] if last + 1 < len(self.tex) else None
        return bool(
            [t.kind for t in inside] == ["comma"]
            and self.out
            and self.out[-1].kind == "digit"
            and after is not None
            and after.text.isdigit()
        )


_SPLITTING = frozenset(["relation", "row", "amp", "text", "tag"])
_SIGNED = frozenset(["plus", "minus"])


def at_top(tokens: list[Token]) -> list[Token]:
    """The tokens that stand in no bracket of any kind."""
    top: list[Token] = []
    depth = 0
    for token in tokens:
        if token.kind in ("}", "close"):
            depth -= 1
        elif token.kind in ("{", "open"):
            depth += 1
        elif depth <= 0:
            top.append(token)
    return top


def _stray(token: Tex) -> str:
    if token.kind == "error":
        return token.text
    if token.kind == "parameter":
        return f"#{token.text} stands outside a macro"
    return "this '}' closes nothing"


def _partners(tex: list[Tex]) -> tuple[dict[int, int], int]:
    """For every closed brace and environment the index of its end; and how deep the braces go."""
    partner: dict[int, int] = {}
    braces: list[int] = []
    environments: list[int] = []
    deepest = 0
    for index, token in enumerate(tex):
        if token.kind == "{":
            braces.append(index)
            deepest = max(deepest, len(braces))
        elif token.kind == "}" and braces:
            partner[braces.pop()] = index
        elif token.kind == "begin":
            environments.append(index)
        elif token.kind == "end":
            _close_environment(tex, environments, index, partner)
    return partner, max(deepest, len(environments))


def _close_environment(tex: list[Tex], environments: list[int], index: int, partner: dict[int, int]) -> None:
    if environments and tex[environments[-1]].text == tex[index].text:
        partner[environments.pop()] = index
