r"""What the names of a document are used as, found from its tokens before anything is parsed.

p(x|z)p(z) can only be read by somebody who knows that p is a law, and T(x) only by one who has seen that T is a
function and not a number.  The survey looks at every formula of the document and collects

    laws        before an argument list with a bar, in a slot of a divergence, under an expectation, after ~
    functions   before an argument list that holds only variables
    indices     under \sum and \prod, and in subscripts
    constants   C, where it only ever stands at the end of a sum

Declarations overrule it.  Names are given by their base letter or word: "q", "theta", "softplus".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from derive.reading.brackets import match_brackets
from derive.reading.tokens import Token
from derive.reading.vocabulary import DIVERGENCE_WORDS, KL_WORDS, LAW_WORDS

# Letters that are laws or functions wherever nothing speaks against it.
LAW_LETTERS = frozenset("pPqQ")
FUNCTION_LETTERS = frozenset(
    ["f", "g", "h", "F", "G", "H", "I", "J", "L", "V", "W", "ell", "Gamma", "psi", "delta", "B"]
)
PARAMETER_LETTERS = frozenset(["theta", "phi", "psi", "vartheta", "varphi", "omega"])
_ARGUMENT_MARKS = frozenset(["comma", "bar", "semicolon", "colon", "relation", "doublebar"])
_ARGUMENT_PARTS = frozenset(["letter", "digit", "symbol", "cdot", "accent", "prime", "sub", "sup", "{", "}", "expect"])
NUMBER_LETTERS = frozenset(["alpha", "beta", "gamma", "lambda", "tau", "kappa", "epsilon", "eta"])
_CONSTANTS = ("C",)
_NOT_LAWS = frozenset(["H", "I", "D", "KL", "ELBO", "L", "F", "J", "Var", "Cov"])


@dataclass(frozen=True)
class Declarations:
    """What the author says the names are; every set holds base letters or words ("q", "theta", "enc")."""

    laws: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    scalars: frozenset[str] = frozenset()
    indices: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Survey:
    """What the names of one document are; the base letters of each kind."""

    laws: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    scalars: frozenset[str] = frozenset()
    indices: frozenset[str] = frozenset()
    constants: frozenset[str] = frozenset()

    def is_law(self, base: str) -> bool:
        return base in self.laws or (base in LAW_LETTERS and base not in self.scalars and base not in self.functions)

    def is_function(self, base: str) -> bool:
        return base in self.functions or (base in FUNCTION_LETTERS and base not in self.scalars)


@dataclass
class _Evidence:
    """How often each name was seen in each use."""

    laws: Counter[str] = field(default_factory=Counter)
    functions: Counter[str] = field(default_factory=Counter)
    factors: Counter[str] = field(default_factory=Counter)
    under_sums: Counter[str] = field(default_factory=Counter)
    counters: Counter[str] = field(default_factory=Counter)
    in_scripts: Counter[str] = field(default_factory=Counter)
    added_last: Counter[str] = field(default_factory=Counter)
    letters: Counter[str] = field(default_factory=Counter)


def take_survey(formulas: Iterable[list[Token]], declared: Declarations | None = None) -> Survey:
    """The use of every name in the given formulas; declarations have the last word."""
    declared = declared or Declarations()
    evidence = _Evidence()
    for tokens in formulas:
        _Surveyor(tokens, evidence).look()
    laws = {base for base in evidence.laws if base not in _NOT_LAWS}
    functions = {base for base in evidence.functions if base not in laws}
    numbers = {base for base in LAW_LETTERS if evidence.factors[base] and base not in laws and base not in functions}
    indices = {b for b in evidence.under_sums if evidence.counters[b] or evidence.in_scripts[b]}
    spoken_for = declared.laws | declared.functions | declared.scalars
    return Survey(
        laws=declared.laws | (frozenset(laws) - spoken_for),
        functions=declared.functions | (frozenset(functions) - spoken_for),
        scalars=declared.scalars | (frozenset(numbers) - spoken_for),
        indices=declared.indices | frozenset(indices),
        constants=frozenset(b for b in _CONSTANTS if evidence.added_last[b] == evidence.letters[b] > 0) - spoken_for,
    )


class _Surveyor:
    """Looks at one formula."""

    def __init__(self, tokens: list[Token], evidence: _Evidence) -> None:
        self._tokens = tokens
        self._match = match_brackets(tokens).match
        self._evidence = evidence

    def look(self) -> None:
        for index, token in enumerate(self._tokens):
            if token.kind == "letter":
                self._name(index)
                self._evidence.letters[token.text] += 1
                self._evidence.added_last[token.text] += self._is_added_last(index)
            elif token.kind == "relation" and token.text == "~":
                self._law_at(index + 1)
            elif token.kind == "expect":
                self._expectation(index)
                self._energy(index)
            elif token.kind == "big":
                self._index(index)
            elif token.kind in ("sub", "sup"):
                self._script(index)

    # ------------------------------------------------------------ applications

    def _name(self, index: int) -> None:
        opening = self._after_scripts(index + 1)
        if not self._is_open(opening, ("(", "[")):
            return
        base, inside = self._tokens[index].text, range(opening + 1, self._match[opening])
        top = self._top(inside)
        kinds = [self._tokens[i].kind for i in top]
        separated = _has_separator(self._tokens, top) and base not in LAW_LETTERS
        if base in KL_WORDS or base in DIVERGENCE_WORDS.values() or separated:
            self._slots(inside, top)
        elif self._has_condition(top):
            self._evidence.laws[base] += 1
        elif self._only_variables(inside) or (base not in NUMBER_LETTERS and self._is_application(inside)):
            self._count_application(base)
        elif "plus" in kinds or "minus" in kinds:
            self._evidence.factors[base] += 1

    def _count_application(self, base: str) -> None:
        if base in LAW_LETTERS or base in LAW_WORDS:
            self._evidence.laws[base] += 1
        else:
            self._evidence.functions[base] += 1

    def _has_condition(self, top: list[int]) -> bool:
        """A single bar with something before it: a condition, not an absolute value."""
        bars = [i for i in top if self._tokens[i].kind == "bar"]
        return len(bars) == 1 and bars[0] > top[0] and self._tokens[bars[0] - 1].kind not in ("plus", "minus")

    def _only_variables(self, inside: range) -> bool:
        """x, z or \\cdot, with scripts, separated by commas: what stands in brackets after a function."""
        if not inside or self._tokens[inside[0]].kind not in ("letter", "cdot", "accent", "symbol", "expect"):
            return False
        index = inside[0]
        while index < inside.stop:
            kind = self._tokens[index].kind
            if kind in ("sub", "sup"):
                index = self._match[index + 1]
            elif kind not in _ARGUMENT_PARTS and kind not in _ARGUMENT_MARKS:
                return False
            index += 1
        return True

    def _is_application(self, inside: range) -> bool:
        """T(x), and nothing else: f(T(x)) is an application too."""
        if not inside or self._tokens[inside.start].kind != "letter":
            return False
        opening = self._after_scripts(inside.start + 1)
        return self._is_open(opening, ("(",)) and self._match[opening] + 1 == inside.stop

    def _slots(self, inside: range, top: list[int]) -> None:
        """The first name on either side of ‖ is a law, if it is a usual letter for one or stands alone."""
        marks = [i for i in top if self._tokens[i].kind in ("doublebar", "bar", "comma")]
        for start, stop in zip([inside.start, *(i + 1 for i in marks)], [*marks, inside.stop], strict=True):
            name = next((i for i in range(start, stop) if self._tokens[i].kind == "letter"), stop)
            after = self._after_scripts(name + 1)
            if name < stop and (
                self._tokens[name].text in LAW_LETTERS or after >= stop or self._is_open(after, ("(",))
            ):
                self._evidence.laws[self._tokens[name].text] += 1

    def _is_added_last(self, index: int) -> bool:
        after = self._tokens[index + 1].kind if index + 1 < len(self._tokens) else "end"
        last = after in ("end", "relation", "period", "comma", "close", "row", "amp", "text", "quad")
        return last and index > 0 and self._tokens[index - 1].kind == "plus"

    # ------------------------------------------------------------ laws under E and after ~

    def _law_at(self, index: int) -> None:
        """The name at index is a law, if there is one."""
        stop = min(len(self._tokens), index + 20)
        while index < stop and self._tokens[index].kind in ("accent", "{", "text", "bar"):
            index += 1
        if index < stop and self._tokens[index].kind == "letter":
            self._evidence.laws[self._tokens[index].text] += 1

    def _expectation(self, index: int) -> None:
        r"""E_q: a lone letter that is usual for a law; E_{q(z)}: the name that is applied."""
        if not self._is_open(index + 2, ("{",)) or self._tokens[index + 1].kind != "sub":
            return
        inside = range(index + 3, self._match[index + 2])
        if any(self._tokens[i].text == "~" for i in inside):
            return
        for start in [i for i in inside if self._tokens[i].kind == "letter"][:1]:
            applied = self._is_open(self._after_scripts(start + 1), ("(",))
            if applied or self._tokens[start].text in LAW_LETTERS:
                self._evidence.laws[self._tokens[start].text] += 1

    def _energy(self, index: int) -> None:
        """e^{-E(x)}: this E is an energy, in the whole document."""
        before = [token.kind for token in self._tokens[max(0, index - 4) : index]]
        exponent = before[-3:] == ["sup", "{", "minus"] or before[-3:] == ["function", "open", "minus"]
        if exponent and self._tokens[index].extra == "maybe" and self._is_open(index + 1, ("(",)):
            self._evidence.functions["E"] += 1

    # ------------------------------------------------------------ indices

    def _index(self, index: int) -> None:
        if index + 3 < len(self._tokens) and self._tokens[index + 1].kind == "sub":
            name, after = self._tokens[index + 3], self._tokens[index + 4 : index + 5]
            if name.kind == "letter":
                self._evidence.under_sums[name.text] += 1
                self._evidence.counters[name.text] += bool(
                    after and after[0].kind == "relation" and after[0].text == "="
                )

    def _script(self, index: int) -> None:
        """The letters of a short script count as used there; an operator's own limits do not."""
        if index and self._tokens[index - 1].kind in ("big", "integral", "expect", "optimum"):
            return
        if self._is_open(index + 1, ("{",)):
            for inner in self._tokens[index + 2 : min(self._match[index + 1], index + 12)]:
                if inner.kind == "letter":
                    self._evidence.in_scripts[inner.text] += 1

    # ------------------------------------------------------------ helpers

    def _after_scripts(self, index: int) -> int:
        while index < len(self._tokens):
            kind = self._tokens[index].kind
            if kind in ("sub", "sup") and self._is_open(index + 1, ("{",)):
                index = self._match[index + 1] + 1
            elif kind == "prime":
                index += 1
            else:
                break
        return index

    def _is_open(self, index: int, texts: tuple[str, ...]) -> bool:
        return index < len(self._tokens) and self._match[index] > index and self._tokens[index].text in texts

    def _top(self, inside: range) -> list[int]:
        """The indices inside a bracket that stand in no further one."""
        top = []
        index = inside.start
        while index < inside.stop:
            top.append(index)
            index = max(index, self._match[index]) + 1
        return top


def _has_separator(tokens: list[Token], top: list[int]) -> bool:
    """‖ or || between two things."""
    return any(
        tokens[i].kind == "doublebar"
        or (tokens[i].kind == "bar" and i + 1 < len(tokens) and tokens[i + 1].kind == "bar")
        for i in top[1:]
    )
