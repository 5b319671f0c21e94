r"""Functions every reader knows, and how much of what follows them is their argument.

Without brackets a \log takes one factor: an application, a fraction, a group, or a run of plain names and numbers; or a
whole big operator.  \log \frac1K \sum_k w_k is the log of the average, and so is \log \frac12 (a + b).
"""

from __future__ import annotations

from fractions import Fraction

from derive.reading.applications import application_ahead
from derive.reading.cursor import Cursor, ReadError
from derive.reading.names import index, relation_tail
from derive.reading.syntax import Apply, Argument, Frac, Function, Mul, Name, Neg, Node, Num, Pow

_SEVERAL_ARGUMENTS = frozenset(["Cov", "Corr", "Var", "logsumexp", "diag", "tr", "det", "gcd", "lcm", "softmax", "dim"])
_BIG = frozenset(["big", "integral", "expect", "lim", "optimum"])
_RUN = frozenset(["letter", "accent", "digit"])


def function(c: Cursor) -> Node:
    """A function at the cursor with its argument, and the power written between the two (sin² x)."""
    start = c.position
    name = c.take().text
    base: Node | None = Num(c.since(start), Fraction(10)) if name == "log10" else None
    power: Node | None = None
    while c.peek().kind in ("sub", "sup"):
        if c.take().kind == "sub":
            base = index(c)
        else:
            power = index(c, raised=True)
    if not _has_argument(c):
        bare = Name(c.since(start), name, "word", (), base)
        return bare if power is None else Pow(c.since(start), bare, power)
    arguments = _arguments(c, name)
    node = Function(c.since(start), name.removesuffix("10"), arguments, base)
    return node if power is None else Pow(c.since(start), node, power)


def _has_argument(c: Cursor) -> bool:
    return c.starts_factor() or c.at("minus")


def _arguments(c: Cursor, name: str) -> tuple[Node, ...]:
    if c.at_open("(", "[", "\\{"):
        return _bracketed(c, name)
    return (_with_quotient(c, _operand(c)),)


def _bracketed(c: Cursor, name: str) -> tuple[Node, ...]:
    start = c.position
    arguments = c.inside(lambda: _list(c), bars="condition" if c.condition_ahead() else "none")
    if len(arguments) > 1 and name not in _SEVERAL_ARGUMENTS:
        hint = "is the name of a law missing before the bracket?"
        raise ReadError(f"{name} takes one argument, here are {len(arguments)}", c.since(start), hint)
    if c.at("sup"):
        place = c.take()
        arguments = (Pow(c.since(start), arguments[0], index(c, raised=True)), *arguments[1:])
        c.warn(f"the power is read as part of the argument of {name}", place.span)
    return arguments


def _list(c: Cursor) -> tuple[Node, ...]:
    start = c.position
    items: list[Node] = [relation_tail(c, c.expression(), start)]
    while c.peek().kind in ("comma", "bar", "semicolon"):
        mark = {"comma": ",", "bar": "|", "semicolon": ";"}[c.take().kind]
        place = c.position
        value = relation_tail(c, c.expression(), place)
        items.append(value if mark == "," else Argument(c.since(place), mark, value))
    return tuple(items)


# ---------------------------------------------------------------- without brackets


def _operand(c: Cursor) -> Node:
    start = c.position
    if c.at("minus"):
        sign = c.take()
        c.warn("a minus right after a function: one factor is taken as its argument", sign.span)
        return Neg(c.since(start), c.factor())
    if c.peek().kind in _RUN and not application_ahead(c):
        return _run(c)
    factor = c.factor()
    if _is_constant(factor) and c.peek().kind in _BIG:
        return Mul(c.since(start), (factor, c.term()))
    if _is_number_over(factor) and (c.at_open("(", "[", "\\{") or _at_exponential(c)):
        c.warn("the bracket after the fraction is read as part of the argument", c.peek().span)
        return Mul(c.since(start), (factor, c.factor()))
    if isinstance(factor, Apply) and c.at("letter") and application_ahead(c):
        c.warn("a function without brackets takes one factor only; the next one is outside it", c.peek().span)
    return factor


def _run(c: Cursor) -> Node:
    r"""Plain names and numbers side by side: \log 2\pi\sigma^2."""
    start = c.position
    factors = [c.factor()]
    while c.peek().kind in _RUN and c.starts_factor() and not application_ahead(c):
        factors.append(c.factor())
    if len(factors) == 1:
        return factors[0]
    return Mul(c.since(start), tuple(factors))


def _is_constant(node: Node) -> bool:
    """1/K, K^{-1}: what a sum is divided by to make an average."""
    if isinstance(node, Frac):
        return _is_plain(node.numerator) and _is_plain(node.denominator)
    return isinstance(node, Pow) and _is_plain(node.base) and isinstance(node.exponent, Neg)


def _at_exponential(c: Cursor) -> bool:
    return c.at("function", "exp") or (c.at("letter", "e") and c.peek(1).kind == "sup")


def _is_number_over(node: Node) -> bool:
    r"""\log \frac12 (a + b) is the log of an average too: nobody writes a number as \log \frac12."""
    return isinstance(node, Frac) and isinstance(node.numerator, Num)


def _is_plain(node: Node) -> bool:
    if isinstance(node, Mul):
        return all(_is_plain(factor) for factor in node.factors)
    return isinstance(node, Num | Name)


def _with_quotient(c: Cursor, operand: Node) -> Node:
    r"""\log p(x)/q(x) is the log of the ratio of two laws; \log n / n is not the log of 1."""
    if not (c.at("slash") and _is_density(c, operand) and _density_after_slash(c)):
        return operand
    start = c.position
    slash = c.take()
    denominator = c.factor()
    c.warn("a quotient of two laws after a function is read as its argument", slash.span)
    return Frac(operand.span.join(c.since(start)), operand, denominator)


def _is_density(c: Cursor, node: Node) -> bool:
    if isinstance(node, Apply):
        node = node.head
    return isinstance(node, Name) and (c.survey.is_law(node.base) or node.font == "cal")


def _density_after_slash(c: Cursor) -> bool:
    after = c.peek(2 if c.peek(1).kind == "accent" else 1)
    return after.kind == "letter" and (c.survey.is_law(after.text) or after.font == "cal")
