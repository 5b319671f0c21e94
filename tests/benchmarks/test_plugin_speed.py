"""What the plugin costs those who have Jensen installed and run tests that do not use it, as ratios within one run.

``python tests/benchmarks/test_plugin_speed.py`` prints milliseconds.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tomllib
from pathlib import Path

from timing import measured_ratio

ROOT = Path(__file__).parents[2]
IMPORT_TIME = re.compile(r"import time: +(?P<own>\d+) \| +(?P<with_its_imports>\d+) \| +(?P<module>\S+)")


def installed(folder: Path, entry_points: bool) -> Path:
    """Jensen as an installer would leave it: its name, the list of its files, and perhaps what it offers to pytest."""
    information = folder / "jensen-0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: jensen\nVersion: 0\n")
    modules = [path.relative_to(ROOT) for name in ("derive", "verify") for path in (ROOT / name).rglob("*.py")]
    (information / "RECORD").write_text("".join(f"{module.as_posix()},,\n" for module in sorted(modules)))
    if entry_points:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        offered = project["entry-points"]["pytest11"]
        lines = [f"{name} = {module}" for name, module in offered.items()]
        (information / "entry_points.txt").write_text("\n".join(["[pytest11]", *lines]) + "\n")
    return folder


def small_project(folder: Path) -> Path:
    folder.mkdir()
    (folder / "test_something.py").write_text("def test_something():\n    assert True\n")
    return folder


def run_pytest(project: Path, packages: Path, *arguments: str, python: tuple[str, ...] = ()) -> tuple[str, str]:
    """What a run of pytest with the packages of some folder prints: output and errors."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    environment["PYTHONPATH"] = os.pathsep.join([str(packages), str(ROOT), environment.get("PYTHONPATH", "")])
    quiet = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
    command = [sys.executable, *python, "-m", "pytest", *quiet, *arguments, str(project)]
    run = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=True)
    return run.stdout, run.stderr


def test_an_installed_plugin_is_loaded_by_its_entry_point(tmp_path: Path) -> None:
    """What is timed below is the plugin at work, as the header shows, and not its absence."""
    printed, _ = run_pytest(small_project(tmp_path / "project"), installed(tmp_path / "packages", True))
    assert "jensen: alpha 1e-06, --jensen-seed=" in printed
    assert "1 passed" in printed


def share_of_imports(project: Path, packages: Path) -> float:
    """The time that our modules take, with what only they import, of all imports of a run."""
    _, timed = run_pytest(project, packages, python=("-X", "importtime"))
    found = [match.groupdict() for match in IMPORT_TIME.finditer(timed)]
    ours = [int(entry["with_its_imports"]) for entry in found if entry["module"].startswith(("verify", "derive"))]
    assert ours
    return sum(ours) / sum(int(entry["own"]) for entry in found)


def test_importing_the_plugin_is_a_small_part_of_what_pytest_imports(tmp_path: Path) -> None:
    """Less than a tenth in the best of some runs (measured: 2 to 7 % a run)."""
    project, packages = small_project(tmp_path / "project"), installed(tmp_path / "packages", True)
    assert measured_ratio(lambda: share_of_imports(project, packages), lambda: 1, 0.1) <= 0.1


def seconds_with_and_without(folder: Path, repeats: int) -> tuple[list[float], list[float]]:
    """Processor times of the same small suite with the plugin and without it, in turns, each sorted."""
    project = small_project(folder / "project")
    present, absent = installed(folder / "present", True), installed(folder / "absent", False)
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        times[0].append(processor_seconds(project, present))
        times[1].append(processor_seconds(project, absent, "-p", "no:jensen"))
    return sorted(times[0]), sorted(times[1])


def processor_seconds(project: Path, packages: Path, *arguments: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run_pytest(project, packages, *arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_a_run_that_does_not_use_the_plugin_costs_little_more(tmp_path: Path) -> None:
    """At most half as long again (measured: 2 to 5 %); what claims need would be several times that."""
    project = small_project(tmp_path / "project")
    present, absent = installed(tmp_path / "present", True), installed(tmp_path / "absent", False)
    found = measured_ratio(
        lambda: processor_seconds(project, present), lambda: processor_seconds(project, absent, "-p", "no:jensen"), 1.5
    )
    assert found <= 1.5


def report(repeats: int) -> None:
    """Prints quantiles of the times, in milliseconds."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        times = seconds_with_and_without(Path(folder), repeats)
    print("quantile   with  without  added (ms)")
    for quantile in (0.0, 0.1, 0.25, 0.5):
        with_it, without = (1000 * sorted_times[int(quantile * (repeats - 1))] for sorted_times in times)
        print(f"{quantile:8.0%} {with_it:6.0f} {without:8.0f} {with_it - without:6.1f}")


if __name__ == "__main__":
    report(repeats=100)
