"""Which law and variable of the document is which part of the model: inferred where only one choice remains."""

from __future__ import annotations

import numpy as np
import pytest

from derive import KL, Derivation, E, H, Law, Parameter, Variable, laws, log, variables
from derive.terms.nodes import Term
from verify import derivation, strategies
from verify.objectives.derived import NoValueError, ProvedClaim, RolesError
from verify.objectives.reference.decomposition import kl_to_prior

x, z, y, u, v = variables("x z y u v")
p, q, r, s, g, data = laws("p q r s g data")
CASE = strategies.build("gaussian-mixture", 3)
ELBO = CASE.model.elbo(CASE.q)


def proved(left: Term, right: Term, sign: str = "=") -> ProvedClaim:
    d = Derivation()
    d.claim(left, sign, right)  # type: ignore[arg-type]
    return derivation(d).last()


def value(claim: ProvedClaim, **choices: object) -> float:
    return claim.over(**choices)(CASE.model, CASE.q).value  # type: ignore[arg-type]


def bound(model: Law, variational: Law, latent: Variable, seen: Variable) -> Term:
    under = latent << variational(latent | seen)
    return E(log(model(seen | latent)), under) - KL(variational(latent | seen), model(latent))


def test_names_play_no_part() -> None:
    usual = bound(p, q, z, x)
    unusual = bound(q, p, x, z)  # q generates z from the latent x
    assert value(proved(log(p(x)), usual, ">=")) == value(proved(log(q(z)), unusual, ">="))


def test_laws_with_parameters_keep_their_role() -> None:
    model, encoder = p[Parameter("theta")], q[Parameter("phi")]
    assert value(proved(log(model(x)), bound(model, encoder, z, x), ">=")) == pytest.approx(ELBO, rel=1e-12)


def test_prior_and_likelihood_may_have_letters_of_their_own() -> None:
    under = z << q(z)
    claim = proved(E(log(g(x | z)) - log(q(z)) + log(r(z)), under), E(log(g(x | z)), under) - KL(q(z), r(z)))
    assert dict(claim.over().roles.laws) == {"g": "model", "q": "variational", "r": "prior"}
    assert value(claim) == pytest.approx(ELBO, rel=1e-12)
    assert value(claim, roles={"likelihood": "g", "prior": "r"}) == pytest.approx(ELBO, rel=1e-12)


def test_two_laws_that_may_both_be_the_variational_one_are_listed() -> None:
    under, other = z << q(z), KL(r(z), s(z))
    claim = proved(E(log(p(x, z) / q(z)), under) + other, E(log(p(x, z)), under) + H(q(z)) + other)
    with pytest.raises(RolesError, match=r"which is the variational law, q or r or s\?"):
        claim.over()
    with pytest.raises(RolesError, match=r"which is the prior law, r or s\?"):
        claim.over(roles={"variational": "q"})
    chosen = {"variational": ("q", "r"), "prior": "s"}
    divergence = kl_to_prior(CASE.model, CASE.q)  # r is q as well here, and s the prior
    assert value(claim, roles=chosen) == pytest.approx(ELBO + divergence, rel=1e-12)


def test_a_second_free_variable_asks_which_one_is_the_data() -> None:
    under = z << q(z | x)
    claim = proved(E(log(p(x | z)) + log(p(y)), under), E(log(p(x | z)), under) + log(p(y)))
    with pytest.raises(RolesError, match="which variable is the data"):
        claim.over()


def test_several_latents_are_copies_where_the_user_says_so() -> None:
    under_u, under_v = u << q(u | x), v << q(v | x)
    twice = E(E(log(p(x, u) / q(u | x)) + log(p(x, v) / q(v | x)), under_v), under_u)
    claim = proved(twice, twice)
    with pytest.raises(RolesError, match="u, v: which of them"):
        claim.over()
    assert value(claim, roles={"latent": ("u", "v")}) == pytest.approx(2 * ELBO, rel=1e-12)


def test_a_joint_of_two_latents_has_no_counterpart() -> None:
    both = E(log(p(x, u, v)), u << q(u, v | x))
    claim = proved(both, both)
    with pytest.raises(NoValueError, match="no average over one latent variable"):
        value(claim, roles={"latent": ("u", "v")})


def test_the_law_of_the_data_is_what_x_is_drawn_from() -> None:
    inside = bound(p, q, z, x)
    claim = proved(E(inside, x << data(x)), E(inside, x << data(x)))
    assert claim.over().roles.laws["data"] == "data"
    assert value(claim) == pytest.approx(ELBO, rel=1e-12)


@pytest.mark.parametrize(
    ("roles", "says"),
    [
        ({"hidden": "z"}, "'hidden' is no role; the roles are observed, latent"),
        ({"latent": "w"}, "'w' is not in the claim; it has x, z"),
        ({"model": "q", "variational": "p"}, "has no counterpart"),
    ],
)
def test_roles_that_do_not_fit_are_refused(roles: dict[str, str], says: str) -> None:
    claim = proved(log(p(x)), bound(p, q, z, x), ">=")
    with pytest.raises(RolesError, match=says):
        value(claim, roles=roles)


def test_either_side_of_an_equation_has_the_same_value() -> None:
    claim = proved(E(log(p(x, z) / q(z | x)), z << q(z | x)), log(p(x)) - KL(q(z | x), p(z | x)))
    assert np.isclose(value(claim, side="left"), value(claim, side="right"), rtol=1e-12)
    assert value(claim) == value(claim, side="right")


def test_the_bound_is_the_smaller_side_of_an_inequality() -> None:
    small = bound(p, q, z, x)
    assert value(proved(small, log(p(x)), "<=")) == value(proved(log(p(x)), small, ">="))
