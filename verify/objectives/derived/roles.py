"""Which law and which variable of a document is which part of a solvable model.

    observed     the data x: the variable that stands free in the claim, or is drawn from the law of the data
    latent       z: what is summed and integrated over; several latents are copies of the model's one
    model        the law that draws x: p(x, z), p(x | z), p(x), p(z), p(z | x) are its parts
    variational  the law of z that expectations are taken under: q(z), q(z | x)
    prior, likelihood   laws of their own for p(z) and p(x | z), where the document writes them with other letters
    data         the law that x is drawn from in E_{x ~ p_data}

Roles follow from the form of the claim.  Where more than one choice remains nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from sympy import Basic, preorder_traversal

from derive.claims import Claim
from derive.terms.nodes import (
    Binder,
    Density,
    Divergence,
    Entropy,
    Expectation,
    Law,
    Parameter,
    Term,
    Variable,
    law_factors,
)
from derive.writing import Notation, text
from verify.objectives.derived.errors import RolesError

Part: TypeAlias = Literal["joint", "likelihood", "evidence", "prior", "posterior", "variational"]
Given: TypeAlias = Mapping[str, str | tuple[str, ...]]
LAWS = ("model", "variational", "prior", "likelihood", "data")
VARIABLES = ("observed", "latent")


@dataclass(frozen=True)
class Roles:
    """Names of spaces and laws, as terms spell them.

    observed  the space of the data
    latent    the spaces of the latent variable and its copies
    laws      the role of every law, by its name
    """

    observed: str
    latent: frozenset[str]
    laws: Mapping[str, str]
    _parts: dict[Density, Part] = field(default_factory=dict, compare=False, repr=False)

    def of_law(self, density: Density) -> str:
        """The role of a density's law.  Raises RolesError for a law without one."""
        if density.law.name not in self.laws:
            raise RolesError(f"{density.law.name} has no role: name it in roles={{…}} as one of {', '.join(LAWS)}")
        return self.laws[density.law.name]

    def part(self, density: Density) -> Part:
        """Which of the model's densities this is.  Raises RolesError where it has no counterpart."""
        if density not in self._parts:
            self._parts[density] = self._part(density)
        return self._parts[density]

    def _part(self, density: Density) -> Part:
        at, given = self._places(density.at), self._places(density.given)
        found = _PARTS.get((self.of_law(density), at, given))
        if found is None or self._latents(density) > 1:
            raise RolesError(f"{text(density)} has no counterpart in a model of one latent z and data x")
        return found

    def _places(self, points: Iterable[Variable]) -> str:
        """ "x", "z", "xz" or "": which of the two are among the points; "?" for others."""
        known = {"x": {self.observed}, "z": self.latent}
        spaces = {v.space for v in points}
        rest = spaces - {self.observed} - self.latent
        return "".join(name for name, those in known.items() if spaces & those) + ("?" if rest else "")

    def _latents(self, density: Density) -> int:
        return sum(v.space in self.latent for v in density.points)


_PARTS: Mapping[tuple[str, str, str], Part] = {
    ("model", "xz", ""): "joint",
    ("model", "x", "z"): "likelihood",
    ("model", "x", ""): "evidence",
    ("model", "z", ""): "prior",
    ("model", "z", "x"): "posterior",
    ("likelihood", "x", "z"): "likelihood",
    ("prior", "z", ""): "prior",
    ("variational", "z", ""): "variational",
    ("variational", "z", "x"): "variational",
}

# ---------------------------------------------------------------- inferring


def infer_roles(claim: Claim, given: Given | None = None, notation: Notation | None = None) -> Roles:
    """The roles in a claim, from its form and what the user gives.

    given  a role → a name, as the document writes it or as terms spell it; several names for copies of the latent
    Raises RolesError where a role stays open, and for names that the claim does not have.
    """
    unfold = claim.setting.unfold_all
    sides = (unfold(claim.lhs), unfold(claim.rhs))
    names = _Names(sides, notation or Notation())
    said = names.resolved(given or {})
    observed = _observed(sides, said, names)
    latent = _latent(sides, observed, said, names)
    return Roles(observed, frozenset(latent), _laws(claim, sides, observed, said, names))


