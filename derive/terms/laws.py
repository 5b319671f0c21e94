"""Points of measured spaces, families of laws, and densities p(x, z | y)."""

from __future__ import annotations

from typing import Any, TypeAlias, cast

from sympy import Basic, Tuple
from sympy.core.symbol import Str

from derive.terms.base import Node, Term, Times


class Variable(Term):
    """A point of a measured space: z and z′ are two points of the space "z".

    Used as a number (E[Y]), it stands for its own real value.
    """

    __slots__ = ()

    def __new__(cls, name: str | Str, space: str | Str | None = None) -> Variable:
        own = name if isinstance(name, Str) else Str(name)
        place = own if space is None else space if isinstance(space, Str) else Str(space)
        return Node.__new__(cls, own, place)

    @property
    def name(self) -> str:
        return str(self.args[0].name)

    @property
    def space(self) -> str:
        return str(self.args[1].name)

    def __or__(self, given: Variable) -> Given:
        return Given((self,), (given,))

    def __lshift__(self, law: LawTerm) -> LawTerm:
        """``z << q(z | x)`` reads "z drawn from q(z | x)"."""
        if self not in law_variables(law):
            raise ValueError(f"{self.name} is not drawn from {law}")
        return law


class Given:
    """``z | x`` inside a law's brackets."""

    def __init__(self, at: tuple[Variable, ...], given: tuple[Variable, ...]) -> None:
        self.at, self.given = at, given


class Law(Node):
    """A family of laws that belong together: its marginals and conditionals are those of one joint law.

    The parameters are part of which law it is: P_θ and P_θ′ are two laws.
    """

    __slots__ = ()

    def __new__(cls, name: str | Str, *parameters: Basic) -> Law:
        return Node.__new__(cls, name if isinstance(name, Str) else Str(name), *parameters)

    @property
    def name(self) -> str:
        return str(self.args[0].name)

    @property
    def parameters(self) -> tuple[Basic, ...]:
        return cast("tuple[Basic, ...]", self.args[1:])

    def __getitem__(self, parameters: Basic | tuple[Basic, ...]) -> Law:
        more = parameters if isinstance(parameters, tuple) else (parameters,)
        return Law(self.args[0], *self.parameters, *more)

    def __call__(self, *points: Variable | Given) -> Density:
        """p(x, z), q(z | x), q(z, w | x, y): what follows the first bar is given."""
        at: list[Variable] = []
        given: list[Variable] = []
        for point in points:
            if isinstance(point, Given):
                at += point.at
                given += point.given
            else:
                (given if given else at).append(point)
        return Density(self, tuple(at), tuple(given))


class Density(Term):
    """p(at | given): the density of a law's conditional, against the base measure."""

    __slots__ = ()

    def __new__(cls, law: Basic, at: Any, given: Any = ()) -> Density:
        points = [tuple(sorted(group, key=point_order)) for group in (at, given)]
        if not points[0]:
            raise ValueError("a density needs a point to the left of the bar")
        if len({*points[0], *points[1]}) < len(points[0]) + len(points[1]):
            raise ValueError("a point stands twice in a density")
        return Node.__new__(cls, law, Tuple(*points[0]), Tuple(*points[1]))

    @property
    def law(self) -> Law:
        return cast(Law, self.args[0])

    @property
    def at(self) -> tuple[Variable, ...]:
        return tuple(self.args[1])

    @property
    def given(self) -> tuple[Variable, ...]:
        return tuple(self.args[2])

    @property
    def points(self) -> tuple[Variable, ...]:
        return self.at + self.given


def point_order(point: Basic) -> tuple[str, str]:
    return (point.space, point.name) if isinstance(point, Variable) else ("", str(point))


LawTerm: TypeAlias = "Density | Times"  # a density, or a product of densities drawn one after the other


def law_factors(law: Term) -> tuple[Term, ...]:
    """The densities of q(z₁|x) q(z₂|z₁)."""
    if isinstance(law, Times):
        return tuple(factor for part in law.args for factor in law_factors(cast(Term, part)))
    return (law,)


def law_variables(law: Term) -> tuple[Variable, ...]:
    """The variables a law draws: everything to the left of a bar."""
    return tuple(dict.fromkeys(v for factor in law_factors(law) if isinstance(factor, Density) for v in factor.at))


def is_law(term: Term) -> bool:
    """Whether the term is normalised by its form: densities that draw each variable once, in some order.

    q(z₁|x) q(z₂|z₁) is a law; q(z₁|z₂) q(z₂|z₁) is none.
    """
    factors = [f for f in law_factors(term) if isinstance(f, Density)]
    drawn = [v for f in factors for v in f.at]
    if len(factors) != len(law_factors(term)) or len(set(drawn)) != len(drawn):
        return False
    pending = factors
    waiting = set(drawn)
    while pending:
        ready = [f for f in pending if not waiting & set(f.given)]
        if not ready:
            return False
        waiting -= {v for f in ready for v in f.at}
        pending = [f for f in pending if f not in ready]
    return True
