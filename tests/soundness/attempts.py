"""What attacks are made of: a few names, and what came of an attempt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from judge import Statement, violation

from derive.claims import Claim, Definition, Setting, Sign
from derive.kernel import Theorem, concludes
from derive.steps import ProofError
from derive.terms.nodes import Function, Number, Term
from derive.terms.notation import exp, laws, log, parameters, variables

x, y, z, w = variables("x y z w")
p, q, r = laws("p q r")
theta, phi = parameters("theta phi")
f, h = Function("f", z), Function("h", x)
ZERO, ONE, TWO = Number(0), Number(1), Number(2)
INFINITE = exp(-log(p(x)))  # +∞ where p(x) = 0


def outcome(attack: Callable[[], Theorem], count: int = 150) -> str:
    """What is wrong with the theorem that an attack ends in; empty if it is refused, or true in all worlds tried."""
    try:
        theorem = attack()
    except (ProofError, ValueError):
        return ""
    return violation(Statement.of(theorem), count)


def refused(attack: Callable[[], Any]) -> bool:
    try:
        attack()
    except (ProofError, ValueError, TypeError):
        return True
    return False


def concluded(left: Term, right: Term, setting: Setting, theorem: Callable[[], Theorem], sign: Sign = "=") -> bool:
    """Whether an attack proves left sign right (as a claim)."""
    try:
        return concludes(theorem(), Claim(left, sign, right, setting))
    except (ProofError, ValueError):
        return False


def setting_with(**bodies: Term) -> Setting:
    """A setting that defines names without arguments."""
    return Setting(definitions={name: Definition(name, (), body) for name, body in bodies.items()})
