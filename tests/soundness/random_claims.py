"""Random claims over laws, expectations, divergences, entropies, integrals, logs, powers and parameters.

A claim is true by construction: its right side is its left side rewritten step by step, each time by an equation that
holds in every world without zeros (and, for ≥, with something subtracted that is never negative).  A mutant differs in
one node, as people's mistakes do; it is false as a rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from rewritings import REWRITINGS
from sympy import Basic

from derive.claims import Claim, Definition, Setting
from derive.terms.binding import free_variables, same
from derive.terms.nodes import (
    ArgExtremum,
    Density,
    Divergence,
    Expectation,
    Function,
    Integral,
    Law,
    Log,
    Named,
    Number,
    Parameter,
    Plus,
    Power,
    Quotient,
    Term,
    Times,
    Variable,
    negative,
)
from derive.terms.notation import KL, E, H, argmax, argmin, exp, integral, laws, log

X, Z, W = Variable("x"), Variable("z"), Variable("w")
p, q, r = laws("p q r")
THETA, ALPHA = Parameter("theta"), Parameter("alpha")
P_THETA = p[THETA]
MANY = 40  # nodes of a side; larger ones are drawn again


@dataclass(frozen=True)
class RandomClaim:
    """A claim, and whether it is true by construction."""

    claim: Claim
    true: bool
    rewritten: int


def random_claims(seed: int) -> Iterator[RandomClaim]:
    """Endlessly many claims; every second one is a mutant."""
    random = Random(seed)
    while True:
        true = _true(random)
        yield true
        mutant = mutated(true.claim, random)
        if mutant is not None:
            yield RandomClaim(mutant, False, true.rewritten)


def _true(random: Random) -> RandomClaim:
    left, times = start(random), random.choice([1, 2, 3, 5])
    right = rewritten(left, random, times)
    kind = random.random()
    if kind < 0.08:
        objective = log(P_THETA(X)) if random.random() < 0.5 else E(log(P_THETA(X)), r(X))
        return RandomClaim(_optima(objective, random, times), True, times)
    if kind < 0.16:
        setting = Setting(definitions={"L": Definition("L", (), left, "def L")})
        return RandomClaim(Claim(Named("L"), "=", right, setting), True, times)
    if kind < 0.45:
        gap = rewritten(never_negative(random), random, random.choice([0, 1, 2]))
        return RandomClaim(Claim(left, ">=", Plus(right, negative(gap))), True, times)
    return RandomClaim(Claim(left, "=", right), True, times)


def _optima(objective: Term, random: Random, times: int) -> Claim:
    constant = random.choice([log(r(X)), H(r(Z)), Number(3), E(log(q(Z)), q(Z))])
    factor = random.choice([Number(1), Number(2), Number(Fraction(1, 2))])
    other = rewritten(Plus(Times(factor, objective), constant), random, times)
    if random.random() < 0.5:
        return Claim(argmax(objective, THETA), "argmax-equiv", argmin(negative(other), THETA))
    return Claim(argmax(objective, THETA), "argmax-equiv", argmax(other, THETA))


# ---------------------------------------------------------------- where claims start


def start(random: Random) -> Term:
    """A term of moderate size."""
    while True:
        term = random.choice(STARTS) if random.random() < 0.3 else scalar(random, 2, (X,))
        if size(term) <= MANY and (free_variables(term) <= {X}):
            return term


STARTS: tuple[Term, ...] = (
    log(p(X)),
    E(log(p(X, Z) / q(Z | X)), q(Z | X)),
    E(log(p(X | Z)), q(Z | X)) - KL(q(Z | X), p(Z)),
    KL(q(Z | X), p(Z | X)),
    KL(r(X), P_THETA(X)),
    log(P_THETA(X)),
    H(p(X, Z)),
    E(KL(q(Z | X), p(Z)), r(X)),
    log(integral(p(X, Z), Z)),
    log(E(p(X | Z), p(Z))),
    KL(Times(q(Z | X), r(W)), Density(p, (Z, W), (X,))),
)


def scalar(random: Random, depth: int, scope: tuple[Variable, ...]) -> Term:
    """A real-valued term over the variables in scope."""
    if depth == 0 or random.random() < 0.15:
        return _small(random, scope)

    def inner(*more: Variable) -> Term:
        return scalar(random, depth - 1, (*scope, *more))

    match random.choice(["plus", "plus", "scaled", "mean", "mean", "mean", "divergence", "entropy", "integral", "log"]):
        case "plus":
            return Plus(inner(), inner())
        case "scaled":
            return Times(random.choice([Number(2), Number(-1), Number(Fraction(1, 2)), ALPHA]), inner())
        case "mean":
            law = some_law(random, scope)
            return E(inner(_drawn(law)), law)
        case "divergence":
            law = some_law(random, scope)
            return KL(law, some_law(random, scope, _drawn(law)))
        case "entropy":
            return H(some_law(random, scope))
        case "integral":
            law = some_law(random, scope)
            return integral(Times(law, inner(_drawn(law))), _drawn(law))
        case _:
            return log(positive(random, scope))


def _small(random: Random, scope: tuple[Variable, ...]) -> Term:
    here = random.choice(scope)
    other = some_law(random, scope, here) if random.random() < 0.5 else Density(random.choice([p, r]), (here,))
    return random.choice([log(other), log(other), Function("f", here), Number(random.choice([1, 2])), ALPHA])


def positive(random: Random, scope: tuple[Variable, ...]) -> Term:
    here = random.choice(scope)
    density, law = Density(random.choice([p, r]), (here,)), some_law(random, scope)
    return random.choice(
        [
            density,
            E(some_law(random, (*scope, _drawn(law)), here), law),
            integral(Density(p, tuple({here, _drawn(law)})), _drawn(law)) if here != _drawn(law) else density,
            exp(Function("f", here)),
            Power(density, Number(random.choice([2, Fraction(1, 2)]))),
            Times(density, exp(Function("f", here))),
        ]
    )


def some_law(random: Random, scope: tuple[Variable, ...], drawn: Variable | None = None) -> Density:
    """p(z), p(z|x), q(z|x), r(z) …: a law of one variable, given some in scope."""
    drawn = drawn or random.choice([v for v in (Z, W, X) if v not in scope] or [Variable("z'", "z")])
    others = [v for v in scope if v.space != drawn.space]
    given = (random.choice(others),) if others and random.random() < 0.6 else ()
    law = random.choice([p, p, q, r]) if given else random.choice([p, p, r])
    return Density(law, (drawn,), given if law != r else ())


def _drawn(law: Density) -> Variable:
    return law.at[0]


def never_negative(random: Random) -> Term:
    law = some_law(random, (X,))
    other = some_law(random, (X,), _drawn(law))
    body = random.choice([other, Times(other, exp(Function("f", _drawn(law))))])
    return random.choice(
        [
            KL(law, other),
            Times(Number(2), KL(law, other)),
            Plus(log(E(body, law)), negative(E(log(body), law))),
            Plus(negative(E(log(other), law)), negative(H(law))),
        ]
    )


# ---------------------------------------------------------------- rewriting and mutating


def rewritten(term: Term, random: Random, times: int) -> Term:
    """The term after some true rewritings at random places; those that make it too large are left out."""
    for _ in range(times):
        for _ in range(12):
            new = _somewhere(term, random)
            if new is not None and size(new) <= 2 * MANY and not same(new, term):
                term = new
                break
    return term


def _somewhere(term: Term, random: Random) -> Term | None:
    path = random.choice(list(places(term)))
    new = random.choice(REWRITINGS)(at(term, path), random)
    return None if new is None else put(term, path, new)


def places(term: Basic, path: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """The parts of a term that are values: not laws, not bound variables."""
    if isinstance(term, Term) and not isinstance(term, Variable):
        yield path
    if isinstance(term, Density | Divergence | Function | Law):
        return
    inside = term.args[:1] if isinstance(term, Expectation | Integral) else term.args
    if type(term).__name__ == "Entropy":
        return
    for number, arg in enumerate(inside):
        yield from places(arg, (*path, number))


def at(term: Basic, path: tuple[int, ...]) -> Term:
    for place in path:
        term = term.args[place]
    assert isinstance(term, Term)
    return term


def put(term: Basic, path: tuple[int, ...], new: Basic) -> Term:
    if not path:
        assert isinstance(new, Term)
        return new
    args = [put(arg, path[1:], new) if i == path[0] else arg for i, arg in enumerate(term.args)]
    made = term.func(*args)
    assert isinstance(made, Term)
    return made


def size(term: Basic) -> int:
    return 1 + sum(size(arg) for arg in term.args)


def mutated(claim: Claim, random: Random) -> Claim | None:
    """The claim with one node of its right side (or its direction) changed."""
    if claim.sign == ">=" and random.random() < 0.15:
        return Claim(claim.lhs, "<=", claim.rhs, claim.setting)
    if isinstance(claim.rhs, ArgExtremum) and random.random() < 0.3:
        kind = "argmin" if claim.rhs.kind == "argmax" else "argmax"
        return Claim(claim.lhs, claim.sign, ArgExtremum(kind, claim.rhs.objective, *claim.rhs.candidates))
    objective = claim.rhs.objective if isinstance(claim.rhs, ArgExtremum) else claim.rhs
    for _ in range(20):
        path = random.choice(list(places(objective)))
        new = _mistaken(at(objective, path), random)
        if new is not None and not same(new, at(objective, path)):
            whole = put(objective, path, new)
            if isinstance(claim.rhs, ArgExtremum):
                whole = ArgExtremum(claim.rhs.kind, whole, *claim.rhs.candidates)
            return Claim(claim.lhs, claim.sign, whole, claim.setting)
    return None


def _mistaken(node: Term, random: Random) -> Term | None:
    """A mistake that people make at such a node."""
    match node:
        case Number():
            return Number(node.value + 1)
        case Divergence():
            return random.choice([KL(node.right, node.left), negative(node)])
        case Density():
            return random.choice([Density(Law("r"), node.at), Density(p, node.points), _turned(node)])
        case Expectation() if isinstance(node.law, Density):
            return E(node.body, random.choice([Density(r, node.law.at), Density(p, node.law.at)]))
        case Quotient():
            return random.choice([Quotient(node.denominator, node.numerator), node.numerator])
        case Log():
            return random.choice([node.argument, negative(node)])
        case Plus():
            kept = [random.choice(range(len(node.terms)))]
            return Plus(*(negative(t) if i in kept else t for i, t in enumerate(node.terms)))
        case Times() if len(node.terms) > 1:
            gone = random.randrange(len(node.terms))
            return Times(*(t for i, t in enumerate(node.terms) if i != gone))
        case _:
            return random.choice([negative(node), Plus(node, Number(1)), Times(Number(2), node)])


def _turned(density: Density) -> Term:
    return Density(density.law, density.given, density.at) if density.given else density
