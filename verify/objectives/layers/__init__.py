"""The layers of a check, cheapest first.  Each yields findings; what it cannot apply to it says, with the reason.

    structure    shape, finiteness, the same value from the same seed
    pointwise    at the posterior every draw of a log weight is log p(x)
    expectation  E[value] without sampling against the exact value
    gradients    E[gradient] against the exact gradient
    bounds       below log p(x), gap = KL, equality, monotonicity
    draws        sequential tests where the expectation cannot be had
    relations    pairs of calls on the user's own network
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

from verify.objectives.inquiry import Inquiry
from verify.objectives.layers import bounds, draws, expectation, gradients, pointwise, relations, structure
from verify.objectives.report import Finding

Layer: TypeAlias = Callable[[Inquiry], Iterator[Finding]]

LAYERS: Mapping[str, Layer] = MappingProxyType(
    {layer.NAME: layer.findings for layer in (structure, pointwise, expectation, gradients, bounds, draws, relations)}
)
