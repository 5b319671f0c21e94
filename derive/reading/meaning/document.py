"""The claims of a document, in reading order, with the definitions and hypotheses in force at each.

Every relation sign becomes one ReadClaim: a claim to be checked, something assumed, or something that could not be
read, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias, cast

from sympy import preorder_traversal

from derive.claims import Claim, Hypothesis, Measure, OneExample, Optimal, Setting, Sign, Unmodelled
from derive.reading.documents import Source
from derive.reading.meaning.assumptions import Assumptions
from derive.reading.meaning.data import about_other_examples, numbers_of_examples, shared, unindexed_laws
from derive.reading.meaning.directives import Directives, read_directives
from derive.reading.meaning.hypotheses import chooses
from derive.reading.meaning.laws import ElaborationError
from derive.reading.meaning.naming import Assumed, Namer
from derive.reading.meaning.positivity import is_normalisation
from derive.reading.meaning.ranges import ranges_beside
from derive.reading.meaning.roles import Roles, infer_roles
from derive.reading.meaning.sides import (
    MOST_PARTS,
    are_numbers,
    defines_divergence,
    equations_about,
    head_of,
    in_proportion,
    is_collection,
    is_function_value,
    is_mixture,
    is_too_large,
    overlapping_slices,
    shortened,
    undefined_names,
    unreadable_part,
)
from derive.reading.parser import parse_source, survey_source
from derive.reading.statements import Formula, Relation, Statement, Warning_
from derive.reading.syntax import Name, Node, Span
from derive.terms.binding import free_names
from derive.terms.nodes import ArgExtremum, Number, Parameter, Term
from derive.writing import Notation

SIGNS: dict[str, Sign] = {
    "=": "=", ">=": ">=", "<=": "<=", ">": ">", "<": "<", "!=": "!=", "approx": "approx", "propto": "propto",
}  # fmt: skip
_RELATION = re.compile(r"\\(?:geq?|leq?|approx|neq?)(?![A-Za-z])|[=<>]")
_WRITTEN = {r"\ge": ">=", r"\geq": ">=", r"\le": "<=", r"\leq": "<=", r"\approx": "approx", r"\ne": "!=", r"\neq": "!="}
EXPLAINED_WITHIN = 4  # formulas
_EXPLAINS = re.compile(r"\b(?:where|with|here|in which)\b[^.]*$", re.IGNORECASE)
_GOES_ON = re.compile(r"(?:and|,|;|, and)?", re.IGNORECASE)
CLAIMING = frozenset([*SIGNS, ":=", "=:", "~"])


@dataclass(frozen=True)
class Unread:
    """A claim that could not be read: where exactly, and why."""

    span: Span
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Open:
    """Read, but nothing that could be checked: a sample average, a chain whose beginning is lost."""

    message: str


Content: TypeAlias = Claim | Assumed | Unread | Open


@dataclass(frozen=True)
class ReadClaim:
    """What stands at one relation sign.

    span      the relation sign
    left, right   the source of both sides ("" where a side is missing)
    chain     claims of one chain share its number
    other     the claim in the second reading, where the text leaves two open
    """

    span: Span
    relation: str
    left: str
    right: str
    content: Content
    chain: int
    formula: Span
    expected: str | None = None
    setting: Setting = field(default_factory=Setting)
    other: Content | None = None


@dataclass(frozen=True)
class ReadDocument:
    """A document with all its claims."""

    source: Source
    formulas: tuple[Formula, ...]
    claims: tuple[ReadClaim, ...]
    roles: Roles
    notation: Notation
    warnings: tuple[Warning_, ...] = ()  # of the formulas and of comments


def read_document(source: Source) -> ReadDocument:
    """All claims of a document.  Never raises for what a document contains."""
    formulas = parse_source(source)
    directives = read_directives(source)
    roles = infer_roles(formulas, survey_source(source), _sentences(source))
    roles.own_divergence = any(defines_divergence(s) for formula in formulas for s in formula.statements)
    directives.declare(roles)
    document = _read(source, formulas, roles, directives)
    if not roles.doubtful:
        return document
    apart = _read(source, formulas, roles.apart(), directives)
    claims = zip(document.claims, apart.claims, strict=True)
    return replace(document, claims=tuple(_with_other(claim, other) for claim, other in claims))


def _read(source: Source, formulas: tuple[Formula, ...], roles: Roles, directives: Directives) -> ReadDocument:
    reader = _DocumentReader(source, formulas, roles, directives)
    claims = tuple(reader.claims())
    warnings = (*(w for formula in formulas for w in formula.warnings), *directives.warnings, *reader.warnings)
    return ReadDocument(source, formulas, claims, roles, reader.notation(), warnings)


def _with_other(claim: ReadClaim, other: ReadClaim) -> ReadClaim:
    """The claim, with what it says in the other reading where that is something else."""
    same = isinstance(claim.content, Claim) and claim.content == other.content
    either = isinstance(claim.content, Claim) or isinstance(other.content, Claim)
    return replace(claim, other=other.content) if either and not same else claim


def _sentences(source: Source) -> dict[int, int]:
    """For each formula inside a sentence that has had one before: where that sentence's first formula begins."""
    first: dict[int, int] = {}
    for before, raw in zip(source.formulas, source.formulas[1:], strict=False):
        if not raw.display and not before.display and ("$" in raw.lead or "\\(" in raw.lead):
            first[raw.span.start] = first.get(before.span.start, before.span.start)
    return first


