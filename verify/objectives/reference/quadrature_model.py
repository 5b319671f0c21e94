"""Any model with at most two dimensions a latent, solved by quadrature: no conjugacy needed.

    model = QuadratureModel("bernoulli-decoder", x, [log_joint_of_the_first_latent, …], prior)
    check_objective(my_elbo, Case(model, q), …)

Each independent latent (one a data point in a VAE; a single one for a model with shared latents) has its own
z ↦ log p(x, z), vectorised over rows of z.  Evidence, ELBO and gap are trapezoid sums in coordinates in which the
density is about as wide as a standard normal; the difference of two finenesses is their error, and is carried along.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from verify.estimators.nodes import noise_grid
from verify.models import Normal
from verify.models.records import Array, Gradient
from verify.models.special import log_sum_exp
from verify.models.sums import Sum

LogJoint: TypeAlias = Callable[[Array], Array]
_FINE: tuple[int, int] = (160, 110)  # intervals for every dimension: the value, and the check of its error
_ROUNDS = 12
_SETTLED = 1e-10


@dataclass(frozen=True, eq=False)
class QuadratureModel:
    """A latent-variable model given by log p(x, z) alone.

    name         for messages
    x            the data, data points along the first axis; an objective finds it as `model.x` or `x`
    log_joints   one z ↦ log p(x, z) for every independent latent: from shape (n, d) to shape (n,), d <= 2; the data's
                 log likelihood is split among them
    prior_law    the prior of all latents, a Normal with mean of shape (latents, d); where the prior is another law (a
                 hierarchy), any normal about as wide: with beta = 1 only what is said of a failure rests on it
    q is a Normal with mean of the same shape; samples z have shape (n, latents, d).
    """

    name: str
    x: npt.NDArray[Any]
    log_joints: Sequence[LogJoint]
    prior_law: Normal

    contains_posterior = False
    quadratic = False

    def data(self) -> dict[str, npt.NDArray[Any]]:
        """The observations."""
        return {"x": self.x}

    def log_joint(self, z: npt.NDArray[Any]) -> Array:
        """log p(x, z), shape (n,)."""
        own = np.array(z)  # PyTorch warns of arrays that it could not write to
        return np.asarray(sum(f(own[:, i]) for i, f in enumerate(self.log_joints)))

    def log_weight(self, q: Normal, z: npt.NDArray[Any]) -> Array:
        """log p(x, z) - log q(z), shape (n,)."""
        return self.log_joint(z) - q.log_density(z)

    def pieces(self, q: Normal) -> Iterator[tuple[QuadratureModel, Normal]]:
        """One independent latent after the other; every piece keeps all of the data."""
        for i, f in enumerate(self.log_joints):
            prior = Normal(self.prior_law.mean[i : i + 1], self.prior_law.variance[i : i + 1])
            part = Normal(q.mean[i : i + 1], q.variance[i : i + 1])
            yield QuadratureModel(self.name, self.x, [f], prior), part

    def evidence_sum(self) -> Sum:
        """log p(x), one term a latent."""
        return self._evidence

    @cached_property
    def _evidence(self) -> Sum:
        terms = [_Posterior.of(f, self._prior(i)) for i, f in enumerate(self.log_joints)]
        return _summed("evidence", [(term.log_evidence, term.error) for term in terms])

    def log_evidence(self) -> float:
        """log p(x)."""
        return self.evidence_sum().value

    def elbo_sum(self, q: Normal) -> Sum:
        """E_q[log p(x, z) - log q(z)]."""
        return _summed("elbo", [_mean(self._weight(q, i), self._part(q, i)) for i in range(len(self.log_joints))])

    def elbo(self, q: Normal) -> float:
        """The evidence lower bound."""
        return self.elbo_sum(q).value

    def gap_sum(self, q: Normal) -> Sum:
        """KL(q ‖ p(z|x)) = E_q[log q(z) - log p(x, z)] + log p(x)."""
        evidence, elbo = self.evidence_sum(), self.elbo_sum(q)
        terms = {"evidence": evidence.value, "elbo": -elbo.value}
        return Sum.of(inside=evidence.magnitude, error=evidence.error + elbo.error, **terms)

    def gap(self, q: Normal) -> float:
        """KL(q ‖ p(z|x))."""
        return self.gap_sum(q).value

    def posterior_q(self) -> Normal:
        """The normal with the posterior's means and variances: close to it, not equal."""
        found = [_Posterior.of(f, self._prior(i)) for i, f in enumerate(self.log_joints)]
        return Normal(np.stack([p.mean for p in found]), np.stack([np.diag(p.covariance) for p in found]))

    def random_q(self, rng: np.random.Generator) -> Normal:
        """A normal away from the prior."""
        shape = self.prior_law.mean.shape
        return Normal(rng.normal(scale=0.8, size=shape), rng.uniform(0.1, 1.5, size=shape))

    def elbo_gradient(self, q: Normal) -> Gradient:
        """E_q[score · (log weight - its mean)], by the fields of q."""
        rows: dict[str, list[Array]] = {"mean": [], "variance": []}
        for i in range(len(self.log_joints)):
            part = self._part(q, i)
            noise, weights = noise_grid(part.mean.size, _FINE[0])
            z = part.from_noise(noise)
            signal = self._weight(q, i)(z)
            score = part.score(z)
            for name, values in rows.items():
                values.append(np.asarray((weights * (signal - weights @ signal)) @ score[name]))
        return {name: np.stack(values) for name, values in rows.items()}

    def parameter_gradient(self, q: Normal) -> Gradient:
        """Nothing: the parameters are inside the log joints."""
        return {}

    def _prior(self, i: int) -> Normal:
        return Normal(self.prior_law.mean[i], self.prior_law.variance[i])

    @staticmethod
    def _part(q: Normal, i: int) -> Normal:
        return Normal(q.mean[i], q.variance[i])

    def _weight(self, q: Normal, i: int) -> LogJoint:
        part, f = self._part(q, i), self.log_joints[i]
        return lambda z: np.asarray(f(z) - part.log_density(z))


