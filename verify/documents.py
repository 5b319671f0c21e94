"""A whole document: every claim read, checked and placed, and the verdict from its first line to its last."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import cast

from derive.claims import Claim
from derive.reading.documents import SourceError
from derive.reading.meaning.document import Content, Open, ReadClaim, ReadDocument, Unread, read_document
from derive.reading.meaning.naming import Assumed
from derive.reading.messages import explain
from derive.reading.sources import load, read_markdown
from derive.reading.syntax import Span, Unreadable
from derive.terms.binding import fingerprint
from derive.terms.nodes import Law, Parameter
from derive.writing import Notation, latex, text
from verify.check import check
from verify.joint import joint_maximisation
from verify.results import CheckedClaim, CheckedDocument, Place, Trouble, Whole
from verify.verdict import Required, Verdict, Word

Progress = Callable[[int, int], None]  # claims done, claims in all


def check_file(path: Path, shown: str | None = None, progress: Progress | None = None) -> CheckedDocument:
    """Reads and checks one file; a file that cannot be used becomes a document with a ``failure``."""
    try:
        source = load(path)
    except SourceError as error:
        return CheckedDocument(shown or str(path), failure=str(error))
    return check_document(read_document(source), shown or str(path), progress)


def check_text(text_: str, shown: str, progress: Progress | None = None) -> CheckedDocument:
    """Reads and checks a Markdown text."""
    return check_document(read_document(read_markdown(text_, Path(shown))), shown, progress)


def check_document(document: ReadDocument, path: str, progress: Progress | None = None) -> CheckedDocument:
    """Checks every claim of a document that has been read."""
    claims = []
    verdicts: dict[str, Verdict] = {}
    for number, claim in enumerate(document.claims, 1):
        claims.append(_checked(number, claim, document, verdicts))
        if progress is not None:
            progress(number, len(document.claims))
    return CheckedDocument(
        path,
        _title(document),
        tuple(claims),
        whole(claims),
        _roles(document),
        document.notation,
        tuple(_troubles(document)),
    )


def _checked(number: int, claim: ReadClaim, document: ReadDocument, verdicts: dict[str, Verdict]) -> CheckedClaim:
    key = _key(claim)
    if key not in verdicts or not isinstance(claim.content, Claim):
        verdicts[key] = _verdict(claim, document)
    written = (claim.left, claim.relation, claim.right)
    if isinstance(claim.content, Claim):
        lhs, rhs, line = written_claim(claim.content, document.notation)
    else:
        lhs, rhs, line = claim.left, claim.right, " ".join(written)
    source = " ".join(document.source.text[claim.formula.start : claim.formula.end].split())
    expected = cast("Word | None", claim.expected)
    place = _place(document, claim.span)
    return CheckedClaim(
        number, key, place, claim.relation, lhs, rhs, source, verdicts[key], claim.chain, expected, line
    )


def written_claim(claim: Claim, notation: Notation) -> tuple[str, str, str]:
    """Both sides of a claim as LaTeX, and the whole as a line of text."""
    line = f"{text(claim.lhs, notation)} {_SPOKEN.get(claim.sign, claim.sign)} {text(claim.rhs, notation)}"
    return latex(claim.lhs, notation), latex(claim.rhs, notation), line


_SPOKEN = {">=": "≥", "<=": "≤", "argmax-equiv": "="}


def _verdict(claim: ReadClaim, document: ReadDocument) -> Verdict:
    if claim.other is not None:
        return _in_both_readings(claim, claim.other, document)
    match claim.content:
        case Claim() as content:
            return check(content, document.notation)
        case Assumed() as content:
            return assumed(content, document.notation)
        case Unread() as content:
            excerpt = explain(document.source, Unreadable(content.span, content.message, content.hint))
            return Verdict("unread", content.message, notes=(excerpt,))
        case Open() as content:
            return Verdict("undecided", content.message)


def _in_both_readings(claim: ReadClaim, other: Content, document: ReadDocument) -> Verdict:
    """The verdict on which both readings agree: p is p_θ where θ is left out, and p is a law of its own."""
    first = _verdict(replace(claim, other=None), document)
    second = _verdict(replace(claim, content=other, other=None), document)
    if first.word == second.word:
        kinds = {required.condition.kind for required in first.conditions}
        more = (required for required in second.conditions if required.condition.kind not in kinds)
        return replace(first, conditions=(*first.conditions, *more))
    laws = ", ".join(text_of_name(key, document.notation) for key in sorted(document.roles.doubtful))
    message = (
        f"where parameters are left out, {laws} may be the law with them, and then this is {first.word}, or a law of "
        f"its own, and then it is {second.word}: write them everywhere, or say <!-- jensen: same {laws} --> or "
        f"<!-- jensen: distinct {laws} -->"
    )
    return Verdict("undecided", message, evidence=first.evidence)


def assumed(content: Assumed, notation: Notation) -> Verdict:
    """The verdict on a definition or hypothesis, with what a joint maximisation reaches."""
    notes = list(content.notes)
    conditions: tuple[Required, ...] = ()
    if content.definition is not None:
        found = joint_maximisation(content.definition, notation, content.setting)
        if found is not None:
            notes.append(found.sentence)
            conditions = found.conditions
    words = {"definition": "defines", "hypothesis": "assumes", "declaration": "declares"}
    return Verdict(
        "assumed", f"{words[content.what]} {_shortened(content.text)}", conditions=conditions, notes=tuple(notes)
    )


def _shortened(source: str) -> str:
    return source if len(source) <= 60 else source[:57] + "…"


def _key(claim: ReadClaim) -> str:
    if isinstance(claim.content, Claim):
        key = key_of_claim(claim.content)
        return _hashed([key, key_of_claim(claim.other)]) if isinstance(claim.other, Claim) else key
    return _hashed([type(claim.content).__name__, claim.left, claim.relation, claim.right])


def key_of_claim(claim: Claim) -> str:
    """A hash of a claim's content: the same wherever it stands, whatever stands around it."""
    unfold = claim.setting.unfold_all
    sides = [fingerprint(unfold(claim.lhs)), claim.sign, fingerprint(unfold(claim.rhs))]
    return _hashed(sides + sorted(repr(h) for h in claim.setting.hypotheses))


