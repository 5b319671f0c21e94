"""The kernel: checks a proof, step by step, and is the only maker of a Theorem.

It never searches.  A step says which rule it uses, where (a path of argument numbers), with what in the rule's holes,
what stood before and what stands after, and which premises it needs.  The kernel fills the rule's pattern, compares
up to bound names and the order of sums and products, and works the premises out again.

    refine      steps from a to b, each enlarging the domain of definition        ⊢ a ⊑ b
    equal       a ⊑ m and b ⊑ m                                                   ⊢ a = b
    order       a ⊑ m, b ⊑ n, and one inequality m ≥ n                            ⊢ a ≥ b
    combine     a ⊑ m + Σ λₖ gₖ, gₖ ≥ 0, λₖ > 0, and m ≥ b                        ⊢ a ≥ b
    from_difference   a − b = 0 (≥ 0)                                             ⊢ a = b (a ≥ b)
    same_optimum   f + λg ⊑ c with c free of θ                                    ⊢ argmin_θ f = argmax_θ g   (λ > 0)
    optimum     a ⊑ J(θ*), b ⊑ J(θ′), and θ* is said to maximise J                ⊢ a ≥ b
    supremum    J ≤ c for every q, and J = c for one                              ⊢ sup_q J = c   (inf: J ≥ c)

Names that the text has defined are replaced by what they stand for before any other rule is used: a name may hide
variables, and whatever is compared, moved or bound must be seen.

Trusted beside this file: ``steps``, ``site``, ``terms``, ``conditions``, ``claims``, and the table in ``rules``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal, NoReturn, TypeAlias
from weakref import WeakKeyDictionary

from sympy import Basic

from derive.claims import Claim, LawEquation, Optimal, Setting
from derive.conditions import Condition
from derive.rules import TABLE
from derive.site import site
from derive.steps import ProofError, Step, alike, names_in, premises, spoken_of
from derive.terms.binding import free_names, same, substitute
from derive.terms.meaning import is_finite
from derive.terms.nodes import (
    ArgExtremum,
    Density,
    Extremum,
    Law,
    Number,
    Parameter,
    Plus,
    Term,
    Times,
    Variable,
)

Judgement: TypeAlias = Literal["⊑", "=", ">=", "<=", "argmax-equiv"]

_SEAL = object()


class Theorem:
    """left judgement right, proved under conditions.  Only this module makes one.

    Attributes are read-only; a theorem cannot be copied with changes, pickled, or built from its parts.  What it says
    is kept beside it, not in it: an object that was not made here says nothing, whatever its class and its contents.
    """

    __slots__ = ("__weakref__",)

    def __init__(self, seal: object, **fields: Any) -> None:
        if seal is not _SEAL:
            raise TypeError("a Theorem is made by the kernel only: refine, equal, order, same_optimum, supremum")
        _SAID[self] = MappingProxyType(fields)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Theorem does not change")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Theorem does not change")

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("a Theorem has no subclasses")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Theorem is not pickled; write its steps down and check them again")

    left: Term = property(lambda self: _said(self)["left"])  # type: ignore[assignment]
    right: Term = property(lambda self: _said(self)["right"])  # type: ignore[assignment]
    judgement: Judgement = property(lambda self: _said(self)["judgement"])  # type: ignore[assignment]
    conditions: tuple[Condition, ...] = property(lambda self: _said(self)["conditions"])  # type: ignore[assignment]
    setting: Setting = property(lambda self: _said(self)["setting"])  # type: ignore[assignment]
    forward: tuple[Step, ...] = property(lambda self: _said(self)["forward"])  # type: ignore[assignment]
    bridge: tuple[Step, ...] = property(lambda self: _said(self)["bridge"])  # type: ignore[assignment]
    backward: tuple[Step, ...] = property(lambda self: _said(self)["backward"])  # type: ignore[assignment]
    parts: tuple[Theorem, ...] = property(lambda self: _said(self)["parts"])  # type: ignore[assignment]


_SAID: WeakKeyDictionary[Theorem, Mapping[str, Any]] = WeakKeyDictionary()


def _said(theorem: Theorem) -> Mapping[str, Any]:
    """What a theorem says.  Raises ProofError for what only looks like one."""
    if type(theorem) is not Theorem or theorem not in _SAID:
        raise ProofError("only what the kernel has made is a theorem")
    return _SAID[theorem]


def _theorem(left: Term, judgement: Judgement, right: Term, setting: Setting, **how: Any) -> Theorem:
    parts: tuple[Theorem, ...] = how.pop("parts", ())
    own: tuple[Condition, ...] = how.pop("conditions", ())
    every = [condition for part in parts for condition in part.conditions] + list(own)
    conditions = tuple({condition.key: condition for condition in every}.values())
    steps = {"forward": (), "bridge": (), "backward": ()} | how
    return Theorem(
        _SEAL, left=left, judgement=judgement, right=right, setting=setting, conditions=conditions, parts=parts, **steps
    )


def refine(start: Term, steps: Sequence[Step], setting: Setting) -> Theorem:
    """⊢ start ⊑ (the last step's after).  Raises ProofError naming the first step that fails."""
    here, setting = start, _unchanging(setting)
    conditions: list[Condition] = []
    for number, step in enumerate(steps, 1):
        try:
            if step.rule in TABLE and TABLE[step.rule].relation != "=":
                raise ProofError(f"{step.rule} is an inequality")
            if not alike(here, step.before):
                raise ProofError("it does not start where the one before it ended")
            needed = premises(step, setting)
            _compare(needed, step.premises)
        except ProofError as error:
            raise ProofError(f"step {number}: {error}") from error
        conditions += needed
        here = step.after
    return _theorem(start, "⊑", here, setting, forward=tuple(steps), conditions=tuple(conditions))


def _unchanging(setting: Setting) -> Setting:
    """The setting as it is now, whatever becomes of the mappings it was made with."""
    drawn = None if setting.drawn is None else MappingProxyType(dict(setting.drawn))
    definitions, measures = MappingProxyType(dict(setting.definitions)), MappingProxyType(dict(setting.measures))
    return Setting(definitions, tuple(setting.hypotheses), measures, drawn)


def _compare(needed: tuple[Condition, ...], given: tuple[Condition, ...]) -> None:
    if {c.key for c in needed} != {c.key for c in given}:
        raise ProofError("its premises are not those the rule needs")


def equal(left: Theorem, right: Theorem) -> Theorem:
    """From ⊢ a ⊑ m and ⊢ b ⊑ m: ⊢ a = b."""
    _are_refinements(left, right)
    if not alike(left.right, right.right):
        raise ProofError("the two chains do not meet")
    return _theorem(
        left.left, "=", right.left, left.setting, parts=(left, right), forward=left.forward, backward=right.forward
    )


def order(left: Theorem, step: Step, right: Theorem) -> Theorem:
    """From ⊢ a ⊑ m, ⊢ b ⊑ n and an inequality step from m to n: ⊢ a ≥ b (or ≤)."""
    _are_refinements(left, right)
    rule = TABLE.get(step.rule)
    if rule is None or rule.relation == "=":
        raise ProofError(f"{step.rule} is no inequality")
    if not alike(left.right, step.before) or not alike(right.right, step.after):
        raise ProofError("the inequality does not join the two chains")
    needed = premises(step, left.setting)
    _compare(needed, step.premises)
    rising = site(step.before, step.path).rising
    if rising is None:
        raise ProofError("the inequality stands where the whole is not monotone in it")
    grows = (rule.relation == "<=") != step.backwards
    judgement: Judgement = "<=" if grows == rising else ">="
    return _theorem(
        left.left, judgement, right.left, left.setting,
        parts=(left, right), conditions=needed, forward=left.forward, bridge=(step,), backward=right.forward,
    )  # fmt: skip


def combine(chain: Theorem, gaps: Sequence[tuple[Number, Theorem]], rest: Theorem) -> Theorem:
    """From ⊢ a ⊑ m + Σ λₖ gₖ, ⊢ gₖ ≥ 0 with λₖ > 0, and ⊢ m ≥ b: ⊢ a ≥ b.  Likewise ≤, where the gaps are subtracted.

    A sum is defined only where all its terms are: wherever a is, so are m and every gap, and no gap is negative.
    """
    _are_refinements(chain)
    _are_theorems(chain, rest, *(gap for _, gap in gaps))
    for scale, gap in gaps:
        if type(scale) is not Number or scale.value <= 0:
            raise ProofError("gaps are multiplied with positive numbers")
        if gap.judgement != ">=" or gap.right != Number(0):
            raise ProofError("a gap is what has been proved to be at least 0")
    signs: dict[Judgement, int] = {">=": 1, "<=": -1}
    for judgement, sign in signs.items():
        summed = (Times(Number(sign * scale.value), gap.left) for scale, gap in gaps)
        if rest.judgement in ("=", judgement) and gaps and alike(chain.right, Plus(rest.left, *summed)):
            parts = (chain, rest, *(gap for _, gap in gaps))
            return _theorem(chain.left, judgement, rest.right, chain.setting, parts=parts)
    raise ProofError("the chain does not lead to the rest and the gaps")


def turned(theorem: Theorem) -> Theorem:
    """From ⊢ a ≥ b: ⊢ b ≤ a."""
    _are_theorems(theorem)
    if theorem.judgement not in ("=", ">=", "<="):
        raise ProofError(f"{theorem.judgement} is not turned round")
    other: Judgement = {"=": "=", ">=": "<=", "<=": ">="}[theorem.judgement]  # type: ignore[assignment]
    steps = {"forward": theorem.backward, "bridge": theorem.bridge, "backward": theorem.forward}
    return _theorem(theorem.right, other, theorem.left, theorem.setting, parts=(theorem,), **steps)


def from_difference(left: Term, right: Term, theorem: Theorem) -> Theorem:
    """From ⊢ left − right = 0 (or ≥ 0, ≤ 0): ⊢ left = right (≥, ≤).

    Where the difference is undefined, both are the same infinity, or one of them is undefined.
    """
    _are_theorems(theorem)
    if theorem.judgement not in ("=", ">=", "<=") or not alike(theorem.left, Plus(left, Times(Number(-1), right))):
        raise ProofError("the theorem is not about the difference of the two sides")
    if theorem.right != Number(0):
        raise ProofError("the difference is not compared with 0")
    return _theorem(left, theorem.judgement, right, theorem.setting, parts=(theorem,), **_steps_of(theorem))


def _steps_of(theorem: Theorem) -> dict[str, tuple[Step, ...]]:
    return {"forward": theorem.forward, "bridge": theorem.bridge, "backward": theorem.backward}


def same_optimum(left: ArgExtremum, right: ArgExtremum, scale: Term, difference: Theorem) -> Theorem:
    """⊢ left = right, from ⊢ f ± λ·g ⊑ c where c mentions none of the candidates.

    The sign is + where one is argmin and the other argmax.  Since both objectives are proper, c is finite, so the two
    order the candidates alike (or both are infinite on the bad side).  λ must be a positive constant.
    """
    _are_refinements(difference)
    opposite = left.kind != right.kind
    if {left.kind, right.kind} - {"argmin", "argmax"} or not isinstance(scale, Number) or scale.value <= 0:
        raise ProofError("same-optimum compares argmin and argmax, with a positive factor")
    if _candidates(left) != _candidates(right):
        raise ProofError("the two optima range over different candidates")
    signed = scale if opposite else Number(-scale.value)
    if not alike(difference.left, Plus(left.objective, Times(signed, right.objective))):
        raise ProofError("the chain does not start from the combination of the two objectives")
    _check_general(_candidates(left), difference.right, difference)
    return _theorem(left, "argmax-equiv", right, difference.setting, parts=(difference,), bridge=difference.forward)


def _candidates(optimum: ArgExtremum | Extremum) -> frozenset[Basic]:
    """What an optimum ranges over.  Raises ProofError for q_φ: that would be q, or φ, or both."""
    if any(isinstance(candidate, Law) and candidate.parameters for candidate in optimum.candidates):
        raise ProofError("an optimum ranges over a law or over its parameters, not over a law with parameters")
    return frozenset(optimum.candidates)


def _check_general(candidates: frozenset[Basic], value: Term, *theorems: Theorem) -> None:
    """Raises ProofError unless ``value`` is the same for all candidates, and the theorems are about all of them."""
    if free_names(value) & candidates or names_in(value):
        raise ProofError("what is left still depends on the candidates")
    assumed = any(step.rule == "hypothesis" for theorem in theorems for step in _steps(theorem))
    equations = [h for h in theorems[0].setting.hypotheses if isinstance(h, LawEquation)] if assumed else []
    if any(spoken_of(equation) & candidates for equation in equations):
        raise ProofError("a hypothesis is about one of the candidates, not about all")


def _steps(theorem: Theorem) -> Iterator[Step]:
    yield from (*theorem.forward, *theorem.bridge, *theorem.backward)
    for part in theorem.parts:
        yield from _steps(part)


def optimum(left: Theorem, right: Theorem, said: Optimal, other: Parameter) -> Theorem:
    """From ⊢ a ⊑ J(θ*), ⊢ b ⊑ J(θ′) and what the text says of θ*: ⊢ a ≥ b where it maximises J, ≤ where it minimises.

    θ* may depend on the data and laws that J mentions; they are the same on both sides.
    """
    _are_refinements(left, right)
    if said not in left.setting.hypotheses or type(other) is not Parameter:
        raise ProofError("the text says nothing of that optimum, or what it is compared with is no parameter")
    candidates = said.optimum.candidates
    if len(candidates) != 1 or not isinstance(candidates[0], Parameter) or names_in(said.optimum.objective):
        raise ProofError("an optimum over one parameter is needed, of an objective that can be seen")
    best, compared = (substitute(said.optimum.objective, {candidates[0]: value}) for value in (said.parameter, other))
    if not alike(left.right, best) or not alike(right.right, compared):
        raise ProofError("the chains do not lead to the objective at the optimum and at the other value")
    judgement: Judgement = ">=" if said.optimum.kind == "argmax" else "<="
    return _theorem(left.left, judgement, right.left, left.setting, parts=(left, right))


def supremum(extremum: Extremum, bound: Theorem, attained: Theorem, at: Mapping[Basic, Basic]) -> Theorem:
    """⊢ sup_q J = c, from ⊢ c ≥ J for every q, and ⊢ J = c at one q.  Likewise inf_q J = c, from ⊢ J ≥ c.

    That this q belongs to the class is a condition ("attained", with the q in ``where``).
    """
    _are_theorems(bound, attained)
    if bound.judgement not in (">=", "<=") or attained.judgement != "=":
        raise ProofError("supremum needs a bound and a point where it is reached")
    large, small = (bound.left, bound.right) if bound.judgement == ">=" else (bound.right, bound.left)
    value, objective = (large, small) if extremum.kind in ("sup", "max") else (small, large)
    if not alike(objective, extremum.objective):
        raise ProofError("the bound is not one of the objective")
    _check_general(_candidates(extremum), value, bound)
    chosen = tuple(_chosen(name, choice, extremum) for name, choice in at.items())
    if not alike(attained.left, substitute(objective, at)) or not alike(attained.right, value):
        raise ProofError("the bound is not reached at the point given")
    condition = Condition("attained", extremum, where=chosen)
    return _theorem(extremum, "=", value, bound.setting, parts=(bound, attained), conditions=(condition,))


def _chosen(name: Basic, choice: Basic, extremum: Extremum) -> Term:
    """One candidate and what is put in for it.  Raises ProofError where that is nothing of its kind."""
    if name not in _candidates(extremum) or names_in(extremum.objective):
        raise ProofError("only a candidate is put in, and only where it can be seen")
    if isinstance(name, Parameter) and isinstance(choice, Term) and is_finite(choice):
        return choice
    if isinstance(name, Law) and isinstance(choice, Density) and choice.law.name != name.name:
        densities = [node for node in extremum.objective.atoms(Density) if node.law.name == name.name]
        slots = {(_spaces(density.at), _spaces(density.given)) for density in densities}
        if len(slots) <= 1 and all(at == _spaces(choice.at) for at, _ in slots):
            return choice
    raise ProofError("what is put in for a law draws what it draws, wherever it stands")


def _spaces(points: tuple[Variable, ...]) -> tuple[str, ...]:
    return tuple(point.space for point in points)


def concludes(theorem: Theorem, claim: Claim) -> bool:
    """Whether a theorem says what a claim says, in the claim's setting."""
    _are_theorems(theorem)
    unfold = claim.setting.unfold_all
    setting = replace(theorem.setting, drawn=None)
    if setting != replace(_unchanging(claim.setting), drawn=None):
        return False
    if theorem.setting.drawn is not None and dict(theorem.setting.drawn) != dict(claim.drawn):
        return False
    sign = "=" if claim.sign == ":=" else claim.sign
    judgement = theorem.judgement
    if not same(unfold(theorem.left), unfold(claim.lhs)) or not same(unfold(theorem.right), unfold(claim.rhs)):
        return False
    return judgement == sign or (judgement == "=" and sign in (">=", "<="))


def _are_theorems(*theorems: Theorem) -> None:
    """Raises ProofError for what only looks like a theorem, and for theorems of different settings."""
    for theorem in theorems:
        _said(theorem)
    if any(theorem.setting != theorems[0].setting for theorem in theorems):
        raise ProofError("theorems of one setting are needed")


def _are_refinements(*theorems: Theorem) -> None:
    _are_theorems(*theorems)
    if any(theorem.judgement != "⊑" for theorem in theorems):
        raise ProofError("refinements are needed")
