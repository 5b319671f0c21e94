"""The objectives, each with bug="" for the correct one.  Autograd gives the gradients, so that a detached term is a bug
here as it is in a user's code."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.distributions import Categorical, MultivariateNormal, Normal, kl_divergence
from torch.nn import functional

# ---------------------------------------------------------------- VAE with a normal likelihood


def gauss_kl(mean: Any, logvar: Any, bug: str) -> Any:
    """KL(q ‖ prior), one number a latent dimension."""
    if bug == "kl_exp_half":
        return 0.5 * (mean**2 + (0.5 * logvar).exp() - 1 - logvar)
    if bug == "kl_logsig_sq":
        return 0.5 * (mean**2 + logvar.exp() - 1 - (0.5 * logvar) ** 2)
    if bug == "kl_reversed":
        return 0.5 * (logvar + (1 + mean**2) / logvar.exp() - 1)
    return 0.5 * (mean**2 + logvar.exp() - 1 - logvar)


class HalvedChain(torch.autograd.Function):
    """exp(logvar/2) whose backward forgets the factor σ."""

    @staticmethod
    def forward(context: Any, logvar: Any) -> Any:
        return (0.5 * logvar).exp()

    @staticmethod
    def backward(context: Any, slope: Any) -> Any:
        return 0.5 * slope


def gauss_draw(mean: Any, logvar: Any, bug: str) -> Any:
    std = logvar.exp() if bug == "std_is_var" else (0.5 * logvar).exp()
    std = HalvedChain.apply(logvar) if bug == "grad_std_chain" else std
    noise = torch.randn_like(mean) * (0.01 if bug == "eps001" else 1.0)
    return mean if bug == "z_mean" else mean + std * noise


def gauss_nll(model: Any, z: Any, bug: str) -> Any:
    """-log p(x | z), one number a data point."""
    scale = model.noise_variance if bug == "lik_var_as_scale" else model.noise_variance.sqrt()
    squares = ((model.x - model.mean - functional.linear(z, model.loadings)) / scale) ** 2
    log_scale = 0.5 * scale.log() if bug == "lik_half_logsigma" else scale.log()
    return (0.5 * squares + log_scale + 0.5 * math.log(2 * math.pi)).sum(-1)


def vae_gauss(model: Any, q: Any, bug: str = "") -> Any:
    terms = gauss_kl(q.mean, q.logvar, bug)
    kl = {
        "kl_mean_latent": terms.mean(),
        "kl_div_numel": terms.sum() / model.x.numel(),
        "kl_sign": -terms.sum(-1).mean(),
        "kl_batch_sum": terms.sum(),
        "kl_detached": terms.sum(-1).mean().detach(),
        "no_kl": torch.zeros(()),
    }.get(bug, terms.sum(-1).mean())
    return gauss_nll(model, gauss_draw(q.mean, q.logvar, bug), bug).mean() + kl


# ---------------------------------------------------------------- VAE with Bernoulli pixels


def vae_bern(model: Any, q: Any, bug: str = "") -> Any:
    z = q.mean if bug == "no_z_in_decoder" else Normal(q.mean, q.std).rsample()
    logits = z @ model.weights.T + model.bias
    pixels = functional.binary_cross_entropy_with_logits(logits, model.x, reduction="none")
    if bug == "swap_args":
        pixels = functional.softplus(model.x) - logits * model.x
    reconstruction = pixels.mean() if bug == "bce_mean" else pixels.sum(-1).mean()
    return reconstruction + kl_divergence(Normal(q.mean, q.std), Normal(0.0, 1.0)).sum(-1).mean()


# ---------------------------------------------------------------- importance-weighted bounds


def log_mean_exp(logs: Any) -> Any:
    return torch.logsumexp(logs, 0) - math.log(len(logs))


def mixture_log_weights(model: Any, q: Any, samples: int) -> tuple[Any, Any]:
    """log p(x_i, z_ki) - log q(z_ki), shape (K, N), and the log q(z_ki)."""
    law = Categorical(probs=q.probabilities)
    z = law.sample((samples,))
    joint = Normal(model.means[z], model.variances[z].sqrt()).log_prob(model.x)
    joint = joint.sum(-1) if joint.ndim == 3 else joint
    log_q = law.log_prob(z)
    return joint + model.weights.log()[z] - log_q, log_q


def with_score(value: Any, log_q: Any) -> Any:
    """The value, with the score function's term in its gradient."""
    score = value.detach() * log_q.sum()
    return value + score - score.detach()


def iwae(model: Any, q: Any, samples: int, bug: str = "") -> Any:
    logs, log_q = mixture_log_weights(model, q, samples)
    return with_score(power_bound(logs, bug), log_q)


def power_bound(logs: Any, bug: str) -> Any:
    if bug == "mean_log":
        return logs.mean(0).sum()
    if bug == "lse_sign":
        return -log_mean_exp(-logs).sum()
    if bug == "sum_data_before_lse":
        return log_mean_exp(logs.sum(1))
    if bug == "w_not_detached":
        return (logs.softmax(0) * logs).sum()
    return log_mean_exp(logs).sum()


