"""Pyro: a model, a guide, and any of Pyro's objectives.

    def test_my_guide():
        pyro_objective(model, guide, Trace_ELBO(), params={"loc": 0.3, "scale": 0.8}, args=(x,)).check()

No solvable model is needed where the latents have at most two continuous dimensions (for every index of a plate that
encloses everything): quadrature, and enumeration of finite latents, give the exact values.  For models with a closed
form see `pyro_function`.

The objective runs as in training: parameters come from a parameter store of its own, gradients are those that
`loss_and_grads` leaves there.  Draws are prescribed as for any PyTorch code (`torch_noise`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyro
import torch
from pyro import poutine
from pyro.distributions import constraints
from pyro.infer import (
    ELBO,
    RenyiELBO,
    ReweightedWakeSleep,
    Trace_ELBO,
    TraceEnum_ELBO,
    TraceGraph_ELBO,
    TraceMeanField_ELBO,
    TraceTailAdaptive_ELBO,
)
from pyro.infer.autoguide import AutoGuide

from verify.models.records import SIMPLEX, Array, Kind, tangent
from verify.objectives.adapters.guided import FIXED, KINDS, GuidedObjective, first_array, guided_case, power_bound
from verify.objectives.adapters.pyro_sites import Code, quiet, read_program, sample_sites
from verify.objectives.adapters.pytorch import TorchObjective, as_tensor
from verify.objectives.adapters.torch_noise import prescribed_torch
from verify.objectives.implementation import Randomness, Situation
from verify.objectives.noise import FreshNoise, Source
from verify.objectives.reference.programs import GuideLaw


@dataclass(frozen=True, eq=False)
class PyroImplementation:
    """An `Implementation`: one of Pyro's objectives, or a function that SVI takes for one, at given parameters.

    limits  the constraint of every parameter
    """

    objective: Any
    code: Code
    limits: Mapping[str, Any]

    arguments = frozenset({"q"})
    randomness: Randomness = "prescribed"
    has_gradient = True

    def value(self, situation: Situation, source: Source) -> npt.NDArray[Any]:
        with self._running(situation.values["q"], source):
            returned = getattr(self.objective, "loss", self.objective)(*self._arguments, **self.code.keywords)
        return np.asarray(_number(returned))

    def draws(self, situation: Situation, seed: int, first: int, last: int) -> npt.NDArray[Any]:
        return np.stack([self.value(situation, FreshNoise([seed, number])) for number in range(first, last)])

    def gradient(self, situation: Situation, source: Source) -> Mapping[str, Array]:
        """In the parameters themselves, not in the unconstrained numbers that Pyro keeps."""
        q: GuideLaw = situation.values["q"]
        moving = [name for name, kind in q.kinds().items() if kind.direction is not None]
        with self._running(q, source) as store:
            self._backward()
            slopes = {name: store[name].unconstrained().grad for name in moving}
        return {name: self._constrained(name, q, slopes[name]) for name in moving}

    def _backward(self) -> None:
        if hasattr(self.objective, "loss_and_grads"):
            self.objective.loss_and_grads(*self._arguments, **self.code.keywords)
        else:
            self.objective(*self._arguments, **self.code.keywords).backward()

    @property
    def _arguments(self) -> tuple[Any, ...]:
        return (self.code.model, self.code.guide, *self.code.arguments)

    @contextmanager
    def _running(self, q: GuideLaw, source: Source) -> Iterator[Any]:
        """Pyro with these parameters and this noise; its own parameters come back afterwards."""
        store = pyro.get_param_store()
        with store.scope(), _wide(), prescribed_torch(source):
            for name, value in q.values.items():
                store.setdefault(name, torch.tensor(value), self.limits[name])
            yield store

    def _constrained(self, name: str, q: GuideLaw, slope: torch.Tensor | None) -> Array:
        """∂/∂value from ∂/∂(unconstrained value), by the derivative of the transform's inverse."""
        value = torch.tensor(q.values[name], dtype=torch.float64, requires_grad=True)
        if slope is None:
            return np.zeros(tuple(value.shape))
        free = torch.distributions.transform_to(self.limits[name]).inv(value)
        found = torch.autograd.grad(free, value, slope.to(free.dtype))[0].numpy()
        return tangent(found) if q.kinds()[name] is SIMPLEX else found


def pyro_objective(
    model: Callable[..., Any],
    guide: Callable[..., Any],
    objective: Any,
    *,
    params: Mapping[str, Any] | None = None,
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] | None = None,
    posterior: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> GuidedObjective:
    """One of Pyro's objectives with a model and a guide, and their exact values.

    objective     one of Pyro's, or a function of model, guide and their arguments as `pyro.infer.SVI` takes it; for
                  this say what it computes: `.check(returns="loss", reduction="sum")`
    params        values of parameters in their constrained space; others keep the initial values that the code gives
    args, kwargs  the arguments of model and guide
    posterior     values of the guide's parameters at which it is the posterior, if there are any: then equality is
                  tested

    Model, guide and objective are copied, and the parameter store stays as it is.
    Raises ValueError where exact values are out of reach (see `pyro_sites.read_program`), KeyError for a parameter that
    neither model nor guide has.
    """
    model, guide, objective = _copied(model, guide, objective)
    code = Code(model, guide, tuple(map(_as_wide, args)), {n: _as_wide(v) for n, v in (kwargs or {}).items()})
    given = {name: np.asarray(value, dtype=np.float64) for name, value in (params or {}).items()}
    start = _first_run(code, given)
    q = GuideLaw(start.program, start.values, {name: _kind(limit) for name, limit in start.limits.items()})
    case = guided_case(model, q, start.own, _observations(code), posterior, seed)
    implementation = PyroImplementation(objective, code, start.limits)
    _warm_up(implementation, q)
    declared = declaration(objective) if isinstance(objective, ELBO) else {}
    return GuidedObjective(implementation, case, declared)


