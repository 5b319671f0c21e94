"""Certified ELBO statements: against closed forms, against mpmath, at the posterior, where precision does not do."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import mpmath
import pytest
from flint import arb

from verify import certify
from verify.certify import CertifiedElbo, closed_forms
from verify.certify.logistic2d import Axis, Bound, Logit, plane_integral
from verify.certify.result import ClosedForm
from verify.decide import Answer, Enclosure, Method, precision

Q = Fraction  # the rationals

CASES: dict[str, Callable[[int], CertifiedElbo]] = {
    "normal": lambda b: certify.normal_normal(Q(13, 10), 0, 1, Q(1, 2), Q(1, 2), Q(3, 5), b),
    "normal, tight likelihood": lambda b: certify.normal_normal(
        Q(13, 10), 0, 1, Q(1, 10**8), Q(13, 10), Q(1, 10**6), b),
    "normal, far observation": lambda b: certify.normal_normal(1000, 0, 1, Q(1, 10**4), 999, 1, b),
    "normal, noise 1e-16": lambda b: certify.normal_normal(1, 0, 1, Q(1, 10**16), 1, Q(1, 10**15), b),
    "gamma-Poisson": lambda b: certify.gamma_poisson(3, 2, 1, 4, Q(3, 2), b),
    "gamma-Poisson, long tail": lambda b: certify.gamma_poisson(0, Q(1, 2), Q(1, 10), 1, 1, b),
    "gamma-Poisson, third shapes": lambda b: certify.gamma_poisson(4, Q(7, 3), 2, Q(22, 3), 3, b),
    "beta-binomial": lambda b: certify.beta_binomial(4, 10, 2, 3, 5, 8, b),
    "beta-binomial, Jeffreys": lambda b: certify.beta_binomial(1, 1, Q(1, 2), Q(1, 2), 1, 1, b),
    "beta-binomial, many trials": lambda b: certify.beta_binomial(70, 100, 20, 30, 80, 70, b),
    "mixture prior": lambda b: certify.mixture_prior(
        Q(7, 10), Q(1, 2), (Q(3, 10), Q(7, 10)), (-1, 1), (1, 1), Q(1, 2), 1, b),
    "mixture prior, far apart": lambda b: certify.mixture_prior(
        Q(54, 10), Q(1, 100), (Q(3, 10), Q(7, 10)), (-6, 6), (1, 1), Q(55, 10), Q(1, 50), b),
    "mixture prior, two variances": lambda b: certify.mixture_prior(
        Q(7, 10), Q(1, 2), (Q(3, 10), Q(7, 10)), (-1, 1), (2, 1), Q(1, 2), 1, b),
    "logistic": lambda b: certify.logistic_bernoulli(1, 1, 0, 1, Q(4, 10), Q(8, 10), b),
    "logistic, steep": lambda b: certify.logistic_bernoulli(1, 30, -2, 9, 1, 1, b),
    "logistic, y = 0": lambda b: certify.logistic_bernoulli(0, 1, 0, 100, -6, 36, b),
    "Poisson-lognormal": lambda b: certify.poisson_lognormal(3, 0, 1, 1, Q(1, 3), b),
    "Poisson-lognormal, y = 0": lambda b: certify.poisson_lognormal(0, 2, 4, 0, 2, b),
    "Poisson-lognormal, y = 500": lambda b: certify.poisson_lognormal(500, 0, 1, 6, Q(1, 100), b),
}
CONJUGATE = ("normal", "gamma", "beta")


@pytest.mark.parametrize("name", CASES)
def test_certified_at_128_bits(name: str) -> None:
    """Radius at most 1e-30, the bound certified strict, the identity proved or enclosed around zero."""
    result = CASES[name](128)
    for enclosure in (result.log_evidence, result.elbo, result.kl):
        assert enclosure.radius <= 1e-30
    assert (result.bound.answer, result.bound.method) == (Answer.LESS, Method.ENCLOSURE)
    assert result.kl.sign == 1
    assert not result.identity.refutes_equal
    assert result.identity.difference is not None
    assert result.identity.difference.contains(0)
    assert result.identity.difference.radius <= 1e-30
    exact_shapes = name.startswith(CONJUGATE) and "third" not in name
    assert result.identity.answer is (Answer.EQUAL if exact_shapes else Answer.UNDECIDED)


@pytest.mark.parametrize("name", CASES)
def test_two_precisions_overlap(name: str) -> None:
    coarse, fine = CASES[name](64), CASES[name](100)
    for low, high in ((coarse.log_evidence, fine.log_evidence), (coarse.elbo, fine.elbo), (coarse.kl, fine.kl)):
        assert low.overlaps(high)
        assert low.radius > high.radius


def contains(enclosure: Enclosure, number: mpmath.mpf, slack: str = "1e-25") -> bool:
    """The enclosure, widened by what the reference may be off, holds the number."""
    assert enclosure.lower is not None
    assert enclosure.upper is not None
    low, high = (mpmath.mpf(end[0]) * mpmath.mpf(2) ** end[1] for end in (enclosure.lower, enclosure.upper))
    return bool(low - mpmath.mpf(slack) <= number <= high + mpmath.mpf(slack))


class TestAgainstMpmath:
    """mpmath's own quadrature, at 40 digits, split where the mass is."""

    def quad(self, function: Callable[[mpmath.mpf], mpmath.mpf], centre: float, spread: float) -> mpmath.mpf:
        return mpmath.quad(function, [centre + spread * k for k in range(-14, 15, 2)])

    def test_logistic(self) -> None:
        with mpmath.workdps(40):
            result = certify.logistic_bernoulli(0, 2, Q(1, 2), 3, Q(-1, 4), Q(3, 2))
            sigmoid = lambda z: 1 / (1 + mpmath.exp(2 * z))  # noqa: E731
            prior = lambda z: mpmath.npdf(z, mpmath.mpf("0.5"), mpmath.sqrt(3))  # noqa: E731
            q = lambda z: mpmath.npdf(z, mpmath.mpf("-0.25"), mpmath.sqrt(mpmath.mpf("1.5")))  # noqa: E731
            evidence = mpmath.log(self.quad(lambda z: sigmoid(z) * prior(z), 0.5, 3**0.5))
            elbo = self.quad(lambda z: q(z) * mpmath.log(sigmoid(z) * prior(z) / q(z)), -0.25, 1.5**0.5)
            assert contains(result.log_evidence, evidence)
            assert contains(result.elbo, elbo)
            assert contains(result.kl, evidence - elbo)

    def test_poisson_lognormal(self) -> None:
        with mpmath.workdps(40):
            result = certify.poisson_lognormal(2, Q(1, 3), Q(1, 2), Q(1, 2), Q(1, 4))
            prior = lambda z: mpmath.npdf(z, mpmath.mpf(1) / 3, mpmath.sqrt(0.5))  # noqa: E731
            likelihood = lambda z: mpmath.exp(2 * z - mpmath.exp(z)) / 2  # noqa: E731
            q = lambda z: mpmath.npdf(z, 0.5, 0.5)  # noqa: E731
            assert contains(result.log_evidence, mpmath.log(self.quad(lambda z: likelihood(z) * prior(z), 0.5, 0.7)))
            elbo = self.quad(lambda z: q(z) * mpmath.log(likelihood(z) * prior(z) / q(z)), 0.5, 0.5)
            assert contains(result.elbo, elbo)

    def test_mixture_prior(self) -> None:
        with mpmath.workdps(40):
            result = certify.mixture_prior(1, 2, (Q(1, 4), Q(3, 4)), (-2, 1), (1, 2), Q(1, 2), 1)
            normal = mpmath.npdf
            evidence = normal(1, -2, mpmath.sqrt(3)) / 4 + 3 * normal(1, 1, 2) / 4
            assert contains(result.log_evidence, mpmath.log(evidence), "1e-37")
            prior = lambda z: normal(z, -2, 1) / 4 + 3 * normal(z, 1, mpmath.sqrt(2)) / 4  # noqa: E731
            log_ratio = lambda z: mpmath.log(prior(z) * normal(1, z, mpmath.sqrt(2)) / normal(z, 0.5, 1))  # noqa: E731
            elbo = self.quad(lambda z: normal(z, 0.5, 1) * log_ratio(z), 0.5, 1)
            assert contains(result.elbo, elbo)
            assert contains(result.kl, mpmath.log(evidence) - elbo)


