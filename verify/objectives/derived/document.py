"""`derivation("vae.md")`: the proved lines of a document, for comparison with code.

    elbo = derivation("vae.md").last()
    check_objective(my_loss, case, returns="loss", reduction="mean", reference=elbo.over(case.model))

Only the line that is asked for is checked: a claim is proved by itself and never from an earlier line.  The whole
document is a test of its own (`pytest --jensen vae.md`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

from derive.claims import Claim
from derive.derivation import Derivation, Stated
from derive.reading.documents import SourceError
from derive.reading.meaning.document import ReadClaim, ReadDocument, read_document
from derive.reading.meaning.naming import Assumed
from derive.reading.sources import load
from derive.terms.nodes import Parameter
from derive.writing import Notation, text
from verify.check import check
from verify.documents import check_document, key_of_claim, written_claim
from verify.objectives.derived.errors import DerivationError, NotProvedError, NoValueError
from verify.objectives.derived.forms import unknown_part
from verify.objectives.derived.reference import DerivedReference, Per
from verify.objectives.derived.roles import Given, infer_roles
from verify.verdict import Verdict

Side: TypeAlias = Literal["left", "right"]
_TURNED = frozenset(["<=", "<"])  # the bound is the smaller side


@dataclass(frozen=True, eq=False)
class ProvedClaim:
    """A claim of a document that is proved.

    where  the document and the line: "vae.md:12"
    """

    claim: Claim
    verdict: Verdict
    notation: Notation
    where: str

    def over(
        self,
        model: Any = None,
        *,
        side: Side | None = None,
        roles: Given | None = None,
        values: Mapping[str, float] | None = None,
        per: Per | None = None,
    ) -> DerivedReference:
        """One side of the claim as a reference: model, q ↦ its value in nats over all data.

        model   where it will be evaluated, so that a formula that has no value there is refused at once
        side    which side; by default the smaller one of an inequality, the right one of an equation
        roles   {"latent": "z", "observed": "x", "model": "p", "variational": "q", "prior": …, "likelihood": …,
                "data": …}: names in the document, where the form of the claim leaves a choice
        values  of parameters such as β, by name
        per     what x is where it makes a difference: one data "point", or all the "data"

        Raises RolesError where a role stays open, ConditionError where the model does not meet what the claim rests on,
        and NoValueError for a side that has no value over any model (a function f, a supremum) or none over this one.
        """
        side = side or ("left" if self.claim.sign in _TURNED else "right")
        written = self.claim.lhs if side == "left" else self.claim.rhs
        term = self.claim.setting.unfold_all(written)
        unknown = unknown_part(term)
        if unknown is not None:
            raise NoValueError(f"{self.where} contains {text(unknown, self.notation)}, which has no value over a model")
        found = infer_roles(self.claim, roles, self.notation)
        reference = DerivedReference(
            self.claim, term, written, self.verdict.conditions, found, self.where, self.notation,
            self._named(values or {}), per,
        )  # fmt: skip
        if model is not None:
            reference.attempt(model)
        return reference

    def _named(self, values: Mapping[str, float]) -> dict[str, float]:
        """Values by the names of terms, whether given by them or as the document prints them."""
        sides = (self.claim.setting.unfold_all(side) for side in (self.claim.lhs, self.claim.rhs))
        names = {parameter.name for side in sides for parameter in side.atoms(Parameter)}
        shown = {text(Parameter(name), self.notation): name for name in names}
        unknown = values.keys() - names - shown.keys()
        if unknown:
            raise DerivationError(f"{', '.join(sorted(unknown))}: no parameter of {self.where}; it has {sorted(shown)}")
        return {shown.get(name, name): float(value) for name, value in values.items()}

    def __str__(self) -> str:
        return f"{written_claim(self.claim, self.notation)[2]}   ({self.where})"


@dataclass(frozen=True, eq=False)
class Line:
    """One claim of a document, checked when it is asked for."""

    number: int
    column: int
    content: Any
    key: str
    text: str
    counts: bool  # neither a definition or hypothesis nor a mistake that is shown on purpose
    verdict: Callable[[], Verdict]


@dataclass(frozen=True, eq=False)
class LinesOfDerivation:
    """A derivation, of which single lines can be used as references."""

    path: str
    notation: Notation
    lines: tuple[Line, ...]

    def last(self) -> ProvedClaim:
        """The last claim: definitions, hypotheses and mistakes that are shown on purpose do not count.

        Raises NotProvedError where it is not proved, or there is none.
        """
        claims = [line for line in self.lines if line.counts]
        if not claims:
            raise NotProvedError(f"{self.path} makes no claim")
        return self._proved(claims[-1])

    def claim(self, line: int | None = None, key: str | None = None, column: int | None = None) -> ProvedClaim:
        """The claim at a line (and column) or with a key, as `jensen check` reports them.

        Raises NotProvedError where it is not proved, DerivationError where there is none or more than one.
        """
        found = [
            one
            for one in self.lines
            if (line is None or one.number == line)
            and (key is None or one.key == key)
            and (column is None or one.column == column)
        ]
        if len({one.key for one in found}) != 1:
            raise DerivationError(f"{len(found)} claims of {self.path} are meant; it has\n{self._listed(found)}")
        return self._proved(found[0])

    def _listed(self, lines: list[Line]) -> str:
        return "\n".join(f"  {one.number}:{one.column}  {one.text}" for one in lines or self.lines)

    def _proved(self, line: Line) -> ProvedClaim:
        where = f"{self.path}:{line.number}"
        verdict = line.verdict()
        if verdict.word != "proved" or not isinstance(line.content, Claim):
            why = f" ({verdict.message})" if verdict.message else ""
            raise NotProvedError(
                f"{where} is {verdict.word}, not proved, so no code is compared with it{why}:\n  {line.text}"
            )
        return ProvedClaim(line.content, verdict, self.notation, where)


# ---------------------------------------------------------------- reading


def derivation(source: str | Path | Derivation) -> LinesOfDerivation:
    """The lines of a document (.md, .tex, .ipynb) or of a derivation written in Python.

    Raises DerivationError for a file that cannot be used.
    """
    if isinstance(source, Derivation):
        title = source.title or "derivation"
        lines = tuple(_stated(number, stated, source.notation) for number, stated in enumerate(source.stated, 1))
        return LinesOfDerivation(title, source.notation, lines)
    path = Path(source)
    try:
        document = read_document(load(path))
    except SourceError as error:
        raise DerivationError(str(error)) from error
    shown = _shown(path)
    lines = tuple(_read(claim, document, shown) for claim in document.claims)
    return LinesOfDerivation(shown, document.notation, lines)


def _shown(path: Path) -> str:
    """The path as messages name it: from here, where it is below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_absolute() and path.is_relative_to(here) else path)


def _read(claim: ReadClaim, document: ReadDocument, path: str) -> Line:
    start, content = document.source.position(claim.span.start), claim.content
    line = f"{claim.left} {claim.relation} {claim.right}"
    if isinstance(content, Claim):
        line = written_claim(content, document.notation)[2]
    alone = replace(document, claims=(claim,))

    @cache
    def verdict() -> Verdict:
        return check_document(alone, path).claims[0].verdict

    counts = not isinstance(content, Assumed) and claim.expected in (None, "proved")
    key = key_of_claim(content) if isinstance(content, Claim) else f"line {start.line}:{start.column}"
    return Line(start.line, start.column, content, key, line, counts, verdict)


def _stated(number: int, stated: Stated, notation: Notation) -> Line:
    content = stated.content
    if not isinstance(content, Claim):
        return Line(number, 1, content, f"def {number}", f"{content.name} := …", False, lambda: Verdict("assumed"))
    line = written_claim(content, notation)[2]
    return Line(number, 1, content, key_of_claim(content), line, True, cache(lambda: check(content, notation)))
