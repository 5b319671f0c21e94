"""A derivation written in Python gives what the same derivation gives as a document."""

from __future__ import annotations

from fractions import Fraction

from checking import checked

from derive.claims import LawEquation, Positive
from derive.derivation import Derivation
from derive.terms.nodes import Law, Parameter, Variable
from derive.terms.notation import KL, E, argmax, argmin, integral, laws, log, variables
from verify.derivations import check_derivation
from verify.results import CheckedDocument

x, z = variables("x z")
p, q = laws("p q")
weight = z << q(z | x)


def outcome(document: CheckedDocument) -> list[tuple[str, str, str, tuple[tuple[str, str], ...], str | None]]:
    """For each claim: its key, its text, the verdict, the conditions, the equality case."""
    return [
        (
            c.key,
            c.text,
            c.verdict.word,
            tuple((r.text, r.condition.status) for r in c.verdict.conditions),
            c.verdict.equality,
        )
        for c in document.claims
        if c.verdict.word != "assumed"
    ]


def test_a_chain_from_the_evidence_to_the_elbo() -> None:
    derivation = Derivation()
    ratio = p(x, z) / q(z | x)
    elbo = E(log(ratio), weight)
    chain = derivation.chain(log(p(x))).equals(log(integral(p(x, z), z))).equals(log(integral(q(z | x) * ratio, z)))
    chain.equals(log(E(ratio, weight))).at_least(elbo).equals(E(log(p(x, z)) - log(q(z | x)), weight))
    derivation.claim(log(p(x)), "=", elbo)
    document = checked(
        r"""
        $$
        \begin{aligned}
        \log p(x) &= \log \int p(x,z)\,dz = \log \int q(z|x) \frac{p(x,z)}{q(z|x)}\,dz \\
        &= \log \mathbb{E}_{z\sim q(z|x)}\left[\frac{p(x,z)}{q(z|x)}\right]
        \ge \mathbb{E}_{z\sim q(z|x)}\left[\log \frac{p(x,z)}{q(z|x)}\right] \\
        &= \mathbb{E}_{z\sim q(z|x)}\left[\log p(x,z) - \log q(z|x)\right]
        \end{aligned}
        $$
        $$\log p(x) = \mathbb{E}_{z\sim q(z|x)}\left[\log \frac{p(x,z)}{q(z|x)}\right]$$
        """
    )
    assert outcome(check_derivation(derivation)) == outcome(document)
    assert [c.verdict.word for c in document.claims] == ["proved"] * 5 + ["refuted"]


def test_definitions_and_optima() -> None:
    theta = Parameter("theta")
    data, model = Law("r"), Law("p", theta)
    derivation = Derivation()
    likelihood = derivation.define("ell", E(log(model(x)), x << data(x)), theta)
    derivation.claim(argmin(KL(data(x), model(x)), theta), "=", argmax(likelihood, theta))
    document = checked(
        r"""
        $$\ell(\theta) := \mathbb{E}_{x\sim r(x)}[\log p_\theta(x)]$$
        $$\arg\min_\theta D_{KL}(r(x) \| p_\theta(x)) = \arg\max_\theta \ell(\theta)$$
        """
    )
    mine, theirs = outcome(check_derivation(derivation)), outcome(document)
    assert [row[2] for row in mine] == ["proved"]
    assert mine == theirs


def test_hypotheses() -> None:
    z1, z2 = Variable("z_1"), Variable("z_2")
    derivation = Derivation()
    derivation.assume(Positive(None, "“All densities are positive”"))
    derivation.claim(integral(p(x, z), z), "=", integral(q(z) * (p(x, z) / q(z)), z))
    derivation.assume(LawEquation(q(z1, z2), q(z1) * q(z2), "independent"))
    derivation.claim(E(log(q(z1, z2)), q(z1, z2)), "=", E(log(q(z1)), q(z1)) + E(log(q(z2)), q(z2)))
    claims = check_derivation(derivation).claims
    assert [c.verdict.word for c in claims] == ["proved", "proved"]
    assert [len(c.verdict.open_conditions) for c in claims] == [0, 0]


def test_a_wrong_claim_comes_with_two_values_that_differ() -> None:
    derivation = Derivation()
    derivation.claim(KL(q(z), p(z)), "=", KL(p(z), q(z)))
    (claim,) = check_derivation(derivation).claims
    assert claim.verdict.word == "refuted"
    assert claim.verdict.counterexample is not None
    left, right = claim.verdict.counterexample.left, claim.verdict.counterexample.right
    assert Fraction(left.upper) < Fraction(right.lower) or Fraction(right.upper) < Fraction(left.lower)
