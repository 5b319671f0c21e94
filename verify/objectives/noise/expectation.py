"""The expectation of a function of noise without sampling: over all its decisions, and by a rule over its normals.

    mean = Expectation(lambda source: my_elbo(x, prescribed_generator(source)), quadratic=True, evaluations=2048)
    mean.first()      the first estimate, cheap
    mean.second()     an independent or finer one; where the two agree the mean is known

What is exact without more ado: no normals at all (enumeration, or a deterministic function).  Orthogonal noise is exact
for functions quadratic in the noise, quadrature for smooth ones; whether the function at hand is of that kind is seen
from a second estimate, which a test needs only where the first one deviates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np

from verify.models.records import Array
from verify.objectives.noise.prescribed import PrescribedNoise
from verify.objectives.noise.rules import MOST_DIMENSIONS, Rows, orthogonal_rows, product_rows, stretched_rows
from verify.objectives.noise.separable import Group, groups_of, separate_rows
from verify.objectives.noise.source import NoiseError, Source
from verify.objectives.noise.uniforms import NeedsNumbersError

Function: TypeAlias = Callable[[Source], Array]
OverRows: TypeAlias = Callable[[Rows], Array | None]
Route: TypeAlias = Literal["one evaluation", "enumeration", "orthogonal noise", "quadrature", "quadrature by parts"]
_PROBES = 3
_FEWEST_POINTS = 8
_MOST_POINTS = {1: 64, 2: 32, 3: 12}  # for every normal, by their number
_CERTAINLY_TOO_MANY = 8  # times the limit, by a rough estimate


class OutOfReachError(Exception):
    """The expectation cannot be had by a finite sum; the message says why."""


@dataclass(frozen=True)
class Estimate:
    """One estimate of the mean.

    exact  is it exact but for rounding, whatever the function?
    """

    mean: Array
    exact: bool
    route: Route
    evaluations: int


class Expectation:
    """E[f(noise)] by finite sums.

    function     evaluates the code once with the given noise
    quadratic    is a correct function known to be quadratic in its normals?
    evaluations  how many evaluations one estimate may take
    over_rows    the same weighted sum over rows of normals, computed at once; it returns None where it cannot
    """

    def __init__(
        self, function: Function, *, quadratic: bool, evaluations: int, over_rows: OverRows | None = None
    ) -> None:
        self._function, self._limit, self._over_rows = function, evaluations, over_rows
        self._quadratic, self._compared = quadratic, True
        self._probe = self._first_run()
        self._check_branches()
        self._size = self._probe.normals_used
        self._estimates: dict[str, Estimate] = {}

    def first(self) -> Estimate:
        """The cheapest estimate.  Raises OutOfReachError where there is none."""
        return self._estimate("first", refined=False)

    def second(self) -> Estimate:
        """Another estimate of the same mean: other rows, or more points.  Raises OutOfReachError likewise."""
        return self._estimate("second", refined=True)

    def by_quadrature(self) -> Expectation | None:
        """The same mean by quadrature where orthogonal noise was tried and the function turned out not to be quadratic;
        None where there are too many normals."""
        if not self._uses_orthogonal_rows or not 0 < self._size <= MOST_DIMENSIONS:
            return None
        return Expectation(self._function, quadratic=False, evaluations=self._limit, over_rows=self._over_rows)

    @property
    def _uses_orthogonal_rows(self) -> bool:
        return self._quadratic and self._compared and self._size > 0

    def _first_run(self) -> PrescribedNoise:
        """How much noise one evaluation takes; uniforms become numbers where comparing them is not enough."""
        try:
            return self._run(PrescribedNoise())
        except NeedsNumbersError:
            self._compared = False
            return self._run(PrescribedNoise(compared=False))

    def _run(self, noise: PrescribedNoise) -> PrescribedNoise:
        try:
            self._function(noise)
        except NoiseError as error:
            raise OutOfReachError(str(error)) from error
        return noise

    def _check_branches(self) -> None:
        """Refuse early where there are far too many outcomes: the mean of the product of the numbers of outcomes along
        random paths is the number of paths (D. E. Knuth, 1975)."""
        if np.prod([float(n) for n in self._probe.choices]) <= self._limit:
            return
        rng = np.random.default_rng(0)
        runs = [self._run(PrescribedNoise(compared=self._compared, explorer=rng)) for _ in range(_PROBES)]
        count = float(np.mean([np.prod([float(n) for n in run.choices]) for run in runs]))
        if count > _CERTAINLY_TOO_MANY * self._limit:
            raise OutOfReachError(f"its draws have about {count:.2g} outcomes; the limit is {self._limit} evaluations")

    def _estimate(self, name: str, refined: bool) -> Estimate:
        if name not in self._estimates:
            self._estimates[name] = self._computed(refined)
        return self._estimates[name]

    def _computed(self, refined: bool) -> Estimate:
        if self._size == 0:
            mean, count = self._over_paths(None, self._limit)
            return Estimate(mean, True, "enumeration" if count > 1 else "one evaluation", count)
        route, rules = self._rules(refined)
        at_once = self._over_rows(rules) if self._over_rows is not None and not self._probe.choices else None
        if at_once is not None:
            return Estimate(at_once, False, route, len(rules.rows))
        means, used = [], 0
        for row in rules.rows:
            mean, count = self._over_paths(row, self._limit - used)
            means.append(mean)
            used += count
        return Estimate(np.tensordot(rules.weights, np.stack(means), 1), False, route, used)

    def _rules(self, refined: bool) -> tuple[Route, Rows]:
        if self._uses_orthogonal_rows:
            if 1 << self._size.bit_length() > self._limit:
                raise OutOfReachError(f"{self._size} normals need more than {self._limit} rows of orthogonal noise")
            return "orthogonal noise", (stretched_rows if refined else orthogonal_rows)(self._size, int(refined))
        if self._size <= MOST_DIMENSIONS:
            branches = max(1, len(self._probe.choices) and int(np.prod(self._probe.choices)))
            return "quadrature", product_rows(self._size, self._points(refined, self._size, branches))
        groups = self._groups
        points = self._points(refined, max(map(len, groups)), len(groups))
        base = np.random.default_rng(self._size).normal(size=self._size) if refined else np.zeros(self._size)
        return "quadrature by parts", separate_rows(groups, points, base)

    @cached_property
    def _groups(self) -> list[Group]:
        """The groups of normals, where the function is a sum over small ones."""
        pairs = self._size * (self._size + 1) // 2
        if not self._probe.choices and pairs < self._limit:
            groups = groups_of(lambda row: self._checked(PrescribedNoise(row, (), self._compared)), self._size)
            if groups is not None:
                return groups
        raise OutOfReachError(
            f"it draws {self._size} normals and its value is not known to be quadratic in them; quadrature reaches "
            f"{MOST_DIMENSIONS} that act together: take fewer latent dimensions or draws"
        )

    def _points(self, refined: bool, size: int, times: int) -> int:
        """Points for each of `size` normals: as many as the limit allows, two thirds of them for the first estimate."""
        most = min(_MOST_POINTS[size], int((self._limit / times) ** (1 / size) + 1e-9))
        points = most if refined else 2 * most // 3
        if points < _FEWEST_POINTS:
            raise OutOfReachError(f"{self._size} normals and {times} outcomes or parts leave too few evaluations each")
        return points

    def _over_paths(self, row: Array | None, limit: int) -> tuple[Array, int]:
        """The mean over all decisions for one row of normals, and how many evaluations it took."""
        total: Array | None = None
        paths: list[tuple[int, ...]] = [()]
        count = 0
        while paths:
            if count >= limit:
                raise OutOfReachError(f"its draws have more outcomes than the limit of {self._limit} evaluations")
            noise = PrescribedNoise(row, paths.pop(), self._compared)
            value = self._checked(noise)
            total = noise.weight * value if total is None else total + noise.weight * value
            paths += noise.siblings()
            count += 1
        return np.asarray(total), count

    def _checked(self, noise: PrescribedNoise) -> Array:
        try:
            value = np.asarray(self._function(noise), dtype=np.float64)
        except NoiseError as error:
            raise OutOfReachError(str(error)) from error
        except NeedsNumbersError as error:
            raise OutOfReachError("it compares uniforms in one call and computes with them in another") from error
        if self._size and noise.normals_used != self._size:
            raise OutOfReachError("the number of normal draws changes from one call to the next")
        return value
