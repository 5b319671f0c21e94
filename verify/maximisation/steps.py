"""M steps: the parameters that maximise J(θ, q) at a fixed q, in closed form.

Sources: C. M. Bishop, Pattern Recognition and Machine Learning (2006), sections 9.2, 12.2.2 and 13.2.1; M. E. Tipping
and C. M. Bishop, Probabilistic principal component analysis, JRSS B 61 (1999).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from verify.models import (
    Categorical,
    FactorAnalysis,
    GaussianMixture,
    HiddenMarkovChain,
    MarkovChain,
    MultivariateNormal,
)
from verify.models.families.discrete import one_hot
from verify.models.records import Array


def mixture_m_step(variance_floor: float) -> Callable[[GaussianMixture, Categorical], GaussianMixture]:
    """The M step of a Gaussian mixture whose variances may not fall below the floor.

    J rises in v up to its maximum at v = S and falls after it, so under v >= floor the maximiser is max(S, floor).
    Without a floor the likelihood is unbounded and has no maximiser at all (see `collapse`).  J does not depend on the
    mean and variance of a component that holds no data: they stay.  Raises ValueError for a floor <= 0.
    """
    if not variance_floor > 0:
        raise ValueError(
            f"the variance floor must be positive, got {variance_floor}: without one the likelihood is unbounded"
        )

    def step(model: GaussianMixture, q: Categorical) -> GaussianMixture:
        counts = q.probabilities.sum(0)[:, None]
        means = _ratio(q.probabilities.T @ model.x, counts, model.means)
        squares = (model.x[:, None, :] - means) ** 2
        spread = _ratio((q.probabilities[..., None] * squares).sum(0), counts, model.variances)
        weights = counts[:, 0] / counts.sum()
        return model.replace(weights=weights, means=means, variances=np.maximum(spread, variance_floor))

    return step


def _ratio(totals: Array, counts: Array, before: Array) -> Array:
    """totals / counts, and the value before where the count is 0."""
    return np.where(counts > 0, totals / np.where(counts > 0, counts, 1.0), before)


def _shares(counts: Array, before: Array) -> Array:
    """Counts along the last axis divided by their sum; the row before where nothing was counted."""
    return _ratio(counts, counts.sum(-1, keepdims=True), before)


def ppca_m_step(model: FactorAnalysis, q: MultivariateNormal) -> FactorAnalysis:
    """The M step of probabilistic PCA: factor analysis whose noise variances are all equal; the mean is the data's."""
    centred = model.x - model.x.mean(0)
    second = (q.covariance + q.mean[:, :, None] * q.mean[:, None, :]).sum(0)
    loadings = np.linalg.solve(second, q.mean.T @ centred).T
    residual = centred - q.mean @ loadings.T
    spread = np.einsum("jk,kl,jl->", loadings, q.covariance.sum(0), loadings)
    noise = (np.sum(residual**2) + spread) / model.x.size
    return model.replace(loadings=loadings, mean=model.x.mean(0), noise_variances=np.full(model.x.shape[1], noise))


def baum_welch_m_step(model: HiddenMarkovChain, q: MarkovChain) -> HiddenMarkovChain:
    """The M step of Baum–Welch: expected counts, normalised; rows of states that are never visited stay."""
    marginals = q.marginals()
    symbols = one_hot(model.x, model.emission.shape[1])
    return model.replace(
        initial=_shares(marginals[0], model.initial),
        transition=_shares(q.pairs().sum(0), model.transition),
        emission=_shares(marginals.T @ symbols, model.emission),
    )


def ppca_maximum(x: Array, latents: int) -> FactorAnalysis:
    """The global maximum of the PPCA likelihood in closed form (Tipping and Bishop 1999).

    The noise variance is the mean of the discarded eigenvalues of the sample covariance; the loadings are the leading
    eigenvectors scaled by √(λ - σ²).  Raises ValueError unless 0 < latents < D and the discarded eigenvalues are > 0.
    """
    points, size = x.shape
    if not 0 < latents < size:
        raise ValueError(f"PPCA of {size} dimensions needs between 1 and {size - 1} latents, not {latents}")
    centred = x - x.mean(0)
    values, vectors = np.linalg.eigh(centred.T @ centred / points)
    noise = float(values[: size - latents].mean())
    if not noise > 0:
        raise ValueError("the data have no variance outside the leading directions: the likelihood is unbounded")
    loadings = vectors[:, size - latents :] * np.sqrt(values[size - latents :] - noise)
    return FactorAnalysis(x, loadings, x.mean(0), np.full(size, noise))


def start_mixture(x: Array, components: int, rng: np.random.Generator) -> GaussianMixture:
    """A usual start: equal weights, means at random data points, variances of the data."""
    size = x.shape[1]
    means = x[rng.choice(len(x), components, replace=False)]
    variances = np.broadcast_to(x.var(0), (components, size))
    return GaussianMixture(x, np.full(components, 1 / components), means, variances)
