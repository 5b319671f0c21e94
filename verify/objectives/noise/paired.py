"""Common random numbers: the same noise in two runs that ask for it in different amounts.

A recording keeps the answers of one run.  A replay of it answers a second run with the same numbers.  Where the second
run asks for an array that is longer along exactly one axis, the recorded array is repeated along that axis; where it
asks more often, the recording starts again.  So duplicated data see duplicated noise, and K draws in place of one are
K copies of it, whether the code draws them in one call or in a loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import numpy as np
import numpy.typing as npt

from verify.models.records import Array, Integers
from verify.objectives.noise.source import FreshNoise, NoiseError, Shape, Source

Recorded = tuple[str, npt.NDArray[Any]]


class RecordedNoise(Source):
    """Fresh noise that remembers its answers."""

    def __init__(self, seed: int | Sequence[int]) -> None:
        self.answers: list[Recorded] = []
        self._fresh = FreshNoise(seed)

    def _keep(self, what: str, answer: npt.NDArray[Any]) -> npt.NDArray[Any]:
        self.answers.append((what, answer))
        return answer

    def normals(self, shape: Shape) -> Array:
        return self._keep("normals", self._fresh.normals(shape))

    def uniforms(self, shape: Shape) -> Array:
        return self._keep("uniforms", self._fresh.uniforms(shape))

    def categories(self, probabilities: Array) -> Integers:
        return self._keep("categories", self._fresh.categories(probabilities))

    def decide(self, probabilities: Sequence[float]) -> int:
        return int(self._keep("decision", np.array(self._fresh.decide(probabilities))))


class ReplayedNoise(Source):
    """The answers of a recording once more, repeated where more is asked for."""

    def __init__(self, recording: RecordedNoise) -> None:
        self._answers = cycle(recording.answers)

    def _next(self, what: str, shape: Shape) -> npt.NDArray[Any]:
        recorded, answer = next(self._answers, (None, None))
        if recorded != what or answer is None:
            raise NoiseError(f"the second run asks for {what} where the first one did not, so they cannot be paired")
        return repeated(answer, shape)

    def normals(self, shape: Shape) -> Array:
        return self._next("normals", shape)

    def uniforms(self, shape: Shape) -> Array:
        return self._next("uniforms", shape)

    def categories(self, probabilities: Array) -> Integers:
        return self._next("categories", probabilities.shape[:-1])

    def decide(self, probabilities: Sequence[float]) -> int:
        return int(self._next("decision", ()))


def repeated(answer: npt.NDArray[Any], shape: Shape) -> npt.NDArray[Any]:
    """The array, repeated as a whole along the one axis on which the shape is a multiple of its own.

    Raises NoiseError where the shapes differ in another way.
    """
    if answer.shape == shape:
        return answer
    longer = [axis for axis, (old, new) in enumerate(zip(answer.shape, shape, strict=False)) if old != new]
    if len(answer.shape) != len(shape) or len(longer) != 1 or shape[longer[0]] % answer.shape[longer[0]]:
        raise NoiseError(f"noise of shape {answer.shape} cannot be paired with noise of shape {shape}")
    axis = longer[0]
    return np.concatenate([answer] * (shape[axis] // answer.shape[axis]), axis=axis)
