"""How ELBO and gap change as q moves through the family: from one q to the posterior and on to another q.

At every place t the three numbers come from their three formulas; t = 0 is the posterior (or, where the family does not
contain it, the best q known), t = -1 and t = 1 are two random members of the family.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from verify.models.base import Balance, SolvableModel
from verify.models.families.base import Variational

Model = SolvableModel[Any]


@dataclass(frozen=True)
class Place:
    """One q on the way.

    t        from -1 to 1
    balance  log p(x), ELBO(q) and KL(q ‖ p(z|x))
    """

    t: float
    balance: Balance

    @property
    def elbo(self) -> float:
        return self.balance.elbo.value

    @property
    def gap(self) -> float:
        return self.balance.gap.value


@dataclass(frozen=True)
class Path:
    """A model with some q's on a line through the posterior, in order of t."""

    model: Model
    places: tuple[Place, ...]

    @property
    def log_evidence(self) -> float:
        return self.model.log_evidence()

    @property
    def target(self) -> str:
        """What q is at t = 0."""
        return "the posterior" if self.model.contains_posterior else "the best q known, which is not the posterior"


def walk(model: Model, rng: np.random.Generator, steps: int = 10) -> Path:
    """`steps` places on either side of the posterior, evenly spaced, and the posterior itself."""
    ends = {-1.0: model.random_q(rng), 1.0: model.random_q(rng)}
    best = model.posterior_q()
    spaced = np.linspace(-1.0, 1.0, 2 * steps + 1).tolist()
    places = [Place(t, model.balance(between(best, ends[np.sign(t) or 1.0], abs(t)))) for t in spaced]
    return Path(model, tuple(places))


def between(start: Variational, end: Variational, t: float) -> Variational:
    """(1 - t) start + t end, field by field: all kinds of parameters are convex."""
    first, last = start.arrays(), end.arrays()
    kinds = start.kinds()
    moving = {name for name, kind in kinds.items() if kind.direction is not None}
    return start.replace(**{name: (1 - t) * first[name] + t * last[name] for name in moving})
