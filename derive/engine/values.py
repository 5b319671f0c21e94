"""An objective at its optimum, compared with the same at another value."""

from __future__ import annotations

from collections.abc import Iterator

from derive.claims import Optimal, Setting
from derive.engine.joining import reach
from derive.engine.matching import Spaces
from derive.kernel import Theorem, optimum, turned
from derive.steps import ProofError
from derive.terms.binding import substitute
from derive.terms.nodes import Parameter, Term


def by_optimality(large: Term, small: Term, setting: Setting, drawn: Spaces) -> Iterator[Theorem]:
    """⊢ large ≥ small, where one side is J(θ*) for a θ* that the text says is an optimum of J."""
    for said in setting.hypotheses:
        if isinstance(said, Optimal):
            best, other = (large, small) if said.optimum.kind == "argmax" else (small, large)
            theorem = _at_optimum(best, other, said, setting, drawn)
            if theorem is not None:
                yield theorem if theorem.judgement == ">=" else turned(theorem)


def _at_optimum(best: Term, other: Term, said: Optimal, setting: Setting, drawn: Spaces) -> Theorem | None:
    (candidate, *_), objective = said.optimum.candidates, said.optimum.objective
    left = reach(best, substitute(objective, {candidate: said.parameter}), setting, drawn)
    if left is None:
        return None
    for value in sorted(setting.unfold_all(other).atoms(Parameter), key=str):
        right = reach(other, substitute(objective, {candidate: value}), setting, drawn)
        if right is not None and isinstance(value, Parameter):
            try:
                return optimum(left.theorem(), right.theorem(), said, value)
            except ProofError:
                continue
    return None
