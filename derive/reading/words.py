r"""Letters that stand together: is \text{…} a word of mathematics or running text, is "ELBO" one name or four?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from derive.reading.lexer import Tex
from derive.reading.vocabulary import (
    CONSTANTS,
    FUNCTIONS,
    KNOWN_WORDS,
    LAYOUT,
    LEADING_WORDS,
    OPTIMA,
    REASON_WORDS,
    TEXT_FONTS,
    WORD_FONTS,
)

_SPECIAL = frozenset(["lim", "arg", "iid"])
_FUNCTION_INSIDE = re.compile(r"([A-Za-z]{0,2})(log|exp)([A-Za-z]{0,2})")
_DIFFERENTIALS = re.compile(r"(?:d[A-Za-z])+")
_VOWEL = re.compile(r"[aeiouAEIOU]")
_NAME = re.compile(r"[A-Za-z][\w.'’\-]*")


def is_known(word: str) -> bool:
    """A word of the field: a function, an optimum, KL, ELBO, const …"""
    return word in FUNCTIONS or word in OPTIMA or word in KNOWN_WORDS or word in CONSTANTS or word in _SPECIAL


def split_run(run: str, in_script: bool) -> list[str]:
    """Adjacent plain letters, cut into words and single letters: "ELBO" is one, "xy" two, "plogp" three."""
    if len(run) == 1 or is_known(run):
        return [run]
    if found := _FUNCTION_INSIDE.fullmatch(run):
        return [*found[1], found[2], *found[3]]
    if in_script and len(run) > 2:
        return [run]
    if len(run) > 3 and _VOWEL.search(run) and not _DIFFERENTIALS.fullmatch(run):
        return [run]
    return list(run)


def text_of(tokens: Iterable[Tex]) -> str:
    r"""TeX tokens as a reader would read them aloud: fonts and braces gone, commands kept by name."""
    parts: list[str] = []
    for token in tokens:
        if token.kind == "command":
            parts.append(_spoken(token.text))
        elif token.kind in ("char", "parameter"):
            parts.append(" " if token.text == "~" else token.text)
        elif token.kind == "space":
            parts.append(" ")
    return re.sub(r"\s+", " ", "".join(parts)).strip()


def _spoken(command: str) -> str:
    if command in TEXT_FONTS or command in WORD_FONTS or command in ("rm", "bf", "it", "scriptstyle", "!"):
        return ""
    if command in LAYOUT or command in (" ", "quad", "qquad", "\\"):
        return " "
    return f"\\{command} " if command.isalpha() else command


def plain_word(tokens: list[Tex]) -> str | None:
    r"""The letters of \operatorname{arg\,max} or \mathrm{KL} as one word; None if there is more than a word."""
    letters: list[str] = []
    for token in tokens:
        if token.kind == "char" and (token.text.isalnum() or token.text in "-.'"):
            letters.append(token.text)
        elif token.kind != "space" and not (token.kind == "command" and token.text in LAYOUT):
            return None
    word = "".join(letters)
    return word if word[:1].isalpha() else None


TextKind = Literal["nothing", "punctuation", "word", "prose"]


def classify_text(text: str) -> TextKind:
    r"""What the argument of a \text command is."""
    if not text:
        return "nothing"
    if not any(character.isalnum() for character in text):
        return "punctuation" if text in (",", ".", ";", ":") else "prose"
    compact = text.replace(" ", "").rstrip(".")
    if is_known(compact) and compact != "iid":
        return "word"
    if not _NAME.fullmatch(text) or text.lower() in LEADING_WORDS or text.lower().rstrip(".,:") in REASON_WORDS:
        return "prose"
    return "word"


def leads(text: str) -> bool:
    """Running text after which a new statement follows: where, with, and, if, so that …"""
    return _first_word(text) in LEADING_WORDS


def gives_reason(text: str) -> bool:
    """Running text that only says why: since, by Jensen, from (3) …"""
    return _first_word(text) in REASON_WORDS


def _first_word(text: str) -> str:
    found = re.search(r"[A-Za-z][\w.'’]*", text)
    word = found[0].lower() if found else ""
    return word if word in LEADING_WORDS or word in REASON_WORDS else word.rstrip(".,:")
