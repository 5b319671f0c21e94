"""How much risk of a false alarm a whole test suite may run, and how the single tests share it.

    Budget(1e-6, tests=60)   each of 60 tests gets 1e-6/60
    Budget(1e-6)             the i-th test gets 1e-6 · 6/(π² i²): the shares of infinitely many tests add up to 1e-6

A test asks by a key.  The same key gets the same share again, so that a case that is run once more (as Hypothesis does
when it shrinks) is decided as before; its seed must then be a function of the key too.
"""

from __future__ import annotations

import math
from collections.abc import Hashable

FAMILY_WISE = 1e-6


class Budget:
    """The family-wise false-alarm rate of a suite: the probability that any test of correct code fails by chance."""

    def __init__(self, total: float = FAMILY_WISE, tests: int | None = None) -> None:
        if not 0 < total < 1 or (tests is not None and tests < 1):
            raise ValueError(f"a budget is a probability shared by at least one test, not {total} for {tests}")
        self.total, self.tests = total, tests
        self._shares: dict[Hashable, float] = {}

    def share(self, key: Hashable) -> float:
        """The level α of the test with this key.  Raises ValueError for more tests than were announced."""
        if key not in self._shares:
            self._shares[key] = self._next()
        return self._shares[key]

    def _next(self) -> float:
        number = len(self._shares) + 1
        if self.tests is None:
            return self.total * 6 / (math.pi * number) ** 2
        if number > self.tests:
            raise ValueError(f"the budget is for {self.tests} tests, and this is one more; announce them all")
        return self.total / self.tests

    @property
    def spent(self) -> float:
        """The sum of all shares so far."""
        return math.fsum(self._shares.values())


SUITE = Budget()
