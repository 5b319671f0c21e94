"""The fixture ``jensen_derivation``: proved lines of a document that stands beside the test.

    def test_loss(check_objective, jensen_derivation, case):
        elbo = jensen_derivation("vae.md").last()
        check_objective(my_loss, case, returns="loss", reduction="mean", reference=elbo.over(case.model))

Paths are relative to the test's file.  A document is read once in a session, and each of its lines is checked once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from verify.objectives.derived import LinesOfDerivation, derivation
from verify.pytest_plugin.record import CURRENT


@dataclass(frozen=True)
class DerivationReader:
    """What the fixture ``jensen_derivation`` is: call it with a path."""

    config: pytest.Config
    _read: dict[Path, LinesOfDerivation] = field(default_factory=dict)

    def __call__(self, path: str | Path) -> LinesOfDerivation:
        """The lines of the document.  Raises DerivationError for a file that cannot be used."""
        found = self.config.stash[CURRENT].path.parent / path
        if found not in self._read:
            self._read[found] = derivation(found)
        return self._read[found]
