"""A failure is one assertion whose text says what is wrong, where, by how much, why, and how to see it again."""

from __future__ import annotations

import json
import pickle
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings

from verify import check_objective, strategies
from verify.objectives import Case, ObjectiveError

VAE = {"returns": "loss", "reduction": "mean", "estimator": "analytic-kl"}


def vae_loss(model: Any, q: Any, rng: Any, kl_divisor: int = 1) -> Any:
    z = q.mean + np.sqrt(q.variance) * rng.standard_normal(q.mean.shape)
    away = model.x - model.mean - z @ model.loadings.T
    reconstruction = 0.5 * (np.log(2 * np.pi * model.noise_variance) + away**2 / model.noise_variance)
    kl = 0.5 * (q.mean**2 + q.variance - 1 - np.log(q.variance)).sum(-1)
    return (reconstruction.sum(-1) + kl / kl_divisor).mean()


def averaged_kl(model: Any, q: Any, rng: Any) -> Any:
    return vae_loss(model, q, rng, kl_divisor=q.mean.shape[-1])


@pytest.fixture(scope="module")
def error() -> ObjectiveError:
    case = strategies.build("ppca", 17, points=3, latents=2, dimension=5)
    with pytest.raises(ObjectiveError) as caught:
        check_objective(averaged_kl, case, **VAE)
    return caught.value


def test_the_text_gives_property_values_cause_and_case(error: ObjectiveError) -> None:
    first, *rest = str(error).splitlines()
    text = "\n".join(rest)
    assert re.fullmatch(r"not the ELBO: its expectation is \S+ nats too high", first)
    assert 'declared   ELBO, returns="loss", reduction="mean"' in text
    assert "property   E[value] = ELBO(q)   [expectation, orthogonal noise, " in text
    assert "likely     the KL is averaged over the latent dimensions: sum over them" in text
    assert "again      from verify import strategies; case = strategies.build('ppca'" in text


def test_expected_and_found_are_the_numbers_themselves(error: ObjectiveError) -> None:
    case = strategies.build("ppca", 17, points=3, latents=2, dimension=5)
    kl = 0.5 * float((case.q.mean**2 + case.q.variance - 1 - np.log(case.q.variance)).sum())
    finding = error.finding
    assert finding.expected == pytest.approx(case.model.elbo(case.q), abs=1e-9)
    assert finding.deviation == pytest.approx(kl - kl / 2, abs=1e-8)
    assert finding.tolerance is not None
    assert finding.tolerance < 1e-6


def test_the_printed_line_builds_the_case_again(error: ObjectiveError) -> None:
    line = next(line for line in str(error).splitlines() if line.startswith("  again"))
    namespace: dict[str, Any] = {}
    exec(line.removeprefix("  again").strip(), namespace)  # as a user pastes it
    with pytest.raises(ObjectiveError) as again:
        check_objective(averaged_kl, namespace["case"], **VAE)
    assert str(again.value) == str(error)


def test_it_is_an_assertion_that_survives_being_sent_to_another_process(error: ObjectiveError) -> None:
    assert isinstance(error, AssertionError)
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert again.finding == error.finding


def test_the_report_as_json_says_the_same(error: ObjectiveError) -> None:
    report = json.loads(json.dumps(error.report.as_json()))
    assert report["failed"] is True
    assert report["objective"]["reduction"] == "mean"
    assert report["likely"] == ["the KL is averaged over the latent dimensions: sum over them"]
    last = report["findings"][-1]
    assert (last["layer"], last["property"], last["status"]) == ("expectation", "E[value] = ELBO(q)", "failed")
    assert last["found"] == error.finding.found
    assert [finding["status"] for finding in report["findings"][:-1]].count("failed") == 0


@pytest.mark.parametrize("estimator", ["analytic-kl", None])
def test_a_report_without_failure_is_json_too(estimator: Any) -> None:
    case = strategies.build("ppca", 5, points=2, latents=2, dimension=4)
    report = check_objective(vae_loss, case, returns="loss", reduction="mean", estimator=estimator)
    written = json.loads(json.dumps(report.as_json()))
    assert written["failed"] is False
    assert written["likely"] == []
    assert {f["status"] for f in written["findings"]} <= {"held", "undecided", "not applicable"}
    assert sum(f["evaluations"] for f in written["findings"]) == report.evaluations > 0
    assert str(report).count("\n") == len(report.findings)


