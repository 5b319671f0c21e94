"""Rules about log and exp.  Arguments of logs are non-negative; log 0 = −∞ keeps the equations true there."""

from __future__ import annotations

from derive.rules.pattern import Hole
from derive.rules.rule import NearMiss, Need, Rule
from derive.terms.nodes import Exp, Log, Number, Plus, Power, Quotient, Times, negative

a, b = Hole("a", "nonnegative"), Hole("b", "nonnegative")
f = Hole("f")
c = Hole("c", "constant")

LOG_QUOTIENT = Rule(
    name="log-quotient",
    title="log of a quotient",
    left=Log(Quotient(a, b)),
    relation="=",
    right=Plus(Log(a), negative(Log(b))),
    why="log turns division into subtraction; where both are 0, both sides are undefined",
    reference="functional equation of the logarithm",
    near_misses=(
        NearMiss(Log(Quotient(a, b)), "=", Plus(Log(a), Log(b)), "the log of a quotient is a difference, not a sum"),
        NearMiss(Log(Quotient(a, b)), "=", Quotient(Log(a), Log(b)), "the log of a quotient is no quotient of logs"),
        NearMiss(Log(Quotient(a, b)), "=", Plus(Log(b), negative(Log(a))), "numerator and denominator are swapped"),
    ),
)

LOG_PRODUCT = Rule(
    name="log-product",
    title="log of a product",
    left=Log(Times(a, b)),
    relation="=",
    right=Plus(Log(a), Log(b)),
    why="log turns multiplication into addition",
    reference="functional equation of the logarithm",
    splitting=(Need("finite", a, text="no factor is infinite"), Need("finite", b, text="no factor is infinite")),
    near_misses=(
        NearMiss(Log(Times(a, b)), "=", Times(Log(a), Log(b)), "the log of a product is a sum of logs, not a product"),
        NearMiss(Log(Plus(a, b)), "=", Plus(Log(a), Log(b)), "the log of a sum does not split"),
    ),
)

LOG_POWER = Rule(
    name="log-power",
    title="log of a power",
    left=Log(Power(a, c)),
    relation="=",
    right=Times(c, Log(a)),
    why="log aᶜ = c log a",
    reference="functional equation of the logarithm",
    needs=(
        Need("support", Power(c, Number(2)), text="the exponent is not 0"),
        Need("finite", c, text="the exponent is finite"),
    ),
    near_misses=(NearMiss(Log(Power(a, Number(2))), "=", Power(Log(a), Number(2)), "the exponent belongs in front"),),
)

LOG_EXP = Rule(
    name="log-exp",
    title="log undoes exp",
    left=Log(Exp(f)),
    relation="=",
    right=f,
    why="exp and log are inverse to each other",
    reference="definition of the logarithm",
)

EXP_LOG = Rule(
    name="exp-log",
    title="exp undoes log",
    left=Exp(Log(a)),
    relation="=",
    right=a,
    why="exp and log are inverse to each other",
    reference="definition of the logarithm",
)

EXP_SUM = Rule(
    name="exp-sum",
    title="exp of a sum",
    left=Exp(Plus(f, Hole("g"))),
    relation="=",
    right=Times(Exp(f), Exp(Hole("g"))),
    why="exp turns addition into multiplication",
    reference="functional equation of the exponential",
    merging=(Need("finite", f, text="no term is infinite"), Need("finite", Hole("g"), text="no term is infinite")),
    near_misses=(
        NearMiss(Exp(Plus(f, Hole("g"))), "=", Plus(Exp(f), Exp(Hole("g"))), "the exp of a sum is a product"),
    ),
)

LOG_ONE = Rule(
    name="log-one",
    title="log 1 = 0",
    left=Log(Number(1)),
    relation="=",
    right=Number(0),
    why="e⁰ = 1",
    reference="definition of the logarithm",
)

RULES = (LOG_QUOTIENT, LOG_PRODUCT, LOG_POWER, LOG_EXP, EXP_LOG, EXP_SUM, LOG_ONE)
