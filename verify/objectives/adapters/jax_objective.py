"""Objectives written in JAX.

    check_objective(
        jax_objective(lambda model, q, key: my_elbo(model.x, q.mean, q.variance, model.loadings, key)),
        case, returns="loss", reduction="mean",
    )

The function's parameters are called by name: any of `implementation.ARGUMENTS`, and `key`, a `jax.random.key`.
`model` and `q` arrive as their fields, JAX arrays under the same names; gradients in all of them come from `jax.grad`.
Draws of `jax.random` are prescribed (`jax_noise`), so that expectations need no sampling; ordinary draws are vectorised
over keys and compiled.

Numbers are 64 bits wide, whatever the global setting, unless dtype="float32" says otherwise; no global setting changes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from verify.models.records import SIMPLEX, Array, tangent
from verify.objectives.adapters.jax_program import Program, traced
from verify.objectives.declaration import DType
from verify.objectives.implementation import ARGUMENTS, RANDOMNESS_ARGUMENTS, Randomness, Situation
from verify.objectives.noise import FreshNoise, NoiseError, Source

Arrays: TypeAlias = dict[str, Any]
_RECORDS = ("model", "q")
_ARRAYS = (*_RECORDS, "x", "batch", "shift")
_BLOCK = 64


class Fields:
    """The numbers of a model or of q under their names, as attributes or by [name]."""

    def __init__(self, owner: str, arrays: Mapping[str, Any]) -> None:
        self._owner, self._arrays = owner, dict(arrays)

    def __getattr__(self, name: str) -> Any:
        arrays = self.__dict__.get("_arrays", {})
        if name not in arrays:
            raise AttributeError(f"{self.__dict__.get('_owner')} has no field {name!r}; it has {', '.join(arrays)}")
        return arrays[name]

    def __getitem__(self, name: str) -> Any:
        return self._arrays[name]

    def as_dict(self) -> dict[str, Any]:
        """All fields."""
        return dict(self._arrays)


@dataclass(frozen=True, eq=False)
class JaxObjective:
    """An `Implementation` from a JAX function; see `jax_objective`.

    names         the parameters it is called with
    while_traced  further replacements for libraries that draw by functions of their own
    """

    function: Callable[..., Any]
    noise: Literal["seeded", "none"] | None = None
    dtype: DType = "float64"
    names: frozenset[str] = field(default_factory=frozenset)
    while_traced: Callable[[], AbstractContextManager[None]] = nullcontext
    _programs: dict[Hashable, Any] = field(default_factory=dict)

    @property
    def arguments(self) -> frozenset[str]:
        return self.names - {"key"}

    @property
    def randomness(self) -> Randomness:
        return self.noise or "prescribed"

    @property
    def has_gradient(self) -> bool:
        return bool(self.names & set(_RECORDS))

    def value(self, situation: Situation, source: Source) -> npt.NDArray[Any]:
        return np.asarray(self._evaluated(self._value, "value", situation, source))

    def draws(self, situation: Situation, seed: int, first: int, last: int) -> npt.NDArray[Any]:
        blocks = [
            self._block(situation, [FreshNoise([seed, number]) for number in range(start, min(start + _BLOCK, last))])
            for start in range(first, last, _BLOCK)
        ]
        return np.concatenate(blocks)

    def _block(self, situation: Situation, sources: list[FreshNoise]) -> npt.NDArray[Any]:
        """Vectorised calls, always equally many, so that one compilation serves them all."""
        padded = sources + [FreshNoise(0)] * (_BLOCK - len(sources))
        with _precision(self.dtype):
            given = [self._split(situation, source) for source in (padded if "batch" in self.names else padded[:1])]
            arrays, fixed = given[0]
            batches = np.stack([one.get("batch", 0) for one, _ in given])
            vectorised = jax.vmap(self._numbered(fixed), (0, 0 if "batch" in arrays else None, None))
            call = self._compiled("draws", arrays, fixed, lambda: jax.jit(vectorised))
            keys = jnp.stack([_key(source) for source in padded])
            return np.asarray(call(keys, batches, arrays))[: len(sources)]

    def gradient(self, situation: Situation, source: Source) -> Mapping[str, Array]:
        if not self.has_gradient:
            raise TypeError("the objective takes neither q nor model, so there is nothing to differentiate by")
        found = self._evaluated(self._gradient, "gradient", situation, source)
        kinds = situation.values["model"].kinds() if hasattr(situation.values.get("model"), "kinds") else {}
        gradient = {name: np.asarray(value, dtype=np.float64) for name, value in found.get("q", {}).items()}
        for name, value in found.get("model", {}).items():
            array = np.asarray(value, dtype=np.float64)
            gradient[f"model.{name}"] = tangent(array) if kinds.get(name) is SIMPLEX else array
        return gradient

    # -- evaluation

    def _evaluated(self, function: Callable[..., Any], name: str, situation: Situation, source: Source) -> Any:
        """One call: compiled with a seed, or as a program whose draws the source answers."""
        with _precision(self.dtype):
            arrays, fixed = self._split(situation, source)
            moving = {owner: moving_fields(situation.values[owner]) for owner in _RECORDS if owner in arrays}

            def call(key: Any, given: Arrays) -> Any:
                return function(key, given, fixed, moving)

            if isinstance(source, FreshNoise) or "key" not in self.names:
                return jax.device_get(self._compiled(name, arrays, fixed, lambda: jax.jit(call))(_key(source), arrays))
            if self.noise is not None:
                raise NoiseError('the objective was declared noise="seeded", so its noise cannot be prescribed')
            key = jax.random.key(0)
            with self.while_traced():
                program = self._compiled(f"{name} as a program", arrays, fixed, lambda: traced(call, key, arrays))
            assert isinstance(program, Program)
            return jax.device_get(program.run(source, key, arrays))

    def _compiled(self, name: str, arrays: Arrays, fixed: Arrays, make: Callable[[], Any]) -> Any:
        """Made once for every set of shapes and fixed arguments."""
        leaves, tree = jax.tree.flatten(arrays)
        shapes = tuple((np.shape(leaf), str(leaf.dtype)) for leaf in leaves)
        address = (name, tree, shapes, tuple(sorted(fixed.items())))
        if address not in self._programs:
            self._programs[address] = make()
        return self._programs[address]

    def _split(self, situation: Situation, source: Source) -> tuple[Arrays, Arrays]:
        """The arguments that are arrays, and those that are fixed in a program: numbers of samples, functions."""
        given = situation.arguments(self.names - {"key"}, source)
        arrays = {name: self._as_arrays(name, value) for name, value in given.items() if name in _ARRAYS}
        return arrays, {name: value for name, value in given.items() if name not in _ARRAYS}

    def _as_arrays(self, name: str, value: Any) -> Any:
        if name in _RECORDS:
            return {field: self._array(array) for field, array in fields_of(value).items()}
        return self._array(value)

    def _array(self, value: Any) -> Any:
        array = np.asarray(value)
        return array.astype(self.dtype) if array.dtype.kind == "f" else array

    # -- what is traced

    def _value(self, key: Any, arrays: Arrays, fixed: Arrays, moving: Any = None) -> Any:
        given = {name: Fields(name, value) if name in _RECORDS else value for name, value in arrays.items()}
        return self.function(**given, **fixed, **({"key": key} if "key" in self.names else {}))

    def _numbered(self, fixed: Arrays) -> Callable[..., Any]:
        def call(key: Any, batch: Any, arrays: Arrays) -> Any:
            changed = {**arrays, "batch": batch} if "batch" in arrays else arrays
            return self._value(key, changed, fixed)

        return call

    def _gradient(self, key: Any, arrays: Arrays, fixed: Arrays, moving: dict[str, list[str]]) -> Any:
        """By all fields of q and of the model that can move, of the sum of what is returned."""

        def total(moved: dict[str, Arrays]) -> Any:
            replaced = {owner: {**arrays[owner], **moved[owner]} for owner in moved}
            return jnp.sum(self._value(key, {**arrays, **replaced}, fixed))

        start = {owner: {name: arrays[owner][name] for name in names} for owner, names in moving.items()}
        return jax.grad(total)(start)


def jax_objective(
    function: Callable[..., Any], *, noise: Literal["seeded", "none"] | None = None, dtype: DType = "float64"
) -> JaxObjective:
    """A JAX function as an `Implementation` for check_objective.

    function  traceable, with parameters by the names of `implementation.ARGUMENTS` (not rng or seed) and `key`; returns
              a number, or one a data point; `samples` and `alpha` arrive as plain numbers
    noise     "seeded": never prescribe its draws; "none": it draws nothing and takes no key; None: prescribe them
    dtype     the precision in which the arrays arrive; declare the same to check_objective

    Raises TypeError for parameters with other names, and for one without a key that is not declared noise="none".
    """
    names = _parameters(function)
    if ("key" in names) == (noise == "none"):
        raise TypeError("an objective that draws takes a `key`; one that draws nothing takes none, with noise='none'")
    return JaxObjective(function, noise, dtype, names)


def _parameters(function: Callable[..., Any]) -> frozenset[str]:
    found = inspect.signature(function).parameters.values()
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    required = frozenset(p.name for p in found if p.default is p.empty and p.kind not in variadic)
    known = {name: meaning for name, meaning in ARGUMENTS.items() if name not in RANDOMNESS_ARGUMENTS}
    known["key"] = "a jax.random.key"
    unknown = required - known.keys()
    if unknown:
        listed = ", ".join(f"{name} ({meaning})" for name, meaning in known.items())
        raise TypeError(f"the objective takes {sorted(unknown)[0]!r}; it may take {listed}")
    return required


@contextmanager
def _precision(dtype: DType) -> Iterator[None]:
    """64 bits where they are wanted; for this thread and this block only."""
    with jax.enable_x64(dtype == "float64"):
        yield


def _key(source: Source) -> Any:
    return jax.random.key(source.integer_seed() if isinstance(source, FreshNoise) else 0)


def fields_of(value: Any) -> Mapping[str, npt.NDArray[Any]]:
    """The numbers of a model or a q: all its fields, or for a model known by its density alone the data."""
    found: Mapping[str, npt.NDArray[Any]] = value.arrays() if hasattr(value, "arrays") else value.data()
    return found


def moving_fields(value: Any) -> list[str]:
    """The fields in which there is a gradient."""
    kinds = value.kinds() if hasattr(value, "kinds") else {}
    return [name for name, kind in kinds.items() if kind.direction is not None]
