"""law · exp(Σ cᵢ log aᵢ) as a product of powers, in which laws are recognised."""

from __future__ import annotations

from fractions import Fraction
from typing import cast

from derive.claims import Setting
from derive.engine.collecting import Collected
from derive.engine.matching import factors_of
from derive.terms.binding import same
from derive.terms.meaning import is_finite
from derive.terms.nodes import Density, Exp, Log, Number, Power, Quotient, Term, Times, law_factors

Powers = list[tuple[Term, Fraction]]


def exponential(law: Term, exponent: Term, setting: Setting) -> Term | None:
    """law · exp(exponent), or None where that is no product of powers and of exponentials of finite terms.

    Joints that the text factorises count as the product of their factors, joint over marginal as a conditional.
    """
    powers: Powers = [(f, Fraction(1)) for factor in law_factors(law) for f in factors_of(factor, setting)]
    for coefficient, logs, others in Collected.of(exponent).split(lambda factor: isinstance(factor, Log)):
        if len(logs) == 1 and not others:
            powers += [(factor, coefficient) for factor in factors_of(cast(Log, logs[0]).argument, setting)]
        elif not logs and all(is_finite(factor) for factor in others):
            scaled = [Number(coefficient), *others] if coefficient != 1 or not others else others
            powers.append((Exp(scaled[0] if len(scaled) == 1 else Times(*scaled)), Fraction(1)))
        else:
            return None
    return _written(_with_conditionals(_added(powers)))


def _added(powers: Powers) -> Powers:
    """Each base once."""
    result: Powers = []
    for base, exponent in powers:
        for i, (known, total) in enumerate(result):
            if same(known, base):
                result[i] = (known, total + exponent)
                break
        else:
            result.append((base, exponent))
    return [(base, exponent) for base, exponent in result if exponent]


def _with_conditionals(powers: Powers) -> Powers:
    """q(x, z) over q(x) as q(z | x), so that a product of laws is seen to be one."""
    for i, (above, one) in enumerate(powers):
        for j, (below, other) in enumerate(powers):
            conditional = _conditional(above, below) if one == -other else None
            if conditional is not None:
                kept = [power for k, power in enumerate(powers) if k not in (i, j)]
                return _with_conditionals(_added([*kept, (conditional, one)]))
    return powers


def _conditional(joint: Term, marginal: Term) -> Density | None:
    if not isinstance(joint, Density) or not isinstance(marginal, Density):
        return None
    rest = tuple(v for v in joint.at if v not in marginal.at)
    fits = joint.law == marginal.law and joint.given == marginal.given
    if not fits or not rest or len(rest) + len(marginal.at) != len(joint.at):
        return None
    return Density(joint.law, rest, (*marginal.at, *joint.given))


def _written(powers: Powers) -> Term:
    above = _product([(base, exponent) for base, exponent in powers if exponent > 0])
    below = [(base, -exponent) for base, exponent in powers if exponent < 0]
    return Quotient(above, _product(below)) if below else above


def _product(powers: Powers) -> Term:
    factors = [base if exponent == 1 else Power(base, Number(exponent)) for base, exponent in powers]
    if not factors:
        return Number(1)
    return factors[0] if len(factors) == 1 else Times(*factors)
