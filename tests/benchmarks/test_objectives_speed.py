"""What a user's test of an objective costs, as ratios within one run.

``python tests/benchmarks/test_objectives_speed.py`` prints seconds for 100 Hypothesis examples after imports.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from timing import processor_seconds, ratio

from verify import check_objective, strategies

EXAMPLES = 100
VAE = {"returns": "loss", "reduction": "mean", "estimator": "analytic-kl"}


def numpy_loss(model: Any, q: Any, rng: Any) -> Any:
    z = q.mean + np.sqrt(q.variance) * rng.standard_normal(q.mean.shape)
    away = model.x - model.mean - z @ model.loadings.T
    reconstruction = 0.5 * (np.log(2 * np.pi * model.noise_variance) + away**2 / model.noise_variance).sum(-1)
    kl = 0.5 * (q.mean**2 + q.variance - 1 - np.log(q.variance)).sum(-1)
    return (reconstruction + kl).mean()


def torch_loss() -> Any:
    """The same loss in PyTorch, behind the adapter."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    adapter = pytest.importorskip("verify.objectives.adapters.pytorch", reason="there is no adapter for PyTorch")

    def loss(model: Any, q: Any) -> Any:
        z = q.mean + q.variance.sqrt() * torch.randn_like(q.mean)
        away = model.x - model.mean - z @ model.loadings.T
        reconstruction = 0.5 * (torch.log(2 * torch.pi * model.noise_variance) + away**2 / model.noise_variance).sum(-1)
        kl = 0.5 * (q.mean**2 + q.variance - 1 - torch.log(q.variance)).sum(-1)
        return (reconstruction + kl).mean()

    return adapter.torch_objective(loss)


def run_examples(objective: Any) -> int:
    """A property test as a user writes it; returns how often the objective was called."""
    evaluations = [0]

    @seed(1)
    @settings(max_examples=EXAMPLES, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategies.solved("ppca"))
    def test(case: Any) -> None:
        evaluations[0] += check_objective(objective, case, **VAE).evaluations

    test()
    return evaluations[0]


def draw_examples() -> None:
    """The same without the check: what Hypothesis and the models cost."""

    @seed(1)
    @settings(max_examples=EXAMPLES, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategies.solved("ppca"))
    def test(case: Any) -> None:
        numpy_loss(case.model, case.q, case.rng)

    test()


def test_a_check_costs_as_little_as_what_it_is_given() -> None:
    """100 examples take at most a few times as long as drawing them and calling the objective once (measured: 3 to 4
    times).
    """
    run_examples(numpy_loss)
    assert ratio(lambda: run_examples(numpy_loss), draw_examples, 8) <= 8


def test_a_check_needs_few_calls() -> None:
    """Orthogonal noise: no more than two calls for every normal number, and a few for the structure."""
    assert run_examples(numpy_loss) <= EXAMPLES * (4 + 4 * 12)


def test_pytorch_costs_a_few_times_what_numpy_does() -> None:
    objective = torch_loss()
    run_examples(objective)
    assert ratio(lambda: run_examples(objective), lambda: run_examples(numpy_loss), 20) <= 20


def report() -> None:
    """Prints seconds."""
    for name, objective in (("NumPy", lambda: numpy_loss), ("PyTorch", torch_loss)):
        try:
            function = objective()
        except pytest.skip.Exception as reason:
            print(f"{name:8} {reason}")
            continue
        run_examples(function)
        start = time.perf_counter()
        calls = run_examples(function)
        wall = time.perf_counter() - start
        processor = processor_seconds(lambda function=function: run_examples(function))  # type: ignore[misc]
        print(f"{name:8} {wall:5.2f} s for {EXAMPLES} examples, {calls} calls; processor {processor:5.2f} s")
    print(f"{'drawing':8} {processor_seconds(draw_examples):5.2f} s of processor time")


if __name__ == "__main__":
    report()
