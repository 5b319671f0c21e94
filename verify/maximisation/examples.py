"""Ready-made runs of EM: data drawn from a model, and a start that knows nothing of the parameters behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from verify import models
from verify.maximisation.collapse import variance_that_beats
from verify.maximisation.stationary import StationaryPoint, certify_maximum
from verify.maximisation.steps import baum_welch_m_step, mixture_m_step, ppca_m_step, ppca_maximum, start_mixture
from verify.maximisation.trace import Change, Model, MStep, Trace, maximise

FLOOR = 0.01  # of the mixture's variances


@dataclass(frozen=True)
class Start:
    """Where a run begins, and the M step it uses."""

    model: Model
    m_step: MStep


def _mixture(rng: np.random.Generator) -> Start:
    """100 points on a line from three clusters."""
    centres = np.array([-3.0, 0.0, 2.5])
    x = centres[rng.integers(3, size=100)] + rng.normal(size=100) * 0.7
    return Start(start_mixture(x[:, None], 3, rng), mixture_m_step(FLOOR))


def _ppca(rng: np.random.Generator) -> Start:
    """80 points in six dimensions with two latent ones."""
    x = rng.normal(size=(80, 2)) @ rng.normal(size=(2, 6)) + 0.5 * rng.normal(size=(80, 6))
    return Start(models.FactorAnalysis(x, rng.normal(size=(6, 2)), np.zeros(6), np.ones(6)), ppca_m_step)


def _hidden_markov(rng: np.random.Generator) -> Start:
    """A sequence of 60 symbols from three states."""
    truth = models.HiddenMarkovChain.random(rng, steps=60, states=3, symbols=4)
    guess = models.HiddenMarkovChain.random(rng, steps=60, states=3, symbols=4)
    return Start(guess.replace(x=truth.x), baum_welch_m_step)


STARTS: Mapping[str, Callable[[np.random.Generator], Start]] = MappingProxyType(
    {"gaussian-mixture": _mixture, "ppca": _ppca, "hidden-markov": _hidden_markov}
)


def run(name: str, seed: int = 0, steps: int = 100, progress: Callable[[int, int], None] | None = None) -> Trace:
    """A certified run of EM for one of STARTS.  Raises KeyError for any other name."""
    start = STARTS[name](np.random.default_rng(seed))
    return maximise(start.model, start.m_step, steps, tolerance=1e-9, progress=progress)


def example_without_certificates(name: str, seed: int = 0, steps: int = 100) -> Trace:
    """The same run in floats alone, for drawing."""
    start = STARTS[name](np.random.default_rng(seed))
    return maximise(start.model, start.m_step, steps, certify=False)


def findings(trace: Trace) -> list[str]:
    """What was proved about the steps, and where the run ended, as sentences."""
    words = {Change.UNCHANGED: "left it as it was, within rounding", Change.LOWERED: "lowered it",
             Change.UNCERTIFIED: "could not be certified"}  # fmt: skip
    rest = [f"{trace.count(change)} {what}" for change, what in words.items() if trace.count(change)]
    certified = f"{trace.count(Change.RAISED)} of {len(trace.steps)} steps certainly raised log p(x)"
    moving = "no longer move" if trace.converged else "still move"
    sentence = f"{'; '.join([certified, *rest])} (certified enclosures)."
    return [sentence, f"At the end the parameters {moving}.", *_about_the_end(trace)]


def _about_the_end(trace: Trace) -> list[str]:
    match trace.end:
        case models.GaussianMixture():
            return [s for s in (_stationary(certify_maximum(trace.end)), _unbounded(trace.end)) if s]
        case models.FactorAnalysis():
            best = ppca_maximum(trace.end.x, trace.end.loadings.shape[1]).log_evidence()
            return [f"The global maximum is known in closed form: {best:.9f}; the run ended "
                    f"{best - trace.end.log_evidence():.1e} nats below it."]  # fmt: skip
        case _:
            return []


def _stationary(point: StationaryPoint) -> str:
    if not point.certified:
        return "No maximum is certified near the end point: the run has to go on, or a variance lies at its floor."
    return (
        f"{point.distance:.0e} from the end point lies a strict local maximum, certified to be the only stationary "
        f"point of log p(x) in a box of half-width {point.radius:.0e} (Krawczyk's test, negative definite Hessian)."
    )


def _unbounded(end: models.GaussianMixture) -> str:
    """The collapsed mixture that beats the end point, over all choices of the component that collapses."""
    reached = end.log_evidence()
    beating = [v for k in range(len(end.weights)) if (v := _beating_variance(end, reached, k))]
    if not beating:
        return ""
    return (
        f"It is no global maximum: with one mean on a data point and a variance of {max(beating):.0e} there, log p(x) "
        "is higher, and it grows without bound as that variance falls.  That is why argmax over θ and q needs the "
        f"condition that it is attained; here a floor of {FLOOR} on the variances provides it."
    )


def _beating_variance(end: models.GaussianMixture, bound: float, component: int) -> float:
    """0 where only variances below the smallest float would do."""
    try:
        return variance_that_beats(end, bound, component)
    except OverflowError:
        return 0.0
