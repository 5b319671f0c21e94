"""Values: the conventions of arithmetic, what stays exact, and that enclosures contain what mpmath computes."""

from __future__ import annotations

import pickle
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from verify.decide import (
    EULER_GAMMA,
    INFINITY,
    LOG_PI,
    MINUS_INFINITY,
    PI,
    Answer,
    Enclosed,
    Exponential,
    Infinite,
    LogAffine,
    Undefined,
    Value,
    compare,
    digamma,
    exact,
    is_zero,
    log_gamma,
    maximum,
    minimum,
    total,
)

UNDEFINED = INFINITY - INFINITY


def log(number: int | Fraction) -> Value:
    return exact(number).log()


def assert_equal(left: Value | int | Fraction, right: Value | int | Fraction) -> None:
    assert compare(left, right).answer is Answer.EQUAL


def assert_contains(value: Value, number: mpmath.mpf, digits: int = 40) -> None:
    """The enclosure of the value holds the number, which is known to `digits` digits."""
    enclosure = value.enclosure(128)
    assert enclosure.is_finite
    slack = Fraction(10) ** -digits * (1 + abs(Fraction(float(number))))
    low, high = (Fraction(end[0]) * Fraction(2) ** end[1] for end in (enclosure.lower, enclosure.upper))
    assert low - slack <= Fraction(str(number)) <= high + slack
    assert enclosure.radius < 1e-25 * (1 + abs(float(number)))


class TestConventions:
    def test_zero_times_anything_is_zero(self) -> None:
        for other in (INFINITY, MINUS_INFINITY, UNDEFINED, log(2), log(2) * log(3)):
            assert is_zero(exact(0) * other)
            assert is_zero(other * 0)

    def test_a_sum_of_logs_that_cancels_is_a_zero_factor(self) -> None:
        assert is_zero((log(2) + log(3) - log(6)) * INFINITY)

    def test_division_by_zero(self) -> None:
        assert exact(3) / 0 is not None
        assert isinstance(exact(3) / 0, Infinite)
        assert (exact(3) / 0).sign == 1
        assert (exact(-3) / 0).sign == -1
        assert (log(Fraction(1, 2)) / 0).sign == -1
        assert isinstance(exact(0) / 0, Undefined)
        assert isinstance((log(6) - log(2) - log(3)) / 0, Undefined)

    def test_infinities(self) -> None:
        assert isinstance(UNDEFINED, Undefined)
        assert (INFINITY + log(2)).sign == 1
        assert (2 - INFINITY).sign == -1
        assert (INFINITY * log(Fraction(1, 2))).sign == -1
        assert (INFINITY / log(Fraction(1, 2))).sign == -1
        assert (MINUS_INFINITY / 3).sign == -1
        assert is_zero(log(2) / INFINITY)
        assert isinstance(INFINITY / INFINITY, Undefined)
        assert is_zero(MINUS_INFINITY.exp())
        assert (exact(0) ** Fraction(-1, 2)).sign == 1

    def test_logarithms(self) -> None:
        assert exact(0).log().sign == -1
        assert isinstance(exact(-1).log(), Undefined)
        assert isinstance((log(2) - 1).log(), Undefined)
        assert INFINITY.log().sign == 1
        assert (log(2) + log(3) - log(6)).log().sign == -1

    def test_undefined_is_contagious_but_for_zero_factors(self) -> None:
        for result in (UNDEFINED + 1, UNDEFINED * log(2), UNDEFINED / 3, UNDEFINED.log(), UNDEFINED.exp(), -UNDEFINED):
            assert isinstance(result, Undefined)

    def test_roots(self) -> None:
        assert isinstance(exact(-2) ** Fraction(1, 2), Undefined)
        assert_equal(exact(-2) ** 3, -8)
        assert_equal(exact(-2) ** -2, Fraction(1, 4))
        assert_equal(exact(7) ** 0, 1)

    def test_numbers_that_are_not_real_are_refused(self) -> None:
        for wrong in ("1/2", None, 1j):
            with pytest.raises(TypeError, match="not a real number"):
                exact(wrong)  # type: ignore[arg-type]

    def test_floats_are_their_binary_fractions(self) -> None:
        assert exact(0.1).as_fraction() == Fraction(0.1) != Fraction(1, 10)
        assert exact(5e-324).as_fraction() == Fraction(1, 2**1074)
        assert isinstance(exact(float("nan")), Undefined)
        assert exact(float("-inf")).sign == -1


