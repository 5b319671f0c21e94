"""How fast formulas are read, as ratios within one run: no figure here depends on the machine.

The yardstick is json.loads or a regular expression over the same text, or an import from the standard library.
`python tests/benchmarks/test_reading_speed.py` prints the figures themselves.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from timing import measured_ratio, processor_seconds, ratio

from derive.reading.parser import parse_source
from derive.reading.sources import Source, read_markdown

ROOT = Path(__file__).parent.parent.parent
FIXTURES = ROOT / "tests" / "reading" / "fixtures"


def displays() -> list[str]:
    """The formulas of the fixture files, without those that define macros."""
    return [
        block.partition("\n")[2].partition("\n---\n")[0]
        for path in sorted(FIXTURES.glob("*.txt"))
        for block in path.read_text(encoding="utf-8").split("=== ")[1:]
        if "newcommand" not in block
    ]


def document(copies: int) -> str:
    return "".join(f"Some words before it.\n\n$$\n{formula}\n$$\n\n" for formula in displays() * copies)


def loops(count: int) -> int:
    """A yardstick: this many rounds of plain Python."""
    total = 0
    for number in range(count):
        total += number & 3
    return total


def test_reading_is_linear_in_the_number_of_formulas() -> None:
    """Six times the document takes at most ten times as long."""
    small, large = document(1), document(6)
    assert ratio(lambda: parse_source(read_markdown(large)), lambda: parse_source(read_markdown(small)), 10) <= 10


def test_three_hundred_displays_cost_less_than_ten_million_rounds_of_a_loop() -> None:
    """That is well under a second wherever a loop of ten million rounds takes one."""
    source = read_markdown(document(1 + 300 // len(displays())))
    limit = len(source.formulas) / 300
    assert ratio(lambda: parse_source(source), lambda: loops(10_000_000), limit) <= limit


def test_finding_formulas_costs_less_than_parsing_them() -> None:
    text = document(2)
    source = read_markdown(text)
    assert ratio(lambda: read_markdown(text), lambda: parse_source(source), 1) <= 1


def import_seconds(modules: str) -> float:
    """Processor time of an import in a fresh process, with compiled files at hand."""
    code = f"import time; start = time.process_time(); import {modules}; print(time.process_time() - start)"
    environment = {
        **os.environ,
        "PYTHONPYCACHEPREFIX": str(ROOT / ".pytest_cache" / "compiled"),
        "PYTHONPATH": str(ROOT),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", code]
    return float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


READER = "derive.reading.sources, derive.reading.parser"
LIBRARY = "dataclasses, enum, fractions, json, pathlib, re, typing, unicodedata"


def test_importing_the_reader_costs_a_few_times_the_library_it_uses() -> None:
    """SymPy, by the side of which every other import is small, would be twenty times."""
    import_seconds(READER)  # compiles what is not compiled yet
    assert measured_ratio(lambda: import_seconds(READER), lambda: import_seconds(LIBRARY), 6) <= 6


def test_the_reader_does_not_import_sympy() -> None:
    code = f"import sys, {READER}; print([name for name in ('sympy', 'numpy', 'scipy') if name in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def main() -> None:
    source: Source = read_markdown(document(4))
    took = processor_seconds(lambda: parse_source(source))
    print(f"{len(source.formulas)} displays of {len(source.text) // len(source.formulas)} characters on average")
    print(f"parsed: {len(source.formulas) / took:.0f} displays/s")
    print(f"found:  {len(source.text) / processor_seconds(lambda: read_markdown(source.text)) / 1e6:.1f} MB/s")
    print(f"import of the reader: {1000 * import_seconds(READER):.0f} ms")
    print(f"import of the library it uses: {1000 * import_seconds(LIBRARY):.0f} ms")


if __name__ == "__main__":
    main()
