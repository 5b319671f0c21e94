"""One finite world, exactly; and many worlds through all tiers, each settled by the cheapest that can.

    floats    log p(x) − ELBO is farther from zero than its rounding bound          (chain)
    floats    the same for the gap computed from q − posterior                      (posterior)
    exact     the floats taken as rationals: the exact zero test, then Arb          (values, compare)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from verify.decide.chain import checked_tables, finite_chain
from verify.decide.compare import compare
from verify.decide.decision import Answer, Decision, Method
from verify.decide.enclosure import Enclosure
from verify.decide.functions import total
from verify.decide.posterior import posterior_gap
from verify.decide.signs import is_zero
from verify.decide.values import ONE, Number, Value, exact


@dataclass(frozen=True)
class ExactChain:
    """Log evidence, ELBO and KL of one finite world as exact values (nats), by three separate sums.

    mass S is the total mass of q.  The KL is the divergence from the posterior: +∞ where q has mass and the posterior
    none, undefined where the evidence is zero.
    """

    mass: Value
    log_evidence: Value
    elbo: Value
    kl: Value

    def bound(self) -> Decision:
        """How ELBO stands to S·log(p(x)/S), its bound by Jensen's inequality; log p(x) for a normalised q."""
        return compare(self.elbo, self.mass * (self.log_evidence - self.mass.log()))

    def identity(self) -> Decision:
        """How S·log p(x) stands to ELBO + KL; undecided where that is ∞ − ∞."""
        return compare(self.mass * self.log_evidence, self.elbo + self.kl)


def exact_chain(joint: Sequence[Number], q: Sequence[Number], weights: Sequence[Number] | None = None) -> ExactChain:
    """Log evidence, ELBO and KL of one world with K states, from rationals or floats taken exactly.

    joint, q: K non-negative densities; weights: K positive base weights, or None for 1.
    """
    densities, variational = [exact(j) for j in joint], [exact(r) for r in q]
    base = [ONE] * len(densities) if weights is None else [exact(w) for w in weights]
    states = list(zip(densities, variational, base, strict=True))
    evidence = total(w * j for j, _, w in states)
    occupied = [(j, r, w * r) for j, r, w in states if not is_zero(r)]
    elbo = total(mass * (j.log() - r.log()) for j, r, mass in occupied)
    kl = total(mass * (r.log() - (j / evidence).log()) for j, r, mass in occupied)
    return ExactChain(total(mass for _, _, mass in occupied), evidence.log(), elbo, kl)


def is_posterior(joint: Sequence[Number], q: Sequence[Number]) -> bool:
    """Whether q is exactly proportional to the joint, that is to the posterior (rational tables; no logarithms)."""
    densities, variational = [exact(j) for j in joint], [exact(r) for r in q]
    pairs = list(zip(densities, variational, strict=True))
    evidence, mass = total(densities), total(variational)
    return all(is_zero(r * evidence - j * mass) for j, r in pairs)


def decide_bounds(joint: ArrayLike, q: ArrayLike, weights: ArrayLike | None = None) -> tuple[Decision, ...]:
    """How ELBO stands to S·log(p(x)/S) in each of B worlds with K states: less, equal, or (never) greater.

    joint, q: (K, B) floats; weights: (K,) floats or None.  Worlds that the floats cannot settle go to exact arithmetic.
    """
    tables = checked_tables(joint, q)
    chain = finite_chain(*tables, weights)
    near = posterior_gap(*tables, weights)
    return tuple(
        _by_floats(float(chain.gap[b]), float(chain.gap_error[b]))
        or _by_floats(float(near.value[b]), float(near.error[b]))
        or exact_chain(tables[0][:, b].tolist(), tables[1][:, b].tolist(), _listed(weights)).bound()
        for b in range(tables[0].shape[1])
    )


def _listed(weights: ArrayLike | None) -> list[float] | None:
    return None if weights is None else np.asarray(weights, dtype=np.float64).tolist()


def _by_floats(gap: float, error: float) -> Decision | None:
    """The decision ELBO − bound = −gap ± error if that excludes zero, else None."""
    if not (abs(gap) > error and np.isfinite(gap)):
        return None
    answer = Answer.LESS if gap > 0 else Answer.GREATER
    return Decision(answer, Method.ROUNDING, Enclosure.around(-gap, error))
