"""Proofs written by hand, step by step, the way an attacker would write them.

``Draft`` applies rules and works their premises out as the kernel does, so that a refusal is never for want of a
premise.  Nothing here is trusted: the theorem comes from the kernel or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from sympy import Basic

from derive.claims import LawEquation, Setting
from derive.kernel import Theorem, equal, refine
from derive.rules import TABLE
from derive.site import Path, site
from derive.steps import Step, instance, premises
from derive.terms.binding import substitute
from derive.terms.nodes import Named, Number, Term


class Draft:
    """start ⊑ … ⊑ term."""

    def __init__(self, start: Term, setting: Setting | None = None) -> None:
        self.start, self.term = start, start
        self.setting = setting or Setting()
        self.steps: list[Step] = []

    def rule(self, name: str, path: Path = (), backwards: bool = False, **holes: Basic) -> Draft:
        """Uses a row of the table."""
        _, new, _ = instance(TABLE[name], holes, backwards)
        return self.step(name, path, holes, site(self.term, path).replace(new), backwards)

    def ring(self, after: Term, path: Path = ()) -> Draft:
        """Replaces the part at a path by algebra."""
        return self.step("ring", path, {}, site(self.term, path).replace(after))

    def unfold(self, use: Named, path: Path = ()) -> Draft:
        meaning = self.setting.definitions[use.name].unfold(use)
        return self.step("definition", path, {"name": use}, site(self.term, path).replace(meaning))

    def assume(self, number: int, renaming: Basic, path: Path = (), backwards: bool = False) -> Draft:
        """Uses an equation that the text assumes."""
        equation = [h for h in self.setting.hypotheses if isinstance(h, LawEquation)][number]
        side = equation.left if backwards else equation.right
        new = substitute(side, {pair.args[0]: pair.args[1] for pair in renaming.args})
        holes = {"number": Number(number), "renaming": renaming}
        return self.step("hypothesis", path, holes, site(self.term, path).replace(new), backwards)

    def step(self, rule: str, path: Path, holes: Mapping[str, Basic], after: Term, backwards: bool = False) -> Draft:
        """Any step at all, with the premises that the kernel will ask for."""
        step = Step(rule, path, holes, self.term, after, (), backwards)
        self.steps.append(replace(step, premises=premises(step, self.setting)))
        self.term = after
        return self

    def theorem(self) -> Theorem:
        """⊢ start ⊑ term.  Raises ProofError where the kernel refuses."""
        return refine(self.start, self.steps, self.setting)

    def equals(self, other: Draft) -> Theorem:
        """⊢ start = the other's start, if both end in the same term."""
        return equal(self.theorem(), other.theorem())


def renaming(**pairs: Basic) -> dict[str, Basic]:
    return cast("dict[str, Basic]", pairs)
