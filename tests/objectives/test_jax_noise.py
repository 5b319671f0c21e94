"""Prescribed draws of jax.random follow the laws they stand for.

For every law E[f(draw)], computed without sampling, is compared with a closed form: the mean for finite laws, for
continuous ones the mean of a smooth bounded function by SciPy's own densities.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

jax = pytest.importorskip("jax", reason="the JAX adapter is tested where JAX is installed")

import jax.numpy as jnp  # noqa: E402

from verify import strategies  # noqa: E402
from verify.objectives import Inquiry, Objective  # noqa: E402
from verify.objectives.adapters.jax_objective import jax_objective  # noqa: E402

Draw = Callable[[Any], Any]

CONTINUOUS: dict[str, tuple[Draw, Any]] = {
    "normal": (lambda key: jax.random.normal(key), stats.norm()),
    "uniform": (lambda key: jax.random.uniform(key, minval=-1.0, maxval=2.0), stats.uniform(-1, 3)),
    "exponential": (lambda key: jax.random.exponential(key), stats.expon()),
    "gumbel": (lambda key: jax.random.gumbel(key), stats.gumbel_r()),
    "logistic": (lambda key: jax.random.logistic(key), stats.logistic()),
    "laplace": (lambda key: jax.random.laplace(key), stats.laplace()),
    "cauchy": (lambda key: jax.random.cauchy(key), stats.cauchy()),
    "truncated_normal": (lambda key: jax.random.truncated_normal(key, -1.0, 0.5), stats.truncnorm(-1, 0.5)),
    "lognormal": (lambda key: jax.random.lognormal(key, 0.7), stats.lognorm(0.7)),
    "gamma": (lambda key: jax.random.gamma(key, 2.5), stats.gamma(2.5)),
    "loggamma": (lambda key: jnp.exp(jax.random.loggamma(key, 2.5)), stats.gamma(2.5)),
    "chisquare": (lambda key: jax.random.chisquare(key, 3.0), stats.chi2(3.0)),
    "beta": (lambda key: jax.random.beta(key, 2.5, 3.0), stats.beta(2.5, 3.0)),
    "dirichlet": (lambda key: jax.random.dirichlet(key, jnp.array([2.5, 3.0]))[0], stats.beta(2.5, 3.0)),
    "multivariate_normal": (
        lambda key: jax.random.multivariate_normal(key, jnp.array([0.3, 0.0]), jnp.array([[2.0, 0.5], [0.5, 1.0]]))[0],
        stats.norm(0.3, np.sqrt(2.0)),
    ),
}
FINITE: dict[str, tuple[Draw, float]] = {
    "categorical": (lambda key: jax.random.categorical(key, jnp.log(jnp.array([0.2, 0.3, 0.5]))), 1.3),
    "categorical along another axis": (
        lambda key: jax.random.categorical(key, jnp.log(jnp.array([[0.2], [0.8]])), axis=0).sum(), 0.8
    ),
    "bernoulli": (lambda key: jax.random.bernoulli(key, jnp.array([0.3, 0.9])).sum(), 1.2),
    "rademacher": (lambda key: jax.random.rademacher(key, (3,)).sum() ** 2, 3.0),
    "randint": (lambda key: jax.random.randint(key, (), 2, 6), 3.5),
    "choice": (lambda key: jax.random.choice(key, jnp.array([1.0, 5.0]), p=jnp.array([0.25, 0.75])), 4.0),
}  # fmt: skip


def expectation(draw: Draw, f: Callable[[Any], Any] = lambda z: z) -> Any:
    case = strategies.build("finite-table", 0, points=2, states=2, values=2)
    objective = jax_objective(lambda key: f(draw(key)) * 1.0)
    inquiry = Inquiry(objective, Objective("elbo", "sum"), case)
    return inquiry.expectation(inquiry.here).second()


@pytest.mark.parametrize("name", CONTINUOUS)
def test_continuous_laws(name: str) -> None:
    """Quadrature of an analytic bounded function of at most two normals; Cauchy's tails limit it to 1e-3."""
    draw, law = CONTINUOUS[name]
    low, high = law.support()
    exact = integrate.quad(lambda z: law.pdf(z) / (1 + np.exp(-z)), low, high, epsabs=1e-12)[0]
    found = float(expectation(draw, lambda z: 1 / (1 + jnp.exp(-z))).mean)
    assert found == pytest.approx(exact, abs=1e-3 if name == "cauchy" else 2e-5)


@pytest.mark.parametrize("name", FINITE)
def test_finite_laws_are_enumerated(name: str) -> None:
    draw, exact = FINITE[name]
    estimate = expectation(draw)
    assert estimate.exact
    assert float(estimate.mean) == pytest.approx(exact, rel=1e-6)


def test_the_derivative_of_a_gamma_draw_in_its_shape() -> None:
    """d/da E[log z] is the trigamma function."""
    from scipy.special import polygamma

    def slope(key: Any) -> Any:
        return jax.grad(lambda a: jnp.log(jax.random.gamma(key, a)))(jnp.asarray(2.5))

    assert float(expectation(slope).mean) == pytest.approx(float(polygamma(1, 2.5)), rel=1e-5)


def test_vmap_over_keys_gives_independent_draws() -> None:
    def variance_of_a_mean(key: Any) -> Any:
        return jax.vmap(lambda k: jax.random.rademacher(k, ()))(jax.random.split(key, 4)).mean() ** 2

    assert float(expectation(variance_of_a_mean).mean) == pytest.approx(1 / 4, rel=1e-12)


def test_a_law_that_cannot_be_prescribed_is_refused() -> None:
    from verify.objectives.noise import OutOfReachError

    with pytest.raises(OutOfReachError, match="cannot be prescribed"):
        expectation(lambda key: jax.random.poisson(key, 2.0))
