"""The tactics that bring a side to its simplest, most defined form.

    1  names, KL and entropy by their definitions; expectations as integrals
    2  logs taken apart; log p(z|x) = log p(x,z) − log p(x) where p draws x too
    3  products of densities joined and cancelled; variables that one density alone mentions integrated out
    4  sums collected; integrals over the same variables put under one integral sign, constants into its mean

Each step enlarges the domain of definition, so two sides that meet need no condition but those the rules name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

from sympy import Tuple

from derive.engine import matching
from derive.engine.chain import Chain, OutOfStepsError, positions
from derive.engine.collecting import collect
from derive.engine.matching import Use
from derive.site import Path
from derive.terms.binding import free_names, same, substitute
from derive.terms.meaning import is_finite, is_nonnegative
from derive.terms.nodes import (
    ArgExtremum,
    Expectation,
    Extremum,
    Integral,
    Log,
    Plus,
    Term,
    Times,
    law_variables,
)

Matcher = Callable[[Term], Use | None]
JointlyDrawn = Mapping[str, frozenset[str]]  # law -> the spaces it draws


Effort = Literal["careful", "usual", "thorough"]


def simplify(chain: Chain, drawn: JointlyDrawn, effort: Effort = "usual") -> None:
    """Runs the tactics until none applies (or the budget of steps is used up).

    careful    nothing is cancelled, so that no law has to be positive
    thorough   also writes every conditional density out as joint over marginal
    """
    matchers: tuple[Matcher, ...] = (
        partial(matching.name, setting=chain.setting),
        matching.divergence,
        matching.entropy,
        matching.expectation,
        *(() if effort == "careful" else (matching.multiply_divide, matching.cancel)),
        matching.logarithm,
        partial(matching.log_of_conditional, jointly_drawn=drawn),
        matching.product_rule,
        matching.marginal,
        matching.constant_out,
        matching.integrate_out,
        *((partial(matching.conditional, jointly_drawn=drawn),) if effort == "thorough" else ()),
    )
    try:
        while _rewrite_once(chain, matchers) or _collect_once(chain) or _gather_once(chain):
            pass
    except OutOfStepsError:
        return


def _rewrite_once(chain: Chain, matchers: tuple[Matcher, ...]) -> bool:
    for path, part in positions(chain.term):
        for matcher in matchers:
            use = matcher(part)
            if use is not None and chain.attempt(lambda c, use=use, path=path: perform(c, use, path)):  # type: ignore[misc]
                return True
    return False


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


# ---------------------------------------------------------------- gathering integrals


def _gather_once(chain: Chain) -> bool:
    for path, part in positions(chain.term):
        if isinstance(part, Plus | Times):
            for tactic in (_factors_in, _constants_in, _merge):
                if chain.attempt(lambda c, t=tactic, path=path, part=part: t(c, path, part)):  # type: ignore[misc]
                    return True
    return False


class _NothingToDoError(ValueError):
    """The tactic does not apply here."""


def _factors_in(chain: Chain, path: Path, part: Term) -> None:
    """c · ∫ f as ∫ c·f, next to other integrals or constants."""
    if not isinstance(part, Times) or not _beside_others(chain, path):
        raise _NothingToDoError
    inner = [f for f in part.terms if isinstance(f, Integral)]
    outer = [f for f in part.terms if not isinstance(f, Integral)]
    if len(inner) != 1 or not outer:
        raise _NothingToDoError
    factor = outer[0] if len(outer) == 1 else Times(*outer)
    if not is_finite(factor) and not is_nonnegative(inner[0].body):
        raise _NothingToDoError
    integral = _renamed_apart(inner[0], factor)
    rule, hole = ("constant-weight", "a") if is_nonnegative(integral.body) else ("constant-factor", "f")
    chain.apply(rule, path, {"c": factor, hole: integral.body, "Z": Tuple(*integral.variables)})


def _beside_others(chain: Chain, path: Path) -> bool:
    return bool(path) and isinstance(chain.at(path[:-1]), Plus)


def _constants_in(chain: Chain, path: Path, part: Term) -> None:
    """c + ∫ q·f as ∫ q·(c + f), where q is a law of the integration variables."""
    if not isinstance(part, Plus):
        raise _NothingToDoError
    constants = [i for i, t in enumerate(part.terms) if not _integrals(t)]
    for i, term in enumerate(part.terms):
        if not constants or not isinstance(term, Integral):
            continue
        constant = _plus([part.terms[j] for j in constants])
        integral = _renamed_apart(term, constant)
        law, rest = _law_weight(integral)
        if law is not None:
            places = (*constants, i)
            below: Path = () if len(places) == len(part.terms) else (places,)
            holes = {"c": constant, "q": law, "f": rest, "Z": Tuple(*integral.variables)}
            chain.apply("constant-into-mean", (*path, *below), holes)
            return
    raise _NothingToDoError


def _law_weight(integral: Integral) -> tuple[Term | None, Term]:
    """The factors of an integrand that form a law of exactly the integration variables, and the rest."""
    if not isinstance(integral.body, Times):
        return None, integral.body
    for factor in integral.body.terms:
        if set(law_variables(factor)) == set(integral.variables):
            rest = [f for f in integral.body.terms if f is not factor]
            return factor, rest[0] if len(rest) == 1 else Times(*rest)
    return None, integral.body


def _merge(chain: Chain, path: Path, part: Term) -> None:
    """∫f + ∫g over the same spaces as ∫(f + g)."""
    if not isinstance(part, Plus):
        raise _NothingToDoError
    found = [(i, t) for i, t in enumerate(part.terms) if isinstance(t, Integral)]
    for n, (i, first) in enumerate(found):
        for j, second in found[n + 1 :]:
            if _spaces(first) == _spaces(second):
                other = with_variables_of(second, first)
                holes = {"f": first.body, "g": other, "Z": Tuple(*first.variables)}
                below: Path = () if len(part.terms) == 2 else ((i, j),)
                chain.apply("linearity", (*path, *below), holes)
                return
    raise _NothingToDoError


def _spaces(integral: Integral) -> list[str]:
    return sorted(v.space for v in integral.variables)


def with_variables_of(integral: Integral, model: Integral) -> Term:
    """The integrand, in the names of another integral's variables (matched by space)."""
    mine = sorted(integral.variables, key=lambda v: (v.space, v.name))
    theirs = sorted(model.variables, key=lambda v: (v.space, v.name))
    return substitute(integral.body, dict(zip(mine, theirs, strict=True)))


