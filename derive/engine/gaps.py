"""What one side has more than the other and is at least 0: multiples of KL, on their own or in a mean.

A multiple c·KL is split into what stays and what goes, so that E[log p(x|z)] − 4·KL is seen to be E[log p(x|z)] − KL
with 3·KL left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product

from sympy import Basic, Tuple

from derive.claims import Setting
from derive.engine.chain import positions
from derive.engine.collecting import Collected, collect
from derive.engine.joining import along, from_large, inequality_step
from derive.engine.matching import Spaces
from derive.kernel import Theorem, combine, turned
from derive.rules.pattern import is_constant
from derive.site import Path, site
from derive.steps import ProofError, Step
from derive.terms.binding import fingerprint, flatten
from derive.terms.nodes import Divergence, Expectation, Number, Plus, Term, Times, law_variables, negative

Prove = Callable[[Term, Term], Theorem | None]


@dataclass(frozen=True)
class Multiple:
    """A summand coefficient · divergence, and where it stands."""

    path: Path
    coefficient: Term
    divergence: Divergence


def dropped(large: Term, small: Term, setting: Setting, drawn: Spaces) -> Iterator[Step]:
    """One side is the other with a multiple of a KL term left out."""
    del drawn
    large, small = setting.unfold_all(large), setting.unfold_all(small)
    for whole, other, is_large in ((large, small, True), (small, large, False)):
        elsewhere = list(_multiples(other))
        for multiple in _multiples(whole):
            # what goes is at least 0: without it the large side gets smaller, and the small side larger
            rising = site(whole, multiple.path).rising
            if rising is None:
                continue
            sign = 1 if rising == is_large else -1
            for amount in _amounts(multiple, elsewhere, sign):
                step = _leave_out(whole, multiple, amount, sign)
                if step is not None:
                    yield step if is_large else from_large(step)


def _multiples(whole: Term) -> Iterator[Multiple]:
    """The multiples of KL in a term, those with a parameter in the coefficient among them."""
    for path, part in positions(whole):
        if path and isinstance(site(whole, path[:-1]).part, Times):
            continue
        factors = flatten(part) if isinstance(part, Times) else (part,)
        found = [factor for factor in factors if isinstance(factor, Divergence)]
        others = [factor for factor in factors if not isinstance(factor, Divergence)]
        if len(found) == 1 and all(is_constant(factor) for factor in others):
            yield Multiple(path, collect(Times(*others)) if others else Number(1), found[0])


def _amounts(multiple: Multiple, elsewhere: list[Multiple], sign: int) -> Iterator[Term]:
    """How much of the multiple may go: all but what the other side has, all of it, all but one."""
    print_ = fingerprint(multiple.divergence)
    others = [m.coefficient for m in elsewhere if fingerprint(m.divergence) == print_]
    seen: set[str] = set()
    for stays in (*others, Number(0), Number(sign)):
        amount = collect(Times(Number(sign), Plus(multiple.coefficient, negative(stays))))
        if _may_be_positive(amount) and fingerprint(amount) not in seen:
            seen.add(fingerprint(amount))
            yield amount


def _may_be_positive(amount: Term) -> bool:
    """A positive number, or a parameter that may be as large as it needs to be."""
    if isinstance(amount, Number):
        return amount.value > 0
    slopes = [c for monomial, c in Collected.of(amount).coefficients.items() if monomial]
    return any(slope > 0 for slope in slopes)


def _leave_out(whole: Term, multiple: Multiple, amount: Term, sign: int) -> Step | None:
    """The inequality between the whole and the whole without so much of the multiple."""
    stays = collect(Plus(multiple.coefficient, Times(Number(-sign), amount)))
    if isinstance(amount, Number):
        return _number_left_out(whole, multiple, stays, sign * amount.value)
    d = multiple.divergence
    holes: dict[str, Basic] = {"q": d.left, "r": d.right, "Z": Tuple(*law_variables(d.left))}
    before = site(whole, multiple.path).replace(Times(multiple.coefficient, d))
    if stays == Number(0) and sign == 1:
        return inequality_step("gibbs-scaled", before, multiple.path, {**holes, "β": multiple.coefficient})
    more, less = (multiple.coefficient, stays)[::sign]
    return inequality_step("gibbs-multiple", before, multiple.path, {**holes, "β": more, "α": less}, sign < 0)


def _number_left_out(whole: Term, multiple: Multiple, stays: Term, goes: Fraction) -> Step | None:
    """The multiple is split in two first: what stays, and what Gibbs' inequality says is not negative."""
    d = multiple.divergence
    kept = [] if stays == Number(0) else [d if stays == Number(1) else Times(stays, d)]
    gone, below = (d, ()) if goes == 1 else (Times(Number(goes), d), (1,))
    before = site(whole, multiple.path).replace(Plus(*kept, gone) if kept else gone)
    path = (*multiple.path, *((len(kept),) if kept else ()), *below)
    return inequality_step("gibbs", before, path, {"q": d.left, "r": d.right, "Z": Tuple(*law_variables(d.left))})


