"""PyTorch's random numbers from a Source.

    with prescribed_torch(source):
        my_loss(x)      # torch.randn, Tensor.normal_, Normal.rsample, torch.bernoulli, … read the source

The requests are caught at PyTorch's dispatcher, below autograd.  So it makes no difference whether a function was
imported by name, is a method, or is called inside a distribution, and PyTorch's gradients go through a draw.  Every
draw that PyTorch marks as one is either answered by the source or refused with NoiseError.

PyTorch's derivatives of gamma and Dirichlet draws are approximations (to 1e-3 of their value).  They are replaced by
exact ones, so that it is the user's code that is tested.

Uniforms that are only compared become decisions, as in `noise.uniforms`: such a tensor holds nan, and is followed
through reshaping and indexing until it is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from scipy import special
from torch.utils._python_dispatch import TorchDispatchMode

from verify.models.records import Array
from verify.objectives.noise import FreshNoise, NeedsNumbersError, NoiseError, Source, prescribed_generator, quantiles
from verify.objectives.noise.source import Quantile, Shape
from verify.objectives.noise.uniforms import UniformDraws

Bound: TypeAlias = Mapping[str, Any]
# (source, arguments by name, shape of the answer) ↦ the numbers
Handler: TypeAlias = Callable[[Source, Bound, Shape], Any]


@contextmanager
def prescribed_torch(source: Source) -> Iterator[None]:
    """Let PyTorch draw from the source, and put everything back afterwards; gradients are exact inside as well.

    Raises NoiseError where the code draws what the source cannot prescribe, and where dropout is active.
    """
    with torch.random.fork_rng(devices=[]), _without_dropout(), _Dispatch(source):
        if isinstance(source, FreshNoise):
            torch.default_generator.manual_seed(source.integer_seed())  # for the laws that are not prescribed
        yield


@contextmanager
def exact_derivatives() -> Iterator[None]:
    """For a backward pass outside of `prescribed_torch`."""
    with _Dispatch(FreshNoise(0)):
        yield


@contextmanager
def seeded_torch(source: Source) -> Iterator[None]:
    """Seed PyTorch from fresh noise.  Raises NoiseError for any other source."""
    if not isinstance(source, FreshNoise):
        raise NoiseError('the objective was declared noise="seeded", so its noise cannot be prescribed')
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(source.integer_seed())
        yield


class _Dispatch(TorchDispatchMode):
    """Answers draws; everything else runs as it is."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        # By id; the tensors are kept with their draws, so that no id is given away.
        self._compared: dict[int, tuple[torch.Tensor, UniformDraws]] = {}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """No: PyTorch's guard against compiling this function would double the cost of every operation."""
        return False

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        handler = _KNOWN.get(function, _UNSEEN)
        if handler is _UNSEEN:
            handler = _KNOWN[function] = _handler_of(function)
        if handler is not None:
            return self._answered(handler, function, args, kwargs)
        if self._compared and any(id(argument) in self._compared for argument in (*args, *kwargs.values())):
            return self._of_uniforms(function, args, kwargs)
        try:
            return function(*args, **kwargs)
        except RuntimeError:
            tensors = _numbers_as_tensors(function, args)
            if tensors is None:
                raise
            return function(*tensors, **kwargs)

    def _answered(self, handler: Handler, function: Any, args: Any, kwargs: Any) -> Any:
        """PyTorch makes the tensor and complains about arguments; its numbers are then overwritten."""
        if handler is _refused and isinstance(self._source, FreshNoise):
            return function(*args, **kwargs)
        bound = _bound(function, args, kwargs)
        if handler is _refused:
            _refused(self._source, bound, (), function._schema.name)
        answer = function(*args, **kwargs)
        values = handler(self._source, bound, tuple(answer.shape))
        if isinstance(values, UniformDraws):
            self._compared[id(answer)] = (answer, values)
            return answer.fill_(float("nan"))
        return answer.copy_(torch.as_tensor(values))

    def _of_uniforms(self, function: Any, args: Any, kwargs: Any) -> Any:
        name = function._schema.name.removeprefix("aten::")
        if name in _COMPARISONS and len(args) == 2:
            return self._comparison(name, *args)
        if name in _VIEWS and id(args[0]) in self._compared:
            answer = function(*args, **kwargs)
            draws = self._compared[id(args[0])][1]
            places = torch.arange(draws.size, dtype=args[0].dtype).reshape(draws.shape)
            chosen = function(places, *args[1:], **kwargs).long().numpy()
            self._compared[id(answer)] = (answer, draws.reshape(-1)[chosen])
            return answer
        raise NeedsNumbersError

    def _comparison(self, name: str, first: Any, second: Any) -> torch.Tensor:
        if id(first) in self._compared and id(second) in self._compared:
            raise NeedsNumbersError
        operator, mirrored = _COMPARISONS[name]
        if id(first) in self._compared:
            return torch.as_tensor(getattr(self._compared[id(first)][1], operator)(_numbers(second)))
        return torch.as_tensor(getattr(self._compared[id(second)][1], mirrored)(_numbers(first)))


