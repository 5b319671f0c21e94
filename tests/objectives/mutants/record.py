"""What a mutant is: a wrong objective, and where it is tested."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any


@dataclass(frozen=True)
class Mutant:
    """One mistake.

    name      of the mistake
    sentence  a part of the sentence that the diagnosis should say; None where it need not find one
    """

    name: str
    sentence: str | None = None


@dataclass(frozen=True)
class Family:
    """A correct objective and its mutants: both functions take bug="" for the correct version.

    name       of the family
    function   the objective
    gradient   its gradient, where it is written by hand
    declared   what check_objective is told
    case       seed ↦ a case of a generic shape
    """

    name: str
    function: Callable[..., Any]
    declared: Mapping[str, Any]
    case: Callable[[int], Any]
    mutants: tuple[Mutant, ...]
    gradient: Callable[..., Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def arguments(self, bug: str) -> tuple[Callable[..., Any], dict[str, Any]]:
        """The objective with this mistake, and the other arguments of check_objective but for the case."""
        gradient = None if self.gradient is None else partial(self.gradient, bug=bug)
        return partial(self.function, bug=bug), {**self.declared, **self.options, "gradient": gradient}