class TestAtThePosterior:
    """Equality is decided, exactly: by parameters, as no enclosure can."""

    def test_normal(self) -> None:
        result = certify.normal_normal(Q(13, 10), 0, 1, Q(1, 2), Q(13, 15), Q(1, 3))
        assert (result.bound.answer, result.bound.method) == (Answer.EQUAL, Method.EXACT)
        assert result.kl.contains(0)
        assert result.identity.answer is Answer.EQUAL

    def test_gamma_and_beta_of_any_shape(self) -> None:
        assert certify.gamma_poisson(3, Q(2, 3), 1, Q(11, 3), 2).bound.answer is Answer.EQUAL
        assert certify.beta_binomial(4, 10, Q(1, 3), 3, Q(13, 3), 9).bound.answer is Answer.EQUAL

    def test_one_part_in_ten_to_the_twelve_away(self) -> None:
        """The gap is about 10^-24: certified less at 128 bits, undecided by enclosure at 32, never equal."""
        near = Q(1, 3) * (1 + Q(1, 10**12))
        assert certify.normal_normal(Q(13, 10), 0, 1, Q(1, 2), Q(13, 15), near).bound.answer is Answer.LESS
        coarse = certify.logistic_bernoulli(1, 0, 0, 1, 0, 1 + Q(1, 10**12), bits=32)
        assert coarse.bound.answer is Answer.UNDECIDED
        assert coarse.bound.difference is not None
        assert coarse.bound.difference.contains(0)


