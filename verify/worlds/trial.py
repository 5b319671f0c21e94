"""A claim tried in a batch of worlds: where it holds, where it fails, where it says nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from derive.claims import Claim, LawEquation, Ordered
from derive.terms.binding import free_names
from derive.terms.nodes import ArgExtremum, Number, Parameter, Plus, Term, Times
from verify.worlds.evaluate import CannotEvaluateError, Evaluator
from verify.worlds.vocabulary import Vocabulary
from verify.worlds.world import Array, World

CLEAR = 1e-6  # a relative difference this large is no rounding error; what it finds is then decided exactly


@dataclass(frozen=True)
class Trial:
    """What happened in each of the W worlds of a batch.

    applicable  both sides were defined at some point
    undefined   a side was undefined at some point where the hypotheses hold
    margin      by how much the claim fails at its worst point, relative to the size of the sides; 0 where it holds
    """

    world: World
    applicable: Array
    undefined: Array
    margin: Array

    @property
    def failed(self) -> Array:
        return np.asarray(self.margin > CLEAR)

    @property
    def held(self) -> Array:
        return np.asarray(self.applicable & ~self.failed)


def try_claim(claim: Claim, vocabulary: Vocabulary, world: World) -> Trial:
    """Evaluates both sides of a claim (without defined names) in every world of the batch.

    Raises CannotEvaluateError where a side has no value in finite worlds.
    """
    evaluate = Evaluator(world, vocabulary.names)
    kept = _in_order(claim, evaluate)
    if claim.sign == "argmax-equiv" or isinstance(claim.lhs, ArgExtremum):
        met = as_assumed(claim, evaluate, (1,) * len(evaluate.axes))
        return _where(_try_optima(claim, evaluate), kept & _per_world(met.any(axis=tuple(range(met.ndim - 1))), world))
    left, right = np.broadcast_arrays(evaluate(claim.lhs), evaluate(claim.rhs))
    undefined, met = np.isnan(left) | np.isnan(right), as_assumed(claim, evaluate, left.shape[:-1])
    defined = ~undefined & met
    gap = violation(left, right, claim.sign)
    points = tuple(range(left.ndim - 1))
    margin = np.where(defined, gap, 0.0).max(axis=points)
    trial = Trial(world, defined.any(axis=points), (undefined & met).any(axis=points), _per_world(margin, world))
    return _where(trial, kept)


def _in_order(claim: Claim, evaluate: Evaluator) -> Array:
    """The worlds whose parameters stand in the order that the text assumes."""
    kept = np.ones(evaluate.world.count, dtype=bool)
    for hypothesis in claim.setting.hypotheses:
        if isinstance(hypothesis, Ordered) and all(_known(s, evaluate) for s in (hypothesis.left, hypothesis.right)):
            left, right = np.broadcast_arrays(evaluate(hypothesis.left), evaluate(hypothesis.right))
            wrong = violation(left, right, hypothesis.sign) > 0
            kept &= ~wrong.any(axis=tuple(range(wrong.ndim - 1)))
    return kept


def as_assumed(claim: Claim, evaluate: Evaluator, shape: tuple[int, ...]) -> Array:
    """The points (of an array of this shape) and worlds at which the equations between laws hold that the text assumes.

    A parameter of one side only, as in q = p_θ, is one value of it: the claim is about that one.
    """
    kept: Array = np.ones((1,) * (len(shape) + 1), dtype=bool)
    for equation in claim.setting.hypotheses:
        if isinstance(equation, LawEquation):
            left, right = np.broadcast_arrays(evaluate(equation.left), evaluate(equation.right))
            wrong = violation(left, right, "=") > CLEAR * 1e-2
            single = free_names(equation.left) ^ free_names(equation.right)
            every = (a for name, a in evaluate.axes.items() if name not in single or not isinstance(name, Parameter))
            kept = kept & ~wrong.any(axis=tuple(every), keepdims=True)
    bound = tuple(axis for axis, n in enumerate(shape) if n == 1)
    return np.asarray(kept.any(axis=bound, keepdims=True))


def _known(side: Term, evaluate: Evaluator) -> bool:
    """Whether a side is made of numbers and of parameters that the world gives values to."""
    if isinstance(side, Plus | Times):
        return all(_known(part, evaluate) for part in side.terms)
    return isinstance(side, Number) or side in evaluate.axes


def _where(trial: Trial, kept: Array) -> Trial:
    """The trial with the worlds left out that do not meet the hypotheses."""
    margin = np.where(kept, trial.margin, 0.0)
    return Trial(trial.world, trial.applicable & kept, trial.undefined & kept, margin)


def _per_world(values: Any, world: World) -> Array:
    return np.broadcast_to(values, (world.count,))


def violation(left: Array, right: Array, sign: str) -> Array:
    """How far each point is from meeting the relation, relative to the sides; infinite sides count as 1."""
    with np.errstate(all="ignore"):
        raw = np.where(left == right, 0.0, left - right)
        infinite = np.isinf(left) | np.isinf(right)
        difference = np.where(infinite, np.sign(raw), raw / (1.0 + np.abs(left) + np.abs(right)))
    match sign:
        case "=":
            return np.abs(difference)
        case ">=":
            return np.maximum(-difference, 0.0)
        case "<=":
            return np.maximum(difference, 0.0)
        case ">":
            return np.where(left == right, 1.0, np.maximum(-difference, 0.0))
        case "<":
            return np.where(left == right, 1.0, np.maximum(difference, 0.0))
        case _:
            raise CannotEvaluateError(f"{sign} is not tried in worlds")


def _try_optima(claim: Claim, evaluate: Evaluator) -> Trial:
    """Whether two objectives order their candidates alike: f(θ) ≤ f(θ′) ⇔ g(θ) ≤ g(θ′)."""
    left, right = claim.lhs, claim.rhs
    if not isinstance(left, ArgExtremum) or not isinstance(right, ArgExtremum):
        raise CannotEvaluateError("a set of optima is compared with a set of optima only")
    if set(left.candidates) != set(right.candidates) or not free_names(left.objective) & set(left.candidates):
        raise CannotEvaluateError("the two optima range over different candidates, or the objective over none")
    if not all(isinstance(candidate, Parameter) for candidate in left.candidates):
        raise CannotEvaluateError("an optimum over laws ranges over more than a finite world holds")
    f, g = (_goodness(side, evaluate) for side in (left, right))
    f, g = np.broadcast_arrays(f, g)
    axes = [evaluate.axes[candidate] for candidate in left.candidates]
    f, g = (_candidates_first(values, axes) for values in (f, g))
    proper = _proper(f) & _proper(g)
    with np.errstate(all="ignore"):
        df, dg = (values[:, None] - values[None, :] for values in (f, g))
        sf, sg = (np.where(np.abs(d) > CLEAR * 1e-3, np.sign(d), 0.0) for d in (df, dg))
        clear = np.minimum(1.0, np.maximum(np.abs(df), np.abs(dg)))
    differs = np.where((sf != sg) & ~np.isnan(df) & ~np.isnan(dg), clear, 0.0).max(axis=(0, 1))
    points = tuple(range(differs.ndim - 1))
    world = evaluate.world
    return Trial(
        world,
        _per_world(proper.any(axis=points), world),
        _per_world((~proper).any(axis=points), world),
        _per_world(np.where(proper, differs, 0.0).max(axis=points), world),
    )


def _goodness(side: ArgExtremum, evaluate: Evaluator) -> Array:
    values = evaluate(side.objective)
    return values if side.kind == "argmax" else -values


def _candidates_first(values: Array, axes: list[int]) -> Array:
    moved = np.moveaxis(values, axes, range(len(axes)))
    return moved.reshape((-1, *moved.shape[len(axes) :]))


def _proper(goodness: Array) -> Array:
    """Nowhere undefined or +∞, finite somewhere."""
    whole = ~np.isnan(goodness).any(axis=0) & ~np.isposinf(goodness).any(axis=0)
    return np.asarray(whole & np.isfinite(goodness).any(axis=0))


def terms_of(claim: Claim) -> tuple[Term, Term]:
    """Both sides without defined names."""
    return claim.setting.unfold_all(claim.lhs), claim.setting.unfold_all(claim.rhs)