def _summed(name: str, terms: Sequence[tuple[float, float]]) -> Sum:
    values: dict[str, Any] = {name: np.array([value for value, _ in terms])}
    return Sum.of(error=math.fsum(error for _, error in terms), **values)


def _mean(function: LogJoint, q: Normal) -> tuple[float, float]:
    """E_q[f(z)] and its error."""
    values = []
    for fineness in _FINE:
        noise, weights = noise_grid(q.mean.size, fineness)
        values.append(float(weights @ function(q.from_noise(noise))))
    return values[0], abs(values[0] - values[1])


@dataclass(frozen=True)
class _Posterior:
    """Evidence, mean and covariance of one latent's posterior, by a grid fitted to the posterior's own width."""

    log_evidence: float
    mean: Array
    covariance: Array
    error: float

    @classmethod
    def of(cls, log_joint: LogJoint, prior: Normal) -> _Posterior:
        """Start from the prior; move the grid to where the posterior is until nothing changes."""
        mean, covariance = np.asarray(prior.mean), np.diag(np.ravel(prior.variance))
        before = math.inf
        for _ in range(_ROUNDS):
            log_evidence, mean, covariance = _integrated(log_joint, mean, covariance, _FINE[0])
            if abs(log_evidence - before) <= _SETTLED * max(1.0, abs(log_evidence)):
                break
            before = log_evidence
        else:
            raise ValueError(
                "the quadrature does not settle: the posterior is too far from one normal hill (several modes, or "
                "heavy tails)"
            )
        coarse = _integrated(log_joint, mean, covariance, _FINE[1])[0]
        fine, mean, covariance = _integrated(log_joint, mean, covariance, _FINE[0])
        return cls(fine, mean, covariance, abs(fine - coarse))


def _integrated(log_joint: LogJoint, mean: Array, covariance: Array, fineness: int) -> tuple[float, Array, Array]:
    """log ∫ p(x, z) dz, and mean and covariance of z under the posterior, on a grid around the given normal."""
    size = mean.size
    factor = np.linalg.cholesky(covariance + 1e-300 * np.eye(size))
    axis = np.linspace(-12.0, 12.0, fineness + 1)
    grid = np.stack(np.meshgrid(*[axis] * size, indexing="ij"), axis=-1).reshape(-1, size)
    z = mean + grid @ factor.T
    logs = log_joint(z)
    total = float(log_sum_exp(logs))
    shares = np.exp(logs - total)
    centre = shares @ z
    away = z - centre
    cell = size * math.log(24.0 / fineness) + float(np.log(np.diag(factor)).sum())
    return total + cell, centre, (away * shares[:, None]).T @ away
