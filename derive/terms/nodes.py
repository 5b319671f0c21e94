"""The nodes a formula is made of.

Every node is a frozen ``sympy.Basic`` that never evaluates: ``q * (p / q)`` stays what the author wrote, because the
condition q > 0 lives exactly in that quotient.  (A SymPy ``Expr`` would cancel it at construction.)

    Variable, Law, Density      points of measured spaces, families of laws, p(x, z | y)
    Number, Parameter, Function numbers, real parameters, functions the text leaves abstract
    Plus … Exp                  arithmetic
    Integral                    ∫ · dz or Σ_z, against the base measure of the variable's space
    Expectation, Divergence, Entropy
    Extremum, ArgExtremum       sup, max, argmax … over parameters or laws
    Named                       a name the text has defined: L(θ), J_θ(q)

What a term means, zeros and infinities included, is written in ``meaning.py``'s docstring and nowhere else.
"""

from __future__ import annotations

from derive.terms.base import (
    Exp,
    Function,
    Log,
    Node,
    Number,
    Parameter,
    Plus,
    Power,
    Quotient,
    Scalar,
    Term,
    Times,
    as_term,
    negative,
)
from derive.terms.binders import (
    ArgExtremum,
    Binder,
    Divergence,
    Entropy,
    Expectation,
    Extremum,
    Integral,
    Named,
)
from derive.terms.laws import (
    Density,
    Given,
    Law,
    LawTerm,
    Variable,
    is_law,
    law_factors,
    law_variables,
    point_order,
)

__all__ = [
    "ArgExtremum",
    "Binder",
    "Density",
    "Divergence",
    "Entropy",
    "Exp",
    "Expectation",
    "Extremum",
    "Function",
    "Given",
    "Integral",
    "Law",
    "LawTerm",
    "Log",
    "Named",
    "Node",
    "Number",
    "Parameter",
    "Plus",
    "Power",
    "Quotient",
    "Scalar",
    "Term",
    "Times",
    "Variable",
    "as_term",
    "is_law",
    "law_factors",
    "law_variables",
    "negative",
    "point_order",
]
