r"""Expectations: \mathbb{E}_{z \sim q}[f], E_q f, ⟨f⟩_q, with what stands below them."""

from __future__ import annotations

from dataclasses import replace

from derive.reading.applications import application, applied
from derive.reading.cursor import Cursor, ReadError
from derive.reading.names import index, relation_tail
from derive.reading.syntax import (
    Argument,
    Expect,
    Function,
    Name,
    Node,
    Num,
    Pow,
    Range,
    Sampled,
    Tuple_,
)
from derive.reading.vocabulary import GREEK

Under = tuple[Node, ...]


def expectation(c: Cursor) -> Node:
    """An E at the cursor: an expectation, a power of one, an ordinary function E(x), or the bare letter."""
    start = c.position
    letter = c.take()
    under, power, primes = _scripts(c)
    if letter.extra == "maybe" and not _is_expectation(c, under):
        return _ordinary(c, start, under, power)
    if c.at_open("[", "(", "\\{") and not _power_of_body(c):
        body, given = c.inside(lambda: _body(c), bars="condition" if c.condition_ahead() else "none")
        if not under and c.at("sub"):
            c.take()
            under = under_list(c)
        node: Node = Expect(c.since(start), under, body, given)
    elif c.starts_factor():
        body = c.term()
        node = Expect(c.since(start), under, body, bracketed=False)
        c.warn("an expectation without brackets is read as reaching to the end of its term", letter.span)
    else:
        return _bare(c, start, under, power)
    if primes:
        raise ReadError("a prime on an expectation is not read", letter.span)
    return node if power is None else Pow(c.since(start), node, power)


def _scripts(c: Cursor) -> tuple[Under, Node | None, bool]:
    r"""What stands below the E, and its power; a law above it (E^q) is put below."""
    under: Under = ()
    power: Node | None = None
    primes = False
    while c.peek().kind in ("sub", "sup", "prime"):
        kind = c.take().kind
        if kind == "prime":
            primes = True
        elif kind == "sub":
            under = (*under, *under_list(c))
        else:
            above = index(c, raised=True)
            if isinstance(above, Name) and c.survey.is_law(above.base):
                under = (*under, above)
            else:
                power = above
    return under, power, primes


def _is_expectation(c: Cursor, under: Under) -> bool:
    """A plain E is an expectation before [, over a law, or over a variable before a bracket; E_θ(x) is a function."""
    if c.at_open("[") or any(_is_law(c, node) for node in under):
        return True
    if "E" in c.survey.functions:
        return False
    return (c.at_open("(", "\\{") or c.at("expect")) and all(_is_variable(c, node) for node in under)


def _is_law(c: Cursor, node: Node) -> bool:
    return c.survey.is_law(node.base) if isinstance(node, Name) else not isinstance(node, Num)


def _is_variable(c: Cursor, node: Node) -> bool:
    if not isinstance(node, Name) or node.font == "word":
        return False
    return node.base not in GREEK and node.base not in c.survey.indices


def _ordinary(c: Cursor, start: int, under: Under, power: Node | None) -> Node:
    """E as any other letter."""
    named = replace(_bare(c, start, under, None), font=c.tokens[start].font)
    node: Node = application(c, named, start) if under and c.at_open("(") else applied(c, named, start)
    return node if power is None else Pow(c.since(start), node, power)


def _bare(c: Cursor, start: int, under: Under, power: Node | None) -> Name:
    subscript = under[0] if len(under) == 1 else Tuple_(c.since(start), under) if under else None
    return Name(c.since(start), "E", "bb", (), subscript, power)


def _power_of_body(c: Cursor) -> bool:
    r"""E(X - \mu)^2 means the mean of the square, not the square of the mean."""
    after = c.brackets.match[c.position] + 1
    return c.peek().text == "(" and after < c.end and c.tokens[after].kind == "sup"


def _body(c: Cursor) -> tuple[Node, Under]:
    start = c.position
    body = relation_tail(c, c.expression(), start)
    given: list[Node] = []
    if c.accept("bar"):
        given.append(_condition(c))
        while c.accept("comma") or c.accept("semicolon"):
            given.append(_condition(c))
    return body, tuple(given)


def _condition(c: Cursor) -> Node:
    start = c.position
    return relation_tail(c, c.expression(), start)


# ---------------------------------------------------------------- below the E


def under_list(c: Cursor) -> Under:
    r"""The content of the script below an E: z \sim q(z|x), q, q(z), several of them, or variables."""
    return c.inside(lambda: _under_items(c), bars="condition" if c.condition_ahead() else "none")


def _under_items(c: Cursor) -> Under:
    items: list[Node] = []
    waiting: list[Node] = []
    while not c.at_end():
        start = c.position
        node = _under_item(c)
        if c.at("relation", "~"):
            iid = "iid" in c.take().extra or c.accept("text")
            law = c.expression()
            items.append(Sampled(c.since(start), _variables([*waiting, node]), law, iid))
            waiting = []
        else:
            waiting.append(relation_tail(c, node, start))
        if c.at("bar") and c.take():
            waiting.append(Argument(c.tokens[c.position - 1].span, "|", _under_item(c)))
        if not c.at_end() and not (c.accept("comma") or c.accept("semicolon")):
            c.unexpected("','")
    return (*items, *waiting)


def _under_item(c: Cursor) -> Node:
    r"""A variable, a law, or all indices but one (-j, \neq j)."""
    start = c.position
    if c.at("without") or c.at("minus") or c.at("relation", "!="):
        c.take()
        return Range(c.since(start), "without", None, c.expression())
    return c.expression()


def _variables(nodes: list[Node]) -> Under:
    """(x, y) ~ p draws x and y."""
    flat: list[Node] = []
    for node in nodes:
        flat.extend(node.items if isinstance(node, Tuple_) else [node])
    return tuple(flat)


# ---------------------------------------------------------------- angle brackets


def angle(c: Cursor) -> Node:
    r"""⟨f⟩_q is an expectation, ⟨a, b⟩ an inner product."""
    start = c.position
    items = c.inside(lambda: _angle_items(c))
    if len(items) == 1:
        under: Under = ()
        if c.accept("sub"):
            under = under_list(c)
        return Expect(c.since(start), under, items[0])
    return Function(c.since(start), "inner", items)


def _angle_items(c: Cursor) -> Under:
    items = [c.expression()]
    while c.accept("comma") or c.accept("bar"):
        items.append(c.expression())
    return tuple(items)
