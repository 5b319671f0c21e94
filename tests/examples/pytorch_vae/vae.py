"""A plain variational autoencoder for binary pictures, as it stands in many projects."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class VAE(nn.Module):
    """Gaussian encoder, Bernoulli decoder."""

    def __init__(self, pixels: int, latents: int, hidden: int = 16) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(pixels, hidden), nn.Tanh(), nn.Linear(hidden, 2 * latents))
        self.decoder = nn.Sequential(nn.Linear(latents, hidden), nn.Tanh(), nn.Linear(hidden, pixels))

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and log variance of q(z | x)."""
        mean, logvar = self.encoder(x).chunk(2, dim=-1)
        return mean, logvar

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Logits of the pixels for one draw of z, and the parameters of q."""
        mean, logvar = self.encode(x)
        z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
        return self.decoder(z), mean, logvar


def loss(vae: VAE, x: torch.Tensor) -> torch.Tensor:
    """The negative ELBO in nats, averaged over the pictures."""
    logits, mean, logvar = vae(x)
    reconstruction = functional.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)
    kl = -0.5 * (1 + logvar - mean.square() - logvar.exp()).sum(-1)
    return (reconstruction + kl).mean()
