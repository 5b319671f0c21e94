"""From a derivation to a test of code: a proved line of a document as the reference of `check_objective`.

    elbo = derivation("vae.md").last()
    check_objective(my_loss, case, returns="loss", reduction="mean", reference=elbo.over(case.model))

    errors      why a line cannot serve
    roles       which law and variable of the document is which part of a model
    forms       what the form of a formula says: does it add up over data, is it quadratic in z?
    grids       sums over z for one part of a model
    evaluate    the value of a formula
    conditions  does the model meet what the line was proved under?
    reference   model, q ↦ value
    document    the lines of a document
"""

from verify.objectives.derived.document import LinesOfDerivation, ProvedClaim, derivation
from verify.objectives.derived.errors import (
    ConditionError,
    DerivationError,
    NotProvedError,
    NoValueError,
    RolesError,
)
from verify.objectives.derived.reference import DerivedReference

__all__ = [
    "ConditionError",
    "DerivationError",
    "DerivedReference",
    "LinesOfDerivation",
    "NoValueError",
    "NotProvedError",
    "ProvedClaim",
    "RolesError",
    "derivation",
]
