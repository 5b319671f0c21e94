"""Runs the command as a user does: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

GOOD = r"$$\log p(x) = \log \int p(x,z)\,dz$$"
WRONG = r"$$\log \int p(x,z)\,dz = \int \log p(x,z)\,dz$$"


class Done(NamedTuple):
    """What a run of the command left: exit status, standard output, standard error."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def jensen(*arguments: str | Path, folder: Path | None = None, stdin: str = "", **environment: str) -> Done:
    """Runs ``python -m verify`` with some arguments in a folder."""
    plain = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "FORCE_COLOR")}
    done = subprocess.run(
        [sys.executable, "-m", "verify", *map(str, arguments)], cwd=folder, env={**plain, **environment},
        input=stdin.encode(), capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
