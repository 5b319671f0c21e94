"""Many calls of a PyTorch objective at once, by `torch.func.vmap`: its draws get a leading axis, one entry a call.

Code that vmap cannot run (control flow that depends on draws, autograd functions of one's own, …) is run call by call;
the two ways give the same numbers.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from verify.models.records import Array, Integers
from verify.objectives.adapters.torch_noise import prescribed_torch
from verify.objectives.noise import FreshNoise, NoiseError, Source
from verify.objectives.noise.source import Shape, normal_cdf


class RowNoise(Source):
    """Standard normals of many calls, a row for each; no decisions."""

    def __init__(self, rows: Array) -> None:
        self._rows, self._used = rows, 0

    def normals(self, shape: Shape) -> Array:
        if not shape or shape[0] != len(self._rows):
            raise NoiseError(f"a draw of shape {shape} has no axis for {len(self._rows)} calls")
        first, self._used = self._used, self._used + int(np.prod(shape[1:]))
        if self._used > self._rows.shape[1]:
            raise NoiseError("more normals are drawn than in a call of its own")
        return self._rows[:, first : self._used].reshape(shape)

    def uniforms(self, shape: Shape) -> Array:
        return normal_cdf(self.normals(shape))

    def decide(self, probabilities: Sequence[float]) -> int:
        raise NoiseError("decisions are made call by call")

    @property
    def exhausted(self) -> bool:
        """Were all normals drawn?"""
        return bool(self._used == self._rows.shape[1])


class StackedNoise(Source):
    """The fresh noise of many calls, each from its own seed."""

    def __init__(self, sources: Sequence[FreshNoise]) -> None:
        self._sources = sources

    def _parts(self, shape: Shape) -> Shape:
        """The shape of one call's draw; operators may have merged the axis of the calls with the next one."""
        calls = len(self._sources)
        if not shape or shape[0] % calls:
            raise NoiseError(f"a draw of shape {shape} has no axis for {calls} calls")
        return shape[1:] if shape[0] == calls else (shape[0] // calls, *shape[1:])

    def normals(self, shape: Shape) -> Array:
        part = self._parts(shape)
        return np.stack([source.normals(part) for source in self._sources]).reshape(shape)

    def uniforms(self, shape: Shape) -> Array:
        part = self._parts(shape)
        return np.stack([source.uniforms(part) for source in self._sources]).reshape(shape)

    def categories(self, probabilities: Array) -> Integers:
        shape = probabilities.shape
        laws = probabilities.reshape(len(self._sources), *self._parts(shape))
        drawn = [source.categories(law) for source, law in zip(self._sources, laws, strict=True)]
        return np.stack(drawn).reshape(shape[:-1])

    def decide(self, probabilities: Sequence[float]) -> int:
        raise NoiseError("one decision for many calls")


def batched(function: Callable[[], Any], source: RowNoise | StackedNoise, calls: int) -> torch.Tensor | None:
    """What so many calls return, along a new first axis; None where they cannot be made at once."""
    try:
        with prescribed_torch(source), _batchable_distributions(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "There is a performance drop")
            found = torch.func.vmap(lambda _: function(), randomness="different")(torch.zeros(calls))
    except Exception:  # whatever it is: the calls are made one by one then, and raise it again if it is their own
        return None
    if not isinstance(found, torch.Tensor) or (isinstance(source, RowNoise) and not source.exhausted):
        return None
    return found


@contextmanager
def _batchable_distributions() -> Iterator[None]:
    """Distributions without what vmap refuses: checks of the values of arguments, and draws in place."""
    validates = torch.distributions.Distribution._validate_args
    modules = [m for name, m in sys.modules.items() if name.startswith("torch.distributions.")]
    users: list[Any] = [module for module in modules if hasattr(module, "_standard_normal")]
    original = torch.distributions.utils._standard_normal
    try:
        torch.distributions.Distribution.set_default_validate_args(False)
        for module in users:
            module._standard_normal = _standard_normal
        yield
    finally:
        torch.distributions.Distribution.set_default_validate_args(validates)
        for module in users:
            module._standard_normal = original


def _standard_normal(shape: Any, dtype: Any, device: Any) -> torch.Tensor:
    return torch.randn(shape, dtype=dtype, device=device)
