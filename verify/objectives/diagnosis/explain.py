"""Compare what the code returns with what every known mistake would return, in several places at once.

A mistake is named only if it explains the expectation within rounding everywhere, and the right value does not.  Where
several do, all are named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from verify.estimators import TooManyNodesError
from verify.models.records import Array
from verify.objectives.case import Case
from verify.objectives.coordinates import comparable
from verify.objectives.diagnosis import diffusion, gaussian, scales, weights
from verify.objectives.diagnosis.fitted import draws_nothing, fitted
from verify.objectives.diagnosis.hypothesis import Hypothesis
from verify.objectives.diagnosis.situations import situations
from verify.objectives.diagnosis.slopes import ALL as ALL_SLOPES
from verify.objectives.diagnosis.slopes import Slopes
from verify.objectives.diagnosis.terms import InapplicableError, Terms
from verify.objectives.inquiry import Comparison, Inquiry, Interval, compared
from verify.objectives.layers.differences import NAME as GRADIENTS
from verify.objectives.layers.gradients import MeanGradient
from verify.objectives.noise import Expectation, FreshNoise, OutOfReachError
from verify.objectives.reference import NoTargetError
from verify.objectives.reference.decomposition import NoPriorError
from verify.objectives.report import Finding

ALL: tuple[Hypothesis, ...] = (*scales.ALL, *gaussian.ALL, *weights.ALL, *diffusion.ALL)
# Agreement "within rounding": relative to the size of the value; the deviation itself must be far larger.
_ROUNDING = 1e-7
_CLEARLY = 100
_TELLING = 1e-3  # an estimate with fewer digits tells nothing
_FEWEST = 2
_SILENT = (InapplicableError, NoPriorError, NoTargetError, TooManyNodesError, ArithmeticError, ValueError, TypeError)
_HINT = "to have it compared with known mistakes, let the objective take model and q"


@dataclass(frozen=True)
class Observation:
    """What the code returns in one place: an expectation or a gradient.

    allowed  how exactly it is known
    wrong    does it clearly differ from the right one?
    """

    found: Array
    allowed: float
    wrong: bool

    def agrees(self, predicted: Array | float) -> bool:
        """Is this what was found, within rounding?"""
        finite = bool(np.all(np.isfinite(predicted)))
        return finite and _largest(np.asarray(self.found - predicted)) <= self.allowed


def explain(inquiry: Inquiry, failure: Finding) -> tuple[str, ...]:
    """Sentences that explain the failure; none where nothing known does."""
    if inquiry.solved is None or failure.layer == "structure" or not inquiry.follows_model:
        return ()
    if not inquiry.takes("q"):
        return (_HINT,)
    if failure.layer == GRADIENTS and "coordinate" in failure.detail:
        return _explain_gradient(inquiry, failure)
    return _explain_value(inquiry) or tuple(filter(None, [_about_noise(inquiry, failure)]))


def _about_noise(inquiry: Inquiry, failure: Finding) -> str:
    return draws_nothing(failure.detail.get("route"), inquiry.implementation.randomness)


# ---------------------------------------------------------------- values


def _explain_value(inquiry: Inquiry) -> tuple[str, ...]:
    places = []
    for model, q in situations(inquiry):
        terms = Terms(inquiry.objective, model, q)
        observation = _observed_value(_moved(inquiry, model, q), terms)
        if observation is not None:
            places.append((terms, observation))
    if not places:
        return _matching(list(_at_posteriors(inquiry)), ALL)
    own = [place for place in places if inquiry.solved and place[0].model is inquiry.solved.model]
    return _matching(places, ALL) or _matching(own, ALL) or _fitted(places)  # own: code that works for one size only


def _at_posteriors(inquiry: Inquiry) -> Iterator[tuple[Terms, Observation]]:
    """Where no expectation can be had: the value at the posterior of each model, if it is the same for every draw."""
    for model in dict.fromkeys(model for model, _ in situations(inquiry)):
        if model.contains_posterior:
            terms = Terms(inquiry.objective, model, model.posterior_q())
            observation = _constant_value(_moved(inquiry, model, terms.q), terms)
            if observation is not None:
                yield terms, observation


def _constant_value(inquiry: Inquiry, terms: Terms) -> Observation | None:
    try:
        first, second = (inquiry.nats(inquiry.here, FreshNoise([number])) for number in range(2))
        target = inquiry.target(terms.model, terms.q)
    except Exception:  # as for expectations
        return None
    allowed = max(10 * target.slack, _ROUNDING * (1 + abs(first) + abs(target.value)))
    if not abs(first - second) <= allowed:
        return None
    return Observation(np.asarray(first), allowed, abs(first - target.value) > _CLEARLY * allowed)


def _fitted(places: Sequence[tuple[Terms, Observation]]) -> tuple[str, ...]:
    """Where no known mistake fits, one with a number that is found from the values."""
    if sum(observation.wrong for _, observation in places) < _FEWEST:
        return ()
    try:
        return tuple(fitted([(terms, float(seen.found), seen.allowed) for terms, seen in places]))
    except _SILENT:
        return ()


def _moved(inquiry: Inquiry, model: Any, q: Any) -> Inquiry:
    """The same objective in another place."""
    seed = inquiry.solved.seed if inquiry.solved else 0
    return Inquiry(inquiry.implementation, inquiry.objective, Case(model, q, seed), inquiry.settings)


def _observed_value(inquiry: Inquiry, terms: Terms) -> Observation | None:
    """The expectation there, where it can be had; the user's code may well not work on another shape."""
    try:
        target = inquiry.target(terms.model, terms.q)
        comparison = _finest(inquiry.expectation(inquiry.here), Interval.around(target))
    except Exception:  # whatever goes wrong in code that was written for another shape, this place tells nothing
        return None
    if comparison.error > _TELLING * abs(comparison.found):
        return None
    size = 1 + abs(comparison.found) + abs(target.value)
    allowed = max(10 * target.slack, _ROUNDING * size, 10 * comparison.error)
    wrong = abs(comparison.found - target.value) > _CLEARLY * allowed
    return Observation(np.asarray(comparison.found), allowed, wrong)


