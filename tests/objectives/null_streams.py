"""Streams for which the hypothesis of a sequential test is true: many laws, skewed and heavy-tailed ones among them.

Every stream meets what its e-process is told about it exactly: the variance, the range, or the law.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from verify import strategies
from verify.estimators import elbo_samples
from verify.objectives import Objective
from verify.objectives.reference import spread_of
from verify.objectives.sequential import BettingEvidence, CatoniEvidence, Evidence, KnownLawEvidence, evidence_for

STREAMS, DRAWS, BLOCK = 10_000, 250, 500
Draw = Callable[[np.random.Generator, tuple[int, ...]], Any]


@dataclass(frozen=True)
class Null:
    """A law, a fresh e-process against its mean, and that mean."""

    draw: Draw
    evidence: Callable[[], Evidence]
    mean: float = 0.0


def standardised(draw: Draw, mean: float, variance: float) -> Draw:
    return lambda rng, size: (draw(rng, size) - mean) / math.sqrt(variance)


def rare(chance: float, sign: int) -> Draw:
    """Nearly always a little on one side, rarely far out on the other; mean 0, variance 1."""
    far, near = math.sqrt((1 - chance) / chance), -math.sqrt(chance / (1 - chance))
    return lambda rng, size: sign * np.where(rng.random(size) < chance, far, near)


# Mean 0 and variance 1.
LAWS: Mapping[str, Draw] = {
    "normal": lambda rng, size: rng.standard_normal(size),
    "exponential": standardised(lambda rng, size: rng.standard_exponential(size), 1, 1),
    "minus exponential": standardised(lambda rng, size: -rng.standard_exponential(size), -1, 1),
    "chi-square 1": standardised(lambda rng, size: rng.chisquare(1, size), 1, 2),
    "minus chi-square 1": standardised(lambda rng, size: -rng.chisquare(1, size), -1, 2),
    "log-normal": standardised(lambda rng, size: rng.lognormal(0, 1, size), math.exp(0.5), (math.e - 1) * math.e),
    "Student t 3": standardised(lambda rng, size: rng.standard_t(3, size), 0, 3),
    "Student t 2.2": standardised(lambda rng, size: rng.standard_t(2.2, size), 0, 11),
    "Pareto 2.5": standardised(lambda rng, size: rng.pareto(2.5, size), 2 / 3, 2.5 / (1.5**2 * 0.5)),
    "once in 1000 up": rare(1e-3, 1),
    "once in 1000 down": rare(1e-3, -1),
    "coin": lambda rng, size: rng.choice([-1.0, 1.0], size=size),
}


def _catoni() -> Evidence:
    return CatoniEvidence(0.0, 1.0)


def _bernoulli(chance: float) -> Null:
    def draw(rng: np.random.Generator, size: tuple[int, ...]) -> Any:
        return (rng.random(size) < chance).astype(float)

    return Null(draw, lambda: BettingEvidence(chance, 0.0, 1.0), chance)


def _log_weights(name: str, seed: int, **shape: int) -> Null:
    """The log weights of a correct ELBO, tested by the sharpest e-process that is known to be valid."""
    case = strategies.build(name, seed, **shape)

    def draw(rng: np.random.Generator, size: tuple[int, ...]) -> Any:
        return elbo_samples(case.model, case.q, rng, math.prod(size)).reshape(size)

    def evidence() -> Evidence:
        spread = spread_of(Objective("elbo", "sum", estimator="log-weight"), case.model, case.q)
        return evidence_for(spread, case.model.elbo(case.q), 1e-9)[0]

    return Null(draw, evidence, case.model.elbo(case.q))


def _normal_law(tilt: float) -> float:
    return 0.5 * tilt**2


def _chi_square_law(tilt: float) -> float:
    """log E exp(λ (ε² - 1)/√2)."""
    t = tilt / math.sqrt(2)
    return -t - 0.5 * math.log1p(-2 * t) if t < 0.5 else math.inf


NULLS: Mapping[str, Null] = {
    **{f"Catoni: {name}": Null(draw, _catoni) for name, draw in LAWS.items()},
    "Catoni: less variance than declared": Null(lambda rng, size: 0.5 * LAWS["exponential"](rng, size), _catoni),
    "Catoni: at the edge of the slack": Null(
        lambda rng, size: LAWS["normal"](rng, size) + 0.1, lambda: CatoniEvidence(0.0, 1.0, slack=0.1)
    ),
    "Catoni: one-sided, below": Null(
        lambda rng, size: LAWS["exponential"](rng, size) - 0.3, lambda: CatoniEvidence(0.0, 1.0, sides="above")
    ),
    **{f"betting: Bernoulli {chance:g}": _bernoulli(chance) for chance in (0.5, 0.1, 0.01, 0.001, 0.99)},
    "betting: uniform": Null(lambda rng, size: rng.random(size), lambda: BettingEvidence(0.5, 0.0, 1.0), 0.5),
    "betting: beta(0.1, 0.3)": Null(
        lambda rng, size: rng.beta(0.1, 0.3, size), lambda: BettingEvidence(0.25, 0, 1), 0.25
    ),
    "known law: normal": Null(LAWS["normal"], lambda: KnownLawEvidence(0.0, 1.0, _normal_law)),
    "known law: chi-square 1": Null(LAWS["chi-square 1"], lambda: KnownLawEvidence(0.0, 1.0, _chi_square_law)),
    "correct ELBO: normal-normal": _log_weights("normal-normal", 1, points=5),
    "correct ELBO: ppca": _log_weights("ppca", 2, points=3, latents=2, dimension=4),
    "correct ELBO: gamma-poisson": _log_weights("gamma-poisson", 3, points=3),
    "correct ELBO: gaussian-mixture": _log_weights("gaussian-mixture", 4, points=3, components=3, dimension=2),
}


def largest_log_evidence(null: Null, seed: int, streams: int = STREAMS, draws: int = DRAWS) -> Any:
    """log of the largest e-value that each of many independent streams ever reaches; shape (streams,)."""
    rng = np.random.default_rng(seed)
    blocks = [min(BLOCK, streams - first) for first in range(0, streams, BLOCK)]
    return np.concatenate([null.evidence().update(null.draw(rng, (block, draws))).max(-1) for block in blocks])
