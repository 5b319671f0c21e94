"""The claims of a document, in reading order, with the definitions and hypotheses in force at each.

Every relation sign becomes one ReadClaim: a claim to be checked, something assumed, or something that could not be
read, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from sympy import Basic, preorder_traversal

from derive.claims import Claim, Definition, Measure, Setting, Sign
from derive.reading.documents import Source
from derive.reading.meaning.assumptions import Assumptions
from derive.reading.meaning.directives import Directives, read_directives
from derive.reading.meaning.elaborate import ElaborationError, Elaborator
from derive.reading.meaning.roles import Roles, infer_roles, names_in
from derive.reading.meaning.spelling import key_of, latex_of
from derive.reading.parser import parse_source, survey_source
from derive.reading.statements import Formula, Relation, Statement
from derive.reading.syntax import Apply, Labelled, Name, Node, Set_, Span, Tuple_, Unreadable
from derive.terms.binding import free_names
from derive.terms.nodes import ArgExtremum, Function, Law, Named, Number, Parameter, Term, Variable
from derive.writing import Notation

SIGNS: dict[str, Sign] = {
    "=": "=", ">=": ">=", "<=": "<=", ">": ">", "<": "<", "!=": "!=", "approx": "approx", "propto": "propto",
}  # fmt: skip
CLAIMING = frozenset([*SIGNS, ":=", "=:", "~"])


@dataclass(frozen=True)
class Assumed:
    """A definition or a hypothesis: what it says, and remarks such as "θ* is defined again here"."""

    what: Literal["definition", "hypothesis", "declaration"]
    text: str
    label: str = ""
    notes: tuple[str, ...] = ()
    definition: Definition | None = None
    setting: Setting = field(default_factory=Setting)


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


@dataclass(frozen=True)
class ReadDocument:
    """A document with all its claims."""

    source: Source
    formulas: tuple[Formula, ...]
    claims: tuple[ReadClaim, ...]
    roles: Roles
    notation: Notation


def read_document(source: Source) -> ReadDocument:
    """All claims of a document.  Never raises for what a document contains."""
    formulas = parse_source(source)
    directives = read_directives(source)
    roles = infer_roles(formulas, survey_source(source))
    directives.declare(roles)
    reader = _DocumentReader(source, formulas, roles, directives)
    claims = tuple(reader.claims())
    return ReadDocument(source, formulas, claims, roles, reader.notation())


class _DocumentReader:
    """Goes through the statements in order and keeps what has been defined and assumed so far."""

    def __init__(self, source: Source, formulas: tuple[Formula, ...], roles: Roles, directives: Directives) -> None:
        self.source, self.formulas, self.roles, self.directives = source, formulas, roles, directives
        self.definitions: dict[str, Definition] = {}
        self.opaque: set[str] = set()  # defined by something that is not understood
        self.assumptions = Assumptions(source, formulas, roles, directives)
        self.elaborator = Elaborator(roles, self.definitions, self.opaque)
        self.measures = self._measures()
        self.chain = 0
        self.last_side: Node | None = None
        self._ahead: tuple[Span, int] | None = None

    def _measures(self) -> Mapping[str, Measure]:
        measures: dict[str, Measure] = {}
        for key in {*self.roles.summed, *self.roles.integrated}:
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
            bar=r"\mid" if r"\mid" in text else "|",
        )

    # ------------------------------------------------------------ claims

    def claims(self) -> Iterator[ReadClaim]:
        for formula in self.formulas:
            for statement in formula.statements:
                yield from self._statement(formula, statement)

    def _statement(self, formula: Formula, statement: Statement) -> Iterator[ReadClaim]:
        if not any(relation.sign in CLAIMING for relation in statement.relations):
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
                yield self._read_claim(formula, relation, left, right, content)
        if formula.display:
            self.last_side = sides[-1]

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
        unreadable = _unreadable(left) or _unreadable(right)
        if unreadable is not None:
            return Unread(unreadable.span, unreadable.message, unreadable.hint)
        try:
            return self._meaning(statement, place, relation, left, right, formula)
        except ElaborationError as error:
            return Unread(error.span, str(error))
        except ValueError as error:
            return Unread(left.span.join(right.span), str(error))

    def _meaning(
        self, statement: Statement, place: int, relation: Relation, left: Node, right: Node, formula: Formula
    ) -> Content:
        if relation.sign == "~" or _is_collection(right):
            return Assumed("declaration", self._source_of(left))
        if statement.span in self.assumptions.statements:
            return Assumed("hypothesis", self._source_of(left), "the text assumes it")
        if relation.sign == "approx":
            return Open("an approximation claims no equation")
        defined = self._definition(statement, place, relation, left, right, formula)
        if defined is not None:
            return defined
        if relation.marked or relation.sign in (":=", "=:"):
            raise ElaborationError(
                "what stands on neither side is a new name, so nothing is defined here", relation.span
            )
        terms = self.elaborator.term(left), self.elaborator.term(right)
        if all(isinstance(term, Number | Parameter) for term in terms):
            return Assumed("hypothesis", self._source_of(left), "a value for its sentence only")
        if relation.sign == "=" and len(statement.relations) == 1 and _is_function_value(terms):
            self.assumptions.add_unmodelled(formula, f"“{self._source_of(left)} = {self._source_of(right)}”")
            return Assumed("hypothesis", self._source_of(left), "says which function is meant")
        return self._claim(SIGNS[relation.sign], terms, relation, formula)

    def _claim(self, sign: Sign, terms: tuple[Term, Term], relation: Relation, formula: Formula) -> Content:
        setting = self.setting(formula)
        slices = _overlapping_slices(terms)
        if slices:
            return Open(f"{slices} stand for overlapping parts of a sequence, which is not understood yet")
        unknown = [name for term in terms for name in _undefined_names(term, self.definitions)]
        if unknown:
            written = ", ".join(dict.fromkeys(self.elaborator.latex.get(name, name) for name in unknown))
            return Open(f"{written} is not defined in this document, so there is nothing to check")
        if sign == "propto":
            return Open("proportionality is not checked yet")
        unfolded = tuple(setting.unfold_all(term) for term in terms)
        optima = [isinstance(term, ArgExtremum) for term in unfolded]
        if any(optima):
            if not all(optima):
                return Open(
                    "a set of optima is compared with something else: the chain before it is about another thing"
                )
            for term in unfolded:
                assert isinstance(term, ArgExtremum)
                if not free_names(term.objective) & set(term.candidates):
                    return Unread(relation.span, "the objective does not depend on what it is optimised over")
            sign = "argmax-equiv"
        return Claim(terms[0], sign, terms[1], setting)

    # ------------------------------------------------------------ definitions

    def _definition(
        self, statement: Statement, place: int, relation: Relation, left: Node, right: Node, formula: Formula
    ) -> Assumed | None:
        if relation.sign == "=:":
            left, right = right, left
        if relation.sign not in ("=", ":=", "=:"):
            return None
        marked = relation.marked or relation.sign != "="
        if isinstance(left, Tuple_):
            return self._joint_definition(left, right, formula)
        if self._is_new(left):
            self._define_ahead(statement, place, right)
            return self._define(left, right)
        if self._is_new(right) and (marked or self._is_named(left)):
            return self._define(right, left)
        if self._ahead == (statement.span, place):
            return self._define(left, right)
        if marked and isinstance(left, Apply | Name) and self._may_redefine(left):
            return self._define(left, right)
        return None

    def _define_ahead(self, statement: Statement, place: int, right: Node) -> None:
        """a ≡ b = c, with b new as well: b is defined first, so that a can be what b is."""
        following = statement.sides[place + 2] if place + 2 < len(statement.sides) else None
        if following is not None and self._is_new(right) and statement.relations[place + 1].sign == "=":
            self._define(right, following)
            self._ahead = (statement.span, place + 1)

    def _is_named(self, node: Node) -> bool:
        """Whether a side is a defined name, which makes an equation with a new name a definition of that name."""
        inner = _inside(node)
        head = inner.head if isinstance(inner, Apply) else inner
        return isinstance(head, Name) and self._key(head) in self.definitions

    def _is_new(self, node: Node) -> bool:
        """A name the document has not used for a law, a variable, a parameter or another definition."""
        node = _inside(node)
        if isinstance(node, Apply) and isinstance(node.head, Name):
            head = node.head
            if self.roles.is_law(head) or head.base in ("H", "I", "E", "KL"):
                return False
            plain = all(isinstance(a.value, Name) and a.mark in ("", ",", ";") for a in node.arguments)
            return (
                plain and self._key(head) not in self.definitions and self._key(head) not in self.elaborator.functions
            )
        if not isinstance(node, Name):
            return False
        key = key_of(node)
        if key in self.definitions or self._key(node) in self.definitions or key in self.roles.variables:
            return False
        if self.roles.is_law(node) or key in self.roles.parameters or self._is_instance(node):
            return False
        return not (self.roles.is_parameter(node) and node.superscript is None)

    def _is_instance(self, name: Name) -> bool:
        """𝓛₁ where 𝓛_K is defined: a value of something known, not a new name."""
        stem = key_of(name, [])
        return any(key.split("_")[0] == stem and key != stem for key in (*self.definitions, *self.opaque))

    def _may_redefine(self, node: Node) -> bool:
        head = _inside(node)
        head = head.head if isinstance(head, Apply) else head
        return isinstance(head, Name) and not self.roles.is_law(head)

    def _key(self, name: Name) -> str:
        return key_of(name, self.roles.split(name)[0])

    def _define(self, name: Node, body: Node) -> Assumed:
        name = _inside(name)
        head = name.head if isinstance(name, Apply) else name
        assert isinstance(head, Name)
        formals: list[Basic] = []
        own, below = self.roles.split(head)
        if isinstance(name, Apply):
            formals = [self.elaborator.parameter(p) for p in below]
            formals += [self._formal(v) for v in names_in([a.value for a in name.arguments])]
        key = key_of(head, own) if isinstance(name, Apply) else key_of(head)
        if not isinstance(name, Apply):
            formals = []
        label = f"def {self._source_of(head)}"
        try:
            meaning = self.elaborator.term(body)
        except ElaborationError as error:
            self.opaque.add(key)
            note = f"its right side is not understood ({error}), so nothing that uses it is checked"
            return Assumed("definition", self._source_of(name), label, (note,))
        self.elaborator.latex.setdefault(key, latex_of(head, own) if isinstance(name, Apply) else latex_of(head))
        again = key in self.definitions and self.definitions[key].body != meaning
        definition = Definition(key, tuple(formals), meaning, label)
        if key not in free_keys(meaning):
            self.definitions[key] = definition
        notes = (f"{self._source_of(head)} is defined again here",) if again else ()
        return Assumed("definition", self._source_of(name), label, notes, definition)

    def _formal(self, name: Name) -> Basic:
        argument = self.elaborator.argument(name)
        return Law(argument.args[0]) if isinstance(argument, Law) else argument

    def _joint_definition(self, left: Tuple_, right: Node, formula: Formula) -> Assumed:
        """θ*, q* = argmax …: the pair is new; names that were defined before are said to be defined again."""
        meaning = self.elaborator.term(right)
        notes = tuple(
            f"{self._source_of(name)} is defined again here: before, it was something else"
            for name in names_in(left.items)
            if key_of(name) in self.definitions
        )
        label = f"def {self._source_of(left)}"
        definition = Definition(self._source_of(left), (), meaning, label)
        setting = self.setting(formula)
        return Assumed("definition", self._source_of(left), label, notes, definition, setting)

    def setting(self, formula: Formula) -> Setting:
        """The definitions and hypotheses in force at a formula."""
        hypotheses = self.assumptions.in_force(formula.span.start) + self.assumptions.conditions_of_sentence(formula)
        return Setting(dict(self.definitions), hypotheses, self.measures)


def _unreadable(node: Node) -> Unreadable | None:
    from derive.reading.walk import walk

    return next((part for part in walk(node) if isinstance(part, Unreadable)), None)


def _overlapping_slices(terms: tuple[Term, Term]) -> str:
    """x_t beside x_{<t}, z_{1:T} beside z_t: points that share coordinates."""
    stems: dict[str, set[str]] = {}
    for name in free_or_bound_variables(terms):
        stems.setdefault(name.split("_", 1)[0], set()).add(name)
    for names in stems.values():
        if len(names) > 1 and any(re.search(r"[<:≤∖…]|Range", name) for name in names):
            return " and ".join(sorted(names))
    return ""


def free_or_bound_variables(terms: tuple[Term, Term]) -> set[str]:
    return {node.name for term in terms for node in preorder_traversal(term) if isinstance(node, Variable)}


def _is_function_value(terms: tuple[Term, Term]) -> bool:
    """f(u) = u log u, f(1) = 0: not true of every function, so it says which one is meant."""
    return any(
        isinstance(term, Function) and all(isinstance(a, Parameter | Number) for a in term.arguments) for term in terms
    )


def _is_collection(node: Node) -> bool:
    """A set with limits or several members: the data, not brackets around a formula."""
    if not isinstance(node, Set_):
        return False
    return len(node.items) != 1 or any(part is not None for part in (node.condition, node.lower, node.upper))


def _inside(node: Node) -> Node:
    while isinstance(node, Labelled):
        node = node.body
    return node


def _undefined_names(term: Basic, definitions: Mapping[str, Definition]) -> Iterator[str]:
    if isinstance(term, Named) and term.name not in definitions:
        yield term.name
    for arg in term.args:
        yield from _undefined_names(arg, definitions)


def free_keys(term: Basic) -> set[str]:
    """The defined names that a term uses."""
    found = {term.name} if isinstance(term, Named) else set()
    for arg in term.args:
        found |= free_keys(arg)
    return found
