"""What a certification answers: enclosures of log evidence, ELBO and KL, and what they decide."""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb

from verify.decide import Answer, Decision, Enclosure, Method, Value, compare, precision


@dataclass(frozen=True)
class CertifiedElbo:
    """Certified numbers of one model, one observation and one variational distribution, in nats.

    log_evidence  log p(x), by integrating the joint density
    elbo          E_q[log p(x, z) − log q(z)], by integrating under q
    kl            KL(q ‖ p(z | x)), by a third integral; with the closed-form posterior where there is one
    bound         how the ELBO stands to log p(x): less, or equal where q is exactly the posterior; or undecided
    identity      how log p(x) stands to ELBO + KL: equal where closed forms prove it, otherwise undecided with the
                  enclosure of the residual as evidence; less or greater would refute it
    """

    log_evidence: Enclosure
    elbo: Enclosure
    kl: Enclosure
    bound: Decision
    identity: Decision

    @property
    def evidence(self) -> Enclosure:
        """p(x) itself."""
        with precision(256):
            return Enclosure.of_ball(self.log_evidence.ball().exp())


@dataclass(frozen=True)
class ClosedForm:
    """Log evidence, ELBO and KL of a conjugate model by formulas, as values that can be compared exactly.

    q_is_posterior: the parameters of q are exactly those of the posterior, whose family is closed: the bound is tight.
    """

    log_evidence: Value
    elbo: Value
    kl: Value
    q_is_posterior: bool


_FEW_BITS = 64
_TIGHT = Decision(Answer.EQUAL, Method.EXACT, note="q is exactly the posterior")


class Contradiction(ArithmeticError):  # noqa: N818 - the word for it
    """Two certified routes to one number do not meet: a defect of this program, never of the model."""


def certified(log_evidence: arb, elbo: arb, kl: arb, bits: int, closed: ClosedForm | None = None) -> CertifiedElbo:
    """The result for three balls, at the current precision; `closed` adds exact decisions.

    Raises Contradiction if a closed form lies outside the ball of its integral.
    """
    bound = by_enclosure(elbo - log_evidence, bits)
    identity = by_enclosure(log_evidence - (elbo + kl), bits)
    if closed is not None:
        for name, ball, value in (("log evidence", log_evidence, closed.log_evidence), ("ELBO", elbo, closed.elbo),
                                  ("KL", kl, closed.kl)):
            _check_overlap(name, ball, value)
        bound = _TIGHT if closed.q_is_posterior else _exact_or(bound, closed.elbo, closed.log_evidence)
        identity = _exact_or(identity, closed.log_evidence, closed.elbo + closed.kl)
    of_ball = Enclosure.of_ball
    return CertifiedElbo(of_ball(log_evidence), of_ball(elbo), of_ball(kl), bound, identity)


def by_enclosure(difference: arb, bits: int) -> Decision:
    """The decision that a ball around left − right supports."""
    enclosure = Enclosure.of_ball(difference)
    if difference < 0 or difference > 0:
        answer = Answer.LESS if difference < 0 else Answer.GREATER
        return Decision(answer, Method.ENCLOSURE, enclosure, bits)
    why = "the difference is enclosed around zero" if enclosure.is_finite else "the integrals could not be enclosed"
    return Decision(Answer.UNDECIDED, Method.NONE, enclosure, bits, why)


def _exact_or(enclosed: Decision, left: Value, right: Value) -> Decision:
    """What the closed forms decide where the integrals decide nothing; few bits, for only equality is left to prove."""
    if enclosed.decided:
        return enclosed
    closed = compare(left, right, most_bits=_FEW_BITS)
    return closed if closed.decided else enclosed


def _check_overlap(name: str, ball: arb, value: Value) -> None:
    formula = value.ball()
    if not ball.overlaps(formula):
        raise Contradiction(f"the integral for the {name} gives {ball}, its closed form {formula}")