class TestWhatStaysExact:
    def test_a_log_of_a_product_is_the_sum_of_logs(self) -> None:
        assert_equal(log(Fraction(12, 35)), 2 * log(2) + log(3) - log(5) - log(7))

    def test_large_numbers_are_not_factored(self) -> None:
        p, q = 2**521 - 1, 2**607 - 1
        assert_equal(log(p * q) - log(q), log(p))
        assert compare(log(p * q), log(p * q + 1)).answer is Answer.LESS

    def test_exponentials_of_integer_combinations_are_rational(self) -> None:
        assert (2 * log(3) - log(Fraction(9, 4))).exp().as_fraction() == 4
        assert exact(Fraction(4, 9)) ** Fraction(-3, 2) is not None
        assert (exact(Fraction(4, 9)) ** Fraction(-3, 2)).as_fraction() == Fraction(27, 8)

    def test_roots_multiply_exactly(self) -> None:
        root = exact(2).sqrt()
        assert isinstance(root, Exponential)
        assert (root * root).as_fraction() == 2
        assert (root * exact(8).sqrt()).as_fraction() == 4
        assert_equal(3 * root, exact(18).sqrt())
        assert_equal((root / 3).log(), log(2) / 2 - log(3))

    def test_powers_of_one_law_cancel(self) -> None:
        q, alpha = Fraction(3, 7), Fraction(2, 5)
        assert (exact(q) ** alpha * exact(q) ** (1 - alpha)).as_fraction() == q

    def test_a_normal_density_has_an_exact_log(self) -> None:
        density = exact(Fraction(-9, 8)).exp() / (2 * PI).sqrt()
        assert_equal(density.log(), -Fraction(9, 8) - LOG_PI / 2 - log(2) / 2)

    def test_gamma_function(self) -> None:
        assert_equal(log_gamma(6), log(120))
        assert_equal(log_gamma(Fraction(1, 2)), LOG_PI / 2)
        assert_equal(log_gamma(Fraction(7, 2)), log(Fraction(15, 8)) + LOG_PI / 2)
        assert_equal(digamma(4), Fraction(11, 6) - EULER_GAMMA)
        assert_equal(digamma(Fraction(5, 2)), Fraction(8, 3) - EULER_GAMMA - 2 * log(2))
        assert log_gamma(0).sign == 1
        assert isinstance(log_gamma(-1), Undefined)

    def test_total_is_the_sum(self) -> None:
        terms = [log(n) * Fraction(1, n) for n in range(2, 12)] + [exact(3), EULER_GAMMA, exact(2).sqrt()]
        chained = exact(0)
        for term in terms:
            chained = chained + term
        assert total(terms).enclosure(200).overlaps(chained.enclosure(200))
        assert_equal(total(terms[:-1]) - total(terms[:-2]), EULER_GAMMA)
        assert isinstance(total([INFINITY, MINUS_INFINITY]), Undefined)

    def test_minimum_and_maximum(self) -> None:
        assert_equal(minimum(log(2), Fraction(7, 10)), log(2))
        assert_equal(maximum(log(2), Fraction(7, 10)), Fraction(7, 10))
        assert minimum(MINUS_INFINITY, 3).sign == -1
        assert isinstance(maximum(UNDEFINED, 3), Undefined)


