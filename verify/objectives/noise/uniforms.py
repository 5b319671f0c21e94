"""Uniform numbers that are only ever compared, and so can be enumerated.

Code draws a Bernoulli as `rng.random(n) < p`, a category as `(cumulative <= rng.random()).sum()`.  A `UniformDraws`
stands in for the uniforms: it remembers between which bounds each of them is known to lie, and a comparison with a
threshold inside those bounds becomes one decision with two outcomes.  All outcomes can then be visited, each with its
exact probability.  Any other use raises NeedsNumbersError; the enumeration then falls back to numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from verify.models.records import Array


class NeedsNumbersError(Exception):
    """Uniforms are used in arithmetic: comparing them is not enough."""


class Bounds:
    """What is known about every uniform drawn so far."""

    def __init__(self, decide: Callable[[Sequence[float]], int]) -> None:
        self._decide = decide
        self._bounds: list[tuple[float, float]] = []

    def draw(self, shape: tuple[int, ...]) -> UniformDraws:
        """New uniforms, of which nothing is known yet."""
        first, count = len(self._bounds), int(np.prod(shape))
        self._bounds += [(0.0, 1.0)] * count
        return UniformDraws(self, np.arange(first, first + count).reshape(shape))

    def is_below(self, index: int, threshold: float) -> bool:
        """Is this uniform below the threshold?  A decision, unless its bounds say so."""
        low, high = self._bounds[index]
        if not low < threshold < high:
            return threshold >= high
        share = (threshold - low) / (high - low)
        below = self._decide([share, 1 - share]) == 0
        self._bounds[index] = (low, threshold) if below else (threshold, high)
        return below


class UniformDraws:
    """An array of uniforms that can be indexed, reshaped and compared with numbers, and nothing else."""

    def __init__(self, bounds: Bounds, indices: npt.NDArray[np.int64]) -> None:
        self._bounds = bounds
        self._indices = indices

    @property
    def shape(self) -> tuple[int, ...]:
        return self._indices.shape

    @property
    def ndim(self) -> int:
        return self._indices.ndim

    @property
    def size(self) -> int:
        return self._indices.size

    @property
    def T(self) -> UniformDraws:
        return UniformDraws(self._bounds, self._indices.T)

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, key: Any) -> UniformDraws:
        return UniformDraws(self._bounds, np.asarray(self._indices[key]))

    def __iter__(self) -> Iterator[UniformDraws]:
        return (self[k] for k in range(len(self)))

    def reshape(self, *shape: Any) -> UniformDraws:
        return UniformDraws(self._bounds, self._indices.reshape(*shape))

    def _below(self, thresholds: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        indices, limits = np.broadcast_arrays(self._indices, np.asarray(thresholds, dtype=np.float64))
        pairs = zip(indices.ravel().tolist(), limits.ravel().tolist(), strict=True)
        answers = [self._bounds.is_below(index, limit) for index, limit in pairs]
        return np.array(answers, dtype=np.bool_).reshape(indices.shape)[()]

    # A uniform equals a threshold with probability 0, so < and <= are the same question.
    def __lt__(self, thresholds: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        return self._below(thresholds)

    def __le__(self, thresholds: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        return self._below(thresholds)

    def __gt__(self, thresholds: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        return np.logical_not(self._below(thresholds))

    def __ge__(self, thresholds: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        return np.logical_not(self._below(thresholds))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> npt.NDArray[np.bool_]:
        if method != "__call__" or ufunc.__name__ not in _COMPARISONS or options:
            self._refuse()
        first, second = inputs
        answers: npt.NDArray[np.bool_] = _COMPARISONS[ufunc.__name__](first, second)
        return answers

    def __array_function__(self, function: Any, types: Any, arguments: Any, options: Any) -> Array:
        if function is not np.searchsorted or len(arguments) != 2 or set(options) - {"side"}:
            self._refuse()
        sorted_values, draws = arguments
        return np.asarray((np.asarray(sorted_values) <= draws.reshape(*draws.shape, 1)).sum(-1))

    def _refuse(self, *arguments: Any, **options: Any) -> NoReturn:
        raise NeedsNumbersError

    __array__ = __float__ = __int__ = __bool__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __neg__ = __pow__ = __rpow__ = __abs__ = _refuse


def _mirrored(first: Any, second: Any, direct: str, mirrored: str) -> Any:
    """first < second, where the draws stand on either side."""
    if isinstance(first, UniformDraws):
        return getattr(first, direct)(second)
    return getattr(second, mirrored)(first)


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "less": lambda first, second: _mirrored(first, second, "__lt__", "__gt__"),
    "less_equal": lambda first, second: _mirrored(first, second, "__le__", "__ge__"),
    "greater": lambda first, second: _mirrored(first, second, "__gt__", "__lt__"),
    "greater_equal": lambda first, second: _mirrored(first, second, "__ge__", "__le__"),
}
