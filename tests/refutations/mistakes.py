"""Single mistakes, put into the formulas of a document one at a time.

Each kind is one that people make: a sign, swapped arguments of a divergence, a dropped factor, a turned relation, the
wrong law or variable, log and expectation exchanged, a missing normaliser, argmin for argmax.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

FORMULA = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)


@dataclass(frozen=True)
class Mistake:
    """One changed document: which kind of mistake, where, and what it reads now."""

    kind: str
    line: int
    before: str
    after: str
    text: str


_LAW = r"((?:[^()|]|\([^()]*\)|\\[a-z]+)*?)"
_MEAN = r"\\mathbb\{E\}_\{z \\sim q\(z\|x\)\}"

# kind, what is looked for, what it becomes
SWAPS: tuple[tuple[str, str, str], ...] = (
    ("sign", r"(?<=[\]\)}]) - ", " + "),
    ("sign", r"(?<=[\]\)}]) \+ ", " - "),
    ("sign", r" - (?=\\int|\\log|D_\{KL\}|\\mathbb)", " + "),
    ("sign", r"= -H", "= H"),
    ("direction", r"\\ge(?:q)?\b", r"\\le "),
    ("direction", r"\\le(?:q)?\b", r"\\ge "),
    ("equality for inequality", r"\\ge(?:q)?\b", "= "),
    ("optimum", r"\\arg\s*\\max", r"\\arg\\min"),
    ("optimum", r"\\arg\s*\\min", r"\\arg\\max"),
    ("upside down", r"\\frac\{((?:[^{}]|\{[^{}]*\})*)\}\{((?:[^{}]|\{[^{}]*\})*)\}", r"\\frac{\2}{\1}"),
    ("dropped denominator", r"\\frac\{((?:[^{}]|\{[^{}]*\})*)\}\{((?:[^{}]|\{[^{}]*\})*)\}", r"\1"),
    ("dropped numerator", r"\\frac\{((?:[^{}]|\{[^{}]*\})*)\}\{((?:[^{}]|\{[^{}]*\})*)\}", r"\\frac{1}{\2}"),
    ("dropped weight", r"(?<=int )q\(z\|x\)\s*(?=\\frac)", ""),
    ("dropped weight", r"(\\int(?:_[xz])? )(?:P_x|p_\{\\mathrm\{data\}\})\(x\) (?=\\log)", r"\1"),
    ("dropped log", r"\\log (?=\\frac)", ""),
    ("dropped log", r"\\log (?=P_)", ""),
    ("wrong law", r"P_\{?\\theta\}?\(x, ?z\)", r"P_\\theta(x|z)"),
    ("wrong law", r"P_\{?\\theta\}?\(x, ?z\)", r"P_\\theta(z|x)"),
    ("wrong law", r"P_\{?\\theta\}?\(z\|x\)", r"P_\\theta(z)"),
    ("wrong law", r"P_\{?\\theta\}?\(x\|z\)", r"P_\\theta(x, z)"),
    ("wrong law", r"\\sim q\(z\|x\)", r"\\sim P_\\theta(z|x)"),
    ("wrong law", r"\\sim q\(z\|x\)", r"\\sim P_\\theta(z)"),
    ("wrong law", r"\\sim (?:P_x|p_\{\\mathrm\{data\}\}\(x\))", r"\\sim P_\\theta(x)"),
    ("wrong variable", r"\bdz\b", "dx"),
    ("swapped divergence", rf"D_\{{KL\}}\({_LAW}\s*(\\,\\\|\\,|\\parallel)\s*{_LAW}\)", r"D_{KL}(\3 \2 \1)"),
    ("log and expectation exchanged", rf"\\log (?:\\left\( )?({_MEAN}) ?\\left\[", r"\1\\left[\\log "),
    ("missing factor", r"(?<=\\log )q\(z\|x\)", "q(z|x) P_\\\\theta(x)"),
    ("doubled", r"(?<=[=] )\\log P_", r"2 \\log P_"),
)  # fmt: skip


def mistakes(text: str) -> Iterator[Mistake]:
    """Every single change of the table, at every place of every display where it applies."""
    seen = {text}
    for formula in FORMULA.finditer(text):
        body = formula.group(1)
        for kind, pattern, replacement in SWAPS:
            for found in re.finditer(pattern, body):
                changed = body[: found.start()] + found.expand(replacement) + body[found.end() :]
                whole = text[: formula.start(1)] + changed + text[formula.end(1) :]
                if whole not in seen and changed.split() != body.split():
                    seen.add(whole)
                    line = text.count("\n", 0, formula.start(1) + found.start()) + 1
                    yield Mistake(kind, line, body.strip(), changed.strip(), whole)
