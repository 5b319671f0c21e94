"""Names and applications as random variables, parameters and laws, with the roles of the document."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import cast

from sympy import Basic

from derive.claims import Definition
from derive.reading.meaning.roles import Roles, arguments_of, is_open
from derive.reading.meaning.spelling import key_of, latex_of
from derive.reading.syntax import Apply, Equation, Labelled, Mul, Name, Node, Num, Span
from derive.terms import nodes as t

WITHOUT_PARAMETERS = "°"  # ends the key of p where p and p_θ are two laws; no name of a document has it


class ElaborationError(ValueError):
    """A part of a formula that has no meaning here; ``span`` is where it stands."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.span = span


@dataclass
class LawElaborator:
    """Gives the names of a formula their meaning.

    definitions   the names defined so far
    opaque        names defined by something that is not understood
    latex         how each name is written, for printing
    """

    roles: Roles
    definitions: Mapping[str, Definition]
    opaque: Set[str] = frozenset()
    latex: dict[str, str] = field(default_factory=dict)

    # ------------------------------------------------------------ names

    def variable(self, node: Node) -> t.Variable:
        """A point; primes are other points of the same space."""
        if isinstance(node, Equation):
            return self.variable(node.right)
        if not isinstance(node, Name):
            raise ElaborationError("a variable is wanted here", node.span)
        key = key_of(node)
        space = key.rstrip("'")
        return cast(t.Variable, self.remember(t.Variable(key, space), latex_of(node)))

    def parameter(self, node: Node) -> Basic:
        """A parameter of a law: θ, an index, a number, or a name such as θ*."""
        if isinstance(node, Num):
            return t.Number(node.value)
        if not isinstance(node, Name):
            raise ElaborationError("a parameter is wanted here", node.span)
        key = key_of(node)
        if key in self.definitions and not isinstance(self.definitions[key].body, t.ArgExtremum):
            return t.Named(key)
        return self.remember(t.Parameter(key), latex_of(node))  # an optimum is some value, with what is said of it

    def remember(self, node: Basic, written: str) -> t.Term:
        """The node, whose name is written like this (the first time counts)."""
        self.latex.setdefault(str(getattr(node, "name", node)), written)
        return cast(t.Term, node)

    # ------------------------------------------------------------ laws

    def law_name(self, node: Name, extra: tuple[Basic, ...] = ()) -> t.Law:
        """The law that a name stands for, with its parameters."""
        own, below = self.roles.split(node)
        key = self.roles.aliases.get(key_of(node, own), key_of(node, own))
        parameters: tuple[Basic, ...] = (*(self.parameter(p) for p in below), *extra)
        if not parameters:
            parameters = tuple(t.Parameter(p) for p in self.roles.implied.get(key, ()))
        use = self.roles.laws.get(key)
        written = use.latex if use else latex_of(node, own)
        if not parameters and key in self.roles.distinct:
            key += WITHOUT_PARAMETERS
        self.latex.setdefault(key, written)
        return t.Law(key, *parameters)

    def density(self, node: Node, like: tuple[t.Variable, ...] | None = None) -> t.Density:
        """p(x, z | y; θ), or a law without arguments with those it usually has (those of ``like``, if given)."""
        if isinstance(node, Labelled):
            return self.density(node.body, like)
        if isinstance(node, Name):
            return self._bare_density(node, like)
        if not isinstance(node, Apply) or not isinstance(node.head, Name):
            raise ElaborationError("a law is wanted here", node.span)
        at, given, after = arguments_of(node)
        parameters = [p for p in given if self._names_parameter(p)]
        conditions = [g for g in given if g not in parameters]
        law = self.law_name(node.head, tuple(self.parameter(p) for p in [*parameters, *after]))
        drawn = self._points(at, node, like)
        return self._made(law, drawn, tuple(self.variable(g) for g in conditions), node)

    def _made(self, law: t.Law, at: tuple[t.Variable, ...], given: tuple[t.Variable, ...], node: Node) -> t.Density:
        try:
            return t.Density(law, at, given)
        except ValueError as error:
            raise ElaborationError(str(error), node.span) from error

    def _points(self, at: list[Node], node: Apply, like: tuple[t.Variable, ...] | None) -> tuple[t.Variable, ...]:
        if any(is_open(point) for point in at):
            if like is not None:
                return like
            assert isinstance(node.head, Name)
            signature = self.roles.signature(self.roles.law_key(node.head))
            if signature is None:
                raise ElaborationError("what this law draws is not said anywhere", node.span)
            return tuple(t.Variable(key, key.rstrip("'")) for key in signature[0])
        return tuple(self.variable(point) for point in at)

    def _bare_density(self, node: Name, like: tuple[t.Variable, ...] | None) -> t.Density:
        law, key = self.law_name(node), self.roles.law_key(node)
        if key.lower() != key and key.lower() in self.definitions:
            raise ElaborationError(f"{latex_of(node)} may be the law with the density that is defined here", node.span)
        wanted = None if like is None else [v.name for v in like]
        signature = self.roles.signature(key, wanted)
        if signature is None and like is not None:
            return self._made(law, like, (), node)
        if signature is None:
            signature = self.roles.signature(key)
        if signature is None:
            raise ElaborationError(f"the arguments of {latex_of(node)} are not written anywhere", node.span)
        at, given = (tuple(t.Variable(k, k.rstrip("'")) for k in keys) for keys in signature)
        return self._made(law, at, given, node)

    def _names_parameter(self, node: Node) -> bool:
        return isinstance(node, Name) and self.roles.is_parameter(node) and key_of(node) not in self.roles.variables

    def law(self, node: Node, like: tuple[t.Variable, ...] | None = None) -> t.Term:
        """A law, or a product of laws."""
        if isinstance(node, Labelled):
            return self.law(node.body, like)
        if isinstance(node, Mul):
            return t.Times(*(self.density(factor) for factor in node.factors))
        return self.density(node, like)
