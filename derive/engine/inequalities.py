"""One inequality between two sides.

jensen          f(E[t]) against E[f(t)], for a function that is concave or convex
bound           log ∫ g ≥ E_q[log(g/q)]: the small side tells q and g
dropped         a multiple of KL left out of a side that is otherwise equal to the other
combined        gaps left out of a side, and the rest compared with the other by one of these
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import cast

from sympy import Basic, Tuple

from derive.claims import Setting
from derive.engine.chain import Chain, positions
from derive.engine.collecting import Collected
from derive.engine.equality import open_conditions, prove_equality
from derive.engine.gaps import combined, dropped, mean_of_divergence
from derive.engine.joining import bridge, from_large, inequality_step
from derive.engine.matching import Spaces, factors_of
from derive.engine.simplify import Effort, simplify
from derive.kernel import Theorem, from_difference, turned
from derive.rules import TABLE
from derive.rules.pattern import Lambda
from derive.site import Path
from derive.steps import Step, instance
from derive.terms.binding import free_names, same
from derive.terms.meaning import is_nonnegative
from derive.terms.nodes import (
    Density,
    Expectation,
    Function,
    Integral,
    Log,
    Number,
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
    return min((t for t in (theorem, next(others, None)) if t is not None), key=open_conditions, default=None)


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
    for tactic in (_jensen, _bound, dropped, mean_of_divergence):
        yield from _by(tactic, large, small, setting, drawn)
    less, more = Plus(small, negative(large)), Plus(large, negative(small))
    for effort in EFFORTS:
        for theorem in _by(partial(_bound, effort=effort), Number(0), less, setting, drawn, effort):
            yield turned(from_difference(small, large, turned(theorem)))
        if same(small, Number(0)):
            yield from _by(partial(_divergence, effort=effort), large, small, setting, drawn, effort)
        for theorem in _by(partial(_divergence, effort=effort), more, Number(0), setting, drawn, effort):
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


# ---------------------------------------------------------------- the variational bound


def _bound(large: Term, small: Term, setting: Setting, drawn: Spaces, effort: Effort = "usual") -> Iterator[Step]:
    """log ∫ g ≥ E_q[log(g/q)], with q and g read off the simplified small side ∫ q·φ: g = q·exp φ."""
    del large
    chain = Chain(small, setting)
    simplify(chain, drawn, effort)
    if not isinstance(chain.term, Integral):
        return
    law, exponent = _mean(chain.term)
    g = None if law is None else _exponential(law, exponent, setting)
    if law is None or g is None or not is_nonnegative(g):
        return
    z = Tuple(*chain.term.variables)
    rule, name = ("gibbs-ratio", "r") if _is_law_of(g, z) else ("variational-bound", "g")
    holes: dict[str, Basic] = {name: g, "q": law, "Z": z}
    before, after, _ = instance(TABLE[rule], holes, False)
    yield Step(rule, (), holes, before, after)


def _divergence(large: Term, small: Term, setting: Setting, drawn: Spaces, effort: Effort = "usual") -> Iterator[Step]:
    """KL(q ‖ r) ≥ 0, with q and r read off the simplified large side ∫ q·φ: r = q·exp(−φ)."""
    del small
    chain = Chain(large, setting)
    simplify(chain, drawn, effort)
    if not isinstance(chain.term, Integral):
        return
    law, exponent = _mean(chain.term)
    r = None if law is None else _exponential(law, Times(Number(-1), exponent), setting)
    z = Tuple(*chain.term.variables)
    if law is not None and r is not None and _is_law_of(r, z):
        before, after, _ = instance(TABLE["gibbs"], {"q": law, "r": r, "Z": z}, False)
        yield Step("gibbs", (), {"q": law, "r": r, "Z": z}, before, after)


def _is_law_of(term: Term, z: Tuple) -> bool:
    return is_law(term) and set(law_variables(term)) == set(z)


def _mean(integral: Integral) -> tuple[Term | None, Term]:
    if not isinstance(integral.body, Times):
        return None, integral.body
    for factor in integral.body.terms:
        if set(law_variables(factor)) == set(integral.variables):
            rest = [f for f in integral.body.terms if f is not factor]
            return factor, rest[0] if len(rest) == 1 else Times(*rest)
    return None, integral.body


def _exponential(law: Term, exponent: Term, setting: Setting) -> Term | None:
    """law · exp(Σ cᵢ log aᵢ) as a product of powers, or None where the exponent is of another form."""
    above: list[tuple[Term, Fraction]] = [(factor, Fraction(1)) for factor in factors_of(law, setting)]
    collected = Collected.of(exponent)
    for monomial, coefficient in collected.coefficients.items():
        if len(monomial) != 1 or monomial[0][1] != 1:
            return None
        atom = collected.terms[monomial[0][0]]
        if not isinstance(atom, Log):
            return None
        above += [(factor, coefficient) for factor in factors_of(atom.argument, setting)]
    return _power_product(above)


def _power_product(factors: list[tuple[Term, Fraction]]) -> Term:
    exponents: list[tuple[Term, Fraction]] = []
    for base, exponent in factors:
        for i, (known, total) in enumerate(exponents):
            if same(known, base):
                exponents[i] = (known, total + exponent)
                break
        else:
            exponents.append((base, exponent))
    exponents = _conditionals(exponents)
    up = [_power(b, e) for b, e in exponents if e > 0]
    down = [_power(b, -e) for b, e in exponents if e < 0]
    above = Number(1) if not up else up[0] if len(up) == 1 else Times(*up)
    if not down:
        return above
    return Quotient(above, down[0] if len(down) == 1 else Times(*down))


def _conditionals(exponents: list[tuple[Term, Fraction]]) -> list[tuple[Term, Fraction]]:
    """q(x, z) over q(x) as q(z | x), so that a product of laws is seen to be one."""
    for i, (above, one) in enumerate(exponents):
        for j, (below, minus_one) in enumerate(exponents):
            if one == -minus_one == Fraction(1) and isinstance(above, Density) and isinstance(below, Density):
                rest = tuple(v for v in above.at if v not in below.at)
                if above.law == below.law and above.given == below.given and len(rest) + len(below.at) == len(above.at):
                    conditional = Density(above.law, rest, (*below.at, *above.given))
                    kept = [pair for k, pair in enumerate(exponents) if k not in (i, j)]
                    return _conditionals([*kept, (conditional, Fraction(1))])
    return exponents


def _power(base: Term, exponent: Fraction) -> Term:
    return base if exponent == 1 else Power(base, Number(exponent))
