"""One row for every model of this package: what was certified, how narrowly, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from statistics import median
from types import MappingProxyType

from verify.certify.models import (
    beta_binomial,
    gamma_poisson,
    logistic_bernoulli,
    logistic_regression_2d,
    mixture_prior,
    normal_normal,
    poisson_lognormal,
)
from verify.certify.result import CertifiedElbo
from verify.decide import precision

_HALF, _FIFTH = Fraction(1, 2), Fraction(1, 5)
BITS = 128
RUNS = 5

CASES: Mapping[str, Callable[[int], CertifiedElbo]] = MappingProxyType(
    {
        "normal–normal": lambda bits: normal_normal(Fraction(13, 10), 0, 1, _HALF, _HALF, 3 * _FIFTH, bits),
        "normal–normal, noise 1e-8": lambda bits: normal_normal(1, 0, 1, Fraction(1, 10**8), 1, _HALF, bits),
        "normal–normal, x = 30": lambda bits: normal_normal(30, 0, 1, Fraction(1, 4), 23, _FIFTH, bits),
        "gamma–Poisson": lambda bits: gamma_poisson(3, 2, 1, 4, 3 * _HALF, bits),
        "beta–binomial": lambda bits: beta_binomial(4, 10, 2, 3, 5, 8, bits),
        "mixture prior": lambda bits: mixture_prior(
            Fraction(7, 10), _HALF, (3 * _FIFTH, 2 * _FIFTH), (-1, 1), (1, 1), _HALF, 1, bits
        ),
        "logistic–Bernoulli": lambda bits: logistic_bernoulli(1, 1, 0, 1, 2 * _FIFTH, 4 * _FIFTH, bits),
        "logistic–Bernoulli, steep": lambda bits: logistic_bernoulli(1, 30, -2, 9, 2 * _FIFTH, _FIFTH, bits),
        "Poisson–log-normal": lambda bits: poisson_lognormal(3, 0, 1, 1, Fraction(1, 3), bits),
    }
)
IN_THE_PLANE: Mapping[str, Callable[[int], CertifiedElbo]] = MappingProxyType(
    {
        "logistic regression, 2-d": lambda bits: logistic_regression_2d(
            [(1, _HALF), (-_HALF, 1)], [1, 0], (0, 0), (1, 1), (_FIFTH, -_FIFTH), (_HALF, _HALF), bits
        )
    }
)


@dataclass(frozen=True)
class Row:
    """What was certified for one case.

    bound         how the ELBO was found to stand to log p(x)
    radius        the largest half-width of the enclosures of log p(x), ELBO, KL and of the residual
    milliseconds  median time, everything included
    """

    name: str
    bound: str
    radius: float
    milliseconds: float


def rows(bits: int = BITS, runs: int = RUNS, names: Iterable[str] = CASES) -> list[Row]:
    """Certify the named cases; those in the plane at half the bits."""
    return [_row(name, bits if name in CASES else bits // 2, runs) for name in names]


def _row(name: str, bits: int, runs: int) -> Row:
    case = {**CASES, **IN_THE_PLANE}[name]
    result, times = case(bits), []  # the first call compiles the integrand
    for _ in range(runs):
        start = time.perf_counter()
        result = case(bits)
        times.append(time.perf_counter() - start)
    enclosures = (result.log_evidence, result.elbo, result.kl)
    return Row(name, result.bound.answer.value, max(*(e.radius for e in enclosures), _residual(result)),
               1e3 * median(times))  # fmt: skip


def _residual(result: CertifiedElbo) -> float:
    """The half-width of log p(x) - ELBO - KL."""
    with precision(256):
        return float((result.log_evidence.ball() - result.elbo.ball() - result.kl.ball()).rad())


def render(table: Iterable[Row]) -> str:
    """The table as text."""
    lines = [f"{'one real latent, integrals':28}  {'ELBO is':8}  {'radius':>7}  {'ms':>7}"]
    lines += [f"{row.name:28}  {row.bound:8}  {row.radius:7.0e}  {row.milliseconds:7.1f}" for row in table]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
