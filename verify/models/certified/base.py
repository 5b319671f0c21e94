"""What a certified balance is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from flint import arb

from verify.decide import Enclosure, precision
from verify.models.base import SolvableModel

BITS = 160  # of working precision: radii of about 1e-45 before the condition of a model's matrices

Balls = tuple[arb, arb, arb]  # log p(x), ELBO, gap


@dataclass(frozen=True)
class CertifiedBalance:
    """log p(x), ELBO(q) and KL(q ‖ p(z|x)) at the exact values of a model's floats, each certainly in its enclosure.

    residual   of log p(x) - ELBO - KL, which is 0
    """

    evidence: Enclosure
    elbo: Enclosure
    gap: Enclosure
    residual: Enclosure


def certified_balance(model: SolvableModel[Any], q: Any, bits: int = BITS) -> CertifiedBalance:
    """The certified balance of a model and its q.

    A matrix that cannot be told from a singular one asks for more bits; where 16 times as many do not help, nothing is
    known and the enclosures say so.  Raises TypeError for a model without a transcription in Arb.
    """
    for more in (bits, 4 * bits, 16 * bits):
        with precision(more):
            try:
                evidence, elbo, gap = balls_of(model, q)
            except ZeroDivisionError:
                continue
            return CertifiedBalance(*map(Enclosure.of_ball, (evidence, elbo, gap, evidence - elbo - gap)))
    return CertifiedBalance(*[Enclosure(None, None)] * 4)


@singledispatch
def balls_of(model: SolvableModel[Any], q: Any) -> Balls:
    """log p(x), ELBO and gap as Arb balls at the current precision; every model registers its own."""
    raise TypeError(f"{type(model).__name__} has no certified balance")


def added(parts: Iterable[Balls]) -> Balls:
    """The balance of independent parts."""
    evidence, elbo, gap = arb(0), arb(0), arb(0)
    for e, b, g in parts:
        evidence, elbo, gap = evidence + e, elbo + b, gap + g
    return evidence, elbo, gap
