"""The run as Markdown with $…$ formulas, as code hosts and notebooks show them.

Text of a document never becomes markup: in prose every character with a meaning is escaped, code is fenced with more
backticks than it contains, and in formulas < and > are written as commands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from derive.writing import Notation, latex
from verify.explain import condition_text
from verify.report.proof import Chain, chains, main_rule, title
from verify.report.wording import (
    LATEX_SIGNS,
    MEANINGS,
    SYMBOLS,
    excerpt,
    explanation,
    necessity,
    one_line,
    point,
    spot,
    status,
    summary,
    tried,
    value,
    visible,
)
from verify.results import CheckedClaim, CheckedDocument, Run, Trouble, Whole
from verify.verdict import Required, WorldSides


def render(run: Run) -> str:
    parts = [block for document in run.documents for block in _document(document)]
    return "\n\n".join([*parts, "---", prose(summary(run)), _legend()]) + "\n"


# ---------------------------------------------------------------- documents


def _document(document: CheckedDocument) -> Iterator[str]:
    yield f"# {prose(document.title or document.path)}"
    yield code(document.path)
    if document.failure is not None:
        yield f"**This file could not be used:** {prose(document.failure)}"
    if document.whole is not None:
        yield _whole(document.whole)
    roles = [f"| {prose(role)} | {prose(', '.join(names))} |" for role, names in document.roles.items() if names]
    if roles:
        yield "\n".join(["| what the names mean | |", "|---|---|", *roles])
    for claim in document.claims:
        yield from _claim(claim, document.notation)
    if document.troubles:
        yield "## Remarks on the text"
        yield "\n".join(_trouble(trouble) for trouble in document.troubles)


def _whole(whole: Whole) -> str:
    relation = f" (${formula(LATEX_SIGNS.get(whole.relation, whole.relation))}$)" if whole.relation else ""
    verdict = f"{SYMBOLS[whole.word]} {whole.word}"
    head = f"**The whole, from claim {whole.first} to claim {whole.last}{relation}: {verdict}**"
    lines = [head + (f", {prose(whole.message)}" if whole.message else ""), ""]
    return "\n".join([*lines, *map(_condition, whole.conditions)])


def _trouble(trouble: Trouble) -> str:
    where = f"{spot(trouble.place)}: " if trouble.place else ""
    return f"- {where}{prose(trouble.message)}"


def _legend() -> str:
    return "\n".join(f"- {SYMBOLS[word]} **{word}**: {meaning}" for word, meaning in MEANINGS.items())


# ---------------------------------------------------------------- claims


def _claim(claim: CheckedClaim, notation: Notation) -> Iterator[str]:
    verdict = claim.verdict
    rule = "" if verdict.theorem is None else f", {title(main_rule(verdict.theorem))}"
    yield f"## {claim.id}. {SYMBOLS[verdict.word]} {verdict.word}{rule} ({spot(claim.place)})"
    if verdict.word == "unread":
        yield code(claim.source or claim.text)
    else:
        relation = LATEX_SIGNS.get(claim.relation, claim.relation)
        yield f"$${formula(claim.lhs)} {formula(relation)} {formula(claim.rhs)}$$"
    facts = [*(f"- {fact}" for fact in _facts(claim)), *map(_condition, verdict.conditions)]
    if facts:
        yield "\n".join(facts)
    if verdict.word == "unread":
        yield fenced(excerpt(claim))
    for required in verdict.conditions:
        if required.witness is not None:
            yield f"Without the condition {prose(required.text)}, it fails:"
            yield from _world(required.witness)
    if verdict.counterexample is not None:
        yield prose(f"Counterexample: {explanation(verdict)}")
        yield from _world(verdict.counterexample)
    if verdict.theorem is not None:
        yield from (_proof(chain, notation) for chain in chains(verdict.theorem))


def _facts(claim: CheckedClaim) -> Iterator[str]:
    verdict = claim.verdict
    if claim.expected is not None:
        yield "as announced in the text" if claim.as_expected else f"announced in the text as {claim.expected}"
    if verdict.message and not (verdict.conditions or verdict.equality):
        yield prose(verdict.message)
    if verdict.equality:
        yield f"equality {prose(verdict.equality)}"
    if verdict.uses:
        yield f"uses {prose(', '.join(verdict.uses))}"
    if tried(claim):
        yield tried(claim)
    if verdict.word != "unread":
        yield from map(prose, verdict.notes)


def _condition(required: Required) -> str:
    more = f"; {necessity(required)}" if necessity(required) else ""
    return f"- condition, {prose(status(required))}: {prose(required.text)}{more}"


def _world(sides: WorldSides) -> Iterator[str]:
    rows = [*sides.tables, ("at", point(sides)), ("left side", value(sides.left)), ("right side", value(sides.right))]
    yield "\n".join(["| | |", "|---|---|", *(f"| {prose(name)} | {prose(entry)} |" for name, entry in rows if entry)])
    if sides.python:
        yield fenced(sides.python, "python")


def _proof(chain: Chain, notation: Notation) -> str:
    head = "Proof" + (f" ({chain.purpose})" if chain.purpose else "") + ":"
    lines = [f"1. ${formula(latex(chain.start, notation))}$"]
    for line in chain.lines:
        relation = LATEX_SIGNS.get(line.relation, line.relation)
        wanted = "; ".join(prose(condition_text(premise, notation)) for premise in line.step.premises)
        reason = title(line.step.rule) + (f", where {wanted}" if wanted else "")
        lines.append(f"1. ${formula(relation)} {formula(latex(line.term, notation))}$ ({reason})")
    return "\n".join([head, "", *lines])


# ---------------------------------------------------------------- escaping


def prose(text: str) -> str:
    """Text without markup, for the middle of a line or the start of one."""
    return _MARKUP.sub(lambda match: _ESCAPES.get(match.group(), f"\\{match.group()}"), one_line(text))


_MARKUP = re.compile(r"[\\`*_\[\]|~$!@&<>]|^[#+=-]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"}  # @name would call somebody


def formula(source: str) -> str:
    r"""LaTeX between dollar signs, on one line, without what would end it or start an HTML tag.

    Markdown takes \, and \| for escapes of its own; the same commands spelled with letters survive.
    """
    spelled = _LATEX.sub(lambda match: _SPELLED.get(match.group(), match.group()), one_line(source))
    return re.sub(" +", " ", spelled)


_LATEX = re.compile(r"\\.?|[$`<>&|]")
_SPELLED = {
    "$": r"\$", "`": r"\prime ", "<": r"\lt ", ">": r"\gt ", "&": r"\&", "|": r"\vert ", "\\": r"\backslash ",
    r"\|": r"\Vert ", r"\,": r"\thinspace ", r"\{": r"\lbrace ", r"\}": r"\rbrace ", r"\;": r"\thickspace ", r"\!": "",
    r"\\": " ", r"\<": r"\lt ", r"\>": r"\gt ", r"\`": r"\prime ",
}  # fmt: skip


def code(text: str) -> str:
    """Inline code."""
    line = one_line(text) or " "
    ticks = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    return f"{ticks} {line} {ticks}"


def fenced(text: str, language: str = "") -> str:
    """A block of code."""
    fence = "`" * max(3, _longest((text,)) + 1)
    return f"{fence}{language}\n{visible(text)}\n{fence}"


def _longest(texts: Iterable[str]) -> int:
    return max((len(run) for text in texts for run in re.findall("`+", text)), default=0)
