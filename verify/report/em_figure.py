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


def joint_maximisation_figure() -> Markup:
    """The figure of a small mixture, for documents that maximise over θ and q at once."""
    trace = example_without_certificates("gaussian-mixture", steps=12)
    caption = (
        "Maximising J(θ, q) = log p(x; θ) − KL(q ‖ p(z|x; θ)) in turns, for a mixture of three normals: over q the "
        "ELBO rises to the evidence, over θ it lifts the evidence with it. A maximum exists only because the variances "
        "have a floor: with one mean on a data point the evidence grows without bound as that variance falls. Hence "
        "the condition that the maximum is attained."
    )
    return element("figure", em_figure(trace), element("figcaption", caption))
