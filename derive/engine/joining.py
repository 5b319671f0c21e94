"""Two sides joined by one inequality: chains of equalities up to it from the large side, and from the small one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sympy import Basic

from derive.claims import Setting
from derive.engine.chain import Chain
from derive.engine.matching import Spaces
from derive.engine.simplify import Effort, join, simplify, unfold_names
from derive.kernel import Theorem, order
from derive.rules import TABLE
from derive.site import Path, children, site
from derive.steps import ProofError, Step, instance, premises
from derive.terms.binding import same
from derive.terms.nodes import Term


def bridge(large: Term, step: Step, small: Term, setting: Setting, drawn: Spaces, effort: Effort) -> Theorem | None:
    """large ⊑ … = step.before ≥ step.after = … ⊒ small."""
    try:
        step = replace(step, premises=premises(step, setting))
        left = reach(large, step.before, setting, drawn, effort)
        right = reach(small, step.after, setting, drawn, effort)
        if left is None or right is None:
            return None
        return order(left.theorem(), step, right.theorem())
    except ProofError:
        return None


def reach(start: Term, goal: Term, setting: Setting, drawn: Spaces, effort: Effort = "usual") -> Chain | None:
    """A chain from start to goal: both are simplified, and the goal's steps are walked back."""
    chain = along(start, goal, setting)
    if chain is not None:
        return chain
    chain = Chain(start, setting)
    simplify(chain, drawn, effort)
    target = Chain(goal, setting)
    simplify(target, drawn, effort)
    if not same(chain.term, target.term) and not _align(chain, target):
        return None
    for step in reversed(target.steps):
        if not chain.attempt(lambda c, step=step: c.retrace(step)):  # type: ignore[misc]
            return None
    return chain


def along(start: Term, goal: Term, setting: Setting) -> Chain | None:
    """A chain from start to goal by definitions and algebra in one place alone: KL and means stay what they are."""
    chain = Chain(start, setting)
    if same(start, goal):
        return chain
    unfold_names(chain)
    for path in reversed(list(_differing(chain.term, goal))):
        new = site(goal, path).part
        if chain.attempt(lambda c, path=path, new=new: c.ring(path, new)):  # type: ignore[misc]
            return chain if same(chain.term, goal) else None
    return chain if same(chain.term, goal) else None


def _differing(one: Term, other: Term, path: Path = ()) -> Iterator[Path]:
    """Places that hold all that differs between two terms, from the outermost to the innermost."""
    yield path
    inside = list(children(one))
    beside = dict(children(other))
    if type(one) is not type(other) or [place for place, _ in inside] != list(beside):
        return
    different = [place for place, child in inside if not same(child, beside[place])]
    if len(different) == 1:
        (place,) = different
        yield from _differing(site(one, (place,)).part, beside[place], (*path, place))


def _align(chain: Chain, target: Chain) -> bool:
    join(target, chain)
    return same(chain.term, target.term)


def inequality_step(
    rule: str, whole: Term, path: Path, holes: dict[str, Basic], backwards: bool = False
) -> Step | None:
    """The step that uses an inequality at a path of ``whole``."""
    try:
        before, after, _ = instance(TABLE[rule], holes, backwards)
        here = site(whole, path)
    except (ProofError, ValueError):
        return None
    if not same(here.part, before):
        return None
    return Step(rule, path, holes, whole, here.replace(after), (), backwards)


def from_large(step: Step) -> Step:
    """A step of the small side upwards, turned so that it starts at the large one."""
    return Step(step.rule, step.path, step.substitution, step.after, step.before, (), not step.backwards)
