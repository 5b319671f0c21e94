r"""What stands below an operator: z, (x, z), i = 1, x \in D, j < k."""

from __future__ import annotations

from derive.reading.cursor import Cursor
from derive.reading.names import relation_tail
from derive.reading.syntax import Argument, Node, Range, Tuple_


def under(c: Cursor) -> Node:
    r"""The script below an operator: z, (x, z), i = 1, x \in D, j < k, \theta: condition."""
    start = c.position
    items = c.inside(lambda: _under_items(c))
    return items[0] if len(items) == 1 else Tuple_(c.since(start), items)


def _under_items(c: Cursor) -> tuple[Node, ...]:
    items: list[Node] = []
    mark = ""
    while not c.at_end():
        start = c.position
        item = _under_item(c)
        items.append(Argument(c.since(start), mark, item) if mark in (":", "|") else item)
        mark = {"comma": ",", "semicolon": ",", "colon": ":", "bar": "|"}.get(c.peek().kind, "")
        if mark:
            c.take()
        elif c.at("text"):
            mark = ":"
            c.take()
        elif not c.at_end():
            c.unexpected("','")
    return tuple(items)


def _under_item(c: Cursor) -> Node:
    start = c.position
    if c.at("without") or c.at("relation", "!="):
        c.take()
        return Range(c.since(start), "without", None, c.expression())
    return relation_tail(c, c.expression(), start)