# ---------------------------------------------------------------- the rest by another inequality


def combined(large: Term, small: Term, setting: Setting, prove: Prove) -> Iterator[Theorem]:
    """A side is a sum with gaps in it, and without them it is still on its side of the other one."""
    plain_large, plain_small = setting.unfold_all(large), setting.unfold_all(small)
    for side, plain, sign in ((large, plain_large, 1), (small, plain_small, -1)):
        for gaps in _choices(plain, sign):
            theorem = _without(side, plain, gaps, sign, setting, prove, plain_small if sign == 1 else plain_large)
            if theorem is not None:
                yield theorem if sign == 1 else turned(theorem)


def mean_of_divergence(large: Term, small: Term, setting: Setting, drawn: Spaces) -> Iterator[Step]:
    """E_q[KL(u ‖ v)], next to others or on its own, is left out of the large side."""
    del small, drawn
    large = setting.unfold_all(large)
    for path, part in positions(large):
        if isinstance(part, Expectation) and isinstance(part.body, Divergence):
            u, v = part.body.left, part.body.right
            y, z = Tuple(*law_variables(u)), Tuple(*law_variables(part.law))
            step = inequality_step("gibbs-mean", large, path, {"u": u, "v": v, "q": part.law, "Y": y, "Z": z})
            if step is not None:
                yield step


Gaps = list[tuple[Number, Term]]


MOST_CHOICES = 6


def _choices(plain: Term, sign: int) -> Iterator[Gaps]:
    """Which gaps may go: all of each or all but one of it; then each on its own."""
    collected = Collected.of(plain)
    multiples = list(_multiples_of_gaps(collected, sign))
    options = [[(amount, gap) for amount in _all_or_all_but_one(coefficient)] for coefficient, gap in multiples]
    together = islice(product(*options), MOST_CHOICES) if multiples else ()
    alone = [((coefficient, gap),) for coefficient, gap in multiples] if len(multiples) > 1 else []
    for choice in (*together, *alone):
        yield [_scaled(amount, gap) for amount, gap in choice]


def _all_or_all_but_one(coefficient: Term) -> list[Term]:
    less = collect(Plus(coefficient, Number(-1)))
    return [coefficient, less] if _may_be_positive(less) else [coefficient]


def _multiples_of_gaps(collected: Collected, sign: int) -> Iterator[tuple[Term, Term]]:
    """Gaps among the summands of a sum, with their coefficients, which may have parameters in them."""
    coefficients: dict[str, list[Term]] = {}
    gaps: dict[str, Term] = {}
    for coefficient, scalars, others in collected.split(is_constant):
        if len(others) == 1 and _is_gap(others[0]):
            key = fingerprint(others[0])
            gaps[key] = others[0]
            coefficients.setdefault(key, []).append(Times(Number(sign * coefficient), *scalars))
    for key, summands in coefficients.items():
        total = collect(Plus(*summands))
        if _may_be_positive(total):
            yield total, gaps[key]


def _scaled(coefficient: Term, gap: Term) -> tuple[Number, Term]:
    return (coefficient, gap) if isinstance(coefficient, Number) else (Number(1), Times(coefficient, gap))


def _is_gap(term: Term) -> bool:
    return isinstance(term, Divergence) or (isinstance(term, Expectation) and _is_gap(term.body))


def _without(
    side: Term, plain: Term, gaps: Gaps, sign: int, setting: Setting, prove: Prove, other: Term
) -> Theorem | None:
    """⊢ side ≥ other (≤ where the sign is −1): side ⊑ rest ± gaps, and the rest is beyond the other side."""
    signed = [Times(Number(sign * scale.value), gap) for scale, gap in gaps]
    rest = collect(Plus(plain, *(Times(Number(-sign * scale.value), gap) for scale, gap in gaps)))
    chain = along(side, Plus(rest, *signed), setting)
    if chain is None:
        return None
    proved = [(scale, theorem) for scale, gap in gaps if (theorem := prove(gap, Number(0))) is not None]
    beyond = prove(rest, other) if sign == 1 else prove(other, rest)
    if beyond is None or len(proved) < len(gaps):
        return None
    try:
        return combine(chain.theorem(), proved, beyond if sign == 1 else turned(beyond))
    except ProofError:
        return None
