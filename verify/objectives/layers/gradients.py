"""The expectation of the gradient against the exact gradient, coordinate by coordinate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from verify.models.records import Array
from verify.objectives.coordinates import comparable, exact_gradient
from verify.objectives.implementation import Situation, Vectorised
from verify.objectives.inquiry import CLEAR, Inquiry
from verify.objectives.layers.differences import NAME, by_differences
from verify.objectives.noise import Estimate, Expectation, NoiseError, OutOfReachError, PrescribedNoise, Source
from verify.objectives.noise.rules import Rows
from verify.objectives.reference import NoTargetError
from verify.objectives.reference.gradients import gradient_by_model, gradient_by_q
from verify.objectives.report import Finding, Status

# Relative to the largest entry of the exact gradient: cancellation costs a gradient more digits than a value.
_PREFIX = "E[gradient in "
_TOLERANCE = {"float64": 1e-7, "float32": 1e-3}


def findings(inquiry: Inquiry) -> Iterator[Finding]:
    """One finding for every coordinate in which a gradient is given, or for every field of q by differences."""
    if inquiry.settings.differences and not inquiry.implementation.has_gradient:
        yield from by_differences(inquiry)
        return
    reason = _not_applicable(inquiry)
    if reason:
        yield Finding(NAME, "E[gradient] is exact", "not applicable", reason)
        return
    try:
        yield from _everywhere(inquiry)
    except (NoTargetError, OutOfReachError) as error:
        yield Finding(NAME, "E[gradient] is exact", "not applicable", str(error))


def _everywhere(inquiry: Inquiry) -> Iterator[Finding]:
    """At the case's q; what cannot be decided there, at a q closer to the posterior as well."""
    mean, closer = MeanGradient(inquiry, inquiry.here), None
    for name in mean.names:
        try:
            finding = _compared(inquiry, mean, name, "")
        except NoTargetError as error:  # the other coordinates may still have exact values
            finding = Finding(NAME, f"{_PREFIX}{name}] is exact", "not applicable", str(error))
            yield finding
            continue
        yield finding
        if finding.status == "not applicable" and inquiry.near_posterior is not None:
            closer = closer or MeanGradient(inquiry, inquiry.near_posterior)
            yield _compared(inquiry, closer, name, " near the posterior")


def _not_applicable(inquiry: Inquiry) -> str:
    if inquiry.solved is None:
        return "no exact gradient is known"
    if not inquiry.implementation.has_gradient:
        return "no gradient was given"
    return "" if inquiry.follows_model else "the given reference has no gradient, and is not what the model says"


class MeanGradient:
    """The expectation of the objective's gradient in nats, all coordinates at once.

    Raises OutOfReachError where the noise cannot be prescribed.
    """

    def __init__(self, inquiry: Inquiry, situation: Situation) -> None:
        self._inquiry, self.situation = inquiry, situation
        if inquiry.implementation.randomness == "seeded":
            raise OutOfReachError("the objective takes only a seed, so its noise cannot be prescribed")
        try:
            example = self._one(PrescribedNoise(compared=False))
        except NoiseError as error:
            raise OutOfReachError(str(error)) from error
        self._shapes: Mapping[str, tuple[int, ...]] = {name: array.shape for name, array in example.items()}
        at_once = self._mean_over if isinstance(inquiry.implementation, Vectorised) else None
        self._expectation = inquiry.expectation_of(self._flat, situation, at_once)

    @property
    def names(self) -> list[str]:
        """The coordinates that the gradient is given in."""
        return list(self._shapes)

    def _one(self, source: Source) -> dict[str, Array]:
        """The gradient of one call, in nats."""
        return self._in_nats(self._inquiry.implementation.gradient(self.situation, source))

    def _in_nats(self, found: Mapping[str, Array]) -> dict[str, Array]:
        scale = self._inquiry.objective.scale(self._inquiry.points)
        return {name: scale * np.asarray(found[name], dtype=np.float64) for name in sorted(found)}

    def _flat(self, source: Source) -> Array:
        return np.concatenate([np.ravel(array) for array in self._one(source).values()])

    def _mean_over(self, rules: Rows) -> Array | None:
        """All rows at once."""
        assert isinstance(self._inquiry.implementation, Vectorised)
        found = self._inquiry.implementation.mean_gradient(self.situation, rules.rows, rules.weights)
        if found is None or found.keys() != self._shapes.keys():
            return None
        return np.concatenate([np.ravel(array) for array in self._in_nats(found).values()])

    def estimates(self) -> Iterator[tuple[Estimate, dict[str, Array]]]:
        """Finer and finer estimates, the cheapest first."""
        source: Expectation | None = self._expectation
        while source is not None:
            yield self._split(source.first())
            yield self._split(source.second())
            source = source.by_quadrature()

    def _split(self, estimate: Estimate) -> tuple[Estimate, dict[str, Array]]:
        arrays, start = {}, 0
        for name, shape in self._shapes.items():
            size = int(np.prod(shape))
            arrays[name] = estimate.mean[start : start + size].reshape(shape)
            start += size
        return estimate, arrays


