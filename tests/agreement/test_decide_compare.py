"""Comparing values: equal only by the exact test, different however close, undecided rather than wrong."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction

import pytest
import sympy
from flint import fmpq, fmpz

from verify.decide import (
    EULER_GAMMA,
    INFINITY,
    LOG_PI,
    MINUS_INFINITY,
    PI,
    Answer,
    Method,
    Value,
    compare,
    exact,
    exact_chain,
    is_posterior,
    sign,
    total,
)
from verify.decide.coprime import coprime_form


def log(number: int | Fraction) -> Value:
    return exact(number).log()


def simplex(rng: random.Random, states: int) -> list[Fraction]:
    weights = [rng.randint(1, 997) for _ in range(states)]
    return [Fraction(weight, sum(weights)) for weight in weights]


def world(rng: random.Random, states: int) -> tuple[list[Fraction], list[Fraction]]:
    """A joint table with a random likelihood, and a random q."""
    joint = [p * Fraction(rng.randint(1, 997), 998) for p in simplex(rng, states)]
    return joint, simplex(rng, states)


class TestExactZero:
    def test_agrees_with_factoring(self) -> None:
        """The coprime base against prime factorisation, on sums of logs built to cancel half of the time."""
        rng = random.Random(3)
        for _ in range(300):
            numbers = [rng.randint(2, 5000) for _ in range(rng.randint(1, 6))]
            terms = {fmpz(n): fmpq(rng.randint(-4, 4), rng.randint(1, 3)) for n in numbers}
            if rng.random() < 0.5:
                product = exact(1)
                for n, c in terms.items():
                    product = product * exact(int(n)) ** (Fraction(int(c.p), int(c.q)) * 6)
                rest = product.as_fraction()
                assert rest is not None
                for part, coefficient in ((rest.numerator, -1), (rest.denominator, 1)):
                    key = fmpz(part)
                    terms[key] = terms.get(key, fmpq(0)) + fmpq(coefficient, 6)
            exponents: Counter[int] = Counter()
            for n, c in terms.items():
                for prime, power in sympy.factorint(int(n)).items():
                    exponents[prime] += Fraction(int(c.p), int(c.q)) * int(power)
            assert (not coprime_form(terms)) == all(e == 0 for e in exponents.values())

    def test_an_inequality_of_one_part_in_ten_to_the_400(self) -> None:
        """q = posterior up to 10^-d: the gap is about 10^-2d, and its sign is still found."""
        rng = random.Random(1)
        for digits in (3, 8, 20, 50, 100, 200, 400):
            joint, _ = world(rng, 4)
            evidence = sum(joint)
            q = [j / evidence for j in joint]
            nudge = Fraction(1, 10**digits) * min(q[0], q[1])
            q[0], q[1] = q[0] + nudge, q[1] - nudge
            decision = exact_chain(joint, q).bound()
            assert (decision.answer, decision.method) == (Answer.LESS, Method.ENCLOSURE)
            assert not is_posterior(joint, q)

    def test_almost_equal_is_not_equal(self) -> None:
        for digits in (60, 120):  # within reach of the enclosures before the exact test, and beyond
            tiny = Fraction(1, 10**digits)
            assert compare((1 + tiny) * log(2), log(2)).answer is Answer.GREATER
            assert compare(exact(1 + tiny).log(), 0).answer is Answer.GREATER
            assert compare(exact(1 + tiny).log(), tiny).answer is Answer.LESS

    def test_too_little_precision_is_undecided_and_says_so(self) -> None:
        left, right = exact(1 + Fraction(1, 10**100)).log(), exact(Fraction(1, 10**100))
        decision = compare(left, right, most_bits=128)
        assert decision.answer is Answer.UNDECIDED
        assert "proved different" in decision.note
        assert compare(left, right).answer is Answer.LESS


class TestWhatIsProvedAboutConstants:
    def test_pi_and_e_against_algebraic_numbers(self) -> None:
        assert compare(LOG_PI, log(Fraction(22, 7))).answer is Answer.LESS
        assert compare(PI, exact(10).sqrt()).answer is Answer.LESS
        assert sign(exact(1).exp() - Fraction(2718281828, 10**9)).answer is Answer.GREATER

    def test_constants_that_cancel(self) -> None:
        assert compare(EULER_GAMMA + log(2) - EULER_GAMMA, log(2)).answer is Answer.EQUAL
        assert compare((LOG_PI + 1) - LOG_PI, 1).answer is Answer.EQUAL

    def test_what_the_exact_test_claims(self) -> None:
        assert (LOG_PI - log(3)).exactly_zero() is False
        assert (1 + log(3)).exactly_zero() is False
        assert (LOG_PI + 1).exactly_zero() is None
        assert (EULER_GAMMA - log(2)).exactly_zero() is None

    def test_open_questions_are_left_to_enclosures(self) -> None:
        assert compare(EULER_GAMMA, Fraction(57721566, 10**8)).answer is Answer.GREATER
        assert compare(LOG_PI - 1, Fraction(144729885849400174143, 10**21)).answer is Answer.GREATER


class TestInfinite:
    def test_order(self) -> None:
        assert compare(INFINITY, INFINITY).answer is Answer.EQUAL
        assert compare(MINUS_INFINITY, log(2)).answer is Answer.LESS
        assert compare(5, MINUS_INFINITY).answer is Answer.GREATER
        assert compare(MINUS_INFINITY, INFINITY).method is Method.INFINITE

    def test_undefined_is_undecided(self) -> None:
        decision = compare(INFINITY - INFINITY, 0)
        assert decision.answer is Answer.UNDECIDED
        assert "undefined" in decision.note


class TestDecision:
    def test_flipping(self) -> None:
        decision = compare(log(2), log(3))
        assert decision.flipped().answer is Answer.GREATER
        assert decision.flipped().flipped() == decision
        assert decision.confirms_at_most
        assert decision.flipped().refutes_at_most
        assert decision.refutes_equal

    def test_enclosures_never_say_equal(self) -> None:
        for left, right in ((log(2) * log(3), log(3) * log(2)), (exact(2).sqrt() + 1, 1 + exact(2).sqrt())):
            decision = compare(left, right)
            assert decision.answer is Answer.UNDECIDED
            assert decision.difference is not None
            assert decision.difference.contains(0)


class TestFiniteWorlds:
    @pytest.mark.parametrize("states", [2, 4, 16, 40])
    def test_the_chain_of_a_rational_world_is_decided(self, states: int) -> None:
        rng = random.Random(states)
        for _ in range(max(3, 40 // states)):
            joint, q = world(rng, states)
            chain = exact_chain(joint, q)
            assert chain.identity().answer is Answer.EQUAL
            assert chain.bound().answer is Answer.LESS
            assert compare(chain.log_evidence, chain.elbo - chain.kl).answer is Answer.GREATER
            posterior = [j / sum(joint) for j in joint]
            assert exact_chain(joint, posterior).bound().answer is Answer.EQUAL
            assert is_posterior(joint, posterior)
            assert not is_posterior(joint, q)

    def test_unnormalised_q_and_base_weights(self) -> None:
        rng = random.Random(8)
        for _ in range(20):
            joint, q = world(rng, 3)
            weights = [Fraction(rng.randint(1, 50), 7) for _ in joint]
            chain = exact_chain(joint, [3 * r for r in q], weights)
            assert chain.identity().answer is Answer.EQUAL
            assert chain.bound().answer is Answer.LESS
            masses = exact_chain([w * j for w, j in zip(weights, joint, strict=True)],
                                 [3 * w * r for w, r in zip(weights, q, strict=True)])
            assert compare(masses.elbo, chain.elbo).answer is Answer.EQUAL

    def test_zeros(self) -> None:
        half = Fraction(1, 2)
        chain = exact_chain([half, 0, 0], [half, half, 0])
        assert (compare(chain.elbo, MINUS_INFINITY).answer, compare(chain.kl, INFINITY).answer) == (Answer.EQUAL,) * 2
        assert chain.identity().answer is Answer.UNDECIDED
        assert chain.bound().answer is Answer.LESS
        silent = exact_chain([half, 0], [1, 0])
        assert compare(silent.elbo, log(half)).answer is Answer.EQUAL

    def test_probabilities_below_every_float(self) -> None:
        joint = [Fraction(1, 10**3000), Fraction(1, 3 * 10**3000), Fraction(2, 7)]
        q = [Fraction(1, 3)] * 3
        chain = exact_chain(joint, q)
        assert chain.identity().answer is Answer.EQUAL
        more = total([chain.elbo, chain.kl, Fraction(1, 10**1000)])
        assert compare(more, chain.log_evidence).answer is Answer.GREATER
