"""`python tests/bounds/repeat.py 20`: the suites for bound, gap and equality again and again, with new examples.

The suites draw the same examples in every ordinary run.  Here every run draws its own; a failure prints the example
that failed, and the exit status is 1.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).parent


def once() -> subprocess.CompletedProcess[str]:
    """One run of the folder with fresh seeds."""
    command = [sys.executable, "-m", "pytest", str(FOLDER), "-p", "no:cacheprovider"]
    environment = {**os.environ, "JENSEN_FRESH_SEEDS": "1"}
    return subprocess.run(command, env=environment, cwd=FOLDER.parents[1], capture_output=True, text=True, check=False)


def main(runs: int) -> int:
    """Prints one line for each run and the count at the end; 1 where any failed."""
    failed = 0
    for number in range(1, runs + 1):
        start = time.monotonic()
        done = once()
        failed += done.returncode != 0
        last = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr.strip()
        print(f"run {number} of {runs}: {'passed' if done.returncode == 0 else 'FAILED'} "
              f"in {time.monotonic() - start:.0f} s  {last}", flush=True)  # fmt: skip
        if done.returncode != 0:
            print(done.stdout, flush=True)
    print(f"{runs - failed} of {runs} runs with fresh seeds passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
