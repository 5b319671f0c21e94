"""Attacks through names: definitions that hide variables, hypotheses used for what they are not about."""

from __future__ import annotations

from attempts import ONE, concluded, h, p, phi, q, r, refused, setting_with, theta, x, y, z
from forge import Draft
from sympy import Tuple

from derive.claims import Claim, Definition, LawEquation, Setting
from derive.kernel import Theorem, concludes, same_optimum
from derive.terms.binding import base, same
from derive.terms.nodes import Function, Named, Number, Plus, Quotient, Times, Variable, negative
from derive.terms.notation import E, argmax, integral, log, variables


def test_a_defined_name_does_not_hide_a_bound_variable() -> None:
    """With L := h(x), E_{p(x)}[L] = L is no mean of a constant."""
    setting, name = setting_with(L=h), Named("L")
    start = E(name, p(x))

    def attack() -> Theorem:
        draft = Draft(start, setting).rule("expectation-of-constant", c=name, q=p(x), Z=Tuple(x))
        return draft.equals(Draft(name, setting))

    assert not concluded(start, name, setting, attack)


def test_renaming_a_bound_variable_does_not_change_what_a_name_means() -> None:
    setting, name = setting_with(L=h), Named("L")
    copy = Variable("y", "x")
    mine, other = (E(Times(name, Function("k", point)), p(point)) for point in (x, copy))

    def attack() -> Theorem:
        return Draft(mine, setting).equals(Draft(other, setting))

    assert not concluded(mine, other, setting, attack)


def test_a_defined_name_does_not_hide_a_candidate() -> None:
    setting, name = setting_with(L=log(p[theta](x))), Named("L")
    left, right = argmax(Function("f", theta), theta), argmax(Plus(Function("f", theta), name), theta)

    def attack() -> Theorem:
        start = Plus(left.objective, Times(Number(-1), right.objective))
        return same_optimum(left, right, ONE, Draft(start, setting).ring(negative(name)).theorem())

    assert not concluded(left, right, setting, attack, "argmax-equiv")


def test_a_name_without_a_definition_hides_nothing_either() -> None:
    name = Named("L")
    left, right = argmax(Function("f", theta), theta), argmax(Plus(Function("f", theta), name), theta)
    start = Plus(left.objective, Times(Number(-1), right.objective))
    assert refused(lambda: same_optimum(left, right, ONE, Draft(start).ring(negative(name)).theorem()))
    mean = E(name, p(x))
    assert refused(lambda: Draft(mean).rule("expectation-of-constant", c=name, q=p(x), Z=Tuple(x)).theorem())


def test_unfolding_a_name_takes_its_arguments_out_of_the_way() -> None:
    """L(a) := ∫ k(a, z) dz at a = z is ∫ k(z, z′) dz′."""
    a = Variable("a", "z")
    definition = Definition("L", (a,), integral(Function("k", a, z), z))
    unfolded = definition.unfold(Named("L", z))
    fresh = Variable("c", "z")
    assert same(unfolded, integral(Function("k", z, fresh), fresh))
    assert not same(unfolded, integral(Function("k", z, z), z))


def test_a_definition_changed_afterwards_changes_no_theorem() -> None:
    definitions = {"L": Definition("L", (), h)}
    setting, name = Setting(definitions=definitions), Named("L")
    theorem = Draft(name, setting).unfold(name).equals(Draft(h, setting))
    assert concludes(theorem, Claim(name, "=", h, setting))
    definitions["L"] = Definition("L", (), Plus(h, ONE))
    assert not concludes(theorem, Claim(name, "=", h, setting))


# ---------------------------------------------------------------- hypotheses

INDEPENDENT = LawEquation(p(y, z), Times(p(y), p(z)))


def test_a_hypothesis_is_about_its_own_spaces() -> None:
    """That y and z are independent says nothing about u and v."""
    u, v = variables("u v")
    setting = Setting(hypotheses=(INDEPENDENT,))
    assert refused(lambda: Draft(p(u, v), setting).assume(0, Tuple(Tuple(y, u), Tuple(z, v))).theorem())
    copy = Variable("y'", "y")
    assert Draft(p(copy, z), setting).assume(0, Tuple(Tuple(y, copy))).theorem().conditions == ()


def test_a_hypothesis_about_one_parameter_is_not_about_all() -> None:
    """q = p_θ at the θ of the text: not at every θ, and not below an argmax over θ."""
    setting = Setting(hypotheses=(LawEquation(q(z), p[theta](z)),))
    assert refused(lambda: Draft(q(z), setting).assume(0, Tuple(Tuple(theta, phi))).theorem())
    objective = argmax(log(p[theta](z)), theta)
    assert refused(lambda: Draft(objective, setting).assume(0, Tuple(), (1, 0), True).theorem())
    model = Setting(hypotheses=(LawEquation(p[theta](y, z), Times(p[theta](y | z), p[theta](z))),))
    assert Draft(p[phi](y, z), model).assume(0, Tuple(Tuple(theta, phi))).theorem().conditions == ()


