r"""What an author tells the checker in comments.

<!-- jensen: latent z; observed x; discrete z; assume q(z_1,z_2|x) = q(z_1|x) q(z_2|z_1); positive -->
<!-- jensen: distinct p -->         p and p_\theta are two laws; "same p": p stands for p_\theta
<!-- jensen: expect refuted -->      before a formula: a mistake that is shown on purpose
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import get_args

from derive.claims import Hypothesis, LawEquation, Measure, Positive
from derive.reading.documents import Directive, Source
from derive.reading.meaning.elaborate import Elaborator
from derive.reading.meaning.laws import ElaborationError
from derive.reading.meaning.roles import Roles
from derive.reading.parser import parse_formula
from derive.reading.statements import Warning_
from derive.reading.syntax import Span

EXPECTED = ("proved", "refuted", "undecided", "assumed", "unread")
MEASURES = get_args(Measure)


@dataclass
class Directives:
    """All directives of a document, sorted by what they say."""

    latent: tuple[str, ...] = ()
    observed: tuple[str, ...] = ()
    measures: dict[str, Measure] = field(default_factory=dict)
    positive: bool = False
    distinct: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    assumptions: list[tuple[Span, str]] = field(default_factory=list)
    expectations: list[tuple[Span, str]] = field(default_factory=list)
    warnings: list[Warning_] = field(default_factory=list)
    formulas: tuple[Span, ...] = ()

    def declare(self, roles: Roles) -> None:
        """Puts the declared roles in the place of the inferred ones."""
        roles.latent = self.latent or roles.latent
        roles.observed = self.observed or roles.observed
        roles.doubtful -= set(self.same)
        roles.separate(key for key in self.distinct if key in roles.laws)

    def hypotheses(self, roles: Roles) -> Iterator[tuple[Span, Hypothesis]]:
        """The hypotheses that comments state, and where."""
        if self.positive:
            yield Span(0, 0), Positive(None, "declared positive")
        for span, text in self.assumptions:
            yield from ((span, equation) for equation in _equation(text, roles))

    def expectation(self, formula: Span) -> str | None:
        """The verdict announced for a formula: by the last directive between the formula before it and this one."""
        before = max((span.end for span in self.formulas if span.end <= formula.start), default=0)
        found = [word for span, word in self.expectations if before <= span.start < formula.start]
        return found[-1] if found else None


def read_directives(source: Source) -> Directives:
    """All directives; what is not understood becomes a warning."""
    directives = Directives(formulas=tuple(formula.span for formula in source.formulas))
    for directive in source.directives:
        for part in directive.text.split(";"):
            _read(part.strip(), directive, directives)
    return directives


def _read(part: str, directive: Directive, directives: Directives) -> None:
    word, _, rest = part.partition(" ")
    names = tuple(rest.replace(",", " ").split())
    if word == "latent":
        directives.latent += names
    elif word == "observed":
        directives.observed += names
    elif word == "distinct" and names:
        directives.distinct += names
    elif word == "same" and names:
        directives.same += names
    elif word == "expect" and rest.strip() in EXPECTED:
        directives.expectations.append((directive.span, rest.strip()))
    elif word in MEASURES and names:
        directives.measures.update(dict.fromkeys(names, word))  # type: ignore[arg-type]
    elif word == "positive":
        directives.positive = True
    elif word == "assume" and rest:
        directives.assumptions.append((directive.span, rest))
    elif part:
        directives.warnings.append(Warning_(directive.span, f"this comment is not understood: {part!r}"))


def _equation(text: str, roles: Roles) -> Iterator[LawEquation]:
    formula = parse_formula(text)
    for statement in formula.statements:
        if len(statement.relations) == 1 and statement.relations[0].sign == "=":
            left, right = statement.sides
            if left is None or right is None:
                continue
            elaborator = Elaborator(roles, {})
            try:
                yield LawEquation(elaborator.side(left), elaborator.side(right), text)
            except ElaborationError:
                continue
