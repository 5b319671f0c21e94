"""The trapezoid rule finds narrow and displaced mass that adaptive quadrature misses, and states its error."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from verify import models
from verify.models.quadrature import log_integral, mean_under
from verify.models.special import log1p_gap, log_gamma_gap, log_sum_exp, relative_entropy_terms


@pytest.mark.parametrize("deviation", [1e-8, 1e-3, 1.0, 1e4])
@pytest.mark.parametrize("centre", [0.0, 3.0, -1e3])
def test_the_mass_of_a_normal_is_one(centre: float, deviation: float) -> None:
    law = models.Normal.scalar(centre, deviation**2)
    found = log_integral(law.log_density, centre + 2 * deviation, 3 * deviation)
    # Rounding of z near the centre moves (z - m)²/v by z u / √v at one deviation.
    slack = 1e-13 + 1e-15 * abs(centre) / deviation
    assert abs(found.value) <= slack
    assert found.error <= slack + 1e-12
    mean = mean_under(law.log_density, lambda z: (z - centre) ** 2, centre, deviation)
    assert mean.value == pytest.approx(deviation**2, rel=1e-10 + 10 * slack)


def test_adaptive_quadrature_is_no_oracle() -> None:
    """scipy's quad on the evidence of a narrow normal–normal model: 0, with a claimed error of 0, and no warning."""
    model = models.NormalNormal(np.array([3.0, 3.001]), 0.0, 1.0, 1e-8)

    def density(z: float) -> float:
        return float(np.exp(model.log_joint(np.array([z])))[0])

    value, claimed = integrate.quad(density, -np.inf, np.inf)
    assert (value, claimed) == (0.0, 0.0)
    assert model.log_evidence_independent() == pytest.approx(model.log_evidence(), rel=1e-10)


def test_an_integrand_that_does_not_die_is_refused() -> None:
    with pytest.raises(ValueError, match="does not die away"):
        log_integral(lambda z: np.zeros_like(z), 0.0, 1.0)


def test_a_renormalising_entropy_hides_that_q_does_not_sum_to_one() -> None:
    """scipy.stats.entropy divides by the sum; the models refuse such a q at once."""
    q, p = np.array([0.5, 0.25]), np.array([0.2, 0.2])
    honest = float((q * np.log(q / p)).sum())
    assert stats.entropy(q, p) == pytest.approx(0.0566, abs=1e-4)
    assert honest == pytest.approx(0.5139, abs=1e-4)
    with pytest.raises(ValueError, match="sum to 1"):
        models.Categorical(q[None])


@pytest.mark.parametrize("size", [1e-14, 1e-9, 1e-5, 1e-2, 0.099, 0.101, 3.0])
def test_small_divergences_keep_their_digits(size: float) -> None:
    """Against the first terms of their series, whose remainder is below size³ (or the direct formula, when large)."""
    if size < 0.01:
        half = size**2 / 2
        assert float(log1p_gap(size)) == pytest.approx(half, rel=size + 1e-14)
        assert float(relative_entropy_terms(1 + size, 1.0)) == pytest.approx(half, rel=size + 2e-16 / size)
        trigamma = math.pi**2 / 6
        assert float(log_gamma_gap(1 + size, 1.0)) == pytest.approx(trigamma * half, rel=2 * size + 2e-16 / size)
    else:
        q = 1 + size
        assert float(log1p_gap(size)) == pytest.approx(size - math.log(q), rel=1e-12 / size)
        assert float(relative_entropy_terms(q, 1.0)) == pytest.approx(q * math.log(q) - size, rel=1e-12 / size)
        gamma = math.lgamma(q) + size * np.euler_gamma
        assert float(log_gamma_gap(q, 1.0)) == pytest.approx(gamma, rel=1e-12 / size)


def test_log_sum_exp_does_not_over_or_underflow() -> None:
    assert float(log_sum_exp([-1000.0, -1000.0])) == pytest.approx(-1000 + math.log(2), rel=1e-15)
    assert float(log_sum_exp([1000.0, 0.0])) == 1000.0
    assert float(log_sum_exp([-np.inf, -np.inf])) == -np.inf
