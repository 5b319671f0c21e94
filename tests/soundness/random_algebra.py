"""Random terms over atoms that may be 0, ±∞ or undefined, and random ways to write the same polynomial."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from random import Random

from derive.site import children
from derive.terms.binding import flatten
from derive.terms.nodes import Exp, Function, Integral, Number, Plus, Power, Quotient, Term, Times, negative
from derive.terms.notation import E, laws, log, parameters, variables

x, z = variables("x z")
p, q, r = laws("p q r")
(theta,) = parameters("theta")
f, h = Function("f", z), Function("h", x)

ATOMS: tuple[Term, ...] = (
    p(x),
    p(x),
    p(x, z),
    p(z | x),  # undefined where p(x) = 0
    q(z | x),  # an encoder: always defined
    r(z),
    h,
    f,
    theta,
    log(p(x)),
    log(p(x, z)),
    Exp(negative(log(p(x)))),  # infinite where p(x) = 0
    Power(p(x), Number(Fraction(1, 2))),
    Power(r(z), Number(-1)),
    Power(h, Number(2)),
    Exp(h),
)


def random_term(random: Random, depth: int = 3) -> Term:
    if depth == 0 or random.random() < 0.25:
        return Number(random.choice([-1, 0, 1, 2])) if random.random() < 0.15 else random.choice(ATOMS)
    match random.choice(["plus", "plus", "times", "times", "times", "quotient", "power"]):
        case "plus":
            return Plus(*(random_term(random, depth - 1) for _ in range(random.choice([2, 2, 3]))))
        case "times":
            return Times(*(random_term(random, depth - 1) for _ in range(random.choice([2, 2, 3]))))
        case "quotient":
            return Quotient(random_term(random, depth - 1), random_term(random, depth - 1))
        case _:
            return Power(random_term(random, depth - 1), Number(random.choice([0, 1, 2, 2, 3, -1])))


# ---------------------------------------------------------------- the same polynomial, written differently


def rewritten(term: Term, random: Random, times: int) -> Term:
    for _ in range(times):
        term = _somewhere(term, random, random.choice(REWRITINGS))
    return term


def _somewhere(term: Term, random: Random, change: Callable[[Term, Random], Term]) -> Term:
    """Applies a change at a random place that algebra can see."""
    visible = isinstance(term, Plus | Times | Quotient) or (isinstance(term, Power) and _whole(term))
    places = [(i, child) for i, child in children(term)] if visible else []
    if isinstance(term, Power):
        places = places[:1]
    if not places or random.random() < 0.35:
        return change(term, random)
    i, child = random.choice(places)
    new = _somewhere(child, random, change)
    args = [new if j == i else arg for j, arg in enumerate(term.args)]
    made = term.func(*args)
    assert isinstance(made, Term)
    return made


def _whole(power: Power) -> bool:
    return isinstance(power.exponent, Number) and power.exponent.value.denominator == 1


def _shuffled(term: Term, random: Random) -> Term:
    if not isinstance(term, Plus | Times):
        return term
    parts = list(flatten(term))
    random.shuffle(parts)
    if len(parts) > 2 and random.random() < 0.5:
        cut = random.randrange(1, len(parts))
        inner = parts[:cut] if cut == 1 else [type(term)(*parts[:cut])]
        parts = [*inner, *parts[cut:]]
    return type(term)(*parts)


def _distributed(term: Term, random: Random) -> Term:
    if not isinstance(term, Times):
        return term
    parts = list(flatten(term))
    sums = [part for part in parts if isinstance(part, Plus)]
    if not sums:
        return term
    chosen = random.choice(sums)
    others = list(parts)
    others.remove(chosen)
    return Plus(*(Times(*others, part) for part in chosen.terms))


def _factored(term: Term, random: Random) -> Term:
    del random
    if not isinstance(term, Plus):
        return term
    parts = [list(flatten(t)) if isinstance(t, Times) else [t] for t in term.terms]
    common = next((factor for factor in parts[0] if all(factor in other for other in parts[1:])), None)
    if common is None:
        return term
    for part in parts:
        part.remove(common)
    return Times(common, Plus(*(Times(*part) if part else Number(1) for part in parts)))


def _with_nothing(term: Term, random: Random) -> Term:
    other = random.choice(ATOMS)
    return random.choice(
        [
            Plus(term, other, negative(other)),
            Plus(term, Times(Number(0), other)),
            Plus(term, Number(0)),
            Times(term, Power(other, Number(0))),
            Times(term, Plus(Number(2), Number(-1))),
            Plus(Times(Number(2), term), negative(term)),
        ]
    )


def _with_one(term: Term, random: Random) -> Term:
    other = random.choice([*ATOMS, Times(p(x), h)])
    return random.choice(
        [
            Quotient(Times(term, other), other),
            Times(other, Quotient(term, other)),
            Times(term, Quotient(other, other)),
            Times(other, term, Power(other, Number(-1))),
            Quotient(term, Quotient(Number(1), Number(1))),
            Quotient(other, Quotient(other, term)),
        ]
    )


def _quotients_moved(term: Term, random: Random) -> Term:
    match term:
        case Times():
            parts = list(flatten(term))
            found = [part for part in parts if isinstance(part, Quotient)]
            if not found:
                return term
            chosen = random.choice(found)
            parts.remove(chosen)
            return Quotient(Times(*parts, chosen.numerator), chosen.denominator)
        case Quotient() if isinstance(term.numerator, Times):
            first, *rest = random.sample(list(term.numerator.terms), len(term.numerator.terms))
            return Times(*rest, Quotient(first, term.denominator))
        case Quotient():
            return Times(term.numerator, Quotient(Number(1), term.denominator))
        case _:
            return term


def _powers(term: Term, random: Random) -> Term:
    del random
    match term:
        case Power() if isinstance(term.exponent, Number) and term.exponent.value in (2, 3):
            return Times(*[term.base] * int(term.exponent.value))
        case Power() if isinstance(term.exponent, Number) and term.exponent.value == -1:
            return Quotient(Number(1), term.base)
        case Times() if len(term.terms) == 2 and term.terms[0] == term.terms[1]:
            return Power(term.terms[0], Number(2))
        case _:
            return term


REWRITINGS = (
    _shuffled,
    _shuffled,
    _distributed,
    _distributed,
    _factored,
    _factored,
    _with_nothing,
    _with_one,
    _with_one,
    _quotients_moved,
    _quotients_moved,
    _powers,
)


# ---------------------------------------------------------------- around the part

Around = tuple[Callable[[Term], Term], tuple[int, ...]]
CONTEXTS: tuple[Around, ...] = (
    (lambda t: t, ()),
    (lambda t: Times(p(x), t), (1,)),
    (lambda t: Times(log(p(x)), t), (1,)),
    (lambda t: Times(p(z | x), t), (1,)),
    (lambda t: Times(h, p(x), t), (2,)),
    (lambda t: Times(p(x, z), Plus(t, f)), (1, 0)),
    (lambda t: Integral(Times(q(z | x), t), z), (0, 1)),
    (lambda t: E(t, p(z | x)), (0,)),
    (lambda t: E(Times(r(z), t), q(z | x)), (0, 1)),
    (lambda t: Times(Integral(t, z), log(p(x))), (0, 0)),
    (lambda t: Quotient(t, p(x)), (0,)),
    (lambda t: Quotient(h, t), (1,)),
    (lambda t: log(t), (0,)),
    (lambda t: Power(t, Number(2)), (0,)),
)
