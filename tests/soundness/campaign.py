"""The engine against the worlds: random claims, true ones and mutants, and whether anything false is proved.

    python -m tests.soundness.campaign --claims 5000 --seed 1

Every claim is proved if the engine can, whatever the worlds think of it; and checked as a document's claim is.  What
is proved is then evaluated in more than 200 worlds of every kind, with zeros, null points and base weights, and in some
small rational worlds where it is tightest both sides are compared exactly.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "rules")]

import numpy as np  # noqa: E402
from judge import Statement, violation  # noqa: E402
from random_claims import RandomClaim, random_claims  # noqa: E402

from derive.claims import Claim  # noqa: E402
from derive.engine.prove import prove  # noqa: E402
from derive.kernel import Theorem  # noqa: E402
from derive.terms.nodes import ArgExtremum, Term  # noqa: E402
from verify.check import check, without_names  # noqa: E402
from verify.decide import Answer, Undefined, compare  # noqa: E402
from verify.progress import Progress  # noqa: E402
from verify.witness import DisagreementError  # noqa: E402
from verify.worlds.draw import build  # noqa: E402
from verify.worlds.evaluate import CannotEvaluateError, Evaluator  # noqa: E402
from verify.worlds.exact import Exact, exact_world  # noqa: E402
from verify.worlds.sources import Replay, SmallSource, one_world  # noqa: E402
from verify.worlds.vocabulary import Vocabulary  # noqa: E402

WORLDS = 32  # of each of six kinds, and twice as many with holes: 256 in all
TIGHTEST = 3  # worlds in which a proved claim is decided exactly
CONTRADICTED = {"=": {Answer.LESS, Answer.GREATER}, ">=": {Answer.LESS}, "<=": {Answer.GREATER}}


class Tally(Counter[str]):
    """How many claims met which fate, and the disagreements in words."""

    def __init__(self) -> None:
        super().__init__()
        self.disagreements: list[str] = []

    def lines(self) -> Iterator[str]:
        tried, true = self["true"] + self["mutant"], self["true"] or 1
        yield f"claims tried      {tried}  ({self['true']} true by construction, {self['mutant']} mutants)"
        yield f"proved            {self['proved']}  (each tried in {8 * WORLDS} worlds, {self['exact']} worlds exactly)"
        yield f"refuted           {self['refuted']}"
        yield f"undecided         {self['undecided']}"
        yield f"true and proved   {self['true proved']} of {self['true']}  ({100 * self['true proved'] / true:.1f} %)"
        yield f"mutants refuted   {self['mutant refuted']} of {self['mutant']}, proved {self['mutant proved']}"
        yield f"disagreements     {len(self.disagreements)}"


def judge(random: RandomClaim, tally: Tally) -> None:
    """One claim, tried in every way; whatever contradicts something else is noted."""
    kind, claim = ("true" if random.true else "mutant"), random.claim
    tally[kind] += 1
    theorem = prove(claim)
    try:
        word = check(claim).word
    except DisagreementError:
        word = "disagreement"
    tally[word] += 1
    tally[f"{kind} {word}"] += 1
    complaint = _complaint(word, random, theorem, tally)
    if complaint:
        tally.disagreements.append(f"{complaint}: {claim.lhs} {claim.sign} {claim.rhs}")


def _complaint(word: str, random: RandomClaim, theorem: Theorem | None, tally: Tally) -> str:
    if word == "disagreement":
        return "proved, and false where its conditions hold"
    if word == "refuted" and random.true:
        return "refuted, and true by construction"
    if theorem is None:
        return "proved, but not by the engine" if word == "proved" else ""
    if word == "refuted":
        return "proved by the engine, and refuted"
    return _false_somewhere(without_names(random.claim), theorem, tally)


def _false_somewhere(claim: Claim, theorem: Theorem, tally: Tally) -> str:
    """A world in which a theorem is false, in words; empty if none was found."""
    if isinstance(claim.lhs, ArgExtremum):
        return ""  # the checker's worlds have compared the candidates
    found = violation(Statement.of(theorem), WORLDS)
    return found or _false_exactly(claim, tally)


def _false_exactly(claim: Claim, tally: Tally) -> str:
    """Small rational worlds without zeros, decided exactly at the points where the two sides come nearest."""
    vocabulary = Vocabulary.of((claim.lhs, claim.rhs), claim.setting)
    points = dict.fromkeys(sorted(vocabulary.spaces), 2)
    source = SmallSource(1, 64, np.random.default_rng(len(repr(claim.lhs))))
    floats = Evaluator(build(vocabulary, claim.setting, source, points, "rational"), vocabulary.names)
    left, right = np.broadcast_arrays(floats(claim.lhs), floats(claim.rhs))
    with np.errstate(all="ignore"):
        slack = np.where(np.isfinite(left - right), np.abs(left - right), np.inf)
    worlds = slack.reshape(-1, slack.shape[-1]).min(axis=0)
    for number in np.argsort(worlds)[:TIGHTEST]:
        place = np.unravel_index(int(slack[..., number].argmin()), slack.shape[:-1])
        replay = Replay(one_world(source.records, int(number)), True, 1)
        world = exact_world(build(vocabulary, claim.setting, replay, points, "rational"))
        exact = Evaluator(world, vocabulary.names, Exact())
        values = [_at(exact, side, place) for side in (claim.lhs, claim.rhs)]
        if any(isinstance(value, Undefined) for value in values):
            continue
        tally["exact"] += 1
        if compare(values[0], values[1]).answer in CONTRADICTED[claim.sign]:
            return f"false in a rational world: {values}"
    return ""


def _at(exact: Evaluator, side: Term, place: tuple[np.intp, ...]) -> object:
    values = exact(side)
    return values[(*(0 if n == 1 else int(i) for i, n in zip(place, values.shape, strict=False)), 0)]


def run(claims: int, seed: int, progress: Progress | None = None) -> Tally:
    """``claims`` random claims, judged."""
    tally = Tally()
    for number, random in enumerate(islice(random_claims(seed), claims), 1):
        try:
            judge(random, tally)
        except CannotEvaluateError:
            tally["not evaluated"] += 1
        if progress is not None:
            progress(number, claims)
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with Progress("campaign") as progress:
        tally = run(options.claims, options.seed, progress)
    print("\n".join([*tally.lines(), *tally.disagreements[:20]]))
    return 1 if tally.disagreements else 0


if __name__ == "__main__":
    sys.exit(main())
