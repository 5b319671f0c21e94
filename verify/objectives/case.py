"""Where an objective is tested: a solved case with exact values, or the user's own network without them.

`strategies.Solved`, which the Hypothesis strategies draw, is a solved case; `Case` makes one from any model and q, for
instance a `QuadratureModel`; `Unsolved` is for a network whose evidence nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from verify.objectives.reference.solvable import Solvable, data_of, points_of


class SolvedCase(Protocol):
    """A model with exact values, a q of its family, and a seed for whatever else is drawn."""

    @property
    def model(self) -> Any: ...

    @property
    def q(self) -> Any: ...

    @property
    def seed(self) -> int: ...


@dataclass(frozen=True, eq=False)
class Case:
    """Any model with exact values, and a q."""

    model: Solvable
    q: Any
    seed: int = 0

    def __repr__(self) -> str:
        law = getattr(self.q, "title", type(self.q).__name__)
        return f"Case({self.model.name}, q={law}, seed={self.seed})"


@dataclass(frozen=True, eq=False)
class Unsolved:
    """The user's own network and data, where no exact value is known: relations between several calls are tested.

    x         data, the data points along the first axis
    decoder   a function of z, for objectives that take `decoder`; it is replaced by one that ignores z
    encoder   a function of x that returns the parameters of the *prior*, for objectives that take `encoder`
    elbo      the plain ELBO, a function with the same kinds of arguments; for an importance-weighted objective, which
              must agree with it at samples=1
    """

    x: npt.NDArray[Any]
    decoder: Callable[[Any], Any] | None = None
    encoder: Callable[[Any], Any] | None = None
    elbo: Callable[..., Any] | None = None
    seed: int = 0

    def __repr__(self) -> str:
        return f"Unsolved(x of shape {np.shape(self.x)}, seed={self.seed})"


AnyCase: TypeAlias = SolvedCase | Unsolved


def points(case: AnyCase) -> int:
    """The number of data points."""
    return len(case.x) if isinstance(case, Unsolved) else points_of(case.model)


def values(case: AnyCase) -> Mapping[str, Any]:
    """The arguments that the case itself provides, by name."""
    if not isinstance(case, Unsolved):
        return {"model": case.model, "q": case.q, "x": data_of(case.model)}
    given: dict[str, Any] = {"x": case.x, "shift": 0.0, "decoder": case.decoder, "encoder": case.encoder}
    return {name: value for name, value in given.items() if value is not None}
