"""What the adapters of Pyro and of NumPyro share: a model and a guide as a case, ready to be checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from verify.models.records import LOWER, POSITIVE, REAL, SIMPLEX, UNIT, Kind
from verify.objectives.case import Case
from verify.objectives.check import check_objective
from verify.objectives.implementation import Implementation
from verify.objectives.reference.programs import GuidedModel, GuideLaw
from verify.objectives.report import CheckReport

# A parameter under another constraint is left where it is.
FIXED = Kind("fixed", lambda value: True, "finite", None)

# What a constraint of either library says about the numbers, by its name in the library's `constraints`.
KINDS: Mapping[str, Kind] = {
    "real": REAL,
    "positive": POSITIVE,
    "softplus_positive": POSITIVE,
    "simplex": SIMPLEX,
    "unit_interval": UNIT,
    "lower_cholesky": LOWER,
    "softplus_lower_cholesky": LOWER,
}


@dataclass(frozen=True, eq=False)
class GuidedObjective:
    """What `check_objective` needs, ready to be checked.

    implementation  the objective as a function of the parameters
    case            model and guide with exact values
    declared        what the objective's class says it computes
    """

    implementation: Implementation
    case: Case
    declared: Mapping[str, Any]

    def check(self, **changes: Any) -> CheckReport:
        """check_objective with what is declared, and changes to it.  Raises ObjectiveError likewise."""
        return check_objective(self.implementation, self.case, **{**self.declared, **changes})


def guided_case(
    model: Any, q: GuideLaw, own: frozenset[str], x: npt.NDArray[Any], posterior: Mapping[str, Any] | None, seed: int
) -> Case:
    """A model and a guide with exact values.

    own        the names of the guide's own parameters
    x          the observations
    posterior  values of these parameters at which the guide is the posterior, if there are any
    """
    best = None if posterior is None else {name: np.asarray(v, dtype=np.float64) for name, v in posterior.items()}
    name = getattr(model, "__name__", type(model).__name__)
    return Case(GuidedModel(name, x, q, best, own), q, seed)


def first_array(arrays: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """The observations: the first array that has an axis; one number where there is none."""
    return next((array for array in arrays if array.ndim), np.zeros(1))


def power_bound(alpha: float) -> dict[str, Any]:
    """What RenyiELBO says it computes; at alpha = 0, the default of both libraries, that is the bound of
    importance weights."""
    order: dict[str, Any] = {"kind": "renyi", "alpha": float(alpha)} if alpha else {"kind": "iwae"}
    return {**order, "estimator": "log-weight"}
