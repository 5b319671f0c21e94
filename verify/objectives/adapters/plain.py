"""Plain callables on NumPy arrays.

An objective is a function whose parameters are called by name:

    lambda model, q, rng: my_elbo(model.x, q.mean, q.variance, rng)

It may take any of `implementation.ARGUMENTS`.  Its randomness comes from the generator it is handed as `rng`, from an
integer `seed`, from numpy.random itself (noise="global"), or it has none (noise="none").
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from verify.models.records import Array
from verify.objectives.implementation import ARGUMENTS, RANDOMNESS_ARGUMENTS, Randomness, Situation
from verify.objectives.noise import (
    FreshNoise,
    NoiseError,
    Source,
    prescribed_generator,
    replaced_numpy_random,
)

Noise: TypeAlias = Literal["global", "none"]


@dataclass(frozen=True)
class PlainObjective:
    """An `Implementation` from a function, and perhaps a second function for its gradient.

    function           returns the value
    gradient_function  returns {coordinate: array}, and takes arguments by the same names
    noise              None: from the argument `rng` or `seed`; "global": from numpy.random; "none": deterministic

    Raises TypeError for parameters with other names, and where it is not said how randomness enters.
    """

    function: Callable[..., Any]
    gradient_function: Callable[..., Mapping[str, Any]] | None = None
    noise: Noise | None = None

    def __post_init__(self) -> None:
        if self.noise is None and not self._names & RANDOMNESS_ARGUMENTS:
            raise TypeError(
                "the objective takes neither rng nor seed: give it one, or declare noise='none' if it draws nothing, "
                "noise='global' if it draws from numpy.random"
            )

    @cached_property
    def _names(self) -> frozenset[str]:
        return required_names(self.function)

    @cached_property
    def _gradient_names(self) -> frozenset[str]:
        return required_names(self.gradient_function) if self.gradient_function else frozenset()

    @property
    def arguments(self) -> frozenset[str]:
        return self._names - RANDOMNESS_ARGUMENTS

    @property
    def randomness(self) -> Randomness:
        if self.noise == "none":
            return "none"
        return "seeded" if "seed" in self._names else "prescribed"

    @property
    def has_gradient(self) -> bool:
        return self.gradient_function is not None

    def value(self, situation: Situation, source: Source) -> npt.NDArray[Any]:
        return np.asarray(self._called(self.function, self._names, situation, source))

    def draws(self, situation: Situation, seed: int, first: int, last: int) -> npt.NDArray[Any]:
        return np.stack([self.value(situation, FreshNoise([seed, number])) for number in range(first, last)])

    def gradient(self, situation: Situation, source: Source) -> Mapping[str, Array]:
        if self.gradient_function is None:
            raise TypeError("no gradient function was given")
        found = self._called(self.gradient_function, self._gradient_names, situation, source)
        return {name: np.asarray(value, dtype=np.float64) for name, value in found.items()}

    def _called(
        self, function: Callable[..., Any], names: frozenset[str], situation: Situation, source: Source
    ) -> Any:
        arguments = situation.arguments(names, source)
        if "seed" in names:
            arguments["seed"] = _seed(source)
        if "rng" in names:
            arguments["rng"] = _generator(source)
        if self.noise != "global":
            return function(**arguments)
        with replaced_numpy_random(_generator(source)):
            return function(**arguments)


def _generator(source: Source) -> np.random.Generator:
    return source.generator if isinstance(source, FreshNoise) else prescribed_generator(source)


def _seed(source: Source) -> int:
    if not isinstance(source, FreshNoise):
        raise NoiseError("the objective takes only a seed, so its noise cannot be prescribed; let it take rng")
    return source.integer_seed()


def required_names(function: Callable[..., Any]) -> frozenset[str]:
    """The names a function takes.  Raises TypeError for a required one that nobody knows."""
    found = inspect.signature(function).parameters.values()
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    required = {p.name for p in found if p.default is p.empty and p.kind not in variadic}
    unknown = required - ARGUMENTS.keys()
    if unknown:
        known = ", ".join(f"{name} ({meaning})" for name, meaning in ARGUMENTS.items())
        raise TypeError(f"the objective takes {sorted(unknown)[0]!r}; it may take {known}")
    return frozenset(required)
