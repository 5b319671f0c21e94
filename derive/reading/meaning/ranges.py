r"""Between which numbers the text says that abstract functions, and parameters beside a step, lie.

    "for a bounded positive function f"         f is bounded, f > 0
    "a function u with values in [0, 1]"        0 <= u <= 1
    "let |u(z)| <= 1", "with 0 <= w(z) <= 1"    as it says
    "because \beta, \delta \geq 0"              beside a row: of this step
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from derive.claims import Bounds, Range, Unmodelled
from derive.reading.syntax import Abs, Node
from derive.terms.nodes import Function, Number, Parameter, Term, Times, Variable

_NAME = r"\$\s*\\?(?P<name>[A-Za-z]+)(?:\s*\([^()$]*\))?\s*"
_WORD = r"(?:strictly\s+)?(?:positive|non-?negative|bounded)"
_OTHER = r"(?:concave|convex|measurable|integrable|continuous|smooth|differentiable|real(?:-valued)?|test|abstract|and)"
_BEFORE = re.compile(
    rf"(?i)\b(?P<kinds>(?:{_OTHER},?\s+)*{_WORD}(?:,?\s+(?:{_WORD}|{_OTHER}))*),?\s+(?:functions?|statistics?)\s*,?\s*{_NAME}"
)
_AFTER = re.compile(
    rf"(?i){_NAME}\$\s*(?:be|is|are)\s+(?:an?\s+|any\s+|some\s+)?"
    rf"(?P<kinds>(?:{_OTHER},?\s+)*{_WORD}(?:,?\s+(?:{_WORD}|{_OTHER}))*)(?P<noun>,?\s+function)?"
)
_VALUES = re.compile(
    r"(?i)\bfunctions?\s*\$\s*\\?(?P<name>[A-Za-z]+)[^$]*\$[^.;$]{0,20}\b(?:values|range)\s+in\s+"
    r"\$\s*(?P<open>[\[(])\s*(?P<lower>-?\d+(?:\.\d+)?)\s*,\s*(?P<upper>-?\d+(?:\.\d+)?|\\infty)\s*[\])]\s*\$"
)


def spoken_bounds(words: str, quoted: str) -> Iterator[tuple[int, Bounds]]:
    """The bounds that a sentence states in words, each with the offset at which it ends."""
    for match in _BEFORE.finditer(words):
        yield match.end(), _of_words(match, quoted)
    for match in _AFTER.finditer(words):
        if match["noun"] or "bounded" in match["kinds"].lower():  # "p be positive" is said of laws
            yield match.end(), _of_words(match, quoted)
    for match in _VALUES.finditer(words):
        upper = None if match["upper"] == r"\infty" else Fraction(match["upper"])
        yield match.end(), Bounds(match["name"], Fraction(match["lower"]), upper, quoted)


_ORDER = r"(?:\\geq(?:slant)?|\\ge|\\leq(?:slant)?|\\le|[<>])(?![A-Za-z])"
_BESIDE = re.compile(
    r"(?:^|[;:]|(?<![\\A-Za-z])[A-Za-z]{2,})\s*(?P<said>(?P<names>(?:\\[A-Za-z]+|[A-Za-z])(?:\s*,\s*(?:\\[A-Za-z]+|[A-Za-z]))*)"
    rf"\s*(?P<sign>{_ORDER})\s*(?P<number>-?\d+(?:\.\d+)?))(?=\s*(?:$|[,.;)]|[A-Za-z]{{2,}}))"
)
_SCALAR = re.compile(r"\\(?:alpha|beta|gamma|delta|epsilon|eta|kappa|lambda|mu|nu|rho|tau)\b")


def ranges_beside(reason: str) -> Iterator[Range | Unmodelled]:
    r"""What the reason of a step says of parameters: "because \beta, \delta \geq 0".

    A comparison of scalars in another form is kept in words: nothing that may rest on it is refuted.
    """
    for match in _BESIDE.finditer(reason):
        number, strict = Fraction(match["number"]), match["sign"] in "<>"
        lower, upper = (number, None) if match["sign"][:2] in (">", r"\g") else (None, number)
        for name in re.split(r"\s*,\s*", match["names"]):
            yield Range(Parameter(name.lstrip("\\")), lower, upper, strict, strict, f"“{match['said'].strip()}”")
    rest = _BESIDE.sub("", reason)
    if re.search(_ORDER, rest) and _SCALAR.search(rest):
        yield Unmodelled(f"“{' '.join(rest.split()).strip(' ;,.')}”")


def _of_words(match: re.Match[str], quoted: str) -> Bounds:
    signed = re.search(r"(?i)positive|negative", match["kinds"]) is not None
    return Bounds(match["name"], Fraction(0) if signed else None, None, quoted)


def without_bars(sides: Sequence[Node | None], signs: Sequence[str]) -> tuple[Sequence[Node | None], bool]:
    """u(z) <= B for |u(z)| <= B, and whether it was so; other sides as they are."""
    first, *rest = sides
    if len(rest) == 1 and isinstance(first, Abs) and signs[0] in ("<", "<="):
        return [first.body, *rest], True
    return sides, False


def with_bars(sides: list[Term], signs: list[str]) -> tuple[list[Term], list[str]]:
    """-B <= u(z) <= B for |u(z)| <= B."""
    bound = sides[-1]
    below = Number(-bound.value) if isinstance(bound, Number) else Times(Number(-1), bound)
    return [below, *sides], [*signs, *signs]


def stated_bounds(sides: Sequence[Term], signs: Sequence[str], said: str) -> Iterator[Bounds | Unmodelled]:
    """The bounds of the functions of points among the sides of a chain of comparisons, as 0 <= w(z) <= 1.

    A bound that is no number is kept in words: nothing that may rest on it is refuted.
    """
    if signs[0] in (">", ">="):
        sides = sides[::-1]
    for place, side in enumerate(sides):
        if isinstance(side, Function):
            lower = max((s.value for s in sides[:place] if isinstance(s, Number)), default=None)
            upper = min((s.value for s in sides[place + 1 :] if isinstance(s, Number)), default=None)
            yield Bounds(side.name, lower, upper, said)
            if not all(isinstance(other, Number) for other in (*sides[:place], *sides[place + 1 :])):
                yield Unmodelled(said)


def is_of_points(side: Term) -> bool:
    """Whether a term is an abstract function of points, w(z)."""
    return isinstance(side, Function) and all(isinstance(a, Variable | Parameter) for a in side.arguments)
