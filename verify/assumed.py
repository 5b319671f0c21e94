"""What becomes of the equations between laws that a text assumes: as meant, and shown to hold together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar, cast

import numpy as np
from sympy import Basic, Tuple

from derive.claims import Claim, Hypothesis, LawEquation, Optimal
from derive.kernel import Theorem
from derive.steps import Step
from derive.terms.binding import free_variables
from derive.terms.nodes import Binder, Density, Number, Variable, law_factors
from verify.worlds.draw import KINDS, draw
from verify.worlds.evaluate import CannotEvaluateError
from verify.worlds.hypotheses import ContradictionError
from verify.worlds.trial import try_claim
from verify.worlds.vocabulary import Vocabulary

B = TypeVar("B", bound=Basic)
SHOWN = 16  # worlds of each kind in which the hypotheses are tried


# ---------------------------------------------------------------- q(z) = p(z | x)


def with_points_seen(claim: Claim) -> Claim:
    """The (name-free) claim with q(z | x) for q(z), where the text assumes q(z) = p(z | x).

    Such a q is another law at each x.  Where the claim binds x, that cannot be written, and nothing is changed.
    """
    for equation in claim.setting.hypotheses:
        if isinstance(equation, LawEquation):
            missing = _missing(equation)
            law = equation.left.law.name if isinstance(equation.left, Density) else ""
            if missing and not missing & {*_bound(claim.lhs), *_bound(claim.rhs)}:
                return with_points_seen(_given_everywhere(claim, law, missing))
    return claim


def _missing(equation: LawEquation) -> frozenset[Variable]:
    """The points that another law's conditional mentions and the law on the left does not."""
    left, others = equation.left, [f for f in law_factors(equation.right) if isinstance(f, Density)]
    if not isinstance(left, Density) or any(other.law.name == left.law.name for other in others):
        return frozenset()
    return free_variables(equation.right) - free_variables(left)


def _bound(node: Basic) -> Iterator[Basic]:
    if isinstance(node, Binder):
        yield from node.bound_names
    for arg in node.args:
        yield from _bound(arg)


def _given_everywhere(claim: Claim, law: str, points: frozenset[Variable]) -> Claim:
    def seen(hypothesis: Hypothesis) -> Hypothesis:
        match hypothesis:
            case LawEquation():
                left, right = _given(hypothesis.left, law, points), _given(hypothesis.right, law, points)
                return replace(hypothesis, left=left, right=right)
            case Optimal():
                return replace(hypothesis, optimum=_given(hypothesis.optimum, law, points))
            case _:
                return hypothesis

    hypotheses = tuple(map(seen, claim.setting.hypotheses))
    setting = replace(claim.setting, hypotheses=hypotheses)
    return replace(claim, lhs=_given(claim.lhs, law, points), rhs=_given(claim.rhs, law, points), setting=setting)


def _given(node: B, law: str, points: frozenset[Variable]) -> B:
    """The term with the points given in every density of a law."""
    if isinstance(node, Density) and node.law.name == law:
        return cast(B, Density(node.law, node.at, Tuple(*{*node.given, *(points - {*node.at})})))
    return cast(B, node.func(*(_given(arg, law, points) for arg in node.args))) if node.args else node


# ---------------------------------------------------------------- worlds that meet the hypotheses


def rests_on_nothing(claim: Claim, theorem: Theorem, seed: int) -> bool:
    """Whether a theorem uses an equation that the text assumes, and no world is known that meets all of them."""
    if not any(step.rule == "hypothesis" for step in _steps(theorem)):
        return False
    equations = tuple(h for h in claim.setting.hypotheses if isinstance(h, LawEquation))
    empty = Claim(Number(0), "=", Number(0), replace(claim.setting, hypotheses=equations))
    random = np.random.default_rng(seed)
    try:
        vocabulary = Vocabulary.of((claim.lhs, claim.rhs), claim.setting)
        worlds = (draw(vocabulary, claim.setting, kind, SHOWN, random) for kind in KINDS)
        return not any(try_claim(empty, vocabulary, world).applicable.any() for world in worlds)
    except (CannotEvaluateError, ContradictionError):
        return True


def _steps(theorem: Theorem) -> Iterator[Step]:
    yield from (*theorem.forward, *theorem.bridge, *theorem.backward)
    for part in theorem.parts:
        yield from _steps(part)
