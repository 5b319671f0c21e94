"""The table of rules.

rule            what a row is
pattern         terms with holes
algebra         the one rule that is computed instead of matched: ring
densities       marginals, conditionals, normalisation, multiply and divide
logarithms      log and exp
expectations    expectations, divergences, integrals
convexity       the inequalities, each with its equality case
optimisation    what may be done to an objective
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from derive.rules import convexity, densities, expectations, logarithms
from derive.rules.rule import Rule

TABLE: Mapping[str, Rule] = MappingProxyType(
    {rule.name: rule for theme in (densities, logarithms, expectations, convexity) for rule in theme.RULES}
)
