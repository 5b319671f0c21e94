"""What is claimed, and why it holds: terms, rules, the kernel, the engine, reading and writing.

    from derive import Derivation, E, KL, integral, laws, log, variables

The names below are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from derive.claims import Curvature, LawEquation, Positive
    from derive.derivation import Derivation
    from derive.terms.nodes import Function, Law, Parameter, Variable
    from derive.terms.notation import (
        KL,
        E,
        H,
        argmax,
        argmin,
        exp,
        inf,
        integral,
        laws,
        log,
        parameters,
        sqrt,
        sup,
        variables,
    )

_CLAIMS, _NODES, _NOTATION = "derive.claims", "derive.terms.nodes", "derive.terms.notation"
_MODULES = {
    "Derivation": "derive.derivation",
    **dict.fromkeys(("Bounds", "Curvature", "LawEquation", "Positive"), _CLAIMS),
    **dict.fromkeys(("Function", "Law", "Parameter", "Variable"), _NODES),
    **dict.fromkeys(("E", "H", "KL", "argmax", "argmin", "exp", "inf", "integral", "laws", "log"), _NOTATION),
    **dict.fromkeys(("parameters", "sqrt", "sup", "variables"), _NOTATION),
}

__all__ = [
    "KL",
    "Bounds",
    "Curvature",
    "Derivation",
    "E",
    "Function",
    "H",
    "Law",
    "LawEquation",
    "Parameter",
    "Positive",
    "Variable",
    "argmax",
    "argmin",
    "exp",
    "inf",
    "integral",
    "laws",
    "log",
    "parameters",
    "sqrt",
    "sup",
    "variables",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
