"""Objectives written in PyTorch.

    check_objective(
        torch_objective(lambda model, q: my_loss(model.x, q.mean, q.logvar, model.loadings)),
        case, returns="loss", reduction="mean",
    )

The function's parameters are called by name: any of `implementation.ARGUMENTS` but `rng`.  `model` and `q` arrive as
`Tensors`: their fields under the same names, and the usual other coordinates of a field (`q.logvar`, `q.std`,
`q.logits`).  Gradients in all of them come from autograd.  Draws are prescribed (`torch_noise`), so that expectations
need no sampling.

A network of the user's is tested with parts of it replaced, by `replaced`, or with its own decoder as the model, by
`decoder_model`.  Tensors arrive in 64 bits, for networks that are in double precision: call `.double()` on them, or say
dtype="float32".
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from verify.models import Normal
from verify.models.records import LOWER, POSITIVE, SIMPLEX, SYMMETRIC, UNIT, Array, Kind, Record, tangent
from verify.objectives.adapters.plain import required_names
from verify.objectives.adapters.torch_batch import RowNoise, StackedNoise, batched
from verify.objectives.adapters.torch_noise import exact_derivatives, prescribed_torch, seeded_torch
from verify.objectives.declaration import DType
from verify.objectives.implementation import Randomness, Situation
from verify.objectives.noise import FreshNoise, NoiseError, Source
from verify.objectives.reference.quadrature_model import LogJoint, QuadratureModel

Noise: TypeAlias = Literal["prescribed", "seeded", "none"]
Gradients: TypeAlias = Literal["all", "q", "none"]
M = TypeVar("M", bound=torch.nn.Module)
_DTYPES: Mapping[DType, torch.dtype] = {"float64": torch.float64, "float32": torch.float32}


class Tensors:
    """The numbers of a model or of a q as tensors, by the names of its fields.

    Fields that can move require gradients.  The coordinates of `coordinates` that are no field themselves (`logvar`,
    `log_variance`, `std`, `log_std`, `log_<positive field>`, `logits`) are computed from the field, with its gradient.
    """

    def __init__(self, record: Any, dtype: torch.dtype, moving: bool) -> None:
        self._record = record
        self._kinds: Mapping[str, Kind] = record.kinds() if isinstance(record, Record) else {}
        self._tensors = {name: as_tensor(value, dtype) for name, value in _numbers_of(record).items()}
        for name, tensor in self._tensors.items():
            if moving and name in self._kinds and self._kinds[name].direction is not None:
                tensor.requires_grad_(tensor.is_floating_point())

    def __getattr__(self, name: str) -> Any:
        tensors = self.__dict__.get("_tensors", {})
        if name in tensors:
            return tensors[name]
        found = self._coordinate(name) if tensors else None
        if found is None:
            raise AttributeError(f"no field {name!r}: there are {', '.join(tensors)}, and logvar, std, logits of those")
        return found

    def leaves(self) -> dict[str, torch.Tensor]:
        """The tensors that require gradients."""
        return {name: tensor for name, tensor in self._tensors.items() if tensor.requires_grad}

    def within(self, name: str, gradient: Array) -> Array:
        """A gradient without what cannot matter: across a simplex, above a diagonal, against the symmetry."""
        kind = self._kinds[name]
        if kind is SIMPLEX:
            return tangent(gradient)
        if kind is LOWER:
            return np.tril(gradient)
        return (gradient + np.swapaxes(gradient, -1, -2)) / 2 if kind is SYMMETRIC else gradient

    def _coordinate(self, name: str) -> torch.Tensor | None:
        name = {"logvar": "log_variance", "log_scale": "log_std"}.get(name, name)
        if name == "logits":
            return self._logits()
        if name in ("std", "log_std") and "variance" in self._tensors:
            variance = self._tensors["variance"]
            return variance.sqrt() if name == "std" else 0.5 * variance.log()
        positive = name.removeprefix("log_")
        return self._tensors[positive].log() if self._kinds.get(positive) is POSITIVE else None

    def _logits(self) -> torch.Tensor | None:
        for name, kind in self._kinds.items():
            if kind is SIMPLEX:
                return self._tensors[name].log()
            if kind is UNIT:
                return torch.logit(self._tensors[name])
        return None


def _numbers_of(record: Any) -> dict[str, npt.NDArray[Any]]:
    """The fields of a record; for another model the arrays and numbers among its fields."""
    if isinstance(record, Record):
        return record.arrays()
    found = {f.name: getattr(record, f.name) for f in fields(record)}
    return {name: np.asarray(value) for name, value in found.items() if isinstance(value, np.ndarray | float | int)}


def as_tensor(value: Any, dtype: torch.dtype) -> torch.Tensor:
    """A new tensor: floats in the given precision, whole numbers as int64."""
    array = np.asarray(value)
    wanted = dtype if array.dtype.kind == "f" else {"b": torch.bool}.get(array.dtype.kind, torch.int64)
    return torch.tensor(array, dtype=wanted)


@dataclass(frozen=True, eq=False)
class TorchObjective:
    """An `Implementation` from a PyTorch function; see `torch_objective`."""

    function: Callable[..., Any]
    noise: Noise = "prescribed"
    dtype: DType = "float64"
    gradients: Gradients = "all"
    _names: frozenset[str] = field(default_factory=frozenset)
    _singly: set[Callable[..., Any]] = field(default_factory=set)

    @property
    def arguments(self) -> frozenset[str]:
        return self._names - {"seed"}

    @property
    def randomness(self) -> Randomness:
        return self.noise

    @property
    def has_gradient(self) -> bool:
        return self.gradients != "none" and bool(self._names & {"model", "q"})

    def value(self, situation: Situation, source: Source) -> npt.NDArray[Any]:
        return _array(self._called(situation, source)[0])

    def draws(self, situation: Situation, seed: int, first: int, last: int) -> npt.NDArray[Any]:
        sources = [FreshNoise([seed, number]) for number in range(first, last)]
        together = self._together(situation, StackedNoise(sources), len(sources))
        if together is not None:
            return _array(together[0])
        return np.stack([self.value(situation, source) for source in sources])

    def values(self, situation: Situation, rows: Array) -> npt.NDArray[Any] | None:
        """See `implementation.Vectorised`."""
        together = self._together(situation, RowNoise(rows), len(rows))
        return None if together is None else _array(together[0])

    def mean_gradient(self, situation: Situation, rows: Array, weights: Array) -> Mapping[str, Array] | None:
        """See `implementation.Vectorised`."""
        together = self._together(situation, RowNoise(rows), len(rows))
        if together is None:
            return None
        returned, given = together
        mean = torch.as_tensor(weights, dtype=returned.dtype) @ returned.reshape(len(rows), -1).sum(-1)
        return self._by_leaves(mean, given)

    def gradient(self, situation: Situation, source: Source) -> Mapping[str, Array]:
        if not self.has_gradient:
            raise TypeError("no gradients were asked for, or the objective takes neither q nor model")
        returned, given = self._called(situation, source)
        if not isinstance(returned, torch.Tensor):
            raise TypeError(f"the objective returns {type(returned).__name__}; a gradient needs a tensor, not item()")
        return self._by_leaves(returned.sum(), given)

    def _by_leaves(self, total: torch.Tensor, given: Mapping[str, Any]) -> dict[str, Array]:
        """q's fields always; a parameter of the model only where the value depends on it."""
        owners = [owner for owner in ("q", "model") if owner in given]
        leaves = {(owner, name): leaf for owner in owners for name, leaf in given[owner].leaves().items()}
        found: Any = [None] * len(leaves)
        if total.requires_grad and leaves:
            with _one_thread(), _derivatives(total):
                found = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
        gradient = {}
        for ((owner, name), leaf), slope in zip(leaves.items(), found, strict=True):
            if owner == "q" or slope is not None:
                array = np.zeros(leaf.shape) if slope is None else slope.detach().cpu().numpy().astype(np.float64)
                gradient[name if owner == "q" else f"model.{name}"] = given[owner].within(name, array)
        return gradient

    def _together(
        self, situation: Situation, source: RowNoise | StackedNoise, calls: int
    ) -> tuple[torch.Tensor, dict[str, Any]] | None:
        """Many calls at once, where that is possible; an objective that could not once is not tried again."""
        if self.noise != "prescribed" or "batch" in self._names or self.function in self._singly:
            return None
        given = self._given(situation, source)
        with _precision(_DTYPES[self.dtype]), torch.enable_grad():
            found = batched(lambda: self.function(**given), source, calls)
        if found is None:
            self._singly.add(self.function)
        return None if found is None else (found, given)

    def _given(self, situation: Situation, source: Source) -> dict[str, Any]:
        return {name: self._converted(name, v) for name, v in situation.arguments(self._names, source).items()}

    def _called(self, situation: Situation, source: Source) -> tuple[Any, dict[str, Any]]:
        given = self._given(situation, source)
        if "seed" in self._names:
            given["seed"] = source.integer_seed() if isinstance(source, FreshNoise) else _refuse_seed()
        random = seeded_torch if self.noise == "seeded" else prescribed_torch
        with _precision(_DTYPES[self.dtype]), random(source), torch.enable_grad():
            return self.function(**given), given

    def _converted(self, name: str, value: Any) -> Any:
        dtype = _DTYPES[self.dtype]
        if name in ("model", "q"):
            return Tensors(value, dtype, self.gradients == "all" or (self.gradients == "q" and name == "q"))
        return as_tensor(value, dtype) if isinstance(value, np.ndarray) else value


