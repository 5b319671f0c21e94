r"""Sums over data: \sum_i \log p(x^{(i)}), where every i has observations and latent variables of its own.

What a law says of the i-th example is read as a law of the example's own: p(x^{(i)}, z^{(i)}) as
p_i(x^{(i)}, z^{(i)}), with i a point of a set that is counted.  That is more general than one law at different points,
so what is proved of it holds for data; and different points make the tables of one law as arbitrary as several laws.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import cast

from sympy import Basic, preorder_traversal

from derive.claims import Definition
from derive.reading.meaning.laws import ElaborationError
from derive.reading.meaning.roles import Roles
from derive.reading.meaning.spelling import key_of
from derive.reading.syntax import BigOperator, Equation, Name, Num
from derive.terms import nodes as t


def index_of(node: BigOperator, roles: Roles) -> t.Variable | None:
    """The index of a sum over data; None for any other sum."""
    under = node.under.left if isinstance(node.under, Equation) else node.under
    if node.kind != "sum" or not isinstance(under, Name) or key_of(under) not in roles.indices:
        return None
    if not _runs_over_all(node, key_of(under), roles):
        raise ElaborationError("over which examples this sum runs is not understood", node.span)
    return t.Variable(key_of(under))


def _runs_over_all(node: BigOperator, letter: str, roles: Roles) -> bool:
    r"""Whether a sum over i is \sum_i or \sum_{i=1}^N, with one letter for N and one N for the letter in the text."""
    if isinstance(node.under, Equation):
        first, last = node.under.right, node.upper
        ends = [count for count, letters in roles.counted.items() if letter in letters]
        of_one = isinstance(first, Num) and first.value == 1 and isinstance(last, Name)
        return of_one and len(ends) == 1 and len(roles.counted[ends[0]]) == 1
    return node.upper is None


def about_other_examples(left: t.Term, right: t.Term, roles: Roles) -> bool:
    """Whether the sums of one side run over i and those of the other over j: that both are the same is not known."""
    over = [{v.name for node in preorder_traversal(side) if isinstance(node, t.Integral) for v in node.variables}
            & roles.indices for side in (left, right)]  # fmt: skip
    return bool(over[0] and over[1] and not over[0] & over[1])


def by_data(term: t.Term, roles: Roles) -> t.Term:
    """A side in which the laws of data have the index of their example, also outside of sums.

    Beside a sum over i, p(x) is no law of an example: only what i is written in has an index there.
    """
    for key in sorted(roles.indices):
        index = t.Variable(key)
        summed = any(isinstance(node, t.Integral) and index in node.variables for node in preorder_traversal(term))
        term = indexed(term, index, only_marked=summed)
    return term


def numbers_of_examples(roles: Roles) -> dict[str, Definition]:
    r"""N, where \sum_{i=1}^N runs over data: Σ_i 1."""
    return {
        count: Definition(count, (), t.Integral(t.Number(1), t.Variable(min(letters))), f"{count} examples")
        for count, letters in roles.counted.items()
        if len(letters) == 1 and letters <= roles.indices
    }


def indexed(term: t.Term, index: t.Variable, only_marked: bool = False) -> t.Term:
    """The term with an index at each law that is used with it, or with a point of the index's example.

    ``only_marked`` leaves out the densities of such a law in which nothing has the index.
    """
    densities = [node for node in preorder_traversal(term) if isinstance(node, t.Density)]
    laws = {density.law.name for density in densities if _speaks_of(density, index)}
    return cast(t.Term, _with_index(term, index, laws, only_marked)) if laws else term


def unindexed_laws(roles: Roles) -> frozenset[str]:
    """The laws that the text never writes with the index of an example below them."""
    laws = roles.laws.items() if roles.indices else ()
    return frozenset(law for law, use in laws if not any(roles.indices & {*below} for below in use.parameters))


def shared(terms: Iterable[t.Term], unindexed: Container[str]) -> set[str]:
    """The indices that laws have been given although nothing there is written with them, as in p(z)."""
    found = set()
    for density in (node for term in terms for node in preorder_traversal(term) if isinstance(node, t.Density)):
        for index in (p for p in density.law.parameters if isinstance(p, t.Variable)):
            is_marked = any(point.name.endswith(f"^({index.name})") for point in density.points)
            if not is_marked and density.law.name in unindexed:
                found.add(index.name)
    return found


def _speaks_of(density: t.Density, index: t.Variable) -> bool:
    below = {str(getattr(parameter, "name", "")) for parameter in density.law.parameters}
    return index.name in below or any(point.name.endswith(f"^({index.name})") for point in density.points)


def _with_index(node: Basic, index: t.Variable, laws: set[str], only_marked: bool) -> Basic:
    if isinstance(node, t.Density):
        if node.law.name not in laws or (only_marked and not _speaks_of(node, index)):
            return node
        kept = [p for p in node.law.parameters if p not in (index, t.Parameter(index.name))]
        return t.Density(t.Law(node.law.name, *kept, index), node.at, node.given)
    if isinstance(node, t.Extremum | t.ArgExtremum):  # what is optimised over is the law itself
        return node.func(node.kind, _with_index(node.objective, index, laws, only_marked), *node.candidates)
    return _rebuilt(node, [_with_index(arg, index, laws, only_marked) for arg in node.args])


def _rebuilt(node: Basic, args: list[Basic]) -> Basic:
    changed = any(new is not old for new, old in zip(args, node.args, strict=True))
    return cast(Basic, node.func(*args)) if changed else node
