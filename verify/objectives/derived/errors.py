"""Why a line of a derivation cannot serve as a reference."""

from __future__ import annotations


class DerivationError(ValueError):
    """A line of a derivation cannot be compared with code; the message says why and what to do."""


class NotProvedError(DerivationError):
    """The line is refuted, undecided, assumed or could not be read: nothing is compared with it."""


class RolesError(DerivationError):
    """Which law or variable of the document is which of the model's is open; the message lists the choices."""


class ConditionError(DerivationError):
    """A condition or hypothesis under which the line was proved does not hold in the model at hand."""


class NoValueError(DerivationError):
    """The formula has no value over this model, or none that can be computed accurately."""
