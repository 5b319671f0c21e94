"""A world and both sides of a claim as Python that needs only NumPy.

The sides are written as sums over the points of the spaces, as one would by hand.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from sympy import Basic, Tuple

from derive.terms.nodes import (
    Density,
    Divergence,
    Entropy,
    Exp,
    Expectation,
    Extremum,
    Function,
    Integral,
    Law,
    Log,
    Number,
    Parameter,
    Plus,
    Power,
    Quotient,
    Term,
    Times,
    Variable,
)
from verify.worlds.vocabulary import law_indices, law_key
from verify.worlds.world import Array, RealFunction, World


def snippet(sides: tuple[Term, Term], world: World, point: dict[Basic, int]) -> str:
    """Python source that prints the two sides at a point of the (exact, single) world."""
    writer = _Writer(world)
    left, right = (writer.write(side) for side in sides)
    fixed = [f"{writer.name(name)} = {index}" for name, index in point.items()]
    return "\n".join(
        ["import numpy as np", "", *writer.declarations(sides), *fixed, f"left = {left}", f"right = {right}",
         "print(left, right)"]
    )  # fmt: skip


class _Writer:
    """Writes terms as Python expressions over the tables of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.used: dict[str, str] = {}

    # ------------------------------------------------------------ names

    def name(self, node: Basic) -> str:
        return _identifier(str(getattr(node, "name", node)))

    def _table(self, name: str, values: Array) -> str:
        """Declares a table once and returns its name."""
        identifier = _identifier(name)
        self.used.setdefault(identifier, f"{identifier} = np.array({_nested(values)})")
        return identifier

    def declarations(self, sides: tuple[Term, Term]) -> list[str]:
        del sides
        return [self.used[name] for name in sorted(self.used)]

    # ------------------------------------------------------------ expressions

    def write(self, term: Basic) -> str:
        match term:
            case Number():
                value = term.value
                return str(value.numerator) if value.denominator == 1 else f"({value.numerator}/{value.denominator})"
            case Density():
                return self._density(term)
            case Plus():
                return "(" + " + ".join(self.write(part) for part in term.terms) + ")"
            case Times():
                return " * ".join(self.write(part) for part in term.terms)
            case Quotient():
                return f"({self.write(term.numerator)}) / ({self.write(term.denominator)})"
            case Power():
                return f"({self.write(term.base)}) ** ({self.write(term.exponent)})"
            case Log():
                return f"np.log({self.write(term.argument)})"
            case Exp():
                return f"np.exp({self.write(term.argument)})"
            case Integral():
                return self._sum(self.write(term.body), term.variables)
            case Expectation():
                return self._sum(self.write(Times(term.law, term.body)), term.bound_names)
            case Divergence():
                return self.write(Expectation(Log(Quotient(term.left, term.right)), term.left))
            case Entropy():
                return self.write(Times(Number(-1), Expectation(Log(term.law), term.law)))
            case _:
                return self._leaf(term)

    def _leaf(self, term: Basic) -> str:
        if isinstance(term, Variable):
            return f"{self._table(f'value_{term.space}', self.world.points[term.space])}[{self.name(term)}]"
        if isinstance(term, Parameter):
            values = self.world.parameters[term.name]
            if values.shape[0] == 1:
                return self._table(f"value_{term.name}", values[0])
            return f"{self._table(f'value_{term.name}', values)}[{self.name(term)}]"
        if isinstance(term, Function):
            return self._function(term)
        if isinstance(term, Extremum):
            over = ", ".join(self.name(c) for c in term.candidates)
            return f"{term.kind} over {over}"
        raise ValueError(f"{type(term).__name__} is not written as Python")

    def _sum(self, body: str, variables: tuple[Basic, ...] | Tuple) -> str:
        loops, weights = [], []
        for variable in variables:
            assert isinstance(variable, Variable)
            weight = self._table(f"w_{variable.space}", self.world.weights[variable.space])
            weights.append(f"{weight}[{self.name(variable)}]")
            loops.append(f"for {self.name(variable)} in range({self.world.size(variable.space)})")
        if all(self._counting(variable) for variable in variables):
            for variable in variables:
                assert isinstance(variable, Variable)
                self.used.pop(_identifier(f"w_{variable.space}"), None)
            return f"sum({body} {' '.join(loops)})"
        return f"sum({' * '.join(weights)} * {body} {' '.join(loops)})"

    def _counting(self, variable: Basic) -> bool:
        assert isinstance(variable, Variable)
        return all(_fraction(w) == 1 for w in self.world.weights[variable.space].flat)

    def _density(self, density: Density) -> str:
        key = law_key(density.law)
        drawn = self.world.laws[key].drawn
        joint = self._marginal(key, density.law, density.points)
        if not any(v.space in drawn for v in density.given):
            return joint
        return f"({joint} / {self._marginal(key, density.law, density.given)})"

    def _marginal(self, key: str, law: Law, points: tuple[Variable, ...]) -> str:
        """A marginal table of its own for each set of points: p_xz[x, z], p_x[x]."""
        table = self.world.laws[key]
        kept = frozenset(v.space for v in points)
        values = self.world.marginal(key, kept)
        dropped = tuple(a for a, s in enumerate(table.spaces) if s not in kept and s in table.drawn)
        order = [s for s in table.spaces if s in kept]
        by_space = {v.space: v for v in points}
        chosen = list(enumerate(law_indices(law), len(table.spaces)))
        single = tuple(axis for axis, _ in chosen if values.shape[axis] == 1)
        name = self._table("_".join([key, *order]), np.squeeze(values, axis=(*dropped, *single)))
        indices = [*(by_space[s] for s in order), *(index for axis, index in chosen if axis not in single)]
        return f"{name}[{', '.join(self.name(i) for i in indices)}]" if indices else name

    def _function(self, term: Function) -> str:
        table = self.world.functions[term.name]
        if not isinstance(table, RealFunction):
            return f"{self._table(f'{term.name}_table', table)}[{', '.join(map(self.name, term.arguments))}]"
        argument = " + ".join(self.write(a) for a in term.arguments)
        identifier = _identifier(f"{term.name}_function")
        slopes, offsets = (_nested(values) for values in (table.slopes, table.offsets))
        self.used.setdefault(identifier, f"{identifier} = {_real_function(table.kind, slopes, offsets)}")
        return f"{identifier}({argument})"


def _real_function(kind: str, slopes: str, offsets: str) -> str:
    if kind == "any":
        return f"lambda t: sum(a * t ** (k + 1) for k, a in enumerate({slopes}))"
    choose = "min" if kind == "concave" else "max"
    return f"lambda t: {choose}(a * t + b for a, b in zip({slopes}, {offsets}))"


def _identifier(name: str) -> str:
    cleaned = "".join(c if c.isalnum() else "_" for c in name)
    return cleaned if cleaned[:1].isalpha() and cleaned not in _RESERVED else f"v_{cleaned}"


_RESERVED = {"lambda", "np", "sum", "range", "left", "right", "print", "for", "in", "is", "as", "if", "or", "and"}


def _fraction(value: object) -> Fraction:
    if isinstance(value, Fraction):
        return value
    if isinstance(value, int | np.integer):
        return Fraction(int(value))
    raise TypeError(f"{value!r} is not exact")


def _nested(values: Array) -> str:
    """The entries of one world as nested lists of fractions."""
    single = values[..., 0]

    def write(array: Array) -> str:
        if array.ndim == 0:
            value = _fraction(array.item())
            return str(value)
        return "[" + ", ".join(write(np.asarray(part)) for part in array) + "]"

    return write(np.asarray(single))
