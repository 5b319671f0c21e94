"""One row for every model: does log p(x) = ELBO + KL, does a second route find the same log p(x), and how fast.

`python -m verify.models` prints the table; with a model's name it prints that model's formulas and how the gap closes
as q moves to the posterior.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np

from verify.certify import mixture_prior
from verify.decide import Answer, precision
from verify.models import ALL, MixturePrior, SolvableModel, Variational
from verify.models.certified import certified_balance
from verify.models.exact import exact_balance
from verify.models.path import between as between
from verify.models.records import Record

INSTANCES = 20
R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Row:
    """What was measured for one model over several random instances.

    residual      the largest |log p(x) - ELBO - KL| relative to the terms that were summed
    rounding      the largest share of the rounding allowance that was used (below 1: within rounding)
    second_route  how log p(x) is found a second time;  agreement  the largest difference, relative to the terms
    exact         whether the identity was proved in exact arithmetic ("proved": 0 exactly), else "-"
    radius        half-width of a certified enclosure of log p(x) - ELBO - KL at the floats of the instance
    milliseconds  median time for evidence, ELBO and gap together
    """

    name: str
    residual: float
    rounding: float
    second_route: str
    agreement: float
    exact: str
    radius: float
    milliseconds: float


def rows(names: Iterable[str] = ALL, instances: int = INSTANCES, seed: int = 0) -> list[Row]:
    """Measure the named models on random instances of their default shape."""
    return [_row(name, instances, seed) for name in names]


def _row(name: str, instances: int, seed: int) -> Row:
    residual = used = agreement = 0.0
    times = []
    for i in range(instances):
        model, q = _instance(name, seed + i)
        start = time.perf_counter()
        balance = model.balance(q)
        times.append(time.perf_counter() - start)
        magnitude = balance.evidence.magnitude + balance.elbo.magnitude + balance.gap.magnitude
        residual = max(residual, abs(balance.residual) / magnitude)
        used = max(used, abs(balance.residual) / balance.rounding)
        difference = abs(balance.evidence.value - model.log_evidence_independent())
        agreement = max(agreement, difference / balance.evidence.magnitude)
    route, milliseconds = ALL[name].formulas.second_route, 1e3 * float(np.median(times))
    return Row(name, residual, used, route, agreement, _exactness(name, seed), _radius(name, seed), milliseconds)


def _instance(name: str, seed: int) -> tuple[SolvableModel[Any], Variational]:
    rng = np.random.default_rng(seed)
    model = ALL[name].random(rng)
    return model, model.random_q(rng)


def _exactness(name: str, seed: int) -> str:
    """On the smallest shape, with whole shape parameters: what exact arithmetic says of log p(x) = ELBO + KL."""
    rng = np.random.default_rng(seed)
    model = ALL[name].random(rng, **{argument: low for argument, (low, _) in ALL[name].shapes.items()})
    try:
        balance = exact_balance(with_whole_shapes(model), with_whole_shapes(model.random_q(rng)))
    except TypeError:
        return "-"
    return "proved" if balance.identity.answer is Answer.EQUAL else "-"


def _radius(name: str, seed: int) -> float:
    """The half-width of the certified residual of the first instance, in its smallest shape."""
    rng = np.random.default_rng(seed)
    model = ALL[name].random(rng, **{argument: low for argument, (low, _) in ALL[name].shapes.items()})
    if isinstance(model, MixturePrior):
        return _integrated(model, rng)
    q = model.random_q(rng)
    try:
        return exact_balance(model, q).radius()
    except TypeError:
        return certified_balance(model, q).residual.radius


def _integrated(model: MixturePrior, rng: np.random.Generator) -> float:
    """Where even the ELBO needs an integral: one point, two components, and a q with one component."""
    share = Fraction(float(model.weights[0]))
    means, variances = model.means[:2].tolist(), model.variances[:2].tolist()
    result = mixture_prior(float(model.x[0]), model.likelihood_variance, (share, 1 - share), (means[0], means[1]),
                           (variances[0], variances[1]), rng.normal(), rng.uniform(0.3, 1.5))  # fmt: skip
    with precision(256):
        return float((result.log_evidence.ball() - result.elbo.ball() - result.kl.ball()).rad())


def with_whole_shapes(record: R) -> R:
    """Gamma, beta and Dirichlet shape parameters rounded up to whole numbers, where their log-gammas are exact."""
    names = {"a", "b", "shape", "concentration"} & record.arrays().keys()
    return record.replace(**{name: np.ceil(getattr(record, name)) for name in names})


HEADER = ("model", "residual", "of rounding", "second route", "agreement", "exact", "radius", "ms")


def render(table: Iterable[Row]) -> str:
    """The table as text."""
    cells = [_cells(row) for row in table]
    widths = [max(len(row[i]) for row in [HEADER, *cells]) for i in range(len(HEADER))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [HEADER, *cells]]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _cells(row: Row) -> tuple[str, ...]:
    numbers = f"{row.residual:.1e}", f"{row.rounding:.3f}"
    certified = row.exact, f"{row.radius:.0e}"
    return row.name, *numbers, row.second_route, f"{row.agreement:.1e}", *certified, f"{row.milliseconds:.2f}"


def describe(name: str, seed: int = 0) -> str:
    """A model's formulas, and how ELBO and gap change as q moves on a straight line to the posterior."""
    model, q = _instance(name, seed)
    f = model.formulas
    formulas = [("joint", f.joint), ("evidence", f.evidence), ("ELBO", f.elbo), ("gap", f.gap)]
    lines = [model.title, *(f"  {label:9} {latex}" for label, latex in formulas), f"  second    {f.second_route}", ""]
    best = "the best q known in the family, which is not the posterior"
    target = "the posterior" if model.contains_posterior else best
    lines += [f"q on a straight line to {target}:", f"  {'t':>8}  {'ELBO':>18}  {'gap':>12}  {'ELBO + gap':>18}"]
    for t in (0.0, 0.5, 0.9, 0.99, 0.999, 1.0):
        balance = model.balance(between(q, model.posterior_q(), t))
        elbo, gap = balance.elbo.value, balance.gap.value
        lines.append(f"  {t:>8}  {elbo:>18.12f}  {gap:>12.4e}  {elbo + gap:>18.12f}")
    evidence, second = model.log_evidence(), model.log_evidence_independent()
    return "\n".join([*lines, f"  log p(x)  {evidence:>18.12f}  by {f.second_route}: {second:.12f}"])
