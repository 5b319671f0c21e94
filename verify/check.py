"""The way of a claim: worlds first, then a proof, then the worlds in which its conditions fail.

    worlds       false where all hypotheses and conditions hold?        → refuted (small, exact)
    prove        the engine proposes, the kernel checks                 → proved (with its conditions)
    otherwise                                                           → undecided (what was tried)

A false claim falls within a millisecond; a failed search for a proof costs fifty.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import numpy as np

from derive.claims import Claim, Optimal, Ordered, Unmodelled
from derive.engine.optimisation import best_over_law
from derive.engine.prove import prove
from derive.kernel import Theorem
from derive.terms.binding import fingerprint
from derive.terms.nodes import Extremum, Law, Number, Parameter
from derive.writing import Notation, text
from verify.assumed import rests_on_nothing, with_points_seen
from verify.explain import condition_text, equality_text, mistake_text, uses_of
from verify.verdict import Evidence, Required, Verdict
from verify.witness import UnconfirmedError, required_conditions
from verify.worlds.draw import KINDS, draw
from verify.worlds.evaluate import CannotEvaluateError
from verify.worlds.hypotheses import ContradictionError
from verify.worlds.trial import Trial, try_claim
from verify.worlds.vocabulary import Vocabulary

UNCONFIRMED = "fails in some worlds within floating-point accuracy, but no exact counterexample was found"
NOT_TOGETHER = "its proof uses equations that the text assumes, but no world is known in which they hold together"
WORLDS = {"generic": 96, "concentrated": 64, "flat": 32, "uniform": 8, "symmetric": 8, "alike": 48}  # 256 in all


def check(claim: Claim, notation: Notation | None = None) -> Verdict:
    """The verdict on one claim.

    Depends on the claim and its setting only: never on time, on other claims, or on the order of a document.
    """
    notation = notation or Notation()
    plain = without_names(claim)
    if (seen := with_points_seen(plain)) is not plain:
        return replace(check(seen, notation), uses=_definitions_used(claim))
    reduced = with_suprema_valued(plain)
    if reduced is not plain:
        return _about_suprema(claim, reduced, notation)
    try:
        vocabulary = Vocabulary.of((plain.lhs, plain.rhs), plain.setting)
        trials = list(_try_in_worlds(plain, vocabulary))
    except (CannotEvaluateError, ContradictionError) as error:
        return _without_worlds(claim, notation, str(error))
    evidence = _evidence(trials)
    unread = [
        h.text for h in claim.setting.hypotheses if isinstance(h, Unmodelled) and h.concerns(plain.lhs, plain.rhs)
    ]
    if unread and any(trial.failed.any() for trial in trials):
        return Verdict(
            "undecided", f"holds only under a condition that is not understood: {unread[0]}", evidence=evidence
        )
    optimal = [h.label for h in claim.setting.hypotheses if isinstance(h, Optimal)]
    if optimal and any(trial.failed.any() for trial in trials):
        return _without_worlds(claim, notation, f"they do not know that {optimal[0]}")
    if any(trial.failed.any() for trial in trials):
        within = _within_range(claim, plain, vocabulary, notation)
        if within is not None:
            return within
        refuted = _refuted(plain, vocabulary, evidence, notation)
        if refuted is not None:
            return replace(refuted, uses=_definitions_used(claim))
    theorem = prove(claim)
    if theorem is None and not unread and evidence.held == evidence.applicable:
        nearly_true = _refuted(plain, vocabulary, evidence, notation)  # the search goes on where random worlds end
        if nearly_true is not None:
            return replace(nearly_true, uses=_definitions_used(claim))
    if theorem is None or evidence.held < evidence.applicable:
        return _undecided(evidence)
    if rests_on_nothing(plain, theorem, seed_of(claim)):
        return Verdict("undecided", NOT_TOGETHER, evidence=evidence)
    return _proved(plain, theorem, evidence, notation)


def _about_suprema(claim: Claim, reduced: Claim, notation: Notation) -> Verdict:
    """A claim about sup_q J, where sup_q J is known: false if the known value does not fit, else by proof."""
    verdict = check(reduced, notation)
    if verdict.word == "refuted":
        known = f"the optimum is {text(reduced.lhs, notation)}"
        return replace(verdict, message="; ".join([known, verdict.message]), uses=_definitions_used(claim))
    return _without_worlds(claim, notation, "an optimum over laws ranges over more than a finite world holds")


def with_suprema_valued(claim: Claim) -> Claim:
    """The claim with a supremum over a law, as its left side, replaced by the value that is proved for it."""
    left = claim.lhs
    if not isinstance(left, Extremum) or len(left.candidates) != 1 or not isinstance(left.candidates[0], Law):
        return claim
    setting = replace(claim.setting, drawn=claim.drawn)
    best = best_over_law(left, setting, setting.drawn or {})
    return claim if best is None else replace(claim, lhs=best.value)


def without_names(claim: Claim) -> Claim:
    """The claim with every defined name replaced by what it stands for."""
    unfold = claim.setting.unfold_all
    return replace(claim, lhs=unfold(claim.lhs), rhs=unfold(claim.rhs))


def seed_of(claim: Claim) -> int:
    """A seed that depends on the content of a claim and its hypotheses alone."""
    parts = [fingerprint(claim.lhs), claim.sign, fingerprint(claim.rhs), repr(claim.setting.hypotheses)]
    return int.from_bytes(sha256("\n".join(parts).encode(errors="surrogatepass")).digest()[:8], "big")


# ---------------------------------------------------------------- worlds


def _try_in_worlds(claim: Claim, vocabulary: Vocabulary) -> list[Trial]:
    random = np.random.default_rng(seed_of(claim))
    trials = []
    for kind in KINDS:
        trials.append(try_claim(claim, vocabulary, draw(vocabulary, claim.setting, kind, WORLDS[kind], random)))
        if trials[-1].failed.any():
            break
    return trials


def _evidence(trials: list[Trial]) -> Evidence:
    return Evidence(
        sum(trial.world.count for trial in trials),
        int(sum(trial.applicable.sum() for trial in trials)),
        int(sum(trial.held.sum() for trial in trials)),
    )


# ---------------------------------------------------------------- the three answers


def _refuted(claim: Claim, vocabulary: Vocabulary, evidence: Evidence, notation: Notation) -> Verdict | None:
    """The claim fails: find a small rational world, decide it exactly, and say what may be wrong."""
    from verify.counterexample.find import find  # exact arithmetic is only needed here

    counterexample = find(claim, vocabulary, seed_of(claim), notation)
    if counterexample is None:
        return None
    return Verdict(
        "refuted",
        mistake_text(claim, vocabulary, notation),
        counterexample=counterexample,
        evidence=evidence,
        sides=(claim.lhs, claim.rhs),
    )


def _within_range(claim: Claim, plain: Claim, vocabulary: Vocabulary, notation: Notation) -> Verdict | None:
    """A claim that fails for some values of a scalar, proved for those that its proof needs; None if it is not that."""
    if not any(isinstance(name, Parameter) and name not in vocabulary.chosen for name in vocabulary.names):
        return None
    theorem = prove(claim)
    needed = [c.subject for c in theorem.conditions if c.kind == "range" and c.status == "open"] if theorem else []
    if theorem is None or not needed:
        return None
    ranges = tuple(Ordered(subject, ">=", Number(0)) for subject in needed)
    narrowed = replace(plain, setting=replace(plain.setting, hypotheses=(*plain.setting.hypotheses, *ranges)))
    trials = list(_try_in_worlds(narrowed, vocabulary))
    evidence = _evidence(trials)
    if evidence.held < evidence.applicable or not evidence.held:
        return None
    return _proved(plain, theorem, evidence, notation)


def _proved(claim: Claim, theorem: Theorem, evidence: Evidence, notation: Notation) -> Verdict:
    try:
        conditions = required_conditions(claim, theorem, seed_of(claim), notation)
    except UnconfirmedError:
        return Verdict("undecided", UNCONFIRMED, evidence=evidence)
    tight = equality_text(theorem, notation)
    return Verdict(
        "proved",
        _proved_message(theorem, conditions, tight),
        theorem,
        conditions,
        uses_of(theorem),
        tight,
        evidence=evidence,
        sides=(claim.lhs, claim.rhs),
    )


def _proved_message(theorem: Theorem, conditions: tuple[Required, ...], tight: str | None) -> str:
    needs = [required.text for required in conditions if required.condition.status == "open"]
    parts = [f"needs {' and '.join(needs)}"] if needs else []
    if tight and theorem.judgement in (">=", "<="):
        parts.append(f"equality {tight}")
    return "; ".join(parts)


def _undecided(evidence: Evidence) -> Verdict:
    if evidence.applicable == 0:
        message = "in none of the worlds tried were both sides defined"
    elif evidence.held < evidence.applicable:
        message = UNCONFIRMED
    else:
        message = f"no proof found; it held in all {evidence.held} worlds in which it said something"
    return Verdict("undecided", message, evidence=evidence)


def _without_worlds(claim: Claim, notation: Notation, reason: str) -> Verdict:
    """A claim that finite worlds cannot try: only a proof decides it."""
    theorem = prove(claim)
    if theorem is None:
        return Verdict("undecided", f"no proof found, and not tried in worlds: {reason}")
    if rests_on_nothing(without_names(claim), theorem, seed_of(claim)):
        return Verdict("undecided", NOT_TOGETHER)
    texts = tuple(Required(c, condition_text(c, notation)) for c in theorem.conditions)
    tight = equality_text(theorem, notation)
    return Verdict("proved", _proved_message(theorem, texts, tight), theorem, texts, uses_of(theorem), tight)


def _definitions_used(claim: Claim) -> tuple[str, ...]:
    """What a refutation went through, definitions and bounds of functions: one of them may be the mistake."""
    labels = []
    for name in claim.setting.names_in(claim.lhs, claim.rhs):
        labels.append(claim.setting.definitions[name].label or f"def {name}")
    return (*labels, *claim.setting.bounds_of(claim.lhs, claim.rhs))
