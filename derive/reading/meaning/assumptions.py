"""What is assumed where in a document.

Hypotheses come from the words ("every density is positive"), from comments, and from formulas that the words around
them mark as assumed: "let 0 < α < 1", "generative model p(x,z) = …", "as soon as q = p", a factorisation in a heading.
Each has the stretch of text in which it holds: from where it stands to the end, its section, or its own sentence.  An
equation between two laws (q = the posterior) is a special case, which ends with its section; whether it is meant to go
on after that, or to hold before the comment that states it, is not known, so there it neither proves nor refutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from derive.claims import Bounds, Curvature, Hypothesis, LawEquation, Ordered, Range, Unmodelled
from derive.reading.documents import RawFormula, Source
from derive.reading.meaning.directives import Directives
from derive.reading.meaning.elaborate import Elaborator
from derive.reading.meaning.hypotheses import (
    assumes,
    concludes,
    conditional_words,
    constant,
    freed,
    in_passing,
    is_law_equation,
    is_tautology,
    marks_a_model,
    spoken,
    supposes,
)
from derive.reading.meaning.laws import ElaborationError
from derive.reading.meaning.positivity import is_normalisation, joins, positivity, says_positive, support
from derive.reading.meaning.ranges import is_of_points, stated_bounds, with_bars, without_bars
from derive.reading.meaning.roles import Roles
from derive.reading.meaning.sections import Sections
from derive.reading.meaning.sides import head_of, is_starred_law
from derive.reading.statements import Formula, Statement
from derive.reading.syntax import Name, Node, Span
from derive.reading.walk import walk
from derive.terms.binding import free_names
from derive.terms.nodes import Function, Law, Number, Parameter, Term

_ORDER = {"<": "<", ">": ">", "<=": "<=", ">=": ">="}
_MIRROR = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


@dataclass(frozen=True)
class Scoped:
    """A hypothesis and the stretch of text in which it holds."""

    span: Span
    hypothesis: Hypothesis


class Assumptions:
    """All hypotheses of a document, found before its claims are read."""

    def __init__(self, source: Source, formulas: tuple[Formula, ...], roles: Roles, directives: Directives) -> None:
        self.source = source
        self.roles = roles
        self.end = len(source.text)
        self.sections = Sections(source.text)
        self.raw = {raw.span.start: raw for raw in source.formulas}
        self.statements: set[Span] = set()
        self.chosen: dict[str, Span] = {}  # starred law -> the first equation about it
        self.choosing: dict[Span, str] = {}  # equations that say what a starred law is, and which one
        self.unexplained: set[Span] = set()  # conclusions about starred laws of which nothing is said before
        self.positive: tuple[Span, Term, Scoped] | None = None  # the last law that was said to be positive
        self.scoped: list[Scoped] = []
        for place, hypothesis in directives.hypotheses(roles):
            self.scoped += self._commented(place, hypothesis)
        self.scoped += self._spoken()
        for formula in formulas:
            for statement in formula.statements:
                found = list(self._from_formula(formula, statement))  # which may take back what was found before
                self.scoped += found

    def in_force(self, offset: int) -> tuple[Hypothesis, ...]:
        """The hypotheses that hold at a place; of several about one function's shape, the last."""
        latest: dict[object, Hypothesis] = {}
        for scoped in sorted(self.scoped, key=lambda s: s.span.start):
            if scoped.span.start <= offset < scoped.span.end:
                hypothesis = scoped.hypothesis
                key: object = ("curvature", hypothesis.function) if isinstance(hypothesis, Curvature) else hypothesis
                latest.pop(key, None)
                latest[key] = hypothesis
        return tuple(latest.values())

    def add_unmodelled(self, formula: Formula, text: str, laws: frozenset[str] | None = None) -> None:
        """From here on claims (about some laws) may rest on something that cannot be taken into account."""
        self.scoped.append(Scoped(Span(formula.span.start, self.end), Unmodelled(text, laws)))

    def choose(self, formula: Formula, terms: tuple[Term, Term], text: str) -> None:
        """A special case, for its sentence and the display it introduces: "at α = ½"."""
        left, right = terms
        value = constant(right)
        if isinstance(left, Parameter) and value is not None:
            self.scoped.append(
                Scoped(self._passage(formula), Range(left, value, value, strict_lower=False, strict_upper=False))
            )
        else:
            self.scoped.append(Scoped(self._passage(formula), Unmodelled(text)))

    def conditions_of_sentence(self, formula: Formula) -> tuple[Hypothesis, ...]:
        """Conditions in the formula's own sentence that are words only: they cannot be taken into account."""
        raw = self._raw(formula)
        if raw is None:
            return ()
        words = conditional_words(raw.lead) or conditional_words(raw.trail)
        understood = any(s.span.start <= formula.span.start < s.span.end and s.span.end < self.end for s in self.scoped)
        return (Unmodelled(words),) if words and not understood else ()

    def _raw(self, formula: Formula) -> RawFormula | None:
        return next((raw for raw in self.raw.values() if raw.span.start <= formula.span.start < raw.span.end), None)

    def _spoken(self) -> Iterator[Scoped]:
        for prose in self.source.prose:
            for offset, hypothesis in spoken(prose.text):
                start = prose.span.start + offset
                named = hypothesis.function if isinstance(hypothesis, Curvature | Bounds) else ""
                end = self._freed_after(start, named) if named else self.end
                yield Scoped(Span(start, end), hypothesis)

    def _freed_after(self, start: int, function: str) -> int:
        """Where the text says that a function is an arbitrary one from there on."""
        said = ((prose.span.start + offset, name) for prose in self.source.prose for offset, name in freed(prose.text))
        return min((place for place, name in said if name == function and place > start), default=self.end)

    # ------------------------------------------------------------ formulas that are assumed

    def _from_formula(self, formula: Formula, statement: Statement) -> Iterator[Scoped]:
        signs = [relation.sign for relation in statement.relations]
        chosen = self._chosen(formula, statement)
        if signs == [">"]:
            yield from self._positivity(formula, statement)
        if signs and all(sign in _ORDER for sign in signs) and assumes(statement.lead):
            yield from self._order(formula, statement)
        elif signs in (["="], [":="], ["=:"]):
            yield from self._law_equation(formula, statement, chosen)
        if signs and signs[0] in ("=", *_ORDER):
            yield from self._supposed(formula, statement)

    def _supposed(self, formula: Formula, statement: Statement) -> Iterator[Scoped]:
        """What is supposed in any other way (E[f] = 0, KL = 0): nothing that may rest on it is refuted.

        That a law is positive is heard elsewhere, and where it is not, only a condition more is named.
        """
        if statement.sides[0] is not None and self._is_law(statement.sides[0]) and statement.relations[0].sign == ">":
            return
        terms = self._terms(statement)
        if terms is not None and is_normalisation(*terms):
            return
        raw = self._raw(formula)
        lead = raw.lead if raw is not None and formula.display else statement.lead
        if statement.span not in self.statements and supposes(lead):
            said = " ".join(self.source.text[statement.span.start : statement.span.end].split())
            span = Span(formula.span.start, self.sections.end(formula.span.start))
            yield Scoped(span, Unmodelled(f"“{said}”"))

    def _positivity(self, formula: Formula, statement: Statement) -> Iterator[Scoped]:
        """q(z|x) > 0, assumed everywhere, or wherever what follows "whenever" is positive."""
        terms = self._terms(statement)
        if terms is None or terms[1] != Number(0):
            return
        scope = Span(formula.span.start, self.sections.end(formula.span.start))
        label = f"“{' '.join(self.source.text[statement.span.start : statement.span.end].split())}”"
        raw = self._raw(formula)
        before = self.positive
        if before is not None and joins(self.source.text[before[0].end : formula.span.start].strip(" $")):
            said = f"“{' '.join(self.source.text[before[0].start : statement.span.end].split())}”"
            narrower = support(before[1], terms[0], said)
            self.scoped = [scoped for scoped in self.scoped if scoped is not before[2]]
            found = [] if narrower is None else [Scoped(scope, narrower)]
        elif says_positive(raw.lead if raw is not None else statement.lead):
            stated = positivity(terms[0], label)
            found = [] if stated is None else [Scoped(scope, stated)]
            self.positive = (statement.span, terms[0], found[0]) if found else None
        else:
            return
        self.statements.add(statement.span)
        yield from found

    def _terms(self, statement: Statement) -> tuple[Term, Term] | None:
        """Both sides of a statement with one relation; None where one is not understood."""
        if len(statement.sides) != 2 or statement.sides[0] is None or statement.sides[1] is None:
            return None
        elaborator = Elaborator(self.roles, {})
        try:
            return elaborator.side(statement.sides[0]), elaborator.side(statement.sides[1])
        except (ElaborationError, ValueError):
            return None

    def _is_law(self, side: Node) -> bool:
        head = head_of(side)
        return isinstance(head, Name) and self.roles.is_law(head)

    def _chosen(self, formula: Formula, statement: Statement) -> str:
        """The starred law of which this is the first equation, q^* = …, or nothing."""
        left = statement.sides[0]
        if left is None or not is_starred_law(left, self.roles) or [r.sign for r in statement.relations[:1]] != ["="]:
            return ""
        head = head_of(left)
        assert isinstance(head, Name)
        key = self.roles.law_key(head)
        if self.chosen.setdefault(key, statement.span) != statement.span or self._is_unstarred(statement, head):
            return ""
        raw = self._raw(formula)
        if concludes(raw.lead if raw is not None and formula.display else statement.lead):
            self.unexplained.add(statement.span)
            return ""
        self.choosing[statement.span] = key
        return key

    def _is_unstarred(self, statement: Statement, starred: Name) -> bool:
        """p^*(x) = p(x): that the two are one says not which law p^* is."""
        right = None if statement.sides[1] is None else head_of(statement.sides[1])
        plain = replace(starred, superscript=None)
        return isinstance(right, Name) and self.roles.law_key(right) == self.roles.law_key(plain)

    def chooses(self, statement: Statement) -> bool:
        """Whether a statement says by other laws which law a starred one is: q^* = argmin …, q^*(z) = exp(…)/Z."""
        right = [part for side in statement.sides[1:] if side is not None for part in walk(side)]
        laws = {self.roles.law_key(part) for part in right if isinstance(part, Name) and self.roles.is_law(part)}
        return statement.span in self.choosing and self.choosing[statement.span] not in laws

    def _law_equation(self, formula: Formula, statement: Statement, chosen: str) -> Iterator[Scoped]:
        terms = self._terms(statement)
        if terms is None or not is_law_equation(*terms) or is_tautology(*terms):
            return
        if chosen and all(law.name != chosen for law in free_names(terms[1]) if isinstance(law, Law)):
            scope: Span | None = Span(formula.span.start, self.end)  # q^*(z) = p(z | x): which law the starred one is
        else:
            scope, chosen = self._scope(formula, statement), ""
        if scope is not None:
            self.statements.add(statement.span)
            label = " ".join(self.source.text[statement.span.start : statement.span.end].split())
            equation = LawEquation(*terms, label)
            if chosen:
                yield Scoped(Span(0, formula.span.start), _perhaps(equation))
            yield from self._until_section_ends(scope, equation)

    def _commented(self, place: Span, hypothesis: Hypothesis) -> Iterator[Scoped]:
        """What a comment states: roles and positivity everywhere, equations from there on."""
        if not isinstance(hypothesis, LawEquation):
            yield Scoped(Span(0, self.end), hypothesis)
            return
        yield Scoped(Span(0, place.start), _perhaps(hypothesis))
        yield from self._until_section_ends(Span(place.start, self.end), hypothesis)

    def _until_section_ends(self, scope: Span, equation: LawEquation) -> Iterator[Scoped]:
        """An equation that holds to the end of the text: one between two laws to the end of its section only."""
        end = self.sections.end(scope.start)
        if scope.end < self.end or end == self.end or len(_laws(equation)) < 2:
            yield Scoped(scope, equation)
            return
        yield Scoped(Span(scope.start, end), equation)
        yield Scoped(Span(end, self.end), _perhaps(equation))

    def _scope(self, formula: Formula, statement: Statement) -> Span | None:
        """Where an equation between laws holds as a hypothesis, or None where it is a claim."""
        raw = self._raw(formula)
        lead = raw.lead if raw is not None else statement.lead
        if self.sections.in_heading(formula.span.start):
            return Span(self.sections.start(formula.span.start), self.sections.end(formula.span.start))
        if statement.relations[0].marked or statement.relations[0].sign != "=":
            return Span(formula.span.start, self.end)
        if formula.display:
            return Span(formula.span.start, self.end) if marks_a_model(lead) and not _says_all(lead) else None
        if in_passing(lead):
            ended = raw is None or raw.trail.endswith((".", ";", "?", "!"))
            return self._sentence(formula) if ended else self._passage(formula)
        return Span(formula.span.start, self.end) if assumes(lead) or marks_a_model(lead) else None

    def _order(self, formula: Formula, statement: Statement) -> Iterator[Scoped]:
        """0 < α < β < 1: bounds for each parameter, and the order of neighbours."""
        elaborator = Elaborator(self.roles, {})
        try:
            signs: list[str] = [relation.sign for relation in statement.relations]
            nodes, barred = without_bars(statement.sides, signs)
            sides = [elaborator.side(side) for side in nodes if side is not None]
        except (ElaborationError, ValueError):
            return
        sides = [side if (value := constant(side)) is None else Number(value) for side in sides]
        if len(sides) != len(nodes) or not all(isinstance(s, Number | Parameter) or is_of_points(s) for s in sides):
            return
        if barred:
            sides, signs = with_bars(sides, signs)
        self.statements.add(statement.span)
        scope = self._passage(formula) if in_passing(statement.lead) else Span(formula.span.start, self.end)
        said = " ".join(self.source.text[statement.span.start : statement.span.end].split())
        yield from (Scoped(scope, bounds) for bounds in stated_bounds(sides, signs, f"“{said}”"))
        for parameter in (s for s in sides if isinstance(s, Parameter)):
            yield Scoped(scope, _bounds(parameter, sides, signs))
        for left, sign, right in zip(sides, signs, sides[1:], strict=False):
            if not isinstance(left, Function) and not isinstance(right, Function):
                yield Scoped(scope, Ordered(left, sign, right))  # type: ignore[arg-type]

    # ------------------------------------------------------------ stretches of text

    def _sentence(self, formula: Formula) -> Span:
        raw = self._raw(formula)
        if raw is None:
            return formula.span
        paragraph = next((p.span for p in self.source.prose if p.span.start <= raw.span.start < p.span.end), raw.span)
        start = max(paragraph.start, raw.span.start - len(raw.lead) - 2)
        return Span(start, min(paragraph.end, raw.span.end + len(raw.trail) + 2))

    def _passage(self, formula: Formula) -> Span:
        """The sentence, and the display that follows it."""
        sentence = self._sentence(formula)
        following = [raw.span.end for raw in self.raw.values() if raw.display and raw.span.start >= formula.span.end]
        return Span(sentence.start, max(sentence.end, min(following, default=sentence.end)))


def _says_all(lead: str) -> bool:
    """Whether a sentence has ended and has said in a formula of its own what it assumes."""
    return lead.rstrip().endswith((".", "?", "!")) and ("$" in lead or "\\(" in lead)


def _laws(equation: LawEquation) -> frozenset[str]:
    return frozenset(n.name for side in (equation.left, equation.right) for n in free_names(side) if isinstance(n, Law))


def _perhaps(equation: LawEquation) -> Unmodelled:
    """An equation that may be meant to hold."""
    said = f"“{equation.label}”"
    return Unmodelled(said, frozenset(n.name for n in free_names(equation.left) if isinstance(n, Law)))


def _bounds(parameter: Parameter, sides: list[Term], signs: list[str]) -> Range:
    """The numbers to the left and right of a parameter in a chain of comparisons."""
    place = sides.index(parameter)
    before = [s.value for s in sides[:place] if isinstance(s, Number)]
    after = [s.value for s in sides[place + 1 :] if isinstance(s, Number)]
    if signs[0] in (">", ">="):
        before, after = after, before
    return Range(parameter, max(before, default=None), min(after, default=None))
