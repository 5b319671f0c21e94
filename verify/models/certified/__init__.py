"""log p(x), ELBO and gap as certified enclosures, for models whose numbers exact arithmetic cannot hold.

    certified_balance(model, q).residual      # an enclosure of log p(x) - ELBO - KL: it holds 0, and how narrow it is

    base       CertifiedBalance and the function that every model adds to
    balls      floats as exact Arb balls, probabilities made to sum to 1
    discrete   latents that can be enumerated: Gaussian mixture, Boltzmann machines
    conjugate  gammas and digammas of any shape: normal with unknown variance, exponential families
    gaussian   linear-Gaussian models, all as a product of normal factors

The floats of a model enter without rounding.  The three numbers come from three formulas, as in the models themselves,
but from none of their code.
"""

from verify.models.certified import conjugate, discrete, gaussian
from verify.models.certified.base import BITS, CertifiedBalance, certified_balance

__all__ = ["BITS", "CertifiedBalance", "certified_balance", "conjugate", "discrete", "gaussian"]
