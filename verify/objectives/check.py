"""`check_objective`: is this function the objective it is declared to be?

    from hypothesis import given, settings
    from verify import check_objective, strategies

    @settings(deadline=None)
    @given(strategies.solved("ppca"))
    def test_my_elbo(case):
        check_objective(
            lambda model, q, rng: my_loss(model.x, q.mean, q.variance, model.loadings, rng),
            case, returns="loss", reduction="mean",
        )

The layers run cheapest first and stop at the first failure, which is then explained and raised as one ObjectiveError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

from verify.objectives.adapters.plain import Noise, PlainObjective
from verify.objectives.case import AnyCase
from verify.objectives.declaration import DType, Estimator, Kind, Objective, Reduction, Returns
from verify.objectives.diagnosis import explain
from verify.objectives.errors import NothingComparedError, ObjectiveError
from verify.objectives.implementation import Implementation
from verify.objectives.inquiry import Inquiry, Reference, Settings
from verify.objectives.layers import LAYERS
from verify.objectives.report import CheckReport, Finding
from verify.objectives.sequential import SUITE, Budget


def check_objective(
    objective: Callable[..., Any] | Implementation,
    case: AnyCase,
    *,
    returns: Returns,
    reduction: Reduction,
    kind: Kind = "elbo",
    samples: int = 1,
    alpha: float | None = None,
    beta: float = 1.0,
    estimator: Estimator | None = None,
    dtype: DType = "float64",
    plate: bool = True,
    batch_size: int | None = None,
    gradient: Callable[..., Mapping[str, Any]] | Literal["differences"] | None = None,
    noise: Noise | None = None,
    variance: float | Callable[[Any, Any], float] | None = None,
    reference: Reference | None = None,
    evaluations: int = 2048,
    max_draws: int = 1024,
    budget: Budget = SUITE,
) -> CheckReport:
    """Test an objective in one case; returns what was found, raises ObjectiveError at the first property that fails.

    objective    a function of `model`, `q`, `rng`, … (see `implementation.ARGUMENTS`), or an adapter's Implementation
    case         a `strategies.Solved`, a `Case`, or `Unsolved` for a network without exact values
    returns … batch_size  what the objective is declared to compute: see `Objective`
    gradient     a function of the same arguments that returns {coordinate: array} (see `coordinates`), or "differences"
    noise        "none" for a deterministic function, "global" for one that draws from numpy.random itself
    variance     a bound on the variance of one call, in nats² over all data: a number, or a function of model and q
    reference    model, q ↦ the right expectation in nats, in place of the model's own; a proved line of a document is
                 one (see `derivation`)
    evaluations  how many calls one exact expectation may take
    max_draws    how many draws one sequential test may take
    budget       the false-alarm rate of the whole suite, shared by its sequential tests

    Raises ValueError or TypeError for declarations that contradict themselves, NothingComparedError (a ValueError)
    where nothing but the shape of what is returned could be tested: it says what to declare, or to make smaller.
    """
    declared = Objective(returns, reduction, kind, samples, alpha, beta, estimator, dtype, plate, batch_size)
    differences = gradient == "differences"
    function = gradient if callable(gradient) else None
    implementation = objective if isinstance(objective, Implementation) else PlainObjective(objective, function, noise)
    settings = Settings(evaluations, max_draws, budget, variance, reference, differences)
    return check(Inquiry(implementation, declared, case, settings))


def check(inquiry: Inquiry) -> CheckReport:
    """Run all layers.  Raises ObjectiveError at the first property that fails, NothingComparedError where none but
    those of structure could be tested."""
    report = _found(inquiry)
    failure = report.failure
    if failure is not None:
        raise ObjectiveError(report, lambda: explain(inquiry, failure))
    if not report.compares:
        raise NothingComparedError(report)
    return report


def examine(inquiry: Inquiry) -> CheckReport:
    """Run the layers up to the first failure, and explain it; raises nothing for a wrong objective."""
    report = _found(inquiry)
    return report if report.failure is None else replace(report, likely=explain(inquiry, report.failure))


def _found(inquiry: Inquiry) -> CheckReport:
    """All findings up to the first failure."""
    found: list[Finding] = []
    for layer in LAYERS.values():
        for finding in layer(inquiry):
            found.append(finding)
            if finding.status == "failed":
                return CheckReport(inquiry.objective, repr(inquiry.case), tuple(found))
    return CheckReport(inquiry.objective, repr(inquiry.case), tuple(found))
