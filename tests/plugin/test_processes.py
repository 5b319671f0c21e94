"""Under pytest-xdist the claims are spread over processes, and the run is the same."""

from __future__ import annotations

import json

import pytest
from projects import Project

pytest_plugins = ["pytester"]
pytest.importorskip("xdist", reason="pytest-xdist is not installed")

LECTURE = "\n\n".join(
    [
        r"$$p(x) = \int p(x,z)\,dz$$",
        r"$$p(x) = \int p(z|x)\,dz$$",
        r"$$H(q(z|x)) \le 100$$",
        r"$$\log p(x) \ge E_{q(z|x)}[\log p(x,z) - \log q(z|x)]$$",
    ]
)


def test_the_outcome_and_the_report_are_those_of_one_process(project: Project) -> None:
    project.write("docs/lecture.md", LECTURE)
    alone = project.run("--jensen", "docs", "--jensen-report=alone.json", "--jensen-seed=3", "-rs", "--tb=short")
    spread = project.run(
        "--jensen", "docs", "--jensen-report=spread.json", "--jensen-seed=3", "-rs", "--tb=short",
        "-p", "xdist", "-n", "2",
    )  # fmt: skip
    assert len(alone.tests) == 4
    assert spread.tests == alone.tests
    assert "docs/lecture.md:3:8  refuted    p(x) = ∫ p(z|x) dz" in spread.printed
    assert "SKIPPED [1] docs/lecture.md:5: undecided: no proof found" in spread.printed
    reports = [json.loads((project.folder / name).read_text()) for name in ("alone.json", "spread.json")]
    assert reports[0] == reports[1]


def test_all_processes_share_the_seed_that_the_header_shows(project: Project) -> None:
    project.write(
        "test_seed.py",
        """
        import os
        import pytest

        @pytest.mark.parametrize("number", range(4))
        def test_seed(number, jensen_seed, request):
            folder = request.config.rootpath
            (folder / f"{os.environ['PYTEST_XDIST_WORKER']}.txt").write_text(str(jensen_seed))
        """,
    )
    outcome = project.run("-p", "xdist", "-n", "2")
    assert set(outcome.tests.values()) == {"passed"}
    seeds = {path.read_text() for path in project.folder.glob("gw*.txt")}
    assert len(seeds) == 1
    assert f"--jensen-seed={seeds.pop()}" in outcome.printed
