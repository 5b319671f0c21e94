"""Code against the formula of a document: wrong code fails with the formula, its line, the difference and a cause."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from verify import ObjectiveError, check_objective, derivation, strategies

EXAMPLE = Path(__file__).parents[1] / "examples" / "vae_derivation"
LINES = derivation(EXAMPLE / "vae.md")
FORMULA = "E_{z~q(z|x)}[log p(x|z)] − KL(q(z|x) ‖ p(z))"
CASES = [strategies.build("ppca", seed, latents=3) for seed in range(5)]


def loss(
    kl_of: Callable[[Any], Any] = lambda terms: terms.sum(-1),
    width: Callable[[Any], Any] = np.sqrt,
    weight: float = 1.0,
) -> Callable[..., float]:
    """A VAE loss, with parts replaced."""

    def of(model: Any, q: Any, rng: np.random.Generator) -> float:
        z = q.mean + width(q.variance) * rng.standard_normal(q.mean.shape)
        squares = (model.x - model.mean - z @ model.loadings.T) ** 2 / model.noise_variance
        reconstruction = -0.5 * (squares + np.log(2 * np.pi * model.noise_variance)).sum(-1)
        kl = kl_of(0.5 * (q.mean**2 + q.variance - 1 - np.log(q.variance)))
        return float((weight * kl - reconstruction).mean())

    return of


def failure(objective: Callable[..., float], case: Any, line: int | None = None) -> ObjectiveError:
    elbo = LINES.last() if line is None else LINES.claim(line=line)
    with pytest.raises(ObjectiveError) as caught:
        check_objective(objective, case, returns="loss", reduction="mean", reference=elbo.over(case.model))
    return caught.value


@pytest.mark.parametrize("case", CASES, ids=repr)
@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        (loss(kl_of=lambda terms: terms.mean(-1)), "averaged over the latent dimensions"),
        (loss(kl_of=lambda terms: -terms.sum(-1)), "KL"),
        (loss(width=lambda variance: variance), "variance"),
        (loss(weight=0.5), "KL"),
    ],
    ids=["KL averaged", "KL added", "variance as width", "KL halved"],
)
def test_a_wrong_loss_is_told_the_formula_the_line_and_the_difference(
    case: Any, wrong: Callable[..., float], cause: str
) -> None:
    caught = failure(wrong, case)
    message = str(caught)
    assert FORMULA in message
    assert "vae.md:19" in message
    assert caught.finding.expected == pytest.approx(case.model.elbo(case.q), rel=1e-10)
    assert caught.finding.deviation is not None
    assert f"{abs(caught.finding.deviation):.4g} nats" in message
    assert any(cause in sentence for sentence in caught.report.likely)


@pytest.mark.parametrize("line", [10, 14, 19])
def test_every_proved_line_for_the_bound_accepts_the_right_loss_and_rejects_a_wrong_one(line: int) -> None:
    reference = LINES.claim(line=line).over()
    for case in CASES:
        report = check_objective(loss(), case, returns="loss", reduction="mean", reference=reference)
        assert f"vae.md:{line}" in next(f.property for f in report.findings if f.layer == "expectation")
        assert failure(loss(weight=0.5), case, line).finding.layer == "expectation"


def test_the_line_for_the_evidence_is_not_what_the_loss_computes() -> None:
    assert failure(loss(), CASES[0], line=6).finding.found == pytest.approx(
        CASES[0].model.elbo(CASES[0].q), rel=1e-10
    )


def test_a_wrong_gradient_is_seen_where_the_formula_is_the_models_own_bound() -> None:
    torch = pytest.importorskip("torch", reason="a gradient by autograd is what is wrong here")
    from verify.objectives.adapters.pytorch import torch_objective

    def detached(model: Any, q: Any) -> Any:
        z = torch.distributions.Normal(q.mean, q.std).rsample().detach()
        decoder = torch.distributions.Normal(z @ model.loadings.T + model.mean, model.noise_variance.sqrt())
        kl = torch.distributions.kl_divergence(
            torch.distributions.Normal(q.mean, q.std), torch.distributions.Normal(0.0, 1.0)
        ).sum(-1)
        return (kl - decoder.log_prob(model.x).sum(-1)).mean()

    case = CASES[1]
    with pytest.raises(ObjectiveError) as caught:
        check_objective(
            torch_objective(detached), case, returns="loss", reduction="mean", reference=LINES.last().over(case.model)
        )
    assert caught.value.finding.layer == "gradients"
