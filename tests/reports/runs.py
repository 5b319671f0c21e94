"""Runs to be reported: claims of every kind, checked, and values that no honest document would contain."""

from __future__ import annotations

from functools import cache

from derive.claims import Claim, Positive, Setting
from derive.conditions import Condition
from derive.terms.nodes import Law, Parameter, Variable
from derive.terms.notation import KL, E, H, argmax, argmin, integral, laws, log, parameters, sup, variables
from derive.writing import Notation, latex, text
from verify.check import check
from verify.results import WORDS, CheckedClaim, CheckedDocument, Place, Run, Trouble, Whole
from verify.verdict import Evidence, Required, Verdict, Word

x, z = variables("x z")
p, q = laws("p q")
(theta,) = parameters("theta")
NOTATION = Notation(names={"theta": r"\theta"})
ELBO = E(log(p(x, z)) - log(q(z | x)), q(z | x))
EVIDENCE = log(p(x))
JOINT = integral(p(x, z), z)
WEIGHTED = integral(q(z | x) * (p(x, z) / q(z | x)), z)
POSITIVE = Setting(hypotheses=(Positive(None, "hyp 1"),))

TRUE = (
    Claim(EVIDENCE, "=", log(JOINT)),
    Claim(log(JOINT), "=", log(WEIGHTED)),
    Claim(log(E(p(x, z) / q(z | x), q(z | x))), ">=", E(log(p(x, z) / q(z | x)), q(z | x))),
    Claim(EVIDENCE, ">=", ELBO),
    Claim(ELBO, "<=", EVIDENCE),
    Claim(EVIDENCE, "=", ELBO + KL(q(z | x), p(z | x))),
    Claim(log(JOINT), "=", log(WEIGHTED), POSITIVE),
    Claim(sup(ELBO, q), "=", EVIDENCE),
)
FALSE = (
    Claim(EVIDENCE, "<=", ELBO),
    Claim(p(x), "=", integral(p(x | z), z)),
    Claim(KL(q(z | x), p(z | x)), "=", KL(p(z | x), q(z | x))),
    Claim(EVIDENCE, "=", ELBO + H(q(z | x))),
)
P = Law("P", theta)
OPTIMUM = Claim(argmin(KL(p(x), P(x)), theta), "=", argmax(E(log(P(x)), p(x)), theta))


def checked(claim: Claim, number: int, chain: int = 0, expected: Word | None = None) -> CheckedClaim:
    """The claim as a run reports it, standing on a line of its own."""
    signs = {">=": "≥", "<=": "≤"}
    left, right = latex(claim.lhs, NOTATION), latex(claim.rhs, NOTATION)
    return CheckedClaim(
        number,
        f"{number:016x}",
        Place(10 + number, 5, 10 + number, 6),
        claim.sign,
        left,
        right,
        f"$${left} {claim.sign} {right}$$",
        check(claim, NOTATION),
        chain or number,
        expected,
        f"{text(claim.lhs, NOTATION)} {signs.get(claim.sign, claim.sign)} {text(claim.rhs, NOTATION)}",
    )


def spoken(number: int, verdict: Verdict, lhs: str = r"L(\theta)", rhs: str = r"\log p(x)") -> CheckedClaim:
    """A claim with a verdict that was not computed from it."""
    place = Place(10 + number, 5, 10 + number, 6)
    relation = ":=" if verdict.word == "assumed" else "="
    line = f"{lhs} = {rhs}"
    return CheckedClaim(number, f"{number:016x}", place, relation, lhs, rhs, f"$${line}$$", verdict, number, None, line)


STATED = Required(Condition("evidence", p(x), status="stated", by="hyp 1"), "p(x) > 0")
DISCHARGED = Required(Condition("finite", H(p(x)), status="discharged", by="finite by its form"), "H(p(x)) is finite")
OPEN = Required(Condition("exchange", JOINT), "the order of integration may be changed in ∫ p(x,z) dz")
ASSUMED = Verdict("assumed", "defines L(θ)", notes=("L is defined again here",))
UNREAD = Verdict("unread", "this \\left( is never closed", notes=("notes.md:30:5: never closed\n  $\\left( x$\n   ^",))
UNDECIDED = Verdict("undecided", "no proof found; it held in all 256 worlds", evidence=Evidence(256, 251, 251))
ALL_STATUSES = Verdict("proved", "by hand", conditions=(STATED, DISCHARGED, OPEN))