def test_random_conjugate_models_meet_their_closed_forms() -> None:
    """A closed form outside the ball of its integral raises Contradiction: 36 random models, none does."""
    rng = random.Random(7)

    def positive() -> Fraction:
        return Q(rng.randint(1, 400), rng.randint(1, 40))

    def real() -> Fraction:
        return Q(rng.randint(-300, 300), rng.randint(1, 30))

    for _ in range(12):
        count = rng.randint(0, 12)
        results = [
            certify.normal_normal(real(), real(), positive(), positive(), real(), positive(), 48),
            certify.gamma_poisson(count, positive(), positive(), positive(), positive(), 48),
            certify.beta_binomial(count, count + rng.randint(0, 9), positive(), positive(), positive(), positive(), 48),
        ]
        for result in results:
            assert result.log_evidence.is_finite
            assert result.bound.answer is Answer.LESS
            assert not result.identity.refutes_equal


class TestExtremes:
    """Parameters far from one: as narrow as anywhere, or honestly undecided."""

    @pytest.mark.parametrize(
        "run",
        [
            lambda: certify.logistic_bernoulli(1, 1000, 0, 100, 1, 4),
            lambda: certify.gamma_poisson(0, Q(1, 1000), 1, Q(1, 500), 2),
            lambda: certify.gamma_poisson(10**5, 10**4, 1, 10**5, 1),
            lambda: certify.poisson_lognormal(10**4, 0, 100, 9, Q(1, 10)),
            lambda: certify.mixture_prior(0, 1, (Q(1, 2), Q(1, 2)), (0, 0), (Q(1, 100), 100), 0, 1),
        ],
    )
    def test_certified_all_the_same(self, run: Callable[[], CertifiedElbo]) -> None:
        result = run()
        assert result.bound.answer is Answer.LESS
        assert max(result.log_evidence.radius, result.elbo.radius, result.kl.radius) < 1e-30

    def test_a_factor_that_grows_far_out(self) -> None:
        """E_q e^z = e^51 is made ten standard deviations from q's mean; the ELBO is certified to 40 digits of it."""
        result = certify.poisson_lognormal(3, 0, 10**4, 1, 100)
        assert result.bound.answer is Answer.LESS
        assert 1e21 < -result.elbo.midpoint < 2e22
        assert result.elbo.radius < 1e-16

    @pytest.mark.parametrize("noise", [Q(1, 10**300), Q(1, 10**500)])
    def test_what_cannot_be_enclosed_is_unknown_not_wrong(self, noise: Fraction) -> None:
        result = certify.normal_normal(Q(10) ** 200, 0, 1, noise, 1, Q(1, 10**401))
        assert not result.log_evidence.is_finite
        assert result.evidence == Enclosure(None, None)
        assert result.identity.answer is Answer.EQUAL


