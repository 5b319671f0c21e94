"""The precedences: sums of terms, terms of factors, factors with their powers.

OPERANDS says which function reads an operand that begins with a given kind of token; a new kind of operand is a new
function and a new row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from derive.reading.applications import name
from derive.reading.cursor import Cursor, ReadError
from derive.reading.expectations import angle, expectation
from derive.reading.functions import function
from derive.reading.groups import absolute, braces, grouped
from derive.reading.integrals import integral
from derive.reading.names import index, number
from derive.reading.operators import big_operator, derivative, limit, nabla, optimum, partial
from derive.reading.syntax import (
    Add,
    BigOperator,
    Constant,
    Equation,
    Factorial,
    Frac,
    Function,
    Gradient,
    Labelled,
    Mul,
    Name,
    Neg,
    Node,
    Pow,
    Symbol,
)
from derive.reading.tokens import Token
from derive.reading.walk import mentions_index


class ExpressionParser(Cursor):
    """A cursor that knows how expressions are put together."""

    def expression(self) -> Node:
        start = self.position
        if self.at("optimum"):
            self.enter()
            first = optimum(self, whole=True)
            self.leave()
            return self._continued(first, start)
        return self._continued(self._signed_term(), start)

    def _continued(self, first: Node, start: int) -> Node:
        """first and the terms after it; a sum reaches over the next terms if they use its index."""
        terms = [first]
        reached: list[Node] = []
        while self.peek().kind in ("plus", "minus"):
            added = self.at("plus")
            term = self._signed_term()
            if added and isinstance(term, Name) and term.base in self.survey.constants:
                term = Constant(term.span, term.base)
            if reaches_over(terms[-1], term):
                reached.append(term)
                self.warn("the sum before it is read as reaching over this term, which uses its index", term.span)
                continue
            terms[-1] = extended(terms[-1], reached)
            reached = []
            terms.append(term)
        terms[-1] = extended(terms[-1], reached)
        return terms[0] if len(terms) == 1 else Add(self.since(start), tuple(terms))

    def _signed_term(self) -> Node:
        start = self.position
        if self.accept("plus"):
            return self.term()
        if self.accept("minus"):
            self.enter()
            term = self._signed_term() if self.at("minus") else self.term()
            self.leave()
            return Neg(self.since(start), term)
        return self.term()

    def term(self) -> Node:
        start = self.position
        factors = [self.factor()]
        while True:
            if self.at("slash"):
                slash = self.take()
                factors[-1] = _quotient(factors[-1], self._signed_factor())
                if self.starts_factor():
                    self.warn("a/b c is read as (a/b) c", slash.span)
            elif self.at("times") or self.at("cdot"):
                self.take()
                factors.append(self._signed_factor())
            elif self.starts_factor():
                factors.append(self.factor())
            else:
                break
        return factors[0] if len(factors) == 1 else Mul(self.since(start), tuple(factors))

    def _signed_factor(self) -> Node:
        start = self.position
        if self.accept("minus"):
            return Neg(self.since(start), self.factor())
        return self.factor()

    def factor(self) -> Node:
        read = OPERANDS.get(self.peek().kind)
        if read is None:
            self.unexpected("an operand")
        self.enter()
        start = self.position
        node = read(self)
        while self.peek().kind in ("sup", "sub", "bang", "prime"):
            node = self._raised(node, start)
        self.leave()
        return node

    def _raised(self, node: Node, start: int) -> Node:
        mark = self.take()
        if mark.kind == "bang":
            return Factorial(self.since(start), node)
        if mark.kind == "sup":
            return Pow(self.since(start), node, index(self, raised=True))
        what = "subscript" if mark.kind == "sub" else "prime"
        raise ReadError(f"a {what} is read after a name only", mark.span)

    def starts_factor(self) -> bool:
        token = self.peek()
        if token.kind in ("bar", "doublebar"):
            return not self.is_evaluation() and self._opens_absolute(token)
        if self.position in self.differentials:
            return False
        return token.kind in OPERANDS and token.kind not in ("cdot", "times", "period")

    def _opens_absolute(self, token: Token) -> bool:
        return token.extra == "open" or (self.bars == "none" and token.extra != "close")


def _quotient(numerator: Node, denominator: Node) -> Node:
    r"""a/b; \partial f / \partial x is a derivative."""
    span = numerator.span.join(denominator.span)
    if _is_partial(numerator) and _is_partial(denominator):
        assert isinstance(numerator, Function)
        assert isinstance(denominator, Function)
        return Gradient(span, denominator.arguments, numerator.arguments[0])
    return Frac(span, numerator, denominator)


def _is_partial(node: Node) -> bool:
    return isinstance(node, Function) and node.name == "partial"


def reaches_over(last: Node, term: Node) -> bool:
    r"""\sum_i a_i + b_i: the term after the sum uses its index, so the sum must be meant over both."""
    reach = _last_sum(last)
    while reach is not None:
        counter = reach.under.left if isinstance(reach.under, Equation) else reach.under
        if isinstance(counter, Name) and mentions_index(term, counter):
            return True
        reach = _last_sum(reach.body)
    return False


def extended(last: Node, reached: list[Node]) -> Node:
    """The sum at the end of last (the innermost of nested ones that is used), with the reached terms in its body."""
    if not reached:
        return last
    if isinstance(last, Mul):
        return replace(last, factors=(*last.factors[:-1], extended(last.factors[-1], reached)))
    assert isinstance(last, BigOperator)
    span = last.span.join(reached[-1].span)
    if reaches_over(last.body, reached[0]):
        return replace(last, span=span, body=extended(last.body, reached))
    before = last.body.terms if isinstance(last.body, Add) else (last.body,)
    return replace(last, span=span, body=Add(last.body.span.join(reached[-1].span), (*before, *reached)))


def _last_sum(node: Node) -> BigOperator | None:
    if isinstance(node, Mul):
        return _last_sum(node.factors[-1])
    return node if isinstance(node, BigOperator) and node.kind == "sum" else None


# ---------------------------------------------------------------- operands


def _fraction(c: Cursor) -> Node:
    start = c.position
    c.take()
    top, bottom = _insides(c)
    found = derivative(c, start, top, bottom)
    if found is not None:
        return found
    c.position = top.start - 1
    numerator = c.inside(lambda: group_content(c))
    denominator = c.inside(lambda: group_content(c))
    return Frac(c.since(start), numerator, denominator)


def _insides(c: Cursor) -> tuple[range, range]:
    """The insides of the two arguments; the cursor goes after them."""
    first = range(c.position + 1, c.brackets.match[c.position])
    second = range(first.stop + 2, c.brackets.match[first.stop + 1])
    c.position = second.stop + 1
    return first, second


def _binomial(c: Cursor) -> Node:
    start = c.position
    c.take()
    arguments = (c.inside(c.expression), c.inside(c.expression))
    return Function(c.since(start), "binom", arguments)


def _square_root(c: Cursor) -> Node:
    start = c.position
    c.take()
    return Function(c.since(start), "sqrt", (c.inside(lambda: group_content(c)),))


def _root(c: Cursor) -> Node:
    start = c.position
    c.take()
    degree = c.inside(c.expression)
    return Function(c.since(start), "sqrt", (c.inside(lambda: group_content(c)),), degree)


def _group(c: Cursor) -> Node:
    return c.inside(lambda: group_content(c))


def group_content(c: Cursor) -> Node:
    r"""The inside of {…}: an expression, or a \over b."""
    over = _top_level_over(c)
    start = c.position
    if over is None:
        return c.expression()
    numerator = c.within(over, c.expression, after=over + 1)
    return Frac(c.since(start), numerator, c.expression())


def _top_level_over(c: Cursor) -> int | None:
    i = c.position
    while i < c.end:
        if c.tokens[i].kind == "over":
            return i
        i = max(i, c.brackets.match[i]) + 1
    return None


def _bracket(c: Cursor) -> Node:
    if not c.at_open("(", "[", "\\{", "<"):
        c.unexpected()
    if c.peek().text == "\\{":
        return braces(c)
    return angle(c) if c.peek().text == "<" else grouped(c)


def _symbol(c: Cursor) -> Node:
    token = c.take()
    return Symbol(token.span, "cdot" if token.kind == "cdot" else token.text)


def _constant(c: Cursor) -> Node:
    token = c.take()
    c.accept("period")
    return Constant(token.span, token.text)


def _labelled(c: Cursor) -> Node:
    start = c.position
    label = c.take().extra
    return Labelled(c.since(start), c.inside(c.expression), label)


def _stray(c: Cursor) -> Node:
    c.unexpected()


OPERANDS: Mapping[str, Callable[[Cursor], Node]] = {
    "letter": name,
    "accent": name,
    "digit": number,
    "period": number,
    "function": function,
    "optimum": optimum,
    "lim": limit,
    "expect": expectation,
    "integral": integral,
    "big": big_operator,
    "nabla": nabla,
    "partial": partial,
    "frac": _fraction,
    "binom": _binomial,
    "sqrt": _square_root,
    "root": _root,
    "{": _group,
    "open": _bracket,
    "bar": absolute,
    "doublebar": absolute,
    "symbol": _symbol,
    "cdot": _symbol,
    "const": _constant,
    "labelled": _labelled,
    "error": _stray,
}
