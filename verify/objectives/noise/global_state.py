"""Prescribed noise for code that draws from `numpy.random` itself instead of taking a generator.

    with replaced_numpy_random(generator):
        my_elbo(x)              # its np.random.randn, np.random.normal, np.random.default_rng() … use the generator

Only attributes of the module `numpy.random` are replaced: code that imported a function by name, or made its generator
before, is not reached, and the determinism test of the structure layer says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


def _legacy(generator: np.random.Generator) -> dict[str, Callable[..., Any]]:
    """The functions of numpy.random whose name or arguments differ from the generator's."""

    def randn(*shape: int) -> Any:
        return generator.standard_normal(shape or None)

    def rand(*shape: int) -> Any:
        return generator.random(shape or None)

    def random(size: Any = None) -> Any:
        return generator.random(size)

    def randint(low: Any, high: Any = None, size: Any = None, dtype: Any = int) -> Any:
        return generator.integers(low, high, size, dtype)

    def choice(a: Any, size: Any = None, replace: bool = True, p: Any = None) -> Any:
        return generator.choice(a, size, replace, p)

    return {
        "randn": randn,
        "rand": rand,
        "random": random,
        "random_sample": random,
        "ranf": random,
        "sample": random,
        "randint": randint,
        "choice": choice,
        "seed": lambda *arguments: None,
        "default_rng": lambda *arguments: generator,
    }


def _replacements(generator: np.random.Generator) -> dict[str, Callable[..., Any]]:
    shared = [
        name
        for name in dir(np.random.Generator)
        if not name.startswith("_") and callable(getattr(np.random, name, None))
    ]
    return {**{name: getattr(generator, name) for name in shared}, **_legacy(generator)}


@contextmanager
def replaced_numpy_random(generator: np.random.Generator) -> Iterator[None]:
    """Let the functions of numpy.random draw from the generator, and put them back afterwards."""
    replacements = _replacements(generator)
    originals = {name: getattr(np.random, name) for name in replacements}
    try:
        for name, function in replacements.items():
            setattr(np.random, name, function)
        yield
    finally:
        for name, function in originals.items():
            setattr(np.random, name, function)
