"""Integrals beside one another put under one integral sign.

    c · ∫ f           as ∫ c·f
    c + ∫ q·f         as ∫ q·(c + f), where q is a law of the integration variables
    ∫ f + ∫ g         as ∫ (f + g)
    ∫ w·(∫ f)         as ∫∫ w·f
    ∫ q(y)·f + ∫∫ q(y, z)·g   as ∫∫ q(y, z)·(f + g), one variable at a time
    ∫ q(y)·f + ∫∫ q(y)·r(z)·g   as ∫∫ q(y)·r(z)·(f + g)

Each of these only enlarges the domain of definition.
"""

from __future__ import annotations

from sympy import Tuple

from derive.engine.chain import Chain, positions
from derive.site import Path
from derive.terms.binding import fingerprint, free_names, substitute
from derive.terms.meaning import is_finite, is_nonnegative
from derive.terms.nodes import Density, Integral, Number, Plus, Term, Times, is_law, law_variables


def gather_once(chain: Chain) -> bool:
    for path, part in positions(chain.term):
        if isinstance(part, Plus | Times):
            for tactic in (_factors_in, _constants_in, _widen, _nest, _merge, _factor_inwards, _lift):
                if chain.attempt(lambda c, t=tactic, path=path, part=part: t(c, path, part)):  # type: ignore[misc]
                    return True
    return False


class _NothingToDoError(ValueError):
    """The tactic does not apply here."""


def _factors_in(chain: Chain, path: Path, part: Term) -> None:
    """c · ∫ f as ∫ c·f, next to other integrals or constants."""
    if not isinstance(part, Times) or not _beside_others(chain, path):
        raise _NothingToDoError
    inner = [f for f in part.terms if isinstance(f, Integral)]
    outer = [f for f in part.terms if not isinstance(f, Integral)]
    if len(inner) != 1 or not outer:
        raise _NothingToDoError
    factor = outer[0] if len(outer) == 1 else Times(*outer)
    if not is_finite(factor) and not is_nonnegative(inner[0].body):
        raise _NothingToDoError
    integral = _renamed_apart(inner[0], factor)
    rule, hole = ("constant-weight", "a") if is_nonnegative(integral.body) else ("constant-factor", "f")
    chain.apply(rule, path, {"c": factor, hole: integral.body, "Z": Tuple(*integral.variables)})


def _beside_others(chain: Chain, path: Path) -> bool:
    return bool(path) and isinstance(chain.at(path[:-1]), Plus)


def _constants_in(chain: Chain, path: Path, part: Term) -> None:
    """c + ∫ q·f as ∫ q·(c + f), where q is a law of the integration variables."""
    if not isinstance(part, Plus):
        raise _NothingToDoError
    constants = [i for i, t in enumerate(part.terms) if not _integrals(t)]
    for i, term in enumerate(part.terms):
        if not constants or not isinstance(term, Integral):
            continue
        constant = _plus([part.terms[j] for j in constants])
        integral = _renamed_apart(term, constant)
        law, rest = _law_weight(integral)
        if law is not None:
            places = (*constants, i)
            below: Path = () if len(places) == len(part.terms) else (places,)
            holes = {"c": constant, "q": law, "f": rest, "Z": Tuple(*integral.variables)}
            chain.apply("constant-into-mean", (*path, *below), holes)
            return
    raise _NothingToDoError


def _law_weight(integral: Integral) -> tuple[Term | None, Term]:
    """The factors of an integrand that form a law of exactly the integration variables, and the rest."""
    if not isinstance(integral.body, Times):
        return None, integral.body
    for factor in integral.body.terms:
        if set(law_variables(factor)) == set(integral.variables):
            rest = [f for f in integral.body.terms if f is not factor]
            return factor, rest[0] if len(rest) == 1 else Times(*rest)
    return None, integral.body


def _merge(chain: Chain, path: Path, part: Term) -> None:
    """∫f + ∫g over the same spaces as ∫(f + g)."""
    if not isinstance(part, Plus):
        raise _NothingToDoError
    found = [(i, t) for i, t in enumerate(part.terms) if isinstance(t, Integral)]
    for n, (i, first) in enumerate(found):
        for j, second in found[n + 1 :]:
            if spaces_of(first) == spaces_of(second):
                _add(chain, path, i, j)
                return
    raise _NothingToDoError


def _add(chain: Chain, path: Path, i: int, j: int) -> None:
    """Two integrals of the sum at a path, over the same spaces, as one."""
    whole = chain.at(path)
    first, second = whole.args[i], whole.args[j]
    assert isinstance(first, Integral)
    assert isinstance(second, Integral)
    holes = {"f": first.body, "g": with_variables_of(second, first), "Z": Tuple(*first.variables)}
    below: Path = () if len(whole.args) == 2 else ((i, j),)
    chain.apply("linearity", (*path, *below), holes)


