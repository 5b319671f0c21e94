"""The shape of the house: imports point one way, files and functions stay short, start-up stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Each unit imports only units to its left (inside its package), and verify may import derive.
ORDER = {
    "derive": (
        "terms", "claims", "conditions", "rules", "site", "steps", "kernel", "engine", "writing", "derivation",
        "reading", "library",
    ),
    "verify": (
        "decide", "worlds", "verdict", "counterexample", "conditions", "explain", "witness", "joint", "assumed",
        "certify", "models", "strategies", "estimators", "maximisation", "check", "results", "documents", "derivations",
        "objectives", "report", "progress", "cli_models", "cli", "pytest_plugin", "__main__",
    ),
}  # fmt: skip

FILES = sorted(file for package in ORDER for file in (ROOT / package).rglob("*.py"))
MOST_LINES = 400


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from names if node.module in ORDER else {node.module}
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def units(module: str) -> tuple[str, str]:
    package, _, rest = module.partition(".")
    return package, rest.partition(".")[0]


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_imports_point_one_way(file: Path) -> None:
    package, unit = units(module_of(file))
    for name in imported(file):
        other, target = units(name)
        if other not in ORDER or (target == unit and other == package) or not unit:
            continue
        assert (other, package) != ("verify", "derive"), f"{name}: derive may not import verify"
        if other == package and target in ORDER[package]:
            order = ORDER[package]
            assert order.index(target) < order.index(unit), f"{unit} imports {name}, which stands after it"


def test_every_module_has_its_place() -> None:
    found = {(p, units(module_of(file))[1]) for file in FILES for p in (units(module_of(file))[0],)}
    assert {unit for package, unit in found if package == "derive"} - {""} <= set(ORDER["derive"])
    assert {unit for package, unit in found if package == "verify"} - {""} <= set(ORDER["verify"])


def module_imports() -> dict[str, set[str]]:
    """Which modules each module imports when it is loaded (not inside functions, not for types only)."""
    modules = {module_of(file): file for file in FILES}
    graph: dict[str, set[str]] = {}
    for name, file in modules.items():
        tree = ast.parse(file.read_text(encoding="utf-8"))
        found: set[str] = set()
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
        graph[name] = (found & modules.keys()) - {name}
    return graph


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = module_imports()
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join((*path, module))
        if module in done:
            return
        for other in graph[module]:
            if not module.startswith(f"{other}.") and not other.startswith(f"{module}."):
                visit(other, (*path, module))
        done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_no_file_is_longer_than_a_few_screens(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_functions_are_short() -> None:
    lengths = [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]
    tenths = quantiles(lengths, n=10)
    assert tenths[4] <= 10
    assert tenths[8] <= 30


@pytest.mark.parametrize("command", ["import verify.cli", "import derive, verify"])
def test_starting_up_loads_nothing_heavy(command: str) -> None:
    heavy = ["sympy", "numpy", "scipy", "hypothesis", "pytest", "flint"]
    code = f"{command}; import sys; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


NAMES_THAT_RUN_TEXT = frozenset(
    ["eval", "exec", "compile", "sympify", "parse_expr", "parse_latex", "lambdify", "__import__"]
)


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_nothing_runs_text_as_code(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in NAMES_THAT_RUN_TEXT, f"line {node.lineno}: {node.func.id}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in {"sympify", "lambdify", "parse_expr", "S"}, f"line {node.lineno}"
