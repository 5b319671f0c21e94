"""What every printed form shares: which parts need brackets, where signs go, how binders are laid out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import cast

from sympy import Basic

from derive.terms.binding import flatten
from derive.terms.nodes import (
    ArgExtremum,
    Density,
    Divergence,
    Entropy,
    Exp,
    Expectation,
    Extremum,
    Function,
    Integral,
    Law,
    Log,
    Named,
    Number,
    Parameter,
    Plus,
    Power,
    Quotient,
    Term,
    Times,
    Variable,
    law_factors,
    law_variables,
)
from derive.writing.notation import Notation

SUM, PRODUCT, FACTOR, ATOM = range(4)  # how tightly a printed form holds together


class Printer(ABC):
    """Prints terms; subclasses say how each construct looks."""

    def __init__(self, notation: Notation) -> None:
        self.notation = notation

    def __call__(self, node: Basic) -> str:
        return self.write(node)[0]

    def within(self, node: Basic, level: int) -> str:
        """The node, in brackets if it holds together less tightly than its place asks."""
        written, mine = self.write(node)
        return written if mine >= level else self.brackets(written)

    def write(self, node: Basic) -> tuple[str, int]:
        """The printed form, and how tightly it holds together."""
        match node:
            case Number():
                return self.number(node)
            case Variable() | Parameter():
                return self.name(node.name), ATOM
            case Law():
                return self.law(node), ATOM
            case Density():
                return self.density(node), ATOM
            case Function() | Named():
                return self.application(node), ATOM
            case Plus():
                return self._sum(flatten(node)), SUM
            case Times():
                return self._product(flatten(node))
            case Quotient():
                return self.quotient(node)
            case Power():
                return self.power(node), FACTOR
            case Log():
                return self.logarithm(node), PRODUCT
            case Exp():
                return self.exponential(node), FACTOR
            case _:
                return self._binder(node)

    def _binder(self, node: Basic) -> tuple[str, int]:
        match node:
            case Integral():
                return self.integral(node), PRODUCT
            case Expectation():
                return self.expectation(node), FACTOR
            case Divergence():
                return self.divergence(node), ATOM
            case Entropy():
                return self.entropy(node), ATOM
            case Extremum() | ArgExtremum():
                return self.optimum(node), PRODUCT
            case _:
                return self.hole(node), ATOM

    # ------------------------------------------------------------ sums and products

    def _sum(self, terms: tuple[Term, ...]) -> str:
        return "".join(self.addends(terms))

    def addends(self, terms: tuple[Term, ...]) -> list[str]:
        """The terms of a sum, each with the sign before it (the first one only with a minus)."""
        written: list[str] = []
        for term in terms:
            negative, rest = _without_sign(term)
            signs = (self.minus, self.plus) if written else (self.leading_minus, "")
            written.append((signs[0] if negative else signs[1]) + self.within(rest, PRODUCT))
        return written

    def _product(self, factors: tuple[Term, ...]) -> tuple[str, int]:
        negative, rest = _without_sign(Times(*factors))
        if negative:
            return self.leading_minus + self.within(rest, PRODUCT), SUM
        last = len(factors) - 1
        parts = [self.within(f, PRODUCT if i == last and i > 0 else FACTOR) for i, f in enumerate(factors)]
        return self.times(parts), PRODUCT

    def law_points(self, density: Density) -> tuple[str, str]:
        """What stands left and right of the bar."""
        return self.listed(density.at), self.listed(density.given)

    def law_under(self, law: Term) -> str:
        """The law as it stands below an expectation."""
        written = self.times([self(factor) for factor in law_factors(law)])
        if not self.notation.sampled:
            return written
        return f"{self.listed(law_variables(law))}{self.drawn_from}{written}"

    def listed(self, nodes: Iterable[Basic]) -> str:
        """The nodes, with commas between them."""
        return self.comma.join(map(self, nodes))

    comma = ", "
    plus = " + "
    minus = " - "
    leading_minus = "-"
    drawn_from = " ~ "

    # ------------------------------------------------------------ how each construct looks

    @abstractmethod
    def brackets(self, written: str) -> str: ...
    @abstractmethod
    def name(self, name: str) -> str: ...
    @abstractmethod
    def number(self, number: Number) -> tuple[str, int]: ...
    @abstractmethod
    def law(self, law: Law) -> str: ...
    @abstractmethod
    def density(self, density: Density) -> str: ...
    @abstractmethod
    def times(self, parts: list[str]) -> str: ...
    @abstractmethod
    def quotient(self, quotient: Quotient) -> tuple[str, int]: ...
    @abstractmethod
    def power(self, power: Power) -> str: ...
    @abstractmethod
    def logarithm(self, log: Log) -> str: ...
    @abstractmethod
    def exponential(self, exp: Exp) -> str: ...
    @abstractmethod
    def integral(self, integral: Integral) -> str: ...
    @abstractmethod
    def expectation(self, expectation: Expectation) -> str: ...
    @abstractmethod
    def divergence(self, divergence: Divergence) -> str: ...
    @abstractmethod
    def entropy(self, entropy: Entropy) -> str: ...
    @abstractmethod
    def optimum(self, optimum: Extremum | ArgExtremum) -> str: ...

    def application(self, node: Function | Named) -> str:
        head = self.name(node.name)
        inside = self.listed(node.arguments)
        return f"{head}({inside})" if node.arguments else head

    def hole(self, node: Basic) -> str:
        """Holes of rules, and anything else: by its name."""
        return self.name(str(getattr(node, "name", node)))

    def is_sum(self, integral: Integral) -> bool:
        return all(v.space in self.notation.discrete for v in integral.variables)


def _without_sign(term: Term) -> tuple[bool, Term]:
    """Whether the term carries a minus, and the term without it."""
    if isinstance(term, Number) and term.value < 0:
        return True, Number(-term.value)
    if isinstance(term, Times):
        first, *rest = flatten(term)
        if isinstance(first, Number) and first.value < 0 and rest:
            positive = [Number(-first.value), *rest] if first.value != -1 else rest
            return True, positive[0] if len(positive) == 1 else cast(Term, Times(*positive))
    return False, term
