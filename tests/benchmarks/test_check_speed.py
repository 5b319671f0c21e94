"""What `jensen check` costs, as ratios within one run: no figure here depends on the machine.

The yardsticks are `import sympy` in a process of its own, and one copy of the document that is checked.
`python tests/benchmarks/test_check_speed.py` prints the figures themselves.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from timing import measured_ratio

from derive.library import FOLDER
from verify.documents import check_text

DERIVATION = FOLDER / "elbo.md"
PARAMETERS = (r"\theta", r"\phi", r"\psi", r"\eta", r"\omega", r"\xi", r"\zeta", r"\vartheta", r"\varphi", r"\chi")
PAIRS = 12  # of processes, in turns, at most


def user_seconds(*command: str | Path) -> float:
    """Processor time of a whole process."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = os.times()
    subprocess.run([sys.executable, *map(str, command)], stdout=subprocess.DEVNULL, check=True, env=environment)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def ratio_to_importing_sympy(limit: float, pairs: int = PAIRS) -> float:
    """Checking the built-in derivation to `import sympy`, each a whole process."""
    user_seconds("-m", "verify", "check", DERIVATION)  # compiles what is not compiled yet
    return measured_ratio(
        lambda: user_seconds("-m", "verify", "check", DERIVATION),
        lambda: user_seconds("-c", "import sympy"),
        limit, pairs,
    )


def copies(count: int) -> str:
    """The derivation several times in one document, each copy in letters of its own."""
    text = DERIVATION.read_text(encoding="utf-8")
    return "\n\n".join(_renamed(text, number) for number in range(count))


def _renamed(text: str, number: int) -> str:
    """With P_{number}, q_{number}, … for P, q, … inside formulas, and names of its own for what it defines."""
    if number == 0:
        return text
    mark, theta = "abcdefghij"[number], PARAMETERS[number]

    def formula(found: re.Match[str]) -> str:
        renamed = re.sub(r"(?<![\\A-Za-z])([Pq])(?=[_(\s}])", rf"\1^{{{mark}}}", found.group())
        named = renamed.replace("ELBO", f"ELBO{mark}").replace(r"\theta", theta)
        return named.replace(r"\hat q", rf"\hat q^{{{mark}}}")

    return re.sub(r"\$\$.+?\$\$|\$.+?\$", formula, text, flags=re.DOTALL)


def cold_seconds(count: int) -> float:
    """The processor time that checking so many copies takes in a process of its own, imports left out."""
    command = [sys.executable, __file__, str(count)]
    return float(subprocess.run(command, capture_output=True, check=True).stdout)


def ratio_of_ten_copies(limit: float, pairs: int = PAIRS) -> float:
    return measured_ratio(lambda: cold_seconds(10), lambda: cold_seconds(1), limit, pairs)


def _print_cold_seconds(text: str) -> None:
    start = time.process_time()
    check_text(text, "copies.md")
    print(time.process_time() - start)


def test_the_whole_command_takes_at_most_four_times_importing_sympy() -> None:
    assert ratio_to_importing_sympy(4) <= 4


def test_ten_copies_in_other_letters_take_at_most_ten_times_one() -> None:
    document = check_text(copies(10), "copies.md")
    assert len(document.claims) == 10 * len(check_text(copies(1), "copies.md").claims)
    assert {claim.verdict.word for claim in document.claims} == {"proved", "assumed"}
    assert ratio_of_ten_copies(10) <= 10


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _print_cold_seconds(copies(int(sys.argv[1])))
    else:
        print(f"jensen check / import sympy: {ratio_to_importing_sympy(0, pairs=5):.2f}")
        print(f"ten copies / one copy: {ratio_of_ten_copies(0, pairs=3):.1f}")
