"""Relations between several calls with the same noise, for the user's own network, where no exact value is known.

    shifted likelihood   adding c to every log p(x_i | z) adds c a data point
    duplicated data      the data twice, with the same noise twice, is twice the sum
    decoder without z    with a decoder that ignores z and q = prior, every draw is the same number
    repeated draws       K equal draws are one draw: the mean of K equal weights is the weight
    one sample           at samples=1 an importance-weighted bound is the ELBO
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from verify.objectives.adapters.plain import PlainObjective
from verify.objectives.case import Unsolved
from verify.objectives.implementation import Situation
from verify.objectives.inquiry import Inquiry
from verify.objectives.noise import FreshNoise, NoiseError, RecordedNoise, ReplayedNoise
from verify.objectives.report import Finding

NAME = "relations"
_SEEDS = 3
_SHIFT = 0.75


class _NotHereError(Exception):
    """The relation does not apply; the message says why."""


def findings(inquiry: Inquiry) -> Iterator[Finding]:
    """Every relation, or why it does not apply."""
    case = inquiry.case
    if not isinstance(case, Unsolved):
        yield Finding(NAME, "relations between calls", "not applicable", "exact values are known for this model")
        return
    for name, test in _RELATIONS.items():
        try:
            yield test(inquiry, case, name)
        except (_NotHereError, NoiseError) as error:
            yield Finding(NAME, name, "not applicable", str(error))


def _needs(inquiry: Inquiry, *arguments: str) -> None:
    """Does the objective take these arguments, and does the case have them?"""
    for argument in arguments:
        if not inquiry.takes(argument):
            raise _NotHereError(f"let the objective take {argument}")
        if argument not in inquiry.here.values:
            raise _NotHereError(f"give {argument}= to Unsolved")


def _paired(
    inquiry: Inquiry, name: str, first: Situation, second: Situation, expected: Callable[[float], float], wrong: str
) -> Finding:
    """Is the second value what `expected` makes of the first, with the same noise, for several seeds?"""
    for k in range(_SEEDS):
        seed = [inquiry.case.seed, 4, k]
        recording = RecordedNoise(seed)
        before = inquiry.nats(first, recording)
        finding = _equal(inquiry, name, expected(before), inquiry.nats(second, ReplayedNoise(recording)), wrong, seed)
        if finding.status == "failed":
            return finding
    return finding


def _equal(inquiry: Inquiry, name: str, expected: float, found: float, wrong: str, seed: list[int]) -> Finding:
    allowed = inquiry.objective.relative_tolerance * (1 + abs(expected) + abs(found)) * inquiry.points
    failed = not abs(found - expected) <= allowed
    return Finding(
        NAME,
        name,
        "failed" if failed else "held",
        wrong if failed else "",
        expected=expected,
        found=found,
        tolerance=allowed,
        evaluations=2,
        detail={"seed": seed},
    )


def _shifted_likelihood(inquiry: Inquiry, case: Unsolved, name: str) -> Finding:
    _needs(inquiry, "shift")
    total = _SHIFT * inquiry.points
    wrong = f"adding {_SHIFT} to log p(x_i | z) of every data point does not add {total:g} nats to the bound"
    return _paired(inquiry, name, inquiry.here, inquiry.situation(shift=_SHIFT), lambda value: value + total, wrong)


def _duplicated_data(inquiry: Inquiry, case: Unsolved, name: str) -> Finding:
    _needs(inquiry, "x")
    if not inquiry.objective.plate:
        raise _NotHereError("with one logarithm for the whole data set the bound is not additive")
    twice = Situation({**inquiry.here.values, "x": np.concatenate([case.x, case.x])}, 2 * inquiry.points)
    wrong = "the data twice, with the same noise twice, do not give twice the bound: check what is summed and averaged"
    return _paired(inquiry, name, inquiry.here, twice, lambda value: 2 * value, wrong)


def _decoder_without_z(inquiry: Inquiry, case: Unsolved, name: str) -> Finding:
    _needs(inquiry, "decoder", "encoder")
    decoder = inquiry.here.values["decoder"]
    situation = inquiry.situation(decoder=lambda z: decoder(z * 0))
    wrong = (
        "with a decoder that ignores z and q = prior the value still depends on z: log p(z) and log q(z) do not cancel"
    )
    expected = inquiry.nats(situation, FreshNoise([case.seed, 5]))
    for k in range(_SEEDS):
        seed = [case.seed, 6, k]
        finding = _equal(inquiry, name, expected, inquiry.nats(situation, FreshNoise(seed)), wrong, seed)
        if finding.status == "failed":
            return finding
    return finding


def _repeated_draws(inquiry: Inquiry, case: Unsolved, name: str) -> Finding:
    _needs(inquiry, "samples")
    many = max(inquiry.objective.samples, 2)
    wrong = f"{many} equal draws do not give the value of one draw: is log {many} subtracted, or the mean taken, once?"
    one, several = inquiry.situation(samples=1), inquiry.situation(samples=many)
    return _paired(inquiry, name, one, several, lambda value: value, wrong)


def _one_sample(inquiry: Inquiry, case: Unsolved, name: str) -> Finding:
    _needs(inquiry, "samples")
    if case.elbo is None:
        raise _NotHereError("give elbo= to Unsolved")
    plain, situation = PlainObjective(case.elbo), inquiry.situation(samples=1)
    for k in range(_SEEDS):
        seed = [case.seed, 7, k]
        recording = RecordedNoise(seed)
        elbo = inquiry.objective.in_nats(plain.value(situation, recording), situation.points)
        found = inquiry.nats(situation, ReplayedNoise(recording))
        finding = _equal(inquiry, name, elbo, found, "with one sample it is not the ELBO of the same draw", seed)
        if finding.status == "failed":
            return finding
    return finding


_RELATIONS: dict[str, Callable[[Inquiry, Unsolved, str], Finding]] = {
    "shifted likelihood": _shifted_likelihood,
    "duplicated data": _duplicated_data,
    "decoder without z": _decoder_without_z,
    "repeated draws": _repeated_draws,
    "one sample": _one_sample,
}
