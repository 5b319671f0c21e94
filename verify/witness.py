"""The conditions of a proved claim, each with a world that shows why it must be named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from derive.claims import Claim
from derive.conditions import Condition
from derive.kernel import Theorem
from derive.writing import Notation
from verify.conditions import broken, undefined_parts
from verify.explain import condition_text
from verify.verdict import Required, WorldSides
from verify.worlds.draw import draw
from verify.worlds.evaluate import CannotEvaluateError, Evaluator
from verify.worlds.trial import Trial, try_claim
from verify.worlds.vocabulary import Vocabulary
from verify.worlds.world import Array

SPARSE = 64  # worlds with zeros in which a proved claim is tried
MOST_PRESUPPOSED = 3


class UnconfirmedError(Exception):
    """A proved claim fails in floats where its conditions hold, and no exact world shows it."""


class DisagreementError(AssertionError):
    """A proved claim that fails in a world where its conditions hold: a bug in the prover, never to be passed over."""


def required_conditions(claim: Claim, theorem: Theorem, seed: int, notation: Notation) -> tuple[Required, ...]:
    """The theorem's conditions, and those under which both sides have a value at all.

    Raises DisagreementError where the claim fails in a world that meets them, UnconfirmedError where it seems to.
    """
    conditions = list(theorem.conditions)
    vocabulary = _vocabulary(claim, conditions)
    random = np.random.default_rng(seed)
    trial = try_claim(claim, vocabulary, draw(vocabulary, claim.setting, "sparse", SPARSE, random))
    evaluate = Evaluator(trial.world, vocabulary.names)
    conditions += _presupposed(claim, conditions, trial, evaluate)
    _agree(claim, vocabulary, conditions, trial, seed)
    return tuple(
        Required(condition, condition_text(condition, notation), _witness(claim, condition, seed, notation, trial))
        for condition in conditions
    )


def _vocabulary(claim: Claim, conditions: list[Condition]) -> Vocabulary:
    terms = [claim.lhs, claim.rhs]
    for condition in conditions:
        if condition.kind != "attained":
            terms += [condition.subject, *condition.where]
    return Vocabulary.of(terms, claim.setting)


def _presupposed(claim: Claim, known: list[Condition], trial: Trial, evaluate: Evaluator) -> list[Condition]:
    """What makes a side undefined in some world, unless a known condition is broken there anyway.

    What the author has stated by writing p(z | x) comes first: p(x) > 0; of the rest only what explains more.
    """
    unexplained = trial.undefined.copy()
    for condition in known:
        unexplained &= ~broken(condition, evaluate)
    if not unexplained.any():
        return []
    keys = {condition.key for condition in known}
    found = [c for side in (claim.lhs, claim.rhs) for c in undefined_parts(side, evaluate)]
    distinct = {condition.key: condition for condition in found if condition.key not in keys}
    needed: list[Condition] = []
    for condition in sorted(distinct.values(), key=lambda c: c.status == "open"):
        explained = unexplained & broken(condition, evaluate)
        if explained.any():
            needed.append(condition)
            unexplained &= ~explained
    return needed[:MOST_PRESUPPOSED]


def _agree(claim: Claim, vocabulary: Vocabulary, conditions: list[Condition], trial: Trial, seed: int) -> None:
    """Raises DisagreementError where the claim fails although its conditions hold.

    In floats log(p + E[c] − c) is finite where p is 0: where no exact world shows the failure, UnconfirmedError.
    """

    def unexcused(tried: Trial) -> Array:
        evaluate = Evaluator(tried.world, vocabulary.names)
        excused = np.zeros(tried.world.count, dtype=bool)
        for condition in conditions:
            excused |= broken(condition, evaluate)
        return np.asarray(tried.failed & ~excused)

    if not unexcused(trial).any():
        return
    from verify.counterexample.find import find  # exact arithmetic is only needed here

    if find(claim, vocabulary, seed, Notation(), unexcused, zeros=True) is None:
        raise UnconfirmedError
    raise DisagreementError("a proved claim fails in a world that meets its conditions; this is a bug in the prover")


def _witness(claim: Claim, condition: Condition, seed: int, notation: Notation, trial: Trial) -> WorldSides | None:
    """A small world that breaks the condition and in which the claim fails or says nothing."""
    if condition.status != "open" or condition.kind not in ("support", "evidence", "finite", "range"):
        return None
    if not (trial.failed | trial.undefined).any():
        return None
    from verify.counterexample.find_witness import find_witness  # exact arithmetic is only needed here

    vocabulary = _vocabulary(claim, [condition])

    def accept(tried: Trial) -> Array:
        evaluate = Evaluator(tried.world, vocabulary.names)
        return np.asarray((tried.failed | tried.undefined) & broken(condition, evaluate))

    try:
        return find_witness(replace(claim), vocabulary, seed, notation, accept)
    except CannotEvaluateError:
        return None