_COMPARISONS = {
    "lt": ("__lt__", "__gt__"),
    "le": ("__le__", "__ge__"),
    "gt": ("__gt__", "__lt__"),
    "ge": ("__ge__", "__le__"),
}
_SHAPES = ("view", "_unsafe_view", "reshape", "unsqueeze", "squeeze", "expand", "transpose", "permute", "t")
_PARTS = ("slice", "select", "index", "alias", "detach", "clone", "_to_copy", "lift_fresh")
_VIEWS = frozenset((*_SHAPES, *_PARTS))
_KNOWN: dict[Any, Any] = {}
_UNSEEN = object()


def _bound(function: Any, args: Any, kwargs: Any) -> Bound:
    """The arguments by the names of the operator's schema; a missing one has its default."""
    arguments = function._schema.arguments
    given = dict(zip((argument.name for argument in arguments), args, strict=False))
    defaults = {argument.name: argument.default_value for argument in arguments}
    return {**defaults, **given, **kwargs}


def _numbers_as_tensors(function: Any, args: Any) -> list[Any] | None:
    """Compiled code hands over numbers where an operator wants tensors; None where that is not so."""
    wants = [str(argument.type) == "Tensor" for argument in function._schema.arguments]
    numbers = [want and isinstance(value, bool | int | float) for want, value in zip(wants, args, strict=False)]
    if not any(numbers):
        return None
    return [torch.as_tensor(value) if number else value for number, value in zip(numbers, args, strict=True)]


def _numbers(value: Any) -> npt.NDArray[Any]:
    return value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)


def _handler_of(function: Any) -> Handler | None:
    """None for an operator that draws nothing."""
    name: str = function._schema.name.removeprefix("aten::")
    if name in _DERIVATIVES:
        return _DERIVATIVES[name]
    if torch.Tag.nondeterministic_seeded not in function.tags:
        return None
    handler: Handler = _HANDLERS.get(name, _refused)
    return handler


# ---------------------------------------------------------------- the laws


def _normals(source: Source, bound: Bound, shape: Shape) -> Array:
    return source.normals(shape)


def _normal(source: Source, bound: Bound, shape: Shape) -> Array:
    return np.asarray(_numbers(bound["mean"]) + _numbers(bound["std"]) * source.normals(shape))


def _log_normal(source: Source, bound: Bound, shape: Shape) -> Array:
    return np.exp(_normal(source, bound, shape))


def _uniform(source: Source, bound: Bound, shape: Shape) -> Any:
    """On (from, to), short of both ends, as laws that take logarithms of uniforms expect."""
    low, high = float(bound.get("from") or 0.0), float(1.0 if bound.get("to") is None else bound["to"])
    draws: Any = source.uniforms(shape)
    if isinstance(draws, UniformDraws):
        if (low, high) != (0.0, 1.0):
            raise NeedsNumbersError
        return draws
    precision = torch.finfo(torch.get_default_dtype())
    inner = np.clip(draws, precision.tiny, 1 - precision.eps)
    return low + (high - low) * inner


def _bernoulli(source: Source, bound: Bound, shape: Shape) -> Any:
    chances = _numbers(bound["self"] if bound.get("p") is None else bound["p"]).astype(np.float64)
    p = np.broadcast_to(chances, shape)
    return source.categories(np.stack([1 - p, p], axis=-1))


def _multinomial(source: Source, bound: Bound, shape: Shape) -> Any:
    law = _numbers(bound["self"]).astype(np.float64)
    law = law / law.sum(-1, keepdims=True)
    count = int(bound["num_samples"])
    if bound["replacement"] or count == 1:
        return source.categories(np.broadcast_to(law[..., None, :], (*shape, law.shape[-1])))
    chosen = []
    for _ in range(count):
        picks = np.asarray(source.categories(law))
        chosen.append(picks)
        law = np.where(np.arange(law.shape[-1]) == picks[..., None], 0.0, law)
        law = law / np.maximum(law.sum(-1, keepdims=True), np.finfo(np.float64).tiny)
    return np.stack(chosen, axis=-1)


def _integers(source: Source, bound: Bound, shape: Shape) -> Any:
    low = bound.get("low")
    low = bound.get("from") if low is None else low
    high = bound.get("high", bound.get("to"))
    if high is None:
        raise NoiseError("random integers without an upper limit cannot be prescribed")
    return prescribed_generator(source).integers(int(low or 0), int(high), size=shape)


def _permutation(source: Source, bound: Bound, shape: Shape) -> Any:
    return source.ordered_subset(int(bound["n"]), int(bound["n"]))


def _binomial(source: Source, bound: Bound, shape: Shape) -> Any:
    count, chance = _numbers(bound["count"]).astype(np.int64), _numbers(bound["prob"])
    return prescribed_generator(source).binomial(count, chance, shape)