class TestEnclosures:
    def test_they_contain_the_number(self) -> None:
        with mpmath.workdps(60):
            ln, two = mpmath.log, mpmath.mpf(2)
            cases = [
                (log(2) * log(3), ln(2) * ln(3)),
                ((log(2) * log(3)).log(), ln(ln(2) * ln(3))),
                (log(2) / log(3), ln(2) / ln(3)),
                (exact(2).sqrt() + exact(3).sqrt(), mpmath.sqrt(2) + mpmath.sqrt(3)),
                ((log(2) - 2).exp(), mpmath.exp(ln(2) - 2)),
                (abs(log(Fraction(1, 3)) * log(2)), ln(3) * ln(2)),
                ((log(2) * log(3)) ** Fraction(2, 3), (ln(2) * ln(3)) ** (two / 3)),
                (log(5) ** 3, ln(5) ** 3),
                ((log(2) - 1) ** 3, (ln(2) - 1) ** 3),
                (exact(2) ** log(3), two ** ln(3)),
                (log_gamma(Fraction(1, 3)), mpmath.loggamma(mpmath.mpf(1) / 3)),
                (digamma(Fraction(1, 3)), mpmath.digamma(mpmath.mpf(1) / 3)),
                (EULER_GAMMA + LOG_PI, mpmath.euler + ln(mpmath.pi)),
            ]
            for value, number in cases:
                assert_contains(value, number)

    def test_deep_sums_do_not_recurse(self) -> None:
        step = log(2) * log(3)
        value: Value = exact(0)
        for _ in range(5000):
            value = value + step
        assert isinstance(value, Enclosed)
        assert compare(value, 5001 * step).answer is Answer.LESS

    def test_what_is_not_known_is_not_claimed(self) -> None:
        hidden_zero = log(2) * log(3) - log(3) * log(2)
        assert not (1 / hidden_zero).enclosure(128).is_finite
        assert not hidden_zero.log().enclosure(128).is_finite
        assert compare(1 / hidden_zero, 5).answer is Answer.UNDECIDED
        assert compare(hidden_zero.log().exp(), -1).answer is Answer.UNDECIDED
        assert compare(INFINITY * hidden_zero, 0).answer is Answer.UNDECIDED

    def test_a_decision_can_be_stored(self) -> None:
        decision = compare(log(2), log(3))
        assert pickle.loads(pickle.dumps(decision)) == decision
        assert decision.difference is not None
        assert decision.difference.midpoint == pytest.approx(-0.405465108108164, rel=1e-14)


class TestNumpy:
    def test_object_arrays(self) -> None:
        q = np.array([exact(Fraction(k, 10)) for k in (1, 2, 3, 4)], dtype=object)
        entropy = -(q * np.log(q)).sum()
        assert_contains(entropy, -sum(mpmath.mpf(k) / 10 * mpmath.log(mpmath.mpf(k) / 10) for k in (1, 2, 3, 4)), 12)
        assert_equal(np.exp(np.log(q)).sum(), 1)
        assert_equal((np.float64(0.5) * q).sum(), Fraction(1, 2))
        assert_equal((q * np.array([1, 2, 3, 4])).sum(), 3)
        assert_equal((np.sqrt(q) * np.sqrt(q)).sum(), 1)

    def test_comparing_needs_a_decision(self) -> None:
        for wrong in (lambda: log(2) == log(2), lambda: log(2) != 1, lambda: bool(log(2))):
            with pytest.raises(TypeError, match=r"verify\.decide\.compare"):
                wrong()
        with pytest.raises(TypeError):
            log(2) < log(3)  # type: ignore[operator]  # noqa: B015


def test_display() -> None:
    assert str(log(Fraction(3, 4)) / 2 - EULER_GAMMA + 1) == "1 − γ + 1/2·log 3 − 1/2·log 4"
    assert str(exact(Fraction(-1, 2))) == "−1/2"
    assert str(MINUS_INFINITY) == "−∞"
    assert isinstance(log(7), LogAffine)
