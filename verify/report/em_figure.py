"""Evidence, ELBO and KL per iteration of EM, the maximisation over θ and q in turns."""

from __future__ import annotations

from verify.maximisation import Trace
from verify.maximisation.examples import example_without_certificates
from verify.report.markup import Markup, element
from verify.report.plot import Axes, Curve, plot

FIRST = 30  # iterations of EM that are drawn one by one


def em_figure(trace: Trace) -> Markup:
    """Evidence and ELBO per iteration: J(θ, q) climbs in steps below log p(x), which it touches after every E step."""
    shown = trace.steps[:FIRST]
    elbo, evidence = [shown[0].elbo_before], [shown[0].evidence_before]
    for step in shown:  # half an iteration later the E step has raised the ELBO to the evidence
        elbo += [step.elbo_tight, step.elbo_after]
        evidence += [step.evidence_before, step.evidence_after]
    halves = [k / 2 for k in range(len(elbo))]
    return plot(
        "Evidence and ELBO per iteration",
        "The evidence never falls; the ELBO climbs to it at every E step and lifts it at every M step.",
        halves,
        [Curve("ELBO", elbo), Curve("log p(x)", evidence, "evidence")],
        Axes("iteration"),
    )


def kl_figure(trace: Trace) -> Markup:
    """KL and what is left to climb, on a logarithmic axis."""
    final = float(trace.evidences.max())
    left = [final - float(e) for e in trace.evidences[1:]]
    return plot(
        "KL and what is left to climb",
        "Both fall, on a logarithmic axis, until rounding is reached.",
        [float(step.number) for step in trace.steps],
        [Curve("KL", [step.kl_after for step in trace.steps], "slack"), Curve("highest log p(x) − log p(x)", left)],
        Axes("iteration", "nats", logarithmic=True),
    )


def em_figures(trace: Trace, remark: str = "") -> Markup:
    """Evidence, ELBO and KL per iteration."""
    count = min(FIRST, len(trace.steps))
    above = f"The first {count} iterations: the E step closes the gap, the M step lifts the ELBO and log p(x) with it."
    below = "KL(q ‖ p(z|x; θ)) after each M step: what the next E step will gain."
    parts = figure(em_figure(trace), above), figure(kl_figure(trace), " ".join(filter(None, [below, remark])))
    return element("div", parts, class_="pictures")


def figure(drawing: Markup, caption: str) -> Markup:
    return element("figure", drawing, element("figcaption", caption))


def joint_maximisation_figures() -> Markup:
    """The figures of a small mixture, for documents that maximise over θ and q at once."""
    remark = (
        "The example is a mixture of three normals. It has a maximum only because its variances have a floor: with one "
        "mean on a data point the evidence grows without bound as that variance falls. Hence the condition that the "
        "maximum is attained."
    )
    return em_figures(example_without_certificates("gaussian-mixture", steps=40), remark)
