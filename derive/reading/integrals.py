r"""Integrals: \int_z f dz, \int dz f, \iint, with bounds, and without any dz."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from derive.reading.applications import applied, argument_list
from derive.reading.cursor import Cursor, ReadError
from derive.reading.differentials import OpenIntegral, after_signs, is_differential, is_dots
from derive.reading.names import bare_name, index, with_scripts
from derive.reading.syntax import IntegralOver, Member, Mul, Name, Node, Num, Symbol, Tuple_
from derive.reading.under import under


def integral(c: Cursor) -> Node:
    r"""The integral at the cursor: its body reaches to its differential, or without one to the end of the term."""
    start = c.position
    known = c.integrals.get(start)
    c.position = after_signs(c.tokens, start)
    lower, upper = limits(c)
    within_reach = known is not None and all(d < c.end for d in known.differentials)
    if known is None or not known.differentials or not within_reach:
        return _without_differential(c, start, lower, upper)
    if known.in_front:
        variables = _differentials(c, known)
        body = c.term() if c.starts_factor() else Num(c.since(start), Fraction(1))
    else:
        body = _body(c, known.differentials[0])
        variables = _differentials(c, known)
    if isinstance(lower, Member) and lower.item in variables:
        lower = lower.group
    domain = None if _is_among(lower, variables) else lower
    return _sorted_out(IntegralOver(c.since(start), variables, body, domain, upper))


def limits(c: Cursor) -> tuple[Node | None, Node | None]:
    """What stands below and above a big operator."""
    lower: Node | None = None
    upper: Node | None = None
    while c.peek().kind in ("sub", "sup"):
        if c.take().kind == "sub":
            lower = under(c)
        else:
            upper = index(c, raised=True)
    return lower, upper


def _body(c: Cursor, end: int) -> Node:
    if c.position == end:
        return Num(c.tokens[end].span, Fraction(1))
    return c.within(end, c.expression, bars=c.bars)


def _differentials(c: Cursor, known: OpenIntegral) -> tuple[Node, ...]:
    """The names after the d's of this integral that stand at the cursor."""
    variables: list[Node] = []
    for place in known.differentials:
        if place != c.position:
            break
        c.position += 1
        while c.at("sup"):  # d^n x
            c.warn("the power of a differential is dropped", c.take().span)
            index(c)
        variables.extend(_differential(c))
        if is_dots(c.tokens, c.position) and c.position + 1 in c.differentials:
            variables.append(Symbol(c.take().span, "dots"))
    return tuple(variables)


def _differential(c: Cursor) -> list[Node]:
    start = c.position
    if c.at_open("(", "["):
        return [argument.value for argument in c.inside(lambda: argument_list(c), bars="condition")]
    if c.at("{"):
        node = c.inside(c.expression)
        return list(node.items) if isinstance(node, Tuple_) else [node]
    base = bare_name(c)
    if not isinstance(base, Name):
        return [base]
    named, power = with_scripts(c, base, start)
    if power is not None:
        named = replace(named, span=c.since(start), superscript=power)
    return [applied(c, named, start) if c.survey.is_law(named.base) else named]


def _without_differential(c: Cursor, start: int, lower: Node | None, upper: Node | None) -> Node:
    c.warn("an integral without dz is read as reaching to the end of its term", c.tokens[start].span)
    begins = c.position
    body = c.term()
    _refuse_inner_differential(c, begins)
    span = c.since(start)
    if upper is None and _is_variable(lower):
        variables = lower.items if isinstance(lower, Tuple_) else (lower,) if lower else ()
        return IntegralOver(span, variables, body, differentials=False)
    return IntegralOver(span, (), body, lower, upper, differentials=False)


def _refuse_inner_differential(c: Cursor, begins: int) -> None:
    r"""\int \frac{dx}{x} and \int f p(dx) must not be read as a product of d and x."""
    for place in range(begins, c.position):
        if is_differential(c.tokens, place) and place not in c.differentials:
            hint = "write dx after the integrand"
            raise ReadError("the differential of this integral stands inside another term", c.tokens[place].span, hint)


def _is_variable(node: Node | None) -> bool:
    r"""\int_z, \int_{x,z}, but not \int_{\mathcal Z} and not \int_{S_q}."""
    if isinstance(node, Tuple_):
        return all(_is_variable(item) for item in node.items)
    if not isinstance(node, Name) or node.font not in ("", "word"):
        return False
    return not node.base.isupper() or node.subscript is None


def _is_among(lower: Node | None, variables: tuple[Node, ...]) -> bool:
    if isinstance(lower, Tuple_ | Mul):  # \int_{x,y}, \int_{xy}
        return all(item in variables for item in (lower.items if isinstance(lower, Tuple_) else lower.factors))
    return lower is None or lower in variables


def _sorted_out(outer: IntegralOver) -> IntegralOver:
    r"""\int_a\int_b f da db: the subscripts say which is which, whatever the order of the differentials."""
    inner = outer.body
    if not isinstance(inner, IntegralOver) or outer.domain is None or inner.domain is None:
        return outer
    if outer.domain in inner.variables and inner.domain in outer.variables:
        swapped = replace(inner, variables=outer.variables, domain=None)
        return replace(outer, variables=inner.variables, domain=None, body=swapped)
    return outer
