"""Curves over a common axis as SVG, with round numbers at the ticks.  Infinite and undefined values leave a hole."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from verify.report.markup import Markup, element

WIDTH, HEIGHT = 480, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 468, 34, 252  # of the plotting area


@dataclass(frozen=True)
class Curve:
    """A named curve.

    values  one for each x
    style   class of the style sheet: "curve", "evidence", "slack"
    """

    name: str
    values: Sequence[float]
    style: str = "curve"


@dataclass(frozen=True)
class Axes:
    """What the axes say.

    x, y         names
    logarithmic  does y show powers of ten?
    """

    x: str
    y: str = "nats"
    logarithmic: bool = False


def plot(title: str, description: str, xs: Sequence[float], curves: Sequence[Curve], axes: Axes) -> Markup:
    """Curves with axes and a legend.  Values that a logarithmic axis cannot show (0 and below) are left out."""
    scaled = [[_scaled(value, axes.logarithmic) for value in curve.values] for curve in curves]
    shown = [value for values in scaled for value in values if math.isfinite(value)]
    frame = _Frame(min(xs), max(xs), *_padded(min(shown, default=0.0), max(shown, default=1.0)))
    lines = [
        element("polyline", class_=curve.style, points=points)
        for curve, values in zip(curves, scaled, strict=True)
        for points in _pieces(frame, xs, values)
    ]
    key = "-".join(title.lower().split())
    return element(
        "svg",
        element("title", title, id=f"{key}-title"),
        element("desc", description, id=f"{key}-text"),
        _axes(frame, axes),
        lines,
        _legend(curves),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_labelledby=f"{key}-title {key}-text",
    )


@dataclass(frozen=True)
class _Frame:
    """From numbers to places on the drawing."""

    first: float
    last: float
    low: float
    high: float

    def x(self, value: float) -> float:
        return round(LEFT + (value - self.first) / ((self.last - self.first) or 1.0) * (RIGHT - LEFT), 2)

    def y(self, value: float) -> float:
        return round(BOTTOM - (value - self.low) / (self.high - self.low) * (BOTTOM - TOP), 2)


def _scaled(value: float, logarithmic: bool) -> float:
    if not logarithmic:
        return value
    return math.log10(value) if value > 0 else -math.inf


def _padded(low: float, high: float) -> tuple[float, float]:
    margin = 0.05 * (high - low) or max(1.0, abs(high)) * 0.05
    return low - margin, high + margin


def _pieces(frame: _Frame, xs: Sequence[float], values: Sequence[float]) -> Iterator[str]:
    """The points of a curve, a new piece after each hole."""
    piece: list[str] = []
    for x, value in zip(xs, values, strict=True):
        if math.isfinite(value):
            piece.append(f"{frame.x(x)},{frame.y(value)}")
        elif piece:
            yield " ".join(piece)
            piece = []
    if piece:
        yield " ".join(piece)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers between two bounds: steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    first = math.ceil(low / step)
    return [round(k * step, 12) for k in range(first, math.floor(high / step) + 1)]


def _axes(frame: _Frame, axes: Axes) -> list[Markup]:
    drawn = [
        element("line", class_="axis", x1=LEFT, y1=TOP - 8, x2=LEFT, y2=BOTTOM),
        element("line", class_="axis", x1=LEFT, y1=BOTTOM, x2=RIGHT, y2=BOTTOM),
        element("text", axes.y, class_="tick", x=LEFT - 8, y=TOP - 16, text_anchor="end"),
        element("text", axes.x, class_="tick", x=(LEFT + RIGHT) / 2, y=BOTTOM + 38, text_anchor="middle"),
    ]
    for value in ticks(frame.low, frame.high):
        if axes.logarithmic and value != round(value):
            continue
        label = f"1e{round(value)}" if axes.logarithmic else _number(value)
        y = frame.y(value)
        drawn.append(element("line", class_="axis", x1=LEFT - 4, y1=y, x2=LEFT, y2=y))
        drawn.append(element("text", label, class_="tick", x=LEFT - 8, y=y + 4, text_anchor="end"))
    for value in ticks(frame.first, frame.last, 8):
        x = frame.x(value)
        drawn.append(element("line", class_="axis", x1=x, y1=BOTTOM, x2=x, y2=BOTTOM + 4))
        drawn.append(element("text", _number(value), class_="tick", x=x, y=BOTTOM + 17, text_anchor="middle"))
    return drawn


def _number(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _legend(curves: Sequence[Curve]) -> Iterator[Markup]:
    place = LEFT + 10.0
    for curve in curves:
        yield element("line", class_=curve.style, x1=place, y1=TOP - 20, x2=place + 22, y2=TOP - 20)
        yield element("text", curve.name, class_="curve-label", x=place + 28, y=TOP - 16)
        place += 44 + 7.5 * len(curve.name)
