"""Attacks on theorems themselves: optima, look-alike names, forgery."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from attempts import ONE, TWO, ZERO, f, h, p, phi, q, r, refused, theta, w, x, z
from forge import Draft
from sympy import Basic, Tuple

from derive.claims import Claim, LawEquation, Setting
from derive.kernel import Theorem, concludes, equal, from_difference, order, refine, same_optimum, supremum, turned
from derive.rules.pattern import Lambda
from derive.site import site
from derive.steps import ProofError, Step
from derive.terms.binding import base, same, substitute
from derive.terms.nodes import Density, Function, Law, Number, Parameter, Plus, Power, Term, Times, Variable, negative
from derive.terms.notation import KL, E, argmax, argmin, integral, log, sup

# ---------------------------------------------------------------- optima

LOSS = negative(KL(q(z), p(z)))


def gibbs(setting: Setting) -> Theorem:
    """⊢ 0 ≥ −KL(q ‖ p)."""
    divergence = KL(q(z), p(z))
    holes = {"q": q(z), "r": p(z), "Z": Tuple(z)}
    step = Step("gibbs", (1,), holes, LOSS, Times(Number(-1), ZERO))
    assert site(LOSS, (1,)).part == divergence
    return turned(order(refine(LOSS, (), setting), step, Draft(ZERO, setting).ring(Times(Number(-1), ZERO)).theorem()))


def test_a_supremum_does_not_mix_settings() -> None:
    """The point where the bound is reached must not rest on a hypothesis of another setting."""
    other = Setting(hypotheses=(LawEquation(r(z), p(z)),))

    def attack() -> Theorem:
        at: dict[Basic, Basic] = {base(q): r(z)}
        reached = negative(KL(r(z), p(z)))
        holes: dict[str, Basic] = {"q": r(z), "r": p(z), "Z": Tuple(z)}
        draft = Draft(reached, other).rule("kl-definition", (1,), **holes)
        draft.assume(0, Tuple(), (1, 0, 0, 0)).ring(ONE, (1, 0, 0)).rule("log-one", (1, 0))
        draft.rule("expectation-of-constant", (1,), c=ZERO, q=r(z), Z=Tuple(z)).ring(ZERO)
        return supremum(sup(LOSS, base(q)), gibbs(Setting()), draft.equals(Draft(ZERO, other)), at)

    assert refused(attack)


def reached_at(template: Term) -> Theorem:
    """sup_q J = log E_r[1] for J = E_r[log 1] + 0·q(z), "reached" at a template for q."""
    value, mean = log(E(ONE, r(w))), E(log(ONE), r(w))
    objective = Plus(mean, Times(ZERO, q(z)))
    step = Step("jensen-log", (), {"y": ONE, "q": r(w), "Z": Tuple(w)}, value, mean)
    bound = order(refine(value, (), Setting()), step, Draft(objective).ring(mean).theorem())
    at: dict[Basic, Basic] = {base(q): template}
    reached = Draft(substitute(objective, at)).ring(mean).rule("log-one", (0,))
    reached.rule("expectation-of-constant", c=ZERO, q=r(w), Z=Tuple(w))
    same_value = Draft(value).rule("expectation-of-constant", (0,), c=ONE, q=r(w), Z=Tuple(w)).rule("log-one")
    return supremum(sup(objective, base(q)), bound, reached.equals(same_value), at)


def test_a_supremum_is_reached_at_a_law_only() -> None:
    """What is put in for q(z) must be a density of z, or the "class that contains it" is no class of laws."""
    assert reached_at(p(z | x)).judgement == "="
    for template in (p(x | z), Density(p, (z, x)), Density(p, (x,), (z,)), q[theta](z)):
        assert refused(lambda template=template: reached_at(template))  # type: ignore[misc]


def test_a_candidate_with_parameters_is_no_name() -> None:
    """argmax over q_φ: whether φ or q varies is not said, so nothing is free of it."""
    candidate = q[phi]
    left = argmax(Function("f", phi), candidate)
    right = argmax(Plus(Function("f", phi), log(q[phi](z))), candidate)
    start = Plus(left.objective, Times(Number(-1), right.objective))
    after = negative(log(q[phi](z)))
    assert refused(lambda: same_optimum(left, right, ONE, Draft(start).ring(after).theorem()))


def test_the_sign_between_optima() -> None:
    left, right = argmax(h, x), argmin(h, x)
    difference = Draft(Plus(h, Times(Number(-1), h))).ring(ZERO).theorem()
    assert refused(lambda: same_optimum(left, right, ONE, difference))
    assert refused(lambda: same_optimum(left, left, Number(-1), difference))
    assert same_optimum(left, left, ONE, difference).judgement == "argmax-equiv"


# ---------------------------------------------------------------- names that look alike


def test_names_with_separators_do_not_collide() -> None:
    """Names come from documents: x_{i,j}, x_{1:T}."""
    pairs = [
        (Variable("c:a", "b"), Variable("a", "b:c")),
        (Function("f", z, w), Function("f", Variable("z,V:w:w", "z"))),
        (Function("f,V:z:z"), Function("f", z)),
        (Parameter("a)"), Parameter("a")),
        (Law("p", Law("q", theta, phi))(x), Law("p", Law("q", theta), phi)(x)),
        (Law("p@P:theta")(x), p[theta](x)),
        (integral(Function("f", z, Parameter("#0.0")), z), integral(Function("f", z, Parameter("0.0")), z)),
    ]
    for one, other in pairs:
        assert one != other
        assert not same(one, other), (one, other)


# ---------------------------------------------------------------- forged theorems


def forged(left: Term, right: Term, judgement: str) -> Any:
    """Something that has all the attributes of a theorem."""
    fields: Mapping[str, Any] = {"conditions": (), "forward": (), "bridge": (), "backward": (), "parts": ()}
    return SimpleNamespace(left=left, right=right, judgement=judgement, setting=Setting(), **fields)


def test_only_theorems_are_believed() -> None:
    lie, truth = forged(ZERO, ONE, "⊑"), refine(ONE, (), Setting())
    assert refused(lambda: equal(lie, truth))
    assert refused(lambda: equal(truth, lie))
    assert refused(lambda: turned(forged(ZERO, ONE, "=")))
    assert refused(lambda: from_difference(ONE, TWO, forged(Plus(ONE, negative(TWO)), ZERO, "=")))
    optimum = argmax(h, x)
    assert refused(lambda: same_optimum(optimum, optimum, ONE, forged(Plus(h, negative(h)), ZERO, "⊑")))
    below = forged(ONE, Function("f", theta), ">=")
    reached = forged(Function("f", ONE), ONE, "=")
    assert refused(lambda: supremum(sup(Function("f", theta), theta), below, reached, {theta: ONE}))
    assert refused(lambda: concludes(forged(ZERO, ONE, "="), Claim(ZERO, "=", ONE))) or not concludes(
        forged(ZERO, ONE, "="), Claim(ZERO, "=", ONE)
    )


class Wavering(dict[str, Any]):
    """A substitution that answers differently after having been asked a few times."""

    def __init__(self, first: dict[str, Any], later: dict[str, Any], patience: int) -> None:
        super().__init__(first)
        self.later, self.patience = later, patience

    def __getitem__(self, key: str) -> Any:
        self.patience -= 1
        return self.later.get(key, super().__getitem__(key)) if self.patience < 0 else super().__getitem__(key)


@pytest.mark.parametrize("patience", range(24))
def test_a_substitution_is_read_once(patience: int) -> None:
    t = Variable("t")
    convex, concave = Lambda(t, Power(t, TWO)), Lambda(t, log(t))
    law, before, after = q(z), convex(E(f, q(z))), E(convex(f), q(z))
    holes: dict[str, Any] = {"F": convex, "t": f, "q": law, "Z": Tuple(z)}
    for first, later in (({"F": convex}, {"F": concave}), ({"F": concave}, {"F": convex})):
        step = Step("jensen-concave", (), Wavering({**holes, **first}, later, patience), before, after)
        assert refused(lambda step=step: order(refine(before, (), Setting()), step, refine(after, (), Setting())))  # type: ignore[misc]


# ---------------------------------------------------------------- a theorem stays what it is


def theorem() -> Theorem:
    return Draft(Plus(ONE, ONE)).ring(TWO).equals(Draft(TWO))


def test_a_theorem_is_made_by_the_kernel_only() -> None:
    fields: dict[str, Any] = {"left": ZERO, "right": ONE, "judgement": "=", "setting": Setting(), "conditions": ()}
    for seal in (None, object(), Theorem, "seal"):
        assert refused(lambda seal=seal: Theorem(seal, **fields))  # type: ignore[misc]
    with pytest.raises(TypeError):
        type("Believed", (Theorem,), {})


def test_a_theorem_does_not_change() -> None:
    proved = theorem()
    for name, value in (("left", ZERO), ("conditions", ()), ("judgement", "<="), ("_fields", {}), ("new", 1)):
        with pytest.raises(AttributeError):
            setattr(proved, name, value)
    with pytest.raises(AttributeError):
        object.__setattr__(proved, "left", ZERO)
    with pytest.raises(AttributeError):
        del proved.left
    assert proved.left == Plus(ONE, ONE)


class Pretender:
    """Has the shape of a theorem, and then its class."""

    __slots__ = ("__weakref__",)


def test_an_object_that_takes_the_class_of_a_theorem_is_none() -> None:
    pretender: Any = Pretender()
    with suppress(TypeError):
        pretender.__class__ = Theorem
    assert refused(lambda: concludes(pretender, Claim(ZERO, "=", ONE)))
    with pytest.raises(ProofError):
        _ = Theorem.__new__(Theorem).left
    proved = theorem()
    with pytest.raises(TypeError):
        proved.__init__(None, left=ZERO, right=ONE, judgement="=", setting=Setting(), conditions=())  # type: ignore[misc]
    assert not concludes(proved, Claim(ZERO, "=", ONE))


def test_a_theorem_is_not_copied_or_pickled() -> None:
    proved = theorem()
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps, lambda t: replace(t, left=ZERO)):
        with pytest.raises(TypeError):
            attempt(proved)


def test_an_empty_theorem_says_nothing() -> None:
    blank = Theorem.__new__(Theorem)
    with pytest.raises((AttributeError, ProofError, TypeError)):
        concludes(blank, Claim(ZERO, "=", ONE))
