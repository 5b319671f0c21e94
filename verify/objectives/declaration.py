"""What the author of an objective says it computes.  Nothing of this is guessed from the code.

    Objective(returns="loss", reduction="mean")                                  a VAE loss, averaged over the data
    Objective(returns="elbo", reduction="sum", estimator="log-weight")           log p(x, z) - log q(z) of a draw
    Objective(returns="loss", reduction="mean", beta=0.5)                        reconstruction - 0.5 KL(q ‖ prior)
    Objective(returns="elbo", reduction="sum", kind="iwae", samples=5)           log of the mean of 5 weights
    Objective(returns="elbo", reduction="sum", kind="renyi", alpha=0.5, samples=5)

All comparisons are made on the scale "nats": the bound itself, summed over all data points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Returns: TypeAlias = Literal["elbo", "loss"]
Reduction: TypeAlias = Literal["sum", "mean", "none"]
Kind: TypeAlias = Literal["elbo", "iwae", "renyi"]
Estimator: TypeAlias = Literal["log-weight", "analytic-kl", "surrogate"]
DType: TypeAlias = Literal["float64", "float32"]

# Relative to the terms that are added up: far above the rounding of careful code in that type (a few hundred units in
# the last place), far below any mistake worth finding.
RELATIVE_TOLERANCE: dict[DType, float] = {"float64": 1e-9, "float32": 1e-5}


@dataclass(frozen=True)
class Objective:
    """The declaration of an objective.

    returns     "elbo": a quantity to be maximised; "loss": its negative
    reduction   over the data points: "sum", "mean", or "none" for one value a data point
    kind        "elbo"; "iwae": log of the mean of `samples` weights; "renyi": the Rényi bound of order `alpha`, from
                `samples` weights
    samples     how many draws of z one call uses: averaged in an ELBO (where they may depend on each other, as
                antithetic ones do), K independent ones in an importance-weighted bound
    alpha       order of the Rényi bound
    beta        weight of KL(q ‖ prior)
    estimator   "log-weight": one call returns the mean of log p(x, z) - log q(z) over its draws (for iwae and renyi the
                bound made of those weights), so that at the posterior every call returns log p(x); "analytic-kl": the
                KL is a formula and only the reconstruction is sampled; "surrogate": only the gradient means something;
                None: unknown, and what needs to know it is not tested
    dtype       the precision the code works in
    plate       for iwae and renyi: True where every data point has its own logarithm of a mean, False where the weights
                of the whole data set are averaged
    batch_size  how many of the data points one call sees, where it sees a random minibatch

    Raises ValueError for a declaration that contradicts itself.
    """

    returns: Returns
    reduction: Reduction
    kind: Kind = "elbo"
    samples: int = 1
    alpha: float | None = None
    beta: float = 1.0
    estimator: Estimator | None = None
    dtype: DType = "float64"
    plate: bool = True
    batch_size: int | None = None

    def __post_init__(self) -> None:
        self._check_words()
        if self.samples < 1 or (self.batch_size is not None and self.batch_size < 1):
            raise ValueError("samples and batch_size count from 1")
        if (self.kind == "renyi") != (self.alpha is not None):
            raise ValueError('alpha is the order of a Rényi bound: give it with kind="renyi", and only then')
        if self.alpha == 1:
            raise ValueError('the Rényi bound at alpha = 1 is the ELBO: declare kind="elbo"')
        if self.beta < 0 or (self.beta != 1 and self.kind != "elbo"):
            raise ValueError('beta >= 0 weighs the KL of an ELBO; it has no meaning for kind="iwae" or "renyi"')

    def _check_words(self) -> None:
        for name, allowed in _WORDS.items():
            if getattr(self, name) not in allowed:
                choices = ", ".join(repr(word) for word in allowed)
                raise ValueError(f"{name}={getattr(self, name)!r} is not one of {choices}")

    @property
    def sign(self) -> int:
        """+1 for a quantity to be maximised, -1 for a loss."""
        return 1 if self.returns == "elbo" else -1

    @property
    def relative_tolerance(self) -> float:
        """How far apart two values of this precision may be, relative to the terms that are added up."""
        return RELATIVE_TOLERANCE[self.dtype]

    @property
    def is_lower_bound(self) -> bool:
        """Is the declared quantity at most log p(x) in expectation?  Rényi bounds of negative order are above it."""
        return self.beta >= 1 and (self.alpha is None or self.alpha >= 0)

    def scale(self, points: int) -> float:
        """The factor that turns a returned value into nats over all `points` data points."""
        return self.sign * (points if self.reduction == "mean" else 1)

    def in_nats(self, returned: npt.NDArray[Any], points: int) -> float:
        """The returned value on the common scale: the bound, summed over the data."""
        return float(np.sum(returned, dtype=np.float64)) * self.scale(points)

    @property
    def title(self) -> str:
        """The declared quantity in a few words."""
        if self.kind == "iwae":
            return f"importance-weighted bound with K = {self.samples}"
        if self.kind == "renyi":
            return f"Rényi bound of order {self.alpha:g} with K = {self.samples}"
        return "ELBO" if self.beta == 1 else f"ELBO with beta = {self.beta:g}"


_WORDS: dict[str, tuple[str | None, ...]] = {
    "returns": ("elbo", "loss"),
    "reduction": ("sum", "mean", "none"),
    "kind": ("elbo", "iwae", "renyi"),
    "estimator": ("log-weight", "analytic-kl", "surrogate", None),
    "dtype": ("float64", "float32"),
}
