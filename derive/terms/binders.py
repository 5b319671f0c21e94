"""What binds names: integrals, expectations, divergences, entropies, optima; and names that the text defines."""

from __future__ import annotations

from typing import Self, cast

from sympy import Basic
from sympy.core.symbol import Str

from derive.terms.base import Node, Term
from derive.terms.laws import Variable, law_variables, point_order


class Binder(Term):
    """A node that binds names; ``bound_names`` lists them, and all of its arguments are their scope."""

    __slots__ = ()

    @property
    def bound_names(self) -> tuple[Basic, ...]:
        raise NotImplementedError


class Integral(Binder):
    """∫ body d(variables), or the sum over them: one integral over the product space, in no particular order."""

    __slots__ = ()

    def __new__(cls, body: Basic, *variables: Basic) -> Integral:
        return Node.__new__(cls, body, *sorted(variables, key=point_order))

    @property
    def body(self) -> Term:
        return cast(Term, self.args[0])

    @property
    def variables(self) -> tuple[Variable, ...]:
        return cast("tuple[Variable, ...]", self.args[1:])

    @property
    def bound_names(self) -> tuple[Basic, ...]:
        return self.variables


class Expectation(Binder):
    """E_law[body]; binds the variables that the law draws."""

    __slots__ = ()

    def __new__(cls, body: Basic, law: Basic) -> Expectation:
        return Node.__new__(cls, body, law)

    @property
    def body(self) -> Term:
        return cast(Term, self.args[0])

    @property
    def law(self) -> Term:
        return cast(Term, self.args[1])

    @property
    def bound_names(self) -> tuple[Basic, ...]:
        return law_variables(self.law)


class Divergence(Binder):
    """KL(left ‖ right) in nats; binds the variables that the left law draws."""

    __slots__ = ()

    def __new__(cls, left: Basic, right: Basic) -> Divergence:
        return Node.__new__(cls, left, right)

    @property
    def left(self) -> Term:
        return cast(Term, self.args[0])

    @property
    def right(self) -> Term:
        return cast(Term, self.args[1])

    @property
    def bound_names(self) -> tuple[Basic, ...]:
        return law_variables(self.left)


class Entropy(Binder):
    """H(law) = −E_law[log law] in nats (differential where the base measure is no counting measure)."""

    __slots__ = ()

    def __new__(cls, law: Basic) -> Entropy:
        return Node.__new__(cls, law)

    @property
    def law(self) -> Term:
        return cast(Term, self.args[0])

    @property
    def bound_names(self) -> tuple[Basic, ...]:
        return law_variables(self.law)


class _Optimum(Binder):
    __slots__ = ()

    def __new__(cls, kind: str | Str, objective: Basic, *candidates: Basic) -> Self:
        name = kind if isinstance(kind, Str) else Str(kind)
        return Node.__new__(cls, name, objective, *candidates)

    @property
    def kind(self) -> str:
        return str(self.args[0].name)

    @property
    def objective(self) -> Term:
        return cast(Term, self.args[1])

    @property
    def candidates(self) -> tuple[Basic, ...]:
        return cast("tuple[Basic, ...]", self.args[2:])

    @property
    def bound_names(self) -> tuple[Basic, ...]:
        return self.candidates


class Extremum(_Optimum):
    """sup, inf, max or min (kind) of the objective over parameters and laws (candidates)."""

    __slots__ = ()


class ArgExtremum(_Optimum):
    """The set of maximisers ("argmax") or minimisers ("argmin") of the objective over the candidates."""

    __slots__ = ()


class Named(Term):
    """A name that the text defines: L(θ), J_θ(q), θ*.  Means what its definition says."""

    __slots__ = ()

    def __new__(cls, name: str | Str, *arguments: Basic) -> Named:
        return Node.__new__(cls, name if isinstance(name, Str) else Str(name), *arguments)

    @property
    def name(self) -> str:
        return str(self.args[0].name)

    @property
    def arguments(self) -> tuple[Basic, ...]:
        return cast("tuple[Basic, ...]", self.args[1:])
