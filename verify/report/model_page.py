"""A model, and a run of EM, as one HTML page of the same kind as reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from verify.maximisation import Trace
from verify.maximisation.examples import findings
from verify.models import SolvableModel
from verify.models.path import Path
from verify.report.em_figure import em_figures, figure
from verify.report.formulas import formula_block, latex_formula
from verify.report.html import page
from verify.report.markup import Markup, element
from verify.report.plot import Axes, Curve, plot


def model_page(path: Path) -> str:
    """Formulas, the gap as q moves, and the numbers."""
    model = path.model
    f = model.formulas
    parts = [("The joint density", f.joint), ("The evidence", f.evidence), ("The ELBO", f.elbo), ("The gap", f.gap)]
    formulas = [(element("h3", name), formula_block([latex_formula(latex)])) for name, latex in parts]
    second = (f"log p(x) = {path.log_evidence:.12f}; by another route ({f.second_route}): "
              f"{model.log_evidence_independent():.12f}.")  # fmt: skip
    moving = element("section", element("h2", "The gap as q moves"), _gap_figures(path), element("p", second))
    return page(model.title, _heading(model), element("section", formulas), moving)


def em_page(trace: Trace) -> str:
    """Evidence, ELBO and KL per iteration, and what was proved about the run."""
    model = trace.start
    proved = element("ul", [element("li", sentence) for sentence in findings(trace)])
    steps = [(s.number, s.evidence_after, s.elbo_after, s.kl_after, s.change.value) for s in trace.steps]
    head = ("step", "log p(x)", "ELBO", "KL", "log p(x) was")
    name = "Evidence, ELBO and KL per iteration"
    run = element("section", element("h2", name), em_figures(trace), _table(head, steps))
    title = f"{model.title}: maximisation over θ and q"
    return page(title, _heading(model, title), run, element("section", element("h2", "What is proved"), proved))


def _heading(model: SolvableModel, title: str = "") -> Markup:  # type: ignore[type-arg]
    return element("header", element("p", model.name, class_="path"), element("h1", title or model.title))


def _gap_figures(path: Path) -> list[Markup]:
    ts = [place.t for place in path.places]
    elbo, gap = [place.elbo for place in path.places], [place.gap for place in path.places]
    bound = plot(
        "The ELBO as q moves",
        "The ELBO stays below the level line of the evidence and comes nearest in the middle.",
        ts,
        [Curve("log p(x)", [path.log_evidence] * len(ts), "evidence"), Curve("ELBO", elbo)],
        Axes("t"),
    )
    slack = plot("The gap as q moves", "The gap falls to its least value in the middle.", ts,
                 [Curve("KL(q ‖ p(z|x))", gap, "slack")], Axes("t"))  # fmt: skip
    caption = f"q moves on a line from one random member of the family to another; t = 0 is {path.target}."
    rows = [(f"{t:.2f}", e, g, e + g) for t, e, g in zip(ts, elbo, gap, strict=True)]
    numbers = _table(("t", "ELBO", "KL(q ‖ p(z|x))", "sum"), rows)
    figures = element("div", figure(bound, caption), figure(slack, "log p(x) minus ELBO, by its own formula."),
                      class_="pictures")  # fmt: skip
    return [figures, numbers]


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    names = element("tr", [element("th", name, scope="col") for name in head])
    lines = [element("tr", [element("td", _cell(value)) for value in row]) for row in rows]
    table = element("table", element("thead", names), element("tbody", lines))
    return element("details", element("summary", "The numbers"), element("div", table, class_="scroll"))


def _cell(value: object) -> str:
    written = f"{value:.9g}" if isinstance(value, float) else str(value)
    return written.replace("-", "−") if isinstance(value, float) else written