def _renamed_apart(integral: Integral, outside: Term) -> Integral:
    """The integral with bound names that do not occur in what stands outside."""
    clash = free_names(outside) & set(integral.variables)
    if not clash:
        return integral
    fresh = {v: type(v)(v.name + "'", v.space) for v in integral.variables if v in clash}
    return Integral(substitute(integral.body, fresh), *(fresh.get(v, v) for v in integral.variables))


def _integrals(term: Term) -> bool:
    if isinstance(term, Integral):
        return True
    return isinstance(term, Times) and any(isinstance(f, Integral) for f in term.terms)


def _plus(terms: list[Term]) -> Term:
    return terms[0] if len(terms) == 1 else Plus(*terms)


# ---------------------------------------------------------------- meeting


def join(left: Chain, right: Chain) -> None:
    """Makes the right chain end where the left one does, if polynomial algebra in one place is all that is missing."""
    path: Path = ()
    mine, target = right.term, left.term
    while not same(mine, target):
        if right.attempt(lambda c, path=path, target=target: c.ring(path, target)):  # type: ignore[misc]
            return
        if not isinstance(mine, Integral) or not isinstance(target, Integral):
            return
        if len(mine.variables) != len(target.variables):
            return
        target = with_variables_of(target, mine)
        path, mine = (*path, 0), mine.body