def test_a_hypothesis_about_a_law_is_not_about_the_laws_of_an_optimum() -> None:
    setting = Setting(hypotheses=(LawEquation(q(z), p(z)),))
    left, right = argmax(log(q(z)), base(q)), argmax(negative(log(q(z))), base(q))

    def attack() -> Theorem:
        start = Plus(left.objective, Times(Number(-1), right.objective))
        draft = Draft(start, setting).assume(0, Tuple(), (0, 0)).assume(0, Tuple(), (1, 1, 1, 0))
        return same_optimum(left, right, ONE, draft.theorem())

    assert refused(attack)


def test_a_hypothesis_about_one_point_is_not_about_all() -> None:
    """q(z) = p(z|x) is about the x of the text: q is not the average posterior, and not the posterior at every x."""
    setting = Setting(hypotheses=(LawEquation(q(z), p(z | x)),))
    other = Variable("x'", "x")
    average = integral(Times(p(x), p(z | x)), x)
    assert refused(lambda: Draft(average, setting).assume(0, Tuple(), (0, 1), True).theorem())
    assert refused(lambda: Draft(p(z | other), setting).assume(0, Tuple(Tuple(x, other)), (), True).theorem())
    assert Draft(q(z), setting).assume(0, Tuple()).theorem().right == p(z | x)


def test_an_encoder_that_ignores_its_input_does_so_everywhere() -> None:
    """q(z|x) = p(z), where q draws no x, is about every x."""
    setting = Setting(hypotheses=(LawEquation(q(z | x), p(z)),), drawn={"q": frozenset("z"), "p": frozenset("xz")})
    mean = integral(Times(p(x), q(z | x)), x)
    assert Draft(mean, setting).assume(0, Tuple(), (0, 1)).theorem().conditions == ()
    posterior = Setting(hypotheses=(LawEquation(p(z | x), q(z)),), drawn=setting.drawn)
    start = integral(Times(p(x), p(z | x)), x)
    assert refused(lambda: Draft(start, posterior).assume(0, Tuple(), (0, 1)).theorem())


def test_both_conditionals_of_a_hypothesis_must_exist() -> None:
    """q(z,w|x) = p(z|x) r(w|x) says nothing where p(x) = r(x) = 0, and neither excuses the other."""
    w = Variable("w")
    setting = Setting(hypotheses=(LawEquation(q(z, w | x), Times(p(z | x), r(w | x))),))
    needed = {c.subject: c.where for c in Draft(q(z, w | x), setting).assume(0, Tuple()).theorem().conditions}
    assert p(x) in needed
    assert r(x) in needed
    assert r(w | x) not in needed[p(x)] or p(z | x) not in needed[r(x)]


def test_a_hypothesis_with_quotients_needs_their_denominators() -> None:
    """q = p(x,z)/p(x) says nothing where p(x) = 0, so it does not make two such laws equal there."""
    posterior = Quotient(p(x, z), p(x))
    setting = Setting(hypotheses=(LawEquation(q(z | x), posterior), LawEquation(r(z | x), posterior)))

    def attack() -> Theorem:
        return Draft(q(z | x), setting).assume(0, Tuple()).equals(Draft(r(z | x), setting).assume(1, Tuple()))

    assert refused(attack) or any(c.subject == p(x) for c in attack().conditions)


def test_two_encoders_equal_to_a_posterior_agree_only_where_it_exists() -> None:
    hypotheses = (
        LawEquation(q(z | x), p(z | x)),
        LawEquation(r(z | x), p(z | x)),
        LawEquation(p(x, z), Times(p(x), p(z | x))),
    )
    claim = Claim(q(z | x), "=", r(z | x), Setting(hypotheses=hypotheses))
    setting = Setting(hypotheses=hypotheses, drawn=claim.drawn)
    theorem = Draft(q(z | x), setting).assume(0, Tuple()).equals(Draft(r(z | x), setting).assume(1, Tuple()))
    needed = any(c.subject == p(x) for c in theorem.conditions)
    assert needed or not concludes(theorem, claim)


# ---------------------------------------------------------------- what a claim draws


def test_a_theorem_for_encoders_is_none_for_posteriors() -> None:
    """A theorem proved as if no law drew anything does not conclude a claim about conditionals at null points."""
    left = log(Times(p(x), p(z | x)))
    right = Plus(log(p(x)), log(p(z | x)))
    nothing = Setting(drawn={})
    theorem = Draft(left, nothing).rule("log-product", a=p(x), b=p(z | x)).equals(Draft(right, nothing))
    assert not concludes(theorem, Claim(left, "=", right))
