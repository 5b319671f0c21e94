"""Terms as plain Unicode text, for terminals and messages."""

from __future__ import annotations

import re
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


def text(node: Basic, notation: Notation = PLAIN) -> str:
    """The term as one line of text: log P_θ(x), E_{z~q(z|x)}[…], ∫ … dz."""
    return Text(notation)(node)


class Text(Printer):
    minus = " − "
    leading_minus = "−"
    drawn_from = "~"

    def brackets(self, written: str) -> str:
        return f"({written})"

    def name(self, name: str) -> str:
        return plain(self.notation.names[name]) if name in self.notation.names else spelled(name)

    def number(self, number: Number) -> tuple[str, int]:
        value = number.value
        written = str(abs(value))
        level = ATOM if value.denominator == 1 and value >= 0 else PRODUCT
        return ("−" if value < 0 else "") + written, level

    def law(self, law: Law) -> str:
        head = self.name(law.name)
        below, _ = self.notation.placed(law)
        return f"{head}_{','.join(map(self, below))}" if below else head

    def density(self, density: Density) -> str:
        at, given = ",".join(map(self, density.at)), ",".join(map(self, density.given))
        inside = f"{at}|{given}" if given else at
        _, behind = self.notation.placed(density.law)
        if behind:
            inside += f";{','.join(map(self, behind))}"
        return f"{self.law(density.law)}({inside})"

    def times(self, parts: list[str]) -> str:
        return " ".join(parts)

    def quotient(self, quotient: Quotient) -> tuple[str, int]:
        return f"{self.within(quotient.numerator, FACTOR)}/{self.within(quotient.denominator, ATOM)}", PRODUCT

    def power(self, power: Power) -> str:
        if power.exponent == Number(Fraction(1, 2)):
            return f"√{self.within(power.base, ATOM)}"
        return f"{self.within(power.base, ATOM)}^{self.within(power.exponent, ATOM)}"

    def logarithm(self, log: Log) -> str:
        written, level = self.write(log.argument)
        return f"log {written}" if level >= ATOM else f"log({written})"

    def exponential(self, exp: Exp) -> str:
        return f"exp({self(exp.argument)})"

    def integral(self, integral: Integral) -> str:
        body = self.within(integral.body, PRODUCT)
        if self.is_sum(integral):
            return f"Σ_{','.join(map(self, integral.variables))} {body}"
        return f"∫ {body} {' '.join(f'd{self(v)}' for v in integral.variables)}"

    def expectation(self, expectation: Expectation) -> str:
        return f"E_{{{self.law_under(expectation.law)}}}[{self(expectation.body)}]"

    def divergence(self, divergence: Divergence) -> str:
        return f"KL({self(divergence.left)} ‖ {self(divergence.right)})"

    def entropy(self, entropy: Entropy) -> str:
        return f"H({self(entropy.law)})"

    def optimum(self, optimum: Extremum | ArgExtremum) -> str:
        over = ",".join(map(self, optimum.candidates))
        return f"{optimum.kind}_{over} {self.within(optimum.objective, PRODUCT)}"


def spelled(name: str) -> str:
    """A name with its Greek letters: theta as θ, P_theta as P_θ."""
    return re.sub(r"[A-Za-z]+", lambda m: GREEK.get(m.group(), m.group()), name)


_COMMAND = re.compile(r"\\(?:mathrm|mathbf|mathcal|mathbb|text|boldsymbol|bm|operatorname|left|right|,|;|!| )\b ?")


def plain(written: str) -> str:
    r"""LaTeX of a name as text: \hat p as p̂, P_\theta as P_θ."""
    accents = {"hat": "̂", "tilde": "̃", "bar": "̄"}
    for accent, mark in accents.items():
        written = re.sub(rf"\\{accent}\s*\{{?(\\?[A-Za-z]+)\}}?", lambda m, mark=mark: m.group(1) + mark, written)  # type: ignore[misc]
    written = _COMMAND.sub("", written)
    written = re.sub(r"\\([A-Za-z]+)\s?", lambda m: GREEK.get(m.group(1), m.group(1)), written)
    return written.replace("{", "").replace("}", "").replace("\\", "")
