"""Attacks through conditions: too few of them, discharged too early, or on the wrong names."""

from __future__ import annotations

from typing import Any

import pytest
from attempts import INFINITE, ONE, TWO, ZERO, f, h, outcome, p, phi, q, r, refused, theta, w, x, y, z
from forge import Draft
from sympy import Tuple

from derive.claims import Setting
from derive.conditions import Condition, positive, settle
from derive.kernel import Theorem, order, refine
from derive.rules.pattern import Lambda
from derive.site import site
from derive.steps import Step
from derive.terms.meaning import is_nonnegative
from derive.terms.nodes import (
    Exp,
    Expectation,
    Function,
    Number,
    Plus,
    Power,
    Quotient,
    Term,
    Times,
    Variable,
    negative,
)
from derive.terms.notation import KL, E, integral, log

# ---------------------------------------------------------------- multiply and divide


def _cancelled(divisor: Term, a: Term, start: Term | None = None, path: Any = ()) -> Theorem:
    whole = Times(divisor, Quotient(a, divisor)) if start is None else start
    return Draft(whole).rule("multiply-divide", path, q=divisor, a=a).theorem()


@pytest.mark.parametrize(
    ("divisor", "a"),
    [
        (p(x), p(z | x)),
        (p(x), Quotient(p(x, z), p(x))),
        (Quotient(ONE, INFINITE), ONE),
        (Quotient(r(z), INFINITE), r(z)),
        (INFINITE, ONE),
        (p(x), Plus(p(z | x), ONE)),
        (p(x), Power(p(x, z), negative(ONE))),
        (p(x), Power(p(x), ZERO)),
        (p(x), Times(p(x, z), log(p(x, z)))),
        (p(x), log(p(x))),
        (q(z | x), p(z | x)),
        (q(z), Times(p(x, z), Quotient(p(z | x), p(x)))),
    ],
)
def test_multiply_and_divide_is_never_false_where_its_conditions_hold(divisor: Term, a: Term) -> None:
    assert outcome(lambda: _cancelled(divisor, a)) == ""


@pytest.mark.parametrize("weight", [Power(p(x), Number(-1)), Power(p(x), ZERO), Power(p(x), theta), Plus(p(x), ONE)])
def test_a_weight_that_stays_positive_says_nothing_about_its_base(weight: Term) -> None:
    """p⁻¹ and p⁰ are positive where p is 0."""
    inner = Times(p(x), Quotient(ONE, p(x)))
    assert outcome(lambda: _cancelled(p(x), ONE, Times(weight, inner), (1,))) == ""


def test_a_conditional_beside_a_weight_does_not_vouch_for_what_is_given() -> None:
    """p(z|x) is undefined where p(x) = 0, but p(x)·(1/p(x)) = 0 decides the product there."""
    start = Times(p(z | x), Times(p(x), Quotient(ONE, p(x))))
    assert outcome(lambda: _cancelled(p(x), ONE, start, (1,))) == ""
    other = Plus(Times(Plus(ONE, p(z | x)), Times(p(x), Quotient(ONE, p(x)))), negative(ONE))

    def both() -> Theorem:
        left = Draft(start).rule("multiply-divide", (1,), q=p(x), a=ONE).ring(p(z | x))
        right = Draft(other).rule("multiply-divide", (0, 1), q=p(x), a=ONE).ring(p(z | x))
        return left.equals(right)

    assert outcome(both) == ""


# ---------------------------------------------------------------- logs, constants, curvature


@pytest.mark.parametrize("b", [Plus(p(z | x), p(w | x)), Exp(Function("e", p(z | x))), Power(p(z | x), TWO)])
def test_the_log_of_a_product_needs_defined_factors(b: Term) -> None:
    assert outcome(lambda: Draft(log(Times(p(x), b))).rule("log-product", a=p(x), b=b).theorem()) == ""


def test_exponents_are_finite() -> None:
    forever = Quotient(ONE, ZERO)
    start = log(Power(Exp(h), forever))
    assert outcome(lambda: Draft(start).rule("log-power", a=Exp(h), c=forever).theorem()) == ""


def test_a_factor_leaves_an_infinite_integral_only_if_it_is_not_zero() -> None:
    """0 · ∞ is undefined unless the 0 is a weight; finite worlds cannot show it, so a condition must."""
    start = integral(Times(h, ONE), z)
    theorem = Draft(start).rule("constant-weight", (), True, c=h, a=ONE, Z=Tuple(z)).theorem()
    assert [c.kind for c in theorem.conditions] == ["finite"]
    weight = Draft(integral(Times(p(x), ONE), z)).rule("constant-weight", (), True, c=p(x), a=ONE, Z=Tuple(z))
    assert weight.theorem().conditions == ()
    law = Draft(integral(Times(h, q(z | x)), z)).rule("constant-weight", (), True, c=h, a=q(z | x), Z=Tuple(z))
    assert law.theorem().conditions == ()