def torch_objective(
    function: Callable[..., Any], *, noise: Noise | None = None, dtype: DType = "float64", gradients: Gradients = "all"
) -> TorchObjective:
    """A PyTorch function as an `Implementation` for check_objective.

    function   with parameters by the names of `implementation.ARGUMENTS` (not rng); returns a tensor of one number, or
               one a data point
    noise      "seeded": only seed PyTorch, and test the mean of draws; "none": it draws nothing; by default its draws
               are prescribed, unless it takes `seed`
    dtype      the precision in which tensors arrive, and PyTorch's default meanwhile; declare the same to
               check_objective
    gradients  "all": in q and in every parameter of the model that the value depends on; "q": in q alone; "none"

    Raises TypeError for parameters with other names.
    """
    names = required_names(function)
    if "rng" in names:
        raise TypeError("a PyTorch objective takes no rng: its draws are prescribed where PyTorch makes them")
    return TorchObjective(function, noise or ("seeded" if "seed" in names else "prescribed"), dtype, gradients, names)


def _array(returned: Any) -> npt.NDArray[Any]:
    if isinstance(returned, tuple | list | dict):
        raise TypeError(f"the objective returns a {type(returned).__name__}: return the one tensor to be tested")
    return returned.detach().cpu().numpy() if isinstance(returned, torch.Tensor) else np.asarray(returned)


