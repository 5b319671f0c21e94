"""HTML and SVG elements that escape whatever is put into them.

``Markup`` is text that is markup already; every other string is escaped when it becomes content or an attribute.  All
of a page is built from ``element``, so nothing of a document can become a tag by being forgotten somewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from derive.writing.mathml_symbols import escaped


class Markup(str):
    """Markup, not to be escaped again."""

    __slots__ = ()


Content: TypeAlias = "str | Markup | Iterable[Content] | None"

VOID = frozenset(["meta", "br", "hr"])  # HTML elements without an end tag


def text(content: str) -> Markup:
    """Text of a document as markup: escaped, control characters replaced."""
    return Markup(escaped(content))


def element(tag: str, /, *content: Content, **attributes: str | int | float | bool | None) -> Markup:
    """One element.  Attributes are spelled class_="x", aria_label="y"; None and False leave one out."""
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if tag in VOID:
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{joined(content)}</{tag}>")


def joined(content: Content) -> Markup:
    """Several pieces one after the other; plain strings are escaped."""
    if content is None:
        return Markup("")
    if isinstance(content, Markup):
        return content
    if isinstance(content, str):
        return text(content)
    return Markup("".join(map(joined, content)))


def _attribute(key: str, value: str | int | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{text(str(value))}"'
