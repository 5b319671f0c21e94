"""Where the randomness of one evaluation comes from.

A `Source` answers a few elementary requests: standard normals, uniforms, categories.  Everything that a library draws
is made of these, so a source that prescribes them makes unchanged code a function of the noise:

    FreshNoise       ordinary random numbers from a seed
    PrescribedNoise  standard normals read from a row, categories read from a path through a tree of decisions

An adapter for a library hands the requests of that library to the source; for NumPy see `generator`.  Continuous laws
other than the normal are increasing functions of a standard normal (`continuous`), so that one rule of integration
over normals serves them all.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from verify.models.records import Array, Integers

Shape: TypeAlias = tuple[int, ...]
# (u, 1 - u) ↦ the value below which the law has probability u; both are given so that neither tail loses its digits.
Quantile: TypeAlias = Callable[[Array, Array], Array]


class NoiseError(Exception):
    """The code asks for randomness that cannot be prescribed; the message says what and what would help."""


class Source(ABC):
    """Answers to elementary requests for randomness."""

    @abstractmethod
    def normals(self, shape: Shape) -> Array:
        """Independent standard normals."""

    @abstractmethod
    def uniforms(self, shape: Shape) -> Array:
        """Independent uniforms on (0, 1)."""

    @abstractmethod
    def decide(self, probabilities: Sequence[float]) -> int:
        """One category."""

    def continuous(self, quantile: Quantile, shape: Shape) -> Array:
        """Independent draws of a continuous law on the line, by its quantile function."""
        noise = self.normals(shape)
        return np.asarray(quantile(normal_cdf(noise), normal_cdf(-noise)))

    def categories(self, probabilities: Array) -> Integers:
        """One category for every probability vector along the last axis."""
        rows = np.reshape(probabilities, (-1, np.shape(probabilities)[-1]))
        return np.array([self.decide(row.tolist()) for row in rows], dtype=np.int64).reshape(probabilities.shape[:-1])

    def ordered_subset(self, population: int, size: int) -> Integers:
        """`size` different numbers below `population`, every order equally likely."""
        left, chosen = list(range(population)), []
        for _ in range(size):
            chosen.append(left.pop(self.decide([1 / len(left)] * len(left))))
        return np.array(chosen, dtype=np.int64)

    def subset(self, population: int, size: int) -> Integers:
        """`size` different numbers below `population` in increasing order, every subset equally likely."""
        chosen: list[int] = []
        for candidate in range(population):
            still, left = size - len(chosen), population - candidate
            if still and self.decide([still / left, 1 - still / left]) == 0:
                chosen.append(candidate)
        return np.array(chosen, dtype=np.int64)


class FreshNoise(Source):
    """Ordinary random numbers from a seed."""

    def __init__(self, seed: int | Sequence[int]) -> None:
        self.seed = seed
        self.generator = np.random.default_rng(seed)

    def integer_seed(self) -> int:
        """A seed for libraries that take one integer."""
        return int(np.random.SeedSequence(self.seed).generate_state(1)[0])

    def normals(self, shape: Shape) -> Array:
        return np.asarray(self.generator.standard_normal(shape))

    def uniforms(self, shape: Shape) -> Array:
        return np.asarray(self.generator.random(shape))

    def decide(self, probabilities: Sequence[float]) -> int:
        threshold, total = self.generator.random() * math.fsum(probabilities), 0.0
        for k, probability in enumerate(probabilities):
            total += probability
            if threshold < total:
                return k
        return max(k for k, probability in enumerate(probabilities) if probability > 0)


def normal_cdf(noise: Array) -> Array:
    """Φ, exact to rounding in the lower tail."""
    from scipy.special import ndtr

    return np.asarray(ndtr(noise), dtype=np.float64)