def _refuse_seed() -> int:
    raise NoiseError("the objective takes a seed, so its noise cannot be prescribed")


def _derivatives(total: torch.Tensor) -> AbstractContextManager[None]:
    """Exact derivatives of draws, where the value depends on one that PyTorch differentiates by an approximation."""
    seen, left = set(), [total.grad_fn]
    while left:
        node = left.pop()
        if node is not None and node not in seen:
            seen.add(node)
            left += [following for following, _ in node.next_functions]
    approximate = any("Gamma" in node.name() or "Dirichlet" in node.name() for node in seen)
    return exact_derivatives() if approximate else nullcontext()


@contextmanager
def _one_thread() -> Iterator[None]:
    """On the small tensors of a solvable model threads wait for one another longer than they work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def _precision(dtype: torch.dtype) -> Iterator[None]:
    """The default precision of new tensors, put back afterwards."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


# ---------------------------------------------------------------- the user's own networks


class _Function(torch.nn.Module):
    """A function in place of a child module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self._function = function

    def forward(self, *arguments: Any, **options: Any) -> Any:
        return self._function(*arguments, **options)


def replaced(network: M, **parts: Callable[..., Any]) -> M:
    """The network with some of its children or methods replaced by functions; the network itself stays as it is.

        replaced(vae, encoder=lambda x: (q.mean, q.logvar), decoder=lambda z: z @ model.loadings.T)

    Raises AttributeError for a part that it does not have.
    """
    changed = copy.copy(network)
    changed._modules = dict(network._modules)
    for name, function in parts.items():
        if not hasattr(network, name):
            raise AttributeError(f"{type(network).__name__} has no part {name!r} to replace")
        if name in network._modules:
            changed._modules[name] = _Function(function)
        else:
            object.__setattr__(changed, name, function)
    return changed


def decoder_model(
    log_likelihood: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], x: npt.ArrayLike, latents: int
) -> QuadratureModel:
    """A VAE's own decoder with a standard normal prior as a model whose evidence is known, by quadrature.

    log_likelihood  (x_i, z) ↦ log p(x_i | z) of one data point, for z of shape (n, latents): shape (n,), in nats
    x               the data, one data point a row
    latents         dimensions of z, 1 or 2
    """
    data = np.asarray(x)
    prior = Normal(np.zeros((len(data), latents)), np.ones((len(data), latents)))
    log_joints = [_log_joint(log_likelihood, row) for row in data]
    return QuadratureModel("decoder", data, log_joints, prior)


def _log_joint(log_likelihood: Callable[..., torch.Tensor], row: npt.NDArray[Any]) -> LogJoint:
    observed = as_tensor(row, torch.float64)

    def value(z: Array) -> Array:
        with torch.no_grad(), _precision(torch.float64):
            likelihood = log_likelihood(observed, as_tensor(z, torch.float64)).numpy()
        return np.asarray(likelihood - 0.5 * (np.log(2 * np.pi) + z**2).sum(-1))

    return value