def _exponential(source: Source, bound: Bound, shape: Shape) -> Array:
    return source.continuous(quantiles.exponential, shape) / float(bound["lambd"])


def _gamma(source: Source, bound: Bound, shape: Shape) -> Array:
    return source.continuous(quantiles.gamma(_numbers(bound["self"]).astype(np.float64)), shape)


def _dirichlet(source: Source, bound: Bound, shape: Shape) -> Array:
    """For two categories one beta draw, for more normalised gamma draws."""
    concentration = np.broadcast_to(_numbers(bound["self"]).astype(np.float64), shape)
    if shape[-1] == 2:
        return source.continuous(_pair(concentration), (*shape[:-1], 1))
    shares = source.continuous(quantiles.gamma(concentration), shape)
    return np.asarray(shares / shares.sum(-1, keepdims=True))


def _pair(concentration: Array) -> Quantile:
    first, second = concentration[..., :1], concentration[..., 1:]

    def quantile(u: Array, v: Array) -> Array:
        lower, upper = quantiles.beta(first, second)(u, v), quantiles.beta(second, first)(v, u)
        return np.concatenate([lower, upper], axis=-1)

    return quantile


def _refused(source: Source, bound: Bound, shape: Shape, name: str = "") -> Any:
    raise NoiseError(
        f"the objective draws by {name.replace('aten::', 'torch.')}, which cannot be prescribed: draw from normals, "
        'uniforms or categories, or declare noise="seeded"'
    )


_HANDLERS: dict[str, Handler] = {
    "randn": _normals,
    "randn_like": _normals,
    "normal": _normal,
    "normal_": _normal,
    "log_normal_": _log_normal,
    "rand": _uniform,
    "rand_like": _uniform,
    "uniform_": _uniform,
    "bernoulli": _bernoulli,
    "bernoulli_": _bernoulli,
    "multinomial": _multinomial,
    "randint": _integers,
    "randint_like": _integers,
    "random_": _integers,
    "randperm": _permutation,
    "binomial": _binomial,
    "exponential_": _exponential,
    "_standard_gamma": _gamma,
    "_sample_dirichlet": _dirichlet,
}


# ---------------------------------------------------------------- derivatives of draws

# Of a draw z with distribution function F: ∂z/∂a = -∂F(z; a)/∂a / density(z), at a fixed probability.
_STENCIL = ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12))
_STEP = 1e-3
_NO_DENSITY = -300.0  # its logarithm, where the quotient could overflow


def _implicit(distribution: Callable[[Array], Array], shape: Array, log_density: Array) -> Array:
    """-∂F/∂shape / density, by five-point differences; 0 where the density is."""
    step = _STEP * shape
    slope = sum(weight * distribution(shape + place * step) for place, weight in _STENCIL) / step
    return np.where(log_density > _NO_DENSITY, -slope * np.exp(-np.maximum(log_density, _NO_DENSITY)), 0.0)


def _gamma_derivative(source: Source, bound: Bound, shape: Shape) -> Array:
    a, z = (_numbers(bound[name]).astype(np.float64) for name in ("self", "output"))
    return _implicit(lambda s: special.gammainc(s, z), a, special.xlogy(a - 1, z) - z - special.gammaln(a))


def _dirichlet_derivative(source: Source, bound: Bound, shape: Shape) -> Array:
    """Of each coordinate, a beta draw with the rest of the total, divided by what PyTorch multiplies it with: 1 - z."""
    z, a, total = (_numbers(bound[name]).astype(np.float64) for name in ("x", "alpha", "total"))
    b = total - a
    log_density = special.xlogy(a - 1, z) + special.xlog1py(b - 1, -z) - special.betaln(a, b)
    return _implicit(lambda s: special.betainc(s, b, z), a, log_density) / (1 - z)


_DERIVATIVES: dict[str, Handler] = {
    "_standard_gamma_grad": _gamma_derivative,
    "_dirichlet_grad": _dirichlet_derivative,
}


# ---------------------------------------------------------------- dropout


_DROPOUTS = ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout")


@contextmanager
def _without_dropout() -> Iterator[None]:
    """Active dropout is no noise of q: with it the value is that of another, random network."""
    functional = torch.nn.functional
    originals = {name: getattr(functional, name) for name in _DROPOUTS}
    try:
        for name, function in originals.items():
            setattr(functional, name, _refusing_dropout(function))
        yield
    finally:
        for name, function in originals.items():
            setattr(functional, name, function)


def _refusing_dropout(function: Callable[..., Any]) -> Callable[..., Any]:
    default = "alpha" not in function.__name__  # is it active unless told otherwise?

    def refuse(input: Any, p: float = 0.5, training: bool = default, *more: Any, **options: Any) -> Any:
        if training and p > 0:
            raise NoiseError("dropout is active, so every call has another network: call .eval() on the network first")
        return function(input, p, training, *more, **options)

    return refuse
