"""Draws of `jax.random` as places in a program, to be filled from a `Source`.

While `replaced_random` is active the functions of `jax.random` that draw do not draw: they put a primitive `draw` into
the program that is being traced (`jax_program`), which names its key, what is asked for, and how many.  It knows how to
be vectorised, so that `jax.vmap` over keys asks once for every key.

Laws other than the normal and the categorical are functions of normals, so that one rule of integration serves them
all; derivatives of gamma draws in their shape are the implicit ones that JAX itself uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import batching
from jax.scipy.special import log_ndtr, ndtr, ndtri

from verify.objectives.noise.quantiles import gamma as gamma_quantile
from verify.objectives.noise.source import normal_cdf

Shape = tuple[int, ...]

# draw(key, probabilities…; kind, shape, batch): `batch` leading axes of the key count vectorised calls.
draw = Primitive("draw")


def _result(key: Any, *probabilities: Any, kind: str, shape: Shape, batch: int) -> Any:
    numbers = jnp.int64 if kind == "categories" else jnp.float64
    return jax.core.ShapedArray((*key.shape[:batch], *shape), jax.dtypes.canonicalize_dtype(numbers))


def _vectorised(operands: Any, axes: Any, *, kind: str, shape: Shape, batch: int) -> tuple[Any, int]:
    """Along a new first axis: one call for every entry."""
    size = next(x.shape[axis] for x, axis in zip(operands, axes, strict=True) if axis is not None)
    moved = [
        jnp.broadcast_to(x, (size, *x.shape)) if axis is None else jnp.moveaxis(x, axis, 0)
        for x, axis in zip(operands, axes, strict=True)
    ]
    return draw.bind(*moved, kind=kind, shape=shape, batch=batch + 1), 0


draw.def_abstract_eval(_result)
batching.primitive_batchers[draw] = _vectorised


def _bits(key: Any) -> Any:
    """The words of a key, old style or new."""
    return jax.random.key_data(key) if jnp.issubdtype(key.dtype, jax.dtypes.prng_key) else key


def _shape(shape: Any, *parameters: Any) -> Shape:
    if shape is None:
        return tuple(jnp.broadcast_shapes(*(jnp.shape(parameter) for parameter in parameters)))
    return (int(shape),) if isinstance(shape, int | np.integer) else tuple(int(n) for n in shape)


# ---------------------------------------------------------------- what is asked of the source


def normal(key: Any, shape: Any = (), dtype: Any = float, **options: Any) -> Any:
    return draw.bind(_bits(key), kind="normals", shape=_shape(shape), batch=0).astype(_real(dtype))


def uniform(
    key: Any, shape: Any = (), dtype: Any = float, minval: Any = 0.0, maxval: Any = 1.0, **options: Any
) -> Any:
    unit = draw.bind(_bits(key), kind="uniforms", shape=_shape(shape), batch=0).astype(_real(dtype))
    return minval + (maxval - minval) * unit


def categories(key: Any, probabilities: Any) -> Any:
    """One category for every vector along the last axis; drawing has no derivative."""
    fixed = jax.lax.stop_gradient(probabilities)
    return draw.bind(_bits(key), fixed, kind="categories", shape=tuple(fixed.shape[:-1]), batch=0)


def _real(dtype: Any) -> Any:
    return jax.dtypes.canonicalize_dtype(float if dtype is None else dtype)


# ---------------------------------------------------------------- finite laws


def categorical(key: Any, logits: Any, axis: int = -1, shape: Any = None, **options: Any) -> Any:
    rows = jax.nn.softmax(jnp.moveaxis(jnp.asarray(logits), axis, -1), axis=-1)
    wanted = _shape(rows.shape[:-1] if shape is None else shape)
    return categories(key, jnp.broadcast_to(rows, (*wanted, rows.shape[-1])))


def bernoulli(key: Any, p: Any = 0.5, shape: Any = None, **options: Any) -> Any:
    chance = jnp.broadcast_to(jnp.asarray(p, dtype=float), _shape(shape, p))
    return categories(key, jnp.stack([1 - chance, chance], axis=-1)) == 1


def rademacher(key: Any, shape: Any = (), dtype: Any = int) -> Any:
    return (2 * bernoulli(key, 0.5, shape) - 1).astype(jax.dtypes.canonicalize_dtype(dtype))


def randint(key: Any, shape: Any, minval: int, maxval: int, dtype: Any = int, **options: Any) -> Any:
    count = int(maxval) - int(minval)
    return int(minval) + categories(key, jnp.full((*_shape(shape), count), 1 / count))


def choice(
    key: Any, a: Any, shape: Any = (), replace: bool = True, p: Any = None, axis: int = 0, **options: Any
) -> Any:
    items = jnp.arange(a) if jnp.ndim(a) == 0 else jnp.asarray(a)
    count, wanted = items.shape[axis], _shape(shape)
    if not replace and wanted:
        return _originals["choice"](key, a, shape, replace, p, axis, **options)
    law = jnp.full(count, 1 / count) if p is None else jnp.asarray(p)
    return jnp.take(items, categories(key, jnp.broadcast_to(law, (*wanted, count))), axis=axis)


# ---------------------------------------------------------------- continuous laws, as functions of normals


def exponential(key: Any, shape: Any = (), dtype: Any = float, **options: Any) -> Any:
    return -log_ndtr(-normal(key, shape, dtype))


def gumbel(key: Any, shape: Any = (), dtype: Any = float, **options: Any) -> Any:
    return -jnp.log(-log_ndtr(normal(key, shape, dtype)))


def logistic(key: Any, shape: Any = (), dtype: Any = float, **options: Any) -> Any:
    noise = normal(key, shape, dtype)
    return log_ndtr(noise) - log_ndtr(-noise)


def laplace(key: Any, shape: Any = (), dtype: Any = float, **options: Any) -> Any:
    noise = normal(key, shape, dtype)
    return -jnp.sign(noise) * (jnp.log(2.0) + log_ndtr(-jnp.abs(noise)))


def cauchy(key: Any, shape: Any = (), dtype: Any = float, **options: Any) -> Any:
    return jnp.tan(jnp.pi * (ndtr(normal(key, shape, dtype)) - 0.5))


def truncated_normal(key: Any, lower: Any, upper: Any, shape: Any = None, dtype: Any = float, **options: Any) -> Any:
    noise = normal(key, _shape(shape, lower, upper), dtype)
    return ndtri(ndtr(lower) + ndtr(noise) * (ndtr(upper) - ndtr(lower)))


def lognormal(key: Any, sigma: Any = 1.0, shape: Any = None, dtype: Any = float, **options: Any) -> Any:
    return jnp.exp(sigma * normal(key, _shape(shape, sigma), dtype))


def multivariate_normal(
    key: Any, mean: Any, cov: Any, shape: Any = None, dtype: Any = float, method: str = "cholesky", **options: Any
) -> Any:
    centre, factor = jnp.asarray(mean), jnp.linalg.cholesky(cov)
    batch = _shape(shape) if shape is not None else jnp.broadcast_shapes(centre.shape[:-1], factor.shape[:-2])
    noise = normal(key, (*batch, centre.shape[-1]), dtype)
    return centre + jnp.einsum("...ij,...j->...i", factor, noise)


def _gamma_quantile(shape: Any, noise: Any) -> Any:
    """The gamma draw with rate 1 that has the probability Φ(noise) below it."""
    result = jax.ShapeDtypeStruct(shape.shape, shape.dtype)
    return jax.pure_callback(_gamma_numbers, result, shape, noise, vmap_method="broadcast_all")


def _gamma_numbers(shape: Any, noise: Any) -> Any:
    wide = np.asarray(noise, dtype=np.float64)
    values = gamma_quantile(np.asarray(shape, dtype=np.float64))(normal_cdf(wide), normal_cdf(-wide))
    return values.astype(np.asarray(shape).dtype)


def _gamma_moved(primals: Any, tangents: Any) -> Any:
    shape, noise = primals
    value = _gamma(shape, noise)
    return value, jax.lax.random_gamma_grad(shape, value) * tangents[0]


_gamma = jax.custom_jvp(_gamma_quantile)
_gamma.defjvp(_gamma_moved)


def gamma(key: Any, a: Any, shape: Any = None, dtype: Any = float, **options: Any) -> Any:
    wanted = _shape(shape, a)
    parameter = jnp.broadcast_to(jnp.asarray(a, dtype=_real(dtype)), wanted)
    return _gamma(parameter, jax.lax.stop_gradient(normal(key, wanted, dtype)))


def loggamma(key: Any, a: Any, shape: Any = None, dtype: Any = float, **options: Any) -> Any:
    return jnp.log(gamma(key, a, shape, dtype))


def beta(key: Any, a: Any, b: Any, shape: Any = None, dtype: Any = float, **options: Any) -> Any:
    first, second = jax.random.split(key)
    wanted = _shape(shape, a, b)
    one, other = gamma(first, a, wanted, dtype), gamma(second, b, wanted, dtype)
    return one / (one + other)


def dirichlet(key: Any, alpha: Any, shape: Any = None, dtype: Any = float, **options: Any) -> Any:
    parameter = jnp.asarray(alpha)
    batch = parameter.shape[:-1] if shape is None else _shape(shape)
    shares = gamma(key, parameter, (*batch, parameter.shape[-1]), dtype)
    return shares / shares.sum(-1, keepdims=True)


def chisquare(key: Any, df: Any, shape: Any = None, dtype: Any = float, **options: Any) -> Any:
    return 2 * gamma(key, jnp.asarray(df) / 2, shape, dtype)


# ---------------------------------------------------------------- the replacement

_REPLACEMENTS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        normal, uniform, categorical, bernoulli, rademacher, randint, choice, exponential, gumbel, logistic, laplace,
        cauchy, truncated_normal, lognormal, multivariate_normal, gamma, loggamma, beta, dirichlet, chisquare,
    )
}  # fmt: skip
_originals: dict[str, Callable[..., Any]] = {name: getattr(jax.random, name) for name in _REPLACEMENTS}


@contextmanager
def replaced_random() -> Iterator[None]:
    """Let the functions of `jax.random` mark their draws instead of drawing, and put them back afterwards.

    Functions that were imported by name are not reached; what they draw stays in the program (see `jax_program`).
    """
    before = {name: getattr(jax.random, name) for name in _REPLACEMENTS}
    try:
        for name, function in _REPLACEMENTS.items():
            setattr(jax.random, name, function)
        yield
    finally:
        for name, function in before.items():
            setattr(jax.random, name, function)
