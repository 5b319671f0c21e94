"""The rule ``ring``: two terms are equal as polynomials over opaque atoms.

Atoms are whatever is no sum, product, quotient or whole power.  Both terms are expanded in SymPy's exact polynomial
ring over the rationals.  The step before ⊑ after is then true as it stands, except that

  * a denominator must not be zero, unless every quotient of ``after`` stands in ``before`` as it is;
  * multiplying a sum out needs a finite factor: ∞·(2 − 1) is not 2∞ − ∞;
  * after must not itself contain an A − A with A infinite.  In ``before`` that is harmless: A − A ⊑ 0.

These are the premises the rule asks for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

from sympy import QQ, Basic, Rational
from sympy.polys.rings import PolyRing

from derive.conditions import Condition, finite, positive
from derive.terms.binding import fingerprint, flatten
from derive.terms.meaning import is_finite, is_nonnegative
from derive.terms.nodes import Number, Plus, Power, Quotient, Term, Times

Polynomial: TypeAlias = Any  # an element of a SymPy polynomial ring
MAX_POWER = 64
MAX_TERMS = 20_000


class NotEqualError(ValueError):
    """The two terms are not equal as polynomials over their atoms."""


@dataclass
class _Atoms:
    """The generators of the ring: atoms and, at odd places, their inverses."""

    terms: list[Term] = field(default_factory=list)
    index: dict[str, int] = field(default_factory=dict)

    def number(self, term: Term) -> int:
        key = fingerprint(term)
        if key not in self.index:
            self.index[key] = len(self.terms)
            self.terms.append(term)
        return self.index[key]


@lru_cache(maxsize=64)
def _ring(atoms: int) -> Any:
    return PolyRing([f"a{i}" for i in range(2 * atoms)], QQ)


def ring_premises(before: Term, after: Term, where: Iterable[Term] = (), over: Iterable[Any] = ()) -> list[Condition]:
    """What before ⊑ after needs, given the positive factors and bound variables around it.

    Raises NotEqualError where the two are not equal as polynomials.
    """
    if fingerprint(before) == fingerprint(after):
        return []  # only the brackets differ
    context = tuple(where)
    for opaque in (True, False):
        atoms = _Atoms()
        _collect(before, atoms, opaque)
        _collect(after, atoms, opaque)
        ring = _ring(len(atoms.terms))
        left, right = _Expansion(atoms, ring, opaque), _Expansion(atoms, ring, opaque)
        p, q = left.expand(before), right.expand(after)
        if opaque and p != q:
            continue
        _cancel_or_raise(p, q, ring)
        premises = [finite(atom, over) for atom in {*left.must_be_finite, *right.must_be_finite}]
        premises += [finite(term, over) for term in _collected(after, atoms, ring, opaque)]
        if not opaque:
            shared = (*context, *_shared_factors(p, q, atoms))
            for divisor in left.denominators(right):
                premises.append(positive(divisor, [w for w in shared if w != divisor or w in context], over))
        return premises
    raise NotEqualError("unreachable")


def _collect(term: Term, atoms: _Atoms, opaque: bool) -> None:
    """Number the atoms of a term."""
    if isinstance(term, Plus | Times):
        for part in term.terms:
            _collect(part, atoms, opaque)
    elif isinstance(term, Quotient) and not opaque:
        _collect(term.numerator, atoms, opaque)
        _collect(term.denominator, atoms, opaque)
        if isinstance(term.denominator, Plus):
            atoms.number(term.denominator)
    elif isinstance(term, Power) and _expands(term, opaque):
        _collect(term.base, atoms, opaque)
    elif not isinstance(term, Number):
        atoms.number(term)


def _whole(exponent: Basic) -> int | None:
    """The exponent as a whole number of sensible size."""
    if isinstance(exponent, Number) and exponent.value.denominator == 1 and abs(exponent.value) <= MAX_POWER:
        return int(exponent.value)
    return None


def _expands(power: Power, opaque: bool) -> bool:
    """Whether a power is multiplied out: whole exponents, negative ones only where denominators are."""
    exponent = _whole(power.exponent)
    return exponent is not None and (exponent >= 0 or not opaque)


class _Expansion:
    """Multiplies one term out and remembers what had to be finite or non-zero for it."""

    def __init__(self, atoms: _Atoms, ring: Any, opaque: bool) -> None:
        self.atoms, self.ring, self.opaque = atoms, ring, opaque
        self.must_be_finite: set[Term] = set()
        self.inverted: dict[str, Term] = {}

    def expand(self, term: Term) -> Polynomial:
        match term:
            case Number():
                return self.ring(Rational(term.value.numerator, term.value.denominator))
            case Plus():
                return sum((self.expand(part) for part in term.terms), self.ring(0))
            case Times():
                return self._product([self.expand(part) for part in flatten(term)])
            case Quotient() if not self.opaque:
                return self._product([self.expand(term.numerator), self.inverse(term.denominator)])
            case Power() if _expands(term, self.opaque):
                exponent = _whole(term.exponent) or 0
                one = self.expand(term.base) if exponent >= 0 else self.inverse(term.base)
                return self._product([one] * abs(exponent))
            case _:
                return self.ring.gens[2 * self.atoms.number(term)]

    def inverse(self, term: Term) -> Polynomial:
        match term:
            case Number():
                if term.value == 0:
                    raise NotEqualError("division by zero")
                return self.ring(Rational(term.value.denominator, term.value.numerator))
            case Times():
                return self._product([self.inverse(part) for part in flatten(term)])
            case Quotient():
                return self._product([self.inverse(term.numerator), self.expand(term.denominator)])
            case Power() if _expands(term, self.opaque) and (_whole(term.exponent) or 0) >= 0:
                return self._product([self.inverse(term.base)] * (_whole(term.exponent) or 0))
            case _:
                self.inverted[fingerprint(term)] = term
                return self.ring.gens[2 * self.atoms.number(term) + 1]

    def _product(self, factors: list[Polynomial]) -> Polynomial:
        result = self.ring(1)
        for factor in factors:
            if len(factor) > 1:
                self._demand_finite(result)
            if len(result) > 1:
                self._demand_finite(factor)
            if len(result) * len(factor) > MAX_TERMS:
                raise NotEqualError("too many terms to multiply out")
            result = result * factor
        return result

    def _demand_finite(self, polynomial: Polynomial) -> None:
        for monomial in polynomial.itermonoms():
            present = [self.atoms.terms[i // 2] for i, e in enumerate(monomial) if e and i % 2 == 0]
            self.must_be_finite |= {atom for atom in present if not is_finite(atom)}

    def denominators(self, other: _Expansion) -> list[Term]:
        return list({**self.inverted, **other.inverted}.values())


def _cancel_or_raise(p: Polynomial, q: Polynomial, ring: Any) -> None:
    if p != q and _cancelled(p, ring) != _cancelled(q, ring):
        raise NotEqualError("not equal as polynomials over their atoms")


def _cancelled(polynomial: Polynomial, ring: Any) -> Polynomial:
    """x·x⁻¹ = 1, monomial by monomial."""
    result = ring(0)
    for monomial, coefficient in polynomial.terms():
        reduced = list(monomial)
        for i in range(0, len(reduced), 2):
            common = min(reduced[i], reduced[i + 1])
            reduced[i] -= common
            reduced[i + 1] -= common
        result += ring({tuple(reduced): coefficient})
    return result


def _shared_factors(p: Polynomial, q: Polynomial, atoms: _Atoms) -> list[Term]:
    """Non-negative atoms that divide both polynomials: where one is 0, both are."""
    monomials = [*p.itermonoms(), *q.itermonoms()]
    return [
        term
        for i, term in enumerate(atoms.terms)
        if is_nonnegative(term) and monomials and all(m[2 * i] > 0 for m in monomials)
    ]


def _collected(term: Term, atoms: _Atoms, ring: Any, opaque: bool) -> list[Term]:
    """The infinite atoms that ``term`` would have to collect or cancel by itself: A + 2A, A − A."""
    seen: Counter[tuple[int, ...]] = Counter()
    for monomial in _monomials(term, atoms, ring, opaque):
        wild = tuple(0 if i % 2 or is_finite(atoms.terms[i // 2]) else e for i, e in enumerate(monomial))
        if any(wild):
            seen[wild] += 1
    repeated = [wild for wild, count in seen.items() if count > 1]
    return [atoms.terms[i // 2] for wild in repeated for i, e in enumerate(wild) if e]


def _monomials(term: Term, atoms: _Atoms, ring: Any, opaque: bool) -> list[tuple[int, ...]]:
    """The monomials of a term before equal ones are added up."""
    if isinstance(term, Plus):
        return [monomial for part in flatten(term) for monomial in _monomials(part, atoms, ring, opaque)]
    if isinstance(term, Times):
        result = [tuple([0] * (2 * len(atoms.terms)))]
        for part in flatten(term):
            factors = _monomials(part, atoms, ring, opaque)
            result = [tuple(a + b for a, b in zip(m, n, strict=True)) for m in result for n in factors]
        return result
    return list(_Expansion(atoms, ring, opaque).expand(term).itermonoms())
