"""Log weights written density by density: a positive latent, one site a weight, a padded sequence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.distributions import ExpTransform, Independent, LogNormal, Normal, TransformedDistribution
from torch.nn import functional

# ---------------------------------------------------------------- a positive latent


def lognormal(model: Any, q: Any, bug: str = "") -> Any:
    base = Normal(q.mean, q.std)
    z = TransformedDistribution(base, ExpTransform()).rsample()
    log_q = log_q_of(base, z, bug)
    law = Normal(model.prior_mean, model.prior_variance.sqrt())
    log_prior = law.log_prob(z.log()) - (0.0 if bug == "model_no_jac" else z.log())
    return LogNormal(z.log(), model.likelihood_variance.sqrt()).log_prob(model.x).sum() + log_prior - log_q


def log_q_of(base: Any, z: Any, bug: str) -> Any:
    """The log density of z = exp(u), or what people have taken for it."""
    if bug == "no_jac":
        return base.log_prob(z.log())
    if bug == "jac_sign":
        return base.log_prob(z.log()) + ExpTransform().log_abs_det_jacobian(z.log(), z)
    if bug == "entropy_in_u_only_half":
        return base.log_prob(z.log()) - 0.5 * z.log()
    return TransformedDistribution(base, ExpTransform()).log_prob(z)


# ---------------------------------------------------------------- one site after the other


class BayesianWeight(torch.nn.Module):
    """One weight with a normal law: a call draws it and keeps both log densities, as Bayesian networks do."""

    def __init__(self, law: Any, prior: Any, counted: Any) -> None:
        super().__init__()
        self.law, self.prior, self.counted = law, prior, counted

    def forward(self, feature: Any) -> Any:
        weight = self.law.rsample()
        self.log_q, self.log_prior = self.counted.log_prob(weight), self.prior.log_prob(weight)
        return weight * feature


def weights_of(model: Any, q: Any, bug: str) -> Iterator[BayesianWeight]:
    others = q.std.roll(1) if bug == "kl_wrong_params" else q.std
    means, stds = model.prior_mean.expand_as(q.mean), model.prior_variance.sqrt().expand_as(q.std)
    for mean, std, other, prior_mean, prior_std in zip(q.mean, q.std, others, means, stds, strict=True):
        yield BayesianWeight(Normal(mean, std), Normal(prior_mean, prior_std), Normal(mean, other))


def multisite(model: Any, q: Any, bug: str = "") -> Any:
    sites = torch.nn.ModuleList(weights_of(model, q, bug))
    fitted = torch.stack([site(column) for site, column in zip(sites, model.features.T, strict=True)]).sum(0)
    counted = [sites[0], sites[1], sites[1]] if bug == "site2_twice_site3_missing" else list(sites)
    log_q = sum(site.log_q for site in counted)
    log_prior = sum(site.log_prior for site in sites)
    value = Normal(fitted, model.noise_variance.sqrt()).log_prob(model.y).sum() + log_prior
    return value + log_prior - log_q if bug == "prior_twice" else value - (0.0 if bug == "no_entropy" else log_q)


# ---------------------------------------------------------------- a padded sequence

PADDING = 2


def padded(steps: Any, fill: float) -> Any:
    """Steps that the data do not have, after the last."""
    return functional.pad(steps, (0, 0, 0, PADDING), value=fill)


def masked_seq(model: Any, q: Any, bug: str = "") -> Any:
    x, mean, std = padded(model.x, -3.0), padded(q.mean, 1.2), padded(q.std, 0.4)
    mask = torch.arange(len(x)) < len(model.x)
    law = Independent(Normal(mean, std), 1)
    z = law.rsample()
    log_ratio = Normal(0.0, 1.0).log_prob(z).sum(-1) - law.log_prob(z)
    emission = Normal(model.mean + functional.linear(z, model.loadings), model.noise_variance.sqrt())
    log_likelihood = emission.log_prob(x).sum(-1)
    if bug == "lik_unmasked":
        return log_likelihood.sum() + log_ratio.masked_fill(~mask, 0.0).sum()
    value = (log_likelihood + log_ratio).masked_fill(~mask, 0.0)
    return value.mean() if bug == "mean_over_T" else value.sum()