def _hashed(parts: list[str]) -> str:
    return sha256("\n".join(parts).encode(errors="surrogatepass")).hexdigest()[:16]


def _place(document: ReadDocument, span: Span) -> Place:
    start, end = document.source.position(span.start), document.source.position(span.end)
    return Place(start.line, start.column, end.line, end.column, start.cell)


def _title(document: ReadDocument) -> str:
    """The first heading, or the file's name."""
    for line in document.source.text.splitlines():
        if line.startswith("#"):
            return line.lstrip("#").strip()
        if r"\title{" in line:
            return line.split(r"\title{", 1)[1].split("}", 1)[0]
    return document.source.path.stem


def _roles(document: ReadDocument) -> dict[str, tuple[str, ...]]:
    roles, notation = document.roles, document.notation
    laws = [text_of_name(key, notation) for key in roles.laws]
    read_as = [
        f"{text_of_name(key, notation)} is read as {text_of_name(into, notation)}"
        for key, into in roles.aliases.items()
    ]
    implied = [
        f"{text_of_name(key, notation)} stands for {text(Law(key, *map(Parameter, parameters)), notation)}"
        for key, parameters in roles.implied.items()
    ]
    return {
        "latent": tuple(text_of_name(v, notation) for v in roles.latent),
        "observed": tuple(text_of_name(v, notation) for v in roles.observed),
        "parameters": tuple(text_of_name(p, notation) for p in roles.parameters),
        "laws": tuple(laws),
        "discrete": tuple(sorted(notation.discrete)),
        "read as": (*read_as, *implied),
    }


def text_of_name(key: str, notation: Notation) -> str:
    return text(Parameter(key), notation)


def _troubles(document: ReadDocument) -> Iterable[Trouble]:
    for warning in (*document.source.warnings, *document.warnings):
        yield Trouble(_place(document, warning.span), warning.message)


# ---------------------------------------------------------------- the whole

_WORST_FIRST: tuple[Word, ...] = ("refuted", "unread", "undecided", "proved", "assumed")


def whole(claims: list[CheckedClaim]) -> Whole | None:
    """The verdict from the first claim to the last, with the union of the conditions.

    A mistake shown on purpose does not count.  The relation is that of the longest chain that is proved throughout.
    """
    counted = [claim for claim in claims if not claim.as_expected]
    checked = [claim for claim in counted if claim.verdict.word != "assumed"]
    if not checked:
        return None
    word = next(w for w in _WORST_FIRST if any(claim.verdict.word == w for claim in checked))
    bad = [claim for claim in checked if claim.verdict.word == word] if word != "proved" else []
    where = ", ".join(str(claim.place.line) for claim in bad[:6])
    message = f"{word} at line {where}" + ("…" if len(bad) > 6 else "") if bad else "every step is proved"
    return Whole(counted[0].id, counted[-1].id, _composite(counted), word, _union(counted), message)


def _union(claims: list[CheckedClaim]) -> tuple[Required, ...]:
    found: dict[object, Required] = {}
    for claim in claims:
        for required in claim.verdict.conditions:
            known = found.get(required.condition.key)
            if known is None or (known.witness is None and required.witness is not None):
                found[required.condition.key] = required
    return tuple(found.values())


def _composite(claims: list[CheckedClaim]) -> str | None:
    """= with ≥ is ≥; ≥ with ≤ says nothing."""
    chains: dict[int, list[CheckedClaim]] = {}
    for claim in claims:
        chains.setdefault(claim.chain, []).append(claim)
    longest = max(chains.values(), key=len)
    signs = {claim.relation for claim in longest} - {"=", ":=", "argmax-equiv"}
    if not signs:
        return "="
    return signs.pop() if len(signs) == 1 else None
