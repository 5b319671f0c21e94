"""A NumPyro model and guide: the bias of a coin, with a guide that is normal in the log odds."""

from __future__ import annotations

from typing import Any

import numpyro
import numpyro.distributions as dist
from numpyro.distributions import constraints


def model(flips: Any) -> None:
    log_odds = numpyro.sample("log_odds", dist.Normal(0.0, 1.5))
    with numpyro.plate("flips", len(flips)):
        numpyro.sample("heads", dist.Bernoulli(logits=log_odds), obs=flips)


def guide(flips: Any) -> None:
    loc = numpyro.param("loc", 0.0)
    scale = numpyro.param("scale", 1.0, constraint=constraints.positive)
    numpyro.sample("log_odds", dist.Normal(loc, scale))
