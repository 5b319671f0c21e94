"""What a joint maximisation reaches: argmax over θ and q of an objective whose supremum over q is the evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace

from derive.claims import Definition, Setting, drawn_by_law
from derive.conditions import Condition
from derive.engine.optimisation import best_over_law
from derive.terms.nodes import ArgExtremum, Extremum, Law
from derive.writing import Notation, text
from verify.verdict import Required


@dataclass(frozen=True)
class JointMaximum:
    """What the definition reaches, in words, and the conditions for the maximum to be attained."""

    sentence: str
    conditions: tuple[Required, ...]


def joint_maximisation(
    definition: Definition, notation: Notation, setting: Setting | None = None
) -> JointMaximum | None:
    """The supremum behind ``θ*, q* = argmax_{θ, q} J``; None where the definition is of another kind or unproved."""
    body = definition.body
    if not isinstance(body, ArgExtremum) or body.kind != "argmax":
        return None
    laws = [candidate for candidate in body.candidates if isinstance(candidate, Law)]
    others = tuple(candidate for candidate in body.candidates if not isinstance(candidate, Law))
    if len(laws) != 1:
        return None
    objective = (setting or Setting()).unfold_all(body.objective)
    chosen = replace(setting or Setting(), drawn=drawn_by_law([objective]))
    best = best_over_law(Extremum("sup", objective, laws[0]), chosen, chosen.drawn or {})
    if best is None:
        return None
    value, choice = text(best.value, notation), text(best.choice, notation)
    law = text(laws[0], notation)
    reached = text(Extremum("sup", best.value, *others), notation) if others else value
    sentence = f"reaches {reached}, because sup_{law} of the objective is {value} (at {law} = {choice})"
    needs = [f"the class of {law} contains {choice}"]
    if others:
        names = ", ".join(text(other, notation) for other in others)
        needs.append(f"{value} has a maximiser in {names}")
    condition = Condition("attained", body, by=" and ".join(needs))
    return JointMaximum(sentence, (Required(condition, " and ".join(needs)),))
