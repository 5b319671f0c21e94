"""The tactics that bring a side to its simplest, most defined form.

    1  names, KL and entropy by their definitions; expectations as integrals
    2  logs taken apart; log p(z|x) = log p(x,z) − log p(x) where p draws x too
    3  products of densities joined and cancelled; variables that one density alone mentions integrated out
    4  sums collected; integrals over the same variables put under one integral sign, constants into its mean

Each step enlarges the domain of definition, so two sides that meet need no condition but those the rules name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

from derive.claims import Setting, given_throughout
from derive.engine import matching
from derive.engine.chain import Chain, OutOfStepsError, Turns, positions
from derive.engine.collecting import collect
from derive.engine.gathering import gather_once, nest, spaces_of, with_variables_of
from derive.engine.matching import Spaces, Use
from derive.site import Path, site
from derive.terms.binding import flatten, same
from derive.terms.nodes import (
    ArgExtremum,
    Expectation,
    Extremum,
    Integral,
    Log,
    Plus,
    Term,
    Times,
)

Matcher = Callable[[Term], Use | None]


Effort = Literal["direct", "careful", "usual", "thorough", "factored", "swapping"]


def simplify(chain: Chain, drawn: Spaces, effort: Effort = "usual") -> None:
    """Runs the tactics until none applies (or the budget of steps is used up).

    careful    nothing is cancelled, so that no law has to be positive
    direct     careful, and logs stay whole; what is in them is joined
    thorough   also writes every conditional density out as joint over marginal
    factored   thorough, and joints that the text factorises are first replaced by their factors
    swapping   also takes nested integrals as one, under the condition that this may be done
    """
    matchers = _matchers(chain.setting, drawn, effort)
    unfold_names(chain)
    turns = Turns(chain)
    try:
        if effort == "factored":
            _factorise(chain, drawn)
        while _rewrite_once(chain, matchers, effort != "direct") or _collect_once(chain) or gather_once(chain):
            _flatten(chain)
            if turns.closed():
                return
    except OutOfStepsError:
        return


def unfold_names(chain: Chain) -> None:
    """Replaces every name by what it stands for: no other rule is used before."""
    for path, part in positions(chain.term):
        use = matching.name(part, chain.setting)
        if use is not None and chain.attempt(lambda c, use=use, path=path: perform(c, use, path)):  # type: ignore[misc]
            return unfold_names(chain)


def _matchers(setting: Setting, drawn: Spaces, effort: Effort) -> tuple[Matcher, ...]:
    given = given_throughout(setting.hypotheses)
    cancelling = (matching.multiply_divide, matching.distribute, matching.cancel)
    splitting = (
        partial(matching.hypothesis_in_log, setting=setting),
        matching.logarithm,
        partial(matching.log_of_conditional, drawn=drawn, given=given),
    )
    return (
        matching.divergence,
        matching.entropy,
        matching.expectation,
        *(() if effort in ("careful", "direct") else cancelling),
        partial(matching.independence, setting=setting),
        *(() if effort == "factored" else (partial(matching.factorised, setting=setting),)),
        *(() if effort == "direct" else splitting),
        matching.product_rule,
        matching.marginal,
        matching.split,
        matching.constant_out,
        matching.integrate_out,
        *((matching.nested,) if effort == "swapping" else ()),
        *((partial(matching.conditional, drawn=drawn, given=given),) if effort in ("thorough", "factored") else ()),
    )


def _factorise(chain: Chain, drawn: Spaces) -> None:
    """Conditionals as joint over marginal, then every joint that the text factorises as the product of its factors."""
    setting, given = chain.setting, given_throughout(chain.setting.hypotheses)
    for matcher in (
        partial(matching.conditional, drawn=drawn, given=given),
        partial(matching.joint_as_assumed, setting=setting),
    ):
        for path, part in reversed(list(positions(chain.term))):
            use = matcher(part)
            if use is not None:
                chain.attempt(lambda c, use=use, path=path: perform(c, use, path))  # type: ignore[misc]


def _rewrite_once(chain: Chain, matchers: tuple[Matcher, ...], splitting: bool) -> bool:
    for path, part in positions(chain.term):
        for matcher in matchers:
            use = matcher(part)
            if use is not None and use.joining and splitting and _in_log(chain, path):
                continue  # what the log is about to be split into again
            if use is not None and chain.attempt(lambda c, use=use, path=path: perform(c, use, path)):  # type: ignore[misc]
                return True
    return False


def _in_log(chain: Chain, path: Path) -> bool:
    """Whether a part stands in the argument of a log, and is no weight of an integral in there."""
    around = (chain.at(path[:depth]) for depth in reversed(range(len(path))))
    return next((isinstance(part, Log) for part in around if isinstance(part, Log | Integral)), False)


def _flatten(chain: Chain) -> None:
    """Sums in sums and products in products as one."""
    for path, part in positions(chain.term):
        if isinstance(part, Plus | Times) and any(type(inner) is type(part) for inner in part.terms):
            new = type(part)(*flatten(part))
            if chain.attempt(lambda c, path=path, new=new: c.ring(path, new)):  # type: ignore[misc]
                return _flatten(chain)


def perform(chain: Chain, use: Use, path: Path) -> None:
    if use.new is not None:
        chain.ring(path, use.new)
    else:
        chain.apply(use.rule, (*path, *use.below), use.substitution, use.backwards)


# ---------------------------------------------------------------- collecting


def _collect_once(chain: Chain) -> bool:
    """Brings a sum or an integrand into collected form."""
    for path, part in positions(chain.term):
        if isinstance(part, Plus | Times) and _is_whole(chain, path):
            new = collect(part)
            if not same(new, part) and chain.attempt(lambda c, path=path, new=new: c.ring(path, new)):  # type: ignore[misc]
                return True
    return False


def _is_whole(chain: Chain, path: Path) -> bool:
    """Whether the part is a whole side, integrand, objective or argument of a log, not a piece of a sum."""
    if not path:
        return True
    parent = chain.at(path[:-1])
    return isinstance(parent, Integral | Expectation | Log | ArgExtremum | Extremum)


# ---------------------------------------------------------------- meeting


def join(left: Chain, right: Chain) -> None:
    """Makes two chains meet, if algebra in one place or the order of integration is all that is missing."""
    path: Path = ()
    while not same(left.term, right.term):
        target, mine = site(like(left.term, right.term), path).part, right.at(path)
        if right.attempt(lambda c, path=path, target=target: c.ring(path, target)):  # type: ignore[misc]
            return
        if not isinstance(mine, Integral) or not isinstance(target, Integral):
            return
        if spaces_of(mine) == spaces_of(target):
            path = (*path, 0)
        elif not _same_nesting(left, right, path, target, mine):
            return


def like(term: Term, model: Term) -> Term:
    """The term with the names of its outer integrals' variables changed to those of the model."""
    if not isinstance(term, Integral) or not isinstance(model, Integral) or spaces_of(term) != spaces_of(model):
        return term
    return Integral(like(with_variables_of(term, model), model.body), *model.variables)


def _same_nesting(left: Chain, right: Chain, path: Path, target: Integral, mine: Integral) -> bool:
    """Takes the integral over more variables apart as the other one is."""
    if set(spaces_of(mine)) > set(spaces_of(target)):
        return right.attempt(lambda c: nest(c, path, spaces_of(target)))
    if set(spaces_of(mine)) < set(spaces_of(target)):
        return left.attempt(lambda c: nest(c, path, spaces_of(mine)))
    return False
