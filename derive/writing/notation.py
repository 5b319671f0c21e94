"""How an author writes: the spelling of names and the habits that a printed term should keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sympy import Basic

from derive.terms.nodes import Law, Variable


@dataclass(frozen=True)
class Notation:
    r"""The author's notation.

    names        the LaTeX of a name: {"theta": r"\theta", "phat": r"\hat p"}
    discrete     spaces whose integrals are written as sums
    sampled      E_{z \sim q(z|x)} rather than E_{q(z|x)}
    parameters   P_\theta(x) ("subscript") or p(x;\theta) ("semicolon")
    unindexed    laws whose index of an example is not written below them: p(x^{(i)}), but Q_i(z)
    """

    names: Mapping[str, str] = field(default_factory=dict)
    discrete: frozenset[str] = frozenset()
    sampled: bool = False
    parameters: Literal["subscript", "semicolon", "bar"] = "subscript"
    unindexed: frozenset[str] = frozenset()
    divergence: str = r"D_{KL}"
    divergence_bar: str = r"\,\|\,"
    bar: str = r"|"
    log: str = r"\log"
    expectation: str = r"\mathbb{E}"


    def placed(self, law: Law) -> tuple[tuple[Basic, ...], tuple[Basic, ...]]:
        """The parameters of a law that are written below it, and those that are written behind its points."""
        shown = [p for p in law.parameters if law.name not in self.unindexed or not isinstance(p, Variable)]
        behind = () if self.parameters == "subscript" else tuple(p for p in shown if not isinstance(p, Variable))
        return tuple(p for p in shown if p not in behind), behind


PLAIN = Notation()

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "vartheta": "ϑ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ",
    "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ",
    "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ",
    "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "ell": "ℓ",
}  # fmt: skip
