r"""Sums, products, optima, limits and gradients: what stands below them and how far they reach."""

from __future__ import annotations

from derive.reading.applications import expression_list
from derive.reading.cursor import Cursor, ReadError
from derive.reading.differentials import after_scripts
from derive.reading.groups import braces
from derive.reading.names import index
from derive.reading.syntax import (
    BigOperator,
    Function,
    Gradient,
    Name,
    Node,
    Optimum,
    Symbol,
    Tuple_,
)
from derive.reading.tokens import Token
from derive.reading.under import under

# ---------------------------------------------------------------- sums and products


def big_operator(c: Cursor) -> Node:
    r"""\sum or \prod with its limits; the body is the rest of the term."""
    start = c.position
    kind = c.take().text
    below: Node | None = None
    above: Node | None = None
    while c.peek().kind in ("sub", "sup"):
        if c.take().kind == "sub":
            below = under(c)
        else:
            above = index(c, raised=True)
    body = c.term()
    return BigOperator(c.since(start), "sum" if kind == "sum" else "prod", below, above, body)


# ---------------------------------------------------------------- optima and limits


def optimum(c: Cursor, whole: bool = False) -> Node:
    r"""\arg\max_\theta body, \sup_T body, \max(a, b); whole: the body is all that follows, not just the term."""
    start = c.position
    kind = c.take().text
    over: tuple[Node, ...] = ()
    while c.at("sub"):
        c.take()
        below = under(c)
        over = (*over, *(below.items if isinstance(below, Tuple_) else (below,)))
    if not over and c.at_open("(", "\\{", "["):
        return _extreme_of_list(c, kind, start)
    if not over and not c.starts_factor() and kind in ("max", "min"):
        return Name(c.since(start), kind, "word")
    body = _body(c, whole)
    return Optimum(c.since(start), kind, over, body)  # type: ignore[arg-type]


def _body(c: Cursor, whole: bool) -> Node:
    r"""The body of an optimum; in \sup_T \{ … \} the braces only hold it together, if nothing follows them."""
    if c.at_open("\\{") and c.brackets.match[c.position] + 1 >= c.end:
        return braces(c, grouping=True)
    return c.expression() if whole else c.term()


def _extreme_of_list(c: Cursor, kind: str, start: int) -> Node:
    r"""\max(a, b), \min\{a, b\}; with one item in the brackets it is an optimum whose variable is not named."""
    items = c.inside(lambda: expression_list(c))
    if len(items) > 1 and kind in ("max", "min", "sup", "inf"):
        return Function(c.since(start), kind, items)
    return Optimum(c.since(start), kind, (), items[0])  # type: ignore[arg-type]


def limit(c: Cursor) -> Node:
    r"""\lim_{n \to \infty} body."""
    start = c.position
    name = c.take().text
    base = None
    if c.accept("sub"):
        base = under(c)
    body = c.term()
    return Function(c.since(start), name, (body,), base)


# ---------------------------------------------------------------- gradients


def nabla(c: Cursor) -> Node:
    r"""\nabla_\theta of one factor or one big operator."""
    start = c.position
    c.take()
    return _gradient(c, start)


def partial(c: Cursor) -> Node:
    r"""\partial_\theta body, or the \partial x of a quotient."""
    start = c.position
    c.take()
    if c.at("sub"):
        return _gradient(c, start)
    if c.at("sup"):
        raise ReadError("higher derivatives are not read", c.peek().span)
    return Function(c.since(start), "partial", (c.factor(),))


def _gradient(c: Cursor, start: int) -> Node:
    variables: tuple[Node, ...] = ()
    while c.peek().kind in ("sub", "sup"):
        if c.at("sup"):
            raise ReadError("second derivatives are not read", c.peek().span)
        c.take()
        below = index(c)
        variables = (*variables, *(below.items if isinstance(below, Tuple_) else (below,)))
    if not c.starts_factor():
        return Gradient(c.since(start), variables, Symbol(c.since(start), "cdot"))
    return Gradient(c.since(start), variables, c.factor())


def derivative(c: Cursor, start: int, top: range, bottom: range) -> Node | None:
    r"""\frac{\partial f}{\partial x} and \frac{d}{dx} f, with the insides of the fraction given; None for others."""
    if not _is_derivative_sign(c.tokens, top) or not _is_denominator(c, bottom):
        return None
    after = c.position
    variables = _denominator(c, bottom)
    if len(top) == 1:
        c.position = after
        return Gradient(c.since(start), variables, c.factor())
    c.position = top.start + 1
    if c.at("sup"):
        raise ReadError("higher derivatives are not read", c.peek().span)
    body = c.within(top.stop, c.term, after=after)
    return Gradient(c.since(start), variables, body)


def _is_derivative_sign(tokens: list[Token], inside: range) -> bool:
    if not inside:
        return False
    first = tokens[inside.start]
    return first.kind in ("partial", "upright d") or (first.kind == "letter" and first.text == "d" and not first.font)


def _is_denominator(c: Cursor, bottom: range) -> bool:
    """Nothing but d or ∂ before names."""
    i = bottom.start
    while i < bottom.stop:
        name = i + 1
        if not _is_derivative_sign(c.tokens, range(i, bottom.stop)) or name >= bottom.stop:
            return False
        if c.tokens[name].kind not in ("letter", "accent"):
            return False
        opening = name + (c.tokens[name].kind == "accent")
        i = after_scripts(c.tokens, c.brackets.match, max(opening, c.brackets.match[opening]) + 1)
    return bool(bottom)


def _denominator(c: Cursor, bottom: range) -> tuple[Node, ...]:
    """The names after each d or ∂."""
    c.position = bottom.start
    variables: list[Node] = []

    def names() -> None:
        while not c.at_end():
            c.position += 1
            variables.append(c.factor())

    c.within(bottom.stop, names)
    return tuple(variables)
