"""A place in the tokens of one side, and what every part of the parser needs there.

The parser is a hand-written precedence parser.  Cursor knows where it stands; names.py, applications.py, operators.py …
are functions that read one kind of thing at the cursor; expressions.py has the precedences and the table that says
which of these functions reads an operand that begins with a given token.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NoReturn, TypeVar

from derive.reading.brackets import match_brackets
from derive.reading.differentials import find_differentials
from derive.reading.statements import Warning_
from derive.reading.survey import Survey
from derive.reading.syntax import Node, Span
from derive.reading.tokens import MAX_NESTING, Token

T = TypeVar("T")
_NOTHING = Token("end", "", 0, 0)


class ReadError(Exception):
    """A side that cannot be read; opening is the bracket that should have been closed before span."""

    def __init__(self, message: str, span: Span, hint: str = "", opening: Token | None = None) -> None:
        super().__init__(message)
        self.message, self.span, self.hint, self.opening = message, span, hint, opening


class Cursor(ABC):
    """Tokens position..end of a side.

    bars  what a single bar in infix position means here: "condition" inside an argument list, "abs" inside |…|,
          "none" elsewhere (there it opens an absolute value)
    """

    def __init__(self, tokens: list[Token], survey: Survey) -> None:
        self.tokens = tokens
        self.survey = survey
        self.brackets = match_brackets(tokens)
        self.integrals = find_differentials(tokens, self.brackets.match)
        self.differentials = frozenset(d for found in self.integrals.values() for d in found.differentials)
        self.position = 0
        self.end = len(tokens)
        self.bars = "none"
        self.warnings: list[Warning_] = []
        self._depth = 0

    # ------------------------------------------------------------ what the other parts provide

    @abstractmethod
    def expression(self) -> Node:
        """A sum of terms."""

    @abstractmethod
    def term(self) -> Node:
        """A product of factors."""

    @abstractmethod
    def factor(self) -> Node:
        """One factor with its powers; a big operator reaches to the end of its term."""

    @abstractmethod
    def starts_factor(self) -> bool:
        """Can a further factor begin at the cursor?"""

    # ------------------------------------------------------------ looking

    def peek(self, ahead: int = 0) -> Token:
        index = self.position + ahead
        return self.tokens[index] if index < self.end else _NOTHING

    def at(self, kind: str, text: str | None = None) -> bool:
        token = self.peek()
        return token.kind == kind and (text is None or token.text == text)

    def at_end(self) -> bool:
        return self.position >= self.end

    def at_open(self, *texts: str) -> bool:
        """At one of these brackets, properly closed."""
        return self.at("open") and self.peek().text in texts and self.brackets.match[self.position] >= 0

    def double_bar(self) -> int:
        """How many tokens of ‖ or || stand at the cursor: 1, 2 or 0."""
        return self.double_bar_at(self.position)

    def double_bar_at(self, index: int) -> int:
        kinds = [token.kind for token in self.tokens[index : min(index + 2, self.end)]]
        return 1 if kinds[:1] == ["doublebar"] else 2 if kinds == ["bar", "bar"] else 0

    def condition_ahead(self) -> bool:
        """Do the brackets at the cursor hold an odd number of bars?  One is a condition, two an absolute value."""
        return self.odd_bars(self.position + 1, self.brackets.match[self.position])

    def odd_bars(self, start: int, end: int) -> bool:
        """Is the number of bars at the top level of tokens start..end odd?"""
        bars, i = 0, start
        while i < end:
            bars += self.tokens[i].kind == "bar" and not self.is_evaluation(i)
            i = max(i, self.brackets.match[i]) + 1
        return bars % 2 == 1

    def is_evaluation(self, index: int | None = None) -> bool:
        r"""The bar of f |_{x = 0}."""
        index = self.position if index is None else index
        kinds = [token.kind for token in self.tokens[index : index + 2]]
        return kinds == ["bar", "sub"] and self.tokens[index].extra != "open"

    # ------------------------------------------------------------ moving

    def take(self) -> Token:
        token = self.peek()
        self.position += 1
        return token

    def accept(self, kind: str) -> bool:
        if self.at(kind):
            self.position += 1
            return True
        return False

    def since(self, start: int) -> Span:
        """The span of the tokens from start to the cursor."""
        covered = self.tokens[start : max(start + 1, self.position)] or self.tokens[-1:]
        if covered[0].start <= covered[-1].start:
            return Span(covered[0].start, max(covered[0].end, covered[-1].end))
        return Span(min(t.start for t in covered), max(t.end for t in covered))

    # ------------------------------------------------------------ brackets and nesting

    def inside(self, read: Callable[[], T], bars: str = "none") -> T:
        """Step into the bracket at the cursor, read all of it, and step out."""
        closing = -1 if self.at_end() else self.brackets.match[self.position]
        if closing < 0:
            self.unexpected()
        self.position += 1
        return self.within(closing, read, bars, after=closing + 1)

    def within(self, end: int, read: Callable[[], T], bars: str = "none", after: int | None = None) -> T:
        """Read all tokens up to end, as if nothing came after them."""
        outer_end, outer_bars = self.end, self.bars
        self.end, self.bars = end, bars
        self.enter()
        value = read()
        self.leave()
        if not self.at_end():
            self.unexpected()
        self.end, self.bars = outer_end, outer_bars
        self.position = end if after is None else after
        return value

    def enter(self) -> None:
        """Go one level deeper; refuses when that is too deep."""
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise ReadError(f"nested more than {MAX_NESTING} deep", self.peek().span)

    def leave(self) -> None:
        self._depth -= 1

    def attempt(self, read: Callable[[], T]) -> T | None:
        """What read gives, or None with the cursor back where it was."""
        before = self.position, self.end, self.bars, self._depth, len(self.warnings)
        try:
            return read()
        except ReadError:
            self.position, self.end, self.bars, self._depth, warned = before
            del self.warnings[warned:]
            return None

    # ------------------------------------------------------------ trouble

    def warn(self, message: str, span: Span) -> None:
        self.warnings.append(Warning_(span, message))

    def unexpected(self, wanted: str = "") -> NoReturn:
        """Complain about the token at the cursor."""
        token = self.peek()
        trouble = self.brackets.troubles.get(self.position)
        if self.at_end():
            last = self.tokens[min(self.end, len(self.tokens)) - 1] if self.tokens else _NOTHING
            place = self.tokens[self.end] if self.end < len(self.tokens) else last
            raise ReadError(f"{wanted or 'something'} is missing here", place.span)
        if trouble is not None:
            raise ReadError(trouble.message, trouble.at, opening=trouble.opening)
        if token.kind == "error":
            raise ReadError(token.text, token.span)
        if self.is_evaluation():
            raise ReadError("a value at a point (f |_{x = 0}) is not read", token.span)
        expected = f", expected {wanted}" if wanted else ""
        raise ReadError(f"unexpected {describe(token)}{expected}", token.span)


_SPOKEN = {
    "plus": "'+'",
    "minus": "'-'",
    "slash": "'/'",
    "comma": "','",
    "semicolon": "';'",
    "colon": "':'",
    "period": "'.'",
    "bar": "'|'",
    "doublebar": "'‖'",
    "sub": "'_'",
    "sup": "'^'",
    "prime": "prime",
    "bang": "'!'",
    "row": "row break",
    "amp": "'&'",
    "quad": "wide space",
    "cdot": r"'\cdot'",
    "over": r"'\over'",
}


def describe(token: Token) -> str:
    """A token as it is named in a message."""
    if token.kind in ("open", "close", "{", "}", "relation", "letter", "digit"):
        return f"'{token.text}'"
    if token.kind == "text":
        return f"prose “{token.text}”"
    return _SPOKEN.get(token.kind, f"'{token.text}'")
