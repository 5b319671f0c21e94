"""Verdicts in words: conditions, equality cases, likely mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import cast

import numpy as np

from derive.claims import Claim, Sign
from derive.conditions import Condition
from derive.engine.collecting import collect
from derive.engine.neighbours import neighbours
from derive.engine.prove import prove
from derive.engine.unify import match
from derive.kernel import Theorem
from derive.rules import TABLE
from derive.rules.rule import NearMiss
from derive.site import children
from derive.steps import Step
from derive.terms.binding import free_variables, same
from derive.terms.nodes import Density, Named, Number, Plus, Power, Term, Times, law_variables, negative, point_order
from derive.writing import Notation, text
from verify.worlds.draw import draw
from verify.worlds.evaluate import CannotEvaluateError
from verify.worlds.hypotheses import ContradictionError
from verify.worlds.trial import try_claim
from verify.worlds.vocabulary import Vocabulary

TURNED: dict[Sign, Sign] = {"=": "=", ">=": "<=", "<=": ">=", ">": "<", "<": ">"}


# ---------------------------------------------------------------- conditions and equality cases


def condition_text(condition: Condition, notation: Notation) -> str:
    """The condition as a short sentence in the author's notation."""
    subject = text(condition.subject, notation)
    match condition.kind:
        case "support" | "evidence" if isinstance(condition.subject, Power):
            return f"{text(condition.subject.base, notation)} ≠ 0"
        case "support" | "evidence":
            factors = [factor for factor in condition.where if not isinstance(factor, Number)]
            where = " and ".join(f"{text(factor, notation)} > 0" for factor in factors)
            return f"{subject} > 0" + (f" wherever {where}" if where else "")
        case "finite":
            return f"{subject} is finite (no ∞ − ∞)"
        case "exchange":
            return f"the order of integration may be changed in {subject}"
        case "range":
            return _compared_with_zero(condition.subject, "≥", notation)
        case _:
            reached = " and ".join(text(law, notation) for law in condition.where)
            return f"the class that is optimised over contains {reached}" if reached else condition.by


def _compared_with_zero(subject: Term, sign: str, notation: Notation) -> str:
    """β ≥ 1 for what is derived as −1 + β ≥ 0."""
    subject = collect(subject)
    if isinstance(subject, Plus):
        numbers = [part for part in subject.terms if isinstance(part, Number)]
        others = [part for part in subject.terms if not isinstance(part, Number)]
        if len(numbers) == len(others) == 1:
            slope, rest = _slope(others[0])
            sign = sign if slope > 0 else {"≥": "≤"}.get(sign, sign)
            return f"{text(rest, notation)} {sign} {text(Number(-numbers[0].value / slope), notation)}"
    return f"{text(subject, notation)} {sign} 0"


def _slope(term: Term) -> tuple[Fraction, Term]:
    """−2β as −2 and β."""
    if isinstance(term, Times) and len(term.terms) == 2 and isinstance(term.terms[0], Number):
        return term.terms[0].value, term.terms[1]
    return Fraction(1), term


def equality_text(theorem: Theorem, notation: Notation) -> str | None:
    """When the theorem's inequality is an equality: "iff …", from the rule that joins its two sides."""
    for step in theorem.bridge:
        rule = TABLE.get(step.rule)
        if rule is not None and rule.equality:
            return "iff " + _posterior(step, notation)
    if theorem.judgement in (">=", "<=") and not theorem.bridge and [p.judgement for p in theorem.parts] == ["⊑", "⊑"]:
        return "iff the other value is an optimum as well"
    found = dict.fromkeys(text for part in theorem.parts if (text := equality_text(part, notation)))
    joint = "; and " if any("," in text for text in found) else " and "
    return "iff " + joint.join(text.removeprefix("iff ") for text in found) if found else None


def _filled(sentence: str, step: Step, notation: Notation) -> str:
    factor = step.substitution.get("β")
    if isinstance(factor, Term):
        difference = Plus(factor, negative(cast(Term, step.substitution.get("α", Number(0)))))
        equal = _compared_with_zero(difference, "=", notation)
        sentence = sentence.replace("{β} = {α}", equal).replace("{β} = 0", equal)
    for name, value in step.substitution.items():
        if isinstance(value, Term):
            sentence = sentence.replace("{" + name + "}", text(value, notation))
    return sentence


def _posterior(step: Step, notation: Notation) -> str:
    """q ∝ p(x, z) is better said as q(z|x) = p(z|x), the posterior."""
    rule = TABLE[step.rule]
    g, q = step.substitution.get("g"), step.substitution.get("q")
    if step.rule != "variational-bound" or not isinstance(g, Density) or not isinstance(q, Term):
        return _filled(rule.equality, step, notation)
    drawn = set(law_variables(q))
    rest = [v for v in g.points if v not in drawn]
    if not rest or not drawn <= set(g.at):
        return _filled(rule.equality, step, notation)
    posterior = Density(g.law, tuple(drawn), tuple(rest))
    return f"{text(q, notation)} = {text(posterior, notation)}, the posterior"


