"""Where hypotheses are put to the test: models of different shapes, each with q's away from prior and posterior.

In one place many mistakes look alike: with as many data points as latent dimensions KL/N is KL/d.  So the failing case
is joined by models of the same kind in which N, D, d are all different.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from verify.models import ALL
from verify.models.path import between
from verify.objectives.inquiry import Inquiry
from verify.objectives.reference.variances import is_finite

_OWN = 2
_FOREIGN = 2
_NEAR = 0.97


def situations(inquiry: Inquiry) -> Iterator[tuple[Any, Any]]:
    """Pairs of model and q: as many as the objective's arguments allow, the failing case's own model first."""
    case = inquiry.solved
    if case is None or not inquiry.takes("q"):
        return
    rng = np.random.default_rng([case.seed, 9])
    for k in range(_OWN if inquiry.takes("model") else _OWN + _FOREIGN):
        yield case.model, _somewhere(inquiry, case.model, rng, near=k % 2 == 1)
    if inquiry.takes("model") and case.model.name in ALL:
        for k, shape in enumerate(distinct_shapes(ALL[case.model.name].shapes, _FOREIGN)):
            model = ALL[case.model.name].random(rng, **shape)
            yield model, _somewhere(inquiry, model, rng, near=k % 2 == 1)


def _somewhere(inquiry: Inquiry, model: Any, rng: np.random.Generator, near: bool) -> Any:
    """A random q, or one near the posterior, where quadrature settles; for bounds made of several weights of continuous
    latents always the latter."""
    q = model.random_q(rng)
    near = near or (inquiry.objective.kind != "elbo" and not is_finite(model, q))
    return between(q, model.posterior_q(), _NEAR) if near else q


def distinct_shapes(limits: Mapping[str, tuple[int, int]], count: int) -> list[dict[str, int]]:
    """Small shapes: the sizes of the first differ from one another, those of the others from all before them."""
    ranges = [range(low, high + 1) for low, high in limits.values()]
    candidates = sorted(itertools.product(*ranges), key=math.prod)
    chosen = [sizes for sizes in candidates if len(set(sizes)) == len(sizes)][:1]
    while len(chosen) < count:
        others = (c for c in candidates if all(a != b for old in chosen for a, b in zip(c, old, strict=True)))
        following = next(others, None)
        if following is None:
            break
        chosen.append(following)
    return [dict(zip(limits, sizes, strict=True)) for sizes in chosen]
