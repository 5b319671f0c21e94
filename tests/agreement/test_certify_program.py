"""Compiled integrands: right values, and certified integrals only where the integrand is analytic."""

from __future__ import annotations

import pytest
import sympy
from flint import acb, arb

from verify.certify.program import Softplus, compile_expression
from verify.decide import precision

z, a, b = sympy.symbols("z a b")


def integral(expression: sympy.Expr, low: float, high: float) -> arb:
    with precision(128):
        return acb.integral(compile_expression(expression, z).bind({}), low, high, eval_limit=20_000).real


def check_branch_cuts() -> None:
    """Integrands with branch points on or near the path, against their known integrals."""
    cases = [
        (sympy.sqrt(z**2), -1, 1, 1),
        (sympy.sqrt(z), 0, 1, sympy.Rational(2, 3)),
        (sympy.log(z**2 + sympy.Rational(1, 10**6)) / 2, -1, 1, None),
        ((z**2) ** sympy.Rational(3, 2), -1, 1, sympy.Rational(1, 2)),
        (sympy.log(z) * z, 0, 1, -sympy.Rational(1, 4)),
    ]
    for expression, low, high, known in cases:
        found = integral(expression, low, high)
        exact = sympy.integrate(expression, (z, low, high)) if known is None else sympy.sympify(known)
        assert found.overlaps(arb(str(exact.evalf(60)))), f"{expression}: {found} against {exact}"


def test_the_analytic_flag_is_forwarded() -> None:
    check_branch_cuts()


@pytest.mark.parametrize("point", [0.3, 2.5])
def test_values_agree_with_sympy(point: float) -> None:
    expressions = [
        sympy.exp(-(z**2) / 2) * (z + a) ** 3 / b,
        sympy.sqrt(z + a) - sympy.log(z * b + 1) / sympy.pi,
        z ** sympy.Rational(-5, 3) + sympy.EulerGamma * sympy.loggamma(z + a),
        sympy.loggamma(a) * z + sympy.sqrt(b) + sympy.exp(a) + sympy.log(b),
        sympy.E**z - 1 / z,
    ]
    values = {a: sympy.Rational(7, 5), b: sympy.Rational(11, 3)}
    for expression in expressions:
        with precision(128):
            balls = {symbol: arb(int(number.p)) / int(number.q) for symbol, number in values.items()}
            found = compile_expression(expression, z).bind(balls).at(arb(point))
            expected = expression.subs(values).subs(z, sympy.Rational(point)).evalf(50)
            assert abs(found - arb(str(expected))) < arb("1e-30")


def test_softplus() -> None:
    program = compile_expression(Softplus(2 * z - 1), z).bind({})
    with precision(128):
        assert abs(program.at(arb("0.7")) - (1 + arb("0.4").exp()).log()) < arb("1e-30")
        assert program.at(arb(-200)) > 0
    assert sympy.diff(Softplus(z), z).subs(z, 0) == sympy.Rational(1, 2)


def test_softplus_on_wide_rectangles_contains_its_values() -> None:
    program = compile_expression(Softplus(z), z).bind({})
    with precision(64):
        for low, high, height in ((-9, 9, 1.5), (-1, 3, 1.2), (5, 60, 0.5), (-60, 1, 1.57)):
            box = program(acb(arb(low).union(arb(high)), arb(0, height)), True)
            assert box.is_finite()
            for k in range(11):
                for t in (-1.0, -0.3, 0.0, 0.8, 1.0):
                    point = acb(arb(low) + (arb(high) - low) * k / 10, arb(t * height))
                    assert box.contains((1 + point.exp()).log())
        assert not program(acb(arb(-1).union(arb(1)), arb(0, 3.2)), True).is_finite()


def test_log_gamma_is_refused_where_arb_cannot_vouch_for_it() -> None:
    program = compile_expression(sympy.loggamma(z), z).bind({})
    with precision(64):
        assert not program(acb(arb(-1, 2), arb(0, 1)), True).is_finite()
        assert program(acb(arb(3, 1), arb(0, 1)), True).is_finite()


@pytest.mark.parametrize("expression", [sympy.Abs(z), sympy.sign(z) * z, sympy.sin(z), z**a, sympy.erf(a) * z])
def test_other_functions_are_refused(expression: sympy.Expr) -> None:
    with pytest.raises(TypeError, match="not among"):
        compile_expression(expression, z)


def test_a_missing_parameter_is_named() -> None:
    with pytest.raises(ValueError, match="no value for the parameter b"):
        compile_expression(a * z + b, z).bind({a: arb(1)})


def test_shared_subexpressions_are_computed_once() -> None:
    wave = sympy.exp(-(z**2))
    program = compile_expression(wave * (1 + wave) + sympy.log(wave + 2), z)
    assert sum(step.op.value == "exp" for step in program.steps) == 1
