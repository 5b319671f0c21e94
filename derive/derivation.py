"""A derivation written in Python: the same claims that a document would give.

x, z = variables("x z")
p, q = laws("p q")
d = Derivation()
d.chain(log(p(x))).equals(log(integral(p(x, z), z))).at_least(E(log(p(x, z) / q(z | x)), z << q(z | x)))
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sympy import Basic

from derive.claims import Claim, Definition, Hypothesis, Measure, Setting, Sign
from derive.terms.nodes import ArgExtremum, Named, Scalar, Term, as_term
from derive.writing import Notation


@dataclass(frozen=True)
class Stated:
    """One line of a derivation: a claim or a definition, and the number of its chain."""

    content: Claim | Definition
    chain: int


class Derivation:
    """Claims in order, each with the definitions and hypotheses stated before it.

    title     what reports call it
    notation  how names are written; plain by default
    measures  whether a space is "discrete" or "continuous"; what is not said is proved for both
    """

    def __init__(
        self, title: str = "", notation: Notation | None = None, measures: dict[str, Measure] | None = None
    ) -> None:
        self.title = title
        self.notation = notation or Notation(sampled=True)
        self.stated: list[Stated] = []
        self._setting = Setting(measures=dict(measures or {}))
        self._chains = 0

    def assume(self, *hypotheses: Hypothesis) -> None:
        """From here on: a factorisation (LawEquation), Positive laws, the Curvature of a function, a Range …"""
        self._setting = replace(self._setting, hypotheses=(*self._setting.hypotheses, *hypotheses))

    def define(self, name: str, body: Term, *formals: Basic) -> Named:
        """name(formals) := body, from here on.  Returns the name applied to its formals."""
        definition = Definition(name, formals, body, f"def {name}")
        self._setting = replace(self._setting, definitions={**self._setting.definitions, name: definition})
        self._chains += 1
        self.stated.append(Stated(definition, self._chains))
        return Named(name, *formals)

    def chain(self, start: Scalar) -> Chain:
        """Begins a chain of claims."""
        self._chains += 1
        return Chain(self, as_term(start), self._chains)

    def claim(self, left: Scalar, sign: Sign, right: Scalar) -> None:
        """States one claim by itself."""
        self._chains += 1
        self.state(as_term(left), sign, as_term(right), self._chains)

    def state(self, left: Term, sign: Sign, right: Term, chain: int) -> None:
        """States a claim as a part of a chain."""
        unfold = self._setting.unfold_all
        if sign == "=" and isinstance(unfold(left), ArgExtremum) and isinstance(unfold(right), ArgExtremum):
            sign = "argmax-equiv"
        self.stated.append(Stated(Claim(left, sign, right, self._setting), chain))


@dataclass(frozen=True)
class Chain:
    """a = b ≥ c …, one relation at a time; each call states one claim and gives the chain's new end."""

    derivation: Derivation
    end: Term
    number: int

    def equals(self, term: Scalar) -> Chain:
        return self._step("=", term)

    def at_least(self, term: Scalar) -> Chain:
        return self._step(">=", term)

    def at_most(self, term: Scalar) -> Chain:
        return self._step("<=", term)

    def _step(self, sign: Sign, term: Scalar) -> Chain:
        new = as_term(term)
        self.derivation.state(self.end, sign, new, self.number)
        return replace(self, end=new)
