"""The inequalities: Jensen, Gibbs and the variational bound, each with its equality case."""

from __future__ import annotations

from fractions import Fraction

from derive.rules.pattern import Group, Hole, LawHole, Shape
from derive.rules.rule import NearMiss, Need, Rule
from derive.terms.nodes import Divergence, Expectation, Integral, Log, Number, Plus, Quotient, Times, negative

Y, Z = Group("Y"), Group("Z")
y, g = Hole("y", "nonnegative"), Hole("g", "nonnegative")
t = Hole("t")
a, b = Hole("a"), Hole("b")
lam, mu = Hole("λ", "constant"), Hole("μ", "constant")
alpha, beta = Hole("α", "constant"), Hole("β", "constant")
q, r = LawHole("q", Z), LawHole("r", Z)
u, v = LawHole("u", Y), LawHole("v", Y)

_COMMUTE = "log and expectation do not commute: that is Jensen's inequality, ≥ not ="

JENSEN_LOG = Rule(
    name="jensen-log",
    title="Jensen: log is concave",
    left=Log(Expectation(y, q)),
    relation=">=",
    right=Expectation(Log(y), q),
    why="log lies below its tangents, so averaging before the log can only help",
    reference="Jensen 1906",
    equality="{y} is constant wherever {q} > 0",
    near_misses=(
        NearMiss(
            Log(Expectation(y, q)),
            "<=",
            Expectation(Log(y), q),
            "the inequality is turned round: log is concave, so the log of the mean is the larger one",
        ),
        NearMiss(Log(Expectation(y, q)), "=", Expectation(Log(y), q), _COMMUTE),
    ),
)

JENSEN_TWO = Rule(
    name="jensen-two",
    title="Jensen for two values",
    left=Log(Plus(Times(lam, a), Times(mu, b))),
    relation=">=",
    right=Plus(Times(lam, Log(a)), Times(mu, Log(b))),
    why="log is concave: between two points it lies above its chord",
    reference="Jensen 1906",
    needs=(
        Need("range", lam, text="λ ≥ 0"),
        Need("range", mu, text="μ ≥ 0"),
        Need("range", Plus(lam, mu, Number(-1)), text="λ + μ ≥ 1"),
        Need("range", Plus(Number(1), negative(lam), negative(mu)), text="λ + μ ≤ 1"),
    ),
    equality="{a} = {b}, where neither weight is 0",
    near_misses=(
        NearMiss(
            Log(Plus(Times(Number(Fraction(1, 2)), a), Times(Number(Fraction(1, 2)), b))),
            "=",
            Plus(Times(Number(Fraction(1, 2)), Log(a)), Times(Number(Fraction(1, 2)), Log(b))),
            "the log of a mean is not the mean of the logs: that is Jensen's inequality, ≥ not =",
        ),
    ),
)

LOG_TANGENT = Rule(
    name="log-tangent",
    title="log t ≤ t − 1",
    left=Plus(y, Number(-1)),
    relation=">=",
    right=Log(y),
    why="log is concave, so it lies below its tangent at 1",
    reference="Cover & Thomas 2006, section 2.6",
    equality="{y} = 1",
    near_misses=(
        NearMiss(Plus(y, Number(-1)), "<=", Log(y), "log lies below its tangents: the inequality is turned round"),
        NearMiss(Plus(y, Number(-1)), "=", Log(y), "they are equal only where t = 1"),
    ),
)

JENSEN_CONCAVE = Rule(
    name="jensen-concave",
    title="Jensen for a concave function",
    left=Shape("F", Expectation(t, q)),
    relation=">=",
    right=Expectation(Shape("F", t), q),
    why="a concave function lies below its tangents",
    reference="Jensen 1906",
    equality="{t} is constant wherever {q} > 0, or the function is affine where it matters",
    curvature=("F", "concave"),
)

JENSEN_CONVEX = Rule(
    name="jensen-convex",
    title="Jensen for a convex function",
    left=Expectation(Shape("F", t), q),
    relation=">=",
    right=Shape("F", Expectation(t, q)),
    why="a convex function lies above its tangents",
    reference="Jensen 1906",
    equality="{t} is constant wherever {q} > 0, or the function is affine where it matters",
    curvature=("F", "convex"),
)

