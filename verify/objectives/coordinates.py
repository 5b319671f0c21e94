"""Coordinates in which a gradient may be given: the fields of q and of the model, and the usual other ones.

    mean, variance, …         a field of q                   model.weights, …      a parameter of the model
    log_variance (logvar)     log of a positive field        std, log_std          of a field called variance
    logits                    of a field of probabilities (softmax over the last axis, or sigmoid)

A gradient in a simplex is compared within it: the entries of an exact one sum to zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from verify.models.records import LOWER, POSITIVE, SIMPLEX, UNIT, Array, Gradient, Kind, Record, tangent

_MODEL = "model."
_ALIASES = {"logvar": "log_variance", "log_scale": "log_std"}

# (value of the field, gradient in the field) ↦ gradient in the coordinate
Change = Callable[[Array, Array], Array]


def _by_log(value: Array, gradient: Array) -> Array:
    return value * gradient


_OF_VARIANCE: Mapping[str, Change] = {
    "std": lambda value, gradient: 2 * np.sqrt(value) * gradient,
    "log_std": lambda value, gradient: 2 * value * gradient,
}
_LOGITS: Mapping[Kind, Change] = {
    SIMPLEX: lambda value, gradient: value * (gradient - (value * gradient).sum(-1, keepdims=True)),
    UNIT: lambda value, gradient: value * (1 - value) * gradient,
}


def exact_gradient(name: str, q: Record, model: object, by_q: Gradient, by_model: Callable[[], Gradient]) -> Array:
    """The exact gradient in the named coordinate.

    by_q, by_model  the exact gradients by field
    Raises ValueError for a name that is no coordinate of q or of the model.
    """
    if name.startswith(_MODEL) and isinstance(model, Record):
        field = name.removeprefix(_MODEL)
        return _within(model.kinds().get(field), _known(by_model(), field, name, coordinates(q, model)))
    field, change = _split(name if name in q.kinds() else _ALIASES.get(name, name), q)
    gradient = _known(by_q, field, name, coordinates(q, model))
    return _within(q.kinds()[field], gradient) if change is None else change(q.arrays()[field], gradient)


def comparable(name: str, q: Record, gradient: Array) -> Array:
    """A given gradient without what cannot matter: across a simplex, above the diagonal of a lower triangle."""
    kind = q.kinds().get(name)
    return _within(kind, np.asarray(gradient, dtype=np.float64))


def coordinates(q: Record, model: object) -> list[str]:
    """All names that a gradient of this q and model may use."""
    kinds = q.kinds()
    moving = [name for name, kind in kinds.items() if kind.direction is not None]
    logs = [f"log_{name}" for name in moving if kinds[name] is POSITIVE]
    scales = list(_OF_VARIANCE) if "variance" in moving else []
    logits = ["logits"] if any(kinds[name] in _LOGITS for name in moving) else []
    parameters = model.kinds().items() if isinstance(model, Record) else ()
    return [*moving, *logs, *scales, *logits, *(_MODEL + name for name, kind in parameters if kind.direction)]


def _split(name: str, q: Record) -> tuple[str, Change | None]:
    """The field behind a coordinate, and how the gradient changes."""
    kinds = q.kinds()
    if name in kinds:
        return name, None
    if name in _OF_VARIANCE and "variance" in kinds:
        return "variance", _OF_VARIANCE[name]
    if name == "logits":
        for field, kind in kinds.items():
            if kind in _LOGITS:
                return field, _LOGITS[kind]
    field = name.removeprefix("log_")
    return (field, _by_log) if kinds.get(field) is POSITIVE else ("", None)


def _known(gradients: Gradient, field: str, name: str, names: list[str]) -> Array:
    if field not in gradients:
        raise ValueError(f"the gradient is given by {name!r}, which is none of {', '.join(names)}")
    return np.asarray(gradients[field], dtype=np.float64)


def _within(kind: Kind | None, gradient: Array) -> Array:
    if kind is SIMPLEX:
        return tangent(gradient)
    return np.tril(gradient) if kind is LOWER else gradient