def _factor_inwards(chain: Chain, path: Path, part: Term) -> None:
    """∫ w·(∫ f) as ∫∫ w·f, where f may have either sign: nested averages get one common weight."""
    if not isinstance(part, Times) or not path or not isinstance(chain.at(path[:-1]), Integral):
        raise _NothingToDoError
    inner = [f for f in part.terms if isinstance(f, Integral)]
    outer = [f for f in part.terms if not isinstance(f, Integral)]
    if len(inner) != 1 or not outer or is_nonnegative(inner[0].body) or not all(map(is_finite, outer)):
        raise _NothingToDoError
    factor = outer[0] if len(outer) == 1 else Times(*outer)
    integral = _renamed_apart(inner[0], factor)
    chain.apply("constant-factor", path, {"c": factor, "f": integral.body, "Z": Tuple(*integral.variables)})


def _widen(chain: Chain, path: Path, part: Term) -> None:
    """∫ q(y)·f dy beside ∫∫ q(y, z)·g: the weight q(y) as ∫ q(y, z) dz, and both integrals over y and z."""
    if not isinstance(part, Plus):
        raise _NothingToDoError
    integrals = [(i, t) for i, t in enumerate(part.terms) if isinstance(t, Integral)]
    for i, small in integrals:
        for j, large in integrals:
            if set(spaces_of(small)) < set(spaces_of(large)):
                weight, others = _marginal_of_joint(small, large), _independent_of(small, large)
                if weight is not None:
                    _widen_integral(chain, (*path, i), small, weight, large)
                elif others is not None:
                    _widen_by(chain, (*path, i), small, others)
                else:
                    continue
                _add(chain, path, i, j)
                return
    raise _NothingToDoError


def _marginal_of_joint(small: Integral, large: Integral) -> Density | None:
    """The factor of the smaller integrand that is a marginal of a density of all the larger one's variables.

    Both may draw further variables, which are integrated outside.
    """
    factors = small.body.terms if isinstance(small.body, Times) else (small.body,)
    theirs = set(spaces_of(large))
    for joint in large.body.atoms(Density):
        outside = {v for v in joint.at if v.space not in theirs}
        if len(joint.at) == len(outside) + len(theirs):
            for factor in factors:
                if (
                    isinstance(factor, Density)
                    and (factor.law, set(factor.given)) == (joint.law, set(joint.given))
                    and set(factor.at) == {*small.variables, *outside}
                ):
                    return factor
    return None


def _widen_integral(chain: Chain, at: Path, small: Integral, weight: Density, large: Integral) -> None:
    extra = [v for v in large.variables if v.space not in spaces_of(small)]
    fresh = [v if v not in free_names(small) else type(v)(v.name + "'", v.space) for v in extra]
    z = Tuple(*fresh)
    body = small.body
    holes = {"p": weight.law, "A": Tuple(*weight.at), "B": Tuple(*weight.given), "Z": z}
    joint = Density(weight.law, (*weight.at, *fresh), weight.given)
    if not isinstance(body, Times):
        raise _NothingToDoError
    rest = [f for f in body.terms if f is not weight]
    chain.apply("marginalise", (*at, 0, body.terms.index(weight)), holes, backwards=True)
    f = rest[0] if len(rest) == 1 else Times(*rest)
    chain.ring((*at, 0), Times(Integral(joint, *fresh), f))
    holes = {"a": joint, "f": f, "Y": Tuple(*small.variables), "Z": z}
    chain.apply("inner-weight", at, holes, backwards=True)


def _independent_of(small: Integral, large: Integral) -> Term | None:
    """r(y) where the larger integrand's weight is q(z)·r(y), with the smaller one's q(z)."""
    if not isinstance(small.body, Times) or not isinstance(large.body, Times):
        return None
    mine = [fingerprint(f) for f in small.body.terms if isinstance(f, Density)]
    names = {v: w for v in large.variables for w in small.variables if v.space == w.space}
    weights = [substitute(f, names) for f in large.body.terms if isinstance(f, Density)]
    others = [f for f in weights if fingerprint(f) not in mine]
    extra = {v for v in large.variables if v.space not in spaces_of(small)}
    law = None if not others else others[0] if len(others) == 1 else Times(*others)
    if law is None or not mine or len(others) + len(mine) != len(weights) or not is_law(law):
        return None
    return law if set(law_variables(law)) == extra and not free_names(small.body) & extra else None


