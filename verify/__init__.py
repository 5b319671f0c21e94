"""Whether it survives being tried: worlds, decisions, counterexamples, models, objectives, reports.

    from verify import check_derivation, check_file, check_objective, models, strategies

The names below are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verify.derivations import check_derivation
    from verify.documents import check_file, check_text
    from verify.objectives import ObjectiveError, check_objective
    from verify.objectives.derived import derivation

_MODULES = {
    "ObjectiveError": "verify.objectives",
    "check_derivation": "verify.derivations",
    "check_file": "verify.documents",
    "check_objective": "verify.objectives",
    "check_text": "verify.documents",
    "derivation": "verify.objectives.derived",
}

__all__ = ["ObjectiveError", "check_derivation", "check_file", "check_objective", "check_text", "derivation"]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
