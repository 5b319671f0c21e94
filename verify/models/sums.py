"""A sum that remembers how large its terms were, so that a tolerance can be said honestly.

`log p(x) = ELBO + KL` holds exactly; in floating point the two sides differ by the rounding of the terms that were
added, whatever the size of the result.  So a tolerance is neither absolute (1e-9 is far too wide for a gap of 1e-11
and far too narrow for a log evidence of -500,000) nor relative to the result (which may be zero), but relative to the
terms: `Sum.rounding`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

UNIT_ROUNDOFF = 2.0**-53
# A term is a product of a few factors, each of them an input, a sum of two inputs, or a log, digamma or log-gamma value
# with an error of a few units in the last place (log-gamma close to its zeros at 1 and 2: a few units of 1).  The
# formulas here have at most a dozen such operations a term; 32 leaves room without hiding a mistake.
ULPS_PER_TERM = 32
_EXACT_UP_TO = 4096


@dataclass(frozen=True)
class Sum:
    """The value of a sum, in nats.

    value      the sum, rounded once (math.fsum) up to 4096 terms, by pairs (numpy.sum, error below 32 u Σ |term|) above
    magnitude  Σ |term|, and what was added up inside the terms
    condition  by how much the terms may amplify an error of their inputs (a matrix condition number), at least 1
    error      error of terms that are themselves approximations (quadrature), in nats
    terms      the terms of each named part
    """

    value: float
    magnitude: float
    condition: float
    error: float
    terms: Mapping[str, npt.NDArray[np.float64]]

    @classmethod
    def of(cls, *, condition: float = 1.0, inside: float = 0.0, error: float = 0.0, **parts: npt.ArrayLike) -> Sum:
        """Add up all entries of all parts.

        inside  the magnitude of what was added up and cancelled inside the terms themselves, if anything
        """
        terms = {name: np.asarray(part, dtype=np.float64).ravel() for name, part in parts.items()}
        everything = np.concatenate(list(terms.values()))
        magnitude = float(np.abs(everything).sum()) + inside
        return cls(add(everything), magnitude, max(1.0, condition), error, terms)

    @property
    def parts(self) -> dict[str, float]:
        """The value of each named part, in nats."""
        return {name: add(terms) for name, terms in self.terms.items()}

    @property
    def rounding(self) -> float:
        """How far rounding (and `error`) may have moved the value."""
        return ULPS_PER_TERM * UNIT_ROUNDOFF * self.condition * self.magnitude + self.error


def lost(differences: npt.ArrayLike, sizes: npt.ArrayLike) -> float:
    """The magnitude that half the squares of some differences a - b stand for, given |a| + |b| as `sizes`.

    Rounding moves a - b by δ = 32 u (|a| + |b|), and its half square by |a - b| δ + δ²/2, whatever is left of it.
    """
    d, s = np.abs(np.asarray(differences, dtype=np.float64)), np.asarray(sizes, dtype=np.float64)
    return float(np.sum(d * s + ULPS_PER_TERM * UNIT_ROUNDOFF * s * s / 2))


def add(terms: npt.NDArray[np.float64]) -> float:
    """Σ terms; -inf and +inf as in real arithmetic, nan where both occur."""
    if np.isfinite(terms).all():
        return math.fsum(terms.tolist()) if len(terms) <= _EXACT_UP_TO else float(terms.sum())
    with np.errstate(invalid="ignore"):
        return float(terms.sum())
