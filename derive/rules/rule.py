"""A rule is a row: what it says, what it needs, when it is tight, and how people get it wrong.

An equation ``left = right`` can be used from left to right or back.  Either way the step must enlarge the domain of
definition (``derive/terms/meaning.py``), or pay for it with a condition:

    needs      for the equation itself: where these fail, it is false
    splitting  for using it from left to right, where right may be undefined although left is not
    merging    for using it from right to left

``None`` instead of needs: it is not used in that direction at all.  Most equations need nothing in the direction in
which they simplify.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from derive.conditions import Kind
from derive.terms.nodes import Term

Relation: TypeAlias = Literal["=", ">=", "<="]


@dataclass(frozen=True)
class Need:
    """A condition as a pattern; ``text`` says it in words for the rule's page.

    where    what it is needed for: not where a factor of this is 0
    unless   a term that, non-negative by its form, makes the condition unnecessary
    beside   a term that makes it necessary, by holding a factor whose 0 decides a product
    loosely  for "finite": the subject may be undefined, only not infinite
    """

    kind: Kind
    subject: Term
    where: tuple[Term, ...] = ()
    text: str = ""
    unless: Term | None = None
    beside: Term | None = None
    loosely: bool = False


@dataclass(frozen=True)
class NearMiss:
    """A common false variant of the rule, and the sentence its author should read."""

    left: Term
    relation: Relation
    right: Term
    mistake: str


@dataclass(frozen=True)
class Rule:
    """One row of the table.

    name       how proofs cite it
    title      how a lecturer would call the step
    equality   for an inequality: when it is tight
    curvature  the name of a Shape that must be concave or convex, and which
    fresh      pairs (hole, group): the hole's content must not mention the group
    """

    name: str
    title: str
    left: Term
    relation: Relation
    right: Term
    why: str
    reference: str
    needs: tuple[Need, ...] = ()
    splitting: tuple[Need, ...] | None = ()
    merging: tuple[Need, ...] | None = ()
    equality: str = ""
    curvature: tuple[str, Literal["concave", "convex"]] | None = None
    fresh: tuple[tuple[str, str], ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
