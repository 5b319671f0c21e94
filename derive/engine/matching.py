"""Where a rule applies, and with what in its holes.

Each function looks at one part of a term and answers with a Use of a rule right there (or one argument below), or None.
They only propose: a use that does not fit is refused by the kernel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from sympy import Basic, Tuple

from derive.claims import LawEquation, Setting
from derive.engine.collecting import monomial_parts, write_quotient
from derive.site import Path
from derive.terms.binding import fingerprint, free_names, same, substitute
from derive.terms.meaning import is_finite, is_nonnegative
from derive.terms.nodes import (
    Density,
    Divergence,
    Entropy,
    Exp,
    Expectation,
    Integral,
    Log,
    Named,
    Number,
    Plus,
    Power,
    Quotient,
    Term,
    Times,
    law_factors,
    law_variables,
)

Spaces = Mapping[str, frozenset[str]]  # of each law: those it draws, or those it is given throughout


@dataclass(frozen=True)
class Use:
    """A rule, where (below the part looked at) and with what; ``new`` instead for ring."""

    rule: str
    substitution: Mapping[str, Basic]
    below: Path = ()
    backwards: bool = False
    new: Term | None = None
    joining: bool = False  # of the factors of a joint density, the inverse of what is done in a log


# ---------------------------------------------------------------- definitions


def name(term: Term, setting: Setting) -> Use | None:
    if isinstance(term, Named) and term.name in setting.definitions:
        return Use("definition", {"name": term})
    return None


def divergence(term: Term) -> Use | None:
    if not isinstance(term, Divergence):
        return None
    return Use("kl-definition", {"q": term.left, "r": term.right, "Z": Tuple(*law_variables(term.left))})


def entropy(term: Term) -> Use | None:
    if not isinstance(term, Entropy):
        return None
    return Use("entropy-definition", {"q": term.law, "Z": Tuple(*law_variables(term.law))})


def expectation(term: Term) -> Use | None:
    if not isinstance(term, Expectation):
        return None
    holes = {"q": term.law, "Z": Tuple(*law_variables(term.law)), "f": term.body}
    return Use("expectation-definition", holes)


# ---------------------------------------------------------------- logarithms


def logarithm(term: Term) -> Use | None:
    """log of a quotient, product, power, exp or 1, taken apart."""
    if isinstance(term, Exp) and isinstance(term.argument, Log):
        return Use("exp-log", {"a": term.argument.argument}) if is_nonnegative(term.argument.argument) else None
    if not isinstance(term, Log):
        return None
    match term.argument:
        case Quotient() as quotient:
            return Use("log-quotient", {"a": quotient.numerator, "b": quotient.denominator})
        case Times() as product:
            first, *rest = product.terms
            return Use("log-product", {"a": first, "b": rest[0] if len(rest) == 1 else Times(*rest)})
        case Power() as power:
            return Use("log-power", {"a": power.base, "c": power.exponent})
        case Exp() as inner:
            return Use("log-exp", {"f": inner.argument})
        case Number() as number if number.value == 1:
            return Use("log-one", {})
        case _:
            return None


def log_of_conditional(term: Term, drawn: Spaces, given: Spaces) -> Use | None:
    """log p(z | x), where p also draws x: written with the joint."""
    use = conditional(term.argument, drawn, given) if isinstance(term, Log) else None
    return None if use is None else replace(use, below=(0,))


def conditional(density: Term, drawn: Spaces, given: Spaces) -> Use | None:
    """p(z | x), where p also draws x, as joint over marginal.

    A density that leaves out something its law is given throughout stays as it is: it is there by independence, and
    the marginal would be one that nobody has.
    """
    if not isinstance(density, Density):
        return None
    law = density.law.name
    if given.get(law, frozenset()) - {v.space for v in density.points}:
        return None
    before = [v for v in density.given if v.space in drawn.get(law, frozenset())]
    if not before:
        return None
    rest = [v for v in density.given if v not in before]
    holes = {"p": density.law, "A": Tuple(*density.at), "B": Tuple(*before), "C": Tuple(*rest)}
    return Use("conditional", holes)


# ---------------------------------------------------------------- hypotheses


def hypothesis_in_log(term: Term, setting: Setting) -> Use | None:
    """log of a density that the text factorises: the product of its factors inside."""
    if not isinstance(term, Log) or not isinstance(term.argument, Density):
        return None
    use = _hypothesis_at(term.argument, setting, single=False)
    return None if use is None else replace(use, below=(0,))


def independence(term: Term, setting: Setting) -> Use | None:
    """q(z₂|z₁,x) where the text says that it is q(z₂|z₁)."""
    return _hypothesis_at(term, setting, single=True) if isinstance(term, Density) else None


def _hypothesis_at(density: Density, setting: Setting, single: bool) -> Use | None:
    for number, equation in enumerate(_equations(setting)):
        left = equation.left
        if isinstance(left, Density) and isinstance(equation.right, Density) == single:
            renaming = _renaming([(left, density)])
            if renaming is not None:
                return Use("hypothesis", {"number": Number(number), "renaming": renaming})
    return None


def joint_as_assumed(term: Term, setting: Setting) -> Use | None:
    """A joint density that the text factorises, as the product of its factors."""
    return _hypothesis_at(term, setting, single=False) if isinstance(term, Density) else None


def factors_of(term: Term, setting: Setting) -> tuple[Term, ...]:
    """The densities whose product a density is by hypothesis; any other term alone."""
    use = joint_as_assumed(term, setting)
    if use is None:
        return (term,)
    equation = _equations(setting)[int(cast(Number, use.substitution["number"]).value)]
    names = {pair.args[0]: pair.args[1] for pair in use.substitution["renaming"].args}
    return law_factors(substitute(equation.right, names))


def factorised(term: Term, setting: Setting) -> Use | None:
    """A product of densities that the text says is a joint density."""
    if not isinstance(term, Times):
        return None
    for number, equation in enumerate(_equations(setting)):
        factors = [f for f in law_factors(equation.right) if isinstance(f, Density)]
        if len(factors) < 2:
            continue
        places = _places_of(factors, term)
        renaming = (
            None if places is None else _renaming([(f, term.terms[i]) for f, i in zip(factors, places, strict=True)])
        )
        if places is not None and renaming is not None:
            holes = {"number": Number(number), "renaming": renaming}
            below: Path = () if len(places) == len(term.terms) else (tuple(places),)
            return Use("hypothesis", holes, below, backwards=True, joining=True)
    return None


def _equations(setting: Setting) -> list[LawEquation]:
    return [h for h in setting.hypotheses if isinstance(h, LawEquation)]


def _places_of(factors: list[Density], product: Times) -> list[int] | None:
    """Which factors of a product have the shapes of the given densities."""
    places: list[int] = []
    for factor in factors:
        found = next((i for i, f in enumerate(product.terms) if i not in places and _same_shape(factor, f)), None)
        if found is None:
            return None
        places.append(found)
    return places


def _same_shape(model: Density, term: Term) -> bool:
    return (
        isinstance(term, Density)
        and term.law.name == model.law.name
        and [v.space for v in term.at] == [v.space for v in model.at]
        and [v.space for v in term.given] == [v.space for v in model.given]
    )


def _renaming(pairs: list[tuple[Density, Term]]) -> Tuple | None:
    """What is put in for the names of the equation, or None where the pairs do not agree."""
    names: dict[Basic, Basic] = {}
    for model, term in pairs:
        if not isinstance(term, Density) or not _same_shape(model, term):
            return None
        if len(model.law.parameters) != len(term.law.parameters):
            return None
        matched = [
            *zip(model.points, term.points, strict=True),
            *zip(model.law.parameters, term.law.parameters, strict=True),
        ]
        for old, new in matched:
            if names.setdefault(old, new) != new:
                return None
    return Tuple(*(Tuple(old, new) for old, new in names.items()))


# ---------------------------------------------------------------- products of densities


def product_rule(term: Term) -> Use | None:
    """p(a | b, c) · p(b | c) as one density."""
    if not isinstance(term, Times):
        return None
    densities = [(i, f) for i, f in enumerate(term.terms) if isinstance(f, Density)]
    for i, first in densities:
        for j, second in densities:
            if i != j and _chains(first, second):
                holes = {
                    "p": first.law,
                    "A": Tuple(*first.at),
                    "B": Tuple(*second.at),
                    "C": Tuple(*second.given),
                }
                return Use("product-rule", holes, below=() if len(term.terms) == 2 else ((i, j),))
    return None


def _chains(first: Density, second: Density) -> bool:
    same_law = fingerprint(first.law) == fingerprint(second.law)
    return same_law and set(first.given) == set(second.points) and not set(first.at) & set(second.points)


def multiply_divide(term: Term) -> Use | None:
    """q · (a / q)."""
    if not isinstance(term, Times):
        return None
    for i, factor in enumerate(term.terms):
        for j, quotient in enumerate(term.terms):
            if (
                isinstance(quotient, Quotient)
                and i != j
                and is_nonnegative(factor)
                and same(quotient.denominator, factor)
            ):
                holes = {"q": factor, "a": quotient.numerator}
                return Use("multiply-divide", holes, below=() if len(term.terms) == 2 else ((i, j),))
    return None


def distribute(term: Term) -> Use | None:
    """q · (a/q + b) as q · (a/q) + q·b, so that q can be cancelled."""
    if not isinstance(term, Times):
        return None
    for i, factor in enumerate(term.terms):
        others = [other for j, other in enumerate(term.terms) if j != i]
        if not isinstance(factor, Plus) or not all(is_finite(other) for other in others):
            continue
        divided = [part for part in factor.terms if isinstance(part, Quotient) and _divides(part.denominator, others)]
        if divided:
            rest = [part for part in factor.terms if not any(part is one for one in divided)]
            return Use("ring", {}, new=Plus(*(_times([*others, part]) for part in [*divided, *rest])))
    return None


def _divides(denominator: Term, factors: list[Term]) -> bool:
    return is_nonnegative(denominator) and any(same(denominator, factor) for factor in factors)


def cancel(term: Term) -> Use | None:
    """A product of quotients with a factor above and below: cancelled by ring."""
    if not isinstance(term, Times | Quotient):
        return None
    above, below = monomial_parts(term)
    if not below:
        return None
    left, right = list(above), []
    for factor in below:
        match = next((f for f in left if same(f, factor)), None)
        if match is None:
            right.append(factor)
        else:
            left.remove(match)
    if len(right) == len(below):
        return None
    return Use("ring", {}, new=write_quotient([f for f in left if f != Number(1)], right))


# ---------------------------------------------------------------- integrals


def marginal(term: Term) -> Use | None:
    """∫ p(a, z | b) dz, and ∫ q = 1."""
    if not isinstance(term, Integral):
        return None
    z = Tuple(*term.variables)
    body = term.body
    if body == Number(0):
        return Use("integral-of-zero", {"Z": z})
    if set(law_variables(body)) == set(z):
        return Use("normalise", {"q": body, "Z": z})
    if isinstance(body, Density) and set(z) <= set(body.at):
        rest = [v for v in body.at if v not in z]
        return Use("marginalise", {"p": body.law, "A": Tuple(*rest), "B": Tuple(*body.given), "Z": z})
    return None


def split(term: Term) -> Use | None:
    """∫ (c·q + f) with q a law of the integration variables: its integral is finite, so it may stand apart."""
    if not isinstance(term, Integral) or not isinstance(term.body, Plus):
        return None
    z = set(term.variables)
    for i, part in enumerate(term.body.terms):
        factors = [f for f in (part.terms if isinstance(part, Times) else (part,)) if not isinstance(f, Number)]
        rest = [other for j, other in enumerate(term.body.terms) if j != i]
        if len(factors) == 1 and set(law_variables(factors[0])) == z and rest:
            holes = {"f": part, "g": rest[0] if len(rest) == 1 else Plus(*rest), "Z": Tuple(*term.variables)}
            return Use("linearity", holes, backwards=True)
    return None


def constant_out(term: Term) -> Use | None:
    """∫ c·a dz with c free of z, and a density left: c stands outside."""
    if not isinstance(term, Integral) or not isinstance(term.body, Times):
        return None
    bound = set(term.variables)
    inside = [f for f in term.body.terms if free_names(f) & bound]
    outside = [f for f in term.body.terms if not free_names(f) & bound]
    if not outside or not inside or not all(is_nonnegative(f) for f in inside):
        return None
    holes = {"c": _times(outside), "a": _times(inside), "Z": Tuple(*term.variables)}
    return Use("constant-weight", holes, backwards=True)


def integrate_out(term: Term) -> Use | None:
    """∫ d(y, z) of p(y, z | …)·f(y): the variables that only one density mentions go first."""
    if not isinstance(term, Integral) or not isinstance(term.body, Times):
        return None
    for density in term.body.terms:
        if not isinstance(density, Density):
            continue
        others = frozenset[Basic]().union(*(free_names(f) for f in term.body.terms if f is not density))
        alone = [v for v in term.variables if v in density.at and v not in others]
        rest = [v for v in term.variables if v not in alone]
        if alone and rest:
            return Use("iterate", {"f": term.body, "Y": Tuple(*rest), "Z": Tuple(*alone)})
    return None


def nested(term: Term) -> Use | None:
    """∫ (∫ f dz) dy as one integral, which f must allow."""
    if not isinstance(term, Integral) or not isinstance(term.body, Integral):
        return None
    inner = term.body
    holes = {"f": inner.body, "Y": Tuple(*term.variables), "Z": Tuple(*inner.variables)}
    return Use("iterate", holes, backwards=True)


def _times(factors: list[Term]) -> Term:
    return factors[0] if len(factors) == 1 else Times(*factors)
