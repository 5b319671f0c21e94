"""The models that the strategies draw are generic.

Models that hide mistakes (one latent dimension, unit variances, q at the prior) are never the only ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verify import models, strategies
from verify.objectives.diagnosis.situations import distinct_shapes
from verify.objectives.reference.decomposition import NoPriorError, prior_for

VAE_LIKE = ("ppca", "factor-analysis", "linear-gaussian", "linear-regression-mean-field")
DRAWN = 40


def cases(name: str) -> Iterator[strategies.Solved]:
    """Cases of every shape that the strategy draws, at a random q."""
    rng = np.random.default_rng(7)
    limits = models.ALL[name].shapes
    for seed in range(DRAWN):
        shape = {argument: int(rng.integers(low, high + 1)) for argument, (low, high) in limits.items()}
        yield strategies.build(name, seed, **shape)


@pytest.mark.parametrize("name", models.ALL)
def test_no_size_is_only_ever_one(name: str) -> None:
    assert all(high > 1 for _, high in models.ALL[name].shapes.values())
    assert any(high > low for low, high in models.ALL[name].shapes.values())


@pytest.mark.parametrize("name", models.ALL)
def test_q_is_not_the_prior_and_not_the_posterior(name: str) -> None:
    """In every case drawn the gap is no rounding error, and q differs from the prior where there is one."""
    for case in cases(name):
        assert case.model.gap(case.q) > 1e-6
        try:
            prior = prior_for(case.model, case.q)
        except (NoPriorError, TypeError):
            continue
        ours, theirs = case.q.arrays(), prior.arrays()
        assert any(not np.allclose(ours[field], theirs[field], atol=1e-3) for field in ours)


@pytest.mark.parametrize("name", models.ALL)
def test_no_variance_or_scale_is_one(name: str) -> None:
    """Where σ = 1, a variance in place of a standard deviation or a log variance cannot be seen."""
    for case in cases(name):
        for owner in (case.model, case.q):
            for field, array in owner.arrays().items():
                if "variance" in field and np.ndim(array) < 2:
                    assert not np.any(np.isclose(array, 1.0, atol=1e-6)), f"{field} = {array}"


@pytest.mark.parametrize("name", VAE_LIKE)
def test_sizes_that_are_equal_in_one_case_differ_in_another(name: str) -> None:
    """With N = d, KL/N is KL/d; the cases together tell all sizes apart."""
    shapes = [dict(case.shape) for case in cases(name)]
    sizes = list(shapes[0])
    for one in sizes:
        for other in sizes:
            assert one == other or any(shape[one] != shape[other] for shape in shapes)


@given(data=st.data())
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_the_diagnosis_compares_in_shapes_of_different_sizes(data: Any) -> None:
    name = data.draw(st.sampled_from([n for n, model in models.ALL.items() if len(model.shapes) > 1]))
    first, *others = distinct_shapes(models.ALL[name].shapes, 2)
    if any(len(set(range(low, high + 1))) >= len(first) for low, high in models.ALL[name].shapes.values()):
        assert len(set(first.values())) == len(first)
    for other in others:
        assert all(other[size] != first[size] for size in first)
