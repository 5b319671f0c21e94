"""Worlds as tables: densities and functions by their points, and the values of both sides."""

from __future__ import annotations

import re
from collections.abc import Sequence

from derive.writing.notation import PLAIN
from verify.report.formulas import sentence
from verify.report.markup import Markup, element
from verify.report.wording import decimal, point
from verify.verdict import SideValue, WorldSides

_ENTRY = re.compile(r"(\d+(?:,\d+)*): (.+)", re.DOTALL)


def world_tables(sides: WorldSides, relation: str) -> Markup:
    """A counterexample or a witness: its tables, the values of both sides there, and the Python that prints them."""
    tables = [_table(name, entries) for name, entries in sides.tables]
    program = _program(sides.python) if sides.python else None
    return element("div", element("div", tables, class_="tables"), _values(sides, relation), program, class_="world")


def _table(name: str, entries: str) -> Markup:
    """One table; a grid where the entries have two indices, a row where they have one."""
    found = [_ENTRY.fullmatch(entry.strip()) for entry in entries.split("; ")]
    values = {tuple(map(int, m.group(1).split(","))): m.group(2) for m in found if m is not None}
    if len(values) < len(found) or len({len(index) for index in values}) != 1:
        return _captioned(name, element("tr", element("td", entries)))
    names = _names(name, len(next(iter(values))))
    if len(names) == 2:
        return _grid(name, names, values)
    if len(names) == 1:
        return _row(name, names[0], values)
    rows = [
        element("tr", element("th", ", ".join(map(str, index)), scope="row"), element("td", value))
        for index, value in values.items()
    ]
    return _captioned(name, element("tr", element("th", ", ".join(names)), element("th", name)), *rows)


def _names(table: str, count: int) -> Sequence[str]:
    """The names of a table's indices: z and x for q(z|x)."""
    inside = re.search(r"\(([^()]*)\)$", table)
    names = re.split(r"[,|]", inside.group(1).split(";")[0]) if inside else []
    return names if len(names) == count else [f"index {i + 1}" for i in range(count)]


def _grid(name: str, names: Sequence[str], values: dict[tuple[int, ...], str]) -> Markup:
    rows, columns = (sorted({index[axis] for index in values}) for axis in (0, 1))
    head = element("tr", element("td"), [element("th", f"{names[1]} = {column}", scope="col") for column in columns])
    body = [
        element(
            "tr",
            element("th", f"{names[0]} = {row}", scope="row"),
            [element("td", values.get((row, column), "")) for column in columns],
        )
        for row in rows
    ]
    return _captioned(name, head, *body)


def _row(name: str, variable: str, values: dict[tuple[int, ...], str]) -> Markup:
    head = [element("th", f"{variable} = {index[0]}", scope="col") for index in values]
    return _captioned(name, element("tr", head), element("tr", [element("td", value) for value in values.values()]))


def _captioned(name: str, *rows: Markup) -> Markup:
    return element("table", element("caption", sentence(name, PLAIN)), element("tbody", rows))


def _values(sides: WorldSides, relation: str) -> Markup:
    where = f"At {point(sides)}" if sides.point else "In this world"
    head = element("tr", [element("th", title, scope="col") for title in ("", "exactly", "as a decimal")])
    rows = [_value_row("left side", sides.left), _value_row("right side", sides.right)]
    caption = element("caption", f"{where} the claim says left {relation} right")
    return element("table", caption, element("tbody", head, rows), class_="values")


def _value_row(name: str, value: SideValue) -> Markup:
    return element("tr", element("th", name, scope="row"), element("td", value.exact), element("td", decimal(value)))


def _program(python: str) -> Markup:
    return element("details", element("summary", "The same in Python"), element("pre", element("code", python)))
