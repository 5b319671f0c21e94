r"""From formulas to statements: the whole way of one formula, and of all formulas of a document.

    text ──lex, expand──▶ TeX tokens ──translate──▶ tokens ──split──▶ sides ──parse, with the survey──▶ trees

A side that cannot be read becomes an Unreadable node and the other sides are still read.  Nothing here raises for any
text: parse_source always returns one Formula per piece of mathematics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from derive.reading.applications import expression_list
from derive.reading.commands import Translation, translate
from derive.reading.cursor import ReadError
from derive.reading.documents import RawFormula, Source
from derive.reading.expressions import ExpressionParser
from derive.reading.lexer import lex
from derive.reading.macros import Expander, Macros
from derive.reading.rows import Draft, split_statements
from derive.reading.statements import Formula, Relation, Statement, Warning_
from derive.reading.survey import Declarations, Survey, take_survey
from derive.reading.syntax import Apply, Argument, IntegralOver, Name, Node, Span, Tuple_, Unreadable
from derive.reading.tokens import Token
from derive.reading.vocabulary import CUSTOMARY
from derive.reading.walk import walk

MAX_FORMULA = 200_000  # characters; the longest displays have a hundredth of that

__all__ = ["Declarations", "Survey", "parse_formula", "parse_source", "survey_source"]


def parse_source(source: Source, declared: Declarations | None = None) -> tuple[Formula, ...]:
    """Every formula of a document, in reading order."""
    prepared = _prepare(source)
    survey = take_survey((formula.tokens for formula in prepared), declared)
    reader = _Reader(source.clean, survey, source.describe)
    return tuple(reader.formula(formula) for formula in prepared)


def survey_source(source: Source, declared: Declarations | None = None) -> Survey:
    """What the names of a document are used as."""
    return take_survey((formula.tokens for formula in _prepare(source)), declared)


def parse_formula(
    text: str, declared: Declarations | None = None, macros: Macros | None = None, display: bool = True
) -> Formula:
    """One formula, without its dollar signs; spans count in text."""
    whole = Span(0, len(text))
    raw = RawFormula(whole, whole, display)
    prepared = _prepare_one(raw, text, Expander(macros or Macros(), CUSTOMARY, len(text)))
    survey = take_survey([prepared.tokens], declared)
    return _Reader(text, survey, lambda offset: f"column {offset + 1}").formula(prepared)


# ---------------------------------------------------------------- tokens


class _Prepared(NamedTuple):
    """A formula as tokens, with what was noticed on the way."""

    raw: RawFormula
    translation: Translation
    warnings: tuple[Warning_, ...]

    @property
    def tokens(self) -> list[Token]:
        return self.translation.tokens


def _prepare(source: Source) -> list[_Prepared]:
    expander = Expander(source.macros, CUSTOMARY, len(source.clean))
    return [_prepare_one(raw, source.clean, expander) for raw in source.formulas]


def _prepare_one(raw: RawFormula, text: str, expander: Expander) -> _Prepared:
    expander.warnings.clear()
    length = raw.body.end - raw.body.start
    if length > MAX_FORMULA:
        message = f"a formula of {length} characters; the longest that is read has {MAX_FORMULA}"
        return _Prepared(raw, Translation([Token("error", message, raw.body.start, raw.body.end)], [], []), ())
    try:
        translation = translate(expander.expand(lex(text, raw.body.start, raw.body.end)))
    except Exception as problem:  # a fault of the reader must not take the document with it
        translation = Translation([Token("error", _fault(problem), raw.body.start, raw.body.end)], [], [])
    undefined = [Warning_(span, message) for span, message in expander.warnings]
    return _Prepared(raw, translation, (*undefined, *translation.warnings))


FAULT = "the reader failed here"


def _fault(problem: Exception) -> str:
    return f"{FAULT} ({type(problem).__name__}: {problem}); that is a fault of the reader, not of the text"


# ---------------------------------------------------------------- statements


class _Reader:
    """Parses the formulas of one document."""

    def __init__(self, text: str, survey: Survey, describe: Callable[[int], str]) -> None:
        self._text = text
        self._survey = survey
        self._describe = describe
        self._warnings: list[Warning_] = []

    def formula(self, prepared: _Prepared) -> Formula:
        try:
            return self._formula(prepared)
        except Exception as problem:  # a fault of the reader must not take the document with it
            raw = prepared.raw
            unread = Unreadable(raw.body, _fault(problem), at=raw.body)
            return Formula(raw.span, (Statement(raw.body, (unread,)),), raw.display, raw.cell)

    def _formula(self, prepared: _Prepared) -> Formula:
        raw = prepared.raw
        self._warnings = list(prepared.warnings)
        drafts, warnings = split_statements(prepared.tokens, self._quote)
        read = [token for draft in drafts for side in draft.sides for token in side]
        self._warnings.extend([*warnings, *mixed_fonts(read)])
        statements = [self._statement(draft, raw) for draft in drafts]
        if statements and raw.lead and not statements[0].lead:
            statements[0] = replace(statements[0], lead=raw.lead)
        notes = tuple(prepared.translation.notes)
        return Formula(raw.span, tuple(statements), raw.display, raw.cell, tuple(self._warnings), notes)

    def _quote(self, span: Span) -> str:
        return self._text[span.start : span.end]

    def _statement(self, draft: Draft, raw: RawFormula) -> Statement:
        sides: list[Node | None] = []
        for number, tokens in enumerate(draft.sides):
            if not tokens and number == 0 and (draft.relations or draft.reasons or draft.lead or draft.tags):
                sides.append(None)
            else:
                sides.append(self._side(draft, number))
        relations = tuple(_relation(draft, number) for number in range(len(draft.relations)))
        spans = [part.span for part in (*sides, *relations) if part is not None] or [raw.body]
        tag = draft.tags[0] if draft.tags else ""
        return Statement(_hull(spans), tuple(sides), relations, tuple(draft.reasons), draft.lead, tag)

    def _side(self, draft: Draft, number: int) -> Node:
        tokens = draft.sides[number]
        if not tokens:
            between = draft.relations[number - 1] if number else draft.relations[0]
            return Unreadable(between.span, "nothing stands after this sign", at=between.span)
        parser = ExpressionParser(tokens, self._survey)
        try:
            node = _read_side(parser)
        except (ReadError, RecursionError) as problem:
            return self._unreadable(tokens, problem)
        self._warnings.extend([*parser.warnings, *other_subscripts(node)])
        return node

    def _unreadable(self, tokens: list[Token], problem: ReadError | RecursionError) -> Unreadable:
        span = _hull([token.span for token in tokens])
        if isinstance(problem, RecursionError):
            return Unreadable(span, "nested too deep", at=tokens[0].span)
        hint = problem.hint
        if problem.opening is not None:
            place = self._describe(problem.opening.start)
            hint = f"the '{problem.opening.text}' at {place} is still open"
        return Unreadable(span, problem.message, hint, problem.span)


def mixed_fonts(tokens: list[Token]) -> list[Warning_]:
    """Bold and plain letters count as one name; where a formula has both, without subscripts, that may be wrong."""
    seen: dict[tuple[str, str], dict[str, Token]] = {}
    for token, after in zip(tokens, [*tokens[1:], None], strict=False):
        if token.kind == "letter" and not (after and after.kind in ("sub", "sup")):
            seen.setdefault((token.text, token.font), {}).setdefault(token.extra, token)
    return [
        Warning_(fonts["bold"].span, f"bold {name} and plain {name} are read as the same name")
        for (name, _), fonts in seen.items()
        if len(fonts) > 1
    ]


def other_subscripts(node: Node) -> Iterator[Warning_]:
    r"""\int_z f dx: a letter below the integral that is none of its differentials."""
    for part in walk(node):
        if isinstance(part, IntegralOver) and part.differentials and part.upper is None:
            below = part.domain
            if isinstance(below, Name) and below.base.islower():
                variables = ", ".join(f"d{name.base}" for name in part.variables if isinstance(name, Name))
                yield Warning_(part.span, f"{below.base} stands below the integral, but it ends in {variables}")


def _read_side(parser: ExpressionParser) -> Node:
    """All tokens of a side: an expression, a list of them, conditions after a bar, an independence."""
    independence = [i for i, token in enumerate(parser.tokens) if token.kind == "perp"]
    if independence:
        return _independence(parser, independence)
    node = _list_side(parser)
    if not parser.at_end():
        parser.unexpected()
    return node


def _list_side(parser: ExpressionParser) -> Node:
    conditional = parser.odd_bars(0, parser.end) and not parser.at("bar")
    parser.bars = "condition" if conditional else "none"
    items = list(expression_list(parser))
    while parser.at("bar") and not parser.is_evaluation():
        bar = parser.position
        parser.take()
        for condition in expression_list(parser):
            items.append(Argument(parser.tokens[bar].span, "|", condition))
    return items[0] if len(items) == 1 else Tuple_(parser.since(0), tuple(items))


def _independence(parser: ExpressionParser, places: list[int]) -> Node:
    r"""X \perp Y | Z (or X \perp\perp Y | Z) as an application of the name perp."""
    first, last = places[0], places[-1]
    if last - first >= len(places):
        raise ReadError("two independences in one side", parser.tokens[last].span, "put a comma between them")
    left = _items(parser.within(first, lambda: expression_list(parser), after=last + 1), "")
    parser.bars = "condition"
    right = _items(expression_list(parser), ",")
    given: list[Argument] = []
    if parser.accept("bar"):
        given = _items(expression_list(parser), "|")
    if not parser.at_end():
        parser.unexpected()
    head = Name(parser.tokens[first].span.join(parser.tokens[last].span), "perp", "word")
    return Apply(parser.since(0), head, (*left, *right, *given))


def _items(nodes: tuple[Node, ...], mark: str) -> list[Argument]:
    """One argument; several things are a tuple."""
    node = nodes[0] if len(nodes) == 1 else Tuple_(nodes[0].span.join(nodes[-1].span), nodes)
    return [Argument(node.span, mark, node)]


def _relation(draft: Draft, number: int) -> Relation:
    token = draft.relations[number]
    reason, tag = draft.beside.get(number, ("", ""))
    return Relation(token.span, token.text, token.font == "marked", token.extra, reason, tag)  # type: ignore[arg-type]


def _hull(spans: list[Span]) -> Span:
    return Span(min(span.start for span in spans), max(span.end for span in spans))
