"""Words that all reports share: what verdicts are called and mean, signs, places, counterexamples as lines of text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

from verify.results import CheckedClaim, CheckedDocument, Place, Run
from verify.verdict import Required, SideValue, Verdict, Word, WorldSides

MEANINGS: Mapping[Word, str] = {
    "proved": "a proof exists, and the kernel has checked every step of it",
    "refuted": "false in the world shown, which meets all hypotheses and conditions",
    "undecided": "neither proved nor refuted; this says nothing about its truth",
    "assumed": "a definition or a hypothesis of the text; there is nothing to check",
    "unread": "the text could not be read as a claim",
}
SYMBOLS: Mapping[Word, str] = {"proved": "✓", "refuted": "✗", "undecided": "?", "assumed": "≔", "unread": "!"}

SIGNS = {">=": "≥", "<=": "≤", "!=": "≠", ":=": "≔", "approx": "≈", "propto": "∝", "argmax-equiv": "=", "~": "∼"}
LATEX_SIGNS = {
    ">=": r"\ge", "<=": r"\le", "!=": r"\ne", ":=": r"\coloneqq", "approx": r"\approx", "propto": r"\propto",
    "argmax-equiv": "=", "~": r"\sim", "<": r"\lt", ">": r"\gt",
}  # fmt: skip


def sign(relation: str) -> str:
    """The relation as people write it."""
    return SIGNS.get(relation, relation)


def statement(claim: CheckedClaim) -> str:
    """The claim as one line of plain text."""
    return one_line(claim.text or f"{claim.lhs} {sign(claim.relation)} {claim.rhs}")


def one_line(text: str) -> str:
    return visible(" ".join(text.split()))


def visible(text: str) -> str:
    """The text without characters that could command a terminal or turn its order round."""
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character == "\n" or (unicodedata.category(character) not in ("Cc", "Cs") and character not in TURNERS):
        return character
    return "\N{REPLACEMENT CHARACTER}"


TURNERS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # what reverses the order of text


def position(place: Place) -> str:
    """12:31, or in a notebook cell 3, 12:31."""
    where = f"{place.line}:{place.column}"
    return where if place.cell is None else f"cell {place.cell}, {where}"


def spot(place: Place) -> str:
    """line 12, column 31, or in a notebook cell 3, line 12, column 31 (cells count from 0)."""
    where = f"line {place.line}, column {place.column}"
    return where if place.cell is None else f"cell {place.cell}, {where}"


def location(document: CheckedDocument, place: Place | None) -> str:
    """notes.md:12:31, as editors and terminals understand it; in notebooks notes.ipynb:cell 3:12:31."""
    path = one_line(document.path)
    if place is None:
        return path
    cell = "" if place.cell is None else f"cell {place.cell}:"
    return f"{path}:{cell}{place.line}:{place.column}"


# ---------------------------------------------------------------- counts


def counted(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")


def summary(run: Run) -> str:
    """36 claims in 1 document: 24 proved (2 of them under open conditions), 1 refuted, …"""
    claims = [claim for document in run.documents for claim in document.claims]
    parts = [f"{number} {word}" for word, number in run.summary.items() if number]
    conditional = sum(1 for claim in claims if claim.verdict.word == "proved" and claim.verdict.open_conditions)
    if conditional:
        parts = [part + (f" ({conditional} under open conditions)" if "proved" in part else "") for part in parts]
    announced = sum(claim.as_expected for claim in claims)
    if announced:
        parts.append(f"{announced} as announced")
    failed = sum(document.failure is not None for document in run.documents)
    if failed:
        parts.append(f"{counted(failed, 'document')} not usable")
    found = f"{counted(len(claims), 'claim')} in {counted(len(run.documents), 'document')}"
    return f"{found}: {', '.join(parts)}" if parts else found


# ---------------------------------------------------------------- conditions and counterexamples


def provided(claim: CheckedClaim) -> str:
    """The open conditions: "condition: q > 0 wherever p > 0", or nothing."""
    texts = [required.text for required in claim.verdict.open_conditions]
    return f"condition{'s' * (len(texts) > 1)}: {'; '.join(texts)}" if texts else ""


def status(required: Required) -> str:
    """open, stated (by …) or discharged (by …)."""
    condition = required.condition
    return condition.status + (f" ({condition.by})" if condition.by and condition.status != "open" else "")


def necessity(required: Required) -> str:
    """What is known about an open condition: the claim fails (or says nothing) in a world that breaks it, or not."""
    if required.condition.status != "open":
        return ""
    if required.witness is not None:
        return "needed, as a world shows"
    return "sufficient; no world was found that shows it to be necessary"


def value(side: SideValue) -> str:
    """−log 2 ≈ −0.693147, or the value alone where the exact form says it all."""
    rounded = decimal(side)
    return side.exact if rounded in ("", side.exact) else f"{side.exact} ≈ {rounded}"


def decimal(side: SideValue) -> str:
    """The value as a decimal of six digits; as an interval where its ends differ; empty where it is no number."""
    ends = [_rounded(end) for end in dict.fromkeys((side.lower, side.upper))]
    return ends[0] if len(ends) == 1 else f"[{', '.join(ends)}]"


def _rounded(number: str) -> str:
    try:
        exact = Decimal(number)
    except InvalidOperation:
        return ""
    if not exact.is_finite():
        return ""
    shown = f"{exact:.6g}" if exact else "0"
    mantissa, e, exponent = shown.partition("e")
    short = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{short}{e}{exponent}".replace("-", "−")


def evidence_lines(sides: WorldSides) -> Iterator[str]:
    """A counterexample or a witness as lines of text: the tables, the point, both values."""
    rows = [*sides.tables, *_at(sides), ("left side", value(sides.left)), ("right side", value(sides.right))]
    width = max(len(name) for name, _ in rows)
    for name, entries in rows:
        yield f"{name:<{min(width, 24)}}  {entries}"


def _at(sides: WorldSides) -> list[tuple[str, str]]:
    return [("at", point(sides))] if sides.point else []


def explanation(verdict: Verdict) -> str:
    """A refutation in one paragraph: the world, both sides in it, then what is wrong and what holds instead."""
    if verdict.counterexample is None:
        return ""
    reasons = [_sentence(part) for part in verdict.message.split("; ") if part != "the two sides differ"]
    return " ".join(filter(None, [verdict.counterexample.paragraph, *reasons]))


_HOLDS = re.compile(r"([≥≤]) holds(?:, (.+))?")


def _sentence(part: str) -> str:
    found = _HOLDS.fullmatch(part)
    if found:
        return f"What holds is {found[1]}" + (f", {found[2]}." if found[2] else ".")
    return part[:1].upper() + part[1:] + "." * (part[-1:] not in (".", ""))


def point(sides: WorldSides) -> str:
    return ", ".join(f"{name} = {index}" for name, index in sides.point)


def excerpt(claim: CheckedClaim) -> str:
    """For unread text: the source line and the caret, without the headline that repeats the message."""
    notes = [line for note in claim.verdict.notes for line in note.splitlines()]
    first, *rest = notes or [""]
    return "\n".join(rest if rest else [first])


def tried(claim: CheckedClaim) -> str:
    """In how many random worlds the claim was tried, and in how many it held."""
    evidence = claim.verdict.evidence
    if not evidence.worlds:
        return ""
    silent = evidence.worlds - evidence.applicable
    without = f" (in {silent} one of the sides has no value)" if silent else ""
    return f"held in {evidence.held} of {counted(evidence.worlds, 'random world')}{without}"
