"""Which bracket closes which, and what to say about those that close nothing.

A bracket may stay open over a row break, as long as the next row does not begin or align at a relation: there a
forgotten bracket must not swallow the rest of the display.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from derive.reading.syntax import Span
from derive.reading.tokens import MAX_NESTING, Token

CLOSING = {"(": ")", "[": "]", "\\{": "\\}", "<": ">", "{": "}"}
_OPENS = frozenset(["open", "{"])
_CLOSES = frozenset(["close", "}"])


class Trouble(NamedTuple):
    """A bracket without its partner: what to say, where, and the opening bracket that would have to be closed."""

    message: str
    at: Span
    opening: Token | None = None


@dataclass(frozen=True)
class Brackets:
    """match[i] is the index of the partner of bracket i, -1 elsewhere; troubles are the brackets without one."""

    match: list[int]
    troubles: dict[int, Trouble] = field(default_factory=dict)


def match_brackets(tokens: list[Token]) -> Brackets:
    """Pair the brackets of tokens."""
    found = Brackets([-1] * len(tokens))
    hard = _hard_breaks(tokens)
    waiting: list[int] = []
    for index, token in enumerate(tokens):
        if token.kind in _OPENS:
            waiting.append(index)
        elif token.kind in _CLOSES:
            _close(tokens, waiting, index, found)
        elif index in hard:
            while waiting and tokens[waiting[-1]].kind == "open":
                _never_closed(tokens, waiting.pop(), found)
    for index in waiting:
        _never_closed(tokens, index, found)
    return found


def _close(tokens: list[Token], waiting: list[int], index: int, found: Brackets) -> None:
    wanted = tokens[index].text
    if waiting and CLOSING[tokens[waiting[-1]].text] == wanted:
        _pair(found, waiting.pop(), index)
        return
    nearest = enumerate(islice(reversed(waiting), MAX_NESTING))
    depth = next((d for d, i in nearest if _ends_search(tokens[i], wanted)), None)
    if depth is None or CLOSING[tokens[waiting[-1 - depth]].text] != wanted:
        _closes_nothing(tokens, waiting, index, found)
        return
    for _ in range(depth):
        opening = waiting.pop()
        message = f"unexpected {_shown(wanted)}, expected {_shown(CLOSING[tokens[opening].text])}"
        found.troubles[opening] = Trouble(message, tokens[index].span, tokens[opening])
    _pair(found, waiting.pop(), index)


def _ends_search(token: Token, wanted: str) -> bool:
    """A bracket inside braces is closed inside them."""
    return CLOSING[token.text] == wanted or token.kind == "{"


def _closes_nothing(tokens: list[Token], waiting: list[int], index: int, found: Brackets) -> None:
    token = tokens[index]
    if not waiting or tokens[waiting[-1]].kind == "{":
        found.troubles[index] = Trouble(f"unexpected {_shown(token.text)}: no bracket is open", token.span)
    elif _is_interval(tokens, waiting[-1], index):
        _pair(found, waiting.pop(), index)
    else:
        opening = tokens[waiting[-1]]
        message = f"unexpected {_shown(token.text)}, expected {_shown(CLOSING[opening.text])}"
        found.troubles[index] = Trouble(message, token.span, opening)


def _is_interval(tokens: list[Token], opening: int, closing: int) -> bool:
    """[0, 1) and (0, 1]: two ends, one comma."""
    ends = {tokens[opening].text, tokens[closing].text}
    inside = tokens[opening + 1 : min(closing, opening + 20)]
    commas = sum(token.kind == "comma" for token in inside)
    return ends in ({"[", ")"}, {"(", "]"}) and closing - opening < 20 and commas == 1


def _never_closed(tokens: list[Token], index: int, found: Brackets) -> None:
    token = tokens[index]
    found.troubles[index] = Trouble(f"this {_shown(token.text)} is never closed", token.span)


def _pair(found: Brackets, opening: int, closing: int) -> None:
    found.match[opening] = closing
    found.match[closing] = opening


def _shown(bracket: str) -> str:
    return f"'{bracket}'"


def _hard_breaks(tokens: list[Token]) -> set[int]:
    """Row breaks before a row that begins with a relation or aligns at one."""
    hard: set[int] = set()
    row = -1
    for index, token in enumerate(tokens):
        if token.kind == "row":
            row = index
        elif token.kind == "relation" and row >= 0 and _starts_or_aligns(tokens, row, index):
            hard.add(row)
    return hard


def _starts_or_aligns(tokens: list[Token], row: int, relation: int) -> bool:
    before = tokens[relation - 1].kind
    after = tokens[relation + 1].kind if relation + 1 < len(tokens) else ""
    return before in ("amp", "row") or after == "amp" or (before == "quad" and relation - row <= 3)


def without_inner_layout(tokens: list[Token], brackets: Brackets) -> list[Token]:
    """The tokens without row breaks, columns and wide spaces inside brackets, where they mean nothing."""
    kept: list[Token] = []
    depth = 0
    for index, token in enumerate(tokens):
        if brackets.match[index] > index:
            depth += 1
        elif brackets.match[index] >= 0:
            depth -= 1
        if depth == 0 or token.kind not in ("row", "amp", "quad"):
            kept.append(token)
    return kept
