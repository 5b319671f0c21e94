"""Exactly solvable models as text: the list, one model with its gap drawn as q moves, a run of EM."""

from __future__ import annotations

from collections.abc import Iterable

from verify.maximisation import Trace
from verify.maximisation.examples import findings
from verify.models import ALL
from verify.models.path import Path, Place

BAR = 36  # characters for the largest gap
ROWS = 24  # of a run of EM, before steps are left out


def model_list() -> str:
    """Every model with its name, what it is, and its formulas."""
    entries = []
    for name, model in ALL.items():
        f = model.formulas
        rows = [("log p(x)", f.evidence), ("ELBO", f.elbo), ("KL", f.gap)]
        entries.append("\n".join([f"{name}: {model.title}", *(f"    {label:8}  {latex}" for label, latex in rows)]))
    return "\n\n".join(entries)


def model_text(path: Path) -> str:
    """A model's formulas, and the gap as bars while q moves through the posterior."""
    model = path.model
    f = model.formulas
    rows = [("p(x, z)", f.joint), ("log p(x)", f.evidence), ("ELBO", f.elbo), ("KL", f.gap)]
    second = model.log_evidence_independent()
    return "\n".join(
        [
            f"{model.name}: {model.title}",
            *(f"    {label:8}  {latex}" for label, latex in rows),
            "",
            f"q moves on a line; t = 0 is {path.target}",
            f"{'t':>6}  {'ELBO':>16}  {'KL(q ‖ p(z|x))':>16}  {'sum':>16}",
            *_bars(path.places),
            f"log p(x) = {path.log_evidence:.12f}; by another route ({f.second_route}): {second:.12f}",
        ]
    )


def _bars(places: Iterable[Place]) -> list[str]:
    listed = list(places)
    largest = max(place.gap for place in listed) or 1.0
    return [
        f"{place.t:>6.2f}  {place.elbo:>16.9f}  {place.gap:>16.9f}  {place.elbo + place.gap:>16.9f}  "
        + "█" * round(BAR * max(0.0, place.gap) / largest)
        for place in listed
    ]  # fmt: skip


def em_text(trace: Trace) -> str:
    """A run of EM step by step, and what was proved about it."""
    model = trace.start
    head = f"{'step':>5}  {'log p(x)':>16}  {'ELBO':>16}  {'KL':>10}  what the M step did to log p(x)"
    rows = [
        f"{s.number:>5}  {s.evidence_after:>16.9f}  {s.elbo_after:>16.9f}  {s.kl_after:>10.2e}  {s.change.value}"
        for s in trace.steps
    ]
    if len(rows) > ROWS:
        rows = [*rows[: ROWS // 2], f"{'…':>5}  {len(rows) - 2 * (ROWS // 2)} steps left out", *rows[-(ROWS // 2) :]]
    title = f"{model.name}: EM, from log p(x) = {trace.evidences[0]:.9f}; ELBO and KL at the q of the E step before"
    return "\n".join([title, head, *rows, "", *findings(trace)])