def test_there_is_one_assertion_for_all_properties_so_hypothesis_reports_one_error() -> None:
    """Several would come as a group of exceptions, each shrunk on its own.  This objective fails differently by case:
    its value is not finite, or has the wrong shape, or is wrong.
    """

    @seed(3)
    @settings(max_examples=30, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategies.solved("ppca"))
    def test(case: Any) -> None:
        def wrong(model: Any, q: Any, rng: Any) -> Any:
            value = averaged_kl(model, q, rng)
            return {2: np.nan, 3: np.full(2, value)}.get(len(model.x), value)

        check_objective(wrong, case, **VAE)

    with pytest.raises(ObjectiveError) as caught:
        test()
    assert "place=" in "".join(getattr(caught.value, "__notes__", [])) + str(caught.value)


def test_hypothesis_shrinks_to_the_smallest_model() -> None:
    limits = strategies.models.ALL["ppca"].shapes

    @seed(4)
    @settings(max_examples=30, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategies.solved("ppca"))
    def test(case: Any) -> None:
        check_objective(averaged_kl, case, **VAE)

    with pytest.raises(ObjectiveError) as caught:
        test()
    smallest = ", ".join(f"{name}={low}" for name, (low, _) in limits.items())
    assert smallest in caught.value.report.case


def test_a_cause_that_needs_other_models_asks_for_them() -> None:
    case = strategies.build("ppca", 1, points=2, latents=2, dimension=4)
    with pytest.raises(ObjectiveError, match="let the objective take model and q"):
        check_objective(lambda rng: averaged_kl(case.model, case.q, rng), case, **VAE)


def test_where_several_causes_explain_it_all_are_named() -> None:
    """With one q for all data points and as many of them as draws, two divisors are the same number."""
    case = strategies.build("normal-normal", 2, points=2)

    def value(model: Any, q: Any, samples: int) -> Any:
        return model.elbo(q) / samples

    with pytest.raises(ObjectiveError) as caught:
        check_objective(value, case, returns="elbo", reduction="sum", samples=2, noise="none")
    assert set(caught.value.report.likely) >= {
        "the average over the K draws is taken twice: divide by K once",
        "everything is halved",
    }
    assert "one of these; all of them explain the deviation:" in str(caught.value)


def test_a_failure_in_a_gradient_names_the_entry() -> None:
    case = strategies.build("ppca", 6, points=2, latents=3, dimension=4)

    def gradient(model: Any, q: Any) -> Any:
        right = np.array(model.elbo_gradient(q)["mean"])
        right[1, 2] += 0.5
        return {"mean": right}

    with pytest.raises(ObjectiveError) as caught:
        check_objective(
            lambda model, q: model.elbo(q), case, returns="elbo", reduction="sum", noise="none", gradient=gradient
        )
    assert "parameter  mean[1, 2]" in str(caught.value)
    assert caught.value.finding.deviation == pytest.approx(0.5)


def test_a_case_of_the_users_own_is_shown_by_its_names() -> None:
    start = strategies.build("normal-normal", 2, points=3)
    with pytest.raises(ObjectiveError) as caught:
        check_objective(
            lambda model, q: model.elbo(q) + 1,
            Case(start.model, start.q, 9),
            returns="elbo",
            reduction="sum",
            noise="none",
        )
    assert "case       Case(normal-normal, q=Normal, seed=9)" in str(caught.value)
    assert "again" not in str(caught.value)


def test_causes_are_looked_for_only_where_they_are_read() -> None:
    """Hypothesis meets the same failure some hundred times on its way to the smallest case."""
    asked: list[int] = []

    def counted(model: Any, q: Any, rng: Any) -> Any:
        asked.append(len(model.x))
        return averaged_kl(model, q, rng)

    with pytest.raises(ObjectiveError) as caught:
        check_objective(counted, strategies.build("ppca", 17, points=3, latents=2, dimension=5), **VAE)
    before = len(asked)
    assert caught.value.finding.status == "failed"
    assert len(asked) == before
    assert "the KL is averaged over the latent dimensions" in str(caught.value)
    assert len(asked) > before
