"""Telling "q is the posterior" from "q is very near it": in distribution space, not in objective space.

The gap is quadratic in the distance from the posterior, so a q that is off by a part in 10^5 has a gap of 10^-10, and
|ELBO - log p(x)| < 1e-9 calls it equal.  Comparing q with the posterior itself, and the gap in its cancellation-free
form, sees a part in 10^11.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from verify import models, strategies
from verify.models.sums import UNIT_ROUNDOFF

FINITE = [
    "finite-table",
    "gaussian-mixture",
    "hidden-markov",
    "restricted-boltzmann",
    "discrete-diffusion",
    "discrete-diffusion-exact",
]
SEEDS = range(60)


def perturbed(q: models.Variational, step: float) -> models.Variational:
    """Every probability times 1 ± step (alternating), normalised again: for Bernoullis, without normalising."""
    changed = {}
    for name, kind in q.kinds().items():
        if kind.direction is None:
            continue
        value = getattr(q, name)
        signs = 1 - 2.0 * (np.arange(value.size).reshape(value.shape) % 2)
        if kind.name == "simplex":
            signs = signs - (value * signs).sum(-1, keepdims=True)
        changed[name] = value * (1 + step * signs)
    return q.replace(**changed)


def naive_says_equal(model: models.SolvableModel, q: models.Variational) -> bool:
    return abs(model.elbo(q) - model.log_evidence()) < 1e-9


def posterior_cases(name: str) -> list[strategies.Solved]:
    limits = models.ALL[name].shapes
    return [strategies.build(name, seed, "posterior", **{k: low for k, (low, _) in limits.items()}) for seed in SEEDS]


@pytest.mark.parametrize("step", [1e-5, 1e-7, 1e-9, 1e-11])
@pytest.mark.parametrize("name", FINITE)
def test_small_perturbations_are_told_apart_in_distribution_space(name: str, step: float) -> None:
    for case in posterior_cases(name):
        q = perturbed(case.q, step)
        assert case.model.deviation(q).certain
        assert not case.model.deviation(case.q).certain
        assert case.model.gap(q) > 0


@pytest.mark.parametrize("step", [1e-6, 1e-11])
@pytest.mark.parametrize("name", FINITE)
def test_the_naive_comparison_misses_them(name: str, step: float) -> None:
    """At a part in 10^6 and in 10^11 the naive test calls every q equal although all of them certainly differ."""
    for case in posterior_cases(name):
        q = perturbed(case.q, step)
        assert naive_says_equal(case.model, q)
        assert case.model.deviation(q).certain


def test_every_model_with_a_finite_latent_and_its_posterior_is_tried() -> None:
    finite = (models.Categorical, models.Bernoulli, models.MarkovChain, models.DiscreteForwardProcess)
    cases = [strategies.build(name, 0, "posterior") for name in models.ALL]
    found = [c.model.name for c in cases if isinstance(c.q, finite) and c.model.contains_posterior]
    assert sorted(found) == sorted(FINITE)


def test_a_posterior_found_another_way_is_recognised() -> None:
    """Rational arithmetic, rounded once, gives floats that differ from the model's own in their last bits only."""
    seen_a_difference = False
    for case in posterior_cases("finite-table"):
        model = case.model
        rows = []
        for x in model.x.tolist():
            pairs = zip(model.prior.tolist(), model.likelihood[:, x].tolist(), strict=True)
            joint = [Fraction(p) * Fraction(l) for p, l in pairs]
            rows.append([float(mass / sum(joint)) for mass in joint])
        deviation = model.deviation(models.Categorical(np.array(rows)))
        seen_a_difference |= deviation.largest > 0
        assert not deviation.certain
    assert seen_a_difference


def test_the_small_gap_is_right_to_its_leading_digits() -> None:
    """To second order KL(q ‖ p) = ½ Σ (q - p)²/p."""
    for case in posterior_cases("finite-table"):
        q, p = perturbed(case.q, 1e-7), case.q
        chi_square = float((((q.probabilities - p.probabilities) ** 2) / p.probabilities).sum())
        assert case.model.gap(q) == pytest.approx(chi_square / 2, rel=1e-5)


def test_the_naive_comparison_also_raises_false_alarms() -> None:
    """A narrow likelihood makes log p(x) - ELBO - KL differ from 0 by far more than 1e-9, rightly so: the terms are
    that large.  The rounding of the terms covers it."""
    false_alarms = 0
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        x = 3.0 + 1e-4 * rng.normal(size=5)
        balance = models.NormalNormal(x, 0.0, 1.0, 1e-12).balance(models.Normal.scalar(3.1 + 0.1 * rng.random(), 0.5))
        assert abs(balance.residual) <= balance.rounding
        false_alarms += abs(balance.residual) > 1e-9
    assert false_alarms > len(SEEDS) / 2


def test_a_wrong_nat_among_many_data_is_seen() -> None:
    """A relative tolerance of 1e-6 passes an ELBO that is wrong by 0.1 nat on 10^5 data; the rounding does not."""
    rng = np.random.default_rng(1)
    model = models.GaussianMixture.random(rng, points=100_000)
    q = model.random_q(rng)
    balance = model.balance(q)
    wrong = balance.elbo.value + 0.1
    assert abs(wrong - balance.elbo.value) <= 1e-6 * abs(wrong)
    assert abs(balance.evidence.value - wrong - balance.gap.value) > balance.rounding


def test_the_tolerance_is_made_of_the_terms() -> None:
    total = models.Sum.of(big=[1e10, -1e10], small=1.0)
    assert total.value == 1.0
    assert total.magnitude == 2e10 + 1
    assert total.rounding == 32 * UNIT_ROUNDOFF * (2e10 + 1)
    assert models.Sum.of(terms=[1.0, -math.inf]).value == -math.inf
    assert math.isnan(models.Sum.of(terms=[math.inf, -math.inf]).value)
