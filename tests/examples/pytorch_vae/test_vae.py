"""Is this loss the negative ELBO?  On the network's own decoder, whose log p(x) is found by quadrature over z."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="the example needs PyTorch")

import torch
from torch.distributions import Bernoulli
from vae import VAE, loss

from verify.objectives import Case, check_objective
from verify.objectives.adapters.pytorch import decoder_model, replaced, torch_objective

torch.manual_seed(0)
PICTURES = np.array([[1.0, 0.0, 1.0, 1.0]])
network = VAE(pixels=4, latents=2).double()
MODEL = decoder_model(lambda x, z: Bernoulli(logits=network.decoder(z)).log_prob(x).sum(-1), PICTURES, latents=2)


@pytest.mark.parametrize("seed", range(3))
def test_the_loss_is_the_negative_elbo(seed):
    def objective(x, q):
        return loss(replaced(network, encode=lambda x: (q.mean, q.logvar)), x)

    case = Case(MODEL, MODEL.random_q(np.random.default_rng(seed)))
    check_objective(torch_objective(objective), case, returns="loss", reduction="mean", estimator="analytic-kl")


def test_a_mistake_is_caught_and_named():
    def objective(x, q):
        kl = -0.5 * (1 + q.logvar - q.mean**2 - q.logvar.exp())
        return loss(replaced(network, encode=lambda x: (q.mean, q.logvar)), x) + kl.mean() - kl.sum(-1).mean()

    case = Case(MODEL, MODEL.random_q(np.random.default_rng(0)))
    with pytest.raises(AssertionError, match="KL is averaged over the latent dimensions"):
        check_objective(torch_objective(objective), case, returns="loss", reduction="mean", estimator="analytic-kl")
