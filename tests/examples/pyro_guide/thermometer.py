"""A Pyro model, guide and objective: a temperature from readings that may be far off; no closed form exists."""

from __future__ import annotations

from collections.abc import Callable

import pyro
import pyro.distributions as dist
import torch
from pyro import poutine
from pyro.distributions import constraints


def model(readings: torch.Tensor) -> None:
    temperature = pyro.sample("temperature", dist.Normal(18.0, 4.0))
    with pyro.plate("readings", len(readings)):
        pyro.sample("reading", dist.StudentT(3.0, temperature, 0.8), obs=readings)


def guide(readings: torch.Tensor) -> None:
    loc = pyro.param("loc", torch.tensor(18.0))
    scale = pyro.param("scale", torch.tensor(1.0), constraint=constraints.positive)
    pyro.sample("temperature", dist.Normal(loc, scale))


def loss(model: Callable[..., None], guide: Callable[..., None], readings: torch.Tensor) -> torch.Tensor:
    """The negative ELBO in nats from one draw, for pyro.infer.SVI(model, guide, optim, loss)."""
    drawn = poutine.trace(guide).get_trace(readings)
    scored = poutine.trace(poutine.replay(model, drawn)).get_trace(readings)
    return drawn.log_prob_sum() - scored.log_prob_sum()
