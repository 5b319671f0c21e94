"""Print every mutant with the layer that catches it and the diagnosis."""

from __future__ import annotations

import sys

from .table import render, rows

if __name__ == "__main__":
    table = rows(seed=0)
    print(render(table))
    sys.exit(0 if all(row.layer for row in table) else 1)
