"""The exact gradient of a declared objective's expectation, by the fields of q and by the model's parameters."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from verify.models.records import LOWER, POSITIVE, SIMPLEX, UNIT, Array, Gradient, Kind, tangent
from verify.objectives.declaration import Objective
from verify.objectives.reference.solvable import Solvable
from verify.objectives.reference.targets import NoTargetError, target

# Five-point differences: with this step both the error of the formula and rounding stay near 1e-11 of the value.
_STEP = 2e-3
_STENCIL = ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12))


def gradient_by_q(objective: Objective, model: Solvable, q: Any) -> Gradient:
    """∂E[value]/∂(every field of q), in nats; within the simplex for probabilities.

    By the model's formulas for the ELBO, by differences of exact values otherwise.
    """
    if objective.kind == "elbo" and objective.beta == 1:
        return model.elbo_gradient(q)
    return numeric_gradient(lambda moved: target(objective, model, moved).value, q)


def gradient_by_model(objective: Objective, model: Solvable, q: Any) -> Gradient:
    """∂E[value]/∂(every parameter of the model).  Raises NoTargetError for anything but the ELBO."""
    if objective.kind != "elbo" or objective.beta != 1:
        title = objective.title
        raise NoTargetError(f"exact gradients in the model's parameters are known for the ELBO, not the {title}")
    return model.parameter_gradient(q)


def numeric_gradient(value: Callable[[Any], float], q: Any) -> Gradient:
    """The gradient of an exact function of q, by five-point differences in coordinates that keep q valid."""
    kinds: dict[str, Kind] = {name: kind for name, kind in q.kinds().items() if kind.direction is not None}
    return {name: _of_field(value, q, name, kind) for name, kind in kinds.items()}


def _of_field(value: Callable[[Any], float], q: Any, name: str, kind: Kind) -> Array:
    field = np.asarray(q.arrays()[name], dtype=np.float64)
    slopes = np.zeros(field.shape)
    for place in np.ndindex(field.shape):
        if kind is LOWER and place[-1] > place[-2]:
            continue
        logarithmic = kind is POSITIVE or (kind is LOWER and place[-1] == place[-2])
        move = _KINDS_OF_MOVE.get(kind, _log_move if logarithmic else _move)
        slopes[place] = _slope(value, q, name, field, place, move)
    return tangent(slopes) if kind is SIMPLEX else slopes


def _slope(
    value: Callable[[Any], float],
    q: Any,
    name: str,
    field: Array,
    place: tuple[int, ...],
    move: Callable[[Array, tuple[int, ...], float], tuple[Array, float]],
) -> float:
    """The derivative at one entry: along the move, divided by the move's speed."""
    terms = []
    speed = 1.0
    for steps, weight in _STENCIL:
        moved, speed = move(field, place, steps * _STEP)
        terms.append(weight * value(q.replace(**{name: moved})))
    return math.fsum(terms) / (_STEP * speed)


def _move(field: Array, place: tuple[int, ...], step: float) -> tuple[Array, float]:
    moved = field.copy()
    moved[place] += step
    return moved, 1.0


def _log_move(field: Array, place: tuple[int, ...], step: float) -> tuple[Array, float]:
    moved = field.copy()
    moved[place] *= math.exp(step)
    return moved, float(field[place])


def _logit_move(field: Array, place: tuple[int, ...], step: float) -> tuple[Array, float]:
    moved, p = field.copy(), float(field[place])
    moved[place] = p * math.exp(step) / (1 - p + p * math.exp(step))
    return moved, p * (1 - p)


def _softmax_move(field: Array, place: tuple[int, ...], step: float) -> tuple[Array, float]:
    """One logit moves; the derivative divided by the probability is the gradient up to a constant of the row."""
    moved, p = field.copy(), float(field[place])
    moved[place] *= math.exp(step)
    moved[place[:-1]] /= moved[place[:-1]].sum()
    return moved, p


_KINDS_OF_MOVE = {UNIT: _logit_move, SIMPLEX: _softmax_move}
