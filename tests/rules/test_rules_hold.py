"""Every row of the rule table, tried in random worlds of every kind, zeros included."""

from __future__ import annotations

import random
from functools import partial

import numpy as np
import pytest
from holes import with_holes
from instances import substitution

from derive.claims import Setting
from derive.rules import TABLE
from derive.rules.pattern import fill
from derive.rules.rule import Need, Rule
from derive.steps import ProofError, instance
from derive.terms.nodes import Density, Term
from verify.worlds.draw import KINDS, draw
from verify.worlds.evaluate import Evaluator
from verify.worlds.vocabulary import Vocabulary

WORLDS = 500
BATCHES = 20  # of every kind: 10,000 worlds of each kind for every rule
ALL_KINDS = (*KINDS, "sparse", "holes")


def worlds_where(needs: list[tuple[Need, Term, list[Term]]], evaluate: Evaluator) -> np.ndarray:
    """The points and worlds at which the needs hold (broadcast over all axes)."""
    result: np.ndarray = np.ones((1,) * (len(evaluate.axes) + 1), dtype=bool)
    for need, subject, where in needs:
        value = evaluate(subject)
        if need.kind in ("support", "evidence"):
            matters = np.ones_like(value, dtype=bool)
            for factor in where:
                matters = matters & ~(evaluate(factor) == 0)
            good = ~matters | (value > 0)
        elif need.kind == "range":
            good = value >= 0
        else:
            good = np.isfinite(value)
        points = tuple(range(good.ndim - 1))
        result = result & good.all(axis=points, keepdims=True)
    return result


def disagreement(rule: Rule, filled: dict, backwards: bool, kind: str, generator: np.random.Generator) -> str:
    """What is wrong with this instance in a batch of worlds, or nothing."""
    setting = Setting()
    try:
        before, after, needs = instance(rule, filled, backwards)
    except ProofError as error:
        return "" if "not used" in str(error) else f"no instance: {error}"
    needed = [(n, fill(n.subject, filled), [fill(w, filled) for w in n.where]) for n in needs]
    terms = [before, after, *(s for _, s, _ in needed), *(w for _, _, ws in needed for w in ws)]
    if kind == "holes":  # every law also draws what it is given, so that there are null points
        densities = {density for term in terms for density in term.atoms(Density) if density.given}
        terms += [Density(density.law, density.given) for density in densities]
    vocabulary = Vocabulary.of(terms, setting)
    make = with_holes if kind == "holes" else partial(draw, kind=kind)
    evaluate = Evaluator(make(vocabulary, setting, count=WORLDS, random=generator), vocabulary.names)
    left, right = evaluate(before), evaluate(after)
    left, right, good = np.broadcast_arrays(left, right, worlds_where(needed, evaluate))
    with np.errstate(all="ignore"):
        close = (left == right) | (np.abs(left - right) <= 1e-7 * (1 + np.abs(left) + np.abs(right)))
        slack = 1e-9 * (1 + np.abs(left) + np.abs(right))
        sign = -1 if (rule.relation == ">=") == backwards else 1
        ordered = np.isnan(left) | np.isnan(right) | (sign * (left - right) >= -slack) | (left == right)
    fine = np.isnan(left) | close if rule.relation == "=" else ordered
    if (fine | ~good).all():
        return ""
    at = tuple(np.argwhere(good & ~fine)[0])
    return f"{rule.name} ({kind}, backwards={backwards}): {left[at]} becomes {right[at]} for {filled}"


@pytest.mark.parametrize("name", sorted(TABLE))
def test_a_rule_holds_in_every_kind_of_world(name: str) -> None:
    rule = TABLE[name]
    seeds = random.Random(name)
    complaints = []
    tried = 0
    for kind in ALL_KINDS:
        for batch in range(BATCHES):
            filled = substitution(rule, seeds)
            generator = np.random.default_rng([batch, len(kind)])
            for backwards in (False, True):
                complaints.append(disagreement(rule, filled, backwards, kind, generator))
            tried += WORLDS
    assert tried == WORLDS * BATCHES * len(ALL_KINDS)
    assert not any(complaints), next(c for c in complaints if c)
