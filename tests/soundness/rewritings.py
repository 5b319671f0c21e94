"""Equations that hold in every world without zeros, each as a way to write a node differently."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeAlias

from derive.terms.binding import flatten, free_names, free_variables, rename_bound
from derive.terms.meaning import is_nonnegative
from derive.terms.nodes import (
    Density,
    Divergence,
    Entropy,
    Exp,
    Expectation,
    Integral,
    Law,
    Log,
    Number,
    Plus,
    Power,
    Quotient,
    Term,
    Times,
    Variable,
    law_variables,
    negative,
)
from derive.terms.notation import KL, E, exp, integral, log

Rewriting: TypeAlias = Callable[[Term, Random], Term | None]
SPACES = ("x", "z", "w")
q, r = Law("q"), Law("r")


def fresh(term: Term, space: str) -> Variable:
    """A point of a space that the term does not mention."""
    names = {v.name for v in term.atoms(Variable)}
    name = space
    while name in names:
        name += "'"
    return Variable(name, space)


def _positive(term: Term) -> bool:
    return is_nonnegative(term)


# ---------------------------------------------------------------- definitions


def divergence(node: Term, random: Random) -> Term | None:
    if not isinstance(node, Divergence):
        return None
    left, right = node.left, node.right
    return random.choice(
        [
            E(log(left / right), left),
            E(log(left) - log(right), left),
            negative(E(log(right), left)) - Entropy(left),
            negative(E(log(right / left), left)),
        ]
    )


def entropy(node: Term, random: Random) -> Term | None:
    del random
    return negative(E(log(node.law), node.law)) if isinstance(node, Entropy) else None


def mean_as_integral(node: Term, random: Random) -> Term | None:
    del random
    if not isinstance(node, Expectation):
        return None
    return integral(Times(node.law, node.body), *law_variables(node.law))


def integral_as_mean(node: Term, random: Random) -> Term | None:
    del random
    if not isinstance(node, Integral) or not isinstance(node.body, Times):
        return None
    for i, factor in enumerate(node.body.terms):
        if isinstance(factor, Density) and set(factor.at) == set(node.variables):
            rest = [f for j, f in enumerate(node.body.terms) if j != i]
            return E(Times(*rest) if rest else Number(1), factor)
    return None


# ---------------------------------------------------------------- linearity


def split(node: Term, random: Random) -> Term | None:
    del random
    if isinstance(node, Expectation) and isinstance(node.body, Plus):
        return Plus(*(E(part, node.law) for part in node.body.terms))
    if isinstance(node, Integral) and isinstance(node.body, Plus):
        return Plus(*(integral(part, *node.variables) for part in node.body.terms))
    return None


def constant_out(node: Term, random: Random) -> Term | None:
    del random
    if not isinstance(node, Expectation | Integral) or not isinstance(node.body, Times):
        return None
    bound = set(node.bound_names)
    out = [f for f in node.body.terms if not free_names(f) & bound]
    kept = [f for f in node.body.terms if free_names(f) & bound]
    if not out:
        return None
    return Times(*out, node.func(Times(*kept) if kept else Number(1), *node.args[1:]))


def mean_of_constant(node: Term, random: Random) -> Term | None:
    v = fresh(node, random.choice(SPACES))
    given = [u for u in free_variables(node) if u.space != v.space][:1]
    return E(node, Density(q, (v,), tuple(given)) if given and random.random() < 0.7 else Density(r, (v,)))


# ---------------------------------------------------------------- laws


def product_rule(node: Term, random: Random) -> Term | None:
    if not isinstance(node, Density) or len(node.at) < 2:
        return None
    first = random.choice(node.at)
    rest = tuple(v for v in node.at if v != first)
    return Times(Density(node.law, rest, (*node.given, first)), Density(node.law, (first,), node.given))


def bayes(node: Term, random: Random) -> Term | None:
    if not isinstance(node, Density) or not node.given or node.law.name in ("q", "r"):
        return None
    joint, evidence = Density(node.law, node.points), Density(node.law, node.given)
    turned = Times(Density(node.law, node.given, node.at), Density(node.law, node.at))
    return Quotient(random.choice([joint, turned]), evidence)


def marginal(node: Term, random: Random) -> Term | None:
    if not isinstance(node, Density):
        return None
    spaces = [s for s in SPACES if s not in {v.space for v in node.points}]
    if not spaces or node.law.name in ("q", "r"):
        return None
    v = fresh(node, random.choice(spaces))
    return integral(Density(node.law, (*node.at, v), node.given), v)


def larger_law(node: Term, random: Random) -> Term | None:
    """E_{p(z)}[f(z)] = E_{p(x,z)}[f(z)]."""
    if not isinstance(node, Expectation) or not isinstance(node.law, Density) or node.law.law.name != "p":
        return None
    spaces = [s for s in SPACES if s not in {v.space for v in node.law.points}]
    if not spaces:
        return None
    v = fresh(node, random.choice(spaces))
    return E(node.body, Density(node.law.law, (*node.law.at, v), node.law.given))


def other_letter(node: Term, random: Random) -> Term | None:
    if not isinstance(node, Integral | Expectation):
        return None
    old = random.choice(list(node.bound_names))
    assert isinstance(old, Variable)
    return rename_bound(node, {old: fresh(node, old.space)})


def evidence_by_parts(node: Term, random: Random) -> Term | None:
    """log p(x) = ELBO + KL."""
    if not isinstance(node, Log) or not isinstance(node.argument, Density) or node.argument.given:
        return None
    point = node.argument
    if len(point.at) > 1 or point.law.name in ("q", "r"):
        return None
    v = fresh(node, random.choice([s for s in SPACES if s != point.at[0].space]))
    guide, joint = Density(q, (v,), point.at), Density(point.law, (*point.at, v))
    return E(log(joint / guide), guide) + KL(guide, Density(point.law, (v,), point.at))


# ---------------------------------------------------------------- logs and algebra


def log_apart(node: Term, random: Random) -> Term | None:
    del random
    match node:
        case Log(argument=Times() as product) if all(map(_positive, product.terms)):
            return Plus(*(log(factor) for factor in product.terms))
        case Log(argument=Quotient() as ratio) if _positive(ratio.numerator) and _positive(ratio.denominator):
            return log(ratio.numerator) - log(ratio.denominator)
        case Log(argument=Power() as power) if _positive(power.base):
            return Times(power.exponent, log(power.base))
        case Log(argument=Exp() as inner):
            return inner.argument
        case _:
            return None


def log_together(node: Term, random: Random) -> Term | None:
    del random
    if isinstance(node, Plus) and len(node.terms) == 2 and all(isinstance(t, Log) for t in node.terms):
        return log(Times(*(t.argument for t in node.terms if isinstance(t, Log))))
    return None


def exp_log(node: Term, random: Random) -> Term | None:
    del random
    return exp(log(node)) if isinstance(node, Density) else None


def shuffled(node: Term, random: Random) -> Term | None:
    if not isinstance(node, Plus | Times):
        return None
    parts = list(flatten(node))
    random.shuffle(parts)
    return type(node)(*parts)


def distributed(node: Term, random: Random) -> Term | None:
    del random
    if not isinstance(node, Times):
        return None
    parts = list(flatten(node))
    found = next((part for part in parts if isinstance(part, Plus)), None)
    if found is None:
        return None
    parts.remove(found)
    return Plus(*(Times(*parts, part) for part in found.terms))


def nothing_added(node: Term, random: Random) -> Term | None:
    other = _some_density(node)
    if other is None:
        return None
    one = random.choice([Times(other, Quotient(node, other)), Quotient(Times(node, other), other)])
    if is_nonnegative(node):  # in a log, a difference of floats would be 0 but for rounding
        return one
    return random.choice(
        [one, Plus(node, log(other), negative(log(other))), Plus(Times(Number(2), node), negative(node))]
    )


def _some_density(node: Term) -> Density | None:
    free = sorted(free_variables(node), key=lambda v: v.name)
    return Density(r, (free[0],)) if free else None


REWRITINGS: tuple[Rewriting, ...] = (
    divergence,
    divergence,
    entropy,
    mean_as_integral,
    integral_as_mean,
    split,
    constant_out,
    mean_of_constant,
    product_rule,
    bayes,
    marginal,
    larger_law,
    other_letter,
    evidence_by_parts,
    log_apart,
    log_apart,
    log_together,
    exp_log,
    shuffled,
    distributed,
    nothing_added,
)
