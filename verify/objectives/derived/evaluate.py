"""The value of a formula over one independent part of a solvable model.

The meaning is that of ``derive/terms/meaning.py``: a density that is 0 makes a product 0, whatever multiplies it.
Densities are kept as logarithms as long as the formula allows it.  A variable under an integral gets an axis of its
own, the innermost first; nothing of the formula is run as code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from derive.terms.binding import free_variables
from derive.terms.meaning import is_nonnegative
from derive.terms.nodes import (
    Density,
    Divergence,
    Entropy,
    Exp,
    Expectation,
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
    law_factors,
)
from derive.writing import Notation, text
from verify.models.records import Array
from verify.models.special import log_sum_exp
from verify.objectives.derived.errors import NoValueError
from verify.objectives.derived.forms import grows_slowly, is_log_linear, monomial
from verify.objectives.derived.grids import Grid, Piece
from verify.objectives.derived.roles import Part, Roles

Places = Mapping[Variable, npt.NDArray[Any]]  # the points of the variables that are summed over, outermost first
Powers = list[tuple[Term, Fraction]]


class Evaluator:
    """Evaluates terms over one piece.

    values    of parameters, by name
    fineness  intervals of a trapezoid rule
    approximate, disagreement   after a call: was quadrature used, and how far may its rules be off for other reasons
                than their fineness (two rules for one integral, mass that none of the points stands for)?
    """

    def __init__(
        self, piece: Piece, roles: Roles, values: Mapping[str, float], fineness: int, notation: Notation
    ) -> None:
        self.piece, self.roles, self.values, self.fineness, self.notation = piece, roles, values, fineness, notation
        self.approximate, self.disagreement = False, 0.0

    def __call__(self, term: Term, places: Places | None = None) -> Array:
        """The value, with one axis for each of the places, the last of them first."""
        with np.errstate(all="ignore"):
            return self.value(term, places or {})

    def value(self, term: Term, places: Places) -> Array:
        match term:
            case Number():
                return np.asarray(float(term.value))
            case Parameter():
                return self._parameter(term)
            case Plus():
                return np.asarray(sum(self.value(part, places) for part in term.terms))
            case Times():
                return self._product(term.terms, places)
            case Log():
                return self.log(term.argument, places)
            case Power() if not is_nonnegative(term.base):
                return np.asarray(self.value(term.base, places) ** self.value(term.exponent, places))
            case Quotient() if not is_nonnegative(term):
                return np.asarray(self.value(term.numerator, places) / self.value(term.denominator, places))
            case Divergence():
                return self.value(Expectation(Log(Quotient(term.left, term.right)), term.left), places)
            case Entropy():
                return -self.value(Expectation(Log(term.law), term.law), places)
            case Expectation() | Integral():
                return self._integral(term, places, logarithmic=False)
            case Density() | Exp() | Power() | Quotient():
                return np.exp(self.log(term, places))
            case _:  # `forms.unknown_part` finds it before
                raise NoValueError(f"{text(term, self.notation)} has no value over a model")

    def log(self, term: Term, places: Places) -> Array:
        """The logarithm of a term."""
        match term:
            case Density():
                return self._log_density(term, places)
            case Times() if is_nonnegative(term):
                return _dominated(sum, [self.log(factor, places) for factor in term.terms])
            case Quotient() if is_nonnegative(term):
                return np.asarray(self.log(term.numerator, places) - self.log(term.denominator, places))
            case Power() if is_nonnegative(term.base):
                return np.asarray(self.value(term.exponent, places) * self.log(term.base, places))
            case Exp():
                return self.value(term.argument, places)
            case Expectation() | Integral() if is_nonnegative(term):
                return self._integral(term, places, logarithmic=True)
            case _:
                return np.asarray(np.log(self.value(term, places)))

    def _parameter(self, parameter: Parameter) -> Array:
        if parameter.name not in self.values:
            shown = text(parameter, self.notation)
            raise NoValueError(f"{shown} has no value: give it as over(…, values={{{shown!r}: …}})")
        return np.asarray(float(self.values[parameter.name]))

    def _product(self, factors: Sequence[Term], places: Places) -> Array:
        found = [self.value(factor, places) for factor in factors]
        result = np.asarray(np.prod(np.broadcast_arrays(*found), axis=0))
        for factor, value in zip(factors, found, strict=True):
            if is_nonnegative(factor):
                result = np.where(value == 0, 0.0, result)
        return result

    def _log_density(self, density: Density, places: Places) -> Array:
        part = self.roles.part(density)
        latent = [v for v in density.points if v.space in self.roles.latent]
        if not latent:
            return np.asarray(self.piece.log_evidence)
        if latent[0] not in places:
            raise NoValueError(f"{text(latent[0], self.notation)} in {text(density, self.notation)} is not summed over")
        logs = self.piece.log_density(part, places[latent[0]])
        return np.reshape(logs, (-1, *(1,) * list(places).index(latent[0])))

    # ------------------------------------------------------------ integrals

    def _integral(self, term: Expectation | Integral, places: Places, logarithmic: bool) -> Array:
        """One variable after the other, the outermost first."""
        if isinstance(term, Expectation):
            first, *rest = law_factors(term.law)
            body = Expectation(term.body, Times(*rest) if len(rest) > 1 else rest[0]) if rest else term.body
            assert isinstance(first, Density)
            if self.roles.of_law(first) == "data":
                return self.log(body, places) if logarithmic else self.value(body, places)
            powers, variables = [(first, Fraction(1)), *monomial(body)], first.at
        else:
            first_variable, *others = term.variables
            inner = Integral(term.body, *others) if others else term.body
            powers, variables = [*monomial(inner)], (first_variable,)
        if len(variables) != 1 or variables[0].space not in self.roles.latent:
            raise NoValueError(f"{text(term, self.notation)} is no average over one latent variable")
        return self._summed(variables[0], powers, places, logarithmic)

    def _summed(self, variable: Variable, powers: Powers, places: Places, logarithmic: bool) -> Array:
        densities = [(term, e) for term, e in powers if isinstance(term, Density)]
        others = [(term, e) for term, e in powers if not isinstance(term, Density)]
        law = self._law_of(variable, densities) if all(grows_slowly(term, variable) for term, _ in others) else None
        split = len(others) == 1 and isinstance(others[0][0], Plus) and others[0][1] == 1 and not self.piece.is_finite
        if split and not logarithmic and not self._is_log_linear(others, variable):
            assert isinstance(others[0][0], Plus)
            parts = [[*densities, *monomial(part)] for part in others[0][0].terms]
            return np.asarray(sum(self._summed(variable, part, places, False) for part in parts))
        if law is not None or self.piece.is_finite:
            grid = self.piece.grid(law or "variational", self.fineness, self._is_log_linear(others, variable))
            return self._on(grid, variable, densities, others, places, logarithmic)
        return self._on_two_grids(variable, densities, others, places, logarithmic)

    def _is_log_linear(self, others: Powers, variable: Variable) -> bool:
        depending = [(term, e) for term, e in others if variable in free_variables(term)]
        return len(depending) <= 1 and all(e == 1 and is_log_linear(term, variable) for term, e in depending)

    def _law_of(self, variable: Variable, densities: Powers) -> Part | None:
        """The one law that the densities make up together, which says where the integrand lies; None for no one law."""
        net: dict[Part, Fraction] = {}
        for density, exponent in densities:
            if variable in free_variables(density):
                assert isinstance(density, Density)
                found = self.roles.part(density)
                part: Part = "posterior" if found == "joint" else found
                net[part] = net.get(part, Fraction(0)) + exponent
        if net.get("likelihood") == net.get("prior") == 1:
            net = {**net, "likelihood": Fraction(0), "prior": Fraction(0)}
            net["posterior"] = net.get("posterior", Fraction(0)) + 1
        left = {part: exponent for part, exponent in net.items() if exponent}
        laws = [part for part, exponent in left.items() if exponent == 1 and part != "likelihood"]
        return laws[0] if len(left) == len(laws) == 1 else None

    def _on_two_grids(
        self, variable: Variable, densities: Powers, others: Powers, places: Places, logarithmic: bool
    ) -> Array:
        """Where no law says where the integrand lies, two rules must agree on it; by how much they do not is kept."""
        parts: tuple[Part, ...] = ("variational", "posterior")
        grids = [self.piece.grid(part, self.fineness) for part in parts]
        first, second = (self._on(grid, variable, densities, others, places, logarithmic) for grid in grids)
        self.disagreement = max(self.disagreement, float(np.max(np.abs(first - second))))
        return first

    def _on(
        self, grid: Grid, variable: Variable, densities: Powers, others: Powers, places: Places, logarithmic: bool
    ) -> Array:
        self.approximate = self.approximate or not grid.exact
        here = {**places, variable: grid.z}
        base = np.reshape(grid.log_base, (-1, *(1,) * len(places)))
        known = [np.asarray(float(e) * self.log(term, here)) for term, e in densities]
        logs = _dominated(sum, [base, *known], [True, *(e > 0 for _, e in densities)])
        self.disagreement = max(self.disagreement, grid.missed)
        if logarithmic:
            more = [np.asarray(float(e) * self.log(term, here)) for term, e in others]
            return log_sum_exp(_dominated(sum, [logs, *more]), axis=0)
        rest: Any = np.ones(1)
        for term, exponent in others:
            rest = rest * self.value(term, here) ** float(exponent)
        if grid.missed:  # what is not seen counts as the largest of what is
            self.disagreement = max(self.disagreement, grid.missed * float(np.max(np.abs(rest))))
        return np.asarray(np.where(np.isneginf(logs), 0.0, np.exp(logs) * rest).sum(axis=0))


def _dominated(add: Any, logs: Sequence[Array], dominating: Sequence[bool] | None = None) -> Array:
    """The sum of logarithms: -inf where a dominating one is, whatever the others are."""
    result = np.asarray(add(logs))
    for i, part in enumerate(logs):
        if dominating is None or dominating[i]:
            result = np.where(np.isneginf(part), -np.inf, result)
    return result
