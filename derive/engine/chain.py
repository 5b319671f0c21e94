"""A term under rewriting, with the steps that led to it.

A chain only records; whatever it holds is checked again by the kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from sympy import Basic

from derive.claims import LawEquation, Setting
from derive.kernel import Theorem, refine
from derive.rules import TABLE
from derive.site import Path, children, site
from derive.steps import ProofError, Step, instance, premises
from derive.terms.binding import fingerprint, same, substitute
from derive.terms.nodes import Named, Number, Term

MAX_STEPS = 400  # of one chain: a budget in steps, never in seconds


class OutOfStepsError(ProofError):
    """The chain has used up its budget."""


class Chain:
    """start ⊑ … ⊑ term, step by step."""

    def __init__(self, start: Term, setting: Setting) -> None:
        self.start = start
        self.term = start
        self.setting = setting
        self.steps: list[Step] = []

    def apply(self, rule: str, path: Path, substitution: Mapping[str, Basic], backwards: bool = False) -> None:
        """Uses a rule at a path.  Raises ProofError where it does not fit."""
        if rule == "definition":
            use = substitution["name"]
            assert isinstance(use, Named)
            new = self.setting.definitions[use.name].unfold(use)
        elif rule == "hypothesis":
            new = self._assumed(substitution, backwards)
        else:
            _, new, _ = instance(TABLE[rule], substitution, backwards)
        self._append(Step(rule, path, substitution, self.term, site(self.term, path).replace(new), (), backwards))

    def _assumed(self, substitution: Mapping[str, Basic], backwards: bool) -> Term:
        number, renaming = substitution["number"], substitution["renaming"]
        assert isinstance(number, Number)
        equation = [h for h in self.setting.hypotheses if isinstance(h, LawEquation)][int(number.value)]
        return substitute(equation.left if backwards else equation.right, {pair[0]: pair[1] for pair in renaming})

    def ring(self, path: Path, new: Term) -> None:
        """Replaces the part at a path by one that is equal to it as a polynomial."""
        self._append(Step("ring", path, {}, self.term, site(self.term, path).replace(new)))

    def retrace(self, step: Step) -> None:
        """Walks a step of another chain back: from its after to its before."""
        last = self.steps[-1] if self.steps else None
        if last and last.rule == step.rule and last.after == step.after and same(last.before, step.before):
            self.steps.pop()
            self.term = last.before
            return
        path = step.path
        if path and isinstance(path[-1], tuple):
            path = (*path[:-1], 0)  # picked terms are replaced by one that stands first
        if step.rule == "ring":
            self._append(Step("ring", path, {}, step.after, step.before))
        else:
            self._append(Step(step.rule, path, step.substitution, step.after, step.before, (), not step.backwards))

    def _append(self, step: Step) -> None:
        if len(self.steps) >= MAX_STEPS:
            raise OutOfStepsError
        step = replace(step, premises=premises(step, self.setting))
        self.steps.append(step)
        self.term = step.after

    def attempt(self, tactic: Callable[[Chain], None]) -> bool:
        """Runs a tactic; where it fails, everything is as before."""
        mark, term = len(self.steps), self.term
        try:
            tactic(self)
        except OutOfStepsError:
            raise
        except (ProofError, ValueError):
            del self.steps[mark:]
            self.term = term
            return False
        return True

    def theorem(self) -> Theorem:
        """⊢ start ⊑ term, checked by the kernel."""
        return refine(self.start, self.steps, self.setting)

    def at(self, path: Path) -> Term:
        return site(self.term, path).part

    def changed_since(self, mark: int) -> bool:
        return len(self.steps) > mark


def positions(term: Term, path: Path = ()) -> Iterator[tuple[Path, Term]]:
    """Every part that a rule may be applied to, inner parts first."""
    for place, child in children(term):
        yield from positions(child, (*path, place))
    yield path, term


class Turns:
    """Notices a term that comes back: rewriting has begun to go round."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._seen = {fingerprint(chain.term)}

    def closed(self) -> bool:
        """Whether the chain's term, which has just changed, was there before."""
        print_ = fingerprint(self._chain.term)
        if print_ in self._seen:
            return True
        self._seen.add(print_)
        return False


def meets(left: Chain, right: Chain) -> bool:
    return same(left.term, right.term)
