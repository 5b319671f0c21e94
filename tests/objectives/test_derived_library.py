"""The built-in derivation over solvable models: every proved line that has a value there holds there, in numbers."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

import derive.library
from verify import derivation, strategies
from verify.objectives.derived import DerivedReference, NotProvedError, NoValueError, RolesError

LINES = derivation(Path(derive.library.__file__).with_name("elbo.md"))
MODELS = ("finite-table", "gaussian-mixture", "normal-normal", "beta-bernoulli", "gamma-poisson")
WITHIN = 1e-10


@lru_cache
def references() -> dict[str, tuple[DerivedReference, DerivedReference]]:
    """Both sides of every proved line about a model with data x, by place."""
    found = {}
    for line in LINES.lines:
        try:
            claim = LINES.claim(line=line.number, column=line.column)
            found[f"{line.number}:{line.column}"] = (claim.over(side="left"), claim.over(side="right"))
        except (NotProvedError, NoValueError, RolesError):
            continue
    return found


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", range(3))
def test_both_sides_of_every_line_relate_as_the_line_says(name: str, seed: int) -> None:
    case = strategies.build(name, seed)
    evaluated = 0
    for place, (left, right) in references().items():
        try:
            one, other = left(case.model, case.q), right(case.model, case.q)
        except (NoValueError, RolesError):  # the law of the data, or 0 ≤ …: nothing that a model knows
            continue
        evaluated += 1
        within = WITHIN * (1 + one.magnitude + other.magnitude)
        sign, difference = left.claim.sign, one.value - other.value
        assert sign in ("=", ">=", "<="), place
        assert sign == "<=" or difference >= -within, place
        assert sign == ">=" or difference <= within, place
    assert evaluated >= 8
