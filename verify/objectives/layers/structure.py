"""Shape, finiteness, and the same value from the same seed: two calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from verify.objectives.inquiry import Inquiry
from verify.objectives.noise import FreshNoise
from verify.objectives.report import Finding

NAME = "structure"


def findings(inquiry: Inquiry) -> Iterator[Finding]:
    """Is what one call returns a number at all, and does it depend on the seed alone?"""
    situation, seed = inquiry.here, [inquiry.case.seed, 1]
    first = inquiry.implementation.value(situation, FreshNoise(seed))
    yield _shape(inquiry, first)
    yield _finite(inquiry, first, seed)
    yield _determinism(inquiry, first, inquiry.implementation.value(situation, FreshNoise(seed)))


def _finding(name: str, problem: str | None, **more: Any) -> Finding:
    return Finding(NAME, name, "failed" if problem else "held", problem or "", **more)


def _shape(inquiry: Inquiry, value: npt.NDArray[Any]) -> Finding:
    if inquiry.objective.reduction == "none":
        expected = (inquiry.objective.batch_size or inquiry.points,)
        name = "returns one number a data point"
        problem = f"returns shape {value.shape}, declared is one number a data point: {expected}"
        right = value.shape == expected
    else:
        name = "returns one number"
        problem = (
            f'returns shape {value.shape}, declared is reduction="{inquiry.objective.reduction}", one number; reduce '
            'over the data, or declare reduction="none"'
        )
        right = value.size == 1
    if value.dtype.kind not in "fiu":
        return _finding(name, f"returns {value.dtype} values where real numbers are expected", evaluations=1)
    return _finding(name, None if right else problem, evaluations=1)


def _finite(inquiry: Inquiry, value: npt.NDArray[Any], seed: list[int]) -> Finding:
    if np.all(np.isfinite(value)):
        return _finding("returns finite numbers", None)
    place = "" if value.ndim == 0 else f" at data point {int(np.argmin(np.isfinite(value.ravel())))}"
    bad = value.ravel()[~np.isfinite(value.ravel())][0]
    return _finding("returns finite numbers", f"returns {bad}{place}", detail={"seed": seed})


def _determinism(inquiry: Inquiry, first: npt.NDArray[Any], second: npt.NDArray[Any]) -> Finding:
    name = "the same seed gives the same value"
    size = float(np.max(np.abs(first), initial=1.0))
    difference = float(np.max(np.abs(first - second), initial=0.0))
    if difference <= inquiry.objective.relative_tolerance * size:
        return _finding(name, None, evaluations=1)
    cure = {
        "none": 'it was declared to draw nothing (noise="none")',
        "seeded": "it draws from something else than the seed it is given",
        "prescribed": "it draws from something else than the generator it is given",
    }[inquiry.implementation.randomness]
    return _finding(name, f"two calls with the same seed differ by {difference:.3g}: {cure}", evaluations=1)
