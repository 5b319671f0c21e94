"""The kernel: checks a proof, step by step, and is the only maker of a Theorem.

It never searches.  A step says which rule it uses, where (a path of argument numbers), with what in the rule's holes,
what stood before and what stands after, and which premises it needs.  The kernel fills the rule's pattern, compares
up to bound names and the order of sums and products, and works the premises out again.

    refine      steps from a to b, each enlarging the domain of definition        ⊢ a ⊑ b
    equal       a ⊑ m and b ⊑ m                                                   ⊢ a = b
    order       a ⊑ m, b ⊑ n, and one inequality m ≥ n                            ⊢ a ≥ b
    from_difference   a − b = 0 (≥ 0)                                             ⊢ a = b (a ≥ b)
    same_optimum   f + λg ⊑ c with c free of θ                                    ⊢ argmin_θ f = argmax_θ g   (λ > 0)
    supremum    J ≤ c for every q, and J = c for one                              ⊢ sup_q J = c

Trusted beside this file: ``steps``, ``site``, ``terms``, ``conditions``, ``claims``, and the table in ``rules``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, NoReturn, TypeAlias

from sympy import Basic

from derive.claims import Claim, Setting
from derive.conditions import Condition
from derive.rules import TABLE
from derive.site import site
from derive.steps import ProofError, Step, premises
from derive.terms.binding import free_names, same, substitute
from derive.terms.nodes import ArgExtremum, Extremum, Number, Plus, Term, Times

Judgement: TypeAlias = Literal["⊑", "=", ">=", "<=", "argmax-equiv"]

_SEAL = object()


class Theorem:
    """left judgement right, proved under conditions.  Only this module makes one.

    Attributes are read-only; a theorem cannot be copied with changes, pickled, or built from its parts.
    """

    __slots__ = ("_fields",)

    def __init__(self, seal: object, **fields: Any) -> None:
        if seal is not _SEAL:
            raise TypeError("a Theorem is made by the kernel only: refine, equal, order, same_optimum, supremum")
        object.__setattr__(self, "_fields", fields)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Theorem does not change")

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("a Theorem has no subclasses")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Theorem is not pickled; write its steps down and check them again")

    left: Term = property(lambda self: self._fields["left"])  # type: ignore[assignment]
    right: Term = property(lambda self: self._fields["right"])  # type: ignore[assignment]
    judgement: Judgement = property(lambda self: self._fields["judgement"])  # type: ignore[assignment]
    conditions: tuple[Condition, ...] = property(lambda self: self._fields["conditions"])  # type: ignore[assignment]
    setting: Setting = property(lambda self: self._fields["setting"])  # type: ignore[assignment]
    forward: tuple[Step, ...] = property(lambda self: self._fields["forward"])  # type: ignore[assignment]
    bridge: tuple[Step, ...] = property(lambda self: self._fields["bridge"])  # type: ignore[assignment]
    backward: tuple[Step, ...] = property(lambda self: self._fields["backward"])  # type: ignore[assignment]
    parts: tuple[Theorem, ...] = property(lambda self: self._fields["parts"])  # type: ignore[assignment]


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
    here = start
    conditions: list[Condition] = []
    for number, step in enumerate(steps, 1):
        try:
            if step.rule in TABLE and TABLE[step.rule].relation != "=":
                raise ProofError(f"{step.rule} is an inequality")
            if not same(here, step.before):
                raise ProofError("it does not start where the one before it ended")
            needed = premises(step, setting)
            _compare(needed, step.premises)
        except ProofError as error:
            raise ProofError(f"step {number}: {error}") from error
        conditions += needed
        here = step.after
    return _theorem(start, "⊑", here, setting, forward=tuple(steps), conditions=tuple(conditions))


def _compare(needed: tuple[Condition, ...], given: tuple[Condition, ...]) -> None:
    if {c.key for c in needed} != {c.key for c in given}:
        raise ProofError("its premises are not those the rule needs")


def equal(left: Theorem, right: Theorem) -> Theorem:
    """From ⊢ a ⊑ m and ⊢ b ⊑ m: ⊢ a = b."""
    _are_refinements(left, right)
    if not same(left.right, right.right):
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
    if not same(left.right, step.before) or not same(right.right, step.after):
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


def turned(theorem: Theorem) -> Theorem:
    """From ⊢ a ≥ b: ⊢ b ≤ a."""
    if theorem.judgement not in ("=", ">=", "<="):
        raise ProofError(f"{theorem.judgement} is not turned round")
    other: Judgement = {"=": "=", ">=": "<=", "<=": ">="}[theorem.judgement]  # type: ignore[assignment]
    steps = {"forward": theorem.backward, "bridge": theorem.bridge, "backward": theorem.forward}
    return _theorem(theorem.right, other, theorem.left, theorem.setting, parts=(theorem,), **steps)


def from_difference(left: Term, right: Term, theorem: Theorem) -> Theorem:
    """From ⊢ left − right = 0 (or ≥ 0, ≤ 0): ⊢ left = right (≥, ≤).

    Where the difference is undefined, both are the same infinity, or one of them is undefined.
    """
    if theorem.judgement not in ("=", ">=", "<=") or not same(theorem.left, Plus(left, Times(Number(-1), right))):
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
    opposite = left.kind != right.kind
    if {left.kind, right.kind} - {"argmin", "argmax"} or not isinstance(scale, Number) or scale.value <= 0:
        raise ProofError("same-optimum compares argmin and argmax, with a positive factor")
    if set(left.candidates) != set(right.candidates):
        raise ProofError("the two optima range over different candidates")
    signed = scale if opposite else Number(-scale.value)
    if difference.judgement != "⊑" or not same(difference.left, Plus(left.objective, Times(signed, right.objective))):
        raise ProofError("the chain does not start from the combination of the two objectives")
    if free_names(difference.right) & set(left.candidates):
        raise ProofError("what is left still depends on the candidates")
    return _theorem(left, "argmax-equiv", right, difference.setting, parts=(difference,), bridge=difference.forward)


def supremum(extremum: Extremum, bound: Theorem, attained: Theorem, at: Mapping[Basic, Basic]) -> Theorem:
    """⊢ sup_q J = c, from ⊢ c ≥ J for every q, and ⊢ J = c at one q.

    That this q belongs to the class is a condition ("attained", with the q in ``where``).
    """
    if extremum.kind not in ("sup", "max") or bound.judgement not in (">=", "<=") or attained.judgement != "=":
        raise ProofError("supremum needs a bound and a point where it is reached")
    value, objective = (bound.left, bound.right) if bound.judgement == ">=" else (bound.right, bound.left)
    if not same(objective, extremum.objective) or free_names(value) & set(extremum.candidates):
        raise ProofError("the bound is not one of the objective by something free of the candidates")
    if set(at) - set(extremum.candidates):
        raise ProofError("only a candidate is put in")
    if not same(attained.left, substitute(objective, at)) or not same(attained.right, value):
        raise ProofError("the bound is not reached at the point given")
    chosen = tuple(value for value in at.values() if isinstance(value, Term))
    condition = Condition("attained", extremum, where=chosen)
    return _theorem(extremum, "=", value, bound.setting, parts=(bound, attained), conditions=(condition,))


def concludes(theorem: Theorem, claim: Claim) -> bool:
    """Whether a theorem says what a claim says, in the claim's setting."""
    unfold = claim.setting.unfold_all
    drawn = claim.drawn
    setting = replace(theorem.setting, drawn=None)
    if setting != replace(claim.setting, drawn=None) or dict(theorem.setting.drawn or drawn) != drawn:
        return False
    sign = "=" if claim.sign == ":=" else claim.sign
    judgement = theorem.judgement
    if not same(unfold(theorem.left), unfold(claim.lhs)) or not same(unfold(theorem.right), unfold(claim.rhs)):
        return False
    return judgement == sign or (judgement == "=" and sign in (">=", "<="))


def _are_refinements(*theorems: Theorem) -> None:
    if any(theorem.judgement != "⊑" for theorem in theorems) or theorems[0].setting != theorems[-1].setting:
        raise ProofError("two refinements in one setting are needed")
