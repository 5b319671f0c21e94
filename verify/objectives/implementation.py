"""What a library adapter provides: the user's objective as the layers see it.

The layers know nothing of NumPy, PyTorch or JAX.  They hand a `Situation` (which model, which q, how many samples …)
and a `Source` of noise to an `Implementation` and get back what the user's code returned.  An adapter does three
things:

1. It says which arguments can be varied.  Arguments go by name (`ARGUMENTS`): an objective that takes `q` can be
   evaluated at the posterior, one that takes `samples` at several K.
2. It routes the library's random numbers to the source: `source.normals(shape)`, `source.uniforms(shape)`,
   `source.categories(probabilities)` (see `noise.source`).  A `FreshNoise` has a `seed` for adapters that would rather
   seed their library; any other source must be obeyed number by number, or refused with NoiseError.
3. It gives gradients, if the library has them, by the names of q's fields ("mean", "variance", …, or another coordinate
   of `coordinates`) and of the model's parameters ("model.noise_variance").

Values and gradients are returned raw, with the sign and reduction of the user's code: see `Objective.in_nats`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy.typing as npt

from verify.models.records import Array
from verify.objectives.noise import Source

# What an objective may ask for by name, and where it comes from.
ARGUMENTS: Mapping[str, str] = {
    "model": "the model with its data",
    "q": "the variational distribution",
    "x": "the data alone",
    "samples": "the number of draws of z, K",
    "alpha": "the order of a Rényi bound",
    "batch": "the indices of a random minibatch",
    "shift": "a number to add to log p(x_i | z) of every data point",
    "decoder": "the decoder, a function of z",
    "encoder": "the encoder, a function of x",
    "rng": "a numpy.random.Generator",
    "seed": "an integer seed",
}
RANDOMNESS_ARGUMENTS = frozenset({"rng", "seed"})

# "prescribed": any Source is obeyed; "seeded": only FreshNoise; "none": the value is a function of the arguments.
Randomness: TypeAlias = Literal["prescribed", "seeded", "none"]


@dataclass(frozen=True, eq=False)
class Situation:
    """Where an objective is evaluated; two situations are the same only if they are one object.

    values      arguments by name
    points      how many data points there are
    batch_size  the size of the minibatch for objectives that take `batch`
    """

    values: Mapping[str, Any]
    points: int
    batch_size: int | None = None

    def at(self, **changes: Any) -> Situation:
        """The same situation with some arguments replaced."""
        return Situation({**self.values, **changes}, self.points, self.batch_size)

    def arguments(self, names: Iterable[str], source: Source) -> dict[str, Any]:
        """The named arguments but for `rng` and `seed`; the minibatch is drawn from the source.

        Raises TypeError for an argument that this situation does not have.
        """
        wanted = set(names) - RANDOMNESS_ARGUMENTS
        missing = wanted - self.values.keys() - {"batch"}
        if missing:
            have = ", ".join(sorted(self.values))
            raise TypeError(f"the objective takes {sorted(missing)[0]!r}, which this case does not have; it has {have}")
        given = {name: self.values[name] for name in sorted(wanted - {"batch"})}
        if "batch" in wanted:
            given["batch"] = source.subset(self.points, self._size_of_batch())
        return given

    def _size_of_batch(self) -> int:
        if self.batch_size is None:
            raise TypeError("the objective takes `batch`: declare batch_size, how many data points a minibatch has")
        return min(self.batch_size, self.points)


@runtime_checkable
class Implementation(Protocol):
    """The user's objective behind one library; see the module for what an adapter does."""

    @property
    def arguments(self) -> frozenset[str]:
        """The names of `ARGUMENTS` that are passed anew at every call; everything else is fixed in the code."""

    @property
    def randomness(self) -> Randomness:
        """How its random numbers can be controlled."""

    @property
    def has_gradient(self) -> bool:
        """Does `gradient` work?"""

    def value(self, situation: Situation, source: Source) -> npt.NDArray[Any]:
        """What one call returns: a number, or one number a data point, as an array.

        Raises NoiseError where the source cannot be obeyed.
        """

    def draws(self, situation: Situation, seed: int, first: int, last: int) -> npt.NDArray[Any]:
        """What the independent calls number first, …, last - 1 return, along a new first axis; vectorised where the
        library can.  A call depends on the seed and its number alone, so that a test may stop early and go on."""

    def gradient(self, situation: Situation, source: Source) -> Mapping[str, Array]:
        """The gradient of one call's value (of its sum, for one number a data point), with the same noise as `value`.

        Raises TypeError where there is none.
        """


@runtime_checkable
class Vectorised(Protocol):
    """What an `Implementation` may offer besides: many calls at once, with the normals of each call as a row.

    Both return None where the calls cannot be made at once; then they are made one by one.
    """

    def values(self, situation: Situation, rows: Array) -> npt.NDArray[Any] | None:
        """What the calls return, along a new first axis."""

    def mean_gradient(self, situation: Situation, rows: Array, weights: Array) -> Mapping[str, Array] | None:
        """The weighted sum of the calls' gradients."""
