"""A theorem as a chain: it starts and ends where the claim does, and every line follows from the one before."""

from __future__ import annotations

import pytest
from runs import ELBO, EVIDENCE, FALSE, JOINT, TRUE, WEIGHTED, everything, p, q, x, z

from derive.claims import Claim
from derive.conditions import Condition
from derive.kernel import Theorem
from derive.rules import TABLE
from derive.rules.inferences import INFERENCES
from derive.steps import Step
from derive.terms.binding import same
from derive.terms.notation import KL, E, log
from derive.writing.mathml import Marked
from verify.check import check
from verify.report.proof import (
    BOOKKEEPING,
    Chain,
    Line,
    chains,
    inference,
    main_rule,
    marked,
    steps,
    title,
    why,
    without_detours,
)
from verify.results import CheckedClaim

PROVED = [claim for claim in everything().documents[0].claims if claim.verdict.theorem is not None]


def theorem_of(claim: Claim) -> Theorem:
    theorem = check(claim).theorem
    assert theorem is not None
    return theorem


def ends(chain: Chain) -> tuple[object, object]:
    return chain.start, chain.lines[-1].term if chain.lines else chain.start


@pytest.mark.parametrize("claim", PROVED, ids=lambda claim: claim.text)
def test_every_chain_is_made_of_the_kernels_steps(claim: CheckedClaim) -> None:
    theorem = claim.verdict.theorem
    assert theorem is not None
    kernel = {id(step) for part in (theorem, *theorem.parts) for step in steps(part)}
    for chain in chains(theorem):
        assert all(id(line.step) in kernel for line in chain.lines)


@pytest.mark.parametrize("claim", PROVED, ids=lambda claim: claim.text)
def test_each_line_is_one_side_of_its_step_and_the_line_before_is_the_other(claim: CheckedClaim) -> None:
    theorem = claim.verdict.theorem
    assert theorem is not None
    for chain in chains(theorem):
        here = chain.start
        for line in chain.lines:
            sides = (line.step.before, line.step.after)
            before, after = reversed(sides) if line.reversed else sides
            assert same(here, before)
            assert same(line.term, after)
            here = line.term


@pytest.mark.parametrize("claim", TRUE[:7], ids=lambda claim: claim.sign)
def test_a_chain_leads_from_one_side_to_the_other(claim: Claim) -> None:
    (chain,) = chains(theorem_of(claim))
    start, end = ends(chain)
    straight = same(start, claim.lhs) and same(end, claim.rhs)  # type: ignore[arg-type]
    turned = same(start, claim.rhs) and same(end, claim.lhs)  # type: ignore[arg-type]
    assert straight or (turned and claim.sign == "=" and "right side" in chain.purpose)


def test_a_chain_has_the_relation_of_the_claim_exactly_once() -> None:
    for relation, left, right in ((">=", EVIDENCE, ELBO), ("<=", ELBO, EVIDENCE)):
        (chain,) = chains(theorem_of(Claim(left, relation, right)))  # type: ignore[arg-type]
        assert [line.relation for line in chain.lines].count(relation) == 1
        assert {line.relation for line in chain.lines} == {"=", relation}


def test_a_detour_that_needs_nothing_is_left_out_and_counted() -> None:
    theorem = theorem_of(Claim(log(JOINT), "=", log(WEIGHTED)))
    (chain,) = chains(theorem)
    assert len(chain.lines) + chain.skipped == len(list(steps(theorem)))
    formulas = [chain.start, *(line.term for line in chain.lines)]
    assert not any(same(a, b) for i, a in enumerate(formulas) for b in formulas[i + 1 :])


def loop(*premises: Condition) -> Chain:
    """log p(x) becomes log ∫ p(x,z) dz and then log p(x) again."""
    there = Step("marginalise", (0,), {}, EVIDENCE, log(JOINT), premises, True)
    back = Step("marginalise", (0,), {}, log(JOINT), EVIDENCE)
    return Chain(EVIDENCE, (Line("=", log(JOINT), there), Line("=", EVIDENCE, back)))


def test_a_loop_is_left_out_only_if_nothing_in_it_needs_anything() -> None:
    assert without_detours(loop()).lines == ()
    assert without_detours(loop()).skipped == 2
    needy = loop(Condition("evidence", p(x)))
    assert without_detours(needy) == needy


def test_an_inequality_is_never_left_out() -> None:
    chain = loop()
    worse = Chain(chain.start, (Line(">=", log(JOINT), chain.lines[0].step), chain.lines[1]))
    assert without_detours(worse) == worse


def test_no_step_with_a_premise_is_left_out() -> None:
    theorem = theorem_of(Claim(log(JOINT), "=", log(WEIGHTED)))
    wanted = {premise.key for step in steps(theorem) for premise in step.premises}
    shown = {premise.key for chain in chains(theorem) for line in chain.lines for premise in line.step.premises}
    assert wanted
    assert shown == wanted


def test_a_supremum_is_shown_as_a_bound_and_a_point_where_it_is_reached() -> None:
    theorem = theorem_of(TRUE[7])
    assert inference(theorem) == "supremum"
    bound, reached = chains(theorem)
    assert {line.relation for line in bound.lines} >= {">="}
    assert {line.relation for line in reached.lines} == {"="}


def test_a_turned_bound_is_still_one_chain() -> None:
    theorem = theorem_of(Claim(ELBO, "<=", EVIDENCE))
    assert inference(theorem) == "turned"
    assert main_rule(theorem) == "variational-bound"


@pytest.mark.parametrize(
    ("claim", "rule"),
    [
        (Claim(EVIDENCE, "=", log(JOINT)), "marginalise"),
        (Claim(log(JOINT), "=", log(WEIGHTED)), "multiply-divide"),
        (Claim(EVIDENCE, ">=", ELBO), "variational-bound"),
        (Claim(log(E(p(x, z), q(z | x))), ">=", E(log(p(x, z)), q(z | x))), "jensen-log"),
        (Claim(KL(q(z | x), p(z | x)), "=", E(log(q(z | x) / p(z | x)), q(z | x))), "kl-definition"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.sign,
)
def test_the_main_rule_is_the_one_a_lecturer_would_name(claim: Claim, rule: str) -> None:
    assert main_rule(theorem_of(claim)) == rule


def test_equal_sides_need_no_step() -> None:
    theorem = theorem_of(Claim(ELBO, "=", ELBO))
    assert sum(len(chain.lines) for chain in chains(theorem)) == 0
    assert title(main_rule(theorem))


def test_every_rule_and_inference_has_a_title_and_a_reason() -> None:
    for name in (*TABLE, *INFERENCES):
        assert title(name)
        assert why(name)


def test_the_ranking_knows_only_rules_that_exist() -> None:
    assert set(BOOKKEEPING) <= set(TABLE) | set(INFERENCES)


def test_the_changed_part_is_marked_and_nothing_else_is_touched() -> None:
    marks = 0
    for claim in PROVED:
        theorem = claim.verdict.theorem
        assert theorem is not None
        for chain in chains(theorem):
            for line in chain.lines:
                shown = marked(line)
                marks += shown != line.term
                assert same(_without_marks(shown), line.term)
    assert marks > 5


def _without_marks(term: object) -> object:
    if isinstance(term, Marked):
        return _without_marks(term.content)
    args = getattr(term, "args", ())
    return term.func(*map(_without_marks, args)) if args else term  # type: ignore[attr-defined]


def test_refuted_claims_have_no_proof() -> None:
    assert all(check(claim).theorem is None for claim in FALSE)
