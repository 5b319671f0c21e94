"""Gaussian diffusion (DDPM) of scalars: a linear-Gaussian chain adds noise to x_0, the model reverses it.

The latent is the noisy path x_1 … x_T.  With a linear reverse everything is closed form: the evidence is normal, the
posterior of the path given x_0 is again a linear forward chain, and the ELBO is the usual sum of KL terms.

Source: J. Ho, A. Jain, P. Abbeel, Denoising diffusion probabilistic models (NeurIPS 2020), section 2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from verify.models.base import Formulas, SolvableModel
from verify.models.families.base import Variational
from verify.models.families.normal import normal_kl_terms
from verify.models.gaussian import log_density
from verify.models.records import Array, Gradient, Observed, Positive, Positives, Real, Reals
from verify.models.special import LOG_2PI
from verify.models.sums import Sum, lost


@dataclass(frozen=True, eq=False)
class GaussianForwardProcess(Variational):
    """q(x_1 … x_T | x_0): x_{t+1} ~ N(weights[t] x_t + offsets[t], variances[t]) for t = 0 … T - 1.

    start                        x_0, shape (N,)
    weights, offsets, variances  shape (T,)
    Samples z have shape (n, N, T).
    """

    start: Observed
    weights: Reals
    offsets: Reals
    variances: Positives

    def marginals(self) -> tuple[Array, Array]:
        """Means and variances of x_t given x_0 for t = 0 … T; shapes (N, T + 1) and (T + 1,)."""
        means, variances = [self.start], [0.0]
        for weight, offset, variance in zip(self.weights, self.offsets, self.variances, strict=True):
            means.append(weight * means[-1] + offset)
            variances.append(weight**2 * variances[-1] + variance)
        return np.stack(means, axis=1), np.array(variances)

    def _steps(self, z: npt.NDArray[Any]) -> Array:
        """x_{t+1} - weights x_t - offsets, shape (n, N, T)."""
        start = np.broadcast_to(self.start[:, None], (*z.shape[:-1], 1))
        before = np.concatenate([start, z[..., :-1]], axis=-1)
        return np.asarray(z - self.weights * before - self.offsets)

    def log_density(self, z: npt.NDArray[Any]) -> Array:
        """Σ_t log q(x_{t+1} | x_t), over all data."""
        logs = LOG_2PI + np.log(self.variances) + self._steps(z) ** 2 / self.variances
        return np.asarray(-0.5 * logs.sum((-1, -2)))

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Shape (n, N, T)."""
        return self.from_noise(rng.normal(size=(n, len(self.start), len(self.weights))))

    def from_noise(self, noise: Array) -> Array:
        """The path driven by the given standard normal noise."""
        state, states = np.broadcast_to(self.start, noise.shape[:-1]), []
        for t, scale in enumerate(np.sqrt(self.variances)):
            state = self.weights[t] * state + self.offsets[t] + scale * noise[..., t]
            states.append(state)
        return np.stack(states, axis=-1)

    def entropy_terms(self) -> Array:
        """½ log 2πe and ½ log variance for every step and data point."""
        points = len(self.start)
        return 0.5 * points * np.append(np.log(self.variances), np.full(len(self.variances), 1 + LOG_2PI))

    def kl_sum(self, other: Self) -> Sum:
        """KL of each step, averaged over the state before it."""
        means, variances = self.marginals()
        weight, offset = self.weights - other.weights, self.offsets - other.offsets
        away = weight * means[:, :-1] + offset
        fixed = normal_kl_terms(away, self.variances, np.zeros(1), other.variances)
        spread = len(self.start) * weight**2 * variances[:-1] / other.variances / 2
        size = np.abs(other.weights * means[:, :-1]) + np.abs(other.offsets)
        scale = np.sqrt(other.variances)
        inside = lost(away / scale, size / scale)
        return Sum.of(inside=inside, steps=fixed, spread=spread)

    def score(self, z: npt.NDArray[Any]) -> Gradient:
        """By the fields weights, offsets and variances."""
        start = np.broadcast_to(self.start[:, None], (*z.shape[:-1], 1))
        before = np.concatenate([start, z[..., :-1]], axis=-1)
        pull = self._steps(z) / self.variances
        spread = (pull**2 - 1 / self.variances) / 2
        return {"weights": (pull * before).sum(1), "offsets": pull.sum(1), "variances": spread.sum(1)}


def ddpm_forward(start: npt.ArrayLike, rates: npt.ArrayLike) -> GaussianForwardProcess:
    """The variance-preserving process x_t = √(1 - β_t) x_{t-1} + √β_t ε with rates β."""
    beta = np.asarray(rates, dtype=np.float64)
    return GaussianForwardProcess(np.asarray(start), np.sqrt(1 - beta), np.zeros(len(beta)), beta)


