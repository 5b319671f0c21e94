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
    found: dict[int, OpenIntegral] = {}
    if not any(token.kind == "integral" for token in tokens):
        return found
    levels: list[list[OpenIntegral]] = [[]]
    last: OpenIntegral | None = None
    last_end, index = -1, 0
    while index < len(tokens):
        token = tokens[index]
        if token.kind == "integral":
            integral = OpenIntegral(index, after_scripts(tokens, match, after_signs(tokens, index)))
            found[index] = integral
            levels[-1].append(integral)
            index = integral.body
            continue
        if match[index] > index:
            levels.append([])
        elif match[index] >= 0 and len(levels) > 1:
            levels.pop()
        elif is_differential(tokens, index):
            owner = _owner(levels[-1], index) or (last if index == last_end else None)
            if owner is not None:
                owner.differentials.append(index)
                last, last_end = owner, _end_of_name(tokens, match, after_scripts(tokens, match, index + 1))
                index = last_end
                continue
        elif token.kind in ("relation", "row"):
            levels[-1].clear()
        index += 1
    return found


def after_signs(tokens: list[Token], index: int) -> int:
    r"""The index after the integral signs that begin at index: \int\int is one double integral."""
    while index < len(tokens) and tokens[index].kind == "integral":
        index += 1
    return index


def is_differential(tokens: list[Token], index: int) -> bool:
    r"""A d (or an upright d, or a d^n) right before a name."""
    token = tokens[index]
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
