"""Does the model at hand meet what a line was proved under?

Conditions and hypotheses are tried at points z of the piece: all states of a finite latent, otherwise points that cover
q, the prior and the posterior.  What no evaluation can show (integrals change places, a supremum is attained) is not
tried.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from derive.claims import Claim, LawEquation, Positive, Range
from derive.terms.binding import free_variables
from derive.terms.meaning import is_nonnegative
from derive.terms.nodes import Law, Variable
from derive.writing import text
from verify.objectives.derived.errors import ConditionError, NoValueError, RolesError
from verify.objectives.derived.evaluate import Evaluator, Places
from verify.objectives.derived.grids import Piece
from verify.objectives.derived.roles import Part
from verify.verdict import Required

_TESTED: tuple[Part, ...] = ("variational", "posterior", "prior")
_FINENESS = 40
_EQUAL = 1e-9  # of two log densities that a hypothesis says are equal


def trial_points(piece: Piece) -> npt.NDArray[Any]:
    """Points z at which conditions are tried, along the first axis."""
    if piece.is_finite:
        return piece.grid("variational", _FINENESS).z
    found = []
    for part in _TESTED:
        try:
            found.append(piece.grid(part, _FINENESS, quadratic=True).z)
        except (NoValueError, ValueError):  # no such law, or no rule for it
            continue
    return np.concatenate(found)


def broken(required: Iterable[Required], evaluate: Evaluator) -> str | None:
    """The first open condition, in words, that fails for the evaluator's piece."""
    for one in required:
        if one.condition.status == "open" and not _holds(one, evaluate):
            return one.text
    return None


def _holds(required: Required, evaluate: Evaluator) -> bool:
    condition = required.condition
    if condition.kind not in ("support", "evidence", "finite", "range"):
        return True
    names = set(condition.over).union(*map(free_variables, (condition.subject, *condition.where)))
    places = _places(names, evaluate)
    if condition.kind == "range":
        return bool(np.all(evaluate(condition.subject, places) >= 0))
    if condition.kind == "finite":
        return bool(np.all(np.isfinite(evaluate(condition.subject, places))))
    bad = ~_is_positive(condition.subject, places, evaluate)
    for factor in condition.where:
        bad = bad & _is_positive(factor, places, evaluate)
    return not bad.any()


def _is_positive(term: Any, places: Places, evaluate: Evaluator) -> npt.NDArray[np.bool_]:
    """By its logarithm, which does not underflow."""
    if not is_nonnegative(term):
        return np.asarray(evaluate(term, places) > 0)
    with np.errstate(all="ignore"):
        return np.asarray(evaluate.log(term, places) > -np.inf)


def _places(names: Iterable[Variable], evaluate: Evaluator) -> dict[Variable, npt.NDArray[Any]]:
    latent = sorted((v for v in names if v.space in evaluate.roles.latent), key=lambda v: v.name)
    return {v: trial_points(evaluate.piece) for v in latent}


# ---------------------------------------------------------------- hypotheses


def contradicted(claim: Claim, evaluate: Evaluator) -> str | None:
    """The first hypothesis of the text, in words, that does not hold for the evaluator's piece and values."""
    for hypothesis in claim.setting.hypotheses:
        if isinstance(hypothesis, Range) and not _inside(hypothesis, evaluate):
            return f"the range of {text(hypothesis.parameter, evaluate.notation)}"
        if isinstance(hypothesis, Positive) and not _positive(hypothesis, evaluate):
            return hypothesis.label or "laws are positive"
        if isinstance(hypothesis, LawEquation) and not _agree(hypothesis, claim, evaluate):
            return hypothesis.label or "an equation between laws"
    return None


def _inside(hypothesis: Range, evaluate: Evaluator) -> bool:
    value = evaluate.values.get(hypothesis.parameter.name)
    if value is None:
        return True
    low, high = hypothesis.lower, hypothesis.upper
    above = low is None or value > low or (value == low and not hypothesis.strict_lower)
    below = high is None or value < high or (value == high and not hypothesis.strict_upper)
    return above and below


def _positive(hypothesis: Positive, evaluate: Evaluator) -> bool:
    """Are the laws that the text calls positive so at every z?  The data are seen, so p(x) is."""
    piece, roles = evaluate.piece, evaluate.roles.laws
    named = {role for law, role in roles.items() if hypothesis.laws is None or law in hypothesis.laws}
    parts: list[Part] = ["variational"] if "variational" in named else []
    parts += ["joint"] if named & {"model", "likelihood", "prior"} else []
    z = trial_points(piece)
    return all(bool(np.all(piece.log_density(part, z) > -np.inf)) for part in parts)


def _agree(hypothesis: LawEquation, claim: Claim, evaluate: Evaluator) -> bool:
    """Are both sides equal wherever z is?  An equation about laws that the claim does not speak of counts as true."""
    left, right = (claim.setting.unfold_all(side) for side in (hypothesis.left, hypothesis.right))
    if any(node.name not in evaluate.roles.laws for side in (left, right) for node in side.atoms(Law)):
        return True
    places = _places(free_variables(left) | free_variables(right), evaluate)
    with np.errstate(all="ignore"):
        try:
            one, other = evaluate.log(left, places), evaluate.log(right, places)
        except (NoValueError, RolesError):
            return True
        return bool(np.all((one == other) | (np.abs(one - other) <= _EQUAL * (1 + np.abs(one)))))


def require(claim: Claim, conditions: Iterable[Required], evaluate: Evaluator, where: str) -> None:
    """Raises ConditionError for what the claim rests on and this piece does not meet."""
    name = evaluate.piece.model.name
    failed = broken(conditions, evaluate)
    if failed is not None:
        raise ConditionError(f"{where} is proved under the condition {failed}, which fails with this q in {name}")
    failed = contradicted(claim, evaluate)
    if failed is not None:
        raise ConditionError(f"{where} rests on what the text assumes, which does not hold in {name}: {failed}")