def _widen_by(chain: Chain, at: Path, small: Integral, law: Term) -> None:
    """∫ f dz as ∫ r(y)·f d(y, z)."""
    z, body = Tuple(*law_variables(law)), small.body
    chain.ring((*at, 0), Times(Number(1), body))
    chain.apply("normalise", (*at, 0, 0), {"q": law, "Z": z}, backwards=True)
    chain.apply("inner-weight", at, {"a": law, "f": body, "Y": Tuple(*small.variables), "Z": z}, backwards=True)


def _nest(chain: Chain, path: Path, part: Term) -> None:
    """∫∫ g d(y, z) beside ∫ f dy: the larger integral is taken one variable at a time, y outside."""
    if not isinstance(part, Plus):
        raise _NothingToDoError
    integrals = [(i, t) for i, t in enumerate(part.terms) if isinstance(t, Integral)]
    for _, small in integrals:
        for j, large in integrals:
            if set(spaces_of(small)) < set(spaces_of(large)):
                nest(chain, (*path, j), spaces_of(small))
                return
    raise _NothingToDoError


def nest(chain: Chain, path: Path, outside: list[str]) -> None:
    """The integral at a path as two, the given spaces outside."""
    integral = chain.at(path)
    assert isinstance(integral, Integral)
    outer = [v for v in integral.variables if v.space in outside]
    inner = [v for v in integral.variables if v.space not in outside]
    chain.apply("iterate", path, {"f": integral.body, "Y": Tuple(*outer), "Z": Tuple(*inner)})


def _lift(chain: Chain, path: Path, part: Term) -> None:
    """q(y)·f + ∫ q(y, z)·g dz as ∫ (q(y, z)·f + q(y, z)·g) dz: the weight is the integral of the joint weight."""
    if not isinstance(part, Plus):
        raise _NothingToDoError
    for j, integral in enumerate(part.terms):
        if not isinstance(integral, Integral):
            continue
        for i, term in enumerate(part.terms):
            weight = None if isinstance(term, Integral) else _marginal_weight(term, integral)
            if weight is not None:
                _lift_term(chain, path, i, weight, integral)
                _add(chain, path, i, j)
                return
    raise _NothingToDoError


def _marginal_weight(term: Term, integral: Integral) -> Density | None:
    """The factor of a term that is the marginal of a joint density under the integral."""
    factors = term.terms if isinstance(term, Times) else (term,)
    spaces = set(spaces_of(integral))
    for joint in integral.body.atoms(Density):
        for factor in factors:
            if isinstance(factor, Density) and factor.law == joint.law and set(factor.given) == set(joint.given):
                rest = {v for v in joint.at if v.space not in spaces}
                if set(factor.at) == rest and len(joint.at) == len(rest) + len(spaces):
                    return factor
    return None


def _lift_term(chain: Chain, path: Path, i: int, weight: Density, integral: Integral) -> None:
    term = chain.at((*path, i))
    extra = _renamed_apart(integral, term).variables
    z = Tuple(*extra)
    at = (*path, i) if term == weight else (*path, i, term.args.index(weight))
    holes = {"p": weight.law, "A": Tuple(*weight.at), "B": Tuple(*weight.given), "Z": z}
    chain.apply("marginalise", at, holes, backwards=True)
    if isinstance(term, Times):
        rest = [f for f in term.terms if f != weight]
        factor = rest[0] if len(rest) == 1 else Times(*rest)
        inner = Density(weight.law, (*weight.at, *extra), weight.given)
        chain.apply("constant-weight", (*path, i), {"c": factor, "a": inner, "Z": z})


def spaces_of(integral: Integral) -> list[str]:
    return sorted(v.space for v in integral.variables)


def with_variables_of(integral: Integral, model: Integral) -> Term:
    """The integrand, in the names of another integral's variables (matched by space)."""
    mine = sorted(integral.variables, key=lambda v: (v.space, v.name))
    theirs = sorted(model.variables, key=lambda v: (v.space, v.name))
    return substitute(integral.body, dict(zip(mine, theirs, strict=True)))


def _renamed_apart(integral: Integral, outside: Term) -> Integral:
    """The integral with bound names that do not occur in what stands outside."""
    clash = free_names(outside) & set(integral.variables)
    if not clash:
        return integral
    fresh = {v: type(v)(v.name + "'", v.space) for v in integral.variables if v in clash}
    return Integral(substitute(integral.body, fresh), *(fresh.get(v, v) for v in integral.variables))


def _integrals(term: Term) -> bool:
    if isinstance(term, Integral):
        return True
    return isinstance(term, Times) and any(isinstance(f, Integral) for f in term.terms)


def _plus(terms: list[Term]) -> Term:
    return terms[0] if len(terms) == 1 else Plus(*terms)
