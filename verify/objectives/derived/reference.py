"""A proved line of a document as the reference of `check_objective`: model, q ↦ its value in nats over all data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from derive.claims import Claim
from derive.terms.nodes import Named, Term
from derive.writing import Notation, text
from verify.models.sums import Sum
from verify.objectives.derived.conditions import require
from verify.objectives.derived.errors import NoValueError, RolesError
from verify.objectives.derived.evaluate import Evaluator
from verify.objectives.derived.forms import is_additive, is_linear_in
from verify.objectives.derived.grids import Piece
from verify.objectives.derived.roles import Roles
from verify.objectives.reference.solvable import Solvable, points_of
from verify.verdict import Required

Per: TypeAlias = Literal["point", "data"]
_FINENESSES = (48, 64, 96, 192, 384, 768, 1536)
_SETTLED = 1e-12
_WORST_ERROR = 1e-6


@dataclass(frozen=True, repr=False)
class DerivedReference:
    """One side of a proved claim, to be evaluated over solvable models.

    term        the side, with defined names unfolded; `written` as the text has it
    conditions  what the claim was proved under; each is tried on the model at every call
    roles       which law and variable is which part of a model
    values      of the formula's parameters (β, α …), by name
    per         "point": x is one data point and the objective is the sum over all of them; "data": x is all the data;
                None: whichever, where it makes no difference
                An average over the law of the data counts as the sum over the data points in either case.
    where       "vae.md:12"

    A call raises ConditionError where the model does not meet what the claim rests on, RolesError where "point" and
    "data" differ and nobody said which, NoValueError where the formula has no value here.
    """

    claim: Claim
    term: Term
    written: Term
    conditions: tuple[Required, ...]
    roles: Roles
    where: str
    notation: Notation
    values: Mapping[str, float] = field(default_factory=dict)
    per: Per | None = None

    @property
    def formula(self) -> str:
        """The formula as the document writes it, and its line."""
        shown = text(self.term, self.notation)
        name = f"{text(self.written, self.notation)} = " if isinstance(self.written, Named) else ""
        return f"{name}{shown}   ({self.where})"

    def __repr__(self) -> str:
        return f"DerivedReference({self.formula})"

    def __call__(self, model: Solvable, q: Any) -> Sum:
        """The value in nats over all data, with what rounding and quadrature may have done to it."""
        found = [self._of_piece(piece) for piece in self._pieces(model, q)]
        inside = model.evidence_sum().magnitude + model.elbo_sum(q).magnitude
        return Sum.of(
            inside=inside, error=sum(error for _, error in found), formula=[value for value, _ in found]
        )

    def attempt(self, model: Solvable) -> None:
        """Raises what a call on this model would raise: tried on its first independent part, at its best q."""
        self._of_piece(next(self._pieces(model, model.posterior_q())))

    def _pieces(self, model: Solvable, q: Any) -> Iterator[Piece]:
        """The parts whose values are added up: all of the model where x is all the data."""
        parts = list(model.pieces(q))
        averages = frozenset(name for name, role in self.roles.laws.items() if role == "data")
        if averages and (self.per == "data" or (len(parts) == 1 and points_of(model) > 1)):
            raise NoValueError(f"{self.where} averages over single data points, which share one latent in {model.name}")
        if not is_linear_in(self.term, averages):
            raise NoValueError(f"{self.where} takes a function of an average over the data, which has no value here")
        if self.per is None and len(parts) > 1 and not averages and not is_additive(self.term):
            raise RolesError(
                f"{self.where} does not add up over data points, so it matters what x is: say per='point' (x is one "
                "data point, and the objective is the sum over them) or per='data' (x is all the data)"
            )
        for piece, part in [(model, q)] if self.per == "data" else parts:
            yield Piece(piece, part)

    def _of_piece(self, piece: Piece) -> tuple[float, float]:
        """The value and its error: finer and finer rules until two agree."""
        evaluate = self._evaluator(piece, _FINENESSES[0])
        require(self.claim, self.conditions, evaluate, self.where)
        value = float(evaluate(self.term))
        if math.isnan(value):
            raise NoValueError(f"{self.where} is undefined over this {piece.model.name} model: ∞ − ∞, or 0/0")
        if not evaluate.approximate:
            return value, 0.0
        value, error = self._refined(piece, value)
        if not error <= _WORST_ERROR * max(1.0, abs(value)):
            raise NoValueError(f"quadrature of {self.where} does not settle: two rules differ by {error:.2g} nats")
        return value, error

    def _refined(self, piece: Piece, value: float) -> tuple[float, float]:
        """The value by the first rule that agrees with the one before it, or by the finest within reach."""
        error = math.inf
        for fineness in _FINENESSES[1:]:
            evaluate, before = self._evaluator(piece, fineness), value
            try:
                value = float(evaluate(self.term))
            except NoValueError:
                if math.isinf(error):
                    raise
                break
            error = max(abs(value - before), evaluate.disagreement)
            if error <= _SETTLED * max(1.0, abs(value)):
                break
        return value, error

    def _evaluator(self, piece: Piece, fineness: int) -> Evaluator:
        return Evaluator(piece, self.roles, self.values, fineness, self.notation)
