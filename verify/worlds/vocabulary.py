"""What some terms speak of: which spaces, laws, parameters and functions a world must give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sympy import Basic

from derive.claims import Curvature, LawEquation, PositiveVariable, Setting
from derive.terms.binding import fingerprint
from derive.terms.nodes import (
    ArgExtremum,
    Density,
    Extremum,
    Function,
    Integral,
    Law,
    Log,
    Parameter,
    Power,
    Term,
    Variable,
)


def law_key(law: Law) -> str:
    """The table a law is looked up in: its name, with those parameters that are no parameters of the text (p_0)."""
    fixed = [fingerprint(p) for p in law.parameters if not isinstance(p, Parameter | Variable)]
    return "_".join([law.name, *fixed])


def law_indices(law: Law) -> tuple[Basic, ...]:
    """The parameters that choose among the laws of a family."""
    return tuple(p for p in law.parameters if isinstance(p, Parameter | Variable))


@dataclass
class LawShape:
    """What is known of a law.

    drawn     the spaces it draws
    given     the spaces it is only ever conditioned on
    indices   for each of its parameters the space of an index (Q_i), or "" for a parameter of the text
    """

    drawn: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    indices: tuple[str, ...] = ()

    @property
    def spaces(self) -> tuple[str, ...]:
        """All spaces of the law's table, in a fixed order."""
        return tuple(sorted(self.drawn | self.given))


@dataclass
class Vocabulary:
    """Everything that some terms speak of."""

    spaces: set[str] = field(default_factory=set)
    names: dict[Basic, None] = field(default_factory=dict)  # variables and parameters, each with an axis of its own
    laws: dict[str, LawShape] = field(default_factory=dict)
    functions: dict[str, tuple[str, ...] | None] = field(default_factory=dict)  # spaces, or None for f(real number)
    numeric: set[Basic] = field(default_factory=set)  # variables and parameters used as numbers
    positive: set[str] = field(default_factory=set)  # spaces, parameters and functions that must be positive
    chosen: set[Basic] = field(default_factory=set)  # parameters that index laws or that an optimum ranges over
    optimised: bool = False  # whether an optimum ranges over a parameter

    @property
    def choices(self) -> int:
        """How many values a chosen parameter must have: one, unless values of it are compared."""
        return 2 if self.optimised or len(self.chosen) > 1 else 1

    @staticmethod
    def of(terms: Iterable[Term], setting: Setting) -> Vocabulary:
        vocabulary = Vocabulary()
        equations = [h for h in setting.hypotheses if isinstance(h, LawEquation)]
        everything = [*terms, *(side for h in equations for side in (h.left, h.right))]
        densities: list[Density] = []
        for term in everything:
            vocabulary._read(term, densities)
        vocabulary._shape_laws(densities)
        for curvature in setting.of_kind(Curvature):
            if isinstance(curvature, Curvature) and curvature.domain == "positive":
                vocabulary.positive |= vocabulary._arguments_of(curvature.function, everything)
        vocabulary.positive |= {h.name for h in setting.hypotheses if isinstance(h, PositiveVariable)}
        return vocabulary

    def _read(self, node: Basic, densities: list[Density]) -> None:
        for part in _walk(node):
            if isinstance(part, Variable | Parameter):
                self.names.setdefault(part)
                if isinstance(part, Variable):
                    self.spaces.add(part.space)
            elif isinstance(part, Density):
                densities.append(part)
                self.chosen |= {p for p in law_indices(part.law) if isinstance(p, Parameter)}
            elif isinstance(part, Function):
                self._read_function(part)
            elif isinstance(part, Extremum | ArgExtremum):
                candidates = {c for c in part.candidates if isinstance(c, Parameter)}
                self.chosen |= candidates
                self.optimised |= bool(candidates)
            elif isinstance(part, Log | Power):
                self.positive |= _bare_names(part.args[0])
        self.numeric |= set(_numeric(node))

    def _read_function(self, function: Function) -> None:
        arguments = function.arguments
        of_points = _is_table(function)
        spaces = tuple(a.space if isinstance(a, Variable) else "" for a in arguments) if of_points else None
        if self.functions.get(function.name, spaces) != spaces:
            spaces = None
        self.functions[function.name] = spaces

    def _shape_laws(self, densities: list[Density]) -> None:
        """A space that stands behind the bar in every density of a law is not drawn by it."""
        for density in densities:
            shape = self.laws.setdefault(law_key(density.law), LawShape())
            shape.drawn |= {v.space for v in density.at}
            shape.given |= {v.space for v in density.given}
            shape.indices = tuple(i.space if isinstance(i, Variable) else "" for i in law_indices(density.law))
        for density in densities:
            shape = self.laws[law_key(density.law)]
            shape.drawn |= shape.given - {v.space for v in density.given}
        for shape in self.laws.values():
            shape.given -= shape.drawn

    @staticmethod
    def _arguments_of(function: str, terms: Iterable[Term]) -> set[str]:
        uses = [n for t in terms for n in _walk(t) if isinstance(n, Function) and n.name == function]
        return {v.space for use in uses for v in _numeric(use) if isinstance(v, Variable)}


def _walk(node: Basic) -> Iterator[Basic]:
    yield node
    for arg in node.args:
        yield from _walk(arg)


def _numeric(node: Basic) -> Iterator[Basic]:
    """Variables and parameters that stand where a number is wanted."""
    if isinstance(node, Variable | Parameter):
        yield node
    elif isinstance(node, Density | Law) or _is_table(node):
        return
    elif isinstance(node, Integral):
        yield from _numeric(node.body)
    elif isinstance(node, Extremum | ArgExtremum):
        yield from _numeric(node.objective)
    else:
        for arg in node.args:
            yield from _numeric(arg)


def _is_table(node: Basic) -> bool:
    """Whether a function is one of points, f(z), and so a table."""
    return isinstance(node, Function) and all(isinstance(a, Variable | Parameter) for a in node.arguments)


def _bare_names(node: Basic) -> set[str]:
    """Names whose sign matters because a logarithm or a root is taken right there (or of their mean)."""
    if isinstance(node, Variable):
        return {node.space}
    if isinstance(node, Parameter | Function):
        return {node.name}
    if isinstance(node, Density | Law | Log | Power):
        return set()
    return {name for arg in node.args if isinstance(arg, Term) for name in _bare_names(arg)}
