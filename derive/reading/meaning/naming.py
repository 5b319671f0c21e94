"""Names that a document defines: L(θ), 𝓛, J_θ(q), θ*, q*.

A side is a new name where the document has not used it for a law, a variable, a parameter or another definition; then
the equation is no claim but says what the name stands for from here on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Literal

from sympy import Basic

from derive.claims import Definition, Setting
from derive.reading.meaning.elaborate import Elaborator
from derive.reading.meaning.laws import ElaborationError
from derive.reading.meaning.roles import Roles, names_in
from derive.reading.meaning.sides import head_of, inside, is_starred
from derive.reading.meaning.spelling import key_of, latex_of
from derive.reading.statements import Relation, Statement
from derive.reading.syntax import Apply, Name, Node, Span, Tuple_
from derive.terms.nodes import Law, Named, Term


@dataclass(frozen=True)
class Assumed:
    """A definition or a hypothesis: what it says, and remarks such as "θ* is defined again here"."""

    what: Literal["definition", "hypothesis", "declaration"]
    text: str
    label: str = ""
    notes: tuple[str, ...] = ()
    definition: Definition | None = None
    setting: Setting = field(default_factory=Setting)


class Namer:
    """Recognises definitions and keeps those made so far.

    definitions  what each name stands for now
    opaque       names defined by something that is not understood
    """

    def __init__(self, roles: Roles, source_of: Callable[[Node | None], str]) -> None:
        self.roles = roles
        self.definitions: dict[str, Definition] = {}
        self.opaque: set[str] = set()
        self.elaborator = Elaborator(roles, self.definitions, self.opaque)
        self._source_of = source_of
        self._ahead: tuple[Span, int] | None = None

    def definition(
        self, statement: Statement, place: int, relation: Relation, left: Node, right: Node
    ) -> Assumed | None:
        """What the equation at a relation sign defines, or None where it is a claim."""
        if relation.sign == "=:":
            left, right = right, left
        if relation.sign not in ("=", ":=", "=:"):
            return None
        marked = relation.marked or relation.sign != "="
        if isinstance(left, Tuple_):
            return self._joint_definition(left, right)
        if self._is_new(left, marked):
            self._define_ahead(statement, place, right)
            return self._define(left, right)
        if self._is_new(right, marked) and (marked or self._is_named(left)):
            return self._define(right, left)
        if self._ahead == (statement.span, place):
            return self._define(left, right)
        if marked and isinstance(left, Apply | Name) and self._may_redefine(left):
            return self._define(left, right)
        return None

    @contextmanager
    def ahead(self, statements: Iterable[Statement]) -> Iterator[None]:
        """While it lasts, the definitions that these later statements make hold already: log p = L + K, where L = …"""
        definitions, opaque, place = dict(self.definitions), set(self.opaque), self._ahead
        try:
            for statement in statements:
                for number, relation in enumerate(statement.relations):
                    left, right = statement.sides[number : number + 2]
                    with suppress(ValueError):  # it will be reported where it stands
                        if left is not None and right is not None:
                            self.definition(statement, number, relation, left, right)
            self.definitions.update(definitions)  # what has been defined so far is not defined again
            yield
        finally:
            self.definitions.clear()
            self.definitions.update(definitions)
            self.opaque.clear()
            self.opaque.update(opaque)
            self._ahead = place

    def _define_ahead(self, statement: Statement, place: int, right: Node) -> None:
        """a ≡ b = c, with b new as well: b is defined first, so that a can be what b is."""
        following = statement.sides[place + 2] if place + 2 < len(statement.sides) else None
        if following is not None and self._is_new(right, False) and statement.relations[place + 1].sign == "=":
            self._define(right, following)
            self._ahead = (statement.span, place + 1)

    def _is_named(self, node: Node) -> bool:
        """Whether a side is a defined name, which makes an equation with a new name a definition of that name."""
        inner = inside(node)
        head = inner.head if isinstance(inner, Apply) else inner
        return isinstance(head, Name) and self.key(head) in self.definitions

    def _is_new(self, node: Node, marked: bool) -> bool:
        """A name the document has not used for a law, a variable, a parameter or another definition.

        One whose definition is not followed is new only where the text marks that it is defined.
        """
        node = inside(node)
        head = node.head if isinstance(node, Apply) else node
        if isinstance(head, Name) and {key_of(head), self.key(head)} & self.opaque and not marked:
            return False
        if isinstance(node, Apply) and isinstance(node.head, Name):
            head = node.head
            if self.roles.is_law(head) or self._is_instance(head) or head.base in ("H", "I", "E", "KL"):
                return False
            plain = all(_is_formal(a.value) and a.mark in ("", ",", ";") for a in node.arguments)
            return plain and self.key(head) not in self.definitions and self.key(head) not in self.elaborator.functions
        if not isinstance(node, Name):
            return False
        key = key_of(node)
        if key in self.definitions or self.key(node) in self.definitions or key in self.roles.variables:
            return False
        if self.roles.is_law(node) or key in self.roles.parameters or self._is_instance(node):
            return False
        return not (self.roles.is_parameter(node) and node.superscript is None)

    def _is_instance(self, name: Name) -> bool:
        """𝓛₁ where 𝓛_K is defined: a value of something known, not a new name."""
        stem = key_of(name, [])
        return any(key.split("_")[0] == stem and key != stem for key in (*self.definitions, *self.opaque))

    def _may_redefine(self, node: Node) -> bool:
        head = head_of(node)
        node = inside(node)
        known = isinstance(node, Apply) and self.elaborator.is_known_quantity(node)
        return isinstance(head, Name) and not self.roles.is_law(head) and not known

    def key(self, name: Name) -> str:
        return key_of(name, self.roles.split(name)[0])

    def _define(self, name: Node, body: Node) -> Assumed:
        name = inside(name)
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
            meaning = self.elaborator.side(body)
        except ElaborationError as error:
            self._forget(key)
            note = f"its right side is not understood ({error}), so nothing that uses it is checked"
            return Assumed("definition", self._source_of(name), label, (note,))
        self.elaborator.latex.setdefault(key, latex_of(head, own) if isinstance(name, Apply) else latex_of(head))
        again = key in self.definitions and self.definitions[key].body != meaning
        notes = (f"{self._source_of(head)} is defined again here",) if again else ()
        if again:
            meaning = _with(self.definitions[key], meaning)  # L := L + 1 says what L is now by what it was
        if key in self._named_in(meaning):
            self._forget(key)
            return Assumed("definition", self._source_of(name), label, (*notes, "it is defined in terms of itself"))
        definition = Definition(key, tuple(formals), meaning, label)
        self._forget(key)
        self.opaque.discard(key)
        self.definitions[key] = definition
        return Assumed("definition", self._source_of(name), label, notes, definition)

    def _named_in(self, term: Basic) -> set[str]:
        """The names that a term uses, directly or through their definitions."""
        found: set[str] = set()
        waiting = free_keys(term)
        while waiting:
            found |= waiting
            bodies = [self.definitions[key].body for key in waiting if key in self.definitions]
            waiting = {key for body in bodies for key in free_keys(body)} - found
        return found

    def _forget(self, key: str) -> None:
        """From here on a name means something else; what was defined by it keeps the meaning it had."""
        old = self.definitions.pop(key, None)
        self.opaque.add(key)
        for name, other in list(self.definitions.items()):
            if old is not None and key in free_keys(other.body):
                body = _with(old, other.body)
                self.definitions[name] = replace(other, body=body)
                if key in free_keys(body):  # below a law, where it is not replaced
                    self._forget(name)

    def _formal(self, name: Name) -> Basic:
        argument = self.elaborator.argument(name)
        return Law(argument.args[0]) if isinstance(argument, Law) else argument

    def _joint_definition(self, left: Tuple_, right: Node) -> Assumed:
        """θ*, q* = argmax …: the pair is new; names that were defined before are said to be defined again."""
        meaning = self.elaborator.side(right)
        notes = tuple(
            f"{self._source_of(name)} is defined again here: before, it was something else"
            for name in names_in(left.items)
            if key_of(name) in self.definitions
        )
        label = f"def {self._source_of(left)}"
        definition = Definition(self._source_of(left), (), meaning, label)
        return Assumed("definition", self._source_of(left), label, notes, definition)


def _is_formal(node: Node) -> bool:
    """Whether an argument may stand for any value: θ, but not θ^*."""
    return isinstance(node, Name) and not is_starred(node)


def _with(definition: Definition, term: Term) -> Term:
    """The term with one name replaced by what it stands for."""
    return Setting({definition.name: definition}).unfold_all(term)


def free_keys(term: Basic) -> set[str]:
    """The defined names that a term uses."""
    found = {term.name} if isinstance(term, Named) else set()
    for arg in term.args:
        found |= free_keys(arg)
    return found
