r"""LaTeX formulas as MathML: what ``latex`` prints, what authors write for names, and most of what they write in full.

    tokens    \commands, single characters, numbers
    rows      a row of parts; scripts bind to the part before them
    parts     symbols, groups, fractions, roots, accents, fonts, fences

Whatever is not understood makes the whole formula unreadable, and ``None`` comes back: a formula is never shown with a
piece missing.  The text is data; nothing of it reaches the page without being escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from derive.writing.mathml_symbols import (
    ACCENTS,
    CHARACTERS,
    DELIMITERS,
    FONTS,
    IGNORED,
    LEADING,
    SPACES,
    SYMBOLS,
    TEXT_ESCAPES,
    THIN,
    Part,
    escaped,
)

MAX_LENGTH = 4_000  # characters; longer "formulas" are no formulas
MAX_DEPTH = 40
_TOKEN = re.compile(r"\\operatorname\*|\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\s+|.", re.DOTALL)


class UnreadableLatexError(ValueError):
    """LaTeX that this file does not know."""


def latex_to_mathml(source: str) -> str | None:
    r"""The formula as the content of one ``<math>`` element; None where it is not understood."""
    pieces = latex_pieces(source)
    return None if pieces is None else "".join(pieces)


def latex_pieces(source: str) -> tuple[str, ...] | None:
    """The formula in pieces between which a line may be broken: before each + and − outside all brackets."""
    if len(source) > MAX_LENGTH:
        return None
    try:
        reader = _Reader(_tokens(source))
        parts = reader.row()
        reader.finish()
    except UnreadableLatexError:
        return None
    return tuple(map(_joined, _broken(parts)))


def _broken(parts: list[Part]) -> Iterator[list[Part]]:
    """The parts of a row, cut before each + and − outside all brackets."""
    depth, piece = 0, list[Part]()
    for part in parts:
        depth += {"open": 1, "close": -1}.get(part.kind, 0)
        if part.kind == "sign" and depth <= 0 and any(p.kind != "space" for p in piece):
            yield piece
            piece = []
        piece.append(part)
    if piece:
        yield piece


def _joined(parts: list[Part]) -> str:
    return "".join(part.markup for part in parts)


def _tokens(source: str) -> list[str]:
    return [" " if token.isspace() else token for token in _TOKEN.findall(source)]


class _Reader:
    """Reads tokens from left to right; each method leaves the place after what it has read."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.place, self.depth = tokens, 0, 0

    # ------------------------------------------------------------ moving

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        if not token:
            raise UnreadableLatexError("the formula ends too early")
        self.place += 1
        return token

    def skip_spaces(self) -> None:
        while self.peek() == " ":
            self.place += 1

    def expect(self, token: str) -> None:
        if self.take() != token:
            raise UnreadableLatexError(f"{token} is missing")

    def finish(self) -> None:
        if self.peek():
            raise UnreadableLatexError(f"unexpected {self.peek()}")

    # ------------------------------------------------------------ rows

    def row(self) -> list[Part]:
        r"""Parts up to (not including) "}" or \right."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise UnreadableLatexError("nested too deeply")
        parts: list[Part] = []
        while (token := self.peek()) and token not in ("}", r"\right"):
            if token in ("_", "^", "'"):
                parts.append(self.scripts(parts.pop() if parts else Part("<mrow></mrow>")))
            elif token in LEADING and not parts:
                parts.append(LEADING[self.take()])
            else:
                parts += self.part()
        self.depth -= 1
        return _with_function_spaces(parts)

    def scripts(self, base: Part) -> Part:
        """A part with what stands below and above it, in whatever order they are written."""
        below, above = list[str](), list[str]()
        while (token := self.peek()) in ("_", "^", "'"):
            self.take()
            if token == "'":
                above.append("<mo>′</mo>")
            else:
                (below if token == "_" else above).append(self.argument())
        if len(below) > 1:
            raise UnreadableLatexError("two subscripts")
        return _scripted(base, "".join(below), "".join(above))

    def argument(self) -> str:
        """One token, or a group in braces."""
        self.skip_spaces()
        if self.peek() == "{":
            self.take()
            inner = self.row()
            self.expect("}")
            return _grouped(_joined(inner))
        if self.peek() in ("_", "^", "'", "}"):
            raise UnreadableLatexError("an argument is missing")
        if self.peek().isdigit():
            return self.digit()
        return _grouped(_joined(self.part()))

    def digit(self) -> str:
        r"""Without braces an argument is one digit: x_10 is x₁0."""
        digits = self.take()
        if len(digits) > 1:
            self.place -= 1
            self.tokens[self.place] = digits[1:]
        return f"<mn>{digits[0]}</mn>"

    def raw_argument(self) -> str:
        """The text of a group in braces, as it stands."""
        self.skip_spaces()
        self.expect("{")
        words: list[str] = []
        while self.peek() != "}":
            token = self.take()
            if token == "{" or (token.startswith("\\") and token not in TEXT_ESCAPES):
                raise UnreadableLatexError("text with commands")
            words.append(TEXT_ESCAPES.get(token, token))
        self.take()
        return "".join(words)

    # ------------------------------------------------------------ parts

    def part(self) -> list[Part]:
        token = self.take()
        if token == " ":
            return []
        if token == "{":
            self.place -= 1
            return [Part(self.argument())]
        if token[0] == "\\":
            return self.command(token)
        return [_character(token)]

    def command(self, token: str) -> list[Part]:
        name = token[1:]
        if name in SYMBOLS:
            return [SYMBOLS[name]]
        if name in SPACES:
            return [Part(f'<mspace width="{SPACES[name]}"></mspace>', "space")] if SPACES[name] else []
        if name in IGNORED:
            return []
        if name in FONTS:
            return [Part(self.font(FONTS[name]))]
        if name.startswith("operatorname"):
            return [self.operator()]
        if name in ACCENTS:
            accent = f'<mo stretchy="false">{ACCENTS[name]}</mo>'
            return [Part(f'<mover accent="true">{self.argument()}{accent}</mover>')]
        if name in _CONSTRUCTS:
            return [_CONSTRUCTS[name](self)]
        raise UnreadableLatexError(f"unknown command {token}")

    def font(self, change: Callable[[str], str]) -> str:
        """Letters in another font; a formula in braces is allowed for upright and bold."""
        self.skip_spaces()
        if self.peek() != "{":
            return change(self.take())
        return change(self.raw_argument())

    def operator(self) -> Part:
        r"""\operatorname{argmax}: a known operator, or a word that is used like log."""
        word = self.raw_argument().replace(" ", "")
        return SYMBOLS[word] if word in SYMBOLS else Part(f"<mi>{escaped(word)}</mi>", "function")

    def fraction(self) -> Part:
        return Part(f"<mfrac>{self.argument()}{self.argument()}</mfrac>")

    def binomial(self) -> Part:
        pile = f'<mfrac linethickness="0">{self.argument()}{self.argument()}</mfrac>'
        return Part(f"<mrow><mo>(</mo>{pile}<mo>)</mo></mrow>")

    def small_fraction(self) -> Part:
        return Part(f'<mstyle displaystyle="false">{self.fraction().markup}</mstyle>')

    def root(self) -> Part:
        if self.peek() == "[":
            raise UnreadableLatexError("a root with an index")
        return Part(f"<msqrt>{self.argument()}</msqrt>")

    def braced(self) -> Part:
        return Part(f'<munder>{self.argument()}<mo stretchy="true">⏟</mo></munder>', "limits")

    def fenced(self) -> Part:
        r"""\left( … \right)"""
        opening = self.delimiter()
        inner = _joined(self.row())
        self.expect(r"\right")
        return Part(f"<mrow>{_fence(opening, 'prefix')}{inner}{_fence(self.delimiter(), 'postfix')}</mrow>")

    def middle(self) -> Part:
        return Part(f"<mo>{escaped(self.delimiter())}</mo>")

    def delimiter(self) -> str:
        self.skip_spaces()
        token = self.take()
        if token in DELIMITERS:
            return DELIMITERS[token]
        raise UnreadableLatexError(f"{token} is no bracket")


def _scripted(base: Part, below: str, above: str) -> Part:
    name = {(True, False): "sub", (False, True): "sup"}.get((bool(below), bool(above)), "subsup")
    element = _LIMITS[name] if base.kind == "limits" else f"m{name}"
    above = f"<mrow>{above}</mrow>" if above.count("<mo>′</mo>") else above
    inner = _grouped(base.markup) + below + above
    takes_argument = base.kind != "limits" or base.markup.startswith("<mi")  # max does, the sum sign does not
    return Part(f"<{element}>{inner}</{element}>", base.kind if takes_argument else "atom")


def _with_function_spaces(parts: list[Part]) -> list[Part]:
    """log x needs a space that log(x) does not."""
    result: list[Part] = []
    for part in parts:
        if result and result[-1].kind in ("function", "limits") and part.kind in _LETTERS:
            result.append(Part(THIN, "space"))
        result.append(part)
    return result


def _grouped(markup: str) -> str:
    """One element, as fractions and scripts need it."""
    return markup if _SIMPLE.fullmatch(markup) else f"<mrow>{markup}</mrow>"


_SIMPLE = re.compile(r"<m([ino])\b[^<>]*>[^<>]*</m\1>")


def _fence(character: str, form: str) -> str:
    return f'<mo form="{form}" stretchy="true">{escaped(character)}</mo>' if character else ""


def _character(token: str) -> Part:
    if token[0].isdigit():
        return Part(f"<mn>{escaped(token)}</mn>")
    if token in CHARACTERS:
        return CHARACTERS[token]
    if token in "&#%$~\\_^{}":
        raise UnreadableLatexError(f"unexpected {token}")
    return Part(f"<mi>{escaped(token)}</mi>")


_LIMITS = {"sub": "munder", "sup": "mover", "subsup": "munderover"}
_LETTERS = ("atom", "function", "limits")

_CONSTRUCTS: dict[str, Callable[[_Reader], Part]] = {
    **dict.fromkeys(("frac", "dfrac"), _Reader.fraction),
    "tfrac": _Reader.small_fraction,
    **dict.fromkeys(("binom", "dbinom"), _Reader.binomial),
    "sqrt": _Reader.root,
    "underbrace": _Reader.braced,
    "left": _Reader.fenced,
    "middle": _Reader.middle,
}
