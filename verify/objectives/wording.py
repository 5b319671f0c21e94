"""A failure in words: the answer first, then the smallest evidence, then the likely cause and how to see it again."""

from __future__ import annotations

from collections.abc import Iterator

from verify.objectives.report import CheckReport, Finding

_LABEL = 11


def failure_message(report: CheckReport) -> str:
    """The text of an ObjectiveError.  The report must contain a failure."""
    failure = report.failure
    if failure is None:
        raise ValueError("the report has no failure")
    return "\n".join([failure.message, *_evidence(failure, report), *_likely(report), *_rebuild(report)])


def _line(label: str, text: str) -> str:
    return f"  {label:{_LABEL}}{text}"


def _evidence(failure: Finding, report: CheckReport) -> Iterator[str]:
    yield _line("declared", f'{report.objective.title}, returns="{report.objective.returns}", '
                f'reduction="{report.objective.reduction}"')  # fmt: skip
    yield _line("property", f"{failure.property}   [{failure.layer}{_route(failure)}]")
    if failure.expected is not None:
        yield _line("expected", f"{failure.expected:.10g} nats")
    if failure.found is not None:
        yield _line("found", f"{failure.found:.10g} nats{_deviation(failure)}")
    for name in ("parameter", "seed", "e-value", "draws"):
        if name in failure.detail:
            yield _line(name, str(failure.detail[name]))
    yield _line("case", report.case)


def _route(failure: Finding) -> str:
    route = failure.detail.get("route")
    calls = f"{failure.evaluations} evaluation" + ("s" if failure.evaluations != 1 else "")
    return f", {route}{f', {calls}' if failure.evaluations else ''}" if route else ""


def _deviation(failure: Finding) -> str:
    deviation, tolerance = failure.deviation, failure.tolerance
    if deviation is None:
        return ""
    allowed = f", allowed {tolerance:.1e}" if tolerance is not None else ""
    return f"   (deviation {deviation:+.6g}{allowed})"


def _likely(report: CheckReport) -> Iterator[str]:
    if len(report.likely) == 1:
        yield _line("likely", report.likely[0])
    elif report.likely:
        yield _line("likely", "one of these; all of them explain the deviation:")
        yield from (_line("", f"- {sentence}") for sentence in report.likely)


def _rebuild(report: CheckReport) -> Iterator[str]:
    if report.case.startswith("strategies."):
        yield _line("again", f"from verify import strategies; case = {report.case}")