GIBBS = Rule(
    name="gibbs",
    title="Gibbs: KL is never negative",
    left=Divergence(q, r),
    relation=">=",
    right=Number(0),
    why="−log is convex, and both laws have mass 1",
    reference="Gibbs 1902; Kullback & Leibler 1951",
    equality="{q} = {r}",
    near_misses=(
        NearMiss(Divergence(q, r), "<=", Number(0), "KL is never negative: the inequality is turned round"),
        NearMiss(Divergence(q, r), "=", Number(0), "KL is 0 only where the two laws are equal"),
    ),
)

GIBBS_SCALED = Rule(
    name="gibbs-scaled",
    title="Gibbs: a multiple of KL is never negative",
    left=Times(beta, Divergence(q, r)),
    relation=">=",
    right=Number(0),
    why="KL is never negative, and neither is the factor",
    reference="Gibbs 1902; Kullback & Leibler 1951",
    needs=(Need("range", beta, text="β ≥ 0"),),
    equality="{q} = {r}, or {β} = 0",
    near_misses=(
        NearMiss(Times(beta, Divergence(q, r)), "=", Number(0), "KL is 0 only where the two laws are equal"),
    ),
)

GIBBS_MULTIPLE = Rule(
    name="gibbs-multiple",
    title="Gibbs: more of a KL is more",
    left=Times(beta, Divergence(q, r)),
    relation=">=",
    right=Times(alpha, Divergence(q, r)),
    why="KL is never negative, so the larger multiple of it is the larger one",
    reference="Gibbs 1902; Kullback & Leibler 1951",
    needs=(Need("range", Plus(beta, negative(alpha)), text="β ≥ α"),),
    equality="{q} = {r}, or {β} = {α}",
    near_misses=(
        NearMiss(
            Times(beta, Divergence(q, r)),
            "=",
            Times(alpha, Divergence(q, r)),
            "they are equal only where q = r or β = α",
        ),
    ),
)

GIBBS_MEAN = Rule(
    name="gibbs-mean",
    title="Gibbs: a mean of KL is never negative",
    left=Expectation(Divergence(u, v), q),
    relation=">=",
    right=Number(0),
    why="KL is never negative, at no point that is averaged over",
    reference="Gibbs 1902; Kullback & Leibler 1951",
    equality="{u} = {v} wherever {q} > 0",
    near_misses=(
        NearMiss(Expectation(Divergence(u, v), q), "=", Number(0), "KL is 0 only where the two laws are equal"),
    ),
)

GIBBS_RATIO = Rule(
    name="gibbs-ratio",
    title="Gibbs: the mean log-ratio to another law is never positive",
    left=Number(0),
    relation=">=",
    right=Expectation(Log(Quotient(r, q)), q),
    why="log t ≤ t − 1, and both laws have mass 1",
    reference="Gibbs 1902",
    equality="{q} = {r}",
)

VARIATIONAL_BOUND = Rule(
    name="variational-bound",
    title="the variational bound",
    left=Log(Integral(g, Z)),
    relation=">=",
    right=Expectation(Log(Quotient(g, q)), q),
    why="Jensen's inequality on the support of q, where the integral can only be smaller",
    reference="Jordan, Ghahramani, Jaakkola & Saul 1999, eq. 38",
    equality="{q} is proportional to {g}",
    near_misses=(
        NearMiss(
            Log(Integral(g, Z)),
            "<=",
            Expectation(Log(Quotient(g, q)), q),
            "the ELBO is a lower bound of the evidence, not an upper one",
        ),
        NearMiss(Log(Integral(g, Z)), "=", Expectation(Log(Quotient(g, q)), q), _COMMUTE),
    ),
)

NONNEGATIVE = Rule(
    name="nonnegative",
    title="never negative by its form",
    left=y,
    relation=">=",
    right=Number(0),
    why="densities and exponentials are never negative, nor are their sums, products and means",
    reference="definition of a density",
    equality="{y} = 0",
)

SCALAR = Rule(
    name="scalar",
    title="a scalar that is not negative",
    left=beta,
    relation=">=",
    right=Number(0),
    why="that is what is said of it",
    reference="the order of the reals",
    needs=(Need("range", beta, text="β ≥ 0"),),
    equality="{β} = 0",
)

RULES = (
    NONNEGATIVE, SCALAR, LOG_TANGENT,
    JENSEN_LOG, JENSEN_TWO, JENSEN_CONCAVE, JENSEN_CONVEX,
    GIBBS, GIBBS_SCALED, GIBBS_MULTIPLE, GIBBS_MEAN, GIBBS_RATIO,
    VARIATIONAL_BOUND,
)  # fmt: skip
