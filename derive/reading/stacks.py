r"""Commands that put one thing over, under or around another: \overset, \underbrace, \boxed, \textcolor …"""

from __future__ import annotations

from derive.reading.lexer import Tex
from derive.reading.tokens import Token, Translator, at_top
from derive.reading.vocabulary import ABOVE_DEFINES, BRACES, STACKS, WRAPPERS
from derive.reading.words import text_of

_TAKES_LIMITS = frozenset(["optimum", "expect", "lim", "function", "big", "integral"])


def stack(t: Translator, index: int, high: int) -> int:
    r"""\overset{a}{b}, \underset{a}{b}, \stackrel{a}{b}: b with a remark, or with a below it as its subscript."""
    name = t.tex[index].text
    low, last, middle = t.argument_range(index + 1, high)
    body, after = t.captured_argument(middle, high)
    remark = text_of(t.tex[low:last])
    place = Tex("command", name, t.tex[index].start, t.tex[max(index, after - 1)].end)
    if len(body) == 1 and body[0].kind == "relation":
        t.out.append(_relation(body[0], remark, place))
    elif body and body[0].kind in _TAKES_LIMITS:
        _as_limits(t, body, low, last, place, below=STACKS[name] == "below")
    elif len(body) == 1 and body[0].kind == "letter" and STACKS[name] == "above":
        _as_accent(t, body, remark, place)
    else:
        t.note("above" if STACKS[name] == "above" else "below", remark, index, after)
        t.out.extend(body)
    return after


def _relation(body: Token, remark: str, place: Tex) -> Token:
    defines = remark in ABOVE_DEFINES and body.text in ("=", ":=", "=:")
    sign = ":=" if defines and body.text == "=" else body.text
    above = " ".join(part for part in (remark, body.extra) if part)
    return Token("relation", sign, place.start, place.end, "marked" if defines else body.font, above)


def _as_limits(t: Translator, body: list[Token], low: int, last: int, place: Tex, below: bool) -> None:
    """arg max with θ under it, E with z ~ q under it."""
    for token in body:
        _emit_body(t, token)
    t.emit("sub" if below else "sup", "_" if below else "^", place)
    t.emit("{", "{", place)
    before, t.script = t.script, "_" if below else "^"
    t.run(low, last)
    t.script = before
    t.emit("}", "}", place)


def _emit_body(t: Translator, token: Token) -> None:
    if token.kind == "optimum" and token.text in ("max", "min") and t.out and t.out[-1].kind == "arg":
        arg = t.out.pop()
        token = token._replace(text="arg" + token.text, start=arg.start)
    t.out.append(token._replace(extra="") if token.kind == "expect" else token)


def _as_accent(t: Translator, body: list[Token], remark: str, place: Tex) -> None:
    t.emit("accent", remark.lstrip("\\"), place)
    t.emit("{", "{", place)
    t.out.extend(body)
    t.emit("}", "}", place)


def brace(t: Translator, index: int, high: int) -> int:
    r"""\underbrace{body}_{label}, \boxed{body}: a remark on a part; around a whole claim it is only a note."""
    name = t.tex[index].text
    body, after = t.captured_argument(index + 1, high)
    label, after = _label(t, BRACES[name], after, high)
    place = Tex("command", name, t.tex[index].start, t.tex[max(index, after - 1)].end)
    if not BRACES[name] or any(token.kind in ("relation", "row", "tag") for token in at_top(body)):
        t.note(name, label, index, after)
        t.out.extend(body if _splits(body) else [_open(place), *body, _close(place)])
    elif not _continues_a_sum(t.out, body):
        _labelled(t, body, label, place)
    elif len(_signs(body)) == 1:
        t.out.append(body[0])
        _labelled(t, body[1:], label, place)
    else:
        t.note(name, label, index, after)
        t.out.extend(body)
    return after


def _labelled(t: Translator, body: list[Token], label: str, place: Tex) -> None:
    t.emit("labelled", place.text, place, extra=label)
    t.out.extend([_open(place), *body, _close(place)])


def _continues_a_sum(before: list[Token], body: list[Token]) -> bool:
    r"""a \underbrace{- b}_{c} is a difference, whatever is under its second term."""
    if not body or body[0].kind not in ("plus", "minus"):
        return False
    return bool(before) and before[-1].kind in ("}", "close", "letter", "digit", "symbol", "const", "bar", "doublebar")


def _signs(body: list[Token]) -> list[Token]:
    return [token for token in at_top(body) if token.kind in ("plus", "minus")]


def _splits(body: list[Token]) -> bool:
    return any(token.kind in ("relation", "row", "tag", "text") for token in at_top(body)) or len(body) < 2


def _open(place: Tex) -> Token:
    return Token("{", "{", place.start, place.end)


def _close(place: Tex) -> Token:
    return Token("}", "}", place.start, place.end)


def _label(t: Translator, sign: str, index: int, high: int) -> tuple[str, int]:
    after = t.skip_spaces(index, high)
    if sign and t.next_is(after, high, "char", sign):
        return t.text_argument(after + 1, high)
    return "", index


def wrapper(t: Translator, index: int, high: int) -> int:
    r"""\textcolor{red}{body}, \uncover<2->{body}: the body, with a note of what is around it."""
    name = t.tex[index].text
    after = _overlay(t, index + 1, high)
    remarks = [text_of(t.tex[index + 1 : after])] if after > index + 1 else []
    for _ in range(WRAPPERS[name]):
        remark, after = t.text_argument(after, high)
        remarks.append(remark)
    t.note(name, " ".join(remarks), index, after)
    body, after = t.captured_argument(after, high)
    t.out.extend(body)
    return after


def _overlay(t: Translator, index: int, high: int) -> int:
    """The <2-> of a slide."""
    if t.next_is(index, high, "char", "<"):
        for closing in range(index + 1, min(high, index + 12)):
            if t.next_is(closing, high, "char", ">"):
                return closing + 1
    return index
