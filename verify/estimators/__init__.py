"""Monte-Carlo estimators of the ELBO and their exact laws: references for code under test.

    samples     plain Monte-Carlo estimates
    moments     exact means and variances of ELBO and importance-weighted estimates, Rényi bounds
    enclosures  the same mean and variance certified, for one real latent; lines, mixtures, solvable: what it rests on
    unsolvable  the same for a logistic or Poisson likelihood, where the evidence is an integral, too
    gradients   score-function and reparameterised gradients, their exact means and variances
    nodes       expectations under q as finite sums, by enumeration or quadrature
"""

from verify.estimators.enclosures import CertifiedMoments, iwae_enclosures
from verify.estimators.gradients import (
    GradientMoments,
    orthogonal_noise,
    reparameterised_gradient,
    reparameterised_gradient_moments,
    score_gradient,
    score_gradient_moments,
)
from verify.estimators.moments import (
    Moments,
    WeightLaw,
    elbo_moments,
    iwae_moments,
    iwae_moments_by_sums,
    renyi_bound,
    weight_law,
)
from verify.estimators.nodes import Nodes, TooManyNodesError, nodes
from verify.estimators.samples import elbo_samples, iwae_samples
from verify.estimators.unsolvable import logistic_bernoulli_iwae, poisson_lognormal_iwae

__all__ = [
    "CertifiedMoments",
    "GradientMoments",
    "Moments",
    "Nodes",
    "TooManyNodesError",
    "WeightLaw",
    "elbo_moments",
    "elbo_samples",
    "iwae_enclosures",
    "iwae_moments",
    "iwae_moments_by_sums",
    "iwae_samples",
    "logistic_bernoulli_iwae",
    "nodes",
    "orthogonal_noise",
    "poisson_lognormal_iwae",
    "renyi_bound",
    "reparameterised_gradient",
    "reparameterised_gradient_moments",
    "score_gradient",
    "score_gradient_moments",
    "weight_law",
]
