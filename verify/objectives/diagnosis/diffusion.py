"""Mistakes in diffusion bounds: which KL terms are added up, and what goes into them.

For x_{t+1} given x_t the forward process is linear and normal, so that every term of the bound is

    ½ (v/v' - 1 - log(v/v') + E[(difference of the means)²]/v')

with the backward posterior N(gain x_{t+1} + shift, v) and the model N(weight x_{t+1} + offset, v').
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from verify.models import DiscreteDiffusion, GaussianDiffusion
from verify.models.records import Array
from verify.objectives.diagnosis.hypothesis import Hypothesis
from verify.objectives.diagnosis.terms import InapplicableError, Terms


def _parts(t: Terms) -> dict[str, float]:
    """reconstruction, prior and step_1 … of the bound, signs included."""
    if not isinstance(t.model, GaussianDiffusion | DiscreteDiffusion):
        raise InapplicableError
    return t.model.elbo_as_kl_terms(t.q).parts


def _steps(parts: dict[str, float]) -> list[float]:
    return [value for name, value in parts.items() if name.startswith("step_")]


def _kept(says: str, kept: Callable[[dict[str, float]], float]) -> Hypothesis:
    """Some of the terms are lost, or counted more than once; with one step there is nothing to lose."""

    def predicts(t: Terms) -> float:
        parts = _parts(t)
        t.require(len(_steps(parts)) > 1)
        return kept(parts)

    return Hypothesis(says, predicts)


def _ends(parts: dict[str, float]) -> float:
    return parts["reconstruction"] + parts["prior"]


TERMS = (
    _kept("the KL terms of the steps are assigned, not accumulated: only the last one counts",
          lambda p: _ends(p) + _steps(p)[-1]),
    _kept("of the KL terms of the steps only the first one counts", lambda p: _ends(p) + _steps(p)[0]),
    _kept("all KL terms are assigned, not accumulated: only the last one (the prior's) counts",
          lambda p: p["reconstruction"] + p["prior"]),
    _kept("only one KL term, that of the last step, is left besides the reconstruction",
          lambda p: p["reconstruction"] + _steps(p)[-1]),
    _kept("t does not change in the loop: the first step's KL is added every time",
          lambda p: _ends(p) + len(_steps(p)) * _steps(p)[0]),
    _kept("t does not change in the loop: the last step's KL is added every time",
          lambda p: _ends(p) + len(_steps(p)) * _steps(p)[-1]),
    _kept("the KL terms of the steps are averaged over t, not summed",
          lambda p: _ends(p) + sum(_steps(p)) / len(_steps(p))),
    _kept("the KL of the prior term KL(q(x_T|x_0) ‖ p(x_T)) is missing",
          lambda p: p["reconstruction"] + sum(_steps(p))),
    _kept("the reconstruction term log p(x_0|x_1) is missing", lambda p: p["prior"] + sum(_steps(p))),
)  # fmt: skip


# ---------------------------------------------------------------- what goes into a term


@dataclass(frozen=True)
class Step:
    """One step back from x_{t+1}, for all data points.

    gain, shift, variance     of the backward posterior q(x_t | x_{t+1}, x_0)
    of_start                  its coefficient of x_0, which is part of the shift
    start                     x_0
    weight, offset, other     of the model p(x_t | x_{t+1}); `other` is its variance
    mean, spread              of x_{t+1} given x_0, as it is drawn
    forward                   the variance of the forward step
    """

    gain: float
    shift: Array
    variance: float
    of_start: float
    start: Array
    weight: float
    offset: float
    other: float
    mean: Array
    spread: float
    forward: float

    @property
    def squares(self) -> float:
        """E[(difference of the means)²], summed over the data."""
        slope = self.gain - self.weight
        away = slope * self.mean + self.shift - self.offset
        return float(np.sum(away**2)) + len(self.start) * slope**2 * self.spread

    @property
    def kl(self) -> float:
        """The expected KL, summed over the data."""
        return _kl(self.variance, self.other, len(self.start), self.squares)


def _kl(variance: float, other: float, points: int, squares: float) -> float:
    ratio = variance / other
    return 0.5 * (points * (ratio - 1 - math.log(ratio)) + squares / other)


Change: TypeAlias = Callable[[Step], Step]


def _gaussian(t: Terms) -> GaussianDiffusion:
    if not isinstance(t.model, GaussianDiffusion):
        raise InapplicableError
    return t.model


def _all_steps(t: Terms) -> list[Step]:
    model, q = _gaussian(t), t.q
    means, spreads = q.marginals()
    signal = np.cumprod(np.append(1.0, q.weights))  # the coefficient of x_0 in the mean of x_t
    steps = []
    for k in range(1, len(model.weights)):
        gain = float(q.weights[k] * spreads[k] / spreads[k + 1])
        variance = float(spreads[k] * q.variances[k] / spreads[k + 1])
        shift = means[:, k] - gain * means[:, k + 1]
        of_start = float(signal[k] - gain * signal[k + 1])
        own = float(model.weights[k]), float(model.offsets[k]), float(model.variances[k])
        drawn = means[:, k + 1], float(spreads[k + 1]), float(q.variances[k])
        steps.append(Step(gain, shift, variance, of_start, model.x, *own, *drawn))
    return steps


def _changed(says: str, change: Change) -> Hypothesis:
    """Every step's KL is that of a changed step."""
    return Hypothesis(says, lambda t: _ends(_parts(t)) - sum(change(step).kl for step in _all_steps(t)))