class TestLogisticRegressionInThePlane:
    FEATURES = ((1, Q(1, 2)), (Q(-1, 2), 1), (Q(3, 4), Q(-1, 4)))

    def test_three_observations_with_a_standard_prior(self) -> None:
        """Certified strict; the two routes to E_q log p(y | z) agree within 1e-15."""
        result = certify.logistic_regression_2d(self.FEATURES, (1, 1, 1), (0, 0), (1, 1), (Q(1, 5), Q(1, 10)),
                                                (Q(4, 5), Q(3, 4)))
        assert result.bound.answer is Answer.LESS
        assert result.identity.difference is not None
        assert result.identity.difference.contains(0)
        assert result.identity.difference.radius < 1e-15

    def test_one_observation_is_a_line(self) -> None:
        """x·z of a standard normal z is normal: the plane must give the evidence of the model with one coefficient."""
        plane = certify.logistic_regression_2d([(3, 4)], [0], (Q(1, 5), 0), (1, 1), (0, 0), (1, 1), bits=50)
        line = certify.logistic_bernoulli(0, 1, Q(3, 5), 25, 0, 1, bits=80)
        assert plane.log_evidence.overlaps(line.log_evidence)
        assert plane.log_evidence.radius < 1e-13

    @pytest.mark.parametrize(("step", "nodes"), [(0.4, 40), (1.2, 8), (2.0, 5), (0.1, 15), (0.1, 8)])
    def test_the_error_bound_holds_on_coarse_grids(self, step: float, nodes: int) -> None:
        """Steps far too large, and grids far too short: the ball is wide and holds the value all the same."""
        axes = (Axis(strip=1.5, step=step, nodes=nodes),) * 2
        with precision(100):
            units = [Logit(arb(0), (arb(1), arb(0))), Logit(arb(1), (arb("0.5"), arb(1)))]
            for bound, value in (
                (Bound(arb(1), (arb(0), arb(0))), lambda product: 1 / product),
                (Bound(2 * arb(2).log() + arb.pi() + 1, (arb("1.5"), arb(1))), lambda product: -product.log()),
            ):
                fine = plane_integral(units, (Axis(1.5, 0.1, 120),) * 2, bound, value)
                assert fine.rad() < arb("1e-25")
                assert plane_integral(units, axes, bound, value).contains(fine)

    @pytest.mark.parametrize("axis", [0, 1])
    def test_the_error_bound_knows_how_the_integrand_grows(self, axis: int) -> None:
        """A steep logit on a short grid: what is left out is the growth of log σ, not its size at the origin."""
        with precision(100):
            steep, flat, short, fine = arb(8), arb(0), Axis(0.19, 0.05, 20), Axis(0.19, 0.015, 800)
            other = Axis(1.5, 0.2, 60)
            slopes = (steep, flat) if axis == 0 else (flat, steep)
            bound = Bound(arb(2).log() + arb.pi() / 2, slopes)
            loss = lambda product: -product.log()  # noqa: E731
            wide, exact = (
                plane_integral([Logit(arb(0), slopes)], (grid, other) if axis == 0 else (other, grid), bound, loss)
                for grid in (short, fine)
            )
            assert exact.rad() < arb("1e-10")
            assert wide.contains(exact)

    def test_a_symmetric_case_that_is_known(self) -> None:
        """Two opposite copies of the same observation of a symmetric prior: p = E σ(u)σ(−u), against mpmath."""
        result = certify.logistic_regression_2d([(1, 1), (1, 1)], [1, 0], (0, 0), (1, 2), (0, 0), (1, 2), bits=50)
        with mpmath.workdps(25):
            density = lambda u: mpmath.npdf(u, 0, mpmath.sqrt(3)) / ((1 + mpmath.exp(u)) * (1 + mpmath.exp(-u)))  # noqa: E731
            reference = mpmath.log(mpmath.quad(density, [-30, -15, -5, 0, 5, 15, 30]))
            assert contains(result.log_evidence, reference, "1e-18")


def test_a_wrong_closed_form_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """If formula and integral do not meet, there is no answer but an alarm."""
    true_form = closed_forms.normal_normal

    def wrong(*arguments: object) -> ClosedForm:
        form = true_form(*arguments)  # type: ignore[arg-type]
        return replace(form, log_evidence=form.log_evidence + Q(1, 10**20))

    monkeypatch.setattr(closed_forms, "normal_normal", wrong)
    with pytest.raises(certify.Contradiction, match="log evidence"):
        certify.normal_normal(1, 0, 1, 1, 0, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: certify.normal_normal(0, 0, 0, 1, 0, 1), "v = 0 must be positive"),
        (lambda: certify.normal_normal(float("nan"), 0, 1, 1, 0, 1), "x = nan is not a finite number"),
        (lambda: certify.gamma_poisson(-1, 1, 1, 1, 1), "x = -1 is not a count"),
        (lambda: certify.beta_binomial(5, 4, 1, 1, 1, 1), "more than n = 4"),
        (lambda: certify.mixture_prior(0, 1, (0.3, 0.7), (0, 1), (1, 1), 0, 1), "weights sum to"),
        (lambda: certify.logistic_bernoulli(2, 1, 0, 1, 0, 1), "y = 2 is not 0 or 1"),
        (lambda: certify.logistic_regression_2d([(1, 1)], [], (0, 0), (1, 1), (0, 0), (1, 1)), "as many"),
    ],
)
def test_parameters_outside_the_model_are_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
