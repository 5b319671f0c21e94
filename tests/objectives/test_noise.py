"""Prescribed noise: NumPy's generator on any source, and expectations that are exact sums."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from verify.objectives.noise import (
    Expectation,
    FreshNoise,
    NoiseError,
    OutOfReachError,
    PrescribedNoise,
    RecordedNoise,
    ReplayedNoise,
    prescribed_generator,
    replaced_numpy_random,
)
from verify.objectives.noise.rules import orthogonal_rows, product_rows, stretched_rows

DRAWS = 20_000
LAWS: list[tuple[str, Callable[[Any, Any], Any], Any]] = [
    ("standard_normal", lambda rng, n: rng.standard_normal(n), stats.norm()),
    ("normal", lambda rng, n: rng.normal(2.0, 3.0, n), stats.norm(2, 3)),
    ("lognormal", lambda rng, n: rng.lognormal(0.2, 0.5, n), stats.lognorm(0.5, scale=math.exp(0.2))),
    ("random", lambda rng, n: rng.random(n), stats.uniform()),
    ("uniform", lambda rng, n: rng.uniform(-1, 3, n), stats.uniform(-1, 4)),
    ("exponential", lambda rng, n: rng.exponential(2.0, n), stats.expon(scale=2)),
    ("gumbel", lambda rng, n: rng.gumbel(1.0, 2.0, n), stats.gumbel_r(1, 2)),
    ("laplace", lambda rng, n: rng.laplace(1.0, 2.0, n), stats.laplace(1, 2)),
    ("logistic", lambda rng, n: rng.logistic(1.0, 2.0, n), stats.logistic(1, 2)),
    ("gamma", lambda rng, n: rng.gamma(0.7, 2.0, n), stats.gamma(0.7, scale=2)),
    ("chisquare", lambda rng, n: rng.chisquare(3.0, n), stats.chi2(3)),
    ("beta", lambda rng, n: rng.beta(0.6, 2.5, n), stats.beta(0.6, 2.5)),
    ("pareto", lambda rng, n: rng.pareto(3.0, n), stats.lomax(3)),
    ("weibull", lambda rng, n: rng.weibull(1.5, n), stats.weibull_min(1.5)),
    ("rayleigh", lambda rng, n: rng.rayleigh(2.0, n), stats.rayleigh(scale=2)),
]


@pytest.mark.parametrize(("name", "draw", "law"), LAWS, ids=[name for name, _, _ in LAWS])
def test_continuous_laws_are_those_of_numpy(name: str, draw: Any, law: Any) -> None:
    """Kolmogorov–Smirnov on fixed seeds; each would fail for one seed in 10⁴ by chance."""
    rng = prescribed_generator(FreshNoise(5))
    assert stats.kstest(draw(rng, DRAWS), law.cdf).pvalue > 1e-4


COUNTS: list[tuple[str, Callable[[Any, Any], Any], list[float]]] = [
    ("integers", lambda rng, n: rng.integers(3, size=n), [1 / 3, 1 / 3, 1 / 3]),
    ("endpoint", lambda rng, n: rng.integers(0, 1, size=n, endpoint=True), [0.5, 0.5]),
    ("choice", lambda rng, n: rng.choice(3, size=n, p=[0.2, 0.5, 0.3]), [0.2, 0.5, 0.3]),
    ("binomial", lambda rng, n: rng.binomial(2, 0.3, n), [0.49, 0.42, 0.09]),
    ("multinomial", lambda rng, n: rng.multinomial(1, [0.1, 0.9], n).argmax(-1), [0.1, 0.9]),
    ("permutation", lambda rng, n: [rng.permutation(3)[0] for _ in range(n)], [1 / 3, 1 / 3, 1 / 3]),
]


@pytest.mark.parametrize(("name", "draw", "chances"), COUNTS, ids=[name for name, _, _ in COUNTS])
def test_finite_laws_are_those_of_numpy(name: str, draw: Any, chances: list[float]) -> None:
    """χ² on fixed seeds; each would fail for one seed in 10⁴ by chance."""
    rng = prescribed_generator(FreshNoise(6))
    counts = np.bincount(np.asarray(draw(rng, 4000)), minlength=len(chances))
    assert stats.chisquare(counts, np.array(chances) * 4000).pvalue > 1e-4


@pytest.mark.parametrize("size", [None, 3, (2, 3), ()])
@pytest.mark.parametrize("name", ["standard_normal", "random", "standard_exponential", "normal", "uniform"])
def test_shapes_are_those_of_numpy(name: str, size: Any) -> None:
    ours = getattr(prescribed_generator(FreshNoise(1)), name)(size=size)
    theirs = getattr(np.random.default_rng(1), name)(size=size)
    assert np.shape(ours) == np.shape(theirs)
    assert np.asarray(ours).dtype == np.asarray(theirs).dtype


def test_parameters_broadcast_as_in_numpy() -> None:
    rng = prescribed_generator(FreshNoise(1))
    assert rng.normal(np.zeros((4, 1)), np.ones(3)).shape == (4, 3)
    assert rng.normal(np.zeros(3), 1.0, size=(5, 3)).shape == (5, 3)
    assert rng.multivariate_normal(np.zeros(2), np.eye(2), size=(4, 3)).shape == (4, 3, 2)
    assert rng.dirichlet(np.ones(4), 2).shape == (2, 4)
    assert rng.standard_normal(3, dtype=np.float32).dtype == np.float32


def test_a_full_covariance_is_drawn_with_that_covariance() -> None:
    """Rows that are exact for second moments give the covariance without sampling error."""
    covariance = np.array([[2.0, 0.7], [0.7, 0.5]])
    rows = orthogonal_rows(2, 0)
    draws = [
        prescribed_generator(PrescribedNoise(row)).multivariate_normal(np.ones(2), covariance) for row in rows.rows
    ]
    np.testing.assert_allclose(np.cov(np.stack(draws).T, bias=True), covariance, atol=1e-12)


@pytest.mark.parametrize("name", ["poisson", "bytes", "zipf", "hypergeometric", "vonmises"])
def test_what_cannot_be_prescribed_is_refused_by_name(name: str) -> None:
    with pytest.raises(NoiseError, match=f"rng.{name}, which cannot be prescribed"):
        getattr(prescribed_generator(PrescribedNoise()), name)(1)


def test_no_method_of_numpys_generator_goes_past_the_source() -> None:
    own = vars(type(prescribed_generator(FreshNoise(0))))
    assert all(name in own for name in dir(np.random.Generator) if not name.startswith("_"))


def test_numpy_random_is_replaced_and_put_back() -> None:
    before = {name: getattr(np.random, name) for name in ("randn", "normal", "seed", "default_rng", "choice")}

    def interrupted() -> None:
        with replaced_numpy_random(prescribed_generator(PrescribedNoise(np.array([0.5, -1.5])))):
            np.random.seed(0)
            assert np.random.randn() == 0.5
            assert np.random.default_rng(7).standard_normal() == -1.5
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert all(getattr(np.random, name) is function for name, function in before.items())


# ---------------------------------------------------------------- rules


@pytest.mark.parametrize("rule", [orthogonal_rows, stretched_rows])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 12])
def test_rows_are_exact_for_quadratic_functions(rule: Any, size: int) -> None:
    rows = rule(size, 3)
    assert rows.weights.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(rows.weights @ rows.rows, np.zeros(size), atol=1e-12)
    np.testing.assert_allclose((rows.rows.T * rows.weights) @ rows.rows, np.eye(size), atol=1e-12)


def test_functions_of_the_length_alone_are_told_from_quadratic_ones() -> None:
    """All orthogonal rows have the same length; the second estimate lies on another sphere."""
    mean = Expectation(lambda source: np.asarray(np.exp(0.3 * (source.normals((5,)) ** 2).sum())), quadratic=True,
                       evaluations=100)  # fmt: skip
    assert abs(float(mean.first().mean) - float(mean.second().mean)) > 0.1


@pytest.mark.parametrize(("size", "points"), [(1, 8), (1, 40), (2, 32), (3, 12)])
def test_product_rows_integrate_what_is_smooth(size: int, points: int) -> None:
    rows = product_rows(size, points)
    found = float(rows.weights @ np.cos(0.5 * rows.rows).prod(-1))
    assert found == pytest.approx(math.exp(-0.125 * size), abs=1e-6)


# ---------------------------------------------------------------- expectations


def mean_of(function: Any, quadratic: bool = False, evaluations: int = 2048) -> Expectation:
    return Expectation(
        lambda s: np.asarray(function(prescribed_generator(s))), quadratic=quadratic, evaluations=evaluations
    )


@pytest.mark.parametrize(
    ("function", "exact"),
    [
        (lambda rng: 3.0, 3.0),
        (lambda rng: rng.choice([1.0, 5.0], p=[0.25, 0.75]), 4.0),
        (lambda rng: float(rng.random() < 0.3), 0.3),
        (lambda rng: float(rng.random() < 0.3) * float(rng.random() < 0.5), 0.15),
        (lambda rng: float((np.array([0.2, 0.6]) <= rng.random(3)[:, None]).sum()), 3 * (0.8 + 0.4)),
        (lambda rng: float(np.searchsorted([0.2, 0.6], rng.random())), 1.2),
        (lambda rng: float(rng.permutation(3)[0]), 1.0),
        (lambda rng: rng.choice(4, size=2, replace=False).sum(), 3.0),
        (lambda rng: rng.integers(3) * rng.integers(3), 1.0),
        (lambda rng: rng.binomial(3, 0.5) ** 2, 3.0),
    ],
)
def test_decisions_are_enumerated(function: Any, exact: float) -> None:
    estimate = mean_of(function).first()
    assert estimate.exact
    assert float(estimate.mean) == pytest.approx(exact, abs=1e-12)


def test_one_uniform_that_is_compared_twice_is_one_uniform() -> None:
    def function(rng: Any) -> float:
        u = rng.random()
        return float(u < 0.3) * float(u < 0.5) + 10 * float(u < 0.3) * float(u > 0.5)

    assert float(mean_of(function).first().mean) == pytest.approx(0.3)


@pytest.mark.parametrize("size", [1, 3, 6, 20])
def test_quadratic_functions_are_exact_in_any_dimension(size: int) -> None:
    rng = np.random.default_rng(size)
    b, matrix = rng.normal(size=size), rng.normal(size=(size, size))

    def function(generator: Any) -> Any:
        noise = generator.standard_normal(size)
        return 2 + b @ noise + noise @ matrix @ noise

    mean = mean_of(function, quadratic=True)
    for estimate in (mean.first(), mean.second()):
        assert float(estimate.mean) == pytest.approx(2 + np.trace(matrix), abs=1e-10)
        assert estimate.evaluations <= 4 * size + 1


def test_decisions_and_normals_together() -> None:
    def function(rng: Any) -> Any:
        return rng.choice([1.0, 3.0], p=[0.5, 0.5]) * rng.standard_normal() ** 2

    assert float(mean_of(function, quadratic=True).first().mean) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda rng: rng.random(40) < 0.5, "outcomes"),
        (lambda rng: rng.standard_normal(7).sum() ** 4, "7 normals"),
        (lambda rng: rng.standard_normal() if rng.random() < 0.5 else rng.standard_normal(2), "changes"),
        (lambda rng: rng.poisson(2.0), "rng.poisson"),
    ],
)
def test_what_is_out_of_reach_says_why(function: Any, says: str) -> None:
    with pytest.raises(OutOfReachError, match=says):
        mean_of(lambda rng: float(np.sum(function(rng)))).first()


# ---------------------------------------------------------------- the same noise twice


def test_more_of_the_same_noise() -> None:
    recording = RecordedNoise(3)
    first = prescribed_generator(recording).standard_normal((2, 3))
    replay = prescribed_generator(ReplayedNoise(recording))
    np.testing.assert_array_equal(replay.standard_normal((4, 3)), np.concatenate([first, first]))
    np.testing.assert_array_equal(replay.standard_normal((2, 3)), first)


def test_noise_that_cannot_be_paired_is_refused() -> None:
    recording = RecordedNoise(3)
    prescribed_generator(recording).standard_normal((2, 3))
    with pytest.raises(NoiseError, match="cannot be paired"):
        prescribed_generator(ReplayedNoise(recording)).standard_normal((3, 3))
    with pytest.raises(NoiseError, match="where the first one did not"):
        prescribed_generator(ReplayedNoise(recording)).random(2)