def _swapped(step: Step) -> Step:
    rest = step.shift - step.of_start * step.start
    return replace(step, gain=step.of_start, shift=step.gain * step.start + rest)


def _reconstruction_drawn_with(t: Terms, spread: Callable[[float], float]) -> float:
    """E log p(x_0 | x_1) where x_1 is drawn with another variance."""
    model = _gaussian(t)
    means, spreads = t.q.marginals()
    away = model.x - model.weights[0] * means[:, 1] - model.offsets[0]
    squares = float(np.sum(away**2)) + len(model.x) * float(model.weights[0]) ** 2 * spread(float(spreads[1]))
    constants = len(model.x) * math.log(2 * math.pi * float(model.variances[0]))
    return -0.5 * (constants + squares / float(model.variances[0]))


def _drawn(says: str, spread: Callable[[float], float]) -> Hypothesis:
    """Every x_t is drawn from its marginal with another variance."""

    def predicts(t: Terms) -> float:
        steps = sum(replace(step, spread=spread(step.spread)).kl for step in _all_steps(t))
        return _reconstruction_drawn_with(t, spread) + _parts(t)["prior"] - steps

    return Hypothesis(says, predicts)


def _prior_term(says: str, variance: Callable[[float], float]) -> Hypothesis:
    """The prior term sees another variance of x_T."""

    def predicts(t: Terms) -> float:
        parts, model = _parts(t), _gaussian(t)
        means, spreads = t.q.marginals()
        squares = float(np.sum((means[:, -1] - model.prior_mean) ** 2))
        prior = _kl(variance(float(spreads[-1])), model.prior_variance, len(model.x), squares)
        return parts["reconstruction"] + sum(_steps(parts)) - prior

    return Hypothesis(says, predicts)


def _each_step(says: str, value: Callable[[Step], float]) -> Hypothesis:
    """Something else than a KL is added up."""
    return Hypothesis(says, lambda t: _ends(_parts(t)) - sum(value(step) for step in _all_steps(t)))


STEPS = (
    _changed("the posterior variance of a step is that of the forward step (β_t): the ratio (1-ᾱ_{t-1})/(1-ᾱ_t) is "
             "missing",
             lambda s: replace(s, variance=s.forward)),
    _changed("the coefficients of x_0 and x_t in the posterior mean are swapped", _swapped),
    _each_step("the KL of a step is reversed: KL(p ‖ q) for KL(q ‖ p)",
               lambda s: _kl(s.other, s.variance, len(s.start), s.squares)),
    _each_step("the steps are unweighted squared errors (the simple loss): the bound needs 1/(2σ²) and the variances",
               lambda s: s.squares),
    _each_step("the squared errors of the steps are weighted, but the variances do not enter",
               lambda s: 0.5 * s.squares / s.other),
    _drawn("x_t is drawn with its variance as standard deviation: (1-ᾱ_t) where √(1-ᾱ_t) is needed", lambda v: v**2),
    _drawn("x_t is drawn without noise", lambda v: 0.0),
    _prior_term("in the prior term the variance of x_T is taken for its logarithm", math.exp),
    _prior_term("in the prior term the log variance of x_T is 0 (its variance is taken to be 1)", lambda v: 1.0),
)  # fmt: skip

ALL = (*TERMS, *STEPS)
