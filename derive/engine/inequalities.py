"""One inequality between two sides.

jensen          f(E[t]) against E[f(t)], for a function that is concave or convex
bound           log ∫ g ≥ E_q[log(g/q)]: the small side tells q and g
dropped         a multiple of KL left out of a side that is otherwise equal to the other
combined        gaps left out of a side, and the rest compared with the other by one of these
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import cast

from sympy import Basic, Tuple

from derive.claims import Setting
from derive.engine.chain import Chain, positions
from derive.engine.collecting import Collected, collect
from derive.engine.equality import open_conditions, prove_equality
from derive.engine.exponents import exponential
from derive.engine.gaps import combined, dropped, mean_of_divergence
from derive.engine.joining import bridge, from_large, inequality_step
from derive.engine.matching import Spaces
from derive.engine.simplify import Effort, simplify
from derive.engine.values import by_optimality
from derive.kernel import Theorem, from_difference, turned
from derive.rules import TABLE
from derive.rules.pattern import Lambda, is_constant
from derive.site import Path, site
from derive.steps import Step, instance
from derive.terms.binding import fingerprint, free_names, same
from derive.terms.meaning import is_nonnegative
from derive.terms.nodes import (
    Density,
    Divergence,
    Expectation,
    Function,
    Integral,
    Log,
    Number,
    Parameter,
    Plus,
    Power,
    Quotient,
    Term,
    Times,
    Variable,
    is_law,
    law_variables,
    negative,
)


def prove_at_least(large: Term, small: Term, setting: Setting, drawn: Spaces) -> Theorem | None:
    """⊢ large ≥ small, with as few open conditions as can be, or None."""
    if same(setting.unfold_all(large), setting.unfold_all(small)):
        return prove_equality(large, small, setting, drawn)
    theorem = _by_one(large, small, setting, drawn)
    if theorem is not None and not open_conditions(theorem):
        return theorem
    others = combined(large, small, setting, lambda one, other: _by_one(one, other, setting, drawn))
    found = (theorem, next(others, None) or next(by_optimality(large, small, setting, drawn), None))
    return min((t for t in found if t is not None), key=open_conditions, default=None)


def _by_one(large: Term, small: Term, setting: Setting, drawn: Spaces) -> Theorem | None:
    """⊢ large ≥ small by one inequality, or none."""
    best = None
    for theorem in _theorems(large, small, setting, drawn):
        if best is None or open_conditions(theorem) < open_conditions(best):
            best = theorem
        if not open_conditions(best):
            break
    return best or prove_equality(large, small, setting, drawn)


def _theorems(large: Term, small: Term, setting: Setting, drawn: Spaces) -> Iterator[Theorem]:
    for tactic in TACTICS:
        yield from _by(tactic, large, small, setting, drawn)
    less, more = Plus(small, negative(large)), Plus(large, negative(small))
    for effort in EFFORTS:
        for theorem in _by(partial(_bound, effort=effort), Number(0), less, setting, drawn, effort):
            yield turned(from_difference(small, large, turned(theorem)))
        if same(small, Number(0)):
            yield from _by(partial(_divergence, effort=effort), large, small, setting, drawn, effort)
        for tactic in (partial(_divergence, effort=effort), _scalar):
            for theorem in _by(tactic, more, Number(0), setting, drawn, effort):
                yield from_difference(large, small, theorem)


EFFORTS: tuple[Effort, ...] = ("usual", "swapping")
Tactic = Callable[[Term, Term, Setting, Spaces], Iterator[Step]]


def _by(
    tactic: Tactic, large: Term, small: Term, setting: Setting, drawn: Spaces, effort: Effort = "usual"
) -> Iterator[Theorem]:
    for inequality in tactic(large, small, setting, drawn):
        theorem = bridge(large, inequality, small, setting, drawn, effort)
        if theorem is not None:
            yield theorem


# ---------------------------------------------------------------- Jensen


def _jensen(large: Term, small: Term, setting: Setting, drawn: Spaces) -> Iterator[Step]:
    del drawn
    large, small = setting.unfold_all(large), setting.unfold_all(small)
    for path, part in positions(large):
        yield from _function_of_mean(large, path, part, "jensen-concave")
    for path, part in positions(small):
        yield from map(from_large, _function_of_mean(small, path, part, "jensen-convex", backwards=True))
    for path, part in positions(small):
        if isinstance(part, Expectation):
            yield from _mean_of_function(small, path, part, backwards=True)
    for path, part in positions(large):
        if isinstance(part, Expectation):
            yield from _mean_of_function(large, path, part, backwards=False)


def _function_of_mean(whole: Term, path: Path, part: Term, rule: str, backwards: bool = False) -> Iterator[Step]:
    """F(E_q[t]) inside one side."""
    for shape, mean in _shapes(part, frozenset()):
        if isinstance(mean, Expectation):
            holes: dict[str, Basic] = {"q": mean.law, "Z": Tuple(*law_variables(mean.law))}
            if rule == "jensen-concave" and shape.body == Log(shape.variable) and is_nonnegative(mean.body):
                rule, holes = "jensen-log", {**holes, "y": mean.body}
            else:
                holes = {**holes, "F": shape, "t": mean.body}
            step = inequality_step(rule, whole, path, holes, backwards)
            if step is not None:
                yield step


def _mean_of_function(whole: Term, path: Path, mean: Expectation, backwards: bool) -> Iterator[Step]:
    """E_q[F(t)] inside one side, for the outermost functions F of its body."""
    z = Tuple(*law_variables(mean.law))
    for shape, t in _shapes(mean.body, frozenset(z)):
        holes: dict[str, Basic] = {"F": shape, "t": t, "q": mean.law, "Z": z}
        rule = "jensen-concave" if backwards else "jensen-convex"
        if rule == "jensen-concave" and shape.body == Log(shape.variable) and is_nonnegative(t):
            rule, holes = "jensen-log", {"y": t, "q": mean.law, "Z": z}
        step = inequality_step(rule, whole, path, holes, backwards)
        if step is not None:
            yield from_large(step) if backwards else step


def _shapes(body: Term, bound: frozenset[Basic]) -> Iterator[tuple[Lambda, Term]]:
    """The ways to see a term as F(t) with F free of the bound variables: the whole, layer by layer."""
    hole = Variable("·", "·")
    inner: list[tuple[Term, Term]] = []
    match body:
        case Log():
            inner = [(Log(hole), body.argument)]
        case Function() if len(body.arguments) == 1:
            inner = [(body.func(body.args[0], hole), body.arguments[0])]
        case Power() if not free_names(body.exponent) & bound:
            inner = [(Power(hole, body.exponent), body.base)]
        case Quotient() if not free_names(body.numerator) & bound:
            inner = [(Quotient(body.numerator, hole), body.denominator)]
        case _:
            inner = _scaled_or_repeated(body, hole, bound)
    for written, t in inner:
        yield Lambda(hole, written), t


def _scaled_or_repeated(body: Term, hole: Variable, bound: frozenset[Basic]) -> list[tuple[Term, Term]]:
    """−log t as a function of t, t log t, e^t: the argument is the variable or the argument of the only log."""
    candidates = [v for v in free_names(body) & bound if isinstance(v, Variable)]
    logs = {node.argument for node in body.atoms(Log)}
    for t in [*logs, *candidates]:
        written = _abstract(body, t, hole)
        if not free_names(written) & bound:
            return [(written, t)]
    return []


def _abstract(body: Term, part: Term, hole: Variable) -> Term:
    if body == part:
        return hole
    if not body.args or not isinstance(body, Plus | Times | Quotient | Power | Log | Function | type(body)):
        return body
    return cast(Term, body.func(*(_abstract(arg, part, hole) if isinstance(arg, Term) else arg for arg in body.args)))


def _two_values(large: Term, small: Term, setting: Setting, drawn: Spaces) -> Iterator[Step]:
    """log(λ·a + (1 − λ)·b) inside the large side."""
    del small, drawn
    large = setting.unfold_all(large)
    for path, part in positions(large):
        holes = _mixture(part.argument) if isinstance(part, Log) else None
        if holes is not None:
            written = instance(TABLE["jensen-two"], holes, False)[0]
            step = inequality_step("jensen-two", site(large, path).replace(written), path, holes)
            if step is not None:
                yield step


def _mixture(mean: Term) -> dict[str, Basic] | None:
    """λ, μ, a and b of a sum λ·a + μ·b with scalar weights that add up to one."""
    weights: dict[str, Term] = {}
    terms: dict[str, Term] = {}
    if isinstance(mean, Quotient) and isinstance(mean.denominator, Number):
        mean = Times(Number(1 / mean.denominator.value), mean.numerator)
    for coefficient, scalars, others in Collected.of(mean).split(is_constant):
        term = others[0] if len(others) == 1 else Times(*others)
        key = fingerprint(term)
        terms[key] = term
        weights[key] = collect(Plus(weights.get(key, Number(0)), Times(Number(coefficient), *scalars)))
    if len(terms) != 2 or collect(Plus(*weights.values())) != Number(1):
        return None
    one, other = terms
    return {"λ": weights[one], "μ": weights[other], "a": terms[one], "b": terms[other]}


def _nonnegative(large: Term, small: Term, setting: Setting, drawn: Spaces) -> Iterator[Step]:
    """What is never negative by its form, as the large side."""
    del drawn
    large = setting.unfold_all(large)
    if same(small, Number(0)) and is_nonnegative(large) and not isinstance(large, Number):
        yield Step("nonnegative", (), {"y": large}, large, Number(0))


def _scalar(large: Term, small: Term, setting: Setting, drawn: Spaces) -> Iterator[Step]:
    """What is a scalar once it is simplified."""
    if same(small, Number(0)):
        chain = Chain(large, setting)
        simplify(chain, drawn)
        if is_constant(chain.term) and chain.term.atoms(Parameter):
            yield Step("scalar", (), {"β": chain.term}, chain.term, Number(0))


# ---------------------------------------------------------------- the variational bound


def _bound(large: Term, small: Term, setting: Setting, drawn: Spaces, effort: Effort = "usual") -> Iterator[Step]:
    """log ∫ g ≥ E_q[log(g/q)], with q and g read off the simplified small side ∫ q·φ: g = q·exp φ."""
    del large
    chain = Chain(small, setting)
    simplify(chain, drawn, effort)
    if not isinstance(chain.term, Integral):
        return
    law, exponent = _mean(chain.term)
    g = None if law is None else exponential(law, exponent, setting)
    if law is None or g is None or not is_nonnegative(g):
        return
    z = Tuple(*chain.term.variables)
    rule, name = ("gibbs-ratio", "r") if _is_law_of(g, z) else ("variational-bound", "g")
    holes: dict[str, Basic] = {name: g, "q": law, "Z": z}
    before, after, _ = instance(TABLE[rule], holes, False)
    yield Step(rule, (), holes, before, after)


def _bound_inside(large: Term, small: Term, setting: Setting, drawn: Spaces) -> Iterator[Step]:
    """log ∫ g, log E_r[y] or log p(x) somewhere in a side, against E_q[log(g/q)] for a law q of the other terms."""
    del drawn
    large, small = setting.unfold_all(large), setting.unfold_all(small)
    laws = {fingerprint(law): law for side in (large, small) for law in _averaging(side)}
    for whole, is_large in ((large, True), (small, False)):
        for path, part in positions(whole):
            if isinstance(part, Log) and site(whole, path).rising is is_large:
                for q in laws.values():
                    step = _bound_at(whole, path, part.argument, q)
                    if step is not None:
                        yield step if is_large else from_large(step)


def _averaging(side: Term) -> Iterator[Term]:
    """The laws that means and divergences are taken under."""
    for _, part in positions(side):
        match part:
            case Expectation():
                yield part.law
            case Divergence():
                yield part.left
            case Integral():
                law, _ = _mean(part)
                if law is not None:
                    yield law


def _bound_at(whole: Term, path: Path, evidence: Term, q: Term) -> Step | None:
    z = law_variables(q)
    g = _integrand(evidence, z)
    if g is None or not is_nonnegative(g):
        return None
    before = site(whole, path).replace(Log(Integral(g, *z)))
    return inequality_step("variational-bound", before, path, {"g": g, "q": q, "Z": Tuple(*z)})


def _integrand(evidence: Term, z: tuple[Variable, ...]) -> Term | None:
    """g, where the evidence is ∫ g dz."""
    match evidence:
        case Expectation() if set(law_variables(evidence.law)) == set(z):
            return Times(evidence.law, evidence.body)
        case Integral() if set(evidence.variables) == set(z):
            return evidence.body
        case Density() if not set(z) & set(evidence.points):
            return Density(evidence.law, (*evidence.at, *z), evidence.given)
        case _:
            return None


def _tangent(large: Term, small: Term, setting: Setting, drawn: Spaces) -> Iterator[Step]:
    """log t inside a side, against t − 1."""
    del drawn
    large, small = setting.unfold_all(large), setting.unfold_all(small)
    for whole, is_large in ((large, False), (small, True)):
        for path, part in positions(whole):
            if isinstance(part, Log) and site(whole, path).rising is is_large:
                step = inequality_step("log-tangent", whole, path, {"y": part.argument}, True)
                if step is not None:
                    yield from_large(step) if is_large else step


def _divergence(large: Term, small: Term, setting: Setting, drawn: Spaces, effort: Effort = "usual") -> Iterator[Step]:
    """KL(q ‖ r) ≥ 0, with q and r read off the simplified large side ∫ q·φ: r = q·exp(−φ)."""
    del small
    chain = Chain(large, setting)
    simplify(chain, drawn, effort)
    if not isinstance(chain.term, Integral):
        return
    law, exponent = _mean(chain.term)
    r = None if law is None else exponential(law, Times(Number(-1), exponent), setting)
    z = Tuple(*chain.term.variables)
    if law is not None and r is not None and _is_law_of(r, z):
        before, after, _ = instance(TABLE["gibbs"], {"q": law, "r": r, "Z": z}, False)
        yield Step("gibbs", (), {"q": law, "r": r, "Z": z}, before, after)


def _is_law_of(term: Term, z: Tuple) -> bool:
    return is_law(term) and set(law_variables(term)) == set(z)


def _mean(integral: Integral) -> tuple[Term | None, Term]:
    """A law of the integral's variables among the factors of its body, or made of several of them, and the rest."""
    if not isinstance(integral.body, Times):
        return None, integral.body
    factors = integral.body.terms
    single = ([factor] for factor in factors if isinstance(factor, Density))
    for chosen in (*single, [factor for factor in factors if isinstance(factor, Density)]):
        law = chosen[0] if len(chosen) == 1 else Times(*chosen)
        if chosen and _is_law_of(law, Tuple(*integral.variables)):
            rest = [factor for factor in factors if not any(factor is one for one in chosen)]
            return law, rest[0] if len(rest) == 1 else Times(*rest)
    return None, integral.body


TACTICS: tuple[Tactic, ...] = (
    _nonnegative, _jensen, _bound, dropped, mean_of_divergence, _two_values, _bound_inside, _tangent,
)  # fmt: skip
