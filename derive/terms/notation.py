"""Writing terms in Python as they are written on paper.

x, z = variables("x z")
p, q = laws("p q")
elbo = E(log(p(x, z)) - log(q(z | x)), z << q(z | x))
log(p(x)) - elbo                                  # and KL(q(z | x), p(z | x)) is what is left
"""

from __future__ import annotations

from fractions import Fraction

from sympy import Basic

from derive.terms.nodes import (
    ArgExtremum,
    Divergence,
    Entropy,
    Exp,
    Expectation,
    Extremum,
    Integral,
    Law,
    Log,
    Number,
    Parameter,
    Power,
    Scalar,
    Term,
    Variable,
    as_term,
    is_law,
    law_variables,
)


def variables(names: str) -> tuple[Variable, ...]:
    """Points of spaces of their own; ``z:z'`` style copies are made with ``Variable("z'", "z")``."""
    return tuple(Variable(name) for name in names.split())


def laws(names: str) -> tuple[Law, ...]:
    return tuple(Law(name) for name in names.split())


def parameters(names: str) -> tuple[Parameter, ...]:
    return tuple(Parameter(name) for name in names.split())


def log(argument: Scalar) -> Log:
    return Log(as_term(argument))


def exp(argument: Scalar) -> Exp:
    return Exp(as_term(argument))


def sqrt(argument: Scalar) -> Power:
    return Power(as_term(argument), Number(Fraction(1, 2)))


def integral(body: Scalar, *over: Variable) -> Integral:
    """∫ body d(over), or the sum."""
    return Integral(as_term(body), *over)


def E(body: Scalar, law: Term) -> Expectation:
    """E_law[body]; the law's left-hand variables are bound.

    Raises ValueError where ``law`` is not normalised by its form.
    """
    if not is_law(law):
        raise ValueError(f"{law} is no law: some variable is drawn twice, or from something not drawn yet")
    return Expectation(as_term(body), law)


def KL(left: Term, right: Term) -> Divergence:
    """KL(left ‖ right) in nats.

    Raises ValueError where the two are not laws of the same variables.
    """
    if not (is_law(left) and is_law(right)) or set(law_variables(left)) != set(law_variables(right)):
        raise ValueError("a divergence compares two laws of the same variables")
    return Divergence(left, right)


def H(law: Term) -> Entropy:
    """The entropy of a law in nats."""
    if not is_law(law):
        raise ValueError(f"{law} is no law")
    return Entropy(law)


def argmax(objective: Term, *candidates: Basic) -> ArgExtremum:
    return ArgExtremum("argmax", objective, *candidates)


def argmin(objective: Term, *candidates: Basic) -> ArgExtremum:
    return ArgExtremum("argmin", objective, *candidates)


def sup(objective: Term, *candidates: Basic) -> Extremum:
    return Extremum("sup", objective, *candidates)


def inf(objective: Term, *candidates: Basic) -> Extremum:
    return Extremum("inf", objective, *candidates)
