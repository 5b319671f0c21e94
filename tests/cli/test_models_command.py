"""`jensen models`: the list, one model, a run of EM, the table, and pages with pictures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from running import jensen

from verify import models


def test_the_list_names_every_model_with_its_formulas() -> None:
    done = jensen("models")
    assert done.status == 0
    for name, model in models.ALL.items():
        assert f"{name}: {model.title}" in done.out
        for formula in (model.formulas.evidence, model.formulas.elbo, model.formulas.gap):
            assert formula in done.out


def rows_of(out: str) -> list[tuple[float, ...]]:
    """The numbers of the lines t, ELBO, KL, sum."""
    number = r"(-?\d+\.\d+)"
    return [tuple(map(float, row)) for row in re.findall(rf"^\s*{number}\s+{number}\s+{number}\s+{number}", out, re.M)]


@pytest.mark.parametrize("name", ["normal-normal", "hidden-markov-mean-field"])
def test_a_model_is_drawn_with_q_on_both_sides_of_the_posterior(name: str) -> None:
    done = jensen("models", name, "--seed", "3")
    assert done.status == 0
    rows = rows_of(done.out)
    assert rows[0][0] == -1
    assert rows[-1][0] == 1
    gaps = [gap for _, _, gap, _ in rows]
    assert min(gaps) == gaps[len(gaps) // 2]
    assert (min(gaps) == 0) == (name == "normal-normal")
    assert len({total for *_, total in rows}) == 1  # ELBO + KL is the same everywhere
    bars = [line.count("█") for line in done.out.splitlines() if line.strip()[:1] in "-01" and "." in line]
    assert max(bars) == 36


def test_the_seed_chooses_the_instance() -> None:
    assert jensen("models", "beta-binomial").out == jensen("models", "beta-binomial", "--seed", "0").out
    assert jensen("models", "beta-binomial").out != jensen("models", "beta-binomial", "--seed", "1").out


@pytest.mark.parametrize("name", ["gaussian-mixture", "ppca", "hidden-markov"])
def test_em_is_certified_step_by_step(name: str) -> None:
    done = jensen("models", name, "--em", "--steps", "40")
    assert done.status == 0
    assert "lowered" not in done.out
    assert "of 40 steps certainly raised log p(x)" in done.out
    if name == "gaussian-mixture":
        assert "without bound" in done.out
        assert "condition that it is attained" in done.out


def test_enough_steps_reach_a_certified_maximum() -> None:
    done = jensen("models", "gaussian-mixture", "--em", "--steps", "300")
    assert "strict local maximum" in done.out
    assert "no longer move" in done.out


def test_the_table_has_a_row_of_numbers_for_a_model() -> None:
    done = jensen("models", "finite-table", "--table")
    assert done.status == 0
    assert re.search(r"^finite-table\s+\d\.\de-\d\d", done.out, re.M)
    assert "proved" in done.out


@pytest.mark.parametrize("arguments", [("beta-binomial",), ("gaussian-mixture", "--em")])
def test_a_page_is_written(arguments: tuple[str, ...], tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    done = jensen("models", *arguments, "-o", target)
    assert done.status == 0
    assert done.out == f"wrote {target}\n"
    page = target.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert page.count("<svg") == 2
    assert "<script" not in page


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("no-such-model",), "no model is called no-such-model; the models are: finite-table, "),
        (("normal-normal", "--em"), "EM is there for gaussian-mixture, ppca, hidden-markov"),
        (("ppca", "--em", "--steps", "0"), "at least one step"),
        (("-o", "page.html"), "needs the name of a model"),
        (("ppca", "-o", "page.pdf"), "is written as .html"),
        (("ppca", "-o", "no/such/folder/page.html"), "No such file"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    done = jensen("models", *arguments, folder=tmp_path)
    assert done.status == 2
    assert reason in done.err
    assert done.err.count("\n") == 1
    assert done.out == ""
