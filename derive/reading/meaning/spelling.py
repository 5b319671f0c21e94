r"""A name as a key ("P_x", "z^(i)", "p̂") and as LaTeX (P_x, z^{(i)}, \hat{p}).

Fonts are dropped where they only decorate; a calligraphic or blackboard letter is another letter.
"""

from __future__ import annotations

from collections.abc import Sequence

from derive.reading.syntax import (
    Add,
    Argument,
    Equation,
    Frac,
    Mul,
    Name,
    Neg,
    Node,
    Num,
    Pow,
    Range,
    Symbol,
    Tuple_,
)
from derive.writing.notation import GREEK

_FONTS = {"cal": "cal", "bb": "bb"}
_MARKS = {"<=": "≤", "without": "∖"}
_SYMBOLS = {"star": "*", "prime": "'", "cdot": "·", "dots": "…", "infty": "∞"}


def key_of(name: Name, parts: Sequence[Node] | None = None) -> str:
    """The name as a key; ``parts`` replaces what stands below it (parameters taken out)."""
    below = subscript_parts(name) if parts is None else list(parts)
    written = "".join([*(f"{accent} " for accent in name.accents), _FONTS.get(name.font, ""), name.base])
    if below:
        written += "_" + ",".join(flat(part) for part in below)
    if name.superscript is not None:
        above = flat(name.superscript)
        written += above if set(above) == {"'"} else "^" + above
    return written


def subscript_parts(name: Name) -> list[Node]:
    """What stands below a name, split at commas."""
    if name.subscript is None:
        return []
    if isinstance(name.subscript, Tuple_):
        return list(name.subscript.items)
    return [name.subscript]


def flat(node: Node) -> str:
    """A subscript or superscript as a short text: "1:T", "<t", "(i)", "t-1"."""
    match node:
        case Name():
            return key_of(node)
        case Num():
            return str(node.value)
        case Symbol():
            return _SYMBOLS.get(node.kind, node.kind)
        case Neg():
            return "-" + flat(node.body)
        case Add():
            return "+".join(flat(term) for term in node.terms).replace("+-", "-")
        case Mul():
            return "".join(flat(factor) for factor in node.factors)
        case Tuple_(items=(only,)):
            return f"({flat(only)})"
        case Tuple_():
            return ",".join(flat(item) for item in node.items)
        case Range():
            first = "" if node.first is None else flat(node.first)
            return f"{first}{_MARKS.get(node.mark, node.mark)}{'' if node.last is None else flat(node.last)}"
        case Equation():
            return f"{flat(node.left)}={flat(node.right)}"
        case Frac():
            return f"{flat(node.numerator)}/{flat(node.denominator)}"
        case Pow():
            return f"{flat(node.base)}^{flat(node.exponent)}"
        case Argument():
            return node.mark + flat(node.value)
        case _:
            return repr(node)  # two different scripts never become one name


def latex_of(name: Name, parts: Sequence[Node] | None = None) -> str:
    """The name as LaTeX, fonts that only decorate left out."""
    below = subscript_parts(name) if parts is None else list(parts)
    written = "\\" + name.base if name.base in GREEK else name.base
    if name.font == "cal":
        written = rf"\mathcal{{{written}}}"
    elif name.font == "bb":
        written = rf"\mathbb{{{written}}}"
    elif len(name.base) > 1 and name.base not in GREEK:
        written = rf"\mathrm{{{written}}}"
    for accent in name.accents:
        written = rf"\{accent}{{{written}}}"
    if below:
        written += f"_{{{','.join(_latex_flat(part) for part in below)}}}"
    if name.superscript is not None:
        above = _latex_flat(name.superscript)
        written += above if set(above) == {"'"} else f"^{{{above}}}"
    return written


def _latex_flat(node: Node) -> str:
    if isinstance(node, Name):
        return latex_of(node)
    written = flat(node)
    for mark, command in (("∞", r"\infty"), ("…", r"\ldots"), ("≤", r"\le "), ("∖", r"\setminus ")):
        written = written.replace(mark, command)
    return written


_MEANT = frozenset(["L", "F", "J", "V", "Q", "I", "D", "H", "ell", "ELBO"])  # letters of particular quantities


def is_arbitrary(head: Name) -> bool:
    """Whether f(…) may be any function: a plain letter, not one that stands for a quantity of its own."""
    decorated = head.accents or head.superscript is not None or head.subscript is not None or head.font
    return (not decorated and head.base not in _MEANT and len(head.base) <= 1) or head.base in ("phi", "psi", "varphi")


def is_parameter_like(node: Name) -> bool:
    """Greek letters, and small letters that are no arguments of laws."""
    plain = (node.base in GREEK and node.base != "pi") or (len(node.base) == 1 and node.base.islower())
    return plain and not subscript_parts(node) and node.superscript is None
