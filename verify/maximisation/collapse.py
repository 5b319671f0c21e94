"""Why argmax over (θ, q) needs the condition that it is attained: the likelihood of a mixture has no maximum.

Put one component's mean on a data point and let its variance v fall to 0.  That point's density grows like
w / √(2πv)^D while the other components keep every other point's density above a constant, so log p(x) grows like
(D/2) log 1/v without bound.  A floor on the variances makes the supremum a maximum again.

Source: C. M. Bishop, Pattern Recognition and Machine Learning (2006), section 9.2.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from verify.models import GaussianMixture


def collapsing(
    model: GaussianMixture, variances: Iterable[float], component: int = 0, point: int = 0
) -> Iterator[GaussianMixture]:
    """The model with one component's mean on one data point, at each of the given variances."""
    means = model.means.copy()
    means[component] = model.x[point]
    for variance in variances:
        shrunk = model.variances.copy()
        shrunk[component] = variance
        yield model.replace(means=means, variances=shrunk)


def variance_that_beats(model: GaussianMixture, bound: float, component: int = 0, point: int = 0) -> float:
    """A variance at which log p(x) exceeds the bound: the likelihood is above every bound.

    Raises OverflowError where that variance is below the smallest float.
    """
    variance = 1.0
    while next(collapsing(model, [variance], component, point)).log_evidence() <= bound:
        variance *= 1e-4
        if variance < np.finfo(np.float64).tiny:
            raise OverflowError(f"log p(x) exceeds {bound} only at variances below the smallest float")
    return variance
