r"""Brackets after a name: laws and functions with their arguments, divergences with their two slots.

Whether p(…) is an application or a product, the survey of the document has found out.
"""

from __future__ import annotations

from collections.abc import Callable

from derive.reading.cursor import Cursor, ReadError
from derive.reading.differentials import after_scripts
from derive.reading.names import bare_name, relation_tail, with_scripts
from derive.reading.survey import PARAMETER_LETTERS
from derive.reading.syntax import (
    Apply,
    Argument,
    Divergence,
    Function,
    Mul,
    Name,
    Neg,
    Node,
    Num,
    Pow,
    Symbol,
)
from derive.reading.tokens import Token
from derive.reading.vocabulary import DIVERGENCE_WORDS

_MARKS = {"comma": ",", "bar": "|", "semicolon": ";", "colon": ":"}
_OPEN_ARGUMENTS = frozenset(["cdot", "times", "period", "minus"])
_APPLIED_FONTS = frozenset(["cal", "scr", "frak", "word", "bb"])
_BRACKETS = ("(", "[")


def name(c: Cursor) -> Node:
    """A name at the cursor, with its scripts, and applied to what stands in brackets after it."""
    start = c.position
    if c.at("letter", "e") and c.peek(1).kind == "sup":
        return _power_of_e(c)
    base = bare_name(c)
    if not isinstance(base, Name):
        return base
    named, power = with_scripts(c, base, start)
    if power is not None and named.base == "chi" and isinstance(power, Num) and divergence_ahead(c):
        named, power = _labelled(named, power), None
    node = applied(c, named, start)
    if power is None:
        return node
    if isinstance(power, Neg) and (isinstance(node, Apply) or c.survey.is_function(named.base)):
        hint = "write (f(x))^{-1} for the power, and give the inverse function a name"
        raise ReadError("an inverse function or a power?", c.since(start), hint)
    return Pow(c.since(start), node, power)


def _power_of_e(c: Cursor) -> Node:
    """e^{…} is exp."""
    start = c.position
    c.position += 2
    exponent = c.inside(c.expression)
    return Function(c.since(start), "exp", (exponent,))


def _labelled(named: Name, power: Num) -> Name:
    r"""The 2 of \chi^2(P ‖ Q) belongs to the name."""
    return Name(named.span, named.base, named.font, named.accents, named.subscript, power)


def applied(c: Cursor, named: Name, start: int) -> Node:
    """The name, or its application to the brackets at the cursor."""
    if divergence_ahead(c, named):
        return divergence(c, named, start)
    return application(c, named, start) if is_applied(c, named) else named


def application(c: Cursor, named: Name, start: int) -> Apply:
    """The name applied to the brackets at the cursor."""
    arguments = c.inside(lambda: argument_list(c), bars="condition")
    return Apply(c.since(start), named, arguments)


def is_applied(c: Cursor, named: Name) -> bool:
    """Do the brackets at the cursor hold arguments, not a factor?"""
    if c.at_open("\\{"):
        return named.font == "bb" and named.base in ("1", "I")
    if not c.at_open(*_BRACKETS) or named.base in c.survey.scalars:
        return False
    if named.font in _APPLIED_FONTS or c.survey.is_law(named.base) or c.survey.is_function(named.base):
        return True
    return c.peek().text == "(" and (_is_parametrised(named) or bool(_separators(c, lambda i: _is_comma(c, i))))


def _is_parametrised(named: Name) -> bool:
    r"""\mu_\theta: a network, not a number."""
    return isinstance(named.subscript, Name) and named.subscript.base in PARAMETER_LETTERS


def _is_comma(c: Cursor, index: int) -> bool:
    return c.tokens[index].kind == "comma"


def application_ahead(c: Cursor) -> bool:
    """Does the name at the cursor carry arguments, after its scripts?"""
    here = c.position
    letter = c.tokens[here + 2 if c.tokens[here].kind == "accent" and here + 2 < c.end else here]
    after = c.brackets.match[here + 1] + 1 if c.tokens[here].kind == "accent" else here + 1
    c.position = after_scripts(c.tokens, c.brackets.match, after)
    subscript = _lone_subscript(c.tokens[after : min(after + 4, c.end)])
    named = Name(letter.span, letter.text, letter.font, (), subscript)
    found = c.at("open") and (is_applied(c, named) or divergence_ahead(c))
    c.position = here
    return found


