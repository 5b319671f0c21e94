"""Enclosed moments of importance-weighted estimates for every model with one real latent: agreement and tails."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flint import acb, arb

from verify import estimators, models
from verify.decide import precision
from verify.estimators import enclosures, lines, mixtures, unsolvable
from verify.estimators.enclosures import GUARD, CertifiedMoments, iwae_enclosures, moments_of
from verify.estimators.lines import Law, Line
from verify.estimators.solvable import line_of

BITS = 20  # radii of about 1e-5

CASES: list[tuple[str, dict[str, int], int]] = [
    ("beta-bernoulli", {}, 1),
    ("beta-binomial", {}, 1),
    ("pareto-uniform", {}, 0),
    ("exponential-family", {}, 0),
    ("exponential-family", {}, 1),
    ("mixture-prior", {}, 1),
    ("linear-gaussian", {"latents": 1}, 1),
    ("linear-regression", {"latents": 1}, 0),
    ("linear-regression-mean-field", {"latents": 1}, 0),
    ("factor-analysis", {"latents": 1}, 0),
    ("ppca", {"latents": 1}, 1),
]


def case(name: str, sizes: dict[str, int], seed: int) -> tuple[models.SolvableModel[Any], models.Variational]:
    rng = np.random.default_rng(seed)
    model = models.ALL[name].random(rng, **sizes)
    return model, model.random_q(rng)


@pytest.mark.parametrize(("name", "sizes", "seed"), CASES)
def test_every_real_latent_is_enclosed_around_what_sums_over_nodes_give(
    name: str, sizes: dict[str, int], seed: int
) -> None:
    """The other route has no transform and no Arb: floats, all pairs of nodes of q."""
    model, q = case(name, sizes, seed)
    certified, summed = iwae_enclosures(model, q, 2, BITS), estimators.iwae_moments_by_sums(model, q, 2)
    assert certified.mean.radius < 1e-4
    assert certified.variance.radius < 1e-2
    assert abs(certified.mean.midpoint - summed.mean) <= certified.mean.radius + summed.error + 1e-9
    assert abs(certified.variance.midpoint - summed.variance) <= certified.variance.radius + 10 * summed.error + 1e-9


@pytest.mark.parametrize(("name", "sizes", "seed"), [CASES[1], CASES[2], CASES[5], CASES[6]])
def test_one_sample_has_the_elbo_as_its_mean(name: str, sizes: dict[str, int], seed: int) -> None:
    model, q = case(name, sizes, seed)
    one = iwae_enclosures(model, q, 1, BITS)
    assert one.mean.radius < 1e-3
    assert abs(one.mean.midpoint - model.elbo(q)) <= one.mean.radius + model.rounding(q)


def test_a_plate_sums_over_data_points_and_the_whole_is_refused() -> None:
    model, q = case("factor-analysis", {"latents": 1}, 0)
    alone = [iwae_enclosures(piece, part, 2, BITS) for piece, part in model.pieces(q)]
    together = iwae_enclosures(model, q, 2, BITS)
    assert len(alone) == len(model.x) > 1
    assert math.isclose(sum(m.mean.midpoint for m in alone), together.mean.midpoint, abs_tol=together.mean.radius)
    with pytest.raises(TypeError, match="its latent is not one real number"):
        iwae_enclosures(model, q, 2, BITS, plate=False)


def test_where_q_reaches_below_the_support_nothing_is_claimed() -> None:
    """Then log w = -∞ with a positive probability."""
    model = models.ParetoUniform(np.array([1.0, 2.0]), 1.0, 0.5)
    assert iwae_enclosures(model, models.Pareto(3.0, 2.0), 2, BITS).mean.is_finite
    assert not iwae_enclosures(model, models.Pareto(3.0, 1.9), 2, BITS).mean.is_finite


# ---------------------------------------------------------------- logistic and Poisson


def by_sums(log_likelihood: Callable[[Any], Any], prior: tuple[float, float], q: tuple[float, float], samples: int
            ) -> tuple[float, float]:  # fmt: skip
    """Mean and variance by the trapezoid rule on [-9, 9] standard deviations of q, over all tuples of nodes."""
    (m, v), (mq, vq) = prior, q
    u = np.linspace(-9, 9, 401)
    chances = np.exp(-u * u / 2) / np.exp(-u * u / 2).sum()
    z = mq + math.sqrt(vq) * u
    logs = log_likelihood(z) - (z - m) ** 2 / (2 * v) + u * u / 2 + math.log(vq / v) / 2
    values, weights = logs, chances
    for _ in range(samples - 1):
        values, weights = np.logaddexp.outer(values, logs).ravel(), np.outer(weights, chances).ravel()
    mean = float(weights @ values)
    return mean - math.log(samples), float(weights @ (values - mean) ** 2)


def agrees(found: CertifiedMoments, expected: tuple[float, float]) -> bool:
    pairs = zip((found.mean, found.variance), expected, strict=True)
    return all(abs(e.midpoint - number) <= e.radius + 1e-7 for e, number in pairs) and found.mean.radius < 1e-4


@pytest.mark.parametrize("samples", [1, 2])
@pytest.mark.parametrize("label", [0, 1])
def test_logistic_regression_with_one_coefficient(label: int, samples: int) -> None:
    found = estimators.logistic_bernoulli_iwae(label, 2, 0.5, 3, -0.25, 1.5, samples, BITS)
    turn = 2 * (2 * label - 1)
    assert agrees(found, by_sums(lambda z: -np.logaddexp(0, -turn * z), (0.5, 3), (-0.25, 1.5), samples))


@pytest.mark.parametrize("samples", [1, 2])
def test_a_poisson_rate_with_a_log_normal_law(samples: int) -> None:
    """Here no negative moment of W is finite, and the tail falls slower than any power of t."""
    found = estimators.poisson_lognormal_iwae(2, 0.25, 0.5, 0.5, 0.25, samples, BITS)
    expected = by_sums(lambda z: 2 * z - np.exp(z) - math.log(2), (0.25, 0.5), (0.5, 0.25), samples)
    assert agrees(found, expected)


def test_a_poisson_rate_far_too_wide_is_left_open() -> None:
    assert not estimators.poisson_lognormal_iwae(0, 2, 4, 0, 2, 1, 24).mean.is_finite


# ---------------------------------------------------------------- tails


def transform(line: Line, t: acb, cells: int = 4000) -> acb:
    """E_q[e^(-tW)] by the midpoint rule, for any complex t."""
    width = (line.high - line.low) / cells
    points = [acb(line.low + width * (i + 0.5)) for i in range(cells)]
    return width * sum((line.density(u, False) * (-t * line.weight(u, False)).exp() for u in points), acb(0))


def line_for(name: str, sizes: dict[str, int], seed: int) -> Line:
    line = line_of(*case(name, sizes, seed), BITS)
    assert line is not None
    return line


def above_on_the_edge(line: Line) -> bool:
    """Every tail lies above |φ|^2 on the edge of the strip, where it is least far from it."""
    for tail in line.tails(2):
        for s in (0.3, 1.5, 3.0):
            t = (acb(s, lines.STRIP)).exp()
            bound = (tail.mass(arb(s - 0.01)) - tail.mass(arb(s + 0.01))) / arb(0.02)
            if not bound * 1.001 > abs(transform(line, t)) ** 2:
                return False
    return True


def peaked(bits: int) -> Line:
    """q nearly the posterior: W is nearly 1, and |φ(t)| nearly e^(-Re t), which meets the bound e^(-cu) <= … u^(-a)."""
    return lines.normal_line(Law(arb(0), arb(1)), Law(arb(0), arb("0.999")), bits)


@pytest.mark.parametrize("index", [1, 2, 5, 6])
def test_tails_lie_above_the_transform_on_the_edge_of_the_strip(index: int) -> None:
    with precision(BITS + GUARD):
        assert above_on_the_edge(line_for(*CASES[index]))


def test_a_tail_that_forgets_the_strip_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """With c = cos b dropped, a bound for real t alone, |φ| is above it on the edge."""
    with precision(BITS + GUARD):
        assert above_on_the_edge(peaked(BITS))

        def forgetful(a: arb, moment: arb, samples: int) -> lines.PowerTail:
            return lines.PowerTail(((a / arb(1).exp()) ** a * moment) ** samples, a * samples)

        monkeypatch.setattr(lines.PowerTail, "of_moment", staticmethod(forgetful))
        assert not above_on_the_edge(peaked(BITS))


def test_the_integral_of_a_slow_tail_is_at_least_its_sum() -> None:
    """Σ over a fine grid of the bound itself, 2^(K-1) (min(1, P)^K + power), written out in floats."""
    tail = unsolvable.SlowTail(Law(arb(0.5), arb(0.5)), lines.PowerTail(arb(3), arb(2)), 2)
    s = np.arange(4.0, 4000.0, 0.01) + 0.005
    deviations = (np.log(s / 2) - 0.5) / math.sqrt(0.5)
    chance = np.where(deviations > 0, 0.5 * np.exp(-np.maximum(deviations, 0) ** 2 / 2), 1.0)
    values = 2 * (chance**2 + 3 * np.exp(-s))
    with precision(60):
        assert math.isclose(values.sum() * 0.01, float(tail.mass(arb(4))), rel_tol=1e-3)
        assert math.isclose((s * values).sum() * 0.01, float(tail.moment(arb(4))), rel_tol=1e-3)


def narrow(line: Line) -> Line:
    """The window cut to one standard deviation, with the mass beyond it stated."""
    return replace(line, low=arb(-1), high=arb(1), outside=(1 / arb(2).sqrt()).erfc())


def test_a_window_that_is_too_small_is_wide_and_a_bound_of_its_tail_that_is_too_small_is_caught() -> None:
    model, q = case("normal-normal", {}, 1)
    truth = estimators.iwae_moments_by_sums(model, q, 2).mean
    with precision(BITS + GUARD):
        line = line_of(model, q, BITS)
        assert line is not None
        evidence = arb(model.log_evidence())
        honest, planted = narrow(line), replace(narrow(line), outside=narrow(line).outside / 1000)
        found = {name: moments_of(each, evidence, 2, 8) for name, each in (("honest", honest), ("planted", planted))}
    assert found["honest"] is not None
    assert found["planted"] is not None
    assert found["honest"][0].contains(arb(truth))
    assert not found["planted"][0].contains(arb(truth))


def test_nodes_left_out_are_paid_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule stopped at a sixth of its reach encloses the mean, and without the bound of what it leaves out not."""
    model, q = case("normal-normal", {}, 1)
    truth = estimators.iwae_moments_by_sums(model, q, 2).mean
    reach = enclosures._reach
    monkeypatch.setattr(enclosures, "_reach", lambda tail, bits: (reach(tail, bits) or 0) / 6)
    honest = iwae_enclosures(model, q, 2, BITS).mean
    assert honest.radius > 1e-4
    assert abs(honest.midpoint - truth) <= honest.radius
    monkeypatch.setattr(lines.PowerTail, "mass", lambda self, start: arb(0))
    planted = iwae_enclosures(model, q, 2, BITS).mean
    assert abs(planted.midpoint - truth) > planted.radius


