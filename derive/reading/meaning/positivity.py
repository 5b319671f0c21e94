r"""Where the text says that laws are positive.

    "assume q(z|x) > 0", "a law with q(z|x) > 0"          everywhere
    "suppose q(z|x) > 0 wherever p(x, z) > 0"             where another one is
    "a distribution with \sum_z q(z) = 1"                 is said of every law, and says nothing
"""

from __future__ import annotations

import re

from derive.claims import Positive, Support
from derive.reading.meaning.hypotheses import assumes, supposes
from derive.terms.nodes import Density, Integral, Number, Term, is_law, law_factors, law_variables

_SAID = re.compile(
    r"""(?ix)
    \b(?:requir(?:e|es|ing)|needs?|such\s+that|so\s+that|choos(?:e|ing)|as\s+long\s+as|provided|ensur(?:e|es|ing)
      |because|since|as|assum(?:e|es|ing|ption)|suppos(?:e|es|ing))
    (?:\s+(?:that|now|only))*\W*$
    """
)
_DENIED = re.compile(r"(?i)\b(?:not|neither|without|whether|unless|told)\b|[\"“”‘«]")  # denied, or quoted from others
_WHEREVER = re.compile(r"(?ix)\b(?:wherever|whenever|where|when|if|as\s+soon\s+as|with|such\s+that|on\s+the\s+set)\W*$")


def says_positive(lead: str) -> bool:
    """Whether the words before p(z) > 0 make it something that is assumed."""
    words = lead.strip()
    if _DENIED.search(words):
        return False
    return assumes(words) or supposes(words) or _SAID.search(words) is not None


def joins(between: str) -> bool:
    """Whether the words between q > 0 and p > 0 say that the first holds wherever the second does."""
    return _WHEREVER.search(between.strip()) is not None and not re.search(r"[.;!?]", between)


def positivity(term: Term, label: str) -> Positive | None:
    """That the laws of a product of densities are positive."""
    densities = [factor for factor in law_factors(term) if isinstance(factor, Density)]
    if not densities or len(densities) != len(law_factors(term)):
        return None
    return Positive(frozenset(density.law.name for density in densities), label)


def support(term: Term, where: Term, label: str) -> Support | None:
    """That one density is positive wherever another is."""
    is_density = isinstance(term, Density) and isinstance(where, Density)
    return Support(term, where, label) if is_density else None


def is_normalisation(left: Term, right: Term) -> bool:
    """Whether an equation says of a law only that its total mass is one."""
    if right != Number(1) or not isinstance(left, Integral):
        return False
    return is_law(left.body) and set(law_variables(left.body)) == set(left.variables)