def test_a_log_behind_a_zero_does_not_make_a_function_positive() -> None:
    """t³ + 0·log t is t³ for negative t too, where it is not convex."""
    t = Variable("t")
    shape = Lambda(t, Plus(Power(t, Number(3)), Times(ZERO, log(t))))
    body, law = log(Quotient(r(z), p(z))), q(z)

    def attack() -> Theorem:
        holes: dict[str, Any] = {"F": shape, "t": body, "q": law, "Z": Tuple(z)}
        before, after = E(shape(body), law), shape(E(body, law))
        step = Step("jensen-convex", (), holes, before, after)
        return order(refine(before, (), Setting()), step, refine(after, (), Setting()))

    assert outcome(attack) == ""


# ---------------------------------------------------------------- laws


def test_a_law_whose_index_is_drawn_is_not_normalised() -> None:
    """∫ q_z(z) dz is no integral of one law."""
    diagonal = q[z](z)
    assert outcome(lambda: Draft(integral(diagonal, z)).rule("normalise", q=diagonal, Z=Tuple(z)).theorem()) == ""


def test_what_is_no_law_gives_no_weight() -> None:
    """E with a factor that may be negative is ∫, not an average: the factor is not positive where the body matters."""
    odd = Expectation(Times(q(z), Quotient(p(z), q(z))), Times(q(z), f))
    assert not is_nonnegative(Expectation(p(z), Times(q(z), f)))
    assert all(is_nonnegative(weight) for weight in site(odd, (0,)).where)


@pytest.mark.parametrize("odd", [Times(q(x), Number(-1)), Times(q(x), h)])
def test_a_mean_with_signs_does_not_keep_an_inequality(odd: Term) -> None:
    """∫ −q(x) KL dx ≤ 0: only an average by something non-negative keeps the direction."""
    before, after = Expectation(KL(q(z), p(z)), odd), Expectation(ZERO, odd)
    holes: dict[str, Any] = {"q": q(z), "r": p(z), "Z": Tuple(z)}
    step = Step("gibbs", (0,), holes, before, after)
    assert refused(lambda: order(refine(before, (), Setting()), step, refine(after, (), Setting())))
    mean = Step("gibbs", (0,), holes, E(KL(q(z), p(z)), q(x)), E(ZERO, q(x)))
    assert order(refine(mean.before, (), Setting()), mean, refine(mean.after, (), Setting())).judgement == ">="


def test_two_points_of_one_space_in_one_density_have_no_rules() -> None:
    other = Variable("z'", "z")
    start = integral(Times(p(other | z), p(z)), z)
    attempt = Draft(start)
    assert refused(lambda: attempt.rule("product-rule", (0,), p=p, A=Tuple(other), B=Tuple(z), C=Tuple()).theorem())
    one = Draft(integral(Times(p(w | z), p(z)), z))
    assert one.rule("product-rule", (0,), p=p, A=Tuple(w), B=Tuple(z), C=Tuple()).theorem().conditions == ()


# ---------------------------------------------------------------- conditions


def test_a_condition_on_a_bound_name_is_not_one_on_a_free_name() -> None:
    free, bound = positive(p(z | y)), positive(p(z | y), (), (z,))
    assert free.key != bound.key


def test_the_wider_of_two_conditions_is_kept() -> None:
    ratio = Quotient(p(z | y), p(z | y))
    start = Plus(ratio, integral(Times(r(z), ratio), z))
    draft = Draft(start).ring(ONE, (0,)).ring(r(z), (1, 0))
    over = {condition.over for condition in draft.theorem().conditions if condition.subject == p(z | y)}
    assert over == {(), (z,)}


@pytest.mark.parametrize(
    "condition",
    [
        positive(Quotient(p(x), INFINITE), (p(x),)),
        positive(Times(Number(-1), p(x)), (p(x),)),
        positive(Number(-2)),
        positive(p(x), (Power(p(x), Number(-1)),)),
        positive(p(x), (Power(p(x), theta),)),
        positive(Exp(log(p(x)))),
        positive(p(x, z), (p(x),)),
        positive(p(x), (q(x, z),)),
        positive(p[theta](x), (p[phi](x, z),)),
    ],
)
def test_only_what_follows_is_discharged(condition: Condition) -> None:
    assert settle(condition).status != "discharged"
