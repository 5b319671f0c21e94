"""What proofs use beside the rows of the table: steps that are computed, and the ways chains are put together.

The kernel carries these out itself, so they have no pattern to fill; this is their description for readers.  ``ring``,
``definition`` and ``hypothesis`` are cited by steps, the others say how a theorem follows from its chains of steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Inference:
    """One way of the kernel to conclude something.

    name       how proofs cite it
    title      how a lecturer would call it
    statement  what follows from what, as one line of text
    needs      its conditions in words
    """

    name: str
    title: str
    statement: str
    why: str
    reference: str
    needs: tuple[str, ...] = ()


RING = Inference(
    name="ring",
    title="algebra",
    statement="two terms that are equal as polynomials over their parts are equal",
    why="both sides are multiplied out exactly, over the rationals, and have the same monomials",
    reference="the field axioms",
    needs=(
        "a denominator that is cancelled or created is not 0",
        "what a sum is multiplied with is finite",
        "nothing infinite is subtracted from itself",
    ),
)

DEFINITION = Inference(
    name="definition",
    title="by definition",
    statement="a name that the text has defined may be replaced by what it stands for, and back",
    why="the text says so",
    reference="the text",
)

HYPOTHESIS = Inference(
    name="hypothesis",
    title="by hypothesis",
    statement="an equation between laws that the text assumes, at other points and parameters",
    why="the text assumes it for all points",
    reference="the text",
    needs=("no conditional is used at a point where what is given has density 0",),
)

EQUAL = Inference(
    name="equal",
    title="both sides become the same",
    statement="a = m and b = m give a = b",
    why="both sides are rewritten until they are the same term",
    reference="transitivity of equality",
)

ORDER = Inference(
    name="order",
    title="one inequality between equals",
    statement="a = m, m ≥ n and b = n give a ≥ b",
    why="one inequality joins the two sides after both have been rewritten",
    reference="transitivity of the order",
)

COMBINE = Inference(
    name="combine",
    title="what is left out is at least 0",
    statement="a = m + λ₁ g₁ + … with gₖ ≥ 0 and λₖ > 0, and m ≥ b, give a ≥ b",
    why="nothing that is added to m is negative",
    reference="the order of the reals",
)

TURNED = Inference(
    name="turned",
    title="read from right to left",
    statement="a ≥ b gives b ≤ a",
    why="the same statement, read from the other side",
    reference="the order of the reals",
)

FROM_DIFFERENCE = Inference(
    name="from-difference",
    title="by the sign of the difference",
    statement="a − b = 0 gives a = b; a − b ≥ 0 gives a ≥ b",
    why="the difference of the two sides is rewritten until its sign is known",
    reference="the order of the reals",
)

SAME_OPTIMUM = Inference(
    name="same-optimum",
    title="the same optimiser",
    statement="f + λ g = c with λ > 0 and c free of θ gives argmin_θ f = argmax_θ g",
    why="a constant and a positive factor do not change the order of the candidates; a minus sign turns it round",
    reference="Boyd & Vandenberghe 2004, section 4.1.3",
)

OPTIMUM = Inference(
    name="optimum",
    title="it is an optimum",
    statement="θ* = argmax_θ J(θ) gives J(θ*) ≥ J(θ′) for every θ′ (≤ for argmin)",
    why="no other value does better than the best one",
    reference="definition of the maximiser",
)

SUPREMUM = Inference(
    name="supremum",
    title="the bound is reached",
    statement="J(q) ≤ c for every q, and J(q*) = c for one q*, give sup_q J(q) = c; J(q) ≥ c likewise inf_q J(q) = c",
    why="no q exceeds the bound, and one reaches it",
    reference="definition of the supremum",
    needs=("the q* that reaches the bound belongs to the class over which the supremum is taken",),
)

INFERENCES: Mapping[str, Inference] = MappingProxyType(
    {
        row.name: row
        for row in (
            RING, DEFINITION, HYPOTHESIS, EQUAL, ORDER, COMBINE, TURNED, FROM_DIFFERENCE, SAME_OPTIMUM, OPTIMUM,
            SUPREMUM,
        )
    }
)  # fmt: skip
