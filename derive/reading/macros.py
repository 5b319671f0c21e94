r"""The document's own commands: finding \newcommand, \def, \let and their kin, and expanding them token by token.

A token out of a macro has the place of the call, so that every message points at something the author wrote.
Expansion is bounded in depth and in size; a macro that goes too far becomes an error token at its call.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from derive.reading.lexer import Tex, lex
from derive.reading.syntax import Span

MAX_DEPTH = 40
MAX_TOKENS_PER_CALL = 10_000
_MAX_BODY = 10_000  # characters of one definition
_MAX_FAILURES = 20  # unclosed groups before the search for more is given up


class Macro(NamedTuple):
    """name with its replacement text; default is the value of an optional first argument, None where it has none."""

    name: str
    parameters: int
    body: tuple[Tex, ...]
    default: tuple[Tex, ...] | None = None
    start: int = 0


@dataclass(frozen=True)
class Macros:
    """The macros of a document, each name with its definitions in order of appearance."""

    definitions: Mapping[str, tuple[Macro, ...]] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()

    def lookup(self, name: str, offset: int) -> Macro | None:
        """The definition in force at offset; one that only comes later is better than none."""
        found = self.definitions.get(name)
        if not found:
            return None
        return found[max(0, bisect_right(found, offset, key=lambda macro: macro.start) - 1)]


# ---------------------------------------------------------------- definitions

_HEAD = re.compile(
    r"""\\(?P<kind>newcommand|renewcommand|providecommand|DeclareRobustCommand|[gex]?def|let|DeclareMathOperator
        |DeclarePairedDelimiter|NewDocumentCommand|RenewDocumentCommand)
        (?P<star>\\?\*)?\s*(?:\{\s*)?\\(?P<name>[A-Za-z]+|[^A-Za-z\s])\s*\}?""",
    re.VERBOSE,
)
_PARAMETERS = re.compile(r"\s*\[([1-9])\]")
_DEFAULT = re.compile(r"\s*\[([^\[\]\n]{0,500})\]")
_DEF_PARAMETERS = re.compile(r"\s*((?:#[1-9])*)\s*")
_LET_TARGET = re.compile(r"\s*=?\s*(?:\\([A-Za-z]+|[^A-Za-z\s])|(\S))")
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)


def collect(text: str) -> Macros:
    """All macro definitions of the text, wherever they stand, with the spans they occupy."""
    definitions: dict[str, list[Macro]] = {}
    spans: list[Span] = []
    position = failures = 0
    while failures < _MAX_FAILURES and (head := _HEAD.search(text, position)):
        read = _read_definition(text, head, definitions)
        if read is None:
            failures += 1
            position = head.end()
            continue
        macro, position = read
        spans.append(Span(head.start(), position))
        earlier = definitions.setdefault(macro.name, [])
        if not (earlier and head["kind"] == "providecommand"):
            earlier.append(macro)
    return Macros({name: tuple(found) for name, found in definitions.items()}, tuple(spans))


def _read_definition(text: str, head: re.Match[str], known: Mapping[str, list[Macro]]) -> tuple[Macro, int] | None:
    kind = head["kind"]
    if kind == "let":
        return _read_let(text, head, known)
    if kind.endswith("def"):
        return _read_def(text, head)
    if kind == "DeclareMathOperator":
        return _read_operator(text, head)
    if kind == "DeclarePairedDelimiter":
        return _read_delimiters(text, head)
    if kind.endswith("DocumentCommand"):
        return _read_document_command(text, head)
    return _read_newcommand(text, head)


def _read_newcommand(text: str, head: re.Match[str]) -> tuple[Macro, int] | None:
    position, count, default = head.end(), 0, None
    if found := _PARAMETERS.match(text, position):
        count, position = int(found[1]), found.end()
        if optional := _DEFAULT.match(text, position):
            default, position = tuple(lex(optional[1])), optional.end()
    group = _group(text, position)
    if group is None:
        return None
    return _macro(head, count, lex(text, *group), default), group[1] + 1


def _read_def(text: str, head: re.Match[str]) -> tuple[Macro, int] | None:
    parameters = _DEF_PARAMETERS.match(text, head.end())
    group = _group(text, parameters.end()) if parameters else None
    if parameters is None or group is None:
        return None
    return _macro(head, len(parameters[1]) // 2, lex(text, *group)), group[1] + 1


def _read_operator(text: str, head: re.Match[str]) -> tuple[Macro, int] | None:
    group = _group(text, head.end())
    if group is None:
        return None
    return _macro(head, 0, lex(rf"\operatorname{{{text[slice(*group)]}}}")), group[1] + 1


def _read_delimiters(text: str, head: re.Match[str]) -> tuple[Macro, int] | None:
    left = _group(text, head.end())
    right = _group(text, left[1] + 1) if left else None
    if left is None or right is None:
        return None
    body = rf"\left{text[slice(*left)]} #1 \right{text[slice(*right)]}"
    return _macro(head, 1, lex(body)), right[1] + 1


def _read_document_command(text: str, head: re.Match[str]) -> tuple[Macro, int] | None:
    arguments = _group(text, head.end())
    group = _group(text, arguments[1] + 1) if arguments else None
    if arguments is None or group is None:
        return None
    kinds = re.findall(r"[mo]|O\{[^{}]*\}", text[slice(*arguments)])
    default = tuple(lex(kinds[0][2:-1])) if kinds and kinds[0][0] in "oO" else None
    return _macro(head, len(kinds), lex(text, *group), default), group[1] + 1


def _read_let(text: str, head: re.Match[str], known: Mapping[str, list[Macro]]) -> tuple[Macro, int] | None:
    target = _LET_TARGET.match(text, head.end())
    if target is None:
        return None
    if target[1] is None:
        return _macro(head, 0, lex(target[2])), target.end()
    if target[1] in known:
        same = known[target[1]][-1]
        return Macro(head["name"], same.parameters, same.body, same.default, head.start()), target.end()
    return _macro(head, 0, [Tex("command", target[1], 0, 0, fixed=True)]), target.end()


def _macro(head: re.Match[str], count: int, body: list[Tex], default: tuple[Tex, ...] | None = None) -> Macro:
    return Macro(head["name"], count, tuple(body), default, head.start())


def _group(text: str, position: int) -> tuple[int, int] | None:
    """The inside of the {…} that opens at position, spaces skipped; None where it is missing or never closed."""
    while position < len(text) and text[position].isspace():
        position += 1
    if text[position : position + 1] != "{":
        return None
    depth = 0
    for found in _BRACES.finditer(text, position, min(len(text), position + _MAX_BODY)):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0:
            return position + 1, found.start()
    return None


# ---------------------------------------------------------------- expansion


class _ExpansionError(Exception):
    """An expansion that has to stop; the message is for the author."""


class Expander:
    """Expands the macros of one document; warnings collects customary commands used without a definition."""

    def __init__(self, macros: Macros, customary: Mapping[str, str], size: int) -> None:
        self._macros = macros
        self._customary = customary
        self._budget = 200_000 + 20 * size
        self._broken: dict[str, str] = {}
        self._failures = 0
        self.warnings: list[tuple[Span, str]] = []

    def expand(self, tokens: Iterable[Tex]) -> list[Tex]:
        """The tokens with every macro replaced; a macro that cannot be is an "error" token in its place."""
        pending = list(tokens)[::-1]
        out: list[Tex] = []
        root, made, self._failures = Tex("space", "", 0, 0), 0, 0
        while pending:
            token = pending.pop()
            if token.depth == 0:
                root, made = token, 0
            macro = self._definition(token)
            if macro is None:
                out.append(token)
                continue
            try:
                body = self._call(macro, token, pending)
                made += len(body)
                self._check(root, made, len(body))
                pending.extend(reversed(body))
            except _ExpansionError as problem:
                while pending and pending[-1].depth > 0:
                    pending.pop()
                out.append(Tex("error", str(problem), token.start, token.end))
        return out

    def _definition(self, token: Tex) -> Macro | None:
        if token.kind != "command" or token.fixed:
            return None
        macro = self._macros.lookup(token.text, token.start)
        if macro is not None or token.text not in self._customary:
            return macro
        usual = self._customary[token.text]
        if token.depth == 0:
            self.warnings.append((token.span, rf"\{token.text} is not defined here; read as {usual}"))
        return Macro(token.text, 0, tuple(lex(usual)))

    def _check(self, root: Tex, made: int, size: int) -> None:
        self._budget -= size
        if made > MAX_TOKENS_PER_CALL or self._budget < 0:
            self._broken[root.text] = rf"the macro \{root.text} expands to more than {MAX_TOKENS_PER_CALL} tokens"
            raise _ExpansionError(self._broken[root.text])

    def _call(self, macro: Macro, call: Tex, pending: list[Tex]) -> list[Tex]:
        if call.text in self._broken:
            raise _ExpansionError(self._broken[call.text])
        depth = call.depth + 1
        if depth > MAX_DEPTH:
            raise _ExpansionError(
                rf"the macro \{macro.name} is nested more than {MAX_DEPTH} deep; does it call itself?"
            )
        arguments = self._arguments(macro, pending)
        body: list[Tex] = []
        for token in macro.body:
            if token.kind == "parameter" and int(token.text) <= len(arguments):
                body.extend(
                    Tex(t.kind, t.text, t.start, t.end, max(depth, t.depth), t.fixed)
                    for t in arguments[int(token.text) - 1]
                )
            else:
                body.append(Tex(token.kind, token.text, call.start, call.end, depth, token.fixed))
        return body

    def _arguments(self, macro: Macro, pending: list[Tex]) -> list[list[Tex]]:
        arguments: list[list[Tex]] = []
        if macro.parameters and _next_is(pending, "*"):
            pending.pop()
        if macro.default is not None:
            given = self._optional(macro, pending)
            arguments.append(list(macro.default) if given is None else given)
        while len(arguments) < macro.parameters:
            arguments.append(self._argument(macro, pending))
        return arguments

    def _argument(self, macro: Macro, pending: list[Tex]) -> list[Tex]:
        _skip_spaces(pending)
        if not pending or pending[-1].kind == "}":
            raise _ExpansionError(rf"the macro \{macro.name} needs {macro.parameters} argument(s)")
        if pending[-1].kind != "{":
            return [pending.pop()]
        return self._until(macro, pending, "}")

    def _optional(self, macro: Macro, pending: list[Tex]) -> list[Tex] | None:
        return self._until(macro, pending, "]") if _next_is(pending, "[") else None

    def _until(self, macro: Macro, pending: list[Tex], closing: str) -> list[Tex]:
        """Take the opening token, what stands before its closing one, and that."""
        if self._failures >= _MAX_FAILURES:
            raise _ExpansionError(rf"the argument of \{macro.name} is never closed")
        depth = 0
        for index in range(len(pending) - 2, -1, -1):
            token = pending[index]
            if depth == 0 and token.text == closing and token.kind in ("}", "char"):
                taken = pending[index + 1 : -1][::-1]
                del pending[index:]
                return taken
            depth += {"{": 1, "}": -1}.get(token.kind, 0)
        self._failures += 1
        raise _ExpansionError(rf"the argument of \{macro.name} is never closed")


def _skip_spaces(pending: list[Tex]) -> None:
    while pending and pending[-1].kind in ("space", "comment"):
        pending.pop()


def _next_is(pending: list[Tex], sign: str) -> bool:
    _skip_spaces(pending)
    return bool(pending) and pending[-1].kind == "char" and pending[-1].text == sign
