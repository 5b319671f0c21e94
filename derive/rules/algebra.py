"""The rule ``ring``: two terms are equal as polynomials over opaque atoms.

Atoms are whatever is no sum, product, quotient or whole power.  Both terms are expanded in SymPy's exact polynomial
ring over the rationals.  Where all atoms are finite and no denominator is 0, that makes the two equal.  The step
before ⊑ after is about all other points as well, where 0 · ∞ may be 0; it is true there under these premises:

  * a denominator is positive and finite, unless every quotient of ``after`` stands in ``before`` as it is.  (Where a
    weight that stands in front of all of ``after`` is 0, and in every monomial of ``before``, both are 0 anyway.)
  * what stands beside a sum is finite: ∞·(2 − 1) is not 2∞ − ∞, and (p·f + 0)·log p is not p·f·log p where p is 0
  * what ``after`` cancels by itself is finite: 0 is not A − A with A infinite.  In ``before`` it is: A − A ⊑ 0
  * an atom of ``after`` is defined, unless it stands in ``before`` as well, beside no other weights: then ``before``
    is defined only where a weight is 0 that makes the atom of ``after`` harmless, too
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

from sympy import QQ, Rational
from sympy.polys.rings import PolyRing

from derive.conditions import Condition, defined, finite, positive
from derive.terms.binding import fingerprint, flatten
from derive.terms.meaning import Null, is_defined, is_finite, is_nonnegative
from derive.terms.nodes import Number, Plus, Power, Quotient, Term, Times, Variable

Polynomial: TypeAlias = Any  # an element of a SymPy polynomial ring
Monomial: TypeAlias = tuple[int, ...]
MAX_POWER = 64
MAX_TERMS = 20_000
ALWAYS = "0"  # a factor that is always 0


class NotEqualError(ValueError):
    """The two terms are not equal as polynomials over their atoms."""


@lru_cache(maxsize=64)
def _ring(atoms: int) -> Any:
    return PolyRing([f"a{i}" for i in range(2 * atoms)], QQ)


def ring_premises(
    before: Term, after: Term, null: Null, where: Iterable[Term] = (), over: Iterable[Variable] = ()
) -> list[Condition]:
    """What before ⊑ after needs, given the positive factors and bound variables around it.

    ``null`` tells of a conditional density what it is given, where that may have density 0.
    Raises NotEqualError where the two are not equal as polynomials.
    """
    if fingerprint(before) == fingerprint(after):
        return []  # only the brackets differ
    algebra, monomials = _equal_in(before, after)
    weights = [*where, *algebra.weights(after, monomials, null)]
    wild = dict.fromkeys([*algebra.beside_sums(before, after), *algebra.repeated(after)])
    premises = [finite(atom, over) for atom in wild]
    for divisor in algebra.divisors(before, after):
        premises += [positive(divisor, weights, over), finite(divisor, over)]
    for atom in algebra.exposed(before, after, weights, null):
        premises += defined(atom, null, weights, over)
    return premises


def _equal_in(before: Term, after: Term) -> tuple[_Algebra, list[Monomial]]:
    """The algebra in which the two are equal, and the monomials of ``before``."""
    for opaque in (True, False):
        algebra = _Algebra.of(before, after, opaque)
        p, q = algebra.expand(before), algebra.expand(after)
        if p == q or (not opaque and algebra.cancelled(p) == algebra.cancelled(q)):
            return algebra, list(p.itermonoms())
    raise NotEqualError("not equal as polynomials over their atoms")


@dataclass
class _Algebra:
    """The polynomial ring over the atoms of some terms; generators are the atoms and, at odd places, their inverses.

    opaque   quotients and negative powers are atoms, too
    """

    opaque: bool
    atoms: list[Term] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def of(before: Term, after: Term, opaque: bool) -> _Algebra:
        algebra = _Algebra(opaque)
        for term in (before, after):
            for place in algebra.places(term):
                key = fingerprint(place.atom)
                if key not in algebra.numbers:
                    algebra.numbers[key] = len(algebra.atoms)
                    algebra.atoms.append(place.atom)
        return algebra

    @property
    def ring(self) -> Any:
        return _ring(len(self.atoms))

    def _generator(self, atom: Term, inverse: bool = False) -> Polynomial:
        return self.ring.gens[2 * self.numbers[fingerprint(atom)] + inverse]

    def exponent(self, power: Power) -> int | None:
        """The exponent of a power that is multiplied out: whole, not 0, and negative only where quotients are."""
        exponent = power.exponent.value if isinstance(power.exponent, Number) else None
        if not exponent or exponent.denominator != 1 or abs(exponent) > MAX_POWER:
            return None
        return None if exponent < 0 and self.opaque else int(exponent)

    # ------------------------------------------------------------ as polynomials

    def expand(self, term: Term) -> Polynomial:
        match term:
            case Number():
                return self.ring(Rational(term.value.numerator, term.value.denominator))
            case Plus():
                return sum((self.expand(part) for part in term.terms), self.ring(0))
            case Times():
                return self._product([self.expand(part) for part in term.terms])
            case Quotient() if not self.opaque:
                return self._product([self.expand(term.numerator), self.inverse(term.denominator)])
            case Power() if (exponent := self.exponent(term)) is not None:
                one = self.expand(term.base) if exponent > 0 else self.inverse(term.base)
                return self._product([one] * abs(exponent))
            case _:
                return self._generator(term)

    def inverse(self, term: Term) -> Polynomial:
        match term:
            case Number() if term.value == 0:
                raise NotEqualError("division by zero")
            case Number():
                return self.ring(Rational(term.value.denominator, term.value.numerator))
            case Times():
                return self._product([self.inverse(part) for part in term.terms])
            case Quotient():
                self.inverse(term.denominator)  # must not be 0 either
                return self._product([self.inverse(term.numerator), self.expand(term.denominator)])
            case Power() if (exponent := self.exponent(term)) is not None:
                one = self.inverse(term.base)
                return self._product([one if exponent > 0 else self.expand(term.base)] * abs(exponent))
            case _:
                return self._generator(term, inverse=True)

    def _product(self, factors: list[Polynomial]) -> Polynomial:
        result = self.ring(1)
        for factor in factors:
            if len(result) * len(factor) > MAX_TERMS:
                raise NotEqualError("too many terms to multiply out")
            result = result * factor
        return result

    def cancelled(self, polynomial: Polynomial) -> Polynomial:
        """x·x⁻¹ = 1, monomial by monomial."""
        return sum((self.ring({_reduced(m): c}) for m, c in polynomial.terms()), self.ring(0))

    # ------------------------------------------------------------ what the premises are about

    def places(self, term: Term, beside: frozenset[str] = frozenset(), below: bool = False) -> Iterator[_Place]:
        """Where the atoms of a term stand; in a denominator (``below``) a sum is an atom."""
        match term:
            case Number():
                return
            case Times():
                factors = flatten(term)
                zeros = [self._zeros(factor) for factor in factors]
                for i, factor in enumerate(factors):
                    yield from self.places(factor, beside.union(*zeros[:i], *zeros[i + 1 :]), below)
            case Power() if (exponent := self.exponent(term)) is not None:
                yield from self.places(term.base, beside, below or exponent < 0)
                if below and exponent < 0:
                    yield from self.places(term.base, beside)
            case Quotient() if below or not self.opaque:
                yield from self.places(term.numerator, beside, below)
                yield from self.places(term.denominator, beside, True)
                if below:
                    yield from self.places(term.denominator, beside)
            case Plus() if not below:
                for part in term.terms:
                    yield from self.places(part, beside)
            case _:
                yield _Place(term, beside, below)

    def _zeros(self, factor: Term) -> frozenset[str]:
        """What is 0 where a factor makes a product 0 whatever multiplies it."""
        match factor:
            case Number():
                return frozenset([ALWAYS]) if factor.value == 0 else frozenset()
            case Quotient() if is_nonnegative(factor) and not self.opaque:
                return frozenset().union(*map(self._zeros, flatten(Times(factor.numerator))))
            case Power() if (self.exponent(factor) or 0) > 0 and is_nonnegative(factor.base):
                return self._zeros(factor.base)
            case _:
                return frozenset([fingerprint(factor)] if is_nonnegative(factor) else [])

    def weights(self, after: Term, monomials: list[Monomial], null: Null) -> list[Term]:
        """The factors in front of all of ``after`` that make it 0, and divide each monomial of ``before``."""
        front = [f.base if isinstance(f, Power) and (self.exponent(f) or 0) > 0 else f for f in flatten(Times(after))]
        atoms = [f for f in front if fingerprint(f) in self.numbers and is_nonnegative(f) and is_defined(f, null)]
        return [a for a in atoms if monomials and all(m[2 * self.numbers[fingerprint(a)]] for m in monomials)]

    def divisors(self, before: Term, after: Term) -> list[Term]:
        """The atoms of denominators, each once."""
        places = [place for term in (before, after) for place in self.places(term) if place.below]
        return list({fingerprint(place.atom): place.atom for place in places}.values())

    def exposed(self, before: Term, after: Term, weights: list[Term], null: Null) -> list[Term]:
        """The atoms of ``after`` that may be undefined where ``before`` is not."""
        positive_ones = {fingerprint(weight) for weight in weights}
        guards: dict[str, list[frozenset[str]]] = {}
        for place in self.places(before):
            guards.setdefault(fingerprint(place.atom), []).append(place.beside - positive_ones)
        return [
            place.atom
            for place in self.places(after)
            if ALWAYS not in place.beside
            and not is_defined(place.atom, null)
            and not any(guard <= place.beside for guard in guards.get(fingerprint(place.atom), ()))
        ]

    def beside_sums(self, before: Term, after: Term) -> Iterator[Term]:
        """The atoms that may be infinite, in what a sum (or what is treated as one) is multiplied with."""
        for term, is_after in ((before, False), (after, True)):
            for factors in self._products(term):
                for i, factor in enumerate(factors):
                    if self._is_sum(factor, is_after):
                        others = (other for j, other in enumerate(factors) if j != i)
                        yield from (p.atom for o in others for p in self.places(o) if not is_finite(p.atom))

    def _products(self, term: Term) -> Iterator[tuple[Term, ...]]:
        """All products in a term, as lists of factors."""
        match term:
            case Times():
                yield flatten(term)
                for factor in flatten(term):
                    yield from self._products(factor)
            case Power() if (exponent := self.exponent(term)) is not None:
                yield (term.base,) * abs(exponent)
                yield from self._products(term.base)
            case Plus():
                for part in term.terms:
                    yield from self._products(part)
            case Quotient() if not self.opaque:
                yield from self._products(term.numerator)
            case _:
                return

    def _is_sum(self, factor: Term, is_after: bool) -> bool:
        """Whether a factor may be 0 although no atom of it is, so that 0 · ∞ is not what its monomials say.

        In ``before`` that is f² as well, which makes a product 0 where f·f does not.
        """
        match factor:
            case Plus():
                return True
            case Quotient() if not self.opaque:
                return self._is_sum(factor.numerator, is_after) or (is_after and not is_nonnegative(factor))
            case Power() if self.exponent(factor) is not None:
                is_square = is_nonnegative(factor) and not is_nonnegative(factor.base)
                return self._is_sum(factor.base, is_after) or (is_square and not is_after)
            case _:
                return False

    def repeated(self, after: Term) -> Iterator[Term]:
        """The atoms that may be infinite, in monomials that ``after`` has to cancel by itself.

        What it only adds up is infinite of one sign: 3·∞ + ∞ is what 4·∞ is.
        """
        signs: dict[Monomial, set[bool]] = {}
        for monomial, rises in self._monomials(after):
            signs.setdefault(monomial, set()).add(rises)
        for monomial, found in signs.items():
            if len(found) > 1:
                atoms = (self.atoms[i // 2] for i, exponent in enumerate(monomial) if exponent)
                yield from (atom for atom in atoms if not is_finite(atom))

    def _monomials(self, term: Term) -> list[tuple[Monomial, bool]]:
        """The monomials of a term before equal ones are added up, and whether their coefficients are positive."""
        match term:
            case Plus():
                return [monomial for part in term.terms for monomial in self._monomials(part)]
            case Times():
                return self._all_products([self._monomials(part) for part in term.terms])
            case Power() if (exponent := self.exponent(term) or 0) > 0:
                return self._all_products([self._monomials(term.base)] * exponent)
            case Quotient() if not self.opaque:
                return self._all_products([self._monomials(term.numerator), _signed(self.inverse(term.denominator))])
            case _:
                return _signed(self.expand(term))

    def _all_products(self, factors: list[list[tuple[Monomial, bool]]]) -> list[tuple[Monomial, bool]]:
        result: list[tuple[Monomial, bool]] = [((0,) * (2 * len(self.atoms)), True)]
        for monomials in factors:
            if len(result) * len(monomials) > MAX_TERMS:
                raise NotEqualError("too many terms to multiply out")
            result = [
                (_reduced(tuple(a + b for a, b in zip(m, n, strict=True))), rises == grows)
                for m, rises in result
                for n, grows in monomials
            ]
        return result


@dataclass(frozen=True)
class _Place:
    """Where an atom stands: beside which non-negative factors, and whether in a denominator."""

    atom: Term
    beside: frozenset[str]
    below: bool


def _signed(polynomial: Polynomial) -> list[tuple[Monomial, bool]]:
    return [(monomial, bool(coefficient > 0)) for monomial, coefficient in polynomial.terms()]


def _reduced(monomial: Monomial) -> Monomial:
    """The monomial with x·x⁻¹ cancelled."""
    reduced = list(monomial)
    for i in range(0, len(reduced), 2):
        common = min(reduced[i], reduced[i + 1])
        reduced[i] -= common
        reduced[i + 1] -= common
    return tuple(reduced)
