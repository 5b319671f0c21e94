"""The pictures show what they say: the bound, its gap and where it is tight, from a model computed here again."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from math import log

import numpy as np
import pytest

from verify.report.pictures import BOTTOM, CURVE, MODEL, STATIONS, TOP, TwoStates, pictures


def drawings() -> list[ET.Element]:
    return list(ET.fromstring(pictures()).iter("svg"))


def by_hand(model: TwoStates, weight: float) -> tuple[float, float]:
    """ELBO and KL, term by term."""
    joint, q = model.joint, (1 - weight, weight)
    posterior = [value / sum(joint) for value in joint]
    elbo = sum(q[z] * (log(joint[z]) - log(q[z])) for z in (0, 1))
    return elbo, sum(q[z] * log(q[z] / posterior[z]) for z in (0, 1))


@pytest.mark.parametrize("model", [MODEL, TwoStates((0.5, 0.01)), TwoStates((2.0, 3.0))])
def test_the_numbers_are_those_of_the_definitions(model: TwoStates) -> None:
    for weight in (0.05, 0.3, 0.9):
        elbo, divergence = by_hand(model, weight)
        assert model.elbo(np.array([weight]))[0] == pytest.approx(elbo, abs=1e-14)
        assert model.divergence(np.array([weight]))[0] == pytest.approx(divergence, abs=1e-14)
        assert elbo + divergence == pytest.approx(log(sum(model.joint)), abs=1e-14)


def test_the_last_station_is_the_posterior_and_the_gap_closes_on_the_way() -> None:
    gaps = MODEL.divergence(STATIONS)
    assert STATIONS[-1] == pytest.approx(MODEL.joint[1] / sum(MODEL.joint))
    assert (np.diff(gaps) < 0).all()
    assert gaps[-1] == pytest.approx(0, abs=1e-15)


def test_all_bars_end_at_the_same_height_and_split_it() -> None:
    bars, _ = drawings()
    elbo = [r for r in bars.iter("rect") if r.get("class") == "elbo"]
    gap = [r for r in bars.iter("rect") if r.get("class") == "gap"]
    assert len(elbo) == len(gap) == len(STATIONS)
    tops = {float(r.get("y") or "nan") for r in gap}
    assert len(tops) == 1
    for lower, upper in zip(elbo, gap, strict=True):
        ends = float(upper.get("y") or "nan") + float(upper.get("height") or "nan")
        assert ends == pytest.approx(float(lower.get("y") or "nan"), abs=0.02)
        assert float(lower.get("y") or "nan") + float(lower.get("height") or "nan") == pytest.approx(BOTTOM, abs=0.02)
    heights = [float(r.get("height") or "nan") for r in gap]
    shown = np.array(heights) / heights[0]
    assert shown == pytest.approx(MODEL.divergence(STATIONS) / MODEL.divergence(STATIONS)[0], abs=1e-3)


def test_the_curve_touches_the_evidence_only_at_the_posterior() -> None:
    _, drawing = drawings()
    (line,) = [e for e in drawing.iter("line") if e.get("class") == "evidence"]
    level = float(line.get("y1") or "nan")
    points = [tuple(map(float, p.split(","))) for p in next(drawing.iter("polyline")).get("points", "").split()]
    assert len(points) == len(CURVE)
    assert all(y >= level - 0.02 for _, y in points)  # further down is smaller
    highest = min(points, key=lambda point: point[1])
    (touch,) = drawing.iter("circle")
    assert highest[0] == pytest.approx(float(touch.get("cx") or "nan"), abs=2)
    assert float(touch.get("cy") or "nan") == pytest.approx(level)


def test_everything_lies_within_the_drawing() -> None:
    for drawing in drawings():
        _, _, width, height = map(float, (drawing.get("viewBox") or "").split())
        for mark in drawing.iter():
            for name, most in (("x", width), ("y", height), ("cx", width), ("cy", height)):
                if mark.get(name) is not None:
                    assert 0 <= float(mark.get(name) or "nan") <= most
    assert TOP > 0


def test_both_drawings_have_a_title_and_a_description() -> None:
    for drawing in drawings():
        assert drawing.get("role") == "img"
        ids = {e.get("id"): e.text for e in drawing if e.tag in ("title", "desc")}
        assert set((drawing.get("aria-labelledby") or "").split()) == set(ids)
        assert all(ids.values())


def test_the_table_of_numbers_adds_up() -> None:
    rows = [[c.text or "" for c in row.iter("td")] for row in ET.fromstring(pictures()).iter("tr")]
    numbers = [[float(cell.replace("−", "-")) for cell in row] for row in rows if row]
    assert len(numbers) == len(STATIONS)
    for _, elbo, divergence, total in numbers:
        assert elbo + divergence == pytest.approx(total, abs=2e-3)


def test_the_captions_name_the_model() -> None:
    said = "".join(ET.fromstring(pictures()).itertext())
    for value in (*MODEL.joint, f"{MODEL.posterior:.2f}", f"{-MODEL.log_evidence:.3f}"):
        assert str(value) in said
    assert re.search(r"log p\(x\) = ELBO \+ KL", said)
