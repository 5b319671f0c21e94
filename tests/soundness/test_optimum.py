"""What follows from a text that says of a parameter that it is an optimum, and what does not."""

from __future__ import annotations

from attempts import ONE, f, h, p, phi, refused, theta, x
from sympy import Basic

from derive.claims import Optimal, Setting
from derive.kernel import Theorem, equal, optimum, refine
from derive.terms.binding import substitute
from derive.terms.nodes import ArgExtremum, Parameter, Plus, Term, Times
from derive.terms.notation import log

BEST, OTHER = Parameter("best"), Parameter("other")
OBJECTIVE = Plus(log(p[theta](x)), Times(theta, h))
SAID = Optimal(BEST, ArgExtremum("argmax", OBJECTIVE, theta))
HERE = Setting(hypotheses=(SAID,))


def at(value: Basic, setting: Setting = HERE, objective: Term = OBJECTIVE) -> Theorem:
    return refine(substitute(objective, {theta: value}), (), setting)


def test_the_objective_is_largest_at_its_maximiser() -> None:
    theorem = optimum(at(BEST), at(OTHER), SAID, OTHER)
    assert (theorem.judgement, theorem.left) == (">=", substitute(OBJECTIVE, {theta: BEST}))
    assert theorem.right == substitute(OBJECTIVE, {theta: OTHER})


def test_a_minimum_is_the_smaller_one() -> None:
    said = Optimal(BEST, ArgExtremum("argmin", OBJECTIVE, theta))
    setting = Setting(hypotheses=(said,))
    assert optimum(at(BEST, setting), at(OTHER, setting), said, OTHER).judgement == "<="


def test_only_what_the_text_says_is_an_optimum() -> None:
    silent = Setting()
    assert refused(lambda: optimum(at(BEST, silent), at(OTHER, silent), SAID, OTHER))
    another = Optimal(OTHER, SAID.optimum)
    assert refused(lambda: optimum(at(OTHER), at(BEST), another, BEST))
    assert refused(lambda: optimum(at(BEST), at(OTHER, silent), SAID, OTHER))


def test_both_sides_are_that_objective() -> None:
    assert refused(lambda: optimum(at(OTHER), at(BEST), SAID, OTHER))
    assert refused(lambda: optimum(at(BEST), at(phi), SAID, OTHER))
    shifted = Plus(OBJECTIVE, f)
    assert refused(lambda: optimum(at(BEST, objective=shifted), at(OTHER), SAID, OTHER))
    assert refused(lambda: optimum(at(BEST), at(OTHER, objective=shifted), SAID, OTHER))


def test_it_is_about_one_parameter_and_compared_with_another_value_of_it() -> None:
    two = Optimal(BEST, ArgExtremum("argmax", OBJECTIVE, theta, phi))
    setting = Setting(hypotheses=(two,))
    assert refused(lambda: optimum(at(BEST, setting), at(OTHER, setting), two, OTHER))
    assert refused(lambda: optimum(at(BEST), at(ONE), SAID, ONE))  # type: ignore[arg-type]


def test_equalities_are_no_chains() -> None:
    same = equal(at(OTHER), at(OTHER))
    assert refused(lambda: optimum(at(BEST), same, SAID, OTHER))
