"""What the kernel wants before it leaves gaps out of a sum: each refusal beside the honest conclusion."""

from __future__ import annotations

import pytest
from attempts import ZERO, h, p, q, refused, x, z
from sympy import Basic, Tuple

from derive.claims import Claim, Positive, Setting
from derive.kernel import Theorem, combine, concludes, equal, order, refine, turned
from derive.steps import Step
from derive.terms.nodes import Number, Plus, Term, Times, negative
from derive.terms.notation import KL, E, log
from verify.check import check

HERE = Setting(drawn={"q": frozenset("z"), "p": frozenset("z")})
GAP = KL(q(z), p(z))
HOLES: dict[str, Basic] = {"q": q(z), "r": p(z), "Z": Tuple(z)}
TWO, THREE = Number(2), Number(3)


def chain(term: Term, *steps: Step, setting: Setting = HERE) -> Theorem:
    return refine(term, steps, setting)


def itself(term: Term) -> Theorem:
    return equal(chain(term), chain(term))


def gap(setting: Setting = HERE) -> Theorem:
    return order(chain(GAP, setting=setting), Step("gibbs", (), HOLES, GAP, ZERO), chain(ZERO, setting=setting))


def test_a_gap_is_left_out_of_the_larger_side() -> None:
    theorem = combine(chain(Plus(h, Times(TWO, GAP))), [(TWO, gap())], itself(h))
    assert (theorem.left, theorem.judgement, theorem.right) == (Plus(h, Times(TWO, GAP)), ">=", h)
    assert concludes(theorem, Claim(Plus(h, Times(TWO, GAP)), ">=", h, Setting()))
    assert not concludes(theorem, Claim(Plus(h, Times(TWO, GAP)), "<=", h, Setting()))


def test_a_gap_that_is_subtracted_is_left_out_of_the_smaller_side() -> None:
    theorem = combine(chain(Plus(h, negative(GAP))), [(Number(1), gap())], itself(h))
    assert (theorem.judgement, theorem.right) == ("<=", h)


def test_the_rest_may_itself_be_an_inequality_of_the_same_direction() -> None:
    rest = order(chain(Plus(GAP, h)), Step("gibbs", (0,), HOLES, Plus(GAP, h), Plus(ZERO, h)), chain(Plus(ZERO, h)))
    whole = Plus(Plus(GAP, h), Times(TWO, GAP))
    assert combine(chain(whole), [(TWO, gap())], rest).right == Plus(ZERO, h)
    assert refused(lambda: combine(chain(whole), [(TWO, gap())], turned(rest)))
    lowered = Plus(Plus(GAP, h), Times(Number(-2), GAP))
    assert refused(lambda: combine(chain(lowered), [(TWO, gap())], rest))


@pytest.mark.parametrize("scale", [0, -1, -2])
def test_gaps_are_multiplied_with_positive_numbers(scale: int) -> None:
    number = Number(scale)
    assert refused(lambda: combine(chain(Plus(h, Times(number, GAP))), [(number, gap())], itself(h)))


def test_what_is_left_out_must_have_been_proved_not_to_be_negative() -> None:
    whole = Plus(h, Times(TWO, GAP))
    assert refused(lambda: combine(chain(whole), [(TWO, itself(GAP))], itself(h)))
    assert refused(lambda: combine(chain(whole), [(TWO, turned(gap()))], itself(h)))
    assert refused(lambda: combine(chain(whole), [(TWO, chain(GAP))], itself(h)))
    minus, nothing = negative(GAP), negative(ZERO)
    below = order(chain(minus), Step("gibbs", (1,), HOLES, minus, nothing), chain(ZERO, _ring(ZERO, nothing)))
    assert (below.judgement, below.right) == ("<=", ZERO)
    assert refused(lambda: combine(chain(Plus(h, Times(TWO, minus))), [(TWO, below)], itself(h)))


def test_the_chain_leads_to_the_rest_and_the_gaps_and_nothing_else() -> None:
    whole = Plus(h, Times(TWO, GAP))
    assert refused(lambda: combine(chain(whole), [(THREE, gap())], itself(h)))
    assert refused(lambda: combine(chain(whole), [], itself(h)))
    assert refused(lambda: combine(chain(whole), [(TWO, gap())], itself(log(p(x)))))
    assert refused(lambda: combine(chain(Plus(h, whole)), [(TWO, gap())], itself(h)))
    assert refused(lambda: combine(itself(whole), [(TWO, gap())], itself(h)))


def test_all_is_said_in_one_setting() -> None:
    other = Setting(hypotheses=(Positive(None),), drawn=HERE.drawn)
    assert refused(lambda: combine(chain(Plus(h, Times(TWO, GAP))), [(TWO, gap(other))], itself(h)))


def test_conditions_of_all_parts_are_kept() -> None:
    """The chain here is 0 ⊑ …, which needs the gap to be finite."""
    start = Plus(h, Times(THREE, GAP), negative(GAP))
    after = Plus(h, Times(Number(4), GAP), Times(Number(-4), GAP), Times(TWO, GAP))
    needy = chain(start, _ring(start, after))
    assert [c.kind for c in needy.conditions] == ["finite"]
    rest = Plus(h, Times(Number(4), GAP), Times(Number(-4), GAP))
    assert [c.kind for c in combine(needy, [(TWO, gap())], itself(rest)).conditions] == ["finite"]


def _ring(before: Term, after: Term) -> Step:
    from derive.steps import premises

    step = Step("ring", (), {}, before, after)
    return Step("ring", (), {}, before, after, premises(step, HERE))


@pytest.mark.parametrize(
    ("large", "small"),
    [
        (E(log(p(x | z)), q(z)), Plus(E(log(p(x | z)), q(z)), Times(Number(-4), GAP))),
        (log(p(x)), Plus(E(log(p(x | z)), q(z)), Times(Number(-3), GAP))),
    ],
)
def test_what_is_proved_with_gaps_holds_in_worlds_and_turned_round_it_does_not(large: Term, small: Term) -> None:
    assert check(Claim(large, ">=", small)).word == "proved"
    assert check(Claim(large, "<=", small)).word == "refuted"
