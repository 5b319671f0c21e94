"""Numbers that decide: equal, less, greater or undecided, always with the evidence and never by a tolerance.

Three ways to an answer, from the cheapest to the most certain:

    finite_chain      floats, many worlds at once, with a proved bound on every rounding error  (chain, rounding)
    posterior_gap     the gap log p − ELBO near the posterior, where subtracting loses all digits  (posterior)
    compare           two `Value`s: an exact zero test, then Arb enclosures at growing precision   (values, compare)

`exact(number)` makes a `Value`; arithmetic on values stays exact for everything that is affine in logarithms of
rationals, γ and log π: log evidence, ELBO, KL divergences and entropies of rational tables.  The unit is the nat.
`decide_bounds` sends many finite worlds through all three (finite).  The float tier loads NumPy when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from verify.decide.compare import compare, sign
from verify.decide.decision import Answer, Decision, Method
from verify.decide.enclosure import Enclosure
from verify.decide.functions import (
    EULER_GAMMA,
    LOG_PI,
    PI,
    digamma,
    log_factorial,
    log_gamma,
    maximum,
    minimum,
    total,
)
from verify.decide.precision import precision
from verify.decide.signs import is_finite, is_zero
from verify.decide.values import (
    INFINITY,
    MINUS_INFINITY,
    ONE,
    ZERO,
    Enclosed,
    Exponential,
    Infinite,
    LogAffine,
    Number,
    Undefined,
    Value,
    exact,
)

if TYPE_CHECKING:
    from verify.decide.chain import ChainBuffers, FiniteChain, certain_sign, certain_total, finite_chain
    from verify.decide.finite import ExactChain, decide_bounds, exact_chain, is_posterior
    from verify.decide.logspace import log_sum_exp
    from verify.decide.posterior import PosteriorGap, posterior_gap

_FLOAT_TIER = {
    "chain": ("ChainBuffers", "FiniteChain", "certain_sign", "certain_total", "finite_chain"),
    "finite": ("ExactChain", "decide_bounds", "exact_chain", "is_posterior"),
    "logspace": ("log_sum_exp",),
    "posterior": ("PosteriorGap", "posterior_gap"),
}


def __getattr__(name: str) -> Any:
    """Load the module of a float-tier name when it is first asked for."""
    for module, names in _FLOAT_TIER.items():
        if name in names:
            return getattr(import_module(f"verify.decide.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "EULER_GAMMA",
    "INFINITY",
    "LOG_PI",
    "MINUS_INFINITY",
    "ONE",
    "PI",
    "ZERO",
    "Answer",
    "ChainBuffers",
    "Decision",
    "Enclosed",
    "Enclosure",
    "ExactChain",
    "Exponential",
    "FiniteChain",
    "Infinite",
    "LogAffine",
    "Method",
    "Number",
    "PosteriorGap",
    "Undefined",
    "Value",
    "certain_sign",
    "certain_total",
    "compare",
    "decide_bounds",
    "digamma",
    "exact",
    "exact_chain",
    "finite_chain",
    "is_finite",
    "is_posterior",
    "is_zero",
    "log_factorial",
    "log_gamma",
    "log_sum_exp",
    "maximum",
    "minimum",
    "posterior_gap",
    "precision",
    "sign",
    "total",
]
