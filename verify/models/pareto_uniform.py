"""Uniform data on (0, z) with a Pareto prior on z: the model where supports matter.

The posterior lives on [M, ∞) with M the larger of the prior's scale and the largest data point.  A q that reaches below
M puts mass where p(x, z) = 0: its ELBO is -∞ and its gap +∞, and the bound still holds.

Source: M. H. DeGroot, Optimal Statistical Decisions (1970), section 9.7.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from verify.models.base import Formulas, SolvableModel
from verify.models.families.conjugate import Pareto
from verify.models.records import Array, Gradient, Observed, Positive
from verify.models.sums import Sum


@dataclass(frozen=True, eq=False)
class ParetoUniform(SolvableModel[Pareto]):
    """z ~ Pareto(shape, scale), x_i | z ~ Uniform(0, z).

    x             data, shape (N,), positive
    shape, scale  of the prior, density shape · scale^shape / z^(shape + 1) for z >= scale
    """

    name: ClassVar[str] = "pareto-uniform"
    title: ClassVar[str] = "Pareto–uniform"
    formulas: ClassVar[Formulas] = Formulas(
        joint=r"p(x, z) = \frac{k m^k}{z^{k+1}}\, z^{-N} \quad (z \ge M = \max(m, x_1, \ldots, x_N))",
        evidence=r"\log p(x) = \log \frac{k}{k + N} + k \log m - (k + N) \log M",
        elbo=(
            r"\log k + k \log m - (k + N + 1)\left(\log m_q + \tfrac1{k_q}\right)"
            r" + \log \frac{m_q}{k_q} + \frac1{k_q} + 1 \quad (m_q \ge M, \text{ else } -\infty)"
        ),
        gap=(
            r"\frac{k + N}{k_q} - 1 - \log\frac{k + N}{k_q} + (k + N) \log\frac{m_q}{M}"
            r" \quad (m_q \ge M, \text{ else } \infty)"
        ),
        second_route="sequential prediction",
    )
    shapes: ClassVar[dict[str, tuple[int, int]]] = {"points": (2, 6)}

    x: Observed
    shape: Positive
    scale: Positive

    @classmethod
    def random(cls, rng: np.random.Generator, points: int = 4) -> ParetoUniform:
        return cls(np.ones(points), rng.uniform(0.8, 4), rng.uniform(0.4, 2.5)).sample_data(rng)

    def sample_data(self, rng: np.random.Generator) -> ParetoUniform:
        z = Pareto(self.shape, self.scale).sample(rng, 1)[0]
        return self.replace(x=z * rng.uniform(size=len(self.x)))

    def posterior_q(self) -> Pareto:
        return Pareto(self.shape + len(self.x), max(self.scale, float(self.x.max())))

    def evidence_sum(self) -> Sum:
        after = self.posterior_q()
        scales = [self.shape * math.log(self.scale), -after.shape * math.log(after.scale)]
        return Sum.of(scales=scales, shapes=[math.log(self.shape), -math.log(after.shape)])

    def elbo_sum(self, q: Pareto) -> Sum:
        if q.scale < self.posterior_q().scale:
            return Sum.of(log_joint=-math.inf)
        mean_log = np.array([math.log(q.scale), 1 / q.shape])
        constants = [math.log(self.shape), self.shape * math.log(self.scale)]
        return Sum.of(
            log_likelihood=-len(self.x) * mean_log,
            log_prior=np.append(-(self.shape + 1) * mean_log, constants),
            entropy=q.entropy_terms(),
        )

    def gap_sum(self, q: Pareto) -> Sum:
        return q.kl_sum(self.posterior_q())

    def log_evidence_independent(self) -> float:
        """The density of each point given those before it: uniform below the largest so far, a Pareto tail above."""
        shape, largest, logs = self.shape, self.scale, []
        for value in self.x.tolist():
            after = max(largest, value)
            logs.append(math.log(shape / (shape + 1) / after) - shape * math.log(after / largest))
            shape, largest = shape + 1, after
        return math.fsum(logs)

    def random_q(self, rng: np.random.Generator) -> Pareto:
        """Inside the posterior's support, with room to move."""
        return Pareto(rng.uniform(1, 9), self.posterior_q().scale * rng.uniform(3, 6))

    def elbo_gradient(self, q: Pareto) -> Gradient:
        after = self.posterior_q().shape
        return {"shape": np.asarray((after / q.shape - 1) / q.shape), "scale": np.asarray(-after / q.scale)}

    def parameter_gradient(self, q: Pareto) -> Gradient:
        shape = 1 / self.shape + math.log(self.scale) - q.mean_log()
        return {"shape": np.asarray(shape), "scale": np.asarray(self.shape / self.scale)}

    def log_joint(self, z: npt.NDArray[Any]) -> Array:
        inside = np.asarray(z) >= self.posterior_q().scale
        logs = Pareto(self.shape, self.scale).log_density(z) - len(self.x) * np.log(np.where(inside, z, 1.0))
        return np.where(inside, logs, -np.inf)
