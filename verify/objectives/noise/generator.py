"""A `numpy.random.Generator` whose numbers come from a Source, so that NumPy code runs unchanged with prescribed noise.

Normals, everything made of normals, continuous laws with a quantile function, categories, Bernoulli and binomial
numbers, permutations and subsets are answered; what cannot be prescribed (Poisson numbers, raw bits, …) raises
NoiseError with the name of the method and the cure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import comb
from typing import Any, NoReturn, cast

import numpy as np
import numpy.typing as npt

from verify.models.records import Array, Integers
from verify.objectives.noise import quantiles
from verify.objectives.noise.source import NoiseError, Quantile, Shape, Source

Size = int | Sequence[int] | None
_UNUSED_BITS = np.random.PCG64(0)  # the base class wants some; no method that reads them is left
_GENERATOR: Any = np.random.Generator  # its overloads by type of argument need not be repeated in a subclass


def prescribed_generator(source: Source) -> np.random.Generator:
    """A generator that draws from the source."""
    return cast(np.random.Generator, PrescribedGenerator(source))


class PrescribedGenerator(_GENERATOR):
    """See the module; every public method of the base class is replaced."""

    def __new__(cls, source: Source) -> PrescribedGenerator:
        return cast(PrescribedGenerator, super().__new__(cls, _UNUSED_BITS))

    def __init__(self, source: Source) -> None:
        super().__init__(_UNUSED_BITS)
        self._source = source

    def spawn(self, n_children: int) -> list[PrescribedGenerator]:
        """Children that read on in the same noise."""
        return [self] * n_children

    # -- normals

    def standard_normal(self, size: Size = None, dtype: Any = np.float64, out: Any = None) -> Any:
        return _delivered(self._source.normals(_shape(size, out)), dtype, out)

    def normal(self, loc: npt.ArrayLike = 0.0, scale: npt.ArrayLike = 1.0, size: Size = None) -> Any:
        _positive("normal", "scale", scale)
        noise = self._source.normals(_shape(size, None, loc, scale))
        return _delivered(np.asarray(loc) + np.asarray(scale) * noise)

    def lognormal(self, mean: npt.ArrayLike = 0.0, sigma: npt.ArrayLike = 1.0, size: Size = None) -> Any:
        return np.exp(self.normal(mean, sigma, size))

    def multivariate_normal(self, mean: npt.ArrayLike, cov: npt.ArrayLike, size: Size = None, **options: Any) -> Any:
        values, vectors = np.linalg.eigh(np.asarray(cov, dtype=np.float64))
        factor = vectors * np.sqrt(np.maximum(values, 0.0))
        noise = self._source.normals((*_shape(size), len(factor)))
        return np.asarray(mean) + noise @ factor.T

    # -- continuous laws by their quantiles

    def _continuous(self, quantile: Quantile, size: Size, *parameters: npt.ArrayLike) -> Array:
        return self._source.continuous(quantile, _shape(size, None, *parameters))

    def _scaled(self, quantile: Quantile, loc: npt.ArrayLike, scale: npt.ArrayLike, size: Size) -> Any:
        return _delivered(np.asarray(loc) + np.asarray(scale) * self._continuous(quantile, size, loc, scale))

    def standard_exponential(
        self, size: Size = None, dtype: Any = np.float64, method: str = "zig", out: Any = None
    ) -> Any:
        return _delivered(self._source.continuous(quantiles.exponential, _shape(size, out)), dtype, out)

    def exponential(self, scale: npt.ArrayLike = 1.0, size: Size = None) -> Any:
        return self._scaled(quantiles.exponential, 0.0, scale, size)

    def gumbel(self, loc: npt.ArrayLike = 0.0, scale: npt.ArrayLike = 1.0, size: Size = None) -> Any:
        return self._scaled(quantiles.gumbel, loc, scale, size)

    def laplace(self, loc: npt.ArrayLike = 0.0, scale: npt.ArrayLike = 1.0, size: Size = None) -> Any:
        return self._scaled(quantiles.laplace, loc, scale, size)

    def logistic(self, loc: npt.ArrayLike = 0.0, scale: npt.ArrayLike = 1.0, size: Size = None) -> Any:
        return self._scaled(quantiles.logistic, loc, scale, size)

    def standard_gamma(
        self, shape: npt.ArrayLike, size: Size = None, dtype: Any = np.float64, out: Any = None
    ) -> Any:
        return _delivered(self._source.continuous(quantiles.gamma(shape), _shape(size, out, shape)), dtype, out)

    def gamma(self, shape: npt.ArrayLike, scale: npt.ArrayLike = 1.0, size: Size = None) -> Any:
        return _delivered(np.asarray(scale) * self._continuous(quantiles.gamma(shape), size, shape, scale))

    def chisquare(self, df: npt.ArrayLike, size: Size = None) -> Any:
        return self.gamma(np.asarray(df) / 2, 2.0, size)

    def beta(self, a: npt.ArrayLike, b: npt.ArrayLike, size: Size = None) -> Any:
        return _delivered(self._continuous(quantiles.beta(a, b), size, a, b))

    def dirichlet(self, alpha: npt.ArrayLike, size: Size = None) -> Any:
        shape = (*_shape(size), np.size(alpha))
        shares = self._source.continuous(quantiles.gamma(np.broadcast_to(alpha, shape)), shape)
        return shares / shares.sum(-1, keepdims=True)

    def pareto(self, a: npt.ArrayLike, size: Size = None) -> Any:
        return _delivered(np.expm1(self._continuous(quantiles.exponential, size, a) / np.asarray(a)))

    def weibull(self, a: npt.ArrayLike, size: Size = None) -> Any:
        return _delivered(self._continuous(quantiles.exponential, size, a) ** (1 / np.asarray(a)))

    def rayleigh(self, scale: npt.ArrayLike = 1.0, size: Size = None) -> Any:
        return _delivered(np.asarray(scale) * np.sqrt(2 * self._continuous(quantiles.exponential, size, scale)))

    # -- uniforms and what is finite

    def random(self, size: Size = None, dtype: Any = np.float64, out: Any = None) -> Any:
        draws = self._source.uniforms(_shape(size, out))
        return _delivered(draws, dtype, out) if isinstance(draws, np.ndarray) else draws

    def uniform(self, low: npt.ArrayLike = 0.0, high: npt.ArrayLike = 1.0, size: Size = None) -> Any:
        draws = self._source.uniforms(_shape(size, None, low, high))
        if np.all(np.equal(low, 0)) and np.all(np.equal(high, 1)):
            return draws
        return np.asarray(low) + (np.asarray(high) - np.asarray(low)) * draws

    def integers(
        self, low: npt.ArrayLike, high: Any = None, size: Size = None, dtype: Any = np.int64, endpoint: bool = False
    ) -> Any:
        first, last = (0, low) if high is None else (low, high)
        if np.ndim(first) or np.ndim(last):
            raise NoiseError("rng.integers with arrays of bounds cannot be prescribed; draw one number at a time")
        count = int(np.asarray(last)) - int(np.asarray(first)) + bool(endpoint)
        shape = _shape(size)
        return _delivered(int(np.asarray(first)) + self._categories(np.full((*shape, count), 1 / count)), dtype)

    def choice(
        self, a: Any, size: Size = None, replace: bool = True, p: Any = None, axis: int = 0, shuffle: bool = True
    ) -> Any:
        items = np.arange(a) if np.ndim(a) == 0 else np.asarray(a)
        count, shape = items.shape[axis], _shape(size)
        if replace or not shape:
            picks = self._categories(np.broadcast_to(_law("choice", p, count), (*shape, count)))
        elif p is None:
            picks = self._source.ordered_subset(count, int(np.prod(shape))).reshape(shape)
        else:
            raise NoiseError("rng.choice without replacement and with p cannot be prescribed")
        return np.take(items, picks, axis=axis) if shape else np.take(items, int(picks), axis=axis)

    def _categories(self, probabilities: Array) -> Integers:
        return self._source.categories(np.asarray(probabilities, dtype=np.float64))

    def binomial(self, n: npt.ArrayLike, p: npt.ArrayLike, size: Size = None) -> Any:
        trials, chances = np.broadcast_arrays(np.asarray(n), np.asarray(p, dtype=np.float64))
        most, shape = int(trials.max()), _shape(size, None, n, p)
        counts = np.arange(most + 1)
        ways = np.array([[comb(t, k) for k in range(most + 1)] for t in trials.ravel().tolist()], dtype=np.float64)
        q = chances[..., None]
        failures = np.maximum(trials[..., None] - counts, 0)
        law = ways.reshape(*trials.shape, most + 1) * q**counts * (1 - q) ** failures
        return _delivered(self._categories(np.broadcast_to(law, (*shape, most + 1))))

    def multinomial(self, n: npt.ArrayLike, pvals: npt.ArrayLike, size: Size = None) -> Any:
        law = np.asarray(pvals, dtype=np.float64)
        if np.any(np.not_equal(n, 1)):
            raise NoiseError("rng.multinomial with n > 1 cannot be prescribed; draw n categories with rng.choice")
        shape = _shape(size) or law.shape[:-1]
        picks = self._categories(np.broadcast_to(law, (*shape, law.shape[-1])))
        return np.asarray(picks[..., None] == np.arange(law.shape[-1]), dtype=np.int64)

    # -- orders

    def permutation(self, x: Any, axis: int = 0) -> Any:
        items = np.arange(x) if np.ndim(x) == 0 else np.asarray(x)
        return np.take(items, self._source.ordered_subset(items.shape[axis], items.shape[axis]), axis=axis)

    def shuffle(self, x: Any, axis: int = 0) -> None:
        x[...] = self.permutation(x, axis)

    def permuted(self, x: Any, *, axis: int | None = None, out: Any = None) -> Any:
        if np.ndim(x) != 1:
            raise NoiseError("rng.permuted of several axes cannot be prescribed; use rng.permutation")
        return _delivered(self.permutation(x), None, out)

    @property
    def bit_generator(self) -> Any:
        _refuse("bit_generator")


def _shape(size: Size, out: Any = None, *parameters: npt.ArrayLike) -> Shape:
    """The shape of a request: the size if there is one, otherwise that of the parameters together."""
    if out is not None:
        return tuple(np.shape(out))
    if size is None:
        return np.broadcast_shapes(*(np.shape(parameter) for parameter in parameters))
    return (int(size),) if isinstance(size, int | np.integer) else tuple(int(length) for length in size)


def _delivered(values: Array | Integers, dtype: Any = None, out: Any = None) -> Any:
    """The values as NumPy would return them: in `out`, or as a plain number where no size was asked for."""
    if out is not None:
        out[...] = values
        return out
    delivered = np.asarray(values, dtype=dtype)
    return delivered if delivered.ndim else delivered[()]


def _positive(method: str, name: str, value: npt.ArrayLike) -> None:
    if np.any(np.less(value, 0)):
        raise ValueError(f"rng.{method}: {name} < 0")


def _law(method: str, p: Any, count: int) -> Array:
    """Probabilities as NumPy accepts them."""
    law = np.full(count, 1 / count) if p is None else np.asarray(p, dtype=np.float64)
    if np.any(law < 0) or abs(law.sum() - 1) > 1e-6:
        raise ValueError(f"rng.{method}: probabilities do not sum to 1")
    return law


def _refuse(method: str) -> NoReturn:
    raise NoiseError(
        f"the objective uses rng.{method}, which cannot be prescribed: draw from normals, uniforms or categories to "
        "have expectations without sampling error"
    )


def _refusing(method: str) -> Callable[..., NoReturn]:
    def refuse(self: PrescribedGenerator, *arguments: Any, **options: Any) -> NoReturn:
        _refuse(method)

    return refuse


for _name in dir(np.random.Generator):
    if not _name.startswith("_") and _name not in vars(PrescribedGenerator):
        setattr(PrescribedGenerator, _name, _refusing(_name))