def uses_of(theorem: Theorem) -> tuple[str, ...]:
    """The definitions and hypotheses that a proof rests on."""
    labels: dict[str, None] = {}
    for step in steps_of(theorem):
        name = step.substitution.get("name")
        if step.rule == "definition" and isinstance(name, Named):
            definition = theorem.setting.definitions[name.name]
            labels.setdefault(definition.label or f"def {name.name}")
    for condition in theorem.conditions:
        if condition.status == "stated" and condition.by:
            labels.setdefault(condition.by)
    return tuple(labels)


def steps_of(theorem: Theorem) -> Iterator[Step]:
    """All steps of a theorem: from its left side, the joining one, then those to its right side."""
    if theorem.forward or theorem.bridge or theorem.backward:
        yield from theorem.forward
        yield from theorem.bridge
        yield from theorem.backward
    else:
        for part in theorem.parts:
            yield from steps_of(part)


# ---------------------------------------------------------------- likely mistakes


def mistake_text(claim: Claim, vocabulary: Vocabulary, notation: Notation) -> str:
    """What is probably wrong with a refuted claim: a known mistake, and the smallest change that makes it hold."""
    known = near_miss(claim)
    relation = _holding_relation(claim, vocabulary, notation)
    if known:
        return "; ".join(part for part in (known, relation) if part)
    if relation and claim.sign != "=":
        return relation
    found = "; ".join(part for part in (relation, _repair(claim, notation)) if part)
    return found or _other_variables(claim, notation) or "the two sides differ"


def near_miss(claim: Claim) -> str:
    """The sentence of the near miss that the claim (or the part in which its sides differ) is an instance of."""
    for left, right in _differing(claim.lhs, claim.rhs):
        for rule in TABLE.values():
            for miss in rule.near_misses:
                if _is_instance(miss, left, claim.sign, right):
                    return miss.mistake
    return ""


def _differing(left: Term, right: Term) -> Iterator[tuple[Term, Term]]:
    """The two sides, then the parts in which they differ while everything around is the same."""
    while True:
        yield left, right
        if type(left) is not type(right) or len(left.args) != len(right.args):
            return
        pairs = [(a, b) for (_, a), (_, b) in zip(children(left), children(right), strict=False) if not same(a, b)]
        if len(pairs) != 1:
            return
        left, right = pairs[0]


def _is_instance(miss: NearMiss, left: Term, sign: Sign, right: Term) -> bool:
    for a, relation, b in ((left, sign, right), (right, TURNED.get(sign), left)):
        if relation == miss.relation:
            for bindings in match(miss.left, a):
                if next(match(miss.right, b, bindings), None) is not None:
                    return True
    return False


def _other_variables(claim: Claim, notation: Notation) -> str:
    """That the sides depend on different points: some integral is missing, or there is one too many."""
    left, right = free_variables(claim.lhs), free_variables(claim.rhs)
    parts = []
    for side, own, others in (("left", left, right), ("right", right, left)):
        if own - others:
            names = ", ".join(text(variable, notation) for variable in sorted(own - others, key=point_order))
            parts.append(f"only the {side} side depends on {names}")
    return "; ".join(parts)


def _repair(claim: Claim, notation: Notation) -> str:
    """The first change of one thing after which the claim holds in random worlds."""
    for neighbour in neighbours(claim.lhs, claim.rhs):
        changed = replace(claim, lhs=neighbour.left, rhs=neighbour.right)
        if _holds(changed):
            old, new = text(neighbour.old, notation), text(neighbour.new, notation)
            return f"with {new} instead of {old} it would hold"
    return ""


def _holding_relation(claim: Claim, vocabulary: Vocabulary, notation: Notation) -> str:
    """The other relation that holds in random worlds; with its reason and its equality case where it is proved."""
    signs: tuple[tuple[Sign, str], ...] = ((">=", "≥"), ("<=", "≤"))
    for sign, word in signs:
        changed = replace(claim, sign=sign)
        if claim.sign in ("=", ">=", "<=") and sign != claim.sign and _holds(changed, vocabulary):
            theorem = prove(changed)
            return f"{word} holds" + ("" if theorem is None else _by_what(theorem, notation))
    return ""


def _by_what(theorem: Theorem, notation: Notation) -> str:
    """The inequality that a theorem rests on, and when it is an equality."""
    named = [TABLE[step.rule] for step in theorem.bridge if step.rule in TABLE and TABLE[step.rule].equality]
    return f", by {named[0].title}: equal {equality_text(theorem, notation)}" if named else ""


def _holds(claim: Claim, vocabulary: Vocabulary | None = None) -> bool:
    """Whether a claim holds in a few random worlds of different kinds (an indication, no proof)."""
    random = np.random.default_rng(7)
    try:
        vocabulary = vocabulary or Vocabulary.of((claim.lhs, claim.rhs), claim.setting)
        for kind in ("generic", "concentrated", "alike"):
            trial = try_claim(claim, vocabulary, draw(vocabulary, claim.setting, kind, 32, random))
            if trial.failed.any() or not trial.applicable.any():
                return False
    except (CannotEvaluateError, ContradictionError):
        return False
    return True
