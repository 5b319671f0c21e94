"""A traced JAX function as a short list of compiled stages with draws between them.

    program = traced(function, key, arrays)      function(key, arrays), its draws replaced by places
    program.run(source, key, arrays)             with the draws answered by a Source

Stage k computes all that needs only draws of the stages before; then the draws whose key and probabilities are now
known are asked for, in the order of the program.  A key is the address of a draw: asked again with the same key, the
same answer is given, as JAX does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np
import numpy.typing as npt
from jax.extend.core import ClosedJaxpr, Literal, jaxpr_as_fun, jaxprs_in_params

from verify.objectives.adapters.jax_noise import draw, replaced_random
from verify.objectives.noise import NoiseError, Source

_REAL_DRAWS = frozenset({"random_bits", "threefry2x32", "random_gamma"})
_HIDDEN = (
    "it draws inside {}, where draws cannot be prescribed one by one: draw before it and pass the numbers in"
)


@dataclass(frozen=True, eq=False)
class Stage:
    """One compiled function between draws, and the draws that follow it.

    needs, gives  the variables it reads and those it makes for later
    draws         equations of the primitive `draw`
    """

    function: Callable[..., Any]
    needs: Sequence[Any]
    gives: Sequence[Any]
    draws: Sequence[Any]


@dataclass(frozen=True, eq=False)
class Program:
    """See the module.  `tree` rebuilds what the function returns."""

    inputs: Sequence[Any]
    constants: dict[Any, Any]
    outputs: Sequence[Any]
    stages: Sequence[Stage]
    tree: Any

    def run(self, source: Source, *arguments: Any) -> Any:
        """What the function returns with its draws from the source.

        Raises NoiseError for a key that is used for two different draws.
        """
        values = dict(self.constants)
        values.update(zip(self.inputs, jax.tree.leaves(arguments), strict=True))
        answers = Answers(source)
        for stage in self.stages:
            values.update(zip(stage.gives, stage.function(*(values[v] for v in stage.needs)), strict=True))
            for equation in stage.draws:
                operands = [np.asarray(_read(values, v)) for v in equation.invars]
                values[equation.outvars[0]] = answers.batch(operands, equation)
        return jax.tree.unflatten(self.tree, [_read(values, v) for v in self.outputs])


@dataclass(frozen=True, eq=False)
class Answers:
    """The draws of one run, by key."""

    source: Source
    _given: dict[bytes, tuple[Any, npt.NDArray[Any]]] = field(default_factory=dict)

    def batch(self, operands: Sequence[npt.NDArray[Any]], equation: Any) -> npt.NDArray[Any]:
        """One answer for every key."""
        kind, shape, batch = (equation.params[name] for name in ("kind", "shape", "batch"))
        leading = operands[0].shape[:batch]
        rows = [operand.reshape(-1, *operand.shape[batch:]) for operand in operands]
        answers = [self._one(kind, shape, key, *probabilities) for key, *probabilities in zip(*rows, strict=True)]
        return np.reshape(answers, (*leading, *shape)).astype(equation.outvars[0].aval.dtype)

    def _one(
        self, kind: str, shape: tuple[int, ...], key: npt.NDArray[Any], *probabilities: npt.NDArray[Any]
    ) -> npt.NDArray[Any]:
        request = (kind, shape, *(p.tobytes() for p in probabilities))
        address = key.tobytes()
        if address not in self._given:
            self._given[address] = request, self._asked(kind, shape, *probabilities)
        before, answer = self._given[address]
        if before != request:
            raise NoiseError("one key is used for two different draws, which are then not independent: split the key")
        return answer

    def _asked(self, kind: str, shape: tuple[int, ...], *probabilities: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if kind == "categories":
            return np.asarray(self.source.categories(probabilities[0].astype(np.float64)))
        return np.asarray(self.source.normals(shape) if kind == "normals" else self.source.uniforms(shape))


def traced(function: Callable[..., Any], *arguments: Any) -> Program:
    """The program of function(*arguments).

    Raises NoiseError where draws are out of reach: by functions imported by name, by laws that cannot be prescribed, or
    inside loops over traced values.
    """
    try:
        # Inner jit would keep the replaced functions in its cache, and hide draws from the stages.
        with replaced_random(), jax.disable_jit():
            closed, shapes = jax.make_jaxpr(function, return_shape=True)(*arguments)
    except jax.errors.ConcretizationTypeError as error:
        raise NoiseError(f"its control flow depends on traced values: {str(error).splitlines()[0]}") from error
    _check(closed.jaxpr)
    constants = dict(zip(closed.jaxpr.constvars, closed.consts, strict=True))
    stages = _stages(closed.jaxpr)
    return Program(closed.jaxpr.invars, constants, closed.jaxpr.outvars, stages, jax.tree.structure(shapes))


def _check(jaxpr: Any) -> None:
    """Are all draws places that can be filled?"""
    for equation in jaxpr.eqns:
        name = equation.primitive.name
        if name in _REAL_DRAWS:
            raise NoiseError(
                "it draws by a function that cannot be prescribed: call normal, bernoulli, categorical, gamma, "
                "… as jax.random.normal, not imported by name"
            )
        for inner in jaxprs_in_params(equation.params):
            if any(e.primitive is draw for e in _everywhere(inner)):
                raise NoiseError(_HIDDEN.format(name))
            _check(inner)


def _everywhere(jaxpr: Any) -> Iterator[Any]:
    for equation in jaxpr.eqns:
        yield equation
        for inner in jaxprs_in_params(equation.params):
            yield from _everywhere(inner)


def _read(values: dict[Any, Any], variable: Any) -> Any:
    return variable.val if isinstance(variable, Literal) else values[variable]


def _stages(jaxpr: Any) -> list[Stage]:
    level: dict[Any, int] = {}
    computed: dict[int, list[Any]] = {0: []}
    drawn: dict[int, list[Any]] = {}
    for equation in jaxpr.eqns:
        own = max((level.get(v, 0) for v in _variables(equation.invars)), default=0)
        is_draw = equation.primitive is draw
        (drawn if is_draw else computed).setdefault(own, []).append(equation)
        level.update(dict.fromkeys(equation.outvars, own + is_draw))
    levels = range(max([*computed, *drawn]) + 1)
    return [_stage(jaxpr, computed, drawn, k) for k in levels]


def _stage(jaxpr: Any, computed: dict[int, list[Any]], drawn: dict[int, list[Any]], k: int) -> Stage:
    """The equations of level k as one compiled function."""
    equations = computed.get(k, [])
    made = dict.fromkeys(v for equation in equations for v in equation.outvars)
    later = [e for j, more in computed.items() if j > k for e in more]
    later += [e for j, more in drawn.items() if j >= k for e in more]
    wanted = {v for equation in later for v in _variables(equation.invars)} | set(_variables(jaxpr.outvars))
    used = dict.fromkeys(v for equation in equations for v in _variables(equation.invars))
    needs, gives = [v for v in used if v not in made], [v for v in made if v in wanted]
    part = jaxpr.replace(constvars=[], invars=needs, outvars=gives, eqns=equations)
    return Stage(jax.jit(jaxpr_as_fun(ClosedJaxpr(part, []))), needs, gives, drawn.get(k, []))


def _variables(atoms: Sequence[Any]) -> list[Any]:
    return [atom for atom in atoms if not isinstance(atom, Literal)]
