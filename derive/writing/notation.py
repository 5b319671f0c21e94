"""How an author writes: the spelling of names and the habits that a printed term should keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Notation:
    r"""The author's notation.

    names        the LaTeX of a name: {"theta": r"\theta", "phat": r"\hat p"}
    discrete     spaces whose integrals are written as sums
    sampled      E_{z \sim q(z|x)} rather than E_{q(z|x)}
    parameters   P_\theta(x) ("subscript") or p(x;\theta) ("semicolon")
    """

    names: Mapping[str, str] = field(default_factory=dict)
    discrete: frozenset[str] = frozenset()
    sampled: bool = False
    parameters: Literal["subscript", "semicolon", "bar"] = "subscript"
    divergence: str = r"D_{KL}"
    divergence_bar: str = r"\,\|\,"
    bar: str = r"|"
    log: str = r"\log"
    expectation: str = r"\mathbb{E}"


PLAIN = Notation()

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "vartheta": "ϑ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ",
    "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ",
    "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ",
    "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "ell": "ℓ",
}  # fmt: skip