def test_moments_of_a_mixture_are_below_their_bounds() -> None:
    """The integral of p^n q^(1-n), and of q^(1+a) p^(-a), by the trapezoid rule in floats."""
    q = mixtures.of_components([arb(0.25), arb(0.75)], [Law(arb(-1), arb(2)), Law(arb(1), arb(1))])
    p = mixtures.of_components([arb(0.5), arb(0.5), arb(0)], [Law(arb(0), arb(1)), Law(arb(2), arb(0.75)), q.laws[0]])
    z = np.linspace(-30, 30, 6001)
    of_q, of_p = (float_density(mixture, z) for mixture in (q, p))
    with precision(60):
        for a in (0.5, 0.25):
            bound = mixtures._total(mixtures._below(q, p, arb(a)))
            assert bound is not None
            value = float((of_q ** (1 + a) * of_p ** (-a)).sum() * 0.01)
            assert value <= float(bound) < 10 * value
        for n in (2, 3):
            exact = mixtures.mixture_line(q, p, 30).moment(n)
            assert exact is not None
            assert math.isclose(float(exact), float((of_p**n * of_q ** (1 - n)).sum() * 0.01), rel_tol=1e-8)
    assert len(p.laws) == 2


def float_density(mixture: mixtures.Mixture, z: Any) -> Any:
    parts = [(float(w), float(law.mean), float(law.variance))
             for w, law in zip(mixture.weights, mixture.laws, strict=True)]  # fmt: skip
    return sum(w * np.exp(-((z - m) ** 2) / (2 * v)) / math.sqrt(2 * math.pi * v) for w, m, v in parts)
