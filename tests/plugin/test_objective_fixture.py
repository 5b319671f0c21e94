"""The fixtures for objectives: one budget, one seed, one report, and declarations by marker."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from projects import Project

import verify.objectives
import verify.pytest_plugin.objectives
import verify.strategies  # noqa: F401  # pytester forgets what its runs import: here it stays

pytest_plugins = ["pytester"]

SUITE = """
    import numpy as np
    import pytest
    from hypothesis import given, settings

    from verify import strategies
    from verify.objectives import Case


    def loss(model, q, rng, weight=1.0):
        z = q.mean + np.sqrt(q.variance) * rng.standard_normal(q.mean.shape)
        away = model.x - model.mean - z @ model.loadings.T
        likelihood = 0.5 * (np.log(2 * np.pi * model.noise_variance) + away**2 / model.noise_variance)
        kl = 0.5 * (q.mean**2 + q.variance - 1 - np.log(q.variance))
        return (likelihood.sum(-1) + weight * kl.sum(-1)).mean()


    @pytest.mark.jensen(returns="loss", reduction="mean", estimator="analytic-kl")
    class TestVae:
        @given(case=strategies.solved("ppca"))
        @settings(max_examples=5, deadline=None, database=None)
        def test_right(self, check_objective, case):
            check_objective(loss, case)

        @given(case=strategies.solved("ppca"))
        @settings(max_examples=5, deadline=None, database=None)
        def test_without_kl(self, check_objective, case):
            check_objective(lambda model, q, rng: loss(model, q, rng, 0.0), case)

        def test_black_box(self, check_objective):
            case = strategies.build("ppca", 1)

            def of_a_seed(seed):
                return loss(case.model, case.q, np.random.default_rng(seed), 30.0)

            check_objective(of_a_seed, Case(case.model, case.q))


    def test_shared(jensen_budget, jensen_seed):
        assert (jensen_budget.total, jensen_seed) == (1e-4, 7)
"""
OPTIONS = ("--jensen-alpha=1e-4", "--jensen-seed=7")
RIGHT, WITHOUT_KL, BLACK_BOX, SHARED = (
    "test_their_objective.py::TestVae::test_right",
    "test_their_objective.py::TestVae::test_without_kl",
    "test_their_objective.py::TestVae::test_black_box",
    "test_their_objective.py::test_shared",
)


@pytest.fixture
def suite(project: Project) -> Project:
    project.write("test_their_objective.py", SUITE)
    return project


def test_right_objectives_pass_and_wrong_ones_fail_with_their_reason(suite: Project) -> None:
    outcome = suite.run(*OPTIONS)
    assert outcome.tests == {RIGHT: "passed", WITHOUT_KL: "failed", BLACK_BOX: "failed", SHARED: "passed"}
    assert "the KL term is missing" in outcome.printed
    assert "the mean of its draws is below ELBO(q)" in outcome.printed
    assert "the noise of this test follows from --jensen-seed=7" in outcome.printed
    assert "ExceptionGroup" not in outcome.printed


def test_the_report_tells_every_property_and_the_smallest_failure(suite: Project) -> None:
    suite.run(*OPTIONS, "--jensen-report=out/report.json")
    report = json.loads((suite.folder / "out/report.json").read_text())
    assert (report["alpha"], report["seed"]) == (1e-4, 7)
    by_test = {objective["test"]: objective for objective in report["objectives"]}
    assert set(by_test) == {RIGHT, WITHOUT_KL, BLACK_BOX}
    right = {entry["property"]: entry for entry in by_test[RIGHT]["properties"]}
    assert right["E[value] = ELBO(q)"]["held"] == by_test[RIGHT]["checks"] >= 5
    failure = by_test[WITHOUT_KL]["report"]
    assert failure["failed"] is True
    assert failure["likely"] == ["the KL term is missing"]
    assert "points=2, latents=2, dimension=4" in failure["case"]


def test_a_seed_replays_one_test_alone(suite: Project) -> None:
    whole, alone = suite.run(*OPTIONS), suite.run(*OPTIONS, BLACK_BOX)
    evidence = [
        [line for line in outcome.printed.splitlines() if "found  " in line and "deviation -" in line][-1]
        for outcome in (whole, alone)
    ]
    assert evidence[0] == evidence[1]


def test_junit_xml_carries_the_reason(suite: Project) -> None:
    suite.run(*OPTIONS, "--junitxml=out.xml")
    failures = {
        case.get("name"): failure.get("message") or ""
        for case in ElementTree.parse(suite.folder / "out.xml").iter("testcase")
        for failure in case.iter("failure")
    }
    assert set(failures) == {"test_without_kl", "test_black_box"}
    assert "not the ELBO" in failures["test_without_kl"]


def test_the_processes_of_xdist_divide_the_budget(suite: Project) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    outcome = suite.run(*OPTIONS, "-p", "xdist", "-n", "2", SHARED)
    assert "5e-05" in outcome.printed