@dataclass(frozen=True)
class _Names:
    """The names that two sides have, and how the document writes them."""

    sides: tuple[Term, Term]
    notation: Notation

    def shown(self, name: str) -> str:
        return text(Parameter(name), self.notation)

    def listed(self, names: Iterable[str]) -> str:
        return ", ".join(self.shown(name) for name in sorted(names))

    @property
    def spaces(self) -> set[str]:
        return {node.space for node in _nodes(self.sides) if isinstance(node, Variable)}

    @property
    def laws(self) -> set[str]:
        return {node.name for node in _nodes(self.sides) if isinstance(node, Law)}

    def resolved(self, given: Given) -> dict[str, tuple[str, ...]]:
        """What the user gives, in the names of the terms."""
        found = {}
        for role, value in given.items():
            if role not in (*LAWS, *VARIABLES):
                raise RolesError(f"{role!r} is no role; the roles are {', '.join((*VARIABLES, *LAWS))}")
            among = self.spaces if role in VARIABLES else self.laws
            found[role] = tuple(self._resolved(one, among) for one in ((value,) if isinstance(value, str) else value))
        return found

    def _resolved(self, name: str, among: set[str]) -> str:
        fitting = [key for key in among if name in (key, self.shown(key))]
        if len(fitting) != 1:
            raise RolesError(f"{name!r} is not in the claim; it has {self.listed(among)}")
        return fitting[0]


def _nodes(sides: Iterable[Basic]) -> Iterator[Basic]:
    for side in sides:
        yield from preorder_traversal(side)


def _bound(sides: Iterable[Basic]) -> set[str]:
    names = (name for node in _nodes(sides) if isinstance(node, Binder) for name in node.bound_names)
    return {name.space for name in names if isinstance(name, Variable)}


def _averaged(sides: Iterable[Term]) -> set[str]:
    """What the outermost expectation of every part draws: x in E_{x ~ p_data}[…]."""
    found: set[str] = set()
    for side in sides:
        outermost = side if isinstance(side, Expectation) else next(
            (node for node in preorder_traversal(side) if isinstance(node, Expectation)), None
        )
        found |= {v.space for v in outermost.bound_names if isinstance(v, Variable)} if outermost is not None else set()
    return found


def _observed(sides: tuple[Term, Term], said: Mapping[str, tuple[str, ...]], names: _Names) -> str:
    if "observed" in said:
        return said["observed"][0]
    free = names.spaces - _bound(sides)
    choices = free or (_averaged(sides) - set(said.get("latent", ())))
    if len(choices) != 1:
        raise RolesError(
            f"which variable is the data?  The claim has {names.listed(names.spaces)}: say roles={{'observed': …}}"
        )
    return choices.pop()


def _latent(sides: tuple[Term, Term], observed: str, said: Mapping[str, tuple[str, ...]], names: _Names) -> set[str]:
    if "latent" in said:
        return set(said["latent"])
    found = names.spaces - {observed}
    if len(found) > 1:
        raise RolesError(
            f"{names.listed(found)}: which of them is the model's latent variable?  Say roles={{'latent': …}}, with "
            "several names for independent copies of it"
        )
    return found


# ---------------------------------------------------------------- laws


def _laws(
    claim: Claim, sides: tuple[Term, Term], observed: str, said: Mapping[str, tuple[str, ...]], names: _Names
) -> dict[str, str]:
    laws = {name: role for role in LAWS for name in said.get(role, ())}
    open_ = names.laws - laws.keys()
    drawn, data = claim.drawn, _drawing(sides, observed)
    for name in open_ & data:
        laws[name] = "data"
    _choose(laws, "model", {n for n in open_ - data if observed in drawn.get(n, ())}, names)
    inner = {n for n in open_ - data if observed not in drawn.get(n, ())}
    averaging = {n for n in inner if n in _drawing(sides, None)}
    if "variational" not in laws.values():
        _choose(laws, "variational", averaging if len(averaging) == 1 else inner, names)
    _choose(laws, "prior", inner - laws.keys(), names)
    return laws


def _choose(laws: dict[str, str], role: str, candidates: set[str], names: _Names) -> None:
    """Gives the role to the one candidate; none is no trouble, and neither are names that have a role."""
    candidates = candidates - laws.keys()
    taken = [law for law, known in laws.items() if known == role]
    if len(candidates) > 1 or (candidates and taken):
        choices = " or ".join(names.shown(name) for name in sorted(candidates))
        beside = f" beside {names.listed(taken)}" if taken else ""
        raise RolesError(
            f"which is the {role} law{beside}, {choices}?  Say roles={{{role!r}: …}}; roles are {', '.join(LAWS)}"
        )
    for name in candidates:
        laws[name] = role


def _drawing(sides: tuple[Term, Term], space: str | None) -> set[str]:
    """The laws that averages are taken under; of one space only, or of any."""
    found = set()
    for node in _nodes(sides):
        laws = [node.law] if isinstance(node, Expectation | Entropy) else []
        laws += [node.left] if isinstance(node, Divergence) else []
        for factor in (factor for law in laws for factor in law_factors(law)):
            if isinstance(factor, Density) and (space is None or {v.space for v in factor.at} == {space}):
                found.add(factor.law.name)
    return found