def iwae_normal(model: Any, q: Any, samples: int, bug: str = "") -> Any:
    """One shared normal latent, reparameterised: the gradient is autograd's own."""
    law = Normal(q.mean, q.std)
    z = law.rsample((samples,))
    prior = Normal(model.prior_mean, model.prior_variance.sqrt()).log_prob(z)
    logs = Normal(z[:, None], model.likelihood_variance.sqrt()).log_prob(model.x).sum(-1) + prior - law.log_prob(z)
    value = log_mean_exp(logs)
    if bug == "w_norm_twice":
        surrogate = (logs.softmax(0).detach() * logs).sum() / samples
        return value.detach() + surrogate - surrogate.detach()
    return value


# ---------------------------------------------------------------- score function


def score_function(model: Any, q: Any, bug: str = "") -> Any:
    """log weight of a draw, whose gradient is that of the score-function surrogate."""
    law = Categorical(logits=q.logits)
    z = law.sample()
    seen = Categorical(model.prior).sample(z.shape) if bug == "use_prior_sample" else z
    log_q = law.log_prob(z).sum()
    value = model.likelihood[seen, model.x].log().sum() + model.prior[z].log().sum() - log_q
    signal = value if bug == "score_not_detached" else value.detach()
    score = {"no_score": 0.0, "score_sign": -signal * log_q}.get(bug, signal * log_q)
    surrogate = value + score
    return value.detach() + surrogate - surrogate.detach()


# ---------------------------------------------------------------- a discrete latent, summed out


def discrete_enum(model: Any, q: Any, bug: str = "") -> Any:
    log_q = q.logits.log_softmax(0 if bug == "softmax_axis" else -1)
    log_prior, log_likelihood = model.prior.log(), model.likelihood[:, model.x].log().T
    reconstruction = (log_q.exp() * log_likelihood).sum(-1)
    kl = (log_q.exp() * (log_q - log_prior)).sum(-1)
    if bug == "no_entropy":
        return (reconstruction + (log_q.exp() * log_prior).sum(-1)).sum()
    if bug == "plate_lse":
        return torch.logsumexp(reconstruction - kl, 0)
    return (reconstruction + (kl if bug == "kl_sign" else -kl)).sum()


def renyi(model: Any, q: Any, samples: int, alpha: float, bug: str = "") -> Any:
    power = 1 + alpha if bug == "alpha_sign" else 1 - alpha
    logs, log_q = mixture_log_weights(model, q, samples)
    total = log_mean_exp(power * logs).sum()
    return with_score(total if bug == "no_div" else total / power, log_q)


# ---------------------------------------------------------------- full covariance, particles, minibatches


def mvn_kl(model: Any, q: Any, bug: str = "") -> Any:
    law = MultivariateNormal(q.mean, scale_tril=q.scale_tril)
    drawn = MultivariateNormal(q.mean, scale_tril=torch.diag(q.scale_tril.diagonal())) if bug == "diag_only" else law
    noise = MultivariateNormal(model.weights @ drawn.rsample() + model.offset, model.noise_covariance)
    return wrong_kl(model, q, law, bug) - noise.log_prob(model.x).sum()


def wrong_kl(model: Any, q: Any, law: Any, bug: str) -> Any:
    prior = MultivariateNormal(model.prior_mean, model.prior_covariance)
    kl = kl_divergence(law, prior)
    distance = q.mean - model.prior_mean
    inverse = torch.linalg.inv(model.prior_covariance)
    wrong = q.scale_tril.diagonal()
    log_ratio = torch.logdet(model.prior_covariance) - 2 * q.scale_tril.diagonal().log().sum()
    return {
        "no_dim": kl + 0.5 * len(q.mean),
        "logdet_half": kl - 0.25 * log_ratio,
        "mahal_missing": kl + 0.5 * (wrong @ inverse @ wrong - distance @ inverse @ distance),
    }.get(bug, kl)


def particles(model: Any, q: Any, samples: int, bug: str = "") -> Any:
    law = Normal(q.mean, q.std)
    z = law.rsample((samples,))
    log_joint = Normal(z[:, None], model.likelihood_variance.sqrt()).log_prob(model.x).sum(-1)
    log_joint = log_joint + Normal(model.prior_mean, model.prior_variance.sqrt()).log_prob(z)
    elbo = (log_joint - law.log_prob(z)).mean()
    return {"sign": elbo, "divided_twice": -elbo / samples, "exp_of_mean": -elbo.exp()}.get(bug, -elbo)


def minibatch(model: Any, q: Any, batch: Any, bug: str = "") -> Any:
    points, size = len(model.y), len(batch)
    law, prior = Normal(q.mean, q.std), Normal(model.prior_mean, model.prior_variance.sqrt())
    fitted = model.features[batch] @ law.rsample()
    log_likelihood = Normal(fitted, model.noise_variance.sqrt()).log_prob(model.y[batch]).sum()
    kl = kl_divergence(law, prior).sum()
    scale = {"inverse_scale": size / points, "scale_wrong_N": points / (size - 1)}.get(bug, points / size)
    if bug == "scale_all":
        return -scale * (log_likelihood - kl)
    return (kl / points if bug == "kl_over_N_again" else kl) - scale * log_likelihood
