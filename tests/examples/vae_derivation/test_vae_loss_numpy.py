from pathlib import Path

from hypothesis import given, settings
from vae_losses import numpy_loss

from verify import check_objective, derivation, strategies

ELBO = derivation(Path(__file__).with_name("vae.md")).last()


@settings(deadline=None, derandomize=True)
@given(strategies.solved("ppca"))
def test_the_numpy_loss_is_the_last_line_of_the_derivation(case):
    check_objective(numpy_loss, case, returns="loss", reduction="mean", reference=ELBO.over(case.model))
