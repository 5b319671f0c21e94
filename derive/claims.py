"""Claims, and what the text has said before them: definitions and hypotheses.

A claim holds for all base measures, laws and functions that meet the hypotheses, and all values of its free
variables, wherever both sides are defined and its conditions hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, TypeAlias, cast

from sympy import Basic

from derive.terms.binding import free_names, substitute
from derive.terms.nodes import ArgExtremum, Density, Function, Law, Named, Parameter, Term

Sign: TypeAlias = Literal["=", ">=", "<=", ">", "<", "!=", ":=", "approx", "propto", "argmax-equiv"]
Measure: TypeAlias = Literal["discrete", "continuous", "unmarked"]


@dataclass(frozen=True)
class Definition:
    """name(formals) := body.  ``label`` is how a report cites it ("def L")."""

    name: str
    formals: tuple[Basic, ...]
    body: Term
    label: str = ""

    def unfold(self, use: Named) -> Term:
        """What a use of the name stands for.

        Raises ValueError where the number of arguments does not fit.
        """
        if len(use.arguments) != len(self.formals):
            raise ValueError(f"{self.name} takes {len(self.formals)} arguments, here it has {len(use.arguments)}")
        return substitute(self.body, dict(zip(self.formals, use.arguments, strict=True)))


@dataclass(frozen=True)
class LawEquation:
    """An equation between laws that the text marks as assumed: a factorisation, an independence, q = the posterior."""

    left: Term
    right: Term
    label: str = ""


@dataclass(frozen=True)
class Positive:
    """The text says that laws are positive everywhere: all of them (None) or those named."""

    laws: frozenset[str] | None = None
    label: str = ""


@dataclass(frozen=True)
class Support:
    """The text says that one density is positive wherever another is."""

    subject: Term
    where: Term
    label: str = ""


@dataclass(frozen=True)
class Curvature:
    """The text says that an abstract function is concave or convex, on the reals or on the positive reals."""

    function: str
    kind: Literal["concave", "convex"]
    domain: Literal["real", "positive"] = "real"
    label: str = ""


@dataclass(frozen=True)
class Bounds:
    """The text says between which numbers an abstract function lies; without any: that it is bounded.

    Whether a bound is reached makes no difference to what is concluded.  In a finite world every function is bounded.
    """

    function: str
    lower: Fraction | None = None
    upper: Fraction | None = None
    label: str = ""


@dataclass(frozen=True)
class Range:
    """lower < parameter < upper (a bound that is None is absent; strictness per bound)."""

    parameter: Parameter
    lower: Fraction | None = None
    upper: Fraction | None = None
    strict_lower: bool = True
    strict_upper: bool = True
    label: str = ""


@dataclass(frozen=True)
class Ordered:
    """left < right (≤, >, ≥) between parameters and numbers."""

    left: Term
    sign: Literal["<", "<=", ">", ">="]
    right: Term


@dataclass(frozen=True)
class PositiveVariable:
    """The text says that a random variable is positive."""

    name: str
    label: str = ""


@dataclass(frozen=True)
class Optimal:
    """The text says that a parameter is a value at which an objective is largest (or smallest): θ* := argmax_θ J."""

    parameter: Parameter
    optimum: ArgExtremum
    label: str = ""


@dataclass(frozen=True)
class OneExample:
    """A law that examples share is read as one law for each: only where there is one example is that no difference.

    What is proved holds for all numbers of examples, as laws that differ are more general than one; what fails must
    fail where there is one.
    """

    index: str


@dataclass(frozen=True)
class Unmodelled:
    """A condition the text states that is not understood: words, or an equation about a law (``laws``; None: all).

    Nothing is concluded from it; but a claim under such a condition is never refuted.
    """

    text: str
    laws: frozenset[str] | None = None

    def concerns(self, *terms: Term) -> bool:
        """Whether terms speak of a law that this is about."""
        return self.laws is None or any(
            node.name in self.laws for term in terms for node in _nodes(term) if isinstance(node, Law)
        )


Hypothesis: TypeAlias = (
    LawEquation
    | Positive
    | Support
    | Curvature
    | Bounds
    | Range
    | Ordered
    | PositiveVariable
    | Optimal
    | OneExample
    | Unmodelled
)


@dataclass(frozen=True)
class Setting:
    """What holds where a claim stands.

    definitions  by name
    hypotheses   in the order of the text
    measures     how each space is measured: under Σ "discrete", under ∫ "continuous"
    drawn        for each law the spaces it draws in the claim; what a law is only ever conditioned on has no density
                 under it, so there are no null points of it.  None: every law may draw every space
    """

    definitions: Mapping[str, Definition] = field(default_factory=dict)
    hypotheses: tuple[Hypothesis, ...] = ()
    measures: Mapping[str, Measure] = field(default_factory=dict)
    drawn: Mapping[str, frozenset[str]] | None = None

    def of_kind(self, kind: type) -> tuple[Hypothesis, ...]:
        return tuple(hypothesis for hypothesis in self.hypotheses if isinstance(hypothesis, kind))

    def may_be_null(self, density: Density) -> Density | None:
        """The density of what a conditional is given, where that can be 0; None where it cannot."""
        given = [
            v for v in density.given if self.drawn is None or v.space in self.drawn.get(density.law.name, frozenset())
        ]
        if not given:
            return None
        rest = [v for v in density.given if v not in given]
        return Density(density.law, tuple(given), tuple(rest))

    def positive(self, law: str) -> Positive | None:
        """The hypothesis that makes a law positive, if there is one."""
        for hypothesis in self.hypotheses:
            if isinstance(hypothesis, Positive) and (hypothesis.laws is None or law in hypothesis.laws):
                return hypothesis
        return None

    def names_in(self, *terms: Term) -> tuple[str, ...]:
        """The defined names that some terms use, directly or through other names."""
        found: dict[str, None] = {}
        waiting = [node for term in terms for node in _nodes(term)]
        for node in waiting:
            if isinstance(node, Named) and node.name in self.definitions and node.name not in found:
                found.setdefault(node.name)
                waiting.extend(_nodes(self.definitions[node.name].body))
        return tuple(found)

    def bounds_of(self, *terms: Term) -> tuple[str, ...]:
        """What the text says of the size of the abstract functions in some terms, names unfolded."""
        nodes = (node for term in terms for node in _nodes(self.unfold_all(term)))
        functions = {node.name for node in nodes if isinstance(node, Function)}
        labels = [h.label for h in self.hypotheses if isinstance(h, Bounds) and h.function in functions]
        return tuple(dict.fromkeys(filter(None, labels)))

    def unfold_all(self, term: Term) -> Term:
        """The term without defined names."""
        if isinstance(term, Named) and term.name in self.definitions:
            return self.unfold_all(self.definitions[term.name].unfold(term))
        if not any(isinstance(node, Named) for node in _nodes(term)):
            return term
        return cast(Term, term.func(*(self.unfold_all(arg) if isinstance(arg, Term) else arg for arg in term.args)))


def _nodes(term: Basic) -> list[Basic]:
    found = [term]
    for node in found:
        found.extend(node.args)
    return found


@dataclass(frozen=True)
class Claim:
    """lhs sign rhs, in a setting."""

    lhs: Term
    sign: Sign
    rhs: Term
    setting: Setting = field(default_factory=Setting)

    @property
    def drawn(self) -> Mapping[str, frozenset[str]]:
        """For each law the spaces it draws in this claim."""
        unfold = self.setting.unfold_all
        assumed = [side for h in self.setting.hypotheses if isinstance(h, LawEquation) for side in (h.left, h.right)]
        return drawn_by_law((unfold(self.lhs), unfold(self.rhs), *assumed), self.setting.hypotheses)

    @property
    def free(self) -> frozenset[Basic]:
        return free_names(self.lhs) | free_names(self.rhs)


def drawn_by_law(terms: Iterable[Term], hypotheses: Iterable[Hypothesis] = ()) -> dict[str, frozenset[str]]:
    """For each law the spaces that it draws: those that stand left of a bar, or are missing from some density.

    Missing from q(z₂|z₁) does not count where the text says that q(z₁, z₂|x) factorises: q is then given x throughout.
    """
    densities = [node for term in terms for node in _nodes(term) if isinstance(node, Density)]
    drawn: dict[str, set[str]] = {}
    spaces: dict[str, set[str]] = {}
    for density in densities:
        drawn.setdefault(density.law.name, set()).update(v.space for v in density.at)
        spaces.setdefault(density.law.name, set()).update(v.space for v in density.points)
    given = given_throughout(hypotheses)
    for density in densities:
        missing = spaces[density.law.name] - {v.space for v in density.points}
        drawn[density.law.name] |= missing - given.get(density.law.name, frozenset())
    return {name: frozenset(found) for name, found in drawn.items()}


def given_throughout(hypotheses: Iterable[Hypothesis]) -> dict[str, frozenset[str]]:
    """For each law the spaces that the text, where it factorises the law, only ever conditions on."""
    equations = [h for h in hypotheses if isinstance(h, LawEquation)]
    sides = [side for equation in equations for side in (equation.left, equation.right)]
    densities = [node for side in sides for node in _nodes(side) if isinstance(node, Density)]
    given: dict[str, set[str]] = {}
    for density in densities:
        given.setdefault(density.law.name, set()).update(v.space for v in density.given)
    for density in densities:
        given[density.law.name] -= {v.space for v in density.at}
    return {name: frozenset(found) for name, found in given.items()}
