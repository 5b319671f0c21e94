r"""From tokens to statements: rows, columns, commas, prose, and which of them begin something new.

A row that begins with a relation or an operator continues the statement before it, and so does a row after one that
ended with them.  Prose is either a reason, which stands beside a relation, or the lead of the next statement.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from derive.reading.brackets import Brackets, match_brackets, without_inner_layout
from derive.reading.statements import Warning_
from derive.reading.syntax import Span
from derive.reading.tokens import Token
from derive.reading.words import gives_reason, leads

OPERATORS = frozenset(["plus", "minus", "times", "cdot", "slash"])
_SEPARATORS = frozenset(["comma", "semicolon", "quad", "amp", "text"])
_SPACES = frozenset(["quad", "amp"])
_NEXT_COLUMNS = 300  # tokens within which a second equation beside the first must show its relation
_CLAIMS = frozenset(["relation", "perp"])


@dataclass
class Draft:
    """A statement before its sides are parsed.

    beside  for relation i the reason and the tag of its row
    claims  it says something: a relation or an independence
    """

    lead: str = ""
    sides: list[list[Token]] = field(default_factory=lambda: [[]])
    relations: list[Token] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    beside: dict[int, tuple[str, str]] = field(default_factory=dict)
    claims: bool = False

    def push(self, tokens: list[Token]) -> None:
        self.claims = self.claims or tokens[0].kind in _CLAIMS
        if tokens[0].kind == "relation":
            self.relations.append(tokens[0])
            self.sides.append([])
        else:
            self.sides[-1].extend(tokens)

    def is_empty(self) -> bool:
        return not self.relations and not self.sides[0]

    def expects_operand(self) -> bool:
        """After a relation or an operator something has to follow."""
        side = self.sides[-1]
        return side[-1].kind in OPERATORS if side else bool(self.relations)

    def last(self) -> Token | None:
        if self.sides[-1]:
            return self.sides[-1][-1]
        return self.relations[-1] if self.relations else None


class _Ahead(NamedTuple):
    """What follows up to the next separator."""

    empty: bool
    first: Token | None
    has_relation: bool

    @property
    def joins(self) -> bool:
        """It begins with a relation or an operator and so belongs to what stands before it."""
        return self.first is not None and (self.first.kind == "relation" or self.first.kind in OPERATORS)


class Splitter:
    """Cuts the tokens of one formula into drafts of statements."""

    def __init__(self, tokens: list[Token], quote: Callable[[Span], str]) -> None:
        self._tokens = without_inner_layout(tokens, match_brackets(tokens))
        self._brackets: Brackets = match_brackets(self._tokens)
        self._quote = quote
        self._draft = Draft()
        self._row_relations: list[tuple[Draft, int]] = []
        self._row_reasons: list[str] = []
        self._row_tags: list[str] = []
        self._row_ended = False
        self.drafts: list[Draft] = []
        self.warnings: list[Warning_] = []

    def split(self) -> list[Draft]:
        """The statements, in reading order."""
        start = 0
        for end in [*self._row_ends(), len(self._tokens)]:
            if start < end:
                self._row(start, end)
            start = end + 1
        self._flush()
        self._keep_remainder()
        return self.drafts

    def _keep_remainder(self) -> None:
        """Prose after the last statement stands beside it; a formula of nothing but prose is kept as such."""
        rest = [text for text in (self._draft.lead, *self._draft.reasons) if text]
        if rest and self.drafts:
            self.drafts[-1].reasons.extend(rest)
        elif rest or self._draft.tags:
            self.drafts.append(self._draft)

    def _row_ends(self) -> list[int]:
        match = self._brackets.match
        ends, index = [], 0
        while index < len(self._tokens):
            if self._tokens[index].kind == "row":
                ends.append(index)
            index = max(index, match[index]) + 1
        return ends

    # ------------------------------------------------------------ rows

    def _row(self, start: int, end: int) -> None:
        self._begin_row(start, end)
        self._row_relations, self._row_reasons, self._row_tags = [], [], []
        index = start
        while index < end:
            index = self._unit(index, end)
        reason, tag = " ".join(self._row_reasons), " ".join(self._row_tags)
        for draft, relation in self._row_relations:
            draft.beside[relation] = (reason, tag)

    def _begin_row(self, start: int, end: int) -> None:
        """Does the row continue the statement before it?"""
        first = next((t for t in self._tokens[start:end] if t.kind not in _SPACES), None)
        if first is None or self._draft.is_empty():
            return
        if first.kind == "relation" or self._draft.expects_operand():
            return
        if first.kind in OPERATORS:
            continues = first.kind != "minus" or not self._negative_left_side(start, end)
        else:
            continues = first.kind not in ("text", "tag") and self._is_further_factor(start, end)
            if continues:
                self.warnings.append(Warning_(first.span, "a row without an operator or relation before it: a factor"))
        if not continues and first.kind not in ("text", "tag"):
            self._flush()

    def _negative_left_side(self, start: int, end: int) -> bool:
        r"""Is this row "-a &= b", a statement of its own, or "& - b", the rest of a long side?"""
        if not self._draft.claims or not self._ahead(start, end, frozenset()).has_relation:
            return False
        kinds = [token.kind for token in self._tokens[start:end]]
        return "amp" not in kinds or kinds.index("minus") < kinds.index("amp")

    def _is_further_factor(self, start: int, end: int) -> bool:
        has_relation = self._ahead(start, end, frozenset()).has_relation
        return self._draft.claims and not has_relation and not self._row_ended

    # ------------------------------------------------------------ units

    def _unit(self, index: int, end: int) -> int:
        token = self._tokens[index]
        last = self._brackets.match[index]
        if token.kind in ("sub", "sup") and not self._draft.sides[-1] and self._draft.relations:
            return self._script_of_relation(index)
        if last > index:
            if self._is_remark(index, last):
                self._reason(self._quote_inside(index, last))
            else:
                self._draft.push(self._tokens[index : last + 1])
            return last + 1
        if token.kind in _SEPARATORS or token.kind in ("tag", "period", "colon"):
            handler: Callable[[int, int], int] = getattr(self, f"_{token.kind}")
            return handler(index, end)
        self._push(token)
        return index + 1

    def _script_of_relation(self, index: int) -> int:
        r"""What stands below a sign (\propto_\theta) is kept with what stands above it."""
        last = self._brackets.match[index + 1]
        inside = self._tokens[index + 2 : last]
        text = self._quote(Span(inside[0].start, inside[-1].end)) if inside else ""
        relation = self._draft.relations[-1]
        self._draft.relations[-1] = relation._replace(extra=f"{relation.extra} {text}".strip())
        return last + 1

    def _push(self, token: Token) -> None:
        self._row_ended = False
        if token.kind == "relation":
            self._row_relations.append((self._draft, len(self._draft.relations)))
        self._draft.push([token])

    def _tag(self, index: int, end: int) -> int:
        self._add_tag(self._tokens[index].text)
        return index + 1

    def _add_tag(self, text: str) -> None:
        self._row_tags.append(text)
        target = self.drafts[-1] if self._draft.is_empty() and self.drafts else self._draft
        target.tags.append(text)

    def _period(self, index: int, end: int) -> int:
        """The end of a sentence, unless digits follow, or a name without a space: p.x is no sentence and no formula."""
        after = self._tokens[index + 1].kind if index + 1 < end else ""
        adjacent = after in ("letter", "sub", "sup") and self._tokens[index + 1].start == self._tokens[index].end
        if after == "digit" or adjacent or self._draft.expects_operand():
            self._push(self._tokens[index])
        elif after not in ("", "tag"):
            self._flush()
        else:
            self._row_ended = True
        return index + 1

    def _colon(self, index: int, end: int) -> int:
        """A colon at the end is punctuation; f : A -> B is a relation; anything else is left to the parser."""
        token = self._tokens[index]
        if index + 1 >= end or self._tokens[index + 1].kind in ("tag", "text"):
            return index + 1
        arrow = any(t.kind == "relation" and t.text == "->" for t in self._tokens[index : min(end, index + 40)])
        if arrow and not self._draft.relations:
            token = token._replace(kind="relation", text=":")
        self._push(token)
        return index + 1

    def _semicolon(self, index: int, end: int) -> int:
        self._flush()
        return index + 1

    def _comma(self, index: int, end: int) -> int:
        """Between two statements, between the items of a side, or mere punctuation."""
        after = index + 1
        while after < end and self._tokens[after].kind in _SPACES:
            after += 1
        ahead = self._ahead(after, end, _SEPARATORS)
        if ahead.empty:
            self._row_ended = True
        elif self._draft.claims and not ahead.joins and (ahead.has_relation or self._is_apart(index + 1, after)):
            self._flush()
        elif not ahead.joins:
            self._push(self._tokens[index])
        return after

    def _is_apart(self, start: int, end: int) -> bool:
        """A wide space between start and end, and no dots after it: a new statement, not the next item of a list."""
        spaces = [token.kind for token in self._tokens[start:end]]
        return "quad" in spaces and end < len(self._tokens) and self._tokens[end].text != "dots"

    def _quad(self, index: int, end: int) -> int:
        ahead = self._ahead(index + 1, end, _SEPARATORS)
        number = self._equation_number(index + 1, end)
        if number:
            self._add_tag(number)
            return index + 4
        joined = ahead.empty or ahead.joins or self._draft.is_empty() or self._draft.expects_operand()
        if not joined and ahead.has_relation:
            self._flush()
        return index + 1

    def _equation_number(self, index: int, end: int) -> str:
        """(3) at the end of a row, after a wide space."""
        row = self._tokens[index : min(end, index + 4)]
        if [token.kind for token in row] in (["open", "digit", "close"], ["open", "symbol", "close"]):
            return row[1].text
        return ""

    def _amp(self, index: int, end: int) -> int:
        after = index
        while after < end and self._tokens[after].kind in _SPACES:
            after += 1
        if after < end and self._begins_reason(after) and not self._draft.expects_operand():
            self._reason(self._quote_rest(after, end))
            return end
        ahead = self._ahead(after, min(end, after + _NEXT_COLUMNS), _SEPARATORS - {"amp"})
        separate = ahead.has_relation and self._draft.claims and not ahead.joins
        if separate and not self._draft.expects_operand():
            self._flush()
        return after

    def _begins_reason(self, index: int) -> bool:
        token = self._tokens[index]
        if token.kind == "text":
            return not self._draft.is_empty() and not leads(token.text)
        return self._is_remark(index, self._brackets.match[index])

    # ------------------------------------------------------------ prose

    def _text(self, index: int, end: int) -> int:
        token = self._tokens[index]
        ahead = self._ahead(index + 1, end, _SEPARATORS)
        draft = self._draft
        last = draft.last()
        if token.text.strip(". ") in ("iid", "i.i.d") and last is not None and last.text == "~":
            draft.relations[-1] = draft.relations[-1]._replace(extra="iid")
        elif self._is_operand(token, ahead):
            self._push(_as_name(token))
        elif leads(token.text) and not (ahead.first and ahead.first.kind == "relation"):
            self._flush()
            self._draft.lead = f"{self._draft.lead} {token.text}".strip()
        elif draft.is_empty():
            draft.lead = f"{draft.lead} {token.text}".strip()
        elif ahead.joins or ahead.empty or draft.expects_operand():
            self._reason(token.text)
        elif ahead.has_relation and not gives_reason(token.text):
            self._flush()
            self._draft.lead = token.text
        else:
            self._reason(self._quote_rest(index, end))
            return end
        return index + 1

    def _is_operand(self, token: Token, ahead: _Ahead) -> bool:
        r"""\text{reconstruction term} between operators is a quantity with a long name."""
        if gives_reason(token.text) and "const" not in token.text:
            return False
        if self._draft.is_empty():
            return ahead.joins and not leads(token.text) and not self._draft.lead
        return self._draft.expects_operand() and (ahead.empty or ahead.joins) and not leads(token.text)

    def _is_remark(self, index: int, last: int) -> bool:
        """(by Jensen): a bracket that begins with prose."""
        tokens = self._tokens
        return last > index + 1 and tokens[index].kind == "open" and tokens[index + 1].kind == "text"

    def _reason(self, text: str) -> None:
        self._row_reasons.append(text)
        target = self.drafts[-1] if self._draft.is_empty() and self.drafts else self._draft
        target.reasons.append(text)

    def _quote_inside(self, index: int, last: int) -> str:
        return self._quote_rest(index + 1, last)

    def _quote_rest(self, index: int, end: int) -> str:
        """Prose as text, the mathematics between it as it stands in the source."""
        parts: list[str] = []
        start = index
        for position in range(index, end + 1):
            if position == end or self._tokens[position].kind in ("text", "tag"):
                if start < position:
                    parts.append(self._quote(Span(self._tokens[start].start, self._tokens[position - 1].end)))
                if position < end and self._tokens[position].kind == "text":
                    parts.append(self._tokens[position].text)
                elif position < end:
                    self._add_tag(self._tokens[position].text)
                start = position + 1
        return re.sub(r"\s+", " ", " ".join(parts)).strip()

    # ------------------------------------------------------------ helpers

    def _ahead(self, index: int, end: int, separators: frozenset[str]) -> _Ahead:
        first: Token | None = None
        has_relation = False
        while index < end and self._tokens[index].kind not in separators:
            token = self._tokens[index]
            if first is None and token.kind != "tag":
                first = token
            has_relation = has_relation or token.kind in _CLAIMS
            index = max(index, self._brackets.match[index]) + 1
        return _Ahead(first is None, first, has_relation)

    def _flush(self) -> None:
        if not self._draft.is_empty():
            self.drafts.append(self._draft)
            self._draft = Draft()
        elif self._draft.reasons or self._draft.tags:
            lead = self._draft.lead
            self._draft = Draft(lead, reasons=self._draft.reasons, tags=self._draft.tags)


def _as_name(token: Token) -> Token:
    if re.search(r"\bconst", token.text):
        return token._replace(kind="const")
    return token._replace(kind="letter", font="word")


def split_statements(tokens: list[Token], quote: Callable[[Span], str]) -> tuple[list[Draft], list[Warning_]]:
    """The statements of a formula; quote gives the source text of a span."""
    splitter = Splitter(tokens, quote)
    return splitter.split(), splitter.warnings
