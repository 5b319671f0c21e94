"""Evidence against a mean that may be watched while it grows: e-processes.

An e-process starts at 1 and, if the hypothesis is true, ever reaches 1/α with probability at most α, however long one
looks and whenever one stops (Ville's inequality).  Draws may be added until the answer is clear; there is no fixed n.

Hypothesis: the draws are independent with E[X] within `slack` of `mean`, or, one-sided, at most mean + slack.  Against
it money is put on several stakes at once, and the wealth averaged:

    CatoniEvidence    Var[X] <= variance is known       Π exp(φ(λd) - λ²v/2),  φ(x) = ±log(1 ± x + x²/2)
    BettingEvidence   low <= X <= high is known         Π (1 + λd)
    KnownLawEvidence  log E e^(λ(X-E[X])) is known       Π exp(λd - ψ(λ))

with d = X - mean.  The first needs only the variance; the second uses the variance that the draws show; the third is
the sharpest, but also rejects estimators of the same mean with another law.

Sources: O. Catoni, Challenging the empirical mean and empirical variance (2012); H. Wang, A. Ramdas, Catoni-style
confidence sequences for heavy-tailed mean estimation (2023); I. Waudby-Smith, A. Ramdas, Estimating means of bounded
random variables by betting (2024); A. Ramdas et al., Game-theoretic statistics and safe anytime-valid inference (2023).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np

from verify.models.records import Array

Sides: TypeAlias = Literal["both", "above"]

# Stakes in units of 1/σ.  Small ones find small deviations late, large ones find large deviations at once.
_SCALES = np.array([0.015, 0.03, 0.06, 0.12, 0.25, 0.5, 1.0, 2.0])
# Stakes as shares of the largest bet that cannot ruin the gambler.
_SHARES = np.array([0.004, 0.008, 0.016, 0.03, 0.06, 0.12, 0.25, 0.5, 0.9])


class Evidence(ABC):
    """Wealth on several stakes; `update` takes draws along the last axis, leading axes are independent streams."""

    def __init__(self, mean: float, slack: float, sides: Sides, stakes: Array) -> None:
        signs = np.array([1.0, -1.0]) if sides == "both" else np.array([1.0])
        self._mean, self._slack = mean, slack
        self.signs, self.stakes = np.repeat(signs, len(stakes)), np.tile(stakes, len(signs))
        self._log_wealth: Array | None = None

    @abstractmethod
    def _log_gains(self, deviations: Array, stakes: Array, signs: Array) -> Array:
        """log of the factor by which every stake multiplies, for deviations in the direction that the stake bets on."""

    @abstractmethod
    def smallest_detectable(self, alpha: float, draws: int) -> float:
        """The deviation of the mean at which the expected log wealth on the best stake reaches what rejects at level
        alpha after so many draws (for draws with the largest variance allowed)."""

    def update(self, draws: Array) -> Array:
        """log e-value after every draw, for streams of shape (…, n)."""
        away = draws[..., None, :] - self._mean
        toward = self.signs[:, None] * away - self._slack
        steps = self._log_gains(toward, self.stakes[:, None], self.signs[:, None])
        start = 0.0 if self._log_wealth is None else self._log_wealth[..., None]
        path = start + np.cumsum(steps, axis=-1)
        self._log_wealth = path[..., -1]
        return np.asarray(np.logaddexp.reduce(path, axis=-2) - math.log(len(self.stakes)))

    @property
    def _price(self) -> float:
        """log of the number of stakes among which the money is split."""
        return math.log(len(self.stakes))


class CatoniEvidence(Evidence):
    """For draws of which only a bound on the variance is known."""

    def __init__(self, mean: float, variance: float, slack: float = 0.0, sides: Sides = "both") -> None:
        if not variance > 0:
            raise ValueError(f"the bound on the variance must be positive, not {variance}")
        self._variance = variance
        super().__init__(mean, slack, sides, _SCALES / math.sqrt(variance))

    def _log_gains(self, deviations: Array, stakes: Array, signs: Array) -> Array:
        bets = stakes * deviations
        sizes = np.abs(bets)
        influence = np.sign(bets) * np.log1p(sizes + 0.5 * sizes**2)
        return np.asarray(influence - 0.5 * stakes**2 * self._variance)

    def smallest_detectable(self, alpha: float, draws: int) -> float:
        needed = math.log(1 / alpha) + self._price
        drift = (needed / draws + 0.5 * self.stakes**2 * self._variance) / self.stakes
        return float(drift.min()) + self._slack


class BettingEvidence(Evidence):
    """For draws whose exact range is known."""

    def __init__(self, mean: float, low: float, high: float, slack: float = 0.0, sides: Sides = "both") -> None:
        if not low < high or not low - slack <= mean <= high + slack:
            raise ValueError(f"the range [{low}, {high}] must contain the mean {mean}")
        self._low, self._high = low, high
        super().__init__(mean, slack, sides, _SHARES)

    def _log_gains(self, deviations: Array, stakes: Array, signs: Array) -> Array:
        # The most that can be lost on a bet upwards is the way down to the end of the range, and the other way round.
        most = np.where(signs > 0, self._mean - self._low, self._high - self._mean) + self._slack
        with np.errstate(divide="ignore"):  # a draw outside the range ruins a bet or wins without limit
            return np.log1p(np.maximum(stakes * deviations / most, -1.0))

    def smallest_detectable(self, alpha: float, draws: int) -> float:
        needed = math.log(1 / alpha) + self._price
        width = self._high - self._low + self._slack
        # log(1 + y) >= y - y² for y >= -1/2; the worst variance on the range is width²/4.
        stakes = self.stakes[self.stakes <= 0.5] / width
        drift = (needed / draws + stakes**2 * width**2 / 4) / stakes
        return float(drift.min()) + self._slack


class KnownLawEvidence(Evidence):
    """For draws whose law is known: log_mgf is ψ(λ) = log E exp(λ (X - E[X])), infinite where it does not exist."""

    def __init__(
        self,
        mean: float,
        variance: float,
        log_mgf: Callable[[float], float],
        slack: float = 0.0,
        sides: Sides = "both",
    ) -> None:
        super().__init__(mean, slack, sides, _SCALES / math.sqrt(variance))
        costs = np.array([log_mgf(s * stake) for s, stake in zip(self.signs, self.stakes, strict=True)])
        usable = np.isfinite(costs)
        self.signs, self.stakes, self._costs = self.signs[usable], self.stakes[usable], costs[usable]
        if not len(self.stakes):
            raise ValueError("the law has no exponential moments on the scale of its standard deviation")

    def _log_gains(self, deviations: Array, stakes: Array, signs: Array) -> Array:
        return np.asarray(stakes * deviations - self._costs[:, None])

    def smallest_detectable(self, alpha: float, draws: int) -> float:
        needed = math.log(1 / alpha) + self._price
        drift = (needed / draws + self._costs) / self.stakes
        return max(float(drift[self.signs == sign].min()) for sign in set(self.signs.tolist())) + self._slack
