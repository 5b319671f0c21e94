"""Rules about laws: marginals, conditionals, normalisation, multiply and divide."""

from __future__ import annotations

from derive.rules.pattern import Family, Group, Hole, LawHole
from derive.rules.rule import NearMiss, Need, Rule
from derive.terms.nodes import Density, Integral, Number, Quotient, Times

p = Family("p")
A, B, C, Z = Group("A"), Group("B"), Group("C"), Group("Z")
a = Hole("a")
q = Hole("q", "nonnegative")

MARGINALISE = Rule(
    name="marginalise",
    title="integrate a variable out",
    left=Integral(Density(p, (A, Z), (B,)), Z),
    relation="=",
    right=Density(p, (A,), (B,)),
    why="a marginal is the integral of the joint over what is left out",
    reference="Fubini–Tonelli; Bishop 2006, eq. 1.31",
    near_misses=(
        NearMiss(
            Integral(Density(p, (Z,), (A,)), Z),
            "=",
            Density(p, (A,)),
            "integrating a conditional over what it draws gives 1, not the marginal: the prior factor is missing",
        ),
        NearMiss(
            Integral(Density(p, (A,), (Z,)), Z),
            "=",
            Density(p, (A,)),
            "a likelihood is not averaged by integrating it: the prior factor p(z) is missing",
        ),
    ),
)

NORMALISE = Rule(
    name="normalise",
    title="a density integrates to one",
    left=Integral(LawHole("q", Z), Z),
    relation="=",
    right=Number(1),
    why="a law has total mass 1, for each value of what is given",
    reference="definition of a density",
    merging=(Need("finite", Integral(LawHole("q", Z), Z), text="the law is defined there"),),
    near_misses=(
        NearMiss(
            Integral(Density(p, (B,), (Z,)), Z),
            "=",
            Number(1),
            "a conditional integrates to 1 over what it draws, not over what is given",
        ),
    ),
)

PRODUCT_RULE = Rule(
    name="product-rule",
    title="product rule",
    left=Times(Density(p, (A,), (B, C)), Density(p, (B,), (C,))),
    relation="=",
    right=Density(p, (A, B), (C,)),
    why="draw b first, then a given b",
    reference="definition of a conditional density; Bishop 2006, eq. 1.32",
    near_misses=(
        NearMiss(
            Times(Density(p, (A,)), Density(p, (B,))),
            "=",
            Density(p, (A, B)),
            "a joint is the product of its marginals only for independent variables; state the independence",
        ),
        NearMiss(
            Times(Density(p, (A,), (B,)), Density(p, (B,), (A,))),
            "=",
            Density(p, (A, B)),
            "two conditionals do not make a joint: one of the factors must be a marginal",
        ),
    ),
)

CONDITIONAL = Rule(
    name="conditional",
    title="Bayes",
    left=Density(p, (A,), (B, C)),
    relation="=",
    right=Quotient(Density(p, (A, B), (C,)), Density(p, (B,), (C,))),
    why="a conditional density is the joint over the marginal of what is given",
    reference="definition of a conditional density; Bayes 1763",
    near_misses=(
        NearMiss(
            Density(p, (A,), (B,)),
            "=",
            Density(p, (A, B)),
            "the conditional and the joint differ by the marginal of what is given: divide by it",
        ),
        NearMiss(
            Density(p, (A,), (B,)),
            "=",
            Quotient(Density(p, (A, B)), Density(p, (A,))),
            "divided by the wrong marginal: p(a|b) is p(a,b)/p(b)",
        ),
        NearMiss(
            Density(p, (A,), (B,)),
            "=",
            Density(p, (B,), (A,)),
            "p(a|b) and p(b|a) are different laws; Bayes' rule has the ratio of the marginals as well",
        ),
    ),
)

MULTIPLY_DIVIDE = Rule(
    name="multiply-divide",
    title="multiply and divide",
    left=Times(q, Quotient(a, q)),
    relation="=",
    right=a,
    why="q/q = 1 where q > 0",
    reference="importance sampling: Kahn & Marshall 1953",
    needs=(
        Need("support", q, (a,), text="q is positive wherever what it divides is"),
        Need("finite", q, text="q is finite"),
    ),
    near_misses=(
        NearMiss(Quotient(a, q), "=", a, "divided by q without multiplying by it"),
        NearMiss(Times(q, a), "=", a, "multiplied by q without dividing by it"),
    ),
)

RULES = (MARGINALISE, NORMALISE, PRODUCT_RULE, CONDITIONAL, MULTIPLY_DIVIDE)
