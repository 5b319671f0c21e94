"""Printing syntax trees in one canonical notation, fully bracketed: what was understood, for tests and for the curious.

log p(x) - KL(q ‖ p)    (log(p(x)) - KL(q || p))
∫_z q(z|x) f dz         int{z}[(q(z | x) * f)]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from derive.reading import syntax as s
from derive.reading.statements import Formula, Statement


def show(node: s.Node | None) -> str:
    """A node as text; two nodes print alike exactly if they are equal."""
    if node is None:
        return "..."
    return _PRINTERS[type(node)](node)


def show_statement(statement: Statement) -> str:
    """A statement on one line: [lead] side relation side … {reasons} #tag."""
    parts = [f"[{statement.lead}]"] if statement.lead else []
    parts.append(show(statement.sides[0]))
    for relation, side in zip(statement.relations, statement.sides[1:], strict=True):
        sign = relation.sign + ("!" if relation.marked else "") + (f"<{relation.above}>" if relation.above else "")
        parts.append(f"{sign} {show(side)}")
    parts.extend(f"{{{reason}}}" for reason in statement.reasons)
    if statement.tag:
        parts.append(f"#{statement.tag}")
    return " ".join(parts)


def show_formula(formula: Formula) -> str:
    """A formula, one line per statement, then its warnings."""
    lines = [show_statement(statement) for statement in formula.statements]
    lines.extend(f"warning: {warning.message}" for warning in formula.warnings)
    return "\n".join(lines)


def _all(nodes: Iterable[s.Node], by: str = ", ") -> str:
    return by.join(show(node) for node in nodes)


def _number(value: Fraction) -> str:
    return str(value)


def _name(node: s.Name) -> str:
    text = node.base if node.font in ("", "word") else f"{node.font}:{node.base}"
    text = f'"{text}"' if node.font == "word" and not node.base.isalnum() else text
    for accent in node.accents:
        text = f"{accent}({text})"
    if node.subscript is not None:
        text += f"_{{{show(node.subscript)}}}"
    if node.superscript is not None:
        text += f"^{{{show(node.superscript)}}}"
    return text


def _add(node: s.Add) -> str:
    text = show(node.terms[0])
    for term in node.terms[1:]:
        text += f" - {show(term.body)}" if isinstance(term, s.Neg) else f" + {show(term)}"
    return f"({text})"


def _arguments(arguments: Iterable[s.Argument]) -> str:
    return "".join(f"{_mark(argument.mark)}{show(argument.value)}" for argument in arguments)


def _mark(mark: str) -> str:
    return {"": "", ",": ", "}.get(mark, f" {mark} ")


def _function(node: s.Function) -> str:
    base = "" if node.base is None else f"_{{{show(node.base)}}}"
    return f"{node.name}{base}({_all(node.arguments)})"


def _sampled(node: s.Sampled) -> str:
    return f"{_all(node.variables)} ~{'iid' if node.iid else ''} {show(node.law)}"


def _expect(node: s.Expect) -> str:
    under = f"{{{_all(node.under, '; ')}}}" if node.under else ""
    given = f" | {_all(node.given)}" if node.given else ""
    return f"E{'' if node.bracketed else '~'}{under}[{show(node.body)}{given}]"


def _divergence(node: s.Divergence) -> str:
    kind = node.kind or "?"
    head = "" if node.kind == "KL" and node.head.base == "KL" else f"<{_name(node.head)}>"
    return f"{kind}{head}({show(node.left)} || {show(node.right)})"


def _integral(node: s.IntegralOver) -> str:
    domain = "" if node.domain is None else f" in {show(node.domain)}"
    upper = "" if node.upper is None else f" to {show(node.upper)}"
    return f"int{'' if node.differentials else '~'}{{{_all(node.variables)}{domain}{upper}}}[{show(node.body)}]"


def _big(node: s.BigOperator) -> str:
    under = "" if node.under is None else show(node.under)
    upper = "" if node.upper is None else f" .. {show(node.upper)}"
    return f"{node.kind}{{{under}{upper}}}[{show(node.body)}]"


def _set(node: s.Set_) -> str:
    condition = "" if node.condition is None else f" : {show(node.condition)}"
    lower = "" if node.lower is None else f"_{{{show(node.lower)}}}"
    upper = "" if node.upper is None else f"^{{{show(node.upper)}}}"
    return f"set{{{_all(node.items)}{condition}}}{lower}{upper}"


def _range(node: s.Range) -> str:
    first = "" if node.first is None else show(node.first)
    last = "" if node.last is None else show(node.last)
    return f"{first}{'all but ' if node.mark == 'without' else node.mark}{last}"


_PRINTERS: dict[type, Callable[[Any], str]] = {
    s.Num: lambda n: _number(n.value),
    s.Name: _name,
    s.Symbol: lambda n: f"<{n.kind}>",
    s.Constant: lambda n: f"const({n.text})",
    s.Add: _add,
    s.Neg: lambda n: f"(-{show(n.body)})",
    s.Mul: lambda n: f"({_all(n.factors, ' * ')})",
    s.Frac: lambda n: f"({show(n.numerator)} / {show(n.denominator)})",
    s.Pow: lambda n: f"({show(n.base)} ^ {show(n.exponent)})",
    s.Factorial: lambda n: f"{show(n.body)}!",
    s.Argument: lambda n: f"{n.mark} {show(n.value)}",
    s.Apply: lambda n: f"{show(n.head)}({_arguments(n.arguments)})",
    s.Function: _function,
    s.Equation: lambda n: f"{show(n.left)} = {show(n.right)}",
    s.Tuple_: lambda n: f"({_all(n.items)})",
    s.Range: _range,
    s.Set_: _set,
    s.Abs: lambda n: f"{n.kind}[{show(n.body)}]",
    s.Sampled: _sampled,
    s.Expect: _expect,
    s.Divergence: _divergence,
    s.IntegralOver: _integral,
    s.BigOperator: _big,
    s.Member: lambda n: f"{show(n.item)} in {show(n.group)}",
    s.Compare: lambda n: f"{show(n.left)} {n.relation} {show(n.right)}",
    s.Optimum: lambda n: f"{n.kind}{{{_all(n.over)}}}[{show(n.body)}]",
    s.Gradient: lambda n: f"grad{{{_all(n.variables)}}}[{show(n.body)}]",
    s.Labelled: lambda n: f"{show(n.body)}<{n.label}>",
    s.Unreadable: lambda n: f"!!{n.message}!!",
}
