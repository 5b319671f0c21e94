"""Tails, strips and the two quadrature rules, against integrals that are known exactly."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy
from flint import acb, arb

from verify.certify.integral import BoundIntegral, LineIntegral
from verify.certify.program import Softplus, compile_expression
from verify.certify.shape import NoRule, Ray, growth, upper_line
from verify.certify.trapezoid import enclose_by_trapezoid, strip_bound
from verify.certify.window import Window, find_window
from verify.decide import precision

z = sympy.Symbol("z")
half = sympy.Rational(1, 2)
BITS = 100

# exponent l, factor g, ∫ e^l·g as a formula in Arb
KNOWN = [
    (-(z**2) / 2, None, lambda: (2 * arb.pi()).sqrt()),
    (-(z**2) / 2, z**4 - 3 * z, lambda: 3 * (2 * arb.pi()).sqrt()),
    (-(z**2) / 2, sympy.exp(z), lambda: (2 * arb.pi()).sqrt() * arb(0.5).exp()),
    (-50 * (z - 7) ** 2, z**2, lambda: (49 + arb(1) / 100) * (arb.pi() / 50).sqrt()),
    (3 * z - 2 * sympy.exp(z), None, lambda: arb(2) / 8),
    (half * z - sympy.exp(z) / 3, sympy.exp(z), lambda: (3 * arb.pi()).sqrt() * 3 / 2),
    (3 * z - 8 * Softplus(z), None, lambda: arb(2) * 24 / 5040),
    (z - 2 * Softplus(z), Softplus(z), lambda: arb(1)),
    (-3 * Softplus(-z) - 4 * Softplus(z), z, lambda: (arb(2) * 6 / 720) * (arb(3) / 2 - arb(11) / 6)),
]


def bound(exponent: sympy.Expr, factor: sympy.Expr | None) -> BoundIntegral:
    """The integral, ready at the current precision."""
    line = LineIntegral.of(exponent, factor, z)
    return line.bind({}, find_window(line.exponent.bind({}), arb(0), BITS))


def value(integral: BoundIntegral, enclosed: arb) -> arb:
    return integral.window.peak.exp() * enclosed


@pytest.mark.parametrize(("exponent", "factor", "known"), KNOWN)
def test_both_rules_enclose_known_integrals(exponent: sympy.Expr, factor: sympy.Expr | None, known: object) -> None:
    assert callable(known)
    with precision(BITS + 40):
        integral = bound(exponent, factor)
        rules = [integral.enclose_adaptively(BITS), *(enclose_by_trapezoid(integral, BITS, s) for s in (0.0, 0.5, 0.3))]
        for enclosed in rules:
            found = value(integral, enclosed)
            assert found.contains(known()), f"{found} does not contain {known()}"
            assert found.rad() < arb("1e-26")


def check_tails() -> None:
    """The tail bound beyond an edge is no smaller than the tail, and equal to it for exponential tails."""
    with precision(128):
        for exponent, factor, edge, exact in (
            (-2 * z, None, 3, (arb(-6)).exp() / 2),
            (-2 * z, z - 3, 3, (arb(-6)).exp() / 4),
            (-2 * z, (z - 3) ** 2, 3, (arb(-6)).exp() / 4),
            (-2 * z, sympy.exp(z), 3, (arb(-3)).exp()),
            (-(z**2) / 2, None, 2, (arb.pi() / 2).sqrt() * arb(2).sqrt().erfc()),
            (z - sympy.exp(z), None, 1, (-arb(1).exp()).exp()),
        ):
            line = LineIntegral.of(exponent, factor, z)
            window = Window(arb(0), arb(1), arb(-1), arb(1), arb(0))
            found = line.bind({}, window).tail(arb(edge), 1)
            assert found >= exact or found.overlaps(exact), f"tail of {exponent}: {found} < {exact}"
            assert found < exact * 3, f"tail of {exponent}: {found} is far above {exact}"


def test_tails() -> None:
    check_tails()


def test_left_tails_mirror_right_ones() -> None:
    with precision(100):
        right, left = bound(-(z**2) / 2 + z, z**2), bound(-(z**2) / 2 - z, z**2)
        assert right.tail(arb(9), 1).overlaps(left.tail(arb(-9), -1))


def test_a_rising_edge_has_no_bound() -> None:
    with precision(100):
        integral = bound(-(z**2) / 2, None)
        assert not integral.tail(arb(-1), 1).is_finite()


@pytest.mark.parametrize("exponent", [z**2, -(z**4), -Softplus(z) + sympy.exp(z), sympy.log(1 + z**2), -(z**2) * z])
def test_what_is_not_seen_to_be_concave_is_refused(exponent: sympy.Expr) -> None:
    with precision(100), pytest.raises(NoRule):
        upper_line(compile_expression(exponent, z).bind({}), Ray(arb(3), 1, arb(0)))


def test_upper_lines_and_growth_hold_on_the_strip() -> None:
    """Points of the strip, beyond the edge, on both sides: the bounds are above the values."""
    exponents = [-((z - 1) ** 2) / 3, 2 * z - 5 * sympy.exp(z), -2 * Softplus(3 * z) - Softplus(-z), z / 7]
    factors = [z**2 - 3 * z, Softplus(2 * z - 1) * z, sympy.exp(z) - 4, 5 - Softplus(-z)]
    with precision(100):
        for direction in (1, -1):
            for strip in (0.0, 0.2, 0.5):
                ray = Ray(arb(direction * 2), direction, arb(strip))
                for v in (0.0, 0.4, 3.0, 20.0):
                    for height in {0.0, strip, -strip, strip / 2}:
                        _check_point(exponents, factors, ray, v, height)


def _check_point(exponents: list[sympy.Expr], factors: list[sympy.Expr], ray: Ray, v: float, height: float) -> None:
    point = acb(ray.edge + ray.direction * arb(v), arb(height))
    for exponent in exponents:
        integrand = compile_expression(exponent, z).bind({})
        line = upper_line(integrand, ray)
        assert not integrand(point, False).real > line.start + line.slope * v
    for factor in factors:
        integrand = compile_expression(factor, z).bind({})
        terms = growth(integrand, ray).terms
        size = sum((t.coefficient * arb(v) ** t.power * (t.rate * v).exp() for t in terms), arb(0))
        assert not integrand(point, False).abs_lower() > size


def test_a_strip_too_wide_is_refused() -> None:
    with precision(100):
        for exponent in (z - sympy.exp(z), z - 2 * Softplus(z)):
            integral = bound(exponent, None)
            wide = float(arb(1.7) / integral.window.width)
            assert not strip_bound(integral, wide).is_finite()
            assert strip_bound(integral, wide / 2).is_finite()


def test_the_strip_bound_is_above_the_integral_of_the_absolute_value() -> None:
    """For e^{−z²/2}, ∫|f(x + ib)|dx = √(2π)·e^{b²/2}."""
    with precision(100):
        integral = bound(-(z**2) / 2, None)
        for strip in (0.5, 2.0, 6.0):
            exact = (2 * arb.pi()).sqrt() * (arb(strip) ** 2 / 2).exp()
            assert exact < strip_bound(integral, strip) < exact * 1000
            cut = replace(integral, window=replace(integral.window, left=arb(-1), right=arb(1)))
            assert exact < strip_bound(cut, strip)


def test_a_window_in_the_wrong_place_gives_a_wide_ball_not_a_wrong_one() -> None:
    with precision(140):
        good = bound(-50 * (z - 7) ** 2, None)
        known = (arb.pi() / 50).sqrt()
        for left, right in (("7.5", "8"), ("6.9", "7.05"), ("7", "9")):
            window = replace(good.window, left=arb(left).mid(), right=arb(right).mid())
            integral = replace(good, window=window)
            enclosed = value(integral, integral.enclose_adaptively(BITS))
            assert not enclosed.is_finite() or enclosed.contains(known)
            try:
                assert (found := value(integral, enclose_by_trapezoid(integral, BITS))).contains(known) or (
                    not found.is_finite()
                )
            except NoRule:
                continue
