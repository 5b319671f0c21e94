r"""\begin and \end inside a formula: rows and columns pass through, case distinctions and matrices are named errors."""

from __future__ import annotations

from derive.reading.statements import Note
from derive.reading.tokens import Translator
from derive.reading.vocabulary import ENVIRONMENTS_WITH_ARGUMENT, FOREIGN_ENVIRONMENTS, LAYOUT_ENVIRONMENTS


def environment(t: Translator, index: int, high: int) -> int:
    r"""Translate the \begin or \end at index."""
    token = t.tex[index]
    if token.kind == "end":
        return index + 1
    last = t.partner.get(index)
    if last is None or last >= high:
        t.warn(rf"\begin{{{token.text}}} is never ended", token)
        last = None
    if token.text in FOREIGN_ENVIRONMENTS:
        return _foreign(t, index, last, FOREIGN_ENVIRONMENTS[token.text])
    open_brace = last is not None and t.out and t.out[-1].text == "\\{" and _ends_open(t, last + 1, high)
    if token.text == "array" and _is_matrix(t):
        if open_brace:
            t.out.pop()
        return _foreign(t, index, last, "a case distinction" if open_brace else "an array inside a bracket")
    if token.text not in LAYOUT_ENVIRONMENTS:
        t.warn(f"unknown environment {token.text}, read as plain rows", token)
    if open_brace:
        brace = t.out.pop()
        t.notes.append(Note(brace.span, "brace", "a system of equations"))
    return _skip_arguments(t, index, high)


def _ends_open(t: Translator, index: int, high: int) -> bool:
    r"""\right. after the environment: the brace before it is never closed."""
    right = t.skip_spaces(index, high)
    dot = t.skip_spaces(right + 1, high)
    return t.next_is(right, high, "command", "right") and t.next_is(dot, high, "char", ".")


def _foreign(t: Translator, index: int, last: int | None, what: str) -> int:
    """One error in place of the whole environment."""
    end = index if last is None else last
    place = t.tex[index]._replace(end=t.tex[end].end)
    t.emit("error", f"{what} ({t.tex[index].text}) is not read", place)
    return end + 1


def _is_matrix(t: Translator) -> bool:
    return bool(t.out) and t.out[-1].kind == "open"


def _skip_arguments(t: Translator, index: int, high: int) -> int:
    r"""[t] after \begin{aligned}, {rcl} after \begin{array}."""
    after = index + 1
    optional = t.optional_range(after, high)
    if optional and optional[1] - optional[0] <= 2:
        after = optional[2]
    if t.tex[index].text in ENVIRONMENTS_WITH_ARGUMENT:
        columns, after = t.text_argument(after, high)
        t.note("columns", columns, index, after)
    return after