def _lone_subscript(tokens: list[Token]) -> Name | None:
    """The letter in _{x}, if that is all."""
    if [token.kind for token in tokens] != ["sub", "{", "letter", "}"]:
        return None
    return Name(tokens[2].span, tokens[2].text, tokens[2].font)


# ---------------------------------------------------------------- arguments


def argument_list(c: Cursor) -> tuple[Argument, ...]:
    """All arguments up to the end, each with the mark before it."""
    arguments: list[Argument] = []
    mark = ""
    while not c.at_end() or mark:
        start = c.position
        value = argument_value(c)
        arguments.append(Argument(c.since(start), mark, value))
        if c.at_end():
            break
        mark = _mark(c)
    return tuple(arguments)


def _mark(c: Cursor) -> str:
    if c.double_bar():
        c.warn("a double bar inside an argument list is read as a condition", c.peek().span)
        c.position += c.double_bar()
        return "|"
    if c.peek().kind not in _MARKS:
        c.unexpected("',' or the closing bracket")
    return _MARKS[c.take().kind]


def argument_value(c: Cursor) -> Node:
    r"""One argument: an expression, an event X = x, or an open place (\cdot)."""
    start = c.position
    if c.peek().kind in _OPEN_ARGUMENTS and (c.peek(1).kind in _MARKS or c.peek(1).kind == "end"):
        c.take()
        return Symbol(c.since(start), "cdot")
    return relation_tail(c, c.expression(), start)


# ---------------------------------------------------------------- divergences


def kind_of_divergence(named: Name) -> str:
    """KL, JS, TV, chi2 where the name says so; "" otherwise."""
    texts = {named.base, _text(named.subscript)}
    if "KL" in texts:
        return "KL"
    found = texts & set(DIVERGENCE_WORDS.values())
    if found:
        return found.pop()
    return "chi2" if named.base == "chi" else ""


def _text(node: Node | None) -> str:
    """A subscript as the word it spells: KL written as two letters is KL too."""
    if isinstance(node, Name):
        return node.base
    if isinstance(node, Mul):
        return "".join(_text(factor) for factor in node.factors)
    return ""


def divergence_ahead(c: Cursor, named: Name | None = None) -> bool:
    """Do the brackets at the cursor hold two laws apart by ‖ (or, after a KL, by any other mark)?"""
    if not c.at_open("(", "[", "\\{"):
        return False
    kind = kind_of_divergence(named) if named else ""
    if len(_double_bars(c)) % 2 == 1:
        return bool(kind) or not (named and c.survey.is_law(named.base))
    return kind in ("KL", "JS", "TV") and _single_separator(c) is not None


def divergence(c: Cursor, named: Name, start: int) -> Divergence:
    """head(left ‖ right) with the cursor at the bracket."""
    bars = _double_bars(c)
    separator = bars[len(bars) // 2] if bars else _single_separator(c)
    if separator is not None and not bars and c.tokens[separator].kind != "comma":
        c.warn("a single mark between two laws is read as ‖", c.tokens[separator].span)
    width = c.double_bar_at(separator) or 1 if separator is not None else 1
    assert separator is not None

    def slots() -> tuple[Node, Node]:
        left = c.within(separator, c.expression, after=separator + width)
        return left, c.expression()

    left, right = c.inside(slots)
    plain = bool(bars) and named.base == "D" and named.subscript is None  # D(p‖q), in information theory
    return Divergence(c.since(start), "KL" if plain else kind_of_divergence(named), named, left, right)


def _double_bars(c: Cursor) -> list[int]:
    return _separators(c, lambda i: c.double_bar_at(i) > 0, c.double_bar_at)


def _single_separator(c: Cursor) -> int | None:
    """The comma, else the bar, colon or semicolon between two slots."""
    for kind in ("comma", "bar", "colon", "semicolon"):
        found = _separators(c, lambda i, kind=kind: c.tokens[i].kind == kind)  # type: ignore[misc]
        if len(found) == 1:
            return found[0]
    return None


def _separators(c: Cursor, wanted: Callable[[int], bool], width: Callable[[int], int] = lambda i: 1) -> list[int]:
    """The places of a mark at the top level of the bracket at the cursor."""
    found = []
    i, closing = c.position + 1, c.brackets.match[c.position]
    while i < closing:
        if wanted(i):
            found.append(i)
            i += width(i)
        else:
            i = max(i, c.brackets.match[i]) + 1
    return found


def expression_list(c: Cursor) -> tuple[Node, ...]:
    """Expressions separated by commas, up to the end."""
    items = [c.expression()]
    while c.accept("comma"):
        items.append(c.expression())
    return tuple(items)
