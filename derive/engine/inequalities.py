"""One inequality between two sides.

jensen          f(E[t]) against E[f(t)], for a function that is concave or convex
bound           log ∫ g ≥ E_q[log(g/q)]: the small side tells q and g
drop            one KL term left out of a side that is otherwise equal to the other
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import cast

from sympy import Basic, Tuple

from derive.claims import Setting
from derive.engine.chain import Chain, positions
from derive.engine.collecting import Collected
from derive.engine.equality import open_conditions, prove_equality
from derive.engine.matching import Spaces
from derive.engine.simplify import Effort, join, simplify
from derive.kernel import Theorem, from_difference, order, turned
from derive.rules import TABLE
from derive.rules.pattern import Lambda
from derive.site import Path, site
from derive.steps import ProofError, Step, instance, premises
from derive.terms.binding import free_names, same
from derive.terms.meaning import is_nonnegative
from derive.terms.nodes import (
    Density,
    Divergence,
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
    best = None
    if same(setting.unfold_all(large), setting.unfold_all(small)):
        return prove_equality(large, small, setting, drawn)
    for theorem in _theorems(large, small, setting, drawn):
        if best is None or open_conditions(theorem) < open_conditions(best):
            best = theorem
        if not open_conditions(best):
            break
    return best or prove_equality(large, small, setting, drawn)


def _theorems(large: Term, small: Term, setting: Setting, drawn: Spaces) -> Iterator[Theorem]:
    for tactic in (_jensen, _bound, _drop):
        yield from _by(tactic, large, small, setting, drawn)
    difference = Plus(small, negative(large))
    for effort in ("usual", "swapping"):
        for theorem in _by(partial(_bound, effort=effort), Number(0), difference, setting, drawn, effort):
            yield turned(from_difference(small, large, turned(theorem)))


Tactic = Callable[[Term, Term, Setting, Spaces], Iterator[Step]]


def _by(
    tactic: Tactic, large: Term, small: Term, setting: Setting, drawn: Spaces, effort: Effort = "usual"
) -> Iterator[Theorem]:
    for inequality in tactic(large, small, setting, drawn):
        theorem = _bridge(large, inequality, small, setting, drawn, effort)
        if theorem is not None:
            yield theorem


# ---------------------------------------------------------------- joining by one inequality


def _bridge(large: Term, step: Step, small: Term, setting: Setting, drawn: Spaces, effort: Effort) -> Theorem | None:
    """large ⊑ … = step.before ≥ step.after = … ⊒ small."""
    try:
        step = replace(step, premises=premises(step, setting))
        left = reach(large, step.before, setting, drawn, effort)
        right = reach(small, step.after, setting, drawn, effort)
        if left is None or right is None:
            return None
        return order(left.theorem(), step, right.theorem())
    except ProofError:
        return None


def reach(start: Term, goal: Term, setting: Setting, drawn: Spaces, effort: Effort = "usual") -> Chain | None:
    """A chain from start to goal: both are simplified, and the goal's steps are walked back."""
    chain = Chain(start, setting)
    if same(start, goal) or chain.attempt(lambda c: c.ring((), goal)):
        return chain
    simplify(chain, drawn, effort)
    target = Chain(goal, setting)
    simplify(target, drawn, effort)
    if not same(chain.term, target.term) and not _align(chain, target):
        return None
    for step in reversed(target.steps):
        if not chain.attempt(lambda c, step=step: c.retrace(step)):  # type: ignore[misc]
            return None
    return chain


def _align(chain: Chain, target: Chain) -> bool:
    join(target, chain)
    return same(chain.term, target.term)


def _inequality(rule: str, whole: Term, path: Path, holes: dict[str, Basic], backwards: bool = False) -> Step | None:
    """The step that uses an inequality at a path of ``whole``."""
    try:
        before, after, _ = instance(TABLE[rule], holes, backwards)
        here = site(whole, path)
    except (ProofError, ValueError):
        return None
    if not same(here.part, before):
        return None
    return Step(rule, path, holes, whole, here.replace(after), (), backwards)


# ---------------------------------------------------------------- Jensen


def _jensen(large: Term, small: Term, setting: Setting, drawn: Spaces) -> Iterator[Step]:
    del drawn
    large, small = setting.unfold_all(large), setting.unfold_all(small)
    for path, part in positions(large):
        yield from _function_of_mean(large, path, part, "jensen-concave")
    for path, part in positions(small):
        yield from map(_from_large, _function_of_mean(small, path, part, "jensen-convex", backwards=True))
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
            step = _inequality(rule, whole, path, holes, backwards)
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
        step = _inequality(rule, whole, path, holes, backwards)
        if step is not None:
            yield _from_large(step) if backwards else step


def _from_large(step: Step) -> Step:
    """A step of the small side upwards, turned so that it starts at the large one."""
    return Step(step.rule, step.path, step.substitution, step.after, step.before, (), not step.backwards)


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
    for integral in [part for _, part in positions(chain.term) if isinstance(part, Integral)]:
        law, exponent = _mean(integral)
        if law is None:
            continue
        g = _exponential(law, exponent)
        if g is None or not is_nonnegative(g):
            continue
        z = Tuple(*integral.variables)
        rule, name = (
            ("gibbs-ratio", "r") if is_law(g) and set(law_variables(g)) == set(z) else ("variational-bound", "g")
        )
        holes: dict[str, Basic] = {name: g, "q": law, "Z": z}
        before, after, _ = instance(TABLE[rule], holes, False)
        if same(chain.term, integral):
            yield Step(rule, (), holes, before, after)


def _mean(integral: Integral) -> tuple[Term | None, Term]:
    if not isinstance(integral.body, Times):
        return None, integral.body
    for factor in integral.body.terms:
        if set(law_variables(factor)) == set(integral.variables):
            rest = [f for f in integral.body.terms if f is not factor]
            return factor, rest[0] if len(rest) == 1 else Times(*rest)
    return None, integral.body


def _exponential(law: Term, exponent: Term) -> Term | None:
    """law · exp(Σ cᵢ log aᵢ) as a product of powers, or None where the exponent is of another form."""
    above: list[tuple[Term, Fraction]] = [(law, Fraction(1))]
    collected = Collected.of(exponent)
    for monomial, coefficient in collected.coefficients.items():
        if len(monomial) != 1 or monomial[0][1] != 1:
            return None
        atom = collected.terms[monomial[0][0]]
        if not isinstance(atom, Log):
            return None
        above.append((atom.argument, coefficient))
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


# ---------------------------------------------------------------- dropping a divergence


def _drop(large: Term, small: Term, setting: Setting, drawn: Spaces) -> Iterator[Step]:
    """One side is the other with a KL term left out."""
    del drawn
    large, small = setting.unfold_all(large), setting.unfold_all(small)
    for whole, from_large in ((large, True), (small, False)):
        for path, part in positions(whole):
            if isinstance(part, Divergence):
                holes: dict[str, Basic] = {"q": part.left, "r": part.right, "Z": Tuple(*law_variables(part.left))}
                step = _inequality("gibbs", whole, path, holes)
                if step is None:
                    continue
                if site(whole, path).rising is from_large:
                    yield step if from_large else _from_large(step)
