"""How a claim that fails is shown: as Jensen prints it, at its place in the document, without a Python traceback."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Crash:
    """What pytest's summary, JUnit XML and annotations of code hosts take from a failure: where, and one line why."""

    path: str
    lineno: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.lineno}: {self.message}"


@dataclass(frozen=True)
class Failure:
    """What pytest calls the long representation of a failure; the first line is the claim."""

    text: str
    reprcrash: Crash

    def __str__(self) -> str:
        return self.text

    def toterminal(self, writer: Any) -> None:
        """Prints to pytest's terminal writer."""
        claim, *evidence = self.text.splitlines()
        writer.line(claim, red=True, bold=True)
        for line in evidence:
            writer.line(line)
