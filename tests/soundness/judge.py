"""The judge of theorems: worlds of every kind, with holes, point by point.

A theorem ``a = b`` says something about a point where both sides are defined and all conditions hold; ``a ⊑ b`` about
every point where a is defined.  A condition on free variables is asked for at that point; one on bound variables, for
all of their values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from holes import with_holes
from sympy import Basic

from derive.claims import Setting
from derive.conditions import Condition
from derive.kernel import Theorem
from derive.terms.binding import free_names
from derive.terms.nodes import Density, Term
from verify.worlds.draw import KINDS, draw
from verify.worlds.evaluate import Evaluator
from verify.worlds.vocabulary import Vocabulary
from verify.worlds.world import Array, World

SLACK = 1e-6  # relative; what is false is false by far more in some world
ALL_KINDS = (*KINDS, "sparse")
HUGE = 500.0  # larger finite values come from nearly dividing by 0 or from exp at the edge of the floats: not judged
DECIDABLE = ("support", "evidence", "finite")


@dataclass(frozen=True)
class Statement:
    """left relation right in a setting, under conditions.

    Where the setting does not say what the laws draw, every law draws whatever it is given.
    """

    left: Term
    relation: str
    right: Term
    setting: Setting
    conditions: tuple[Condition, ...] = ()

    @staticmethod
    def of(theorem: Theorem) -> Statement:
        unfold = theorem.setting.unfold_all
        return Statement(
            unfold(theorem.left), theorem.judgement, unfold(theorem.right), theorem.setting, theorem.conditions
        )

    @property
    def terms(self) -> list[Term]:
        told = [t for c in self.conditions if c.kind in DECIDABLE for t in (c.subject, *c.where)]
        terms = [self.left, self.right, *told]
        if self.setting.drawn is None:
            densities = {density for term in terms for density in term.atoms(Density) if density.given}
            terms += [Density(density.law, density.given) for density in densities]
        return terms


def worlds(statement: Statement, count: int, seed: int, kinds: Iterable[str]) -> Iterator[tuple[World, Vocabulary]]:
    """``count`` worlds of every kind, and twice as many with holes."""
    vocabulary = Vocabulary.of(statement.terms, statement.setting)
    random = np.random.default_rng(seed)
    for kind in kinds:
        yield draw(vocabulary, statement.setting, kind, count, random), vocabulary
    yield with_holes(vocabulary, statement.setting, 2 * count, random), vocabulary


def violation(statement: Statement, count: int = 100, seed: int = 0, kinds: Iterable[str] = ALL_KINDS) -> str:
    """A world and point in which the statement is false, in words; empty if none was found."""
    for world, vocabulary in worlds(statement, count, seed, kinds):
        wrong, left, right = failures(statement, Evaluator(world, vocabulary.names))
        if wrong.any():
            at = tuple(np.argwhere(wrong)[0])
            return f"{world.kind}: {left[at]} {statement.relation} {right[at]}"
    return ""


def failures(statement: Statement, evaluate: Evaluator) -> tuple[Array, Array, Array]:
    """At which points of which worlds the statement fails although its conditions hold; and both sides there."""
    left, right = evaluate(statement.left), evaluate(statement.right)
    free = free_names(statement.left) | free_names(statement.right)
    kept = kept_everywhere(statement.conditions, free, evaluate)
    left, right, kept = np.broadcast_arrays(left, right, kept)
    return kept & _contradicts(left, statement.relation, right), left, right


def _contradicts(left: Array, relation: str, right: Array) -> Array:
    with np.errstate(all="ignore"):
        close = (left == right) | (np.abs(left - right) <= SLACK * (1 + np.abs(left) + np.abs(right)))
        for side in (left, right):
            close |= np.isfinite(side) & (np.abs(side) > HUGE)
        below = (left < right) & ~close
        above = (left > right) & ~close
    defined = ~np.isnan(left) & ~np.isnan(right)
    match relation:
        case "⊑":
            return np.asarray(~np.isnan(left) & ~close)
        case "=":
            return np.asarray(defined & ~close)
        case ">=":
            return np.asarray(defined & below)
        case "<=":
            return np.asarray(defined & above)
        case _:
            raise ValueError(f"{relation} is not judged here")


def kept_everywhere(conditions: tuple[Condition, ...], free: frozenset[Basic], evaluate: Evaluator) -> Array:
    """The points at which all decidable conditions hold."""
    result: Array = np.ones((1,) * (len(evaluate.axes) + 1), dtype=bool)
    for condition in conditions:
        if condition.kind in DECIDABLE:
            result = result & _kept(condition, free, evaluate)
    return result


def _kept(condition: Condition, free: frozenset[Basic], evaluate: Evaluator) -> Array:
    subject = evaluate(condition.subject)
    good = np.isfinite(subject) if condition.kind == "finite" else subject > 0
    for factor in condition.where:
        good = good | ~(evaluate(factor) > 0)
    bound = [a for name, a in evaluate.axes.items() if name not in free or name in condition.over]
    return np.asarray(good.all(axis=tuple(bound), keepdims=True))