def exact(inquiry: Inquiry, name: str, model: Any, q: Any) -> Array:
    """The exact gradient in a coordinate.  Raises NoTargetError where there is none."""
    by_q = gradient_by_q(inquiry.objective, model, q)
    return exact_gradient(name, q, model, by_q, lambda: gradient_by_model(inquiry.objective, model, q))


def _compared(inquiry: Inquiry, mean: MeanGradient, name: str, where: str) -> Finding:
    model, q = mean.situation.values["model"], mean.situation.values["q"]
    expected, title = exact(inquiry, name, model, q), f"{_PREFIX}{name}] is exact{where}"
    allowed = _TOLERANCE[inquiry.objective.dtype] * (1 + float(np.max(np.abs(expected), initial=0.0)))
    before: Array | None = None
    for estimate, arrays in mean.estimates():
        found = comparable(name, q, arrays[name])
        if found.shape != expected.shape:
            return _wrong_shape(title, name, found, expected)
        deviation = float(np.max(np.abs(found - expected), initial=0.0))
        error = np.inf if before is None else float(np.max(np.abs(found - before), initial=0.0))
        if deviation <= allowed:
            return _finding(title, name, "held", "", expected, found, allowed, estimate)
        if estimate.exact or deviation > error / CLEAR:
            return _finding(title, name, "failed", _problem(name, found, expected), expected, found, allowed, estimate)
        before = found
    reason = "two estimates of its expectation differ: it is neither quadratic in the noise nor smooth enough"
    return Finding(NAME, title, "not applicable", reason)


def _wrong_shape(title: str, name: str, found: Array, expected: Array) -> Finding:
    message = f"the gradient in {name} has shape {found.shape}, expected is {expected.shape}"
    return Finding(NAME, title, "failed", message, detail={"coordinate": name})


def _problem(name: str, found: Array, expected: Array) -> str:
    if not np.any(found):
        return f"the gradient in {name} is 0, where the exact one is not"
    worst = float(np.max(np.abs(found - expected)) / np.max(np.abs(expected), initial=1e-300))
    return f"the gradient in {name} is wrong by {worst:.3g} of the largest entry"


def _finding(
    title: str,
    name: str,
    status: Status,
    message: str,
    expected: Array,
    found: Array,
    allowed: float,
    estimate: Estimate,
) -> Finding:
    worst = np.unravel_index(int(np.argmax(np.abs(found - expected))), expected.shape) if expected.size else ()
    place = f"{name}[{', '.join(str(int(i)) for i in worst)}]" if expected.ndim else name
    return Finding(
        NAME,
        title,
        status,
        message,
        expected=float(expected[worst]),
        found=float(found[worst]),
        tolerance=allowed,
        evaluations=estimate.evaluations,
        detail={"route": estimate.route, "parameter": place, "coordinate": name},
    )