class _DocumentReader:
    """Goes through the statements in order and keeps what has been defined and assumed so far."""

    def __init__(self, source: Source, formulas: tuple[Formula, ...], roles: Roles, directives: Directives) -> None:
        self.source, self.formulas, self.roles, self.directives = source, formulas, roles, directives
        self.assumptions = Assumptions(source, formulas, roles, directives)
        self.namer = Namer(roles, self._source_of)
        self.namer.definitions.update(numbers_of_examples(self.roles))
        self.elaborator = self.namer.elaborator
        self.measures = self._measures()
        self.under: dict[Term, tuple[Hypothesis, ...]] = {}  # what was assumed where a definition stands
        self.places = {formula.span: number for number, formula in enumerate(formulas)}
        self.chain = 0
        self.warnings: list[Warning_] = []
        self.last_side: Node | None = None

    def _measures(self) -> Mapping[str, Measure]:
        measures: dict[str, Measure] = {}
        for key in {*self.roles.summed, *self.roles.indices, *self.roles.integrated}:
            if key not in self.roles.integrated:
                measures[key] = "discrete"
            elif key not in self.roles.summed:
                measures[key] = "continuous"
        measures.update(self.directives.measures)
        return measures

    def notation(self) -> Notation:
        """How the author writes."""
        text = self.source.clean
        discrete = frozenset(space for space, measure in self.measures.items() if measure == "discrete")
        return Notation(
            names=dict(self.elaborator.latex),
            discrete=discrete,
            sampled=r"\sim" in text,
            unindexed=unindexed_laws(self.roles),
            bar=r"\mid" if r"\mid" in text else "|",
        )

    # ------------------------------------------------------------ claims

    def claims(self) -> Iterator[ReadClaim]:
        for formula in self.formulas:
            for statement in formula.statements:
                yield from self._statement(formula, statement)

    def _statement(self, formula: Formula, statement: Statement) -> Iterator[ReadClaim]:
        if not any(relation.sign in CLAIMING for relation in statement.relations):
            yield from self._lost(formula, statement)
            return
        sides = list(statement.sides)
        continued = sides[0] is None
        if continued:
            sides[0] = self.last_side
        else:
            self.chain += 1
        for place, relation in enumerate(statement.relations):
            if relation.sign in CLAIMING:
                left, right = sides[place], sides[place + 1]
                content = self._content(statement, place, relation, left, right, formula)
                if isinstance(content, Unread | Open):
                    self._unread_law(formula, statement, left, right)
                yield self._read_claim(formula, relation, left, right, content)
        if formula.display:
            self.last_side = sides[-1]

    def _lost(self, formula: Formula, statement: Statement) -> Iterator[ReadClaim]:
        """What could not even be split into sides: unread where a relation stands in it, a warning otherwise."""
        for unreadable in (unreadable_part(side) for side in statement.sides if side is not None):
            if unreadable is None:
                continue
            start, end = unreadable.span.start, unreadable.span.end
            relation = _RELATION.search(self.source.text, start, end)
            if relation is None:
                self.warnings.append(Warning_(unreadable.span, unreadable.message))
                continue
            self.chain += 1
            content = Unread(unreadable.at or unreadable.span, unreadable.message, unreadable.hint)
            left, right = (
                shortened(self.source.text[i:j]) for i, j in ((start, relation.start()), (relation.end(), end))
            )
            place = Span(relation.start(), relation.end())
            sign = _WRITTEN.get(relation.group(), relation.group())
            yield ReadClaim(place, sign, shortened(left), shortened(right), content, self.chain, formula.span)

    def _read_claim(
        self, formula: Formula, relation: Relation, left: Node | None, right: Node | None, content: Content
    ) -> ReadClaim:
        sign: str = ":=" if relation.marked or relation.sign in (":=", "=:") else relation.sign
        if isinstance(content, Claim) and content.sign == "argmax-equiv":
            sign = "argmax-equiv"
        return ReadClaim(
            relation.span,
            sign,
            self._source_of(left),
            self._source_of(right),
            content,
            self.chain,
            formula.span,
            self.directives.expectation(formula.span),
            content.setting if isinstance(content, Claim) else Setting(),
        )

    def _unread_law(self, formula: Formula, statement: Statement, left: Node | None, right: Node | None) -> None:
        """p = 𝒩(μ, σ²), not understood: what is said of p from here on may rest on it."""
        laws = [self._law_of(side) for side in (left, right) if side is not None]
        if len(statement.relations) == 1 and any(laws):
            text = " ".join(self.source.text[statement.span.start : statement.span.end].split())
            self.assumptions.add_unmodelled(formula, f"“{text}”", frozenset(law for law in laws if law))

    def _law_of(self, side: Node) -> str:
        """The law that a whole side is, or a density of it."""
        head = head_of(side)
        return self.namer.key(head) if isinstance(head, Name) and self.roles.is_law(head) else ""

    def _source_of(self, side: Node | None) -> str:
        if side is None:
            return ""
        return " ".join(self.source.text[side.span.start : side.span.end].split())

    def _content(
        self,
        statement: Statement,
        place: int,
        relation: Relation,
        left: Node | None,
        right: Node | None,
        formula: Formula,
    ) -> Content:
        if left is None:
            return Open("its left side is missing, and no chain comes before it")
        assert right is not None
        unreadable = unreadable_part(left) or unreadable_part(right)
        if unreadable is not None:
            return Unread(unreadable.span, unreadable.message, unreadable.hint)
        if any(is_too_large(side) for side in (left, right)):
            return Unread(relation.span, f"a side of more than {MOST_PARTS} parts is not checked")
        try:
            return self._meaning(statement, place, relation, left, right, formula)
        except ElaborationError as error:
            return Unread(error.span, str(error))
        except ValueError as error:
            return Unread(left.span.join(right.span), str(error))

    def _meaning(
        self, statement: Statement, place: int, relation: Relation, left: Node, right: Node, formula: Formula
    ) -> Content:
        if relation.sign == "~" or is_collection(right):
            return Assumed("declaration", self._source_of(left))
        if statement.span in self.assumptions.statements:
            return Assumed("hypothesis", self._source_of(left), "the text assumes it")
        if relation.sign == "approx":
            return Open("an approximation claims no equation")
        defined = self.namer.definition(statement, place, relation, left, right)
        if defined is not None:
            here = self.setting(formula)
            self.under = {meaning.body: here.hypotheses for meaning in here.definitions.values()} | self.under
            return replace(defined, setting=here)
        if statement.span in self.assumptions.unexplained:
            return Open(f"nothing before it says what {self._source_of(head_of(left))} is")
        if place == 0 and relation.sign == "=" and self.assumptions.chooses(statement):
            return self._says_which_law(formula, statement, left)
        terms = self.elaborator.side(left), self.elaborator.side(right)
        if (relation.marked or relation.sign in (":=", "=:")) and is_mixture(*terms):
            return self._says_which_law(formula, statement, left)
        if all(isinstance(term, Number | Parameter) for term in terms) and not are_numbers(terms):
            return Assumed("hypothesis", self._source_of(left), "a value for its sentence only")
        if relation.sign == "=" and len(statement.relations) == 1:
            said = f"“{self._source_of(left)} = {self._source_of(right)}”"
            if is_function_value(terms):
                self.assumptions.add_unmodelled(formula, said)
                return Assumed("hypothesis", self._source_of(left), "says which function is meant")
            if not formula.display and chooses(statement.lead) and is_normalisation(*terms):
                return Assumed("hypothesis", self._source_of(left), "said of a law, which has mass 1 anyway")
            if not formula.display and chooses(statement.lead):
                self.assumptions.choose(formula, terms, said)
                return Assumed("hypothesis", self._source_of(left), "chosen for its sentence and what it introduces")
        if not undefined_names(terms, self.namer.definitions):
            return self._claim(_sign(relation), terms, relation, formula)
        with self.namer.ahead(self._explained(statement, formula)):
            terms = self.elaborator.side(left), self.elaborator.side(right)
            return self._claim(_sign(relation), terms, relation, formula)

    def _says_which_law(self, formula: Formula, statement: Statement, left: Node) -> Assumed:
        """An equation that says what a law is, in a way that is not followed: what is said of it may rest on that."""
        text = " ".join(self.source.text[statement.span.start : statement.span.end].split())
        self.assumptions.add_unmodelled(formula, f"“{text}”", frozenset([self._law_of(left)]))
        return Assumed("definition", self._source_of(left), "", ("what follows from that is not checked",))

    def _explained(self, statement: Statement, formula: Formula) -> Iterator[Statement]:
        """The statements after one that may explain its names: in the same formula, or "where L = …" soon after."""
        yield from formula.statements[formula.statements.index(statement) + 1 :]
        explaining, following = False, self.places[formula.span] + 1
        for later in self.formulas[following : following + EXPLAINED_WITHIN]:
            for other in later.statements:
                goes_on = explaining and _GOES_ON.fullmatch(other.lead.strip()) is not None
                explaining = goes_on or _EXPLAINS.search(other.lead) is not None
                if explaining:
                    yield other

    def _claim(self, sign: Sign, terms: tuple[Term, Term], relation: Relation, formula: Formula) -> Content:
        setting = self.setting(formula)
        slices = overlapping_slices(terms)
        if slices:
            return Open(f"{slices} stand for overlapping parts of a sequence, which is not understood yet")
        unknown = undefined_names(terms, self.namer.definitions)
        if unknown:
            written = ", ".join(dict.fromkeys(self.elaborator.latex.get(name, name) for name in unknown))
            return Open(f"{written} is not defined in this document, so there is nothing to check")
        if sign == "propto":
            normalised = in_proportion(setting.unfold_all(terms[0]), terms[1])
            if normalised is None:
                return Open("proportionality is checked between a law and what is never negative")
            terms, sign = (terms[0], normalised), "="
        unfolded = tuple(setting.unfold_all(term) for term in terms)
        optima = [isinstance(term, ArgExtremum) for term in unfolded]
        if any(optima):
            if not all(optima):
                return Open("a set of optima is compared with something else, which the chain before it is about")
            for term in unfolded:
                assert isinstance(term, ArgExtremum)
                if not free_names(term.objective) & set(term.candidates):
                    return Unread(relation.span, "the objective does not depend on what it is optimised over")
            sign = "argmax-equiv"
        if about_other_examples(unfolded[0], unfolded[1], self.roles):
            return Open("whether the two sides sum over the same examples is not said")
        alone = tuple(OneExample(index) for index in sorted(shared(unfolded, unindexed_laws(self.roles))))
        hypotheses = (*setting.hypotheses, *self._optima(terms, setting), *alone, *ranges_beside(relation.reason))
        return Claim(terms[0], sign, terms[1], replace(setting, hypotheses=hypotheses))

    def _optima(self, terms: Iterable[Term], setting: Setting) -> Iterator[Optimal | Unmodelled]:
        """Which parameters in a claim are values of optima, and of which; in words where laws in it have changed."""
        mentioned = {node.name for term in terms for node in preorder_traversal(term) if isinstance(node, Parameter)}
        for name, meaning in sorted(self.namer.definitions.items()):
            if name in mentioned and isinstance(meaning.body, ArgExtremum):
                optimum = cast(ArgExtremum, setting.unfold_all(meaning.body))
                said = f"“{self.elaborator.latex.get(name, name)} is an optimum”"
                assumed = self.under.get(meaning.body, ()), setting.hypotheses
                then, now = (equations_about(hypotheses, optimum) for hypotheses in assumed)
                yield Optimal(Parameter(name), optimum, said) if then in (now, set()) else Unmodelled(said)

    def setting(self, formula: Formula) -> Setting:
        """The definitions and hypotheses in force at a formula."""
        hypotheses = self.assumptions.in_force(formula.span.start) + self.assumptions.conditions_of_sentence(formula)
        return Setting(dict(self.namer.definitions), hypotheses, self.measures)


def _sign(relation: Relation) -> Sign:
    """What is claimed: a "definition" of what has a meaning already, KL(q ‖ p) := …, claims an equation."""
    return "=" if relation.sign in (":=", "=:") else SIGNS[relation.sign]
