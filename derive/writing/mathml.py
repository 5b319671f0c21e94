"""Terms as MathML (Core) in the author's notation, for web pages without scripts or fonts of their own.

Every name, whatever it contains, comes out escaped.
"""

from __future__ import annotations

import re
from fractions import Fraction
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
    Plus,
    Power,
    Quotient,
    Term,
)
from derive.writing.latex_to_mathml import latex_to_mathml
from derive.writing.mathml_symbols import THIN, escaped
from derive.writing.notation import GREEK, PLAIN, Notation
from derive.writing.printer import ATOM, FACTOR, PRODUCT, Printer


def mathml(node: Basic, notation: Notation = PLAIN) -> str:
    """The term as the content of one ``<math>`` element."""
    return MathML(notation)(node)


def mathml_pieces(node: Basic, notation: Notation = PLAIN) -> tuple[str, ...]:
    """The term in pieces between which a line may be broken: the terms of a sum, each with its sign."""
    printer = MathML(notation)
    return tuple(printer.addends(flatten(node))) if isinstance(node, Plus) else (printer(node),)


class Marked(Term):
    """A part of a term that a reader should look at: printed as it is, in an element of class "changed"."""

    __slots__ = ()

    def __new__(cls, content: Basic) -> Marked:
        return cast(Marked, Basic.__new__(cls, content))

    @property
    def content(self) -> Term:
        return cast(Term, self.args[0])


class MathML(Printer):
    comma = '<mo separator="true">,</mo>'
    plus = '<mo form="infix">+</mo>'
    minus = '<mo form="infix">−</mo>'
    leading_minus = '<mo form="prefix">−</mo>'
    drawn_from = "<mo>∼</mo>"

    def write(self, node: Basic) -> tuple[str, int]:
        if isinstance(node, Marked):
            written, level = self.write(node.content)
            return f'<mrow class="changed">{written}</mrow>', level
        return super().write(node)

    # ------------------------------------------------------------ leaves

    def name(self, name: str) -> str:
        written = self.notation.names.get(name)
        if written is not None:
            return latex_to_mathml(written) or f"<mi>{escaped(written)}</mi>"
        stem, _, below = name.partition("_")
        return f"<msub>{_symbol(stem)}{_symbol(below)}</msub>" if below else _symbol(stem)

    def number(self, number: Number) -> tuple[str, int]:
        value = number.value
        size = f"<mn>{abs(value.numerator)}</mn>"
        if value.denominator != 1:
            size = f'<mstyle displaystyle="false"><mfrac>{size}<mn>{value.denominator}</mn></mfrac></mstyle>'
        return (size, ATOM) if value >= 0 else (self.leading_minus + size, PRODUCT)

    def law(self, law: Law) -> str:
        head = self.name(law.name)
        below, _ = self.notation.placed(law)
        return f"<msub>{_row(head)}{_row(self.listed(below))}</msub>" if below else head

    def density(self, density: Density) -> str:
        at, given = self.law_points(density)
        inside = f"{at}{self.bar}{given}" if given else at
        parameters = self.listed(self.notation.placed(density.law)[1])
        if parameters and self.notation.parameters == "semicolon":
            inside += f'<mo separator="true">;</mo>{parameters}'
        elif parameters and self.notation.parameters == "bar":
            inside += (self.comma if given else self.bar) + parameters
        return self.law(density.law) + _still_brackets(inside)

    def application(self, node: Function | Named) -> str:
        head = self.name(node.name)
        return head + _still_brackets(self.listed(node.arguments)) if node.arguments else head

    # ------------------------------------------------------------ arithmetic

    def brackets(self, written: str) -> str:
        return f"<mrow><mo>(</mo>{written}<mo>)</mo></mrow>"

    def times(self, parts: list[str]) -> str:
        written = parts[0]
        for part in parts[1:]:
            written += ("<mo>⋅</mo>" if _NUMBER.match(part) else THIN) + part
        return written

    def quotient(self, quotient: Quotient) -> tuple[str, int]:
        return f"<mfrac>{_row(self(quotient.numerator))}{_row(self(quotient.denominator))}</mfrac>", ATOM

    def power(self, power: Power) -> str:
        if power.exponent == Number(Fraction(1, 2)):
            return f"<msqrt>{_row(self(power.base))}</msqrt>"
        return f"<msup>{_row(self.within(power.base, ATOM))}{_row(self(power.exponent))}</msup>"

    def logarithm(self, log: Log) -> str:
        written, level = self.write(log.argument)
        return self._said("log") + (THIN + written if level >= FACTOR else self.brackets(written))

    def exponential(self, exp: Exp) -> str:
        return f"<msup><mi>e</mi>{_row(self(exp.argument))}</msup>"

    # ------------------------------------------------------------ binders

    def integral(self, integral: Integral) -> str:
        body = self.within(integral.body, PRODUCT)
        if self.is_sum(integral):
            return f"<munder><mo>∑</mo>{_row(self.listed(integral.variables))}</munder>{body}"
        differentials = "".join(f"{THIN}<mi>d</mi>{self(v)}" for v in integral.variables)
        return f"<mo>∫</mo>{body}{differentials}"

    def expectation(self, expectation: Expectation) -> str:
        head = f"<msub>{_row(self._said('expectation'))}{_row(self.law_under(expectation.law))}</msub>"
        return f"{head}<mrow><mo>[</mo>{self(expectation.body)}<mo>]</mo></mrow>"

    def divergence(self, divergence: Divergence) -> str:
        bar = self._said("divergence_bar")
        return self._said("divergence") + self.brackets(self(divergence.left) + bar + self(divergence.right))

    def entropy(self, entropy: Entropy) -> str:
        return "<mi>H</mi>" + self.brackets(self(entropy.law))

    def optimum(self, optimum: Extremum | ArgExtremum) -> str:
        kind = {"argmax": "arg max", "argmin": "arg min"}.get(optimum.kind, optimum.kind)
        head = f"<munder><mi>{escaped(kind)}</mi>{_row(self.listed(optimum.candidates))}</munder>"
        return head + THIN + self.within(optimum.objective, PRODUCT)

    @property
    def bar(self) -> str:
        return self._said("bar")

    def _said(self, what: str) -> str:
        """One of the notation's LaTeX words."""
        written: str = getattr(self.notation, what)
        return latex_to_mathml(written) or f"<mi>{escaped(written)}</mi>"


_NUMBER = re.compile(r'(<mrow class="changed">)?<mn')


def _row(written: str) -> str:
    """One element, where MathML counts them."""
    return f"<mrow>{written}</mrow>"


def _still_brackets(inside: str) -> str:
    return f'<mo stretchy="false">(</mo>{inside}<mo stretchy="false">)</mo>'


def _symbol(word: str) -> str:
    """A name or an index without decoration: θ, ELBO, 12, z′."""
    stem = word.rstrip("'")
    letter = GREEK.get(stem, stem)
    tag = "mn" if letter.isdigit() else "mi"
    written = f"<{tag}>{escaped(letter)}</{tag}>"
    primes = "′" * (len(word) - len(stem))
    return f"<msup>{written}<mo>{primes}</mo></msup>" if primes else written
