"""Equations between laws that the text assumes, as a way to build tables that meet them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from derive.claims import LawEquation, Setting
from derive.terms.nodes import Density, law_factors
from verify.worlds.vocabulary import LawShape, Vocabulary, law_key

Factor = tuple[frozenset[str], frozenset[str]]  # spaces drawn together, spaces given


class ContradictionError(ValueError):
    """Hypotheses that no way is known to meet in a world."""


@dataclass(frozen=True)
class Structure:
    """Which laws factorise by hypothesis, and of which some conditional is another law's."""

    factorised: Mapping[str, tuple[Factor, ...]]
    equated: Mapping[str, tuple[Density, Density]]

    def factors_of(self, key: str, shape: LawShape) -> tuple[Factor, ...]:
        """The chain of conditionals a law's table is the product of."""
        whole: Factor = (frozenset(shape.drawn), frozenset(shape.given))
        return self.factorised.get(key, (whole,))

    @staticmethod
    def of(vocabulary: Vocabulary, setting: Setting) -> Structure:
        factorised: dict[str, tuple[Factor, ...]] = {}
        equated: dict[str, tuple[Density, Density]] = {}
        for hypothesis in setting.hypotheses:
            if isinstance(hypothesis, LawEquation):
                _read(hypothesis, vocabulary, factorised, equated)
        return Structure(factorised, equated)


def _read(
    equation: LawEquation,
    vocabulary: Vocabulary,
    factorised: dict[str, tuple[Factor, ...]],
    equated: dict[str, tuple[Density, Density]],
) -> None:
    left = equation.left
    if not isinstance(left, Density):
        raise ContradictionError("an equation between laws starts from one density")
    key = law_key(left.law)
    parts = [factor for factor in law_factors(equation.right) if isinstance(factor, Density)]
    if all(law_key(part.law) == key for part in parts):
        factorised[key] = _merged(factorised.get(key, ()), left, parts, vocabulary.laws[key])
    elif len(parts) == 1:
        equated[key] = left, parts[0]
    else:
        raise ContradictionError("no way is known to build laws that meet this equation")


def _merged(known: tuple[Factor, ...], left: Density, parts: list[Density], shape: LawShape) -> tuple[Factor, ...]:
    """The conditionals the law is built from, with a new equation taken in.

    A factorisation gives its factors; an independence such as q(z₂|z₁,x) = q(z₂|z₁) gives one factor.  What no factor
    draws is drawn first (if a factor, or the left side, is conditioned on it) or last.
    """
    new = [(_spaces(part.at), _spaces(part.given)) for part in parts]
    old = [factor for factor in known if not any(factor[0] & drawn for drawn, _ in new)]
    factors = [*old, *new]
    drawn = frozenset().union(*(factor[0] for factor in factors))
    needed = _spaces(left.given).union(*(factor[1] for factor in factors))
    rest = frozenset(shape.drawn) - drawn
    first, last = rest & needed, rest - needed
    everything = frozenset(shape.drawn | shape.given)
    if first:
        factors.insert(0, (first, _spaces(left.given) - first - drawn))
    if last:
        factors.append((last, everything - last))
    return tuple(factors)


def _spaces(points: tuple[object, ...]) -> frozenset[str]:
    return frozenset(str(getattr(point, "space", "")) for point in points)
