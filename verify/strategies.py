"""Hypothesis strategies: exactly solvable models with a q, and small exact probability tables.

    from hypothesis import given
    from verify import strategies

    @given(strategies.solved("normal-normal"))
    def test_my_elbo(case):
        assert my_elbo(case.model.x, case.q.mean, …) <= case.model.log_evidence() + case.rounding

Shapes are drawn as integers and all floats come from one integer seed, so a failing case shrinks to the smallest shape,
and its `repr` is the line that builds it again.  Tables are drawn as small fractions and shrink entry by entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import numpy as np
from hypothesis import strategies as st

from verify import models
from verify.models import SolvableModel, Variational

Place: TypeAlias = Literal["random", "posterior"]
_PLACES: tuple[Place, ...] = ("random", "posterior")
_SEEDS = st.integers(0, 2**32 - 1)


@dataclass(frozen=True, eq=False)
class Solved:
    """A model with data, and a q of its family.

    model  the model
    q      a variational distribution
    place  "random", or "posterior": the posterior, or for a family without it the best known member
    shape  the shape arguments that were drawn
    seed   the seed that all floats come from
    """

    model: SolvableModel[Any]
    q: Variational
    place: Place
    shape: tuple[tuple[str, int], ...]
    seed: int

    @property
    def rounding(self) -> float:
        """How far rounding may move log p(x) - ELBO(q), in nats."""
        return self.model.rounding(self.q)

    @property
    def rng(self) -> np.random.Generator:
        """A generator for whatever else a test draws, reproducible from the seed."""
        return np.random.default_rng([self.seed, 1])

    def __repr__(self) -> str:
        shape = ", ".join(f"{name}={size}" for name, size in self.shape)
        arguments = ", ".join(part for part in (repr(self.model.name), shape, f"seed={self.seed}") if part)
        return f"strategies.build({arguments}, place={self.place!r})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What Hypothesis prints for a failing case."""
        printer.text(repr(self))


def build(name: str, seed: int, place: Place = "random", **shape: int) -> Solved:
    """The case that a strategy drew: the same model and q from the same name, shape and seed.

    Raises KeyError for a name that is not in `models.ALL`.
    """
    rng = np.random.default_rng(seed)
    model = models.ALL[name].random(rng, **shape)
    q = model.posterior_q() if place == "posterior" else model.random_q(rng)
    return Solved(model, q, place, tuple(shape.items()), seed)


@st.composite
def solved(draw: st.DrawFn, name: str, place: Place | None = None) -> Solved:
    """A random model of the given name with a q.

    place  where q is: "random", "posterior" or, by default, either
    """
    limits = models.ALL[name].shapes
    shape = {argument: draw(st.integers(low, high)) for argument, (low, high) in limits.items()}
    where = draw(st.sampled_from(_PLACES)) if place is None else place
    return build(name, draw(_SEEDS), where, **shape)


def any_solved(place: Place | None = None, names: Sequence[str] | None = None) -> st.SearchStrategy[Solved]:
    """A random model of any kind with a q."""
    return st.sampled_from(list(names or models.ALL)).flatmap(lambda name: solved(name, place))


# ---------------------------------------------------------------- exact tables


@st.composite
def probabilities(draw: st.DrawFn, size: int, zeros: bool = False, largest: int = 12) -> tuple[Fraction, ...]:
    """An exact probability vector with small numerators.

    zeros    may entries be 0?  (at least one is positive)
    largest  the largest weight before normalising
    """
    weights = draw(st.lists(st.integers(0 if zeros else 1, largest), min_size=size, max_size=size).filter(any))
    return tuple(Fraction(weight, sum(weights)) for weight in weights)


@st.composite
def tables(draw: st.DrawFn, rows: int, columns: int, zeros: bool = False) -> tuple[tuple[Fraction, ...], ...]:
    """A conditional law as exact rows, each of which sums to 1."""
    return tuple(draw(probabilities(columns, zeros)) for _ in range(rows))


@dataclass(frozen=True)
class FiniteWorld:
    """One observation of a model with a finite latent, in exact numbers.

    joint  p(x, z = k) at the observed x, so that the sum is p(x)
    q      q(z = k)
    """

    joint: tuple[Fraction, ...]
    q: tuple[Fraction, ...]

    @property
    def posterior(self) -> tuple[Fraction, ...]:
        """p(z = k | x)."""
        return tuple(entry / sum(self.joint) for entry in self.joint)


@st.composite
def finite_worlds(
    draw: st.DrawFn, min_states: int = 2, max_states: int = 5, zeros: bool = False, place: Place | None = None
) -> FiniteWorld:
    """A finite world: prior times likelihood at the observed x, and q.

    zeros  may prior, likelihood and q have zeros?  p(x) is positive all the same
    place  "random", "posterior" or, by default, either
    """
    states = draw(st.integers(min_states, max_states))
    prior = draw(probabilities(states, zeros))
    chances = st.fractions(0 if zeros else Fraction(1, 12), 1, max_denominator=12)
    likelihood = draw(
        st.lists(chances, min_size=states, max_size=states).filter(
            lambda column: any(p * l for p, l in zip(prior, column, strict=True))
        )
    )
    joint = tuple(p * l for p, l in zip(prior, likelihood, strict=True))
    where = place or draw(st.sampled_from(_PLACES))
    q = draw(probabilities(states, zeros)) if where == "random" else FiniteWorld(joint, joint).posterior
    return FiniteWorld(joint, q)
