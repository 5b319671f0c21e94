r"""Names with what hangs on them: subscripts, superscripts, accents, primes; and plain numbers.

A superscript is part of the name (q^*, x^{(i)}, z') or a power (\sigma^2); is_label decides.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from derive.reading.cursor import Cursor, ReadError
from derive.reading.survey import NUMBER_LETTERS
from derive.reading.syntax import (
    Argument,
    Compare,
    Equation,
    Function,
    Member,
    Name,
    Neg,
    Node,
    Num,
    Range,
    Symbol,
    Tuple_,
)
from derive.reading.tokens import Token
from derive.reading.vocabulary import GREEK

MAX_DIGITS = 300
_MARK_SYMBOLS = {"star": "star", "top": "top", "dagger": "dagger", "diamond": "diamond"}
_WORDS_IN_SCRIPTS = frozenset(["function", "optimum", "const", "lim", "arg"])
_RANGE_SIGNS = frozenset(["<", "<=", ">", ">="])
# Greek letters that are variables or parameters rather than numbers: θ^t is the t-th θ, λ^t a power.
_INDEXED_GREEK = frozenset(
    ["theta", "phi", "psi", "mu", "Sigma", "xi", "omega", "nu", "vartheta", "varphi", "Theta", "pi"]
)


# ---------------------------------------------------------------- numbers


def number(c: Cursor) -> Node:
    """Digits, with a decimal point between or before digits."""
    start = c.position
    if c.at("period") and c.peek(1).kind != "digit":
        c.unexpected("an operand")
    text = "0." if c.take().kind == "period" else c.tokens[start].text
    while _continues_number(c, text):
        text += "." if c.at("period") else c.peek().text
        c.position += 1
    if len(text) > MAX_DIGITS:
        raise ReadError(f"a number of more than {MAX_DIGITS} digits", c.since(start))
    return Num(c.since(start), Fraction(text or "0"))


def _continues_number(c: Cursor, text: str) -> bool:
    adjacent = c.peek().start <= c.tokens[c.position - 1].end
    if c.at("digit"):
        return adjacent and "/" not in text + c.peek().text
    return adjacent and c.at("period") and "." not in text and c.peek(1).kind == "digit"


# ---------------------------------------------------------------- names


def bare_name(c: Cursor) -> Node:
    """A letter, a word, or one of them under an accent; without scripts."""
    start = c.position
    token = c.take()
    if token.kind == "letter":
        return Name(c.since(start), token.text, token.font)
    inner = c.inside(c.expression)
    if isinstance(inner, Name):
        return replace(inner, span=c.since(start), accents=(*inner.accents, token.text))
    return Function(c.since(start), token.text, (inner,))


def with_scripts(c: Cursor, name: Name, start: int) -> tuple[Name, Node | None]:
    """The name with the scripts after it, and the power it is raised to, if it is."""
    subscripts: list[Node] = [] if name.subscript is None else [name.subscript]
    labels: list[Node] = [] if name.superscript is None else [name.superscript]
    power: Node | None = None
    while c.peek().kind in ("sub", "sup", "prime"):
        if c.at("prime"):
            labels.append(Symbol(c.take().span, "prime"))
        elif c.at("sub"):
            c.take()
            subscripts.append(index(c))
        elif power is None:
            power = _superscript(c, name, labels)
        else:
            c.unexpected()
    named = replace(name, span=c.since(start), subscript=_one(subscripts), superscript=_one(labels))
    return named, power


def _one(parts: list[Node]) -> Node | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    return Tuple_(parts[0].span.join(parts[-1].span), tuple(parts))


def _superscript(c: Cursor, name: Name, labels: list[Node]) -> Node | None:
    """Read ^{…}: add it to the labels of the name, or return it as its power."""
    c.take()
    content = c.tokens[c.position + 1 : c.brackets.match[c.position]]
    if len(content) > 1 and all(token.kind == "prime" for token in content):
        labels.extend(Symbol(token.span, "prime") for token in content)
        c.position += len(content) + 2
        return None
    if _are_marks(c, c.position + 1):
        c.inside(lambda: _marks(c, labels))
        return None
    label = is_label(c, name, content)
    value = index(c, raised=True)
    if label:
        in_brackets = bool(content) and content[0].kind == "open" and not isinstance(value, Tuple_)
        labels.append(Tuple_(value.span, (value,)) if in_brackets else value)
        return None
    return value


def _are_marks(c: Cursor, start: int) -> bool:
    r"""(t)\top, (i)*: a number in brackets, then marks."""
    closing = c.brackets.match[start]
    end = c.brackets.match[start - 1]
    rest = c.tokens[closing + 1 : end]
    return c.tokens[start].kind == "open" and start < closing < end - 1 and all(_is_mark(token) for token in rest)


def _is_mark(token: Token) -> bool:
    return token.kind in ("times", "prime") or token.text in _MARK_SYMBOLS or token.text == "T"


def _marks(c: Cursor, labels: list[Node]) -> None:
    first = c.inside(c.expression)
    labels.append(Tuple_(first.span, (first,)))
    while not c.at_end():
        token = c.take()
        labels.append(Name(token.span, "T") if token.text == "T" else Symbol(token.span, _mark_kind(token)))


def _mark_kind(token: Token) -> str:
    return "star" if token.kind == "times" else "prime" if token.kind == "prime" else token.text


def is_label(c: Cursor, name: Name, content: list[Token]) -> bool:
    """Is this superscript part of the name, rather than a power?"""
    first = content[0] if content else None
    if first is None:
        return True
    if len(content) == 1 and (first.kind in ("times", "prime", "plus", "minus", "text") or first.font == "word"):
        return True
    if len(content) == 1 and first.kind == "symbol":
        return first.text in _MARK_SYMBOLS
    if first.kind == "open" and content[-1].kind == "close":
        return True
    if len(content) == 1 and first.text == "T":
        return True
    letters = {token.text for token in content if token.kind == "letter"}
    if c.survey.is_law(name.base) and len(content) == 1 and first.kind == "letter":
        return first.text not in NUMBER_LETTERS and first.text not in c.survey.scalars
    if name.font in ("cal", "scr", "word") and letters and all(token.kind == "letter" for token in content):
        return True
    counts_up = all(token.kind in ("letter", "digit", "plus", "minus") for token in content)
    indexed = name.base not in GREEK or name.base in _INDEXED_GREEK
    return bool(letters) and counts_up and letters <= c.survey.indices and indexed


# ---------------------------------------------------------------- indices


def index(c: Cursor, raised: bool = False) -> Node:
    r"""The content of a script: i, 1:T, <t, \setminus j, x|z, k+1, a word; what cannot be read is kept as it stands.

    A raised -j is minus j; a lowered one means all indices but j.
    """
    start = c.position
    bars = "condition" if c.condition_ahead() else "none"
    read = c.attempt(lambda: c.inside(lambda: _index_list(c, raised), bars=bars))
    if read is not None:
        return read
    if c.brackets.match[start] < 0:
        c.unexpected()
    content = c.tokens[start + 1 : c.brackets.match[start]]
    if any(token.kind == "error" for token in content):
        c.position = next(start + 1 + i for i, token in enumerate(content) if token.kind == "error")
        c.unexpected()
    c.position = c.brackets.match[start] + 1
    c.warn("this script is kept as it is written", c.since(start))
    return Name(c.since(start), " ".join(token.text for token in content), "word")


def _index_list(c: Cursor, raised: bool) -> Node:
    start = c.position
    items = [_index_item(c, raised)]
    while not c.at_end():
        if c.accept("comma") or c.accept("semicolon"):
            items.append(_index_item(c, raised))
        elif c.at("bar"):
            bar = c.take()
            items.append(Argument(bar.span, "|", _index_item(c, raised)))
        else:
            c.unexpected()
    return items[0] if len(items) == 1 else Tuple_(c.since(start), tuple(items))


def _index_item(c: Cursor, raised: bool) -> Node:
    start = c.position
    token = c.peek()
    if token.kind in _WORDS_IN_SCRIPTS and c.peek(1).kind in ("end", "comma"):
        return Name(c.take().span, token.text, "word")
    if c.peek(1).kind in ("end", "comma", "bar") and token.kind in ("times", "plus", "minus", "cdot", "prime", "text"):
        c.take()
        return _mark(token)
    if token.kind == "without" or (token.kind == "relation" and token.text in (*_RANGE_SIGNS, "!=")):
        sign = c.take().text
        body = c.expression()
        return Range(c.since(start), sign if sign in _RANGE_SIGNS else "without", None, body)  # type: ignore[arg-type]
    left = None if c.at("colon") else c.expression()
    if c.accept("colon"):
        last = None if c.peek().kind in ("end", "comma") else c.expression()
        return Range(c.since(start), ":", left, last)
    if not raised and isinstance(left, Neg) and isinstance(left.body, Name):
        return Range(c.since(start), "without", None, left.body)
    assert left is not None
    return relation_tail(c, left, start)


def _mark(token: Token) -> Node:
    if token.kind == "text":
        return Name(token.span, token.text, "word")
    return Symbol(token.span, {"times": "star"}.get(token.kind, token.kind))


def relation_tail(c: Cursor, left: Node, start: int) -> Node:
    r"""left, or left with what it is related to inside brackets: X = x, i \in D, j < k."""
    while c.at("relation"):
        sign = c.take().text
        right = c.expression()
        span = c.since(start)
        if sign == "=":
            left = Equation(span, left, right)
        elif sign == "in":
            left = Member(span, left, right)
        else:
            left = Compare(span, sign, left, right)
    return left