def _finest(expectation: Expectation, expected: Interval) -> Comparison:
    """That it is wrong is seen from a coarse estimate, what it is from a fine one: by quadrature, where orthogonal
    noise does not settle."""
    comparison = compared(expectation, expected)
    finer = expectation.by_quadrature() if comparison.error > _ROUNDING * (1 + abs(comparison.found)) else None
    try:
        return comparison if finer is None else compared(finer, expected)
    except OutOfReachError:
        return comparison


# ---------------------------------------------------------------- gradients


def _explain_gradient(inquiry: Inquiry, failure: Finding) -> tuple[str, ...]:
    name = failure.detail["coordinate"]
    places = []
    for model, q in situations(inquiry):
        slopes = Slopes(inquiry.objective, model, q, name)
        observation = _observed_gradient(_moved(inquiry, model, q), slopes)
        if observation is not None:
            places.append((slopes, observation))
    return _matching(places, ALL_SLOPES)


def _observed_gradient(inquiry: Inquiry, slopes: Slopes) -> Observation | None:
    try:
        estimates = [arrays[slopes.name] for _, arrays in islice(MeanGradient(inquiry, inquiry.here).estimates(), 2)]
        coarse, found = (comparable(slopes.name, slopes.q, array) for array in estimates)
        whole = np.broadcast_to(slopes.whole, found.shape)
    except Exception:  # as for values
        return None
    size = 1 + _largest(whole) + _largest(found)
    allowed = max(_ROUNDING * size, 10 * _largest(coarse - found))
    return Observation(found, allowed, _largest(found - whole) > _CLEARLY * allowed)


def _largest(array: Array) -> float:
    return float(np.max(np.abs(array), initial=0.0))


# ---------------------------------------------------------------- the comparison


def _matching(places: Sequence[tuple[Any, Observation]], hypotheses: Iterable[Any]) -> tuple[str, ...]:
    """The sentences of all hypotheses that explain every place, those where the code happens to be right included."""
    if sum(observation.wrong for _, observation in places) < _FEWEST:
        return ()
    left = list(hypotheses)
    for terms, observation in places:
        left = [hypothesis for hypothesis in left if _explains(hypothesis, terms, observation)]
    return tuple(dict.fromkeys(hypothesis.says for hypothesis in left))


def _explains(hypothesis: Any, terms: Any, observation: Observation) -> bool:
    try:
        return observation.agrees(hypothesis.predicts(terms))
    except _SILENT:  # it says nothing about this place: no objection where the code is right here
        return not observation.wrong
