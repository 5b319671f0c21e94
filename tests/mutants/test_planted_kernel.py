"""At least one check of the suite fails for every bug planted in the terms, the rules, the kernel or the engine.

The checks are the suite's own tests (tests/soundness, tests/rules); each is also run without the bug.  A bug in the
engine need not be caught by a test: the kernel refuses what it proposes, and nothing false comes out as proved.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from bank import BANK
from judge import Statement, violation
from planting import Bug, WrongRow, fails, forget, run_check

from derive.claims import Claim
from derive.engine.prove import prove
from derive.rules.rule import Rule
from derive.terms.nodes import ArgExtremum, Density, Exp, Extremum, Integral, Number, Plus

NAMES, CONDITIONS = "test_name_attacks:test_", "test_condition_attacks:test_"
ALGEBRA, THEOREMS = "test_algebra_attacks:test_", "test_theorem_attacks:test_"
PATTERNS, KERNEL = "test_pattern_attacks:test_", "test_kernel_checks:test_"
COMBINE, OPTIMUM = "test_combine:test_", "test_optimum:test_"
TAMPERING, HOLDS = "test_tampering:test_", "test_rules_hold:test_a_rule_holds_in_every_kind_of_world"

# ---------------------------------------------------------------- terms

TERMS = [
    Bug("variables are captured by substitution", "derive.terms.binding:_freshen",
        "if not clashes:", "if True:", NAMES + "unfolding_a_name_takes_its_arguments_out_of_the_way"),
    Bug("free names of what a binder binds over lost", "derive.terms.binding:free_names",
        "return inner - frozenset(node.bound_names)", "return inner - free_names(node.args[0])",
        NAMES + "unfolding_a_name_takes_its_arguments_out_of_the_way"),
    Bug("compared without order", "derive.terms.binding:_print",
        "','.join(_inner(arg, scope) for arg in node.args)",
        "','.join(sorted(_inner(arg, scope) for arg in node.args))",
        PATTERNS + "different_terms_are_not_the_same"),
    Bug("bound variables not told apart", "derive.terms.binding:_print_binder",
        "(name, (0, which)) for which, name in enumerate(bound)", "(name, (0, 0)) for name in bound",
        KERNEL + "the_points_of_an_integral_are_told_apart"),
    Bug("parameters of laws not compared", "derive.terms.binding:_print",
        """ + (f"[{below}]" if below else "")""", "", PATTERNS + "different_terms_are_not_the_same"),
    Bug("names with separators run together", "derive.terms.binding:_plain",
        "return name if _PLAIN.fullmatch(name) else repr(name)", "return name",
        THEOREMS + "names_with_separators_do_not_collide"),
    Bug("a product with one non-negative factor counts as non-negative", "derive.terms.meaning:is_nonnegative",
        "case Plus() | Times():\n            return all(", "case Plus() | Times():\n            return any(",
        PATTERNS + "what_may_be_negative_is_put_in_for_nothing_that_may_not"),
    Bug("logarithms count as finite", "derive.terms.meaning:is_finite",
        "Variable() | Density():", "Variable() | Density() | Log():", ALGEBRA + "algebra_never_loses_a_defined_value"),
    Bug("quotients count as finite", "derive.terms.meaning:is_finite",
        "case Plus() | Times():", "case Plus() | Times() | Quotient():", KERNEL + "a_quotient_may_be_infinite"),
    Bug("conditionals count as defined at null points", "derive.terms.meaning:is_defined",
        "return null(term) is None", "return True", NAMES + "both_conditionals_of_a_hypothesis_must_exist"),
]  # fmt: skip

# ---------------------------------------------------------------- rules: patterns, algebra, curvature, conditions

RULES = [
    Bug("free variables not checked", "derive.rules.pattern:check_scopes",
        "if name != group and outside and bound", "if False and bound",
        PATTERNS + "a_bound_variable_does_not_leave_its_binder"),
    Bug("what is no law fills the hole of a law", "derive.rules.pattern:_unfit",
        "isinstance(value, Term) and is_law(value) and", "isinstance(value, Term) and",
        PATTERNS + "what_is_not_normalised_is_put_in_for_no_law"),
    Bug("a law chosen by what it draws", "derive.rules.pattern:_unfit",
        "if fits and not _indices(cast(Term, value)) & set(drawn or ())", "if fits",
        CONDITIONS + "a_law_whose_index_is_drawn_is_not_normalised"),
    Bug("negative arguments of logs", "derive.rules.pattern:_unfit",
        'return "" if is_nonnegative(value) else', 'return "" if True else',
        PATTERNS + "what_may_be_negative_is_put_in_for_nothing_that_may_not"),
    Bug("ring: denominators forgotten", "derive.rules.algebra:_Algebra.divisors",
        "if place.below]", "if False]", ALGEBRA + "algebra_never_loses_a_defined_value"),
    Bug("ring: undefined atoms forgotten", "derive.rules.algebra:_Algebra.exposed",
        "if ALWAYS not in place.beside", "if False", ALGEBRA + "algebra_never_loses_a_defined_value"),
    Bug("ring: A − A with A infinite", "derive.rules.algebra:_Algebra.repeated",
        "if len(found) > 1:", "if False:", ALGEBRA + "algebra_never_loses_a_defined_value"),
    Bug("ring: signs of products lost", "derive.rules.algebra:_Algebra._all_products",
        "rises == grows)", "rises)", ALGEBRA + "infinities_of_one_sign_add_up_without_a_condition"),
    Bug("ring: 0 · ∞ beside sums", "derive.rules.algebra:_Algebra.beside_sums",
        "if self._is_sum(factor, is_after):", "if False:", ALGEBRA + "algebra_never_loses_a_defined_value"),
    Bug("ring: squares taken apart", "derive.rules.algebra:_Algebra._is_sum",
        " or (is_square and not is_after)", "", KERNEL + "a_square_beside_something_infinite_is_not_taken_apart"),
    Bug("ring: cancels too much", "derive.rules.algebra:_reduced",
        "common = min(", "common = max(", ALGEBRA + "algebra_never_loses_a_defined_value"),
    Bug("curvature: concave for convex", "derive.rules.curvature:_assumed",
        " and h.kind == kind", "", KERNEL + "curvature_is_of_one_kind"),
    Bug("curvature: on half the line only", "derive.rules.curvature:by_second_derivative",
        'Dummy("t", real=True)', 'Dummy("t", positive=True)',
        CONDITIONS + "a_log_behind_a_zero_does_not_make_a_function_positive"),
    Bug("curvature: the sign of the second derivative", "derive.rules.curvature:by_second_derivative",
        'if kind == "concave" else', 'if kind == "convex" else', THEOREMS + "a_substitution_is_read_once"),
    Bug("p⁻¹ > 0 taken for p > 0", "derive.conditions:factors",
        "case Power() if _is_positive_number(term.exponent):", "case Power():",
        CONDITIONS + "a_weight_that_stays_positive_says_nothing_about_its_base"),
    Bug("q > 0 taken for p > 0", "derive.conditions:_implies",
        "and fingerprint(joint.law) == fingerprint(factor.law)", "", CONDITIONS + "only_what_follows_is_discharged"),
    Bug("p(x) > 0 taken for p(x, z) > 0", "derive.conditions:_implies",
        "and set(factor.points) <= set(joint.points)", "", CONDITIONS + "only_what_follows_is_discharged"),
]  # fmt: skip

# ---------------------------------------------------------------- kernel

STEPS = [
    Bug("the left side not compared", "derive.steps:_checked",
        "if not same(here.part, left):", "if False:", KERNEL + "a_rule_speaks_of_its_own_sides_only"),
    Bug("the result not compared", "derive.steps:_checked",
        "if not alike(here.replace(right), step.after):", "if False:", KERNEL + "a_rule_speaks_of_its_own_sides_only"),
    Bug("ring changes something else as well", "derive.steps:_ring",
        "if not same(here.replace(there.part), step.after):", "if False:",
        KERNEL + "algebra_at_a_place_changes_that_place_only"),
    Bug("the form of a weight is lost", "derive.steps:_kept_in_form",
        "if _loses_form(old, new):", "if False:", ALGEBRA + "a_weight_keeps_its_form_when_it_is_rewritten_in_place"),
    Bug("two points of one space in a density", "derive.steps:_check_terms",
        "if has_twins(term):", "if False:", CONDITIONS + "two_points_of_one_space_in_one_density_have_no_rules"),
    Bug("a hypothesis at null points", "derive.steps:_hypothesis",
        "*_defined_product(densities[1], [] if known is None else [known], here, setting),", "",
        NAMES + "both_conditionals_of_a_hypothesis_must_exist"),
    Bug("a hypothesis used on bound laws and points", "derive.steps:_check_renaming",
        "& (moved | bound)", "& moved", NAMES + "a_hypothesis_about_one_point_is_not_about_all"),
    Bug("a hypothesis used on other spaces", "derive.steps:_check_renaming",
        "if not points and not", "if False and not", NAMES + "a_hypothesis_is_about_its_own_spaces"),
    Bug("a condition dropped", "derive.steps:_required",
        "return [positive(subject, (*here.where, *weights), here.over), *conditions]", "return []",
        CONDITIONS + "multiply_and_divide_is_never_false_where_its_conditions_hold"),
    Bug("one stated law states them all", "derive.steps:_stated",
        "if all(reasons):", "if any(reasons):", KERNEL + "positivity_is_stated_only_if_all_factors_are"),
    Bug("a substitution that changes its mind", "derive.steps:premises",
        "step = replace(step, substitution=dict(step.substitution))", "step = replace(step)",
        THEOREMS + "a_substitution_is_read_once"),
    Bug("weights of outer variables kept", "derive.site:_descend",
        "if not free_names(w) & set(parent.bound_names))", ")",
        KERNEL + "a_weight_on_the_free_variable_says_nothing_about_the_bound_one"),
    Bug("undefined weights believed", "derive.site:_weights",
        " and (not decides(part) or is_defined(f, null))", "",
        CONDITIONS + "a_conditional_beside_a_weight_does_not_vouch_for_what_is_given"),
    Bug("a minus keeps the direction", "derive.site:_monotone",
        "return (None if rising is None else not rising) if flips else None", "return rising",
        KERNEL + "a_minus_turns_an_inequality_round"),
    Bug("a mean with signs keeps the direction", "derive.site:_monotone",
        " and all(map(is_nonnegative, law_factors(parent.law)))", "",
        CONDITIONS + "a_mean_with_signs_does_not_keep_an_inequality"),
]  # fmt: skip

THE_KERNEL = [
    Bug("steps that do not join", "derive.kernel:refine",
        "if not alike(here, step.before):", "if False:", TAMPERING + "a_step_removed"),
    Bug("an inequality as a refinement", "derive.kernel:refine",
        'if step.rule in TABLE and TABLE[step.rule].relation != "=":', "if False:",
        KERNEL + "an_inequality_is_no_refinement"),
    Bug("premises forgotten", "derive.kernel:_compare",
        "if {c.key for c in needed} != {c.key for c in given}:", "if False:", TAMPERING + "a_condition_dropped"),
    Bug("conditions of all steps but the last lost", "derive.kernel:refine",
        "conditions += needed", "conditions = list(needed)", CONDITIONS + "the_wider_of_two_conditions_is_kept"),
    Bug("conditions of the parts lost", "derive.kernel:_theorem",
        "[condition for part in parts for condition in part.conditions] + list(own)", "list(own)",
        NAMES + "two_encoders_equal_to_a_posterior_agree_only_where_it_exists"),
    Bug("the direction of a place lost", "derive.kernel:order",
        "if grows == rising else", "if grows else", KERNEL + "a_minus_turns_an_inequality_round"),
    Bug("the direction of use lost", "derive.kernel:order",
        '(rule.relation == "<=") != step.backwards', 'rule.relation == "<="',
        KERNEL + "an_inequality_used_backwards_points_the_other_way"),
    Bug("chains that do not meet", "derive.kernel:equal",
        "if not alike(left.right, right.right):", "if False:",
        NAMES + "renaming_a_bound_variable_does_not_change_what_a_name_means"),
    Bug("an inequality beside its chains", "derive.kernel:order",
        " or not alike(right.right, step.after)", "", KERNEL + "an_inequality_joins_the_ends_of_its_chains"),
    Bug("theorems of different settings", "derive.kernel:_are_theorems",
        "if any(theorem.setting != theorems[0].setting for theorem in theorems):", "if False:",
        THEOREMS + "a_supremum_does_not_mix_settings"),
    Bug("an unsealed theorem", "derive.kernel:Theorem.__init__",
        "if seal is not _SEAL:", "if False:", THEOREMS + "a_theorem_is_made_by_the_kernel_only"),
    Bug("a difference of one", "derive.kernel:from_difference",
        "if theorem.right != Number(0):", "if False:", KERNEL + "a_difference_is_compared_with_zero"),
    Bug("a difference of something else", "derive.kernel:from_difference",
        " or not alike(theorem.left, Plus(left, Times(Number(-1), right)))", "",
        KERNEL + "a_difference_is_compared_with_zero"),
    Bug("argmin for argmax", "derive.kernel:same_optimum",
        "signed = scale if opposite else Number(-scale.value)", "signed = Number(-scale.value)",
        KERNEL + "optima_are_scaled_by_something_positive"),
    Bug("objectives scaled by a negative number", "derive.kernel:same_optimum",
        " or scale.value <= 0", "", KERNEL + "optima_are_scaled_by_something_positive"),
    Bug("optima over different candidates", "derive.kernel:same_optimum",
        "if _candidates(left) != _candidates(right):", "if False:", KERNEL + "optima_range_over_the_same_candidates"),
    Bug("what is left depends on the candidates", "derive.kernel:_check_general",
        "if free_names(value) & candidates or names_in(value):", "if names_in(value):",
        KERNEL + "what_is_left_between_two_objectives_is_the_same_for_all_candidates"),
    Bug("a name hides the candidates", "derive.kernel:_check_general",
        " or names_in(value)", "", NAMES + "a_name_without_a_definition_hides_nothing_either"),
    Bug("a hypothesis about one candidate", "derive.kernel:_check_general",
        "if any(spoken_of(equation) & candidates for equation in equations):", "if False:",
        NAMES + "a_hypothesis_about_a_law_is_not_about_the_laws_of_an_optimum"),
    Bug("a supremum reached elsewhere", "derive.kernel:supremum",
        "not alike(attained.left, substitute(objective, at)) or", "",
        KERNEL + "a_supremum_is_reached_where_it_is_said_to_be"),
    Bug("a supremum reached at no law", "derive.kernel:_chosen",
        "if len(slots) <= 1 and all(at == _spaces(choice.at) for at, _ in slots):", "if True:",
        THEOREMS + "a_supremum_is_reached_at_a_law_only"),
    Bug("a claim with another right side", "derive.kernel:concludes",
        " or not same(unfold(theorem.right), unfold(claim.rhs))", "", TAMPERING + "a_theorem_concludes_no_other_claim"),
    Bug("a claim with another relation", "derive.kernel:concludes",
        'return judgement == sign or (judgement == "="', 'return judgement == sign or (judgement != "="',
        TAMPERING + "a_theorem_concludes_no_other_claim"),
    Bug("encoders for posteriors", "derive.kernel:concludes",
        "if theorem.setting.drawn is not None and dict(theorem.setting.drawn) != dict(claim.drawn):", "if False:",
        NAMES + "a_theorem_for_encoders_is_none_for_posteriors"),
    Bug("gaps of any sign", "derive.kernel:combine",
        " or scale.value <= 0", "", COMBINE + "gaps_are_multiplied_with_positive_numbers"),
    Bug("a gap that nobody has proved", "derive.kernel:combine",
        'gap.judgement != ">=" or ', "", COMBINE + "what_is_left_out_must_have_been_proved_not_to_be_negative"),
    Bug("a rest of the other direction", "derive.kernel:combine",
        'rest.judgement in ("=", judgement)', "True",
        COMBINE + "the_rest_may_itself_be_an_inequality_of_the_same_direction"),
    Bug("gaps added where they are subtracted", "derive.kernel:combine",
        "Number(sign * scale.value)", "Number(scale.value)",
        COMBINE + "a_gap_that_is_subtracted_is_left_out_of_the_smaller_side"),
    Bug("conditions of gaps lost", "derive.kernel:combine",
        "parts = (chain, rest, *(gap for _, gap in gaps))", "parts = (rest, *(gap for _, gap in gaps))",
        COMBINE + "conditions_of_all_parts_are_kept"),
    Bug("a support said of one law for all", "derive.steps:_said_positive",
        "if fingerprint(h.subject) == fingerprint(factor)", "if True",
        KERNEL + "a_support_is_stated_only_where_it_is_said"),
    Bug("a support said at some points for all", "derive.steps:_said_positive",
        " and positive_given(h.where, needed)", "", KERNEL + "a_support_is_stated_only_where_it_is_said"),
    Bug("products of negative parameters", "derive.conditions:_bound",
        " or factor.lower < 0", "", KERNEL + "a_product_of_parameters_is_settled_by_those_that_are_not_negative"),
    Bug("an optimum that nobody speaks of", "derive.kernel:optimum",
        "said not in left.setting.hypotheses or ", "", OPTIMUM + "only_what_the_text_says_is_an_optimum"),
    Bug("a minimum for a maximum", "derive.kernel:optimum",
        '">=" if said.optimum.kind == "argmax" else "<="', '">="', OPTIMUM + "a_minimum_is_the_smaller_one"),
    Bug("another objective at the other value", "derive.kernel:optimum",
        " or not alike(right.right, compared)", "", OPTIMUM + "both_sides_are_that_objective"),
    Bug("another objective at the optimum", "derive.kernel:optimum",
        "not alike(left.right, best) or ", "", OPTIMUM + "both_sides_are_that_objective"),
    Bug("turned round without the sign", "derive.kernel:turned",
        '">=": "<=", "<=": ">="}', '">=": ">=", "<=": "<="}', KERNEL + "turning_round_turns_the_sign"),
]  # fmt: skip

# ---------------------------------------------------------------- rows of the table


def forgets_what_is_given(rule: Rule) -> Rule:
    return replace(rule, right=Density(rule.right.args[0], rule.right.args[1]))


def loses_its_factor(rule: Rule) -> Rule:
    body, group = rule.right.args
    return replace(rule, right=Integral(body.args[1], group))


ROWS = [
    WrongRow(name, rule, change, f"{HOLDS}[{rule}]")
    for name, rule, change in (
        ("Jensen turned round", "jensen-log", lambda r: replace(r, relation="<=")),
        ("Gibbs as an equation", "gibbs", lambda r: replace(r, relation="=")),
        ("multiply and divide without support", "multiply-divide", lambda r: replace(r, needs=r.needs[1:])),
        ("multiply and divide by infinity", "multiply-divide", lambda r: replace(r, needs=r.needs[:1])),
        ("log of a product without conditions", "log-product", lambda r: replace(r, splitting=())),
        ("a marginal forgets what is given", "marginalise", forgets_what_is_given),
        ("KL averaged under the other law", "kl-definition", lambda r: replace(r, right=r.near_misses[1].right)),
        ("entropy without its sign", "entropy-definition", lambda r: replace(r, right=r.near_misses[0].right)),
        ("a constant factor lost", "constant-factor", loses_its_factor),
        ("two values of any weights", "jensen-two", lambda r: replace(r, needs=r.needs[:2])),
        ("a multiple of KL of any sign", "gibbs-scaled", lambda r: replace(r, needs=())),
        ("less of a KL is more", "gibbs-multiple", lambda r: replace(r, relation="<=")),
        ("1 as ∫ q at null points", "normalise", lambda r: replace(r, merging=())),
    )
]

PLANTED: list[Bug | WrongRow] = [*TERMS, *RULES, *STEPS, *THE_KERNEL, *ROWS]


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.name)
def test_a_planted_bug_is_caught_by_the_suite(bug: Bug | WrongRow) -> None:
    run_check(bug.caught_by)
    with bug.planted():
        assert fails(bug.caught_by)
    assert not fails(bug.caught_by), "the bug is still there"


def test_there_are_many_kinds_of_bugs() -> None:
    assert len(PLANTED) >= 60
    assert len({bug.place for bug in PLANTED if isinstance(bug, Bug)}) >= 30


# ---------------------------------------------------------------- the engine

ENGINE = [
    Bug("coefficients lost", "derive.engine.collecting:Collected._add",
        "+ coefficient", "+ 1", "engine"),
    Bug("a factor lost", "derive.engine.collecting:Collected.write",
        "front = [_power(self.terms[key], e) for key, e in sorted(weight.items())]", "front = []", "engine"),
    Bug("premises left out", "derive.engine.chain:Chain._append",
        "premises=premises(step, self.setting)", "premises=()", "engine"),
    Bug("rules used the wrong way round", "derive.engine.chain:Chain.apply",
        "_, new, _ = instance(TABLE[rule], substitution, backwards)",
        "_, new, _ = instance(TABLE[rule], substitution, not backwards)", "engine"),
    Bug("different sides taken for the same", "derive.engine.chain:meets",
        "return same(left.term, right.term)", "return True", "refused"),
    Bug("the weight of a mean dropped", "derive.engine.collecting:_expand_product",
        "for d, right in summands]", "for d, right in summands[:1]]", "engine"),
]  # fmt: skip


def false_claims() -> dict[str, Claim]:
    """The claims of the bank with something added to one side."""
    claims = {f"{name}, and more": claim() for name, claim in BANK.items()}
    return {
        name: replace(claim, rhs=Plus(claim.rhs, Exp(Number(20))))
        for name, claim in claims.items()
        if claim.sign in ("=", ">=") and not isinstance(claim.rhs, ArgExtremum)
    }


def engine_theorems() -> dict[str, str]:
    """What the engine proves of the bank and of false claims, each with what is wrong with it."""
    found = {}
    for name, claim in {**{name: make() for name, make in BANK.items()}, **false_claims()}.items():
        theorem = prove(claim)
        if theorem is not None:
            optimum = isinstance(theorem.left, ArgExtremum | Extremum)
            found[name] = "" if optimum else violation(Statement.of(theorem), 10)
    return found


@pytest.fixture(scope="module")
def right() -> dict[str, str]:
    forget()
    return engine_theorems()


def test_the_engine_without_bugs_proves_the_bank_and_nothing_false(right: dict[str, str]) -> None:
    assert set(right) == set(BANK)
    assert not any(right.values())


@pytest.mark.parametrize("bug", ENGINE, ids=lambda bug: bug.name)
def test_a_bug_in_the_engine_proves_less_and_nothing_false(bug: Bug, right: dict[str, str]) -> None:
    with bug.planted():
        wrong = engine_theorems()
    assert not any(wrong.values())
    assert set(wrong) <= set(right)
    assert bug.caught_by == "refused" or set(wrong) < set(right), "the bug changes nothing"
