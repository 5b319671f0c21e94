"""Functions of noise that are sums over groups of normals, as a loss is over data points: an integral for each group.

With f(ε) = Σ_c f_c(ε_c), whatever the other normals are held at,

    E f = Σ_c E f(ε_c, base elsewhere) - (C - 1) f(base)

The groups are found from the function itself: two normals act together where the mixed difference
f(x + h_i + h_j) - f(x + h_i) - f(x + h_j) + f(x) is not 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from verify.models.records import Array
from verify.objectives.noise.rules import MOST_DIMENSIONS, Rows, product_rows

Group = tuple[int, ...]
_ZERO = 1e-10  # relative to the values whose difference it is: some hundred thousand times their rounding


def groups_of(function: Callable[[Array], Array], size: int) -> list[Group] | None:
    """The groups of normals that act together; None where one of them is too large for quadrature."""
    rng = np.random.default_rng([size, 5])
    start, steps = rng.normal(size=size), rng.uniform(0.5, 1.5, size=size)
    origin = function(start)
    alone = [function(_stepped(start, steps, (i,))) for i in range(size)]
    scale = np.max(np.abs([origin, *alone]), axis=0)

    def together(i: int, j: int) -> bool:
        mixed = function(_stepped(start, steps, (i, j))) - alone[i] - alone[j] + origin
        return bool(np.any(np.abs(mixed) > _ZERO * (1 + scale)))

    left, found = list(range(size)), []
    while left:
        group = _connected(left, together)
        if len(group) > MOST_DIMENSIONS:
            return None
        found.append(group)
        left = [i for i in left if i not in group]
    return found


def _stepped(start: Array, steps: Array, places: Group) -> Array:
    moved = start.copy()
    moved[list(places)] += steps[list(places)]
    return moved


def _connected(left: list[int], together: Callable[[int, int], bool]) -> Group:
    """The first normal and all that act together with it, directly or through others; it stops once there are too
    many."""
    group, waiting = [left[0]], [left[0]]
    while waiting and len(group) <= MOST_DIMENSIONS:
        i = waiting.pop()
        new = [j for j in left if j not in group and together(i, j)]
        group += new
        waiting += new
    return tuple(sorted(group))


def separate_rows(groups: list[Group], points: int, base: Array) -> Rows:
    """Quadrature with so many points a normal for each group alone, the other normals at the base."""
    rows, weights = [base[None]], [np.array([1.0 - len(groups)])]
    for group in groups:
        rule = product_rows(len(group), points)
        placed = np.tile(base, (len(rule.rows), 1))
        placed[:, list(group)] = rule.rows
        rows.append(placed)
        weights.append(rule.weights)
    return Rows(np.concatenate(rows), np.concatenate(weights))