def pyro_function(
    model: Callable[..., Any],
    guide: Callable[..., Any],
    objective: Any,
    arguments: Callable[[Any, Any], tuple[Any, ...]],
) -> TorchObjective:
    """One of Pyro's objectives on solvable models, for check_objective(…, case, **declaration(objective)).

    objective  one with a `differentiable_loss`
    arguments  model, q ↦ the arguments of Pyro's model and guide, from `Tensors`; the guide has no parameters of its
               own
    """

    def loss(**given: Any) -> Any:
        return objective.differentiable_loss(model, guide, *arguments(given["model"], given["q"]))

    return TorchObjective(loss, _names=frozenset({"model", "q"}))


def declaration(objective: Any) -> dict[str, Any]:
    """What one of Pyro's objectives is by its documentation: the arguments of check_objective.

    Raises TypeError for an objective that does not estimate a bound, or that is not known.
    """
    common = {"returns": "loss", "reduction": "sum", "samples": objective.num_particles}
    match objective:
        case TraceTailAdaptive_ELBO():
            raise TypeError("TraceTailAdaptive_ELBO has no value, only a gradient")
        case RenyiELBO():
            return {**common, **power_bound(objective.alpha)}
        case ReweightedWakeSleep():
            return {**common, "kind": "iwae", "plate": False, "estimator": "log-weight"}
        case TraceMeanField_ELBO() | TraceEnum_ELBO() | pyro.infer.TraceTMC_ELBO():
            return common
        case Trace_ELBO() | TraceGraph_ELBO():
            return {**common, "estimator": "log-weight"}
    raise TypeError(f"what {type(objective).__name__} computes is not known")


# ---------------------------------------------------------------- the first run


def _copied(model: Any, guide: Any, objective: Any) -> tuple[Any, Any, Any]:
    """Copies; automatic guides lose their model when they are copied, the original too, so that it is put back."""
    kept = [(module, module._model, module.master) for module in _automatic(guide)]
    copies: tuple[Any, Any, Any] = copy.deepcopy((model, guide, objective))
    for module, own, master in kept:
        module._model, module.master = own, master
    for (_, own, _), module in zip(kept, _automatic(copies[1]), strict=True):
        module._model = (copies[0] if own[0] is model else copy.deepcopy(own[0]),)
    return copies


def _automatic(guide: Any) -> list[Any]:
    """The automatic guides in a guide."""
    modules = guide.modules() if isinstance(guide, torch.nn.Module) else ()
    return [module for module in modules if isinstance(module, AutoGuide)]


@dataclass(frozen=True, eq=False)
class _Start:
    """What one run tells: the program, the values and constraints of all parameters, the guide's own parameters."""

    program: Any
    values: Mapping[str, npt.NDArray[Any]]
    limits: Mapping[str, Any]
    own: frozenset[str]


def _first_run(code: Code, given: Mapping[str, npt.NDArray[Any]]) -> _Start:
    store = pyro.get_param_store()
    with store.scope(), quiet(), prescribed_torch(FreshNoise(0)):
        guide = poutine.trace(code.guide).get_trace(*code.arguments, **code.keywords)
        model = poutine.trace(poutine.replay(code.model, guide)).get_trace(*code.arguments, **code.keywords)
        unknown = given.keys() - store.keys()
        if unknown:
            have = ", ".join(store.keys())
            raise KeyError(f"neither model nor guide has a parameter {sorted(unknown)[0]!r}; they have {have}")
        values = {name: store[name].detach().to(torch.float64).numpy().copy() for name in store.keys()}  # noqa: SIM118
        limits = dict(store.get_state()["constraints"])
    program = read_program(code, sample_sites(guide), sample_sites(model))
    return _Start(program, {**values, **given}, limits, frozenset(guide.param_nodes))


def _warm_up(implementation: PyroImplementation, q: GuideLaw) -> None:
    """Let the objective do what it does at its first call alone: compile, and look for plates with a run of its own."""
    situation = Situation({"q": q}, 1)
    for call in (implementation.value, implementation.gradient):
        try:
            call(situation, FreshNoise(0))
        except Exception:  # an objective that refuses this model says so when it is checked
            continue


def _kind(limit: Any) -> Kind:
    """What a constraint says about the numbers."""
    while isinstance(limit, constraints.independent):
        limit = limit.base_constraint
    return next((kind for name, kind in KINDS.items() if _same(limit, getattr(constraints, name))), FIXED)


def _same(first: Any, second: Any) -> bool:
    ends = [tuple(getattr(limit, end, None) for end in ("lower_bound", "upper_bound")) for limit in (first, second)]
    return type(first) is type(second) and ends[0] == ends[1]


@contextmanager
def _wide() -> Iterator[None]:
    """64 bits for new tensors."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _as_wide(value: Any) -> Any:
    """Numbers in 64 bits, everything else as it is."""
    if isinstance(value, np.ndarray):
        return as_tensor(value, torch.float64)
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return value.detach().to(torch.float64)
    return value


def _observations(code: Code) -> npt.NDArray[Any]:
    given = (*code.arguments, *code.keywords.values())
    return first_array([value.numpy() for value in given if isinstance(value, torch.Tensor)])


def _number(returned: Any) -> float:
    """The loss; of reweighted wake-sleep the loss of the model."""
    first = returned[0] if isinstance(returned, tuple) else returned
    return float(first.detach() if isinstance(first, torch.Tensor) else first)
