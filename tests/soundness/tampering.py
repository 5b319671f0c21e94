"""Proofs taken apart into data, changed in one place, and put before the kernel again.

A proof is a tree of theorems; ``again`` makes it afresh with the kernel, out of nothing but its steps.  Every tampering
is one changed step of one chain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from random import Random
from typing import TypeAlias

from sympy import Basic, Tuple

from derive.claims import Claim
from derive.engine.prove import prove
from derive.kernel import Theorem, combine, equal, from_difference, order, refine, same_optimum, supremum, turned
from derive.library import documents
from derive.reading.meaning.document import read_document
from derive.reading.sources import load
from derive.rules import TABLE
from derive.steps import ProofError, Step, alike
from derive.terms.binding import base, same, substitute
from derive.terms.nodes import (
    ArgExtremum,
    Density,
    Extremum,
    Law,
    Log,
    Number,
    Plus,
    Quotient,
    Term,
    Times,
    Variable,
    negative,
)

Steps: TypeAlias = tuple[Step, ...]
Change: TypeAlias = Callable[[Steps], Steps]


def unchanged(steps: Steps) -> Steps:
    return steps


@cache
def library() -> tuple[tuple[Claim, Theorem], ...]:
    """Every claim of the built-in documents that a theorem proves, with the theorem."""
    contents = [claim.content for path in documents() for claim in read_document(load(path)).claims]
    claims = [content for content in contents if isinstance(content, Claim)]
    return tuple((claim, theorem) for claim in claims if (theorem := prove(claim)) is not None)


# ---------------------------------------------------------------- putting a proof before the kernel


def chains(theorem: Theorem) -> Iterator[Theorem]:
    """The chains of steps that a theorem is made of."""
    if theorem.judgement == "⊑":
        yield theorem
    for part in theorem.parts:
        yield from chains(part)


def again(theorem: Theorem, chain: Theorem, change: Change, bridge: Change = unchanged) -> Theorem:
    """The theorem, made afresh with one of its chains (and the inequality that joins them) changed.

    Raises ProofError where the kernel refuses.
    """
    if theorem.judgement == "⊑":
        steps = change(theorem.forward) if theorem is chain else theorem.forward
        return refine(theorem.left, steps, theorem.setting)
    parts = [again(part, chain, change, bridge) for part in theorem.parts]
    if isinstance(theorem.left, ArgExtremum):
        return _optima_again(theorem, parts[0])
    if isinstance(theorem.left, Extremum) and len(parts) == 2 and theorem.parts[1].judgement == "=":
        return supremum(theorem.left, parts[0], parts[1], _reached_at(theorem))
    if len(parts) > 2:
        return combine(parts[0], list(zip(_scales(theorem), parts[2:], strict=True)), parts[1])
    if len(parts) == 2 and theorem.judgement == "=":
        return equal(*parts)
    if len(parts) == 2:
        return order(parts[0], bridge(theorem.bridge)[0], parts[1])
    if alike(parts[0].left, Plus(theorem.left, negative(theorem.right))):
        return from_difference(theorem.left, theorem.right, parts[0])
    return turned(parts[0])


def _optima_again(theorem: Theorem, difference: Theorem) -> Theorem:
    left, right = theorem.left, theorem.right
    assert isinstance(left, ArgExtremum)
    assert isinstance(right, ArgExtremum)
    factor = difference.left.args[1].args[0]
    assert isinstance(factor, Number)
    return same_optimum(left, right, Number(abs(factor.value)), difference)


def _scales(theorem: Theorem) -> list[Number]:
    """How often each gap was left out, read off the chain that ends with them."""
    chain, _, *gaps = theorem.parts
    factors = [term.args[0] for term in chain.right.args[-len(gaps) :]]
    return [Number(abs(factor.value)) for factor in factors if isinstance(factor, Number)]


def _reached_at(theorem: Theorem) -> dict[Basic, Basic]:
    condition = next(c for c in theorem.conditions if c.kind == "attained")
    assert isinstance(condition.subject, Extremum)
    return dict(zip(condition.subject.candidates, condition.where, strict=True))


# ---------------------------------------------------------------- single changes of a chain


def removed(place: int) -> Change:
    return lambda steps: steps[:place] + steps[place + 1 :]


def doubled(place: int) -> Change:
    return lambda steps: (*steps[: place + 1], *steps[place:])


def swapped(place: int) -> Change:
    return lambda steps: (*steps[:place], steps[place + 1], steps[place], *steps[place + 2 :])


def put(place: int, step: Step) -> Change:
    return lambda steps: (*steps[:place], step, *steps[place + 1 :])


def carried_on(place: int, after: Term) -> Change:
    """Another result of a step, and the next step starting from it."""

    def change(steps: Steps) -> Steps:
        following = steps[place + 1 :]
        if following:
            following = (replace(following[0], before=after), *following[1:])
        return (*steps[:place], replace(steps[place], after=after), *following)

    return change


def renamed(step: Step) -> Iterator[Step]:
    """The step under the name of every other rule."""
    for rule in (*TABLE, "ring", "definition", "hypothesis", "by magic"):
        if rule != step.rule:
            yield replace(step, rule=rule)


def with_fewer_premises(step: Step) -> Iterator[Step]:
    for premise in step.premises:
        yield replace(step, premises=tuple(p for p in step.premises if p != premise))


def with_other_holes(step: Step) -> Iterator[Step]:
    """One hole of the step filled with something else."""
    for name, filled in step.substitution.items():
        for other in altered(filled, 2, Random(name)):
            yield replace(step, substitution={**step.substitution, name: other})


# ---------------------------------------------------------------- altered terms


def altered(term: Basic, most: int, random: Random) -> list[Basic]:
    """Up to ``most`` terms that differ from a term in one node and mean something else."""
    every = [new for new in _altered(term) if not same(new, term)]
    return random.sample(every, min(most, len(every)))


def _altered(node: Basic) -> Iterator[Basic]:
    yield from _changed_here(node)
    for place, arg in enumerate(node.args):
        for new in _altered(arg):
            try:
                yield node.func(*(new if i == place else a for i, a in enumerate(node.args)))
            except (ValueError, TypeError, AttributeError):
                continue


def _changed_here(node: Basic) -> Iterator[Basic]:
    match node:
        case Number():
            yield Number(node.value + 1)
            yield Number(-node.value)
        case Density():
            yield substitute(node, {base(node.law): Law("other")})
        case Quotient():
            yield Quotient(node.denominator, node.numerator)
            yield node.numerator
        case Log():
            yield node.argument
        case Plus() | Times():
            yield from (node.func(*(a for a in node.args if a is not arg)) for arg in node.args if len(node.args) > 1)
        case Variable():
            yield Variable("elsewhere", node.space)
        case Term():
            yield negative(node)
        case Tuple():
            yield Tuple(*node.args[1:])
        case _:
            return


def accepts(attempt: Callable[[], Theorem]) -> Theorem | None:
    """The theorem that the kernel makes, or None if it refuses."""
    try:
        return attempt()
    except ProofError:
        return None
