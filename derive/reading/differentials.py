r"""Which d is a differential, and of which integral.

Inside an open \int a d before a name is its differential.  It closes the nearest integral that is still open in the
same bracket; further ones right beside it (dx dy) belong to it too, and those right after the \int stand in front.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from derive.reading.tokens import Token

_NAMES = frozenset(["letter", "accent", "{"])


@dataclass
class OpenIntegral:
    r"""An integral at token index (the first of \int\int), where its body begins, and its differentials.

    differentials  token indices of their d
    in_front       they stand before the body
    """

    index: int
    body: int
    differentials: list[int] = field(default_factory=list)
    in_front: bool = False


def find_differentials(tokens: list[Token], match: list[int]) -> dict[int, OpenIntegral]:
    """Every integral by its token index."""
    if not any(token.kind == "integral" for token in tokens):
        return {}
    search = _Search(tokens, match)
    index = 0
    while index < len(tokens):
        index = search.step(index)
    return search.found


class _Search:
    """Goes over the tokens; levels holds the open integrals of every open bracket."""

    def __init__(self, tokens: list[Token], match: list[int]) -> None:
        self._tokens, self._match = tokens, match
        self._levels: list[list[OpenIntegral]] = [[]]
        self._last: OpenIntegral | None = None
        self._last_end = -1
        self.found: dict[int, OpenIntegral] = {}

    def step(self, index: int) -> int:
        """Look at the token at index; returns the next index to look at."""
        token = self._tokens[index]
        if token.kind == "integral":
            return self._integral(index)
        if self._match[index] > index:
            self._levels.append([])
        elif self._match[index] >= 0 and len(self._levels) > 1:
            self._levels.pop()
        elif is_differential(self._tokens, index):
            return self._differential(index)
        elif token.kind in ("relation", "row"):
            self._levels[-1].clear()
        return index + 1

    def _integral(self, index: int) -> int:
        body = after_scripts(self._tokens, self._match, after_signs(self._tokens, index))
        self.found[index] = OpenIntegral(index, body)
        self._levels[-1].append(self.found[index])
        return body

    def _differential(self, index: int) -> int:
        owner = _owner(self._levels[-1], index) or (self._last if index == self._last_end else None)
        if owner is None:
            return index + 1
        owner.differentials.append(index)
        end = _end_of_name(self._tokens, self._match, after_scripts(self._tokens, self._match, index + 1))
        if is_dots(self._tokens, end) and is_differential(self._tokens, end + 1):
            end += 1
        self._last, self._last_end = owner, end
        return end


def after_signs(tokens: list[Token], index: int) -> int:
    r"""The index after the integral signs that begin at index: \int\int and \int\cdots\int are one."""
    while index < len(tokens) and tokens[index].kind == "integral":
        index += 1
        if is_dots(tokens, index) and index + 1 < len(tokens) and tokens[index + 1].kind == "integral":
            index += 1
    return index


def is_dots(tokens: list[Token], index: int) -> bool:
    return index < len(tokens) and tokens[index].kind == "symbol" and tokens[index].text == "dots"


def is_differential(tokens: list[Token], index: int) -> bool:
    r"""A d (or an upright d, or a d^n) right before a name."""
    token = tokens[min(index, len(tokens) - 1)]
    if token.kind != "upright d" and not (token.kind == "letter" and token.text == "d" and not token.font):
        return False
    if index + 2 < len(tokens) and tokens[index + 1].kind == "sup":  # d^n x
        index = next((i for i in range(index + 2, min(index + 9, len(tokens))) if tokens[i].kind == "}"), index)
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    if after is None:
        return False
    return after.kind in _NAMES or (after.kind == "open" and token.kind == "upright d")


def _owner(open_here: list[OpenIntegral], index: int) -> OpenIntegral | None:
    """The integral this differential closes; those already satisfied by one in front are passed over."""
    if open_here and open_here[-1].body == index:
        open_here[-1].in_front = True
        return open_here.pop()
    while open_here:
        integral = open_here.pop()
        if not integral.differentials:
            return integral
    return None


def _end_of_name(tokens: list[Token], match: list[int], index: int) -> int:
    """The index after the name that begins at index, with its scripts."""
    if index < len(tokens) and tokens[index].kind == "accent":
        index += 1
    index = max(index, match[index]) + 1 if index < len(tokens) else index
    return after_scripts(tokens, match, index)


def after_scripts(tokens: list[Token], match: list[int], index: int) -> int:
    """The index after the scripts that begin at index."""
    while index < len(tokens) and tokens[index].kind in ("sub", "sup", "prime"):
        if tokens[index].kind == "prime":
            index += 1
        else:
            index = max(index + 1, match[index + 1] if index + 1 < len(match) else 0) + 1
    return index
