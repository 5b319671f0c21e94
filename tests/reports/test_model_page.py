"""Pages of models and of EM: formulas as MathML, curves that show the numbers, progress that is told."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from verify import models
from verify.documents import check_text
from verify.maximisation import examples
from verify.models.path import walk
from verify.report import html
from verify.report.model_page import em_page, model_page
from verify.report.plot import BOTTOM, TOP, Axes, Curve, plot, ticks
from verify.results import Run


def points(drawing: str, style: str) -> list[list[tuple[float, float]]]:
    """The corners of every polyline of a style."""
    found = re.findall(rf'<polyline class="{style}"[^>]*points="([^"]*)"', drawing)
    return [[(float(x), float(y)) for x, y in (pair.split(",") for pair in line.split())] for line in found]


@pytest.mark.parametrize("name", list(models.ALL))
def test_every_model_has_a_page_of_formulas_and_curves(name: str) -> None:
    rng = np.random.default_rng(1)
    page = model_page(walk(models.ALL[name].random(rng), rng, 5))
    ElementTree.fromstring(re.sub(r"<!DOCTYPE html>|<meta[^>]*>", "", page))  # tags are closed and nested
    assert "<code>" not in page  # every formula is understood
    assert page.count("<svg") == 2
    (elbo,), (gap,) = points(page, "curve"), points(page, "slack")
    (evidence,) = points(page, "evidence")
    assert len(elbo) == len(gap) == 11
    assert len({y for _, y in evidence}) == 1
    assert min(y for _, y in elbo) >= evidence[0][1] - 0.01  # the ELBO stays below the line; y grows downwards
    assert max(y for _, y in gap) == gap[5][1]


def test_em_is_drawn_step_by_step() -> None:
    told: list[tuple[int, int]] = []
    trace = examples.run("gaussian-mixture", seed=2, steps=12, progress=lambda done, of: told.append((done, of)))
    assert told == [(k, 12) for k in range(1, 13)]
    page = em_page(trace)
    elbo, evidence = points(page, "curve")[0], points(page, "evidence")[0]
    assert len(elbo) == len(evidence) == 25
    assert all(below >= above - 0.01 for (_, below), (_, above) in zip(elbo, evidence, strict=True))
    touching = [k for k in range(25) if abs(elbo[k][1] - evidence[k][1]) < 0.02]
    assert set(range(1, 25, 2)) <= set(touching)  # after every E step
    heights = [y for _, y in evidence]
    assert heights == sorted(heights, reverse=True)


def test_an_unknown_run_is_refused() -> None:
    with pytest.raises(KeyError):
        examples.run("normal-normal")


def test_a_logarithmic_axis_leaves_out_what_it_cannot_show() -> None:
    drawing = plot("T", "d", [0.0, 1.0, 2.0, 3.0], [Curve("c", [1.0, 0.1, 0.0, 0.01])], Axes("x", logarithmic=True))
    first, second = points(drawing, "curve")
    assert (len(first), len(second)) == (2, 1)
    assert "1e-1<" in drawing


@pytest.mark.parametrize("values", [[1.0, 1.0], [math.nan, math.inf], [-1e300, 1e300], [5.0, math.nan]])
def test_degenerate_curves_are_drawn_within_the_frame(values: list[float]) -> None:
    drawing = plot("T", "d", [0.0, 1.0], [Curve("c", values)], Axes("x"))
    assert all(TOP <= y <= BOTTOM for line in points(drawing, "curve") for _, y in line)


def test_ticks_are_round_and_inside() -> None:
    assert ticks(0.0, 1.0) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert ticks(-241.0, -199.0) == [-240.0, -230.0, -220.0, -210.0, -200.0]
    rng = np.random.default_rng(0)
    for _ in range(200):
        low = float(rng.normal() * 10 ** rng.uniform(-3, 3))
        high = low + float(10 ** rng.uniform(-3, 3))
        found = ticks(low, high)
        assert 2 <= len(found) <= 8
        assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in found)


JOINT = r"""$$J(\theta, q) := \mathbb{E}_{q(z)}[\log p_\theta(x, z) - \log q(z)]$$

$$(\hat\theta, \hat q) := \arg\max_{\theta, q} J(\theta, q)$$
"""


def test_a_document_that_maximises_over_parameters_and_q_shows_em() -> None:
    page = html.render(Run((check_text(JOINT, "joint.md"),)))
    assert "Maximising over θ and q" in page
    assert "Evidence and ELBO per iteration" in page
    assert "KL and what is left to climb" in page
    assert len(points(page, "evidence")[-1]) == 61  # 30 iterations, an E and an M step each
    assert len(points(page, "slack")[-1]) == 40
    other = html.render(Run((check_text(r"$$\log p(x) = \log \int p(x, z)\, dz$$", "one.md"),)))
    assert "Maximising over θ and q" not in other