@dataclass(frozen=True, eq=False)
class GaussianDiffusion(SolvableModel[GaussianForwardProcess]):
    """x_T ~ N(prior_mean, prior_variance), x_{t-1} | x_t ~ N(weights[t-1] x_t + offsets[t-1], variances[t-1]).

    The reverse is generic ("imperfect"); `reversing` gives the exact one of a forward process.
    x                            observed x_0, shape (N,)
    prior_mean, prior_variance   numbers
    weights, offsets, variances  shape (T,)
    Samples z = x_1 … x_T have shape (n, N, T).
    """

    name: ClassVar[str] = "gaussian-diffusion"
    title: ClassVar[str] = "Gaussian diffusion, imperfect reverse"
    formulas: ClassVar[Formulas] = Formulas(
        joint=(
            r"p(x_{0:T}) = \mathcal N(x_T; m_T, s_T)"
            r" \prod_{t=1}^T \mathcal N(x_{t-1}; a_t x_t + b_t, v_t)"
        ),
        evidence=(
            r"\log p(x_0) = \log \mathcal N(x_0; m_0, s_0),\quad"
            r" m_{t-1} = a_t m_t + b_t,\ s_{t-1} = a_t^2 s_t + v_t"
        ),
        elbo=(
            r"\mathbb E_q \log p(x_0 \mid x_1)"
            r" - \sum_{t=2}^T \mathbb E_q \operatorname{KL}(q(x_{t-1} \mid x_t, x_0) \,\|\, p(x_{t-1} \mid x_t))"
            r" - \operatorname{KL}(q(x_T \mid x_0) \,\|\, p(x_T))"
        ),
        gap=r"\sum_t \mathbb E_{q(x_{t-1} \mid x_0)} \operatorname{KL}(q(x_t \mid x_{t-1}) \,\|\, p(x_t \mid x_{t-1}))",
        second_route="dense covariance of the path",
    )
    shapes: ClassVar[dict[str, tuple[int, int]]] = {"points": (2, 3), "steps": (2, 5)}

    x: Observed
    prior_mean: Real
    prior_variance: Positive
    weights: Reals
    offsets: Reals
    variances: Positives

    @classmethod
    def random(cls, rng: np.random.Generator, points: int = 2, steps: int = 4) -> Self:
        weights, variances = rng.uniform(0.6, 1.1, size=steps), rng.uniform(0.1, 0.6, size=steps)
        offsets = rng.normal(scale=0.3, size=steps)
        x = np.zeros(points)
        return cls(x, rng.normal(scale=0.3), rng.uniform(0.6, 1.5), weights, offsets, variances).sample_data(rng)

    @classmethod
    def reversing(cls, x: npt.ArrayLike, mean: float, variance: float, forward: GaussianForwardProcess) -> Self:
        """The exact reverse of a forward process started from x_0 ~ N(mean, variance)."""
        weights, offsets, variances = [], [], []
        for gain, shift, noise in zip(forward.weights, forward.offsets, forward.variances, strict=True):
            after_mean, after = gain * mean + shift, gain**2 * variance + noise
            weights.append(gain * variance / after)
            offsets.append(mean - weights[-1] * after_mean)
            variances.append(variance * noise / after)
            mean, variance = after_mean, after
        return cls(np.asarray(x), mean, variance, np.array(weights), np.array(offsets), np.array(variances))

    def sample_data(self, rng: np.random.Generator) -> Self:
        state = rng.normal(self.prior_mean, math.sqrt(self.prior_variance), size=len(self.x))
        for t in range(len(self.weights) - 1, -1, -1):
            state = rng.normal(self.weights[t] * state + self.offsets[t], math.sqrt(self.variances[t]))
        return self.replace(x=state)

    def marginals(self) -> tuple[Array, Array]:
        """Means and variances of x_t under the model for t = 0 … T, shapes (T + 1,)."""
        means, spreads = [self.prior_mean], [self.prior_variance]
        for t in range(len(self.weights) - 1, -1, -1):
            means.append(self.weights[t] * means[-1] + self.offsets[t])
            spreads.append(self.weights[t] ** 2 * spreads[-1] + self.variances[t])
        return np.array(means[::-1]), np.array(spreads[::-1])

    def posterior_q(self) -> GaussianForwardProcess:
        """p(x_t | x_{t-1}), by Bayes from p(x_{t-1} | x_t) and p(x_t)."""
        means, spreads = self.marginals()
        gains = self.weights * spreads[1:] / spreads[:-1]
        variances = spreads[1:] * self.variances / spreads[:-1]
        return GaussianForwardProcess(self.x, gains, means[1:] - gains * means[:-1], variances)

    def posterior_magnitude(self) -> float:
        means, _ = self.marginals()
        return super().posterior_magnitude() + float(np.abs(means).sum() + np.abs(self.offsets).sum())

    def evidence_sum(self) -> Sum:
        means, spreads = self.marginals()
        squares = (self.x - means[0]) ** 2 / spreads[0]
        inside = float(np.abs(self.offsets).sum()) * float(np.sqrt(squares / spreads[0]).sum())
        volume = -0.5 * len(self.x) * np.array([LOG_2PI, np.log(spreads[0])])
        return Sum.of(inside=inside, squares=-0.5 * squares, volume=volume)

    def _reverse_residuals(self, q: GaussianForwardProcess) -> tuple[Array, Array]:
        """Means (N, T) and variances (T,) of x_{t-1} - weights x_t - offsets under q."""
        means, spreads = q.marginals()
        kept = 1 - self.weights * q.weights
        residual = kept * means[:, :-1] - self.weights * q.offsets - self.offsets
        return residual, kept**2 * spreads[:-1] + self.weights**2 * q.variances

    def _begins_here(self, q: GaussianForwardProcess) -> None:
        """Raises ValueError for a q of other data: it would put no mass on what was observed."""
        if not np.array_equal(q.start, self.x):
            raise ValueError("q starts from other data than the model's: make it with start = model.x")

    def elbo_sum(self, q: GaussianForwardProcess) -> Sum:
        self._begins_here(q)
        points, (means, spreads) = len(self.x), q.marginals()
        residual, variance = self._reverse_residuals(q)
        constants = points * np.append(np.log(self.variances), np.full(len(self.variances), LOG_2PI))
        squares = (residual**2 / self.variances).ravel()
        scale = np.sqrt(self.variances)
        sizes = np.abs(means[:, :-1]) + np.abs(self.weights) * np.abs(means[:, 1:]) + np.abs(self.offsets)
        inside = lost(residual / scale, sizes / scale)
        reverse = np.concatenate([constants, squares, points * variance / self.variances])
        away = (means[:, -1] - self.prior_mean) ** 2 / self.prior_variance
        ends = points * np.array([LOG_2PI, np.log(self.prior_variance), spreads[-1] / self.prior_variance])
        prior = -0.5 * np.append(away, ends)
        return Sum.of(inside=inside, log_reverse=-0.5 * reverse, log_prior=prior, entropy=q.entropy_terms())

    def elbo_as_kl_terms(self, q: GaussianForwardProcess) -> Sum:
        """The ELBO as it is trained: reconstruction, one KL(q(x_{t-1} | x_t, x_0) ‖ p(x_{t-1} | x_t)) for every t, and
        KL(q(x_T | x_0) ‖ p(x_T)); the parts of the result are these terms."""
        means, spreads = q.marginals()
        residual, variance = self._reverse_residuals(q)
        squares = (residual[:, 0] ** 2 + variance[0]) / self.variances[0]
        prior = normal_kl_terms(means[:, -1], spreads[-1], np.array(self.prior_mean), np.array(self.prior_variance))
        reconstruction = -0.5 * (squares + LOG_2PI + np.log(self.variances[0]))
        parts: dict[str, Any] = {"reconstruction": reconstruction, "prior": -prior}
        for t in range(1, len(self.weights)):
            parts[f"step_{t}"] = -self._step_kl(q, t)
        return Sum.of(**parts)

    def _step_kl(self, q: GaussianForwardProcess, t: int) -> Array:
        """E_q KL(q(x_t | x_{t+1}, x_0) ‖ p(x_t | x_{t+1})) for every data point."""
        means, spreads = q.marginals()
        gain = q.weights[t] * spreads[t] / spreads[t + 1]
        variance = spreads[t] * q.variances[t] / spreads[t + 1]
        slope = gain - self.weights[t]
        away = means[:, t] - gain * means[:, t + 1] + slope * means[:, t + 1] - self.offsets[t]
        fixed = normal_kl_terms(away, variance, np.zeros(1), self.variances[t])
        return np.asarray(fixed + slope**2 * spreads[t + 1] / (2 * self.variances[t]))

    def gap_sum(self, q: GaussianForwardProcess) -> Sum:
        self._begins_here(q)
        return q.kl_sum(self.posterior_q())

    def log_evidence_independent(self) -> float:
        """The precision of the whole path x_0 … x_T as one normal vector, inverted densely."""
        size = len(self.weights) + 1
        differences = np.eye(size) - np.eye(size, k=1) * np.append(self.weights, 0.0)[:, None]
        scales = np.append(self.variances, self.prior_variance)
        inverse = np.linalg.inv(differences)
        mean = inverse @ np.append(self.offsets, self.prior_mean)
        covariance = (inverse * scales) @ inverse.T
        return math.fsum(log_density(np.array([value]), mean[:1], covariance[:1, :1]) for value in self.x)

    def random_q(self, rng: np.random.Generator) -> GaussianForwardProcess:
        size = len(self.weights)
        weights, variances = rng.uniform(0.5, 1.2, size=size), rng.uniform(0.1, 0.8, size=size)
        return GaussianForwardProcess(self.x, weights, rng.normal(scale=0.3, size=size), variances)

    def elbo_gradient(self, q: GaussianForwardProcess) -> Gradient:
        """Backwards through the recursion of the marginals."""
        means, spreads = q.marginals()
        residual, _ = self._reverse_residuals(q)
        points, kept = len(self.x), 1 - self.weights * q.weights
        by_residual, by_variance = -residual / self.variances, -0.5 * points / self.variances
        weights, offsets, variances = (np.zeros(len(self.weights)) for _ in range(3))
        by_mean = -(means[:, -1] - self.prior_mean) / self.prior_variance
        by_spread = -0.5 * points / self.prior_variance
        for t in range(len(self.weights) - 1, -1, -1):
            local = by_residual[:, t] @ means[:, t] + 2 * by_variance[t] * kept[t] * spreads[t]
            weights[t] = by_mean @ means[:, t] + 2 * by_spread * q.weights[t] * spreads[t] - self.weights[t] * local
            offsets[t] = by_mean.sum() - self.weights[t] * by_residual[:, t].sum()
            variances[t] = by_spread + by_variance[t] * self.weights[t] ** 2 + points / (2 * q.variances[t])
            by_mean = q.weights[t] * by_mean + kept[t] * by_residual[:, t]
            by_spread = q.weights[t] ** 2 * by_spread + kept[t] ** 2 * by_variance[t]
        return {"weights": weights, "offsets": offsets, "variances": variances}

    def parameter_gradient(self, q: GaussianForwardProcess) -> Gradient:
        means, spreads = q.marginals()
        residual, variance = self._reverse_residuals(q)
        points, away = len(self.x), means[:, -1] - self.prior_mean
        # Covariance under q of x_t with the residual x_{t-1} - weights x_t - offsets.
        across = q.weights * spreads[:-1] - self.weights * spreads[1:]
        squares = (residual**2).sum(0) + points * variance
        spread = ((away**2).sum() + points * spreads[-1]) / self.prior_variance - points
        return {
            "prior_mean": np.asarray(away.sum() / self.prior_variance),
            "prior_variance": np.asarray(spread / (2 * self.prior_variance)),
            "weights": ((residual * means[:, 1:]).sum(0) + points * across) / self.variances,
            "offsets": residual.sum(0) / self.variances,
            "variances": (squares / self.variances - points) / (2 * self.variances),
        }

    def log_joint(self, z: npt.NDArray[Any]) -> Array:
        start = np.broadcast_to(self.x[:, None], (*z.shape[:-1], 1))
        before = np.concatenate([start, z[..., :-1]], axis=-1)
        steps = LOG_2PI + np.log(self.variances) + (before - self.weights * z - self.offsets) ** 2 / self.variances
        away = (z[..., -1] - self.prior_mean) ** 2 / self.prior_variance
        return np.asarray(-0.5 * (steps.sum(-1) + LOG_2PI + math.log(self.prior_variance) + away).sum(-1))

    def pieces(self, q: GaussianForwardProcess) -> Iterator[tuple[Self, GaussianForwardProcess]]:
        for i in range(len(self.x)):
            yield self.replace(x=self.x[i : i + 1]), q.replace(start=q.start[i : i + 1])


@dataclass(frozen=True, eq=False)
class ExactGaussianDiffusion(GaussianDiffusion):
    """Gaussian diffusion whose reverse is exact: the posterior is the forward process, the evidence the data law."""

    name: ClassVar[str] = "gaussian-diffusion-exact"
    title: ClassVar[str] = "Gaussian diffusion, exact reverse"

    @classmethod
    def random(cls, rng: np.random.Generator, points: int = 2, steps: int = 4) -> Self:
        x = np.zeros(points)
        forward = ddpm_forward(x, rng.uniform(0.05, 0.5, size=steps))
        return cls.reversing(x, rng.normal(), rng.uniform(0.2, 2), forward).sample_data(rng)
