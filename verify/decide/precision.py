"""Arb's working precision, set for a block of code and always given back.

python-flint keeps one precision for the whole process (`flint.ctx.prec`): a thread that sets it changes the
arithmetic of every other thread.  All Arb work of this package therefore runs inside `precision(bits)`, which holds
a lock, so that threads take turns, and restores the previous precision on every way out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

from flint import ctx

_TURN = RLock()


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Run the block with `bits` bits of working precision in Arb; blocks nest, threads wait for each other.

    Raises ValueError for fewer than 2 bits.
    """
    if bits < 2:
        raise ValueError(f"a precision of {bits} bits is too small: Arb needs at least 2")
    with _TURN:
        before = ctx.prec
        ctx.prec = bits
        try:
            yield
        finally:
            ctx.prec = before
