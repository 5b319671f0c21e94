"""Terms as LaTeX in the author's notation."""

from __future__ import annotations

from fractions import Fraction

from sympy import Basic

from derive.terms.nodes import (
    ArgExtremum,
    Density,
    Divergence,
    Entropy,
    Exp,
    Expectation,
    Extremum,
    Integral,
    Law,
    Log,
    Number,
    Power,
    Quotient,
)
from derive.writing.notation import GREEK, PLAIN, Notation
from derive.writing.printer import ATOM, FACTOR, PRODUCT, Printer


def latex(node: Basic, notation: Notation = PLAIN) -> str:
    """The term as LaTeX, without dollar signs."""
    return Latex(notation)(node)


class Latex(Printer):
    drawn_from = r" \sim "

    def brackets(self, written: str) -> str:
        return rf"\left({written}\right)"

    def name(self, name: str) -> str:
        if name in self.notation.names:
            return self.notation.names[name]
        stem, _, below = name.partition("_")
        written = "\\" + stem if stem in GREEK else stem if len(stem) == 1 else rf"\mathrm{{{stem}}}"
        return f"{written}_{{{below}}}" if below else written

    def number(self, number: Number) -> tuple[str, int]:
        value = number.value
        if value.denominator == 1:
            return str(value), ATOM if value >= 0 else PRODUCT
        sign = "-" if value < 0 else ""
        return rf"{sign}\tfrac{{{abs(value.numerator)}}}{{{value.denominator}}}", ATOM if value >= 0 else PRODUCT

    def law(self, law: Law) -> str:
        head = self.name(law.name)
        below, _ = self.notation.placed(law)
        return f"{head}_{{{','.join(map(self, below))}}}" if below else head

    def density(self, density: Density) -> str:
        at, given = self.law_points(density)
        inside = f"{at} {self.notation.bar} {given}" if given else at
        parameters = ", ".join(map(self, self.notation.placed(density.law)[1]))
        if parameters and self.notation.parameters == "semicolon":
            inside += f"; {parameters}"
        elif parameters and self.notation.parameters == "bar":
            inside += f", {parameters}" if given else f" {self.notation.bar} {parameters}"
        return f"{self.law(density.law)}({inside})"

    def times(self, parts: list[str]) -> str:
        return r"\, ".join(parts)

    def quotient(self, quotient: Quotient) -> tuple[str, int]:
        return rf"\frac{{{self(quotient.numerator)}}}{{{self(quotient.denominator)}}}", ATOM

    def power(self, power: Power) -> str:
        if power.exponent == Number(Fraction(1, 2)):
            return rf"\sqrt{{{self(power.base)}}}"
        return f"{self.within(power.base, ATOM)}^{{{self(power.exponent)}}}"

    def logarithm(self, log: Log) -> str:
        written, level = self.write(log.argument)
        return f"{self.notation.log} {written if level >= FACTOR else self.brackets(written)}"

    def exponential(self, exp: Exp) -> str:
        return f"e^{{{self(exp.argument)}}}"

    def integral(self, integral: Integral) -> str:
        body = self.within(integral.body, PRODUCT)
        if self.is_sum(integral):
            return rf"\sum_{{{', '.join(map(self, integral.variables))}}} {body}"
        differentials = r"\,".join(f"d{self(v)}" for v in integral.variables)
        return rf"\int {body}\, {differentials}"

    def expectation(self, expectation: Expectation) -> str:
        head = f"{self.notation.expectation}_{{{self.law_under(expectation.law)}}}"
        return rf"{head}\left[{self(expectation.body)}\right]"

    def divergence(self, divergence: Divergence) -> str:
        bar = self.notation.divergence_bar
        return rf"{self.notation.divergence}\left({self(divergence.left)}{bar}{self(divergence.right)}\right)"

    def entropy(self, entropy: Entropy) -> str:
        return f"H({self(entropy.law)})"

    def optimum(self, optimum: Extremum | ArgExtremum) -> str:
        head = {"argmax": r"\arg\max", "argmin": r"\arg\min"}.get(optimum.kind, "\\" + optimum.kind)
        return f"{head}_{{{', '.join(map(self, optimum.candidates))}}} {self.within(optimum.objective, PRODUCT)}"
