"""How the latents of a program lie in rows of plain numbers: coordinates on the line, then codes of finite values.

Where a plate encloses every latent, a row is that of one index of the plate, a piece; the pieces are independent.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

_MOST_CODES = 4096


@dataclass(frozen=True, eq=False)
class Continuous:
    """A continuous site; `first` and `size` say which coordinates of a piece are its own, `shape` is a piece's.

    transform  from the line to the site's support, as the library has it
    """

    name: str
    transform: Any
    shape: tuple[int, ...]
    first: int
    size: int


@dataclass(frozen=True, eq=False)
class Finite:
    """A finite site and its values; `first` and `size` say which codes of a piece are its own."""

    name: str
    values: npt.NDArray[Any]
    shape: tuple[int, ...]
    first: int
    size: int


@dataclass(frozen=True, eq=False)
class Latents:
    """The latents of one piece.

    axis    the dimension of the plate that encloses everything, counted from the right; None where there is none
    pieces  how many independent pieces there are
    finite  finite sites of the guide;  summed  those of the model alone, which its densities sum over
    """

    axis: int | None
    pieces: int
    continuous: Sequence[Continuous]
    finite: Sequence[Finite]
    summed: Sequence[Finite]

    @property
    def dimensions(self) -> int:
        """Continuous coordinates of one piece."""
        return sum(site.size for site in self.continuous)

    @cached_property
    def codes(self) -> npt.NDArray[Any]:
        """All values of the guide's finite sites in one piece, shape (codes, entries)."""
        return _combinations(self.finite)

    @cached_property
    def hidden(self) -> npt.NDArray[Any]:
        """All values of the model's own finite sites in one piece."""
        return _combinations(self.summed)


def _combinations(sites: Sequence[Finite]) -> npt.NDArray[Any]:
    supports = [site.values.tolist() for site in sites for _ in range(site.size)]
    count = math.prod(len(values) for values in supports)
    if count > _MOST_CODES:
        raise ValueError(f"the finite latents have {count} values together; enumeration reaches {_MOST_CODES}")
    return np.array(list(itertools.product(*supports)), dtype=np.float64).reshape(count, len(supports))
