"""Claims that the engine proves, between them with every way the kernel has to conclude something."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache

from derive.claims import Claim, Curvature, Definition, LawEquation, Range, Setting, Sign
from derive.engine.prove import prove
from derive.kernel import Theorem
from derive.terms.binding import base
from derive.terms.nodes import Entropy, Function, Named, Number, Power, Quotient, Term
from derive.terms.notation import KL, E, H, argmax, argmin, inf, integral, laws, log, parameters, sup, variables

x, z, w, y = variables("x z w y")
p, q, r = laws("p q r")
theta, beta = parameters("theta beta")
f = Function("f", z)

ELBO = E(log(p(x, z) / q(z | x)), q(z | x))
SPLIT = E(log(p(x, z)) - log(q(z | x)), q(z | x))
NAMED = Setting(definitions={"L": Definition("L", (), SPLIT, "def L")})
CONCAVE = Setting(hypotheses=(Curvature("g", "concave"),))
MARKOV = Setting(hypotheses=(LawEquation(p(x, w, z), p(x) * p(w | x) * p(z | w), "hyp 1"),))


def claim(left: Term, sign: Sign, right: Term, setting: Setting | None = None) -> Claim:
    return Claim(left, sign, right, setting or Setting())


BANK: dict[str, Callable[[], Claim]] = {
    "evidence": lambda: claim(log(p(x)), "=", log(integral(p(x, z), z))),
    "multiply and divide": lambda: claim(integral(p(x, z), z), "=", integral(q(z | x) * (p(x, z) / q(z | x)), z)),
    "importance weights": lambda: claim(p(x), "=", E(p(x, z) / q(z | x), q(z | x))),
    "Jensen": lambda: claim(log(E(p(x, z) / q(z | x), q(z | x))), ">=", ELBO),
    "the bound": lambda: claim(log(p(x)), ">=", SPLIT),
    "the gap": lambda: claim(log(p(x)) - SPLIT, "=", KL(q(z | x), p(z | x))),
    "reconstruction": lambda: claim(SPLIT, "=", E(log(p(x | z)), q(z | x)) - KL(q(z | x), p(z))),
    "entropy form": lambda: claim(SPLIT, "=", E(log(p(x, z)), q(z | x)) + H(q(z | x))),
    "by name": lambda: claim(Named("L"), "=", log(p(x)) - KL(q(z | x), p(z | x)), NAMED),
    "by name, below": lambda: claim(Named("L"), "<=", log(p(x)), NAMED),
    "Bayes": lambda: claim(p(z | x), "=", p(x | z) * p(z) / p(x)),
    "Gibbs": lambda: claim(KL(q(z), p(z)), ">=", Number(0)),
    "cross entropy": lambda: claim(-E(log(p(z)), q(z)), "=", KL(q(z), p(z)) + H(q(z))),
    "cross entropy is larger": lambda: claim(-E(log(p(z)), q(z)), ">=", Entropy(q(z))),
    "linearity": lambda: claim(E(2 * f + 1, q(z)), "=", 2 * E(f, q(z)) + 1),
    "a constant": lambda: claim(E(log(p(x)), q(z | x)), "=", log(p(x))),
    "Jensen for any concave function": lambda: claim(
        Function("g", E(f, q(z))), ">=", E(Function("g", f), q(z)), CONCAVE
    ),
    "Jensen for squares": lambda: claim(E(Power(f, Number(2)), q(z)), ">=", Power(E(f, q(z)), Number(2))),
    "maximum likelihood": lambda: claim(
        argmin(KL(r(x), p[theta](x)), theta), "argmax-equiv", argmax(E(log(p[theta](x)), r(x)), theta)
    ),
    "a constant dropped": lambda: claim(
        argmax(log(p[theta](x)) + log(r(x)), theta), "argmax-equiv", argmax(2 * log(p[theta](x)), theta)
    ),
    "the best q": lambda: claim(sup(ELBO, base(q)), "=", log(p(x))),
    "a Markov chain": lambda: claim(
        log(p(x, w, z)), "=", log(p(x)) + log(p(w | x)) + log(p(z | w)), MARKOV
    ),
    "independence in a chain": lambda: claim(p(z | w, x), "=", p(z | w), MARKOV),
    "gaps left out": lambda: claim(
        log(p(x)), ">=", E(log(p(x | z)), q(z | x)) - 4 * KL(q(z | x), p(z)) - E(KL(r(y | z), p(y | z)), q(z | x))
    ),
    "more of a KL": lambda: claim(
        f - KL(q(w), p(w)), ">=", f - beta * KL(q(w), p(w)),
        Setting(hypotheses=(Range(beta, Fraction(1), None, False),)),
    ),
    "two values": lambda: claim(log((p(x) + q(x)) / 2), ">=", log(p(x)) / 2 + log(q(x)) / 2),
    "independent parts": lambda: claim(KL(q(z), p(z)) + KL(r(y), p(y)), "=", KL(q(z) * r(y), p(z) * p(y))),
    "the least divergence": lambda: claim(inf(KL(q(z), p(z)), base(q)), "=", Number(0)),
    "quotients": lambda: claim(Quotient(p(x, z), p(x)) * p(x), "=", p(x, z)),
}


@cache
def proved(name: str) -> Theorem:
    """The engine's theorem for a claim of the bank."""
    theorem = prove(BANK[name]())
    assert theorem is not None, f"the engine does not prove {name}"
    return theorem
