"""Rules about expectations, divergences and integrals."""

from __future__ import annotations

from derive.rules.pattern import Group, Hole, LawHole
from derive.rules.rule import NearMiss, Need, Rule
from derive.terms.nodes import (
    Divergence,
    Entropy,
    Expectation,
    Integral,
    Log,
    Number,
    Plus,
    Power,
    Quotient,
    Times,
    negative,
)

Y, Z = Group("Y"), Group("Z")
f, g = Hole("f"), Hole("g")
a = Hole("a", "nonnegative")
c = Hole("c")
q, r = LawHole("q", Z), LawHole("r", Z)

KL_DEFINITION = Rule(
    name="kl-definition",
    title="definition of KL",
    left=Divergence(q, r),
    relation="=",
    right=Expectation(Log(Quotient(q, r)), q),
    why="KL(q‖r) is the mean log-ratio under its first argument",
    reference="Kullback & Leibler 1951",
    near_misses=(
        NearMiss(
            Divergence(q, r),
            "=",
            Expectation(Log(Quotient(r, q)), q),
            "the log-ratio is upside down: this is −KL(q‖r)",
        ),
        NearMiss(
            Divergence(q, r),
            "=",
            Expectation(Log(Quotient(q, r)), r),
            "the average is taken under the second law; KL(q‖r) averages under the first",
        ),
        NearMiss(Divergence(q, r), "=", Divergence(r, q), "KL is not symmetric: the two arguments are swapped"),
        NearMiss(
            Divergence(q, r),
            "=",
            Integral(Times(q, Quotient(q, r)), Z),
            "the logarithm is missing",
        ),
    ),
)

ENTROPY_DEFINITION = Rule(
    name="entropy-definition",
    title="definition of entropy",
    left=Entropy(q),
    relation="=",
    right=negative(Expectation(Log(q), q)),
    why="the entropy is the mean surprise −log q",
    reference="Shannon 1948",
    near_misses=(
        NearMiss(Entropy(q), "=", Expectation(Log(q), q), "the sign: the entropy is minus the mean log-density"),
    ),
)

EXPECTATION_DEFINITION = Rule(
    name="expectation-definition",
    title="an expectation is an integral",
    left=Expectation(f, q),
    relation="=",
    right=Integral(Times(q, f), Z),
    why="E_q[f] weighs f with the density of q",
    reference="definition of the expectation",
    near_misses=(
        NearMiss(Expectation(f, q), "=", Integral(f, Z), "the weight q is missing under the integral"),
        NearMiss(Expectation(f, q), "=", Expectation(f, r), "the average is taken under another law"),
    ),
)

EXPECTATION_OF_CONSTANT = Rule(
    name="expectation-of-constant",
    title="the mean of a constant",
    left=Expectation(c, q),
    relation="=",
    right=c,
    why="q has total mass 1",
    reference="normalisation and linearity",
    merging=None,
)

MERGE_INTEGRALS = Rule(
    name="linearity",
    title="linearity",
    left=Plus(Integral(f, Z), Integral(g, Z)),
    relation="=",
    right=Integral(Plus(f, g), Z),
    why="the integral is linear; the sum on the left is defined only where nothing is ∞ − ∞",
    reference="linearity of the integral",
    merging=(Need("finite", Integral(f, Z), text="one of the two integrals is finite"),),
    near_misses=(
        NearMiss(
            Integral(Times(f, g), Z),
            "=",
            Times(Integral(f, Z), Integral(g, Z)),
            "the integral of a product is no product of integrals",
        ),
    ),
)

CONSTANT_FACTOR = Rule(
    name="constant-factor",
    title="a constant factor moves through an integral",
    left=Times(c, Integral(f, Z)),
    relation="=",
    right=Integral(Times(c, f), Z),
    why="the factor does not depend on what is integrated",
    reference="linearity of the integral",
    splitting=(Need("finite", c, text="the factor is finite"),),
    merging=(
        Need("support", Power(c, Number(2)), text="the factor is not 0"),
        Need("finite", c, text="the factor is finite"),
    ),
)

CONSTANT_WEIGHT = Rule(
    name="constant-weight",
    title="a factor moves through a non-negative integral",
    left=Times(c, Integral(a, Z)),
    relation="=",
    right=Integral(Times(c, a), Z),
    why="the factor does not depend on what is integrated, and the integral is non-negative",
    reference="Tonelli",
    merging=(
        Need("finite", Integral(a, Z), text="the integral is finite, so that 0 times it is 0", unless=c, loosely=True),
    ),
)

INNER_WEIGHT = Rule(
    name="inner-weight",
    title="a weight integrated over what the rest does not mention",
    left=Integral(Times(a, f), Y, Z),
    relation="=",
    right=Integral(Times(Integral(a, Z), f), Y),
    why="f does not depend on z, and the weight is non-negative",
    reference="Tonelli, for the positive and the negative part of f",
    splitting=None,
    near_misses=(
        NearMiss(
            Integral(Times(a, f), Y, Z),
            "=",
            Integral(Times(a, f), Y),
            "a variable is left out of the integral instead of being integrated over",
        ),
    ),
)

CONSTANT_INTO_MEAN = Rule(
    name="constant-into-mean",
    title="a constant moves into a mean",
    left=Plus(c, Integral(Times(q, f), Z)),
    relation="=",
    right=Integral(Times(q, Plus(c, f)), Z),
    why="q has total mass 1, so a constant is its own mean",
    reference="normalisation and linearity",
    splitting=(Need("finite", Integral(q, Z), text="q is defined", beside=f),),
    merging=(Need("finite", c, text="the constant is finite"),),
    near_misses=(
        NearMiss(
            Plus(c, Integral(a, Z)),
            "=",
            Integral(Plus(c, a), Z),
            "a constant under an integral is multiplied by the total mass; only under a law is that 1",
        ),
    ),
)

ITERATE = Rule(
    name="iterate",
    title="one integral as two",
    left=Integral(f, Y, Z),
    relation="=",
    right=Integral(Integral(f, Z), Y),
    why="an integral over pairs can be taken one variable at a time",
    reference="Fubini",
    merging=(Need("exchange", Integral(f, Y, Z), text="the integrand is absolutely integrable"),),
)

ITERATE_NONNEGATIVE = Rule(
    name="iterate-nonnegative",
    title="a non-negative integral in any order",
    left=Integral(a, Y, Z),
    relation="=",
    right=Integral(Integral(a, Z), Y),
    why="a non-negative integrand may be integrated in any order",
    reference="Tonelli",
)

INTEGRAL_OF_ZERO = Rule(
    name="integral-of-zero",
    title="the integral of zero",
    left=Integral(Number(0), Z),
    relation="=",
    right=Number(0),
    why="whatever the measure",
    reference="definition of the integral",
    merging=None,
)

RULES = (
    KL_DEFINITION,
    ENTROPY_DEFINITION,
    EXPECTATION_DEFINITION,
    EXPECTATION_OF_CONSTANT,
    MERGE_INTEGRALS,
    CONSTANT_FACTOR,
    CONSTANT_WEIGHT,
    INNER_WEIGHT,
    CONSTANT_INTO_MEAN,
    ITERATE,
    ITERATE_NONNEGATIVE,
    INTEGRAL_OF_ZERO,
)
