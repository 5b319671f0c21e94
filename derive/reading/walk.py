"""Looking through a syntax tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from derive.reading.syntax import BigOperator, Equation, Name, Node, Spanned


def children(node: Node) -> Iterator[Node]:
    """The parts of a node, in reading order."""
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Spanned):
            yield value  # type: ignore[misc]
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, Spanned))  # type: ignore[misc]


def walk(node: Node) -> Iterator[Node]:
    """The node and everything in it, outermost first."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(list(children(current))))


def mentions_index(node: Node, index: Name) -> bool:
    """Does the index stand in a subscript or superscript of node, outside any sum over the same index?"""
    if isinstance(node, BigOperator):
        counter = node.under.left if isinstance(node.under, Equation) else node.under
        if counter == index:
            return False
    if isinstance(node, Name):
        scripts = [part for part in (node.subscript, node.superscript) if part is not None]
        return any(index in walk(script) for script in scripts)
    return any(mentions_index(child, index) for child in children(node))
