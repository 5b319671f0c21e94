"""A progress bar on standard error, for people: only on a terminal, and only once something takes a while."""

from __future__ import annotations

import sys
import time
from types import TracebackType

PATIENCE = 0.5  # seconds without a bar
WIDTH = 30


class Progress:
    """``with Progress("notes.md") as progress: … progress(done, total)``."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.started = time.monotonic()
        self.shown = False
        self.wanted = sys.stderr.isatty()

    def __call__(self, done: int, total: int) -> None:
        if not self.wanted or time.monotonic() - self.started < PATIENCE:
            return
        filled = WIDTH * done // max(total, 1)
        bar = "#" * filled + "." * (WIDTH - filled)
        sys.stderr.write(f"\r{self.name} [{bar}] {done}/{total}")
        sys.stderr.flush()
        self.shown = True

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.shown:
            sys.stderr.write("\r" + " " * (len(self.name) + WIDTH + 20) + "\r")
            sys.stderr.flush()
