"""What the kernel looks at, one check at a time: each refusal stands beside the honest step that it does not refuse."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from attempts import ONE, TWO, ZERO, f, h, outcome, p, phi, q, r, refused, theta, x, z
from forge import Draft
from instances import substitution
from sympy import Basic, Tuple

from derive.claims import Curvature, LawEquation, Positive, Range, Setting, Support
from derive.conditions import Condition, within
from derive.kernel import Theorem, equal, from_difference, order, refine, same_optimum, supremum, turned
from derive.rules import TABLE
from derive.rules.pattern import Lambda
from derive.site import site
from derive.steps import Step, instance, premises
from derive.terms.binding import base, same
from derive.terms.nodes import Function, Number, Plus, Power, Quotient, Term, Times, Variable, negative
from derive.terms.notation import KL, E, argmax, argmin, inf, integral, log, sup

KL_QP = KL(q(z), p(z))
GIBBS: dict[str, Basic] = {"q": q(z), "r": p(z), "Z": Tuple(z)}


def accepted(step: Step, setting: Setting | None = None) -> bool:
    return not refused(lambda: premises(step, setting or Setting()))


# ---------------------------------------------------------------- a step


@pytest.mark.parametrize("name", sorted(TABLE))
def test_a_rule_speaks_of_its_own_sides_only(name: str) -> None:
    rule = TABLE[name]
    filled = substitution(rule, Random(name))
    for backwards in (False, True):
        if (rule.merging if backwards else rule.splitting) is None or rule.curvature is not None:
            continue
        before, after, _ = instance(rule, filled, backwards)
        step = Step(name, (), filled, before, after, (), backwards)
        assert accepted(step)
        other = Function("other", x)
        assert not accepted(replace(step, before=other))
        assert not accepted(replace(step, after=other))
        assert not accepted(replace(step, before=Plus(before, ONE)))
        inside = Step(name, (0,), filled, Plus(before, h), Plus(after, h), (), backwards)
        assert accepted(inside)
        assert not accepted(replace(inside, after=Plus(after, f)))


def test_algebra_at_a_place_changes_that_place_only() -> None:
    step = Step("ring", (0,), {}, Plus(Plus(h, h), f), Plus(Times(TWO, h), f))
    assert accepted(step)
    assert not accepted(replace(step, after=Plus(Times(TWO, h), Times(TWO, f))))
    assert not accepted(replace(step, after=Times(Times(TWO, h), f)))


def test_an_inequality_is_no_refinement() -> None:
    step = Step("gibbs", (), GIBBS, KL_QP, ZERO)
    assert accepted(step)
    assert refused(lambda: refine(KL_QP, (step,), Setting()))
    assert order(refine(KL_QP, (), Setting()), step, refine(ZERO, (), Setting())).judgement == ">="


def test_positivity_is_stated_only_if_all_factors_are() -> None:
    both = Times(p(x), q(x))
    for laws, status in ((frozenset("p"), "open"), (frozenset("pq"), "stated"), (None, "stated")):
        setting = Setting(hypotheses=(Positive(laws),))
        draft = Draft(Times(both, Quotient(h, both)), setting).rule("multiply-divide", q=both, a=h)
        assert {c.status for c in draft.theorem().conditions if c.kind in ("support", "evidence")} == {status}


def test_a_support_is_stated_only_where_it_is_said() -> None:
    """∫ p(z)·(h/p(z))·… needs p(z) > 0 where the weight is positive: said of the same densities, or implied by them."""
    start = Times(r(z), Times(p(z), Quotient(h, p(z))))
    said = {
        Support(p(z), r(z)): "stated",
        Support(p(z), q(z)): "open",  # where another weight is positive
        Support(q(z), r(z)): "open",  # of another law
    }
    for hypothesis, status in said.items():
        setting = Setting(hypotheses=(hypothesis,))
        inside = Draft(integral(start, z), setting).rule("multiply-divide", (0, 1), q=p(z), a=h)
        found = [c.status for c in inside.theorem().conditions if c.kind == "support" and c.subject == p(z)]
        assert found == [status]


@pytest.mark.parametrize("b", [Quotient(r(z), q(z)), Power(r(z), Number(-1)), Quotient(ONE, q(z))])
def test_a_quotient_may_be_infinite(b: Term) -> None:
    """log(p · r/q) is −∞ where p = 0, and log p + log(r/q) is −∞ + ∞ where q = 0, too."""
    draft = Draft(log(Times(p(x), b))).rule("log-product", a=p(x), b=b)
    assert outcome(draft.theorem) == ""
    assert any(condition.kind == "finite" for condition in draft.theorem().conditions)


def test_a_square_beside_something_infinite_is_not_taken_apart() -> None:
    """h²·log p is 0 where h is; h·h·log p is not defined where p is 0, too."""
    start = Times(Power(h, TWO), log(p(x)))
    theorem = Draft(start).ring(Times(h, h, log(p(x)))).theorem()
    assert any(c.kind == "finite" for c in theorem.conditions)


def test_a_weight_on_the_free_variable_says_nothing_about_the_bound_one() -> None:
    """p(z) · ∫ q(z)·p(z)/p(z) dz: the z of the weight is not the z of the integral."""
    inside = Times(q(z), Times(p(z), Quotient(ONE, p(z))))
    start = Times(p(z), integral(inside, z))
    draft = Draft(start).rule("multiply-divide", (1, 0, 1), q=p(z), a=ONE)
    needed = [c for c in draft.theorem().conditions if c.kind == "support"]
    assert [(c.subject, c.over) for c in needed] == [(p(z), (z,))]
    assert outcome(draft.theorem) == ""


def test_the_points_of_an_integral_are_told_apart() -> None:
    other = Variable("z'", "z")
    assert not same(integral(Function("k", z, other), z, other), integral(Function("k", z, z), z, other))
    assert not same(integral(Function("k", z, other), z, other), integral(Function("k", other, other), z, other))


# ---------------------------------------------------------------- directions


def gibbs_inside(whole: Term, below: Term, path: tuple[int, ...], backwards: bool = False) -> Theorem:
    step = Step("gibbs", path, GIBBS, whole, below, (), backwards)
    return order(refine(whole, (), Setting()), step, refine(below, (), Setting()))


def test_a_minus_turns_an_inequality_round() -> None:
    minus, doubly = Times(Number(-1), KL_QP), Times(Number(-1), Times(Number(-1), KL_QP))
    assert gibbs_inside(minus, Times(Number(-1), ZERO), (1,)).judgement == "<="
    assert gibbs_inside(doubly, Times(Number(-1), Times(Number(-1), ZERO)), (1, 1)).judgement == ">="
    assert gibbs_inside(Plus(h, minus), Plus(h, Times(Number(-1), ZERO)), (1, 1)).judgement == "<="


def test_a_factor_without_a_sign_keeps_no_inequality() -> None:
    for factor in (h, theta, Times(Number(-1), h), log(p(x)), Times(Number(-1), Number(-2))):
        assert refused(lambda factor=factor: gibbs_inside(Times(factor, KL_QP), Times(factor, ZERO), (1,)))  # type: ignore[misc]
    assert gibbs_inside(Times(p(x), KL_QP), Times(p(x), ZERO), (1,)).judgement == ">="
    assert refused(lambda: gibbs_inside(Quotient(ONE, KL_QP), Quotient(ONE, ZERO), (1,)))
    assert refused(lambda: gibbs_inside(Power(KL_QP, TWO), Power(ZERO, TWO), (0,)))


def test_an_inequality_used_backwards_points_the_other_way() -> None:
    assert gibbs_inside(ZERO, KL_QP, (), True).judgement == "<="
    assert gibbs_inside(Times(Number(-1), ZERO), Times(Number(-1), KL_QP), (1,), True).judgement == ">="


def test_turning_round_turns_the_sign() -> None:
    theorem = gibbs_inside(KL_QP, ZERO, ())
    assert (turned(theorem).left, turned(theorem).judgement, turned(theorem).right) == (ZERO, "<=", KL_QP)


def test_an_inequality_joins_the_ends_of_its_chains() -> None:
    step = Step("gibbs", (), GIBBS, KL_QP, ZERO)
    start, end = refine(KL_QP, (), Setting()), refine(ZERO, (), Setting())
    assert order(start, step, end).right == ZERO
    assert refused(lambda: order(start, step, refine(ONE, (), Setting())))
    assert refused(lambda: order(refine(h, (), Setting()), step, end))


def test_curvature_is_of_one_kind() -> None:
    setting = Setting(hypotheses=(Curvature("g", "concave"),))
    t = Variable("t")
    shape = Lambda(t, Function("g", t))
    holes: dict[str, Any] = {"F": shape, "t": f, "q": q(z), "Z": Tuple(z)}
    concave, convex = (shape(E(f, q(z))), E(shape(f), q(z))), (E(shape(f), q(z)), shape(E(f, q(z))))
    assert accepted(Step("jensen-concave", (), holes, *concave), setting)
    assert not accepted(Step("jensen-convex", (), holes, *convex), setting)
    assert not accepted(Step("jensen-concave", (), holes, *concave), Setting())


# ---------------------------------------------------------------- conclusions


def test_a_difference_is_compared_with_zero() -> None:
    difference = Plus(Plus(h, ONE), Times(Number(-1), h))
    one = Draft(difference).ring(ONE).equals(Draft(ONE))
    assert refused(lambda: from_difference(Plus(h, ONE), h, one))
    nothing = Draft(Plus(h, Times(Number(-1), h))).ring(ZERO).equals(Draft(ZERO))
    assert from_difference(h, h, nothing).judgement == "="
    assert refused(lambda: from_difference(h, f, nothing))
    assert refused(lambda: from_difference(f, h, nothing))


def test_optima_are_scaled_by_something_positive() -> None:
    left, right = argmax(Function("f", theta), theta), argmax(negative(Function("f", theta)), theta)
    start = Plus(left.objective, Times(Number(1), right.objective))
    theorem = Draft(start).ring(ZERO).theorem()
    for scale in (Number(-1), ZERO, theta, h):
        assert refused(lambda scale=scale: same_optimum(left, right, scale, theorem))  # type: ignore[misc]
    other = argmin(negative(Function("f", theta)), theta)
    assert same_optimum(left, other, ONE, theorem).judgement == "argmax-equiv"


def test_what_is_left_between_two_objectives_is_the_same_for_all_candidates() -> None:
    left, right = argmax(Function("f", theta), theta), argmax(Function("k", theta), theta)
    difference = Plus(left.objective, Times(Number(-1), right.objective))
    assert refused(lambda: same_optimum(left, right, ONE, refine(difference, (), Setting())))
    constant = argmax(Plus(Function("f", theta), Function("k", phi)), theta)
    between = Draft(Plus(left.objective, Times(Number(-1), constant.objective))).ring(negative(Function("k", phi)))
    assert same_optimum(left, constant, ONE, between.theorem()).judgement == "argmax-equiv"


def test_optima_range_over_the_same_candidates() -> None:
    left, right = argmax(Function("f", theta), theta), argmax(Function("f", theta), phi)
    difference = Draft(Plus(left.objective, Times(Number(-1), right.objective))).ring(ZERO).theorem()
    assert refused(lambda: same_optimum(left, right, ONE, difference))
    assert same_optimum(left, left, ONE, difference).judgement == "argmax-equiv"


def test_a_supremum_is_reached_where_it_is_said_to_be() -> None:
    """sup_q −KL(q‖p) = 0 is reached at p, not at r; and a value that is reached elsewhere is none."""
    loss, value = negative(KL_QP), ZERO
    zero = Draft(ZERO).ring(Times(Number(-1), ZERO)).theorem()
    step = Step("gibbs", (1,), GIBBS, loss, Times(Number(-1), ZERO))
    bound = turned(order(refine(loss, (), Setting()), step, zero))
    at: dict[Basic, Basic] = {base(q): p(z)}
    reached = Draft(negative(KL(p(z), p(z)))).rule("kl-definition", (1,), q=p(z), r=p(z), Z=Tuple(z))
    reached.ring(ONE, (1, 0, 0)).rule("log-one", (1, 0))
    reached.rule("expectation-of-constant", (1,), c=ZERO, q=p(z), Z=Tuple(z)).ring(ZERO)
    attained = reached.equals(Draft(value))
    assert supremum(sup(loss, base(q)), bound, attained, at).right == value
    assert refused(lambda: supremum(inf(loss, base(q)), bound, attained, at))
    assert refused(lambda: supremum(sup(loss, base(q)), bound, attained, {base(q): r(z)}))
    nothing = refine(ZERO, (), Setting())
    assert refused(lambda: supremum(sup(loss, base(q)), bound, equal(nothing, nothing), at))
    assert refused(lambda: supremum(sup(KL_QP, base(q)), bound, attained, at))


def test_a_hypothesis_of_one_setting_is_none_of_another() -> None:
    assumed = Setting(hypotheses=(LawEquation(q(z), p(z)),))
    step = Draft(q(z), assumed).assume(0, Tuple()).steps[0]
    assert accepted(step, assumed)
    assert not accepted(step)
    assert site(step.before, step.path).part == q(z)


def test_a_product_of_parameters_is_settled_by_those_that_are_not_negative() -> None:
    product = Times(theta, phi)
    for least, status in ((0, "stated"), (2, "stated"), (-2, "open")):
        ranges = tuple(Range(name, Fraction(least), None, False) for name in (theta, phi))
        settled = within(Condition("range", product), ranges)
        assert settled.status == status
    assert within(Condition("range", product), (Range(theta, Fraction(0), None, False),)).status == "open"
    both = (Range(theta, Fraction(0), Fraction(1), False), Range(phi, Fraction(0), Fraction(2), False))
    assert within(Condition("range", Plus(TWO, negative(product))), both).status == "stated"
    assert within(Condition("range", Plus(ONE, negative(product))), both).status == "open"
