"""The value of a term at every point of every world of a batch.

The meaning is that of ``derive/terms/meaning.py``; undefined is NaN in floats and ``Undefined`` in exact arithmetic.
One evaluator serves both: exact worlds hold object arrays of ``verify.decide`` values.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np
from sympy import Basic

from derive.terms.binding import flatten
from derive.terms.meaning import is_nonnegative
from derive.terms.nodes import (
    Density,
    Divergence,
    Entropy,
    Exp,
    Expectation,
    Extremum,
    Function,
    Integral,
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


class CannotEvaluateError(ValueError):
    """A term that has no value in a finite world: an undefined name, a set of maximisers."""


class Arithmetic(Protocol):
    """What the evaluator asks of numbers."""

    def constant(self, numerator: int, denominator: int) -> Array: ...
    def product(self, factors: list[Array], dominating: list[bool]) -> Array: ...
    def quotient(self, numerator: Array, denominator: Array, nonnegative: bool) -> Array: ...
    def logarithm(self, argument: Array) -> Array: ...
    def exponential(self, argument: Array) -> Array: ...
    def power(self, base: Array, exponent: Array) -> Array: ...
    def extremum(self, values: Array, axes: tuple[int, ...], largest: bool) -> Array: ...


class Floats:
    """IEEE doubles; NaN is "undefined"."""

    def constant(self, numerator: int, denominator: int) -> Array:
        return np.full(1, numerator / denominator)

    def product(self, factors: list[Array], dominating: list[bool]) -> Array:
        result: Any = factors[0]
        for factor in factors[1:]:
            result = result * factor
        if np.isfinite(result).all():
            return np.asarray(result)
        for factor, dominates in zip(factors, dominating, strict=True):
            if dominates:
                result = np.where(factor == 0, 0.0, result)
        return np.asarray(result)

    def quotient(self, numerator: Array, denominator: Array, nonnegative: bool) -> Array:
        result = numerator / denominator
        return result if nonnegative else np.where(denominator == 0, np.nan, result)

    def logarithm(self, argument: Array) -> Array:
        return np.asarray(np.log(argument))

    def exponential(self, argument: Array) -> Array:
        return np.asarray(np.exp(argument))

    def power(self, base: Array, exponent: Array) -> Array:
        result = np.power(base, exponent)
        return np.where(np.isnan(base) | np.isnan(exponent), np.nan, result)

    def extremum(self, values: Array, axes: tuple[int, ...], largest: bool) -> Array:
        return np.asarray((np.max if largest else np.min)(values, axis=axes, keepdims=True))


class Evaluator:
    """Evaluates terms in one batch of worlds.

    Every variable and parameter has an axis of its own; an array has length 1 along the axes it does not depend on.
    """

    def __init__(self, world: World, names: Iterable[Basic], arithmetic: Arithmetic | None = None) -> None:
        self.world = world
        self.axes = {name: axis for axis, name in enumerate(names)}
        self.arithmetic = arithmetic or Floats()
        self._known: dict[Basic, Array] = {}

    def __call__(self, term: Term) -> Array:
        with np.errstate(all="ignore"):
            return self.value(term)

    def value(self, term: Basic) -> Array:
        if term not in self._known:
            self._known[term] = self._value(term)
        return self._known[term]

    def _value(self, term: Basic) -> Array:
        numbers = self.arithmetic
        match term:
            case Number():
                return self._constant(term)
            case Density():
                return self._density(term)
            case Plus():
                return self._sum([self.value(part) for part in term.terms])
            case Times():
                return self._product(flatten(term))
            case Quotient():
                parts = self.value(term.numerator), self.value(term.denominator)
                return numbers.quotient(*parts, is_nonnegative(term.denominator))
            case Log():
                return numbers.logarithm(self.value(term.argument))
            case Exp():
                return numbers.exponential(self.value(term.argument))
            case Power():
                return numbers.power(self.value(term.base), self.value(term.exponent))
            case Integral():
                return self._integral(self.value(term.body), term.variables)
            case Expectation():
                return self._integral(self._product(flatten(Times(term.law, term.body))), term.bound_names)
            case Divergence():
                return self.value(Expectation(Log(Quotient(term.left, term.right)), term.left))
            case Entropy():
                return self.value(Times(Number(-1), Expectation(Log(term.law), term.law)))
            case Extremum():
                return self._extremum(term)
            case _:
                return self._leaf(term)

    def _leaf(self, term: Basic) -> Array:
        if isinstance(term, Variable):
            return self._place(self.world.points[term.space], [term])
        if isinstance(term, Parameter):
            return self._place(self.world.parameters[term.name], [term])
        if isinstance(term, Function):
            return self._function(term)
        raise CannotEvaluateError(f"{type(term).__name__} has no value in a finite world")

    def _constant(self, number: Number) -> Array:
        value = self.arithmetic.constant(*number.value.as_integer_ratio())
        return value.reshape((1,) * (len(self.axes) + 1))

    def _sum(self, parts: list[Array]) -> Array:
        result: Any = parts[0]
        for part in parts[1:]:
            result = result + part
        return np.asarray(result)

    def _product(self, factors: tuple[Term, ...]) -> Array:
        return self.arithmetic.product([self.value(f) for f in factors], [is_nonnegative(f) for f in factors])

    def _integral(self, body: Array, variables: Iterable[Basic]) -> Array:
        for variable in variables:
            assert isinstance(variable, Variable)
            weights = self._place(self.world.weights[variable.space], [variable])
            body = self.arithmetic.product([body, weights], [False, False])
            body = np.asarray(body.sum(axis=self.axes[variable], keepdims=True))
        return body

    def _extremum(self, term: Extremum) -> Array:
        if not all(isinstance(candidate, Parameter) for candidate in term.candidates):
            raise CannotEvaluateError("an optimum over laws ranges over more than a finite world holds")
        axes = tuple(self.axes[candidate] for candidate in term.candidates)
        return self.arithmetic.extremum(self.value(term.objective), axes, term.kind in ("sup", "max"))

    def _density(self, density: Density) -> Array:
        key = law_key(density.law)
        law = self.world.laws[key]
        at, given = (frozenset(v.space for v in group) for group in (density.at, density.given))
        if len(at | given) < len(density.points):
            raise CannotEvaluateError(
                "a table has one axis for each space; here two points of one space are in a density"
            )
        if law.indices != len(law_indices(density.law)):
            raise CannotEvaluateError(f"{density.law.name} is one law with parameters and another one without")
        joint = self._marginal(key, density, at | given)
        if not given & law.drawn:
            return joint
        return self.arithmetic.quotient(joint, self._marginal(key, density, given), True)

    def _marginal(self, key: str, density: Density, keep: frozenset[str]) -> Array:
        law = self.world.laws[key]
        by_space: dict[str, Basic] = {v.space: v for v in density.points}
        kept = [by_space[space] for space in law.spaces if space in keep]
        table = self.world.marginal(key, keep)
        order = [axis for axis, space in enumerate(law.spaces) if space in keep]
        dropped = tuple(axis for axis in range(len(law.spaces)) if axis not in order)
        return self._place(np.squeeze(table, axis=dropped), [*kept, *law_indices(density.law)])

    def _function(self, function: Function) -> Array:
        table = self.world.functions[function.name]
        if isinstance(table, RealFunction):
            lines = table.lines(self._sum([self.value(argument) for argument in function.arguments]))
            if table.kind == "any":
                return np.asarray(lines.sum(axis=0))
            return np.asarray(self.arithmetic.extremum(lines, (0,), table.kind == "convex")[0])
        return self._place(table, list(function.arguments))

    def _place(self, table: Array, names: list[Basic] | list[Term]) -> Array:
        """A table over the given names, moved to their axes; a name that stands twice is a diagonal."""
        names = list(names)
        for first, name in enumerate(names):
            if name in names[first + 1 :]:
                second = names.index(name, first + 1)
                diagonal = np.moveaxis(np.diagonal(table, axis1=first, axis2=second), -1, first)
                return self._place(diagonal, names[:second] + names[second + 1 :])
        order = sorted(range(len(names)), key=lambda i: self.axes[names[i]])
        moved = np.transpose(table, (*order, len(names)))
        shape = [1] * len(self.axes) + [moved.shape[-1]]
        for position, i in enumerate(order):
            shape[self.axes[names[i]]] = moved.shape[position]
        return np.reshape(moved, shape)
