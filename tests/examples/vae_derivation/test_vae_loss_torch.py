from pathlib import Path

import pytest
from hypothesis import given, settings
from vae_losses import torch_loss

from verify import check_objective, derivation, strategies

pytest.importorskip("torch", reason="the loss is written in PyTorch")
from verify.objectives.adapters.pytorch import torch_objective

ELBO = derivation(Path(__file__).with_name("vae.md")).last()


@settings(deadline=None, derandomize=True)
@given(strategies.solved("ppca"))
def test_the_torch_loss_is_the_last_line_of_the_derivation(case):
    loss = torch_objective(torch_loss)
    check_objective(loss, case, returns="loss", reduction="mean", reference=ELBO.over(case.model))
