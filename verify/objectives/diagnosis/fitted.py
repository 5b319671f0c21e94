"""What can be said where no known mistake explains a deviation: one unknown number that is the same in all places.

    the KL has the weight 0.1                        reconstruction - 0.1 KL in every place
    off by the same number for every q               something that does not depend on z
    no number is drawn from the generator            noise that is fixed in the code
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from verify.objectives.diagnosis.terms import Terms

# A place: the terms there, the value that the code returns, and how exactly that is known.
Place: TypeAlias = tuple[Terms, float, float]
_FEWEST = 3
_SMALL = 1e-6  # a weight is not estimated from a term that is almost 0


def fitted(places: Sequence[Place]) -> Iterator[str]:
    """Sentences with a number that was found from the values themselves."""
    if len(places) < _FEWEST:
        return
    for says, base, term in _ROWS:
        weight = _common_weight(places, base, term)
        if weight is not None:
            yield says.format(weight)
    if _same_for_every_q(places):
        yield (
            "it is off by the same number for every q: a term without z is missing or wrong, such as a normalising "
            "constant of the likelihood or the prior"
        )


_ROWS: tuple[tuple[str, Callable[[Terms], float], Callable[[Terms], float]], ...] = (
    ("the KL has the weight {:.6g}: declare beta, or is a factor of it left over?",
     lambda t: t.reconstruction, lambda t: -t.kl / (t.objective.beta or math.nan)),
    ("the reconstruction has the weight {:.6g}", lambda t: -t.kl, lambda t: t.reconstruction),
    ("everything is multiplied by {:.6g}", lambda t: 0.0, lambda t: t.target),
)  # fmt: skip


def _common_weight(
    places: Sequence[Place], base: Callable[[Terms], float], term: Callable[[Terms], float]
) -> float | None:
    """The one w with value = base + w · term in all places, if there is one."""
    rows = [(found - base(terms), term(terms), allowed) for terms, found, allowed in places]
    usable = [row for row in rows if abs(row[1]) > _SMALL]
    if len(usable) < _FEWEST:
        return None
    rest, largest, _ = max(usable, key=lambda row: abs(row[1]))
    weight = rest / largest
    return weight if all(abs(left - weight * size) <= 2 * allowed for left, size, allowed in rows) else None


def _same_for_every_q(places: Sequence[Place]) -> bool:
    """Is the deviation the same at two q's of one model, for every model that has two?"""
    by_model: dict[int, list[tuple[float, float]]] = {}
    for terms, found, allowed in places:
        by_model.setdefault(id(terms.model), []).append((found - terms.target, allowed))
    groups = [group for group in by_model.values() if len(group) > 1]
    return bool(groups) and all(_agree(group) for group in groups)


def _agree(group: Sequence[tuple[float, float]]) -> bool:
    values = [deviation for deviation, _ in group]
    return max(values) - min(values) <= 2 * max(allowed for _, allowed in group)


def draws_nothing(route: Any, randomness: str) -> str:
    """For code that is handed a generator and leaves it alone; empty otherwise."""
    if route != "one evaluation" or randomness != "prescribed":
        return ""
    return "no number is drawn from the generator it is given: the noise is fixed in the code, or there is none"
