"""Linear-Gaussian state space model: evidence by the Kalman filter, posterior by sparse algebra.

Sources: C. M. Bishop, Pattern Recognition and Machine Learning (2006), section 13.3; the covariance update in the
symmetric form of P. D. Joseph, which keeps it positive definite.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from verify.models.base import Formulas, SolvableModel
from verify.models.families.normal import MultivariateNormal, solve, solve_columns
from verify.models.gaussian import (
    cholesky,
    diagonal,
    log_density,
    log_determinant_terms,
    random_covariance,
    random_scale_tril,
    symmetric_part,
)
from verify.models.records import Array, Covariance, Gradient, Observed, Reals
from verify.models.special import LOG_2PI
from verify.models.sums import ULPS_PER_TERM, UNIT_ROUNDOFF, Sum, lost


@dataclass(frozen=True, eq=False)
class LinearGaussianStateSpace(SolvableModel[MultivariateNormal]):
    """z_1 ~ N(initial_mean, initial_covariance), z_{t+1} ~ N(dynamics z_t, process_covariance), and
    x_t ~ N(observation z_t, noise_covariance).

    x                                  data, shape (T, D)
    initial_mean, initial_covariance   shapes (d,), (d, d)
    dynamics, process_covariance       shapes (d, d), (d, d)
    observation, noise_covariance      shapes (D, d), (D, D)
    q is a normal law of all states stacked; samples z have shape (n, T d), time by time.
    """

    name: ClassVar[str] = "state-space"
    title: ClassVar[str] = "Linear-Gaussian state space model"
    formulas: ClassVar[Formulas] = Formulas(
        joint=(
            r"p(x, z) = \mathcal N(z_1; m, P) \prod_{t=2}^T \mathcal N(z_t; F z_{t-1}, Q)"
            r" \prod_{t=1}^T \mathcal N(x_t; H z_t, R)"
        ),
        evidence=r"\log p(x) = \sum_t \log \mathcal N(x_t; H m_{t|t-1}, H P_{t|t-1} H^\top + R)",
        elbo=r"\mathbb E_q \log p(x, z) + \frac12 \log\det 2\pi e\, S_q",
        gap=r"\operatorname{KL}\left(\mathcal N(m_q, S_q) \,\|\, \mathcal N(\hat m, \Lambda^{-1})\right)",
        second_route="dense covariance of all data",
    )
    shapes: ClassVar[dict[str, tuple[int, int]]] = {"steps": (2, 4), "latents": (2, 3), "dimension": (2, 3)}
    quadratic: ClassVar[bool] = True

    x: Observed
    initial_mean: Reals
    initial_covariance: Covariance
    dynamics: Reals
    process_covariance: Covariance
    observation: Reals
    noise_covariance: Covariance

    @classmethod
    def random(
        cls, rng: np.random.Generator, steps: int = 4, latents: int = 2, dimension: int = 3
    ) -> LinearGaussianStateSpace:
        return cls(
            np.zeros((steps, dimension)),
            rng.normal(size=latents),
            random_covariance(rng, latents),
            rng.normal(scale=0.6, size=(latents, latents)),
            random_covariance(rng, latents),
            rng.normal(size=(dimension, latents)),
            random_covariance(rng, dimension),
        ).sample_data(rng)

    def sample_data(self, rng: np.random.Generator) -> LinearGaussianStateSpace:
        state, rows = rng.multivariate_normal(self.initial_mean, self.initial_covariance), []
        for _ in self.x:
            rows.append(rng.multivariate_normal(self.observation @ state, self.noise_covariance))
            state = rng.multivariate_normal(self.dynamics @ state, self.process_covariance)
        return self.replace(x=np.stack(rows))

    # -- log p(x, z) as -½ |M z - c|² + constants, with M and c whitened and z all states stacked

    def _transition_map(self) -> tuple[Array, Array]:
        """M z - c for the states: z_1 - m and z_{t+1} - F z_t, before whitening."""
        steps, size = len(self.x), len(self.initial_mean)
        matrix = np.eye(steps * size) - np.kron(np.eye(steps, k=-1), self.dynamics)
        return matrix, np.concatenate([self.initial_mean, np.zeros((steps - 1) * size)])

    def _whitener(self) -> Array:
        """The block-diagonal Cholesky factor of the covariances of all transitions, then all observations."""
        steps = len(self.x)
        first, later = cholesky(self.initial_covariance), cholesky(self.process_covariance)
        blocks = [first, *[later] * (steps - 1), *[cholesky(self.noise_covariance)] * steps]
        factor = np.zeros((sum(map(len, blocks)),) * 2)
        at = 0
        for block in blocks:
            factor[at : at + len(block), at : at + len(block)] = block
            at += len(block)
        return factor

    def _white_map(self) -> tuple[Array, Array, int]:
        """M, c and the number of rows that belong to the transitions."""
        transitions, start = self._transition_map()
        observations = np.kron(np.eye(len(self.x)), self.observation)
        factor = self._whitener()
        matrix = solve_columns(factor, np.vstack([transitions, observations]))
        return matrix, solve(factor, np.concatenate([start, self.x.ravel()])), len(transitions)

    def _log_volumes(self) -> tuple[Array, Array]:
        """log determinants of the covariances of transitions and of observations."""
        later = np.tile(log_determinant_terms(self.process_covariance), len(self.x) - 1)
        noise = np.tile(log_determinant_terms(self.noise_covariance), len(self.x))
        return np.append(log_determinant_terms(self.initial_covariance), later), noise

    def precision(self) -> Array:
        """The posterior precision of all states, shape (T d, T d), block tridiagonal."""
        matrix, _, _ = self._white_map()
        return symmetric_part(matrix.T @ matrix)

    def posterior_q(self) -> MultivariateNormal:
        """By QR of the reversed M, which spares the square of its condition: MᵀM = U Uᵀ with U upper, factor U⁻ᵀ."""
        mean, triangle = self._least_squares()
        upper = triangle.T[::-1, ::-1] * np.sign(diagonal(triangle))[::-1]
        return MultivariateNormal(mean, np.tril(np.linalg.solve(upper.T, np.eye(len(upper)))))

    def _least_squares(self) -> tuple[Array, Array]:
        """The z that makes |M z - c| least, and the triangle of the reversed M."""
        matrix, target, _ = self._white_map()
        basis, triangle = np.linalg.qr(matrix[:, ::-1])
        return np.linalg.solve(triangle, basis.T @ target)[::-1], triangle

    def _condition(self) -> float:
        """Of the posterior precision MᵀM."""
        return float(np.linalg.cond(self._white_map()[0])) ** 2

    def evidence_sum(self) -> Sum:
        try:
            squares, volumes, inside, condition = self._innovations()
        except np.linalg.LinAlgError:  # rounding has left a covariance of the filter without an inverse
            return self._evidence_at_the_mode()
        return Sum.of(
            condition=max(condition, self._condition()),
            inside=inside,
            squares=-0.5 * squares,
            volumes=-0.5 * volumes,
            pi=np.full(self.x.size, -0.5 * LOG_2PI),
        )

    def _evidence_at_the_mode(self) -> Sum:
        """log p(x, z) at the posterior mean, and the volume of the posterior: no covariance of x is formed."""
        matrix, target, _ = self._white_map()
        mean, triangle = self._least_squares()
        away = matrix @ mean - target
        return Sum.of(
            condition=self._condition(),
            inside=lost(away, np.abs(matrix) @ np.abs(mean) + np.abs(target)),
            squares=-0.5 * away**2,
            volumes=-0.5 * np.concatenate(self._log_volumes()),
            posterior=-np.log(np.abs(diagonal(triangle))),
            pi=np.full(self.x.size, -0.5 * LOG_2PI),
        )

    def _innovations(self) -> tuple[Array, Array, float, float]:
        """Kalman filter: whitened squared innovations and log determinants, T D of each; what the squares lose by
        subtracting, and the worst condition of a covariance that is inverted."""
        mean, covariance = self.initial_mean, self.initial_covariance
        squares, volumes, eye, inside, condition = [], [], np.eye(len(mean)), 0.0, 1.0
        for row in self.x:
            spread = symmetric_part(self.observation @ covariance @ self.observation.T + self.noise_covariance)
            surprise = row - self.observation @ mean
            white = solve(cholesky(spread), surprise)
            sizes = np.abs(row) + np.abs(self.observation) @ np.abs(mean)
            inside += lost(white, np.abs(np.linalg.inv(cholesky(spread))) @ sizes)
            condition = max(condition, float(np.linalg.cond(spread)))
            squares.append(white**2)
            volumes.append(log_determinant_terms(spread))
            gain = np.linalg.solve(spread, self.observation @ covariance).T
            kept = eye - gain @ self.observation
            after = kept @ covariance @ kept.T + gain @ self.noise_covariance @ gain.T
            mean = self.dynamics @ (mean + gain @ surprise)
            covariance = symmetric_part(self.dynamics @ after @ self.dynamics.T + self.process_covariance)
        return np.concatenate(squares), np.concatenate(volumes), inside, condition

    def elbo_sum(self, q: MultivariateNormal) -> Sum:
        matrix, target, split = self._white_map()
        away, reached = (matrix @ q.mean - target) ** 2, (matrix @ q.scale_tril) ** 2
        prior_volume, noise_volume = self._log_volumes()
        prior = np.concatenate([away[:split], reached[:split].ravel(), prior_volume + LOG_2PI])
        likelihood = np.concatenate([away[split:], reached[split:].ravel(), noise_volume + LOG_2PI])
        return Sum.of(
            condition=self._condition(),
            inside=lost(matrix @ q.mean - target, np.abs(matrix) @ np.abs(q.mean) + np.abs(target)),
            log_likelihood=-0.5 * likelihood,
            log_prior=-0.5 * prior,
            entropy=q.entropy_terms(),
        )

    def gap_sum(self, q: MultivariateNormal) -> Sum:
        posterior = self.posterior_q()
        gap, condition = q.kl_sum(posterior), self._condition()
        # A relative error of the posterior moves the gap by its square where q is the posterior.
        size = float(np.sum(solve(posterior.scale_tril, posterior.mean) ** 2)) + posterior.mean.size
        own = ULPS_PER_TERM * UNIT_ROUNDOFF * condition * size / 2
        return replace(gap, condition=max(gap.condition, condition), magnitude=gap.magnitude + own)

    def log_evidence_independent(self) -> float:
        """All data as one normal vector: covariance of the states from their recursion, then observed."""
        transitions, start = self._transition_map()
        steps, size = len(self.x), len(self.initial_mean)
        noise = np.kron(np.eye(steps), self.process_covariance)
        noise[:size, :size] = self.initial_covariance
        inverse = np.linalg.inv(transitions)
        observe = np.kron(np.eye(steps), self.observation)
        covariance = observe @ inverse @ noise @ inverse.T @ observe.T + np.kron(np.eye(steps), self.noise_covariance)
        return log_density(self.x.ravel(), observe @ inverse @ start, covariance)

    def random_q(self, rng: np.random.Generator) -> MultivariateNormal:
        size = len(self.x) * len(self.initial_mean)
        return MultivariateNormal(rng.normal(size=size), random_scale_tril(rng, (), size))

    def elbo_gradient(self, q: MultivariateNormal) -> Gradient:
        matrix, target, _ = self._white_map()
        spread = np.tril(-self.precision() @ q.scale_tril) + q.entropy_gradient()["scale_tril"]
        return {"mean": -matrix.T @ (matrix @ q.mean - target), "scale_tril": spread}

    def parameter_gradient(self, q: MultivariateNormal) -> Gradient:
        steps, size = len(self.x), len(self.initial_mean)
        means = q.mean.reshape(steps, size)
        covariances = q.covariance.reshape(steps, size, steps, size).transpose(0, 2, 1, 3)
        moments = covariances + means[:, None, :, None] * means[None, :, None, :]
        return {
            **self._initial_gradient(means[0], covariances[0, 0]),
            **self._dynamics_gradient(moments),
            **self._observation_gradient(means, moments),
        }

    def _initial_gradient(self, mean: Array, covariance: Array) -> Gradient:
        away = mean - self.initial_mean
        scatter = covariance + np.outer(away, away)
        return {
            "initial_mean": solve(self.initial_covariance, away),
            "initial_covariance": _covariance_gradient(self.initial_covariance, scatter, 1),
        }

    def _dynamics_gradient(self, moments: Array) -> Gradient:
        """moments: E[z_t z_sᵀ] at [t, s], shape (T, T, d, d)."""
        steps, F = len(moments), self.dynamics
        before = sum(moments[t, t] for t in range(steps - 1))
        across = sum(moments[t + 1, t] for t in range(steps - 1))
        after = sum(moments[t, t] for t in range(1, steps))
        scatter = after - F @ across.T - across @ F.T + F @ before @ F.T
        return {
            "dynamics": np.linalg.solve(self.process_covariance, across - F @ before),
            "process_covariance": _covariance_gradient(self.process_covariance, scatter, steps - 1),
        }

    def _observation_gradient(self, means: Array, moments: Array) -> Gradient:
        H, states, across = self.observation, sum(moments[t, t] for t in range(len(moments))), self.x.T @ means
        scatter = self.x.T @ self.x - H @ across.T - across @ H.T + H @ states @ H.T
        return {
            "observation": np.linalg.solve(self.noise_covariance, across - H @ states),
            "noise_covariance": _covariance_gradient(self.noise_covariance, scatter, len(means)),
        }

    def log_joint(self, z: npt.NDArray[Any]) -> Array:
        matrix, target, _ = self._white_map()
        constants = sum(float((volume + LOG_2PI).sum()) for volume in self._log_volumes())
        return np.asarray(-0.5 * (((z @ matrix.T - target) ** 2).sum(-1) + constants))

    def log_joint_gradient(self, z: npt.NDArray[Any]) -> Array:
        """∂ log p(x, z) / ∂z, shape (n, T d)."""
        matrix, target, _ = self._white_map()
        return np.asarray(-(z @ matrix.T - target) @ matrix)


def _covariance_gradient(covariance: Array, scatter: Array, count: int) -> Array:
    """∂/∂C of -½ (count log det C + tr C⁻¹ scatter) = ½ (C⁻¹ scatter C⁻¹ - count C⁻¹)."""
    inverse = np.linalg.inv(covariance)
    return symmetric_part(inverse @ scatter @ inverse - count * inverse) / 2
