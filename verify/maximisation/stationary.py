"""A certificate that EM of a Gaussian mixture ended next to a true local maximum of the likelihood.

Newton's method in Arb polishes the end point; Krawczyk's test then proves that a box around it holds exactly one
stationary point of log p(x; θ), and interval elimination that the Hessian is negative definite on the whole box, so the
point is a strict local maximum.  (A global maximum it cannot be: see `collapse`.)

The free parameters are w_1 … w_{K-1}, all means and all variances.  With a_ik = log p(x_i, z_i = k) and
responsibilities r_ik,
    gradient = Σ_ik r_ik ∇a_ik,    Hessian = Σ_ik r_ik ∇²a_ik + Σ_i Σ_{k<l} r_ik r_il (∇a_ik - ∇a_il)(…)ᵀ.

Source: R. E. Moore, R. B. Kearfott, M. J. Cloud, Introduction to Interval Analysis (2009), section 8.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb, arb_mat

from verify.decide import precision
from verify.models import GaussianMixture
from verify.models.certified.balls import balls

Vector = list[arb]


@dataclass(frozen=True)
class StationaryPoint:
    """What was proved about the box of half-width `radius` around the polished point.

    unique         does it hold exactly one stationary point?
    maximum        is the Hessian negative definite on all of it?
    image_radius   the stationary point lies within this distance of the polished point, in every coordinate
    distance       from the model that was given to the polished point, in its largest coordinate
    """

    radius: float
    unique: bool
    maximum: bool
    image_radius: float
    distance: float

    @property
    def certified(self) -> bool:
        """Is there a strict local maximum, and only one stationary point, in the box?"""
        return self.unique and self.maximum


def certify_maximum(model: GaussianMixture, radius: float = 1e-6, bits: int = 128) -> StationaryPoint:
    """Certify the local maximum of the likelihood next to the model's parameters.

    A box that is too wide, or a point that is not near a maximum, gives `certified` False, never a wrong certificate.
    """
    with precision(bits):
        start = _parameters(model)
        centre = _polished(model, start)
        distance = max(abs(float((c - s).mid())) for c, s in zip(centre, start, strict=True))
        box = [c + arb(0, radius) for c in centre]
        if not _inside_domain(model, box):
            return StationaryPoint(radius, False, False, float("inf"), distance)
        gradient, _ = derivatives(model, centre)
        _, hessian = derivatives(model, box)
        image = _krawczyk(gradient, hessian, radius)
        unique = all(abs(step) < radius for step in image)
        reach = max(float(abs(step).upper()) for step in image)
        return StationaryPoint(radius, unique, _negative_definite(hessian), reach, distance)


def _parameters(model: GaussianMixture) -> Vector:
    return [*balls(model.weights[:-1]), *balls(model.means), *balls(model.variances)]


def _inside_domain(model: GaussianMixture, theta: Vector) -> bool:
    """All weights and variances certainly positive?"""
    free = len(model.weights) - 1
    weights = [*theta[:free], 1 - sum(theta[:free], start=arb(0))]
    return all(value > 0 for value in [*weights, *theta[free + model.means.size :]])


def _polished(model: GaussianMixture, theta: Vector) -> Vector:
    """Four Newton steps on the gradient, keeping midpoints; the start where they leave the domain or fail."""
    for _ in range(4):
        gradient, hessian = derivatives(model, theta)
        try:
            step = hessian.solve(arb_mat(len(theta), 1, gradient))
        except ZeroDivisionError:
            return theta
        after = [(value - step[i, 0]).mid() for i, value in enumerate(theta)]
        if not _inside_domain(model, after):
            return theta
        theta = after
    return theta


def _krawczyk(gradient: Vector, hessian: arb_mat, radius: float) -> Vector:
    """-Y g(centre) + (I - Y H(box)) [-radius, radius] with Y an approximate inverse of H."""
    size = len(gradient)
    middle = np.array([[float(hessian[i, j].mid()) for j in range(size)] for i in range(size)])
    try:
        rows = np.linalg.inv(middle)
    except np.linalg.LinAlgError:
        return [arb(0, float("inf"))] * size
    inverse = arb_mat(size, size, balls(rows))
    identity = arb_mat(size, size, balls(np.eye(size)))
    shift = inverse * arb_mat(size, 1, gradient)
    spread = (identity - inverse * hessian) * arb_mat(size, 1, [arb(0, radius)] * size)
    return [spread[i, 0] - shift[i, 0] for i in range(size)]


def _negative_definite(hessian: arb_mat) -> bool:
    """Elimination without pivoting on -H: all pivots certainly positive."""
    size = hessian.nrows()
    rows = [[-hessian[i, j] for j in range(size)] for i in range(size)]
    for k in range(size):
        if not rows[k][k] > 0:
            return False
        for i in range(k + 1, size):
            factor = rows[i][k] / rows[k][k]
            for j in range(k + 1, size):
                rows[i][j] -= factor * rows[k][j]
    return True


def derivatives(model: GaussianMixture, theta: Vector) -> tuple[Vector, arb_mat]:
    """Gradient and Hessian of log p(x; θ) at a point or over a box, in the free parameters."""
    size = len(theta)
    layout = _Layout(model, theta)
    gradient, hessian = [arb(0)] * size, [[arb(0)] * size for _ in range(size)]
    for row in model.x:
        _add_point(layout, balls(row), gradient, hessian)
    return gradient, arb_mat([[hessian[max(i, j)][min(i, j)] for j in range(size)] for i in range(size)])


class _Layout:
    """Where each parameter stands in θ, and the component's values."""

    def __init__(self, model: GaussianMixture, theta: Vector) -> None:
        self.components, self.dimension = model.means.shape
        self.free = self.components - 1
        self.weights = [*theta[: self.free], 1 - sum(theta[: self.free], start=arb(0))]
        split = self.free + model.means.size
        self.means, self.variances = theta[self.free : split], theta[split:]
        self.size = len(theta)

    def log_joint(self, k: int, point: Vector) -> arb:
        total = self.weights[k].log()
        for d, x in enumerate(point):
            at = k * self.dimension + d
            variance = self.variances[at]
            total -= ((2 * arb.pi() * variance).log() + (x - self.means[at]) ** 2 / variance) / 2
        return total

    def log_joint_gradient(self, k: int, point: Vector) -> Vector:
        gradient = [arb(0)] * self.size
        for j in range(self.free):
            gradient[j] = (1 / self.weights[k] if k == j else arb(0)) - (1 / self.weights[k] if k == self.free else 0)
        for d, x in enumerate(point):
            at = k * self.dimension + d
            away, variance = x - self.means[at], self.variances[at]
            gradient[self.free + at] = away / variance
            gradient[self.free + len(self.means) + at] = (away**2 / variance - 1) / (2 * variance)
        return gradient

    def log_joint_hessian(self, k: int, point: Vector) -> dict[tuple[int, int], arb]:
        """The non-zero second derivatives, lower triangle."""
        curvature = -1 / self.weights[k] ** 2
        entries: dict[tuple[int, int], arb] = {}
        if k < self.free:
            entries[k, k] = curvature
        else:
            entries.update({(i, j): curvature for i in range(self.free) for j in range(i + 1)})
        for d, x in enumerate(point):
            at = k * self.dimension + d
            away, variance = x - self.means[at], self.variances[at]
            mean, spread = self.free + at, self.free + len(self.means) + at
            entries[mean, mean] = -1 / variance
            entries[spread, mean] = -away / variance**2
            entries[spread, spread] = (1 - 2 * away**2 / variance) / (2 * variance**2)
        return entries


def _add_point(layout: _Layout, point: Vector, gradient: Vector, hessian: list[Vector]) -> None:
    """Add one data point's share of gradient and Hessian (lower triangle)."""
    components = range(layout.components)
    logs = [layout.log_joint(k, point) for k in components]
    shares = [1 / sum(((other - log).exp() for other in logs), start=arb(0)) for log in logs]
    slopes = [layout.log_joint_gradient(k, point) for k in components]
    for k in components:
        for i, slope in enumerate(slopes[k]):
            gradient[i] += shares[k] * slope
        for (i, j), entry in layout.log_joint_hessian(k, point).items():
            hessian[i][j] += shares[k] * entry
        for l in range(k):
            _add_outer(hessian, shares[k] * shares[l], slopes[k], slopes[l])


def _add_outer(hessian: list[Vector], factor: arb, left: Vector, right: Vector) -> None:
    difference = [a - b for a, b in zip(left, right, strict=True)]
    for i, row in enumerate(hessian):
        scaled = factor * difference[i]
        for j in range(i + 1):
            row[j] += scaled * difference[j]
