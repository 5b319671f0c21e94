r"""Brackets that stand by themselves: (a + b), (a, b), [0, 1], \{x_i\}_{i=1}^n, |a|, ‖a‖."""

from __future__ import annotations

from derive.reading.applications import expression_list
from derive.reading.cursor import Cursor, ReadError
from derive.reading.names import index, relation_tail
from derive.reading.syntax import Abs, Apply, Function, Name, Node, Num, Set_, Symbol, Tuple_
from derive.reading.under import under

_ITEMS_OF_SETS = (Name, Num, Apply, Symbol, Tuple_)


def grouped(c: Cursor) -> Node:
    """Brackets that hold one thing together, or several: (a + b), (a, b); [0, 1) is an interval."""
    start = c.position
    opening, closing = c.peek(), c.tokens[c.brackets.match[start]]
    items = c.inside(lambda: expression_list(c))
    if len(items) == 1:
        return items[0]
    if len(items) == 2 and (opening.text, closing.text) != ("(", ")"):
        return Function(c.since(start), "interval", items)
    return Tuple_(c.since(start), items)


def braces(c: Cursor, grouping: bool = False) -> Node:
    r"""\{ … \}: a set, or only a bracket around one compound term."""
    start = c.position
    items, condition = c.inside(lambda: _set_content(c), bars="condition")
    lower = upper = None
    while c.peek().kind in ("sub", "sup") and not grouping and (len(items) > 1 or _is_item(items[0])):
        if c.take().kind == "sub":
            lower = under(c)
        else:
            upper = index(c, raised=True)
    bare = condition is None and lower is None and upper is None
    if len(items) == 1 and bare and (grouping or not _is_item(items[0])):
        return items[0]
    return Set_(c.since(start), items, condition, lower, upper)


def _is_item(node: Node) -> bool:
    return isinstance(node, _ITEMS_OF_SETS)


def _set_content(c: Cursor) -> tuple[tuple[Node, ...], Node | None]:
    start = c.position
    items = [relation_tail(c, c.expression(), start)]
    while c.accept("comma"):
        place = c.position
        items.append(relation_tail(c, c.expression(), place))
    if not (c.accept("colon") or c.accept("bar")):
        return tuple(items), None
    place = c.position
    conditions = [relation_tail(c, c.expression(), place)]
    while c.accept("comma"):
        conditions.append(relation_tail(c, c.expression(), c.position))
    condition = conditions[0] if len(conditions) == 1 else Tuple_(c.since(place), tuple(conditions))
    return tuple(items), condition


def absolute(c: Cursor) -> Node:
    """|body| or ‖body‖."""
    start = c.position
    opening = c.peek()
    width = c.double_bar() or 1
    norm = c.double_bar() > 0
    c.position += width
    outer, c.bars = c.bars, "norm" if norm else "abs"
    c.enter()
    body = c.expression()
    c.leave()
    c.bars = outer
    if not (c.double_bar() if norm else c.at("bar")):
        if c.at_end():
            raise ReadError(f"this {'‖' if norm else '|'} is never closed", opening.span)
        c.unexpected("the closing bar")
    c.position += c.double_bar() if norm else 1
    if norm and c.accept("sub"):
        return Function(c.since(start), "norm", (body,), under(c))
    return Abs(c.since(start), "norm" if norm else "abs", body)
