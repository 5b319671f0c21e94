"""The fixture files of this folder: plain text that anybody can add a case to.

=== title
the formula, without its dollar signs
---
what is understood, one statement per line, then the warnings
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "fixtures"


@dataclass(frozen=True)
class Case:
    file: str
    title: str
    formula: str
    understood: str

    def __str__(self) -> str:
        return f"{self.file}: {self.title}"


def all_cases() -> list[Case]:
    return [case for path in sorted(FOLDER.glob("*.txt")) for case in _cases(path)]


def _cases(path: Path) -> list[Case]:
    found = []
    for block in re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        title, _, rest = block.partition("\n")
        formula, _, understood = rest.partition("\n---\n")
        found.append(Case(path.stem, title, formula, understood.strip()))
    return found