@cache
def everything() -> Run:
    """Every verdict word and every status of a condition; proofs, witnesses, counterexamples, an announced mistake."""
    proved = [checked(claim, number) for number, claim in enumerate((*TRUE, OPTIMUM), 1)]
    false = [checked(claim, number) for number, claim in enumerate(FALSE, 20)]
    announced = checked(FALSE[0], 30, expected="refuted")
    others = [spoken(40, ASSUMED), spoken(41, UNREAD), spoken(42, UNDECIDED), spoken(43, ALL_STATUSES)]
    claims = (*proved, *false, announced, *others)
    conditions = tuple(required for claim in claims for required in claim.verdict.conditions)
    return Run(
        (
            CheckedDocument(
                "notes.md",
                "Notes on the ELBO",
                claims,
                Whole(1, 43, ">=", "refuted", conditions, "refuted at line 30"),
                {"latent": ("z",), "observed": ("x",), "parameters": ("θ",), "discrete": ()},
                NOTATION,
                (Trouble(Place(3, 1, 3, 4), r"unknown macro \foo", "  \\foo\n  ^"),),
            ),
            CheckedDocument("missing.md", failure="there is no such file"),
        )
    )


@cache
def derivation() -> Run:
    """One chain, as a lecture has it: evidence, multiply and divide, Jensen."""
    ratio = p(x, z) / q(z | x)
    sides = [EVIDENCE, log(JOINT), log(WEIGHTED), log(E(ratio, q(z | x))), E(log(ratio), q(z | x)), ELBO]
    signs = ["=", "=", "=", ">=", "="]
    claims = tuple(
        checked(Claim(left, relation, right), number, chain=1)  # type: ignore[arg-type]
        for number, (left, relation, right) in enumerate(zip(sides, signs, sides[1:], strict=False), 1)
    )
    conditions = {r.condition.key: r for claim in reversed(claims) for r in claim.verdict.conditions}
    whole = Whole(1, 5, ">=", "proved", tuple(conditions.values()), "every step is proved")
    roles = {"latent": ("z",), "observed": ("x",)}
    return Run((CheckedDocument("elbo.md", "The evidence lower bound", claims, whole, roles, NOTATION),))


MARKUP = '<script>alert("&")</script>]]><img src=http://jensen.invalid/x onerror=alert(1)>--><!-- \' '
NASTY = MARKUP + "\x1b[31m\x00\u202e ` | $ \\ ::error::%0A \ud800"


@cache
def hostile() -> Run:
    """Hostile text wherever a document's text may come to stand, names of laws and variables included."""
    name = NASTY.replace("\ud800", "")
    bad = Variable(name)
    law = Law(f"p{name}", Parameter(name))
    plain = Notation(names={"q": NASTY})
    claims = []
    for number, claim in enumerate(
        (
            Claim(log(law(bad)), "=", log(integral(law(bad, z), z))),
            Claim(law(bad), "=", integral(law(bad | z), z)),
            Claim(log(law(bad)), ">=", E(log(law(bad, z)) - log(q(z | bad)), q(z | bad))),
        ),
        1,
    ):
        left, right = latex(claim.lhs, plain), latex(claim.rhs, plain)
        shown = f"{text(claim.lhs, plain)} {claim.sign} {text(claim.rhs, plain)}"
        place = Place(number, 1, number, 2)
        verdict = check(claim, plain)
        claims.append(CheckedClaim(number, "k", place, claim.sign, left, right, NASTY, verdict, 1, None, shown))
    worded = [spoken(10 + number, _nasty_verdict(word), NASTY) for number, word in enumerate(WORDS)]
    document = CheckedDocument(
        f"{NASTY}.md",
        NASTY,
        (*claims, *worded),
        Whole(1, 14, NASTY, "refuted", (_nasty(),), NASTY),
        {NASTY: (NASTY, NASTY)},
        plain,
        (Trouble(Place(1, 1, 1, 2), NASTY, NASTY), Trouble(None, NASTY)),
    )
    return Run((document, CheckedDocument(NASTY, failure=NASTY)))


def _nasty_verdict(word: Word) -> Verdict:
    return Verdict(word, NASTY, uses=(NASTY,), equality=NASTY, notes=(NASTY,), conditions=(_nasty(),))


def _nasty() -> Required:
    return Required(Condition("evidence", p(x), status="stated", by=NASTY), NASTY)
