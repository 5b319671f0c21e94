"""One row a mutant: which layer catches it, and what its author is told."""

from __future__ import annotations

from dataclasses import dataclass

from verify.objectives import ObjectiveError, check_objective

from . import ALL, Family, Mutant


@dataclass(frozen=True)
class Row:
    """layer is "" for a mutant that was not caught; told says whether the expected sentence is among `likely`."""

    mutant: str
    layer: str
    property: str
    likely: tuple[str, ...]
    expects: bool
    told: bool


def rows(seed: int) -> list[Row]:
    """All mutants in one case each."""
    return [row(family, mutant, seed) for family in ALL for mutant in family.mutants]


def row(family: Family, mutant: Mutant, seed: int) -> Row:
    """One mutant in one case."""
    function, arguments = family.arguments(mutant.name)
    name, expects = f"{family.name}/{mutant.name}", mutant.sentence is not None
    try:
        check_objective(function, family.case(seed), **arguments)
    except ObjectiveError as error:
        likely = error.report.likely
        told = mutant.sentence is not None and any(mutant.sentence in sentence for sentence in likely)
        return Row(name, error.finding.layer, error.finding.property, likely, expects, told)
    return Row(name, "", "", (), expects, False)


def render(table: list[Row]) -> str:
    """The table as text, with totals."""
    width = max(len(row.mutant) for row in table)
    lines = []
    for row in table:
        lines.append(f"{row.mutant:{width}}  {row.layer or 'NOT CAUGHT':12} {'; '.join(row.likely) or '-'}")
    caught, told = sum(bool(row.layer) for row in table), sum(row.told for row in table)
    return "\n".join([*lines, f"{caught} of {len(table)} caught, {told} with the right sentence"])
