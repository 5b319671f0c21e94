"""Bound names: which names are free, substitution that never captures, and equality up to bound names and order.

This file is trusted: the kernel compares and substitutes with nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TypeVar, cast

from sympy import Basic, Tuple

from derive.terms.nodes import Binder, Density, Law, Parameter, Plus, Term, Times, Variable

B = TypeVar("B", bound=Basic)


def base(law: Law) -> Law:
    """The name of a law without its parameters: what stands below an argmax over laws."""
    return Law(law.args[0])


@lru_cache(maxsize=1 << 15)
def free_names(node: Basic) -> frozenset[Basic]:
    """The variables, parameters and laws (without their parameters) that occur free."""
    if isinstance(node, Variable | Parameter):
        return frozenset([node])
    inner: frozenset[Basic] = frozenset().union(*(free_names(arg) for arg in node.args)) if node.args else frozenset()
    if isinstance(node, Law):
        return inner | {base(node)}
    if isinstance(node, Binder):
        return inner - frozenset(node.bound_names)
    return inner


def free_variables(node: Basic) -> frozenset[Variable]:
    return frozenset(name for name in free_names(node) if isinstance(name, Variable))


# ---------------------------------------------------------------- substitution


def substitute(node: B, replacement: Mapping[Basic, Basic]) -> B:
    """``node`` with free names replaced; bound names are renamed where a replacement would be captured.

    Keys are variables, parameters and laws without parameters.  A law may be replaced by a law, or by a density such
    as p(z | x), whose points are then matched by their spaces.

    Raises ValueError where a density would get something that is no variable.
    """
    relevant = {key: value for key, value in replacement.items() if key in free_names(node) and key != value}
    if not relevant:
        return node
    return cast(B, _substitute(node, relevant))


def _substitute(node: Basic, replacement: dict[Basic, Basic]) -> Basic:
    if isinstance(node, Variable | Parameter):
        return replacement.get(node, node)
    if isinstance(node, Density) and base(node.law) in replacement:
        return _replace_law(node, replacement)
    if isinstance(node, Law):
        parameters = [substitute(parameter, replacement) for parameter in node.parameters]
        named = replacement.get(base(node), base(node))
        if not isinstance(named, Law):
            raise ValueError(f"{named} stands where a law is wanted")
        return named[tuple(parameters)] if parameters else named
    if isinstance(node, Binder):
        node = _freshen(node, replacement)
        replacement = {key: value for key, value in replacement.items() if key not in node.bound_names}
    result = node.func(*(substitute(arg, replacement) if arg.args else _leaf(arg, replacement) for arg in node.args))
    if isinstance(result, Density) and not all(isinstance(point, Variable) for point in result.points):
        raise ValueError(f"a density needs points, not {result.points}")
    return result


def _leaf(node: Basic, replacement: dict[Basic, Basic]) -> Basic:
    return replacement.get(node, node)


def _replace_law(node: Density, replacement: dict[Basic, Basic]) -> Basic:
    points = {key: value for key, value in replacement.items() if not isinstance(key, Law)}
    at, given = (tuple(substitute(v, points) for v in group) for group in (node.at, node.given))
    named = replacement[base(node.law)]
    if isinstance(named, Density):
        return _fill_template(named, {v.space: v for v in (*at, *given) if isinstance(v, Variable)})
    law = _substitute(node.law, replacement)
    return Density(law, Tuple(*at), Tuple(*given))


def _fill_template(template: Density, points: dict[str, Variable]) -> Density:
    return substitute(template, {v: points.get(v.space, v) for v in template.points})


def _freshen(node: Binder, replacement: Mapping[Basic, Basic]) -> Binder:
    """The binder with those bound names renamed that occur in what comes in from outside."""
    coming = {key: value for key, value in replacement.items() if key in free_names(node)}
    incoming = frozenset[Basic]().union(*(free_names(value) for value in coming.values())) if coming else frozenset()
    clashes = [name for name in node.bound_names if name in incoming]
    if not clashes:
        return node
    taken = incoming | frozenset().union(*(free_names(arg) for arg in node.args))
    return rename_bound(node, {name: _fresh(name, taken) for name in clashes})


def rename_bound(node: Binder, names: Mapping[Basic, Basic]) -> Binder:
    """The same binder with other bound names; the new names must be fresh."""
    return cast(Binder, node.func(*(_rename(arg, dict(names)) for arg in node.args)))


def _rename(arg: Basic, names: dict[Basic, Basic]) -> Basic:
    return substitute(arg, names) if arg.args else names.get(arg, arg)


def _fresh(name: Basic, taken: Iterable[Basic]) -> Basic:
    used = {str(getattr(other, "name", "")) for other in taken}
    stem = str(getattr(name, "name", "v"))
    fresh = stem + "'"
    while fresh in used:
        fresh += "'"
    if isinstance(name, Variable):
        return Variable(fresh, name.space)
    return Parameter(fresh) if isinstance(name, Parameter) else Law(fresh)


# ---------------------------------------------------------------- equality up to bound names and order

_PLAIN = re.compile(r"[\w.^/-][\w.^/'-]*")
Scope = tuple[tuple[Basic, tuple[int, int]], ...]  # bound name -> (how many binders out, which of its names)


def same(left: Basic, right: Basic) -> bool:
    """Equal up to the choice of bound names, the order of sums and products, and nested sums and products."""
    return left is right or left == right or fingerprint(left) == fingerprint(right)


def fingerprint(node: Basic) -> str:
    """A text that two terms share exactly when they are the ``same``."""
    return _print(node, ())


@lru_cache(maxsize=1 << 16)
def _print(node: Basic, scope: Scope) -> str:
    if isinstance(node, Variable | Parameter):
        return _name(node, scope)
    if isinstance(node, Law):
        below = ",".join(_inner(p, scope) for p in node.parameters)
        return _name(base(node), scope) + (f"[{below}]" if below else "")
    if isinstance(node, Density):
        groups = (sorted(_inner(v, scope) for v in group) for group in (node.args[1].args, node.args[2].args))
        return f"{_inner(node.args[0], scope)}({'|'.join(','.join(group) for group in groups)})"
    if isinstance(node, Binder):
        return _print_binder(node, scope)
    head = type(node).__name__
    if isinstance(node, Plus | Times):
        return f"{head}({','.join(sorted(_inner(part, scope) for part in flatten(node)))})"
    if not node.args:
        return f"{head}:{_plain(str(node))}"
    return f"{head}({','.join(_inner(arg, scope) for arg in node.args)})"


def _inner(node: Basic, scope: Scope) -> str:
    names = free_names(node)
    return _print(node, tuple(entry for entry in scope if entry[0] in names))


def _name(node: Basic, scope: Scope) -> str:
    kind = f"{type(node).__name__[0]}:{_plain(node.space)}" if isinstance(node, Variable) else type(node).__name__[0]
    for name, place in scope:
        if name == node:
            return f"{kind}#{place[0]}.{place[1]}"
    return f"{kind}:{_plain(str(getattr(node, 'name', node)))}"


def _plain(name: str) -> str:
    """A name as it is, or in quotes where it holds a sign that a fingerprint is made with: x_{i,j}, x_{1:T}."""
    return name if _PLAIN.fullmatch(name) else repr(name)


def _print_binder(node: Binder, scope: Scope) -> str:
    bound = sorted(node.bound_names, key=_place)
    outer = tuple((name, (out + 1, which)) for name, (out, which) in scope if name not in bound)
    inside = outer + tuple((name, (0, which)) for which, name in enumerate(bound))
    return f"{type(node).__name__}({','.join(_inner(arg, inside) for arg in node.args)})"


def _place(name: Basic) -> tuple[str, str]:
    return (name.space if isinstance(name, Variable) else "", str(getattr(name, "name", name)))


def flatten(node: Term) -> tuple[Term, ...]:
    """The terms of nested sums (or the factors of nested products) as one list."""
    kind = type(node)
    parts: list[Term] = []
    for part in cast("tuple[Term, ...]", node.args):
        parts += flatten(part) if type(part) is kind else [part]
    return tuple(parts)
