"""The loss of a VAE with a linear decoder, as one writes it in NumPy and in PyTorch; averaged over the data."""

from __future__ import annotations

from typing import Any

import numpy as np


def numpy_loss(model: Any, q: Any, rng: np.random.Generator) -> float:
    """Sampled reconstruction, KL by its formula."""
    z = q.mean + np.sqrt(q.variance) * rng.standard_normal(q.mean.shape)
    squares = (model.x - model.mean - z @ model.loadings.T) ** 2 / model.noise_variance
    reconstruction = -0.5 * (squares + np.log(2 * np.pi * model.noise_variance)).sum(-1)
    kl = 0.5 * (q.mean**2 + q.variance - 1 - np.log(q.variance)).sum(-1)
    return float((kl - reconstruction).mean())


def torch_loss(model: Any, q: Any) -> Any:
    """The same with torch.distributions."""
    from torch.distributions import Normal, kl_divergence

    encoder = Normal(q.mean, q.std)
    decoder = Normal(encoder.rsample() @ model.loadings.T + model.mean, model.noise_variance.sqrt())
    kl = kl_divergence(encoder, Normal(0.0, 1.0)).sum(-1)
    return (kl - decoder.log_prob(model.x).sum(-1)).mean()
