"""The diffusion bound in PyTorch: a schedule with buffers for every t, as implementations of DDPM keep them.

Source: J. Ho, A. Jain, P. Abbeel, Denoising diffusion probabilistic models (NeurIPS 2020), equations 4 to 7.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.distributions import Normal, kl_divergence
from torch.nn import functional


class Schedule(torch.nn.Module):
    """q(x_t | x_0) = N(signal_t x_0 + shift_t, noise_t) for t = 0 … T, and the posterior of a step."""

    def __init__(self, q: Any) -> None:
        super().__init__()
        self.weights, self.offsets, self.betas = q.weights, q.offsets, q.variances
        signal, shift, noise = [torch.ones(())], [torch.zeros(())], [torch.zeros(())]
        for weight, offset, beta in zip(self.weights, self.offsets, self.betas, strict=True):
            signal.append(weight * signal[-1])
            shift.append(weight * shift[-1] + offset)
            noise.append(weight**2 * noise[-1] + beta)
        self.signal, self.shift, self.noise = torch.stack(signal), torch.stack(shift), torch.stack(noise)

    def marginal(self, x: Any, t: int) -> Any:
        return Normal(self.signal[t] * x + self.shift[t], self.noise[t].sqrt())

    def noised(self, x: Any, t: int, bug: str) -> Any:
        std = self.noise[t] if bug == "noise_sqrt_missing" else self.noise[t].sqrt()
        return self.signal[t] * x + self.shift[t] + std * torch.randn_like(x)

    def posterior(self, x: Any, later: Any, t: int, bug: str) -> Any:
        """q(x_t | x_{t+1}, x_0)."""
        of_later = self.weights[t] * self.noise[t] / self.noise[t + 1]
        of_start = self.signal[t] * self.betas[t] / self.noise[t + 1]
        if bug == "coef_swapped":
            of_later, of_start = of_start, of_later
        gain = self.weights[t] * self.noise[t] / self.noise[t + 1]
        fixed = self.shift[t] * self.betas[t] / self.noise[t + 1] - gain * self.offsets[t]
        ratio = 1.0 if bug == "post_var_is_beta" else self.noise[t] / self.noise[t + 1]
        return Normal(of_start * x + of_later * later + fixed, (self.betas[t] * ratio).sqrt())


def reverse(model: Any, later: Any, t: int) -> Any:
    """p(x_t | x_{t+1})."""
    return Normal(model.weights[t] * later + model.offsets[t], model.variances[t].sqrt())


def step_loss(model: Any, schedule: Schedule, t: int, bug: str) -> Any:
    """KL(q(x_t | x_{t+1}, x_0) ‖ p(x_t | x_{t+1})) at a drawn x_{t+1}, one number a data point."""
    later = schedule.noised(model.x, t + 1, bug)
    true, learnt = schedule.posterior(model.x, later, t, bug), reverse(model, later, t)
    if bug == "simple_unweighted":
        return functional.mse_loss(learnt.mean, true.mean, reduction="none")
    return kl_divergence(learnt, true) if bug == "kl_direction" else kl_divergence(true, learnt)


def prior_loss(model: Any, schedule: Schedule, bug: str) -> Any:
    """KL(q(x_T | x_0) ‖ p(x_T))."""
    last = schedule.marginal(model.x, len(schedule.weights))
    if bug == "prior_logvar_not_log":
        last = Normal(last.mean, (0.5 * last.variance).exp())
    return kl_divergence(last, Normal(model.prior_mean, model.prior_variance.sqrt()))


def diffusion(model: Any, q: Any, bug: str = "") -> Any:
    schedule = Schedule(q)
    reconstruction = reverse(model, schedule.noised(model.x, 1, bug), 0).log_prob(model.x)
    steps = torch.zeros_like(model.x)
    for t in range(1, len(schedule.weights)):
        term = step_loss(model, schedule, 1 if bug == "t_fixed" else t, bug)
        steps = term if bug == "kl_overwritten" else steps + term
    return (prior_loss(model, schedule, bug) + steps - reconstruction).mean()
