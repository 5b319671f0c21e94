"""What a correct objective returns: exact values, the terms they are made of, and the spread of single calls.

    solvable          what a model must know
    decomposition     reconstruction, KL to the prior, the prior as a law
    power_means       importance-weighted and Rényi estimates, exactly
    targets           the expectation of a declared objective
    variances         variance, range or law of one call of a known estimator
    quadrature_model  any model with at most two dimensions a latent
    programs          a model and a guide that are programs;  latents: how their latents lie in rows of numbers
"""

from verify.objectives.reference.quadrature_model import QuadratureModel
from verify.objectives.reference.solvable import Solvable
from verify.objectives.reference.targets import NoTargetError, Target, evidence, target
from verify.objectives.reference.variances import Spread, UnknownVarianceError, spread_of

__all__ = [
    "NoTargetError",
    "QuadratureModel",
    "Solvable",
    "Spread",
    "Target",
    "UnknownVarianceError",
    "evidence",
    "spread_of",
    "target",
]
