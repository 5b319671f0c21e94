"""Two pictures of the bound, from a model small enough to compute by hand.

z is 0 or 1; the data are fixed, so that the joint density p(x, z) is two numbers.  q(z = 1) is a single number λ, and
every q is of this form.  What is drawn is computed here with NumPy and has nothing to do with a document's text.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from verify.report.markup import Markup, element

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TwoStates:
    """p(x, z) at the observed x, for z = 0 and z = 1.  All values are in nats."""

    joint: tuple[float, float]

    @property
    def log_evidence(self) -> float:
        return float(np.log(sum(self.joint)))

    @property
    def posterior(self) -> float:
        """p(z = 1 | x)."""
        return self.joint[1] / sum(self.joint)

    def elbo(self, weight: Array) -> Array:
        """E_q[log p(x, z) − log q(z)] for q(z = 1) = weight, strictly between 0 and 1."""
        q = np.stack([1 - weight, weight])
        return np.asarray((q * (np.log(self.joint)[:, None] - np.log(q))).sum(axis=0))

    def divergence(self, weight: Array) -> Array:
        """KL(q(z) ‖ p(z | x))."""
        q = np.stack([1 - weight, weight])
        posterior = np.array([1 - self.posterior, self.posterior])[:, None]
        return np.asarray((q * (np.log(q) - np.log(posterior))).sum(axis=0))


MODEL = TwoStates((0.12, 0.28))
STATIONS = np.linspace(0.1, MODEL.posterior, 6)  # q on its way to the posterior
CURVE = np.linspace(0.02, 0.98, 97)

WIDTH, HEIGHT = 360, 290
LEFT, RIGHT, TOP, BOTTOM = 46, 342, 34, 244  # of the plotting area
LOWEST, HIGHEST = -2.2, -0.75  # nats


def pictures() -> Markup:
    """Both pictures with their captions and the numbers behind them."""
    return element("div", _split(), _curve(), class_="pictures")


def _x(share: float) -> float:
    return round(LEFT + share * (RIGHT - LEFT), 2)


def _y(nats: float) -> float:
    return round(BOTTOM - (nats - LOWEST) / (HIGHEST - LOWEST) * (BOTTOM - TOP), 2)


# ---------------------------------------------------------------- log p(x) = ELBO + KL


def _split() -> Markup:
    """Stacked bars: at each q the ELBO and the divergence, which add up to the same log p(x)."""
    elbo, divergence = MODEL.elbo(STATIONS), MODEL.divergence(STATIONS)
    bars = [_bar(k, float(e), float(d)) for k, (e, d) in enumerate(zip(elbo, divergence, strict=True))]
    drawing = _svg(
        "The log evidence split into ELBO and KL",
        "Six stacked bars of equal height. Their upper part, the divergence, shrinks to nothing on the way.",
        [_axis("nats"), bars, _evidence_line(), _below([f"{w:.2f}" for w in STATIONS], _centres(), "q(z = 1)")],
    )
    caption = (
        f"log p(x) = ELBO + KL. The evidence does not depend on q; as q(z = 1) moves from {STATIONS[0]:.2f} to the "
        f"posterior {MODEL.posterior:.2f}, the gap KL(q ‖ p(z|x)) closes and the ELBO takes its place."
    )
    return element("figure", drawing, element("figcaption", caption), _numbers(elbo, divergence))


def _centres() -> list[float]:
    return [_x((k + 0.5) / len(STATIONS)) for k in range(len(STATIONS))]


def _bar(number: int, elbo: float, divergence: float) -> list[Markup]:
    centre, width = _centres()[number], 34
    top, middle = _y(MODEL.log_evidence), _y(elbo)
    left = centre - width / 2
    first, last = number == 0, number == len(STATIONS) - 1
    label = "KL = 0" if last else f"KL {divergence:.2f}" if first else f"{divergence:.2f}"
    return [
        element("rect", class_="elbo", x=left, y=middle, width=width, height=round(BOTTOM - middle, 2)),
        element("rect", class_="gap", x=left, y=top, width=width, height=round(middle - top, 2)),
        element("text", label, class_="label", x=centre, y=top - 6, text_anchor="middle"),
        element("text", "ELBO" if first or last else "", class_="inside", x=centre, y=BOTTOM - 8, text_anchor="middle"),
    ]


def _numbers(elbo: Array, divergence: Array) -> Markup:
    head = [element("th", name, scope="col") for name in ("q(z = 1)", "ELBO", "KL", "sum = log p(x)")]
    rows = [
        element("tr", [element("td", f"{value:.3f}".replace("-", "−")) for value in (w, e, d, e + d)])
        for w, e, d in zip(STATIONS, elbo, divergence, strict=True)
    ]
    table = element("table", element("tbody", element("tr", head), rows))
    return element("details", element("summary", "The numbers"), element("div", table, class_="scroll"))


# ---------------------------------------------------------------- the ELBO as a curve


def _curve() -> Markup:
    """The ELBO over all q, below log p(x) and touching it at the posterior."""
    marks = (0, 0.25, 0.5, MODEL.posterior, 1)
    points = " ".join(f"{_x(float(w))},{_y(float(e))}" for w, e in zip(CURVE, MODEL.elbo(CURVE), strict=True))
    x, y = _x(MODEL.posterior), _y(MODEL.log_evidence)
    name_y = _y(float(MODEL.elbo(np.array([0.2]))[0])) + 26
    drawing = _svg(
        "The ELBO as a function of q",
        "A concave curve that stays below the horizontal line log p(x) and touches it at the posterior.",
        [
            _axis("nats"),
            element("polyline", class_="curve", points=points),
            _evidence_line(),
            element("line", class_="guide", x1=x, y1=y, x2=x, y2=BOTTOM),
            element("circle", class_="touch", cx=x, cy=y, r=5),
            element("text", "ELBO(q)", class_="curve-label", x=_x(0.2), y=name_y),
            element("text", "posterior", class_="label", x=x, y=BOTTOM - 8, text_anchor="middle"),
            _below([f"{s:.2f}" for s in marks], [_x(s) for s in marks], "q(z = 1)"),
        ],
    )
    caption = (
        "ELBO(q) ≤ log p(x) for every q, with equality exactly where q is the posterior. Model: z is 0 or 1, "
        f"p(x, z=0) = {MODEL.joint[0]}, p(x, z=1) = {MODEL.joint[1]}, so log p(x) = {MODEL.log_evidence:.3f} "
        f"and p(z=1|x) = {MODEL.posterior:.2f}."
    ).replace("= -", "= −")
    return element("figure", drawing, element("figcaption", caption))


# ---------------------------------------------------------------- what both have


def _svg(title: str, description: str, content: list[object]) -> Markup:
    key = title.lower().replace(" ", "-")
    return element(
        "svg",
        element("title", title, id=f"{key}-title"),
        element("desc", description, id=f"{key}-text"),
        content,  # type: ignore[arg-type]
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_labelledby=f"{key}-title {key}-text",
    )


def _evidence_line() -> list[Markup]:
    y = _y(MODEL.log_evidence)
    return [
        element("line", class_="evidence", x1=LEFT, y1=y, x2=RIGHT, y2=y),
        element("text", "log p(x)", class_="evidence-label", x=LEFT + 6, y=y - 23),
    ]


def _axis(unit: str) -> list[Markup]:
    ticks = [-2.0, -1.5, -1.0]
    marks = [element("line", class_="axis", x1=LEFT - 4, y1=_y(t), x2=LEFT, y2=_y(t)) for t in ticks]
    labels = [element("text", f"−{-t:.1f}", class_="tick", x=LEFT - 8, y=_y(t) + 4, text_anchor="end") for t in ticks]
    return [
        element("line", class_="axis", x1=LEFT, y1=TOP - 8, x2=LEFT, y2=BOTTOM),
        element("line", class_="axis", x1=LEFT, y1=BOTTOM, x2=RIGHT, y2=BOTTOM),
        *marks,
        *labels,
        element("text", unit, class_="tick", x=LEFT - 8, y=TOP - 14, text_anchor="end"),
    ]


def _below(labels: list[str], places: list[float], name: str) -> list[Markup]:
    ticks = [
        element("text", label, class_="tick", x=place, y=BOTTOM + 17, text_anchor="middle")
        for label, place in zip(labels, places, strict=True)
    ]
    return [*ticks, element("text", name, class_="tick", x=(LEFT + RIGHT) / 2, y=BOTTOM + 37, text_anchor="middle")]
