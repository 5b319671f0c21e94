"""A syntax tree as a term, with the roles of the document.

What cannot be given a meaning raises an ElaborationError that points at the part and says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from sympy import Basic

from derive.reading.meaning.data import by_data, index_of, indexed
from derive.reading.meaning.laws import ElaborationError
from derive.reading.meaning.quantities import ANONYMOUS, QuantityElaborator
from derive.reading.meaning.roles import is_open, names_in, optimised
from derive.reading.meaning.sides import is_plain_divergence
from derive.reading.meaning.spelling import is_arbitrary, is_parameter_like, key_of, latex_of
from derive.reading.syntax import (
    Add,
    Apply,
    BigOperator,
    Constant,
    Divergence,
    Equation,
    Expect,
    Frac,
    Function,
    Labelled,
    Member,
    Mul,
    Name,
    Neg,
    Node,
    Num,
    Optimum,
    Pow,
    Sampled,
    Set_,
    Symbol,
    Tuple_,
    Unreadable,
)
from derive.reading.syntax import IntegralOver as SyntaxIntegral
from derive.terms import nodes as t
from derive.terms.binding import free_variables


@dataclass
class Elaborator(QuantityElaborator):
    """Gives syntax trees their meaning.

    functions     abstract functions that the text has spoken of
    """

    functions: set[str] = field(default_factory=set)
    averaged: list[frozenset[str]] = field(default_factory=list)  # what the expectations around a part draw

    # ------------------------------------------------------------ terms

    def side(self, node: Node) -> t.Term:
        """The term that a side stands for.  Raises ElaborationError."""
        return by_data(self.term(node), self.roles)

    def term(self, node: Node) -> t.Term:
        """The term that a part stands for.  Raises ElaborationError."""
        match node:
            case Num():
                return t.Number(node.value)
            case Add():
                return t.Plus(*(self.term(part) for part in node.terms))
            case Neg(body=Num() as number):
                return t.Number(-number.value)
            case Neg():
                return t.negative(self.term(node.body))
            case Mul():
                return self._product(node)
            case Frac(numerator=Num() as above, denominator=Num() as below) if below.value:
                return t.Number(above.value / below.value)
            case Frac():
                return t.Quotient(self.term(node.numerator), self.term(node.denominator))
            case Pow():
                return self._power(node)
            case Labelled():
                return self.term(node.body)
            case Set_(items=(only,), condition=None, lower=None, upper=None):
                return self.term(only)
            case Name():
                return self._name(node)
            case Apply():
                return self._application(node)
            case Function():
                return self._function(node)
            case Unreadable():
                raise ElaborationError(node.message, node.span)
            case _:
                return self._operator(node)

    def _operator(self, node: Node) -> t.Term:
        match node:
            case Expect():
                return self._expectation(node)
            case Divergence():
                return self._divergence(node)
            case SyntaxIntegral():
                return self._integral(node)
            case BigOperator():
                return self._big_operator(node)
            case Optimum():
                return self._optimum(node)
            case Symbol(kind="cdot"):
                return self.remember(t.Variable("Y"), r"\cdot")
            case Constant():
                raise ElaborationError("a constant that is not named cannot be checked", node.span)
            case Tuple_():
                raise ElaborationError("several things stand where one value is wanted", node.span)
            case _:
                words = type(node).__name__.rstrip("_").lower()
                raise ElaborationError(f"{_article(words)} is not understood yet", node.span)

    def _product(self, node: Mul) -> t.Term:
        dot = next((part for part in node.factors if is_open(part)), None)
        if dot is not None:
            raise ElaborationError("this dot multiplies nothing", dot.span)
        return t.Times(*(self.term(part) for part in node.factors))

    def _power(self, node: Pow) -> t.Term:
        if isinstance(node.base, Name) and key_of(node.base) == "e":
            return t.Exp(self.term(node.exponent))
        return t.Power(self.term(node.base), self.term(node.exponent))

    def _function(self, node: Function) -> t.Term:
        arguments = [self.term(argument) for argument in node.arguments]
        if node.name == "log" and len(arguments) == 1:
            log = t.Log(arguments[0])
            return log if node.base is None else t.Quotient(log, t.Log(self.term(node.base)))
        if node.name == "exp" and len(arguments) == 1:
            return t.Exp(arguments[0])
        if node.name == "sqrt" and len(arguments) == 1:
            return t.Power(arguments[0], t.Number(Fraction(1, 2)))
        raise ElaborationError(f"the function {node.name} is not understood yet", node.span)

    # ------------------------------------------------------------ names

    def _name(self, node: Name) -> t.Term:
        key = key_of(node)
        if key in self.opaque:
            return self.remember(t.Named(key), latex_of(node))
        if key in self.definitions or self._defined(node) is not None:
            return self._named(node, ())
        if key == "e":
            return t.Exp(t.Number(1))
        if key in self.roles.variables:
            return self.variable(node)
        if key in self.roles.functions:
            return self._bare_function(node)
        if self.roles.is_law(node):
            return self.density(node)
        if self.roles.is_parameter(node) or is_parameter_like(node):
            return self.remember(t.Parameter(key), latex_of(node))
        if self.averaged and len(node.base) == 1 and node.base.isupper() and not node.font:
            return self.variable(node)
        return self.remember(t.Named(key), latex_of(node))

    def _defined(self, node: Name) -> tuple[str, list[Name]] | None:
        """The defined name that this is, and its parameters below: J_θ as J with θ."""
        own, parameters = self.roles.split(node)
        key = key_of(node, own)
        return (key, parameters) if key in self.definitions else None

    def _named(self, node: Name, arguments: tuple[Basic, ...]) -> t.Named:
        key, below = self._defined(node) or (key_of(node), [])
        if key_of(node) in self.definitions:
            key, below = key_of(node), []
        given = (*(self.parameter(p) for p in below), *arguments)
        definition = self.definitions[key]
        if not given and definition.formals:
            given = definition.formals
        if len(given) != len(definition.formals):
            raise ElaborationError(
                f"{latex_of(node)} is defined with {len(definition.formals)} arguments and used with {len(given)}",
                node.span,
            )
        return t.Named(key, *given)

    # ------------------------------------------------------------ applications

    def _application(self, node: Apply) -> t.Term:
        head = node.head
        if not isinstance(head, Name):
            return t.Times(self.term(head), self._only_argument(node))
        if key_of(head) in self.definitions or self._defined(head) is not None:
            return self._named(head, tuple(self.argument(a.value) for a in node.arguments))
        if self.is_known_quantity(node):
            return self._entropy(node) if self._is_entropy(node) else self.quantity(node)
        if self.roles.is_law(head):
            return self.density(node)
        key = key_of(head)
        if key in self.opaque or not is_arbitrary(head):
            return self.remember(t.Named(key), latex_of(head))
        arguments = [self.term(a.value) for a in node.arguments if a.mark in ("", ",")]
        if len(arguments) != len(node.arguments):
            raise ElaborationError(f"{latex_of(head)}(…) is no law that this document uses", node.span)
        self.functions.add(key)
        self.latex.setdefault(key, latex_of(head))
        return t.Function(key, *arguments)

    def _bare_function(self, node: Name) -> t.Term:
        """T for T(x): a function without arguments stands for itself at its usual ones."""
        key = key_of(node)
        uses = self.roles.functions[key]
        arguments = uses[0] if len(uses) == 1 else next((u for u in uses if u and set(u) in self.averaged[-1:]), None)
        if arguments is None or not is_arbitrary(node):
            raise ElaborationError(f"{latex_of(node)} stands here without its arguments", node.span)
        self.functions.add(key)
        self.latex.setdefault(key, latex_of(node))
        return t.Function(key, *(t.Variable(k, k.rstrip("'")) for k in arguments))

    def _only_argument(self, node: Apply) -> t.Term:
        if len(node.arguments) != 1:
            raise ElaborationError("this is applied to several arguments, but it is no function", node.span)
        return self.term(node.arguments[0].value)

    def argument(self, node: Node) -> Basic:
        """An argument of a defined name: a law, a parameter, a variable."""
        if isinstance(node, Name):
            if self.roles.is_law(node) and key_of(node) not in self.roles.variables:
                return self.law_name(node)
            if key_of(node) in self.roles.variables:
                return self.variable(node)
            return self.parameter(node)
        return self.term(node)

    # ------------------------------------------------------------ expectations and divergences

    def _expectation(self, node: Expect) -> t.Term:
        if node.given:
            raise ElaborationError("a conditional expectation is not understood yet", node.span)
        law = self._law_under(node)
        self.averaged.append(frozenset(v.name for v in t.law_variables(law)) if law is not None else frozenset())
        try:
            body = self.term(node.body)
        finally:
            self.averaged.pop()
        if law is None:
            law = self._anonymous(body, node)
        if not t.is_law(law):
            raise ElaborationError("what stands below the expectation is no law", node.span)
        return t.Expectation(body, law)

    def _law_under(self, node: Expect) -> t.Term | None:
        factors: list[t.Term] = []
        for under in node.under:
            if isinstance(under, Sampled):
                variables = tuple(self.variable(v) for v in under.variables)
                factors.append(self._drawn(variables, under))
            elif isinstance(under, Name) and key_of(under) in self.roles.variables:
                factors.append(self._law_of(under))
            else:
                factors.append(self.law(under))
        if not factors:
            return None
        return factors[0] if len(factors) == 1 else t.Times(*factors)

    def _drawn(self, variables: tuple[t.Variable, ...], node: Sampled) -> t.Term:
        """z ~ q, z ~ q(z|x): the law must draw the variables."""
        law = self.law(node.law, variables)
        drawn = t.law_variables(law)
        if set(drawn) != set(variables):
            names = ", ".join(v.name for v in drawn)
            raise ElaborationError(f"the law draws {names}, which is not what stands before ~", node.span)
        return law

    def _law_of(self, variable: Name) -> t.Density:
        """E_x: the one law that draws x alone."""
        key = key_of(variable)
        laws = [law for law, use in self.roles.laws.items() if any(s == ((key,), ()) for s in use.signatures)]
        if len(laws) != 1:
            raise ElaborationError(f"from which law {latex_of(variable)} is drawn is not said", variable.span)
        implied = tuple(t.Parameter(p) for p in self.roles.implied.get(laws[0], ()))
        return t.Density(t.Law(laws[0], *implied), (self.variable(variable),))

    def _anonymous(self, body: t.Term, node: Expect) -> t.Density:
        """E[Y] with no law: the law of the random variables inside."""
        inside = sorted(free_variables(body), key=lambda v: v.name)
        chance = [v for v in inside if v.name[:1].isupper()] or inside
        if not chance:
            raise ElaborationError("an expectation of something that is not random", node.span)
        return t.Density(t.Law(ANONYMOUS), tuple(chance))

    def _divergence(self, node: Divergence) -> t.Term:
        if node.kind != "KL" or (self.roles.own_divergence and is_plain_divergence(node)):
            raise ElaborationError(f"the divergence {latex_of(node.head)} is not understood yet", node.span)
        left, right = self._paired(node.left, node.right)
        if not t.is_law(left) or not t.is_law(right):
            raise ElaborationError("a divergence compares two laws", node.span)
        if set(t.law_variables(left)) != set(t.law_variables(right)):
            raise ElaborationError("the two laws of this divergence draw different variables", node.span)
        return t.Divergence(left, right)

    def _paired(self, left: Node, right: Node) -> tuple[t.Term, t.Term]:
        """Both laws; one without arguments draws what the other draws."""
        if isinstance(left, Name) and (not isinstance(right, Name) or not self._draws(left)):
            second = self.law(right)
            return self.law(left, t.law_variables(second)), second
        first = self.law(left)
        return first, self.law(right, t.law_variables(first))

    def _draws(self, name: Name) -> bool:
        """Whether the text says somewhere what a law draws."""
        return self.roles.signature(self.roles.law_key(name)) is not None

    def is_known_quantity(self, node: Apply) -> bool:
        """Whether H(…) or I(…) has a meaning of its own, which no definition can change."""
        return self._is_entropy(node) or self.is_quantity(node)

    def _is_entropy(self, node: Apply) -> bool:
        if len(node.arguments) != 1 or not isinstance(node.head, Name) or node.head.base != "H":
            return False
        argument = node.arguments[0].value
        if isinstance(argument, Apply) and isinstance(argument.head, Name):
            return self.roles.is_law(argument.head)
        return (
            isinstance(argument, Name) and self.roles.is_law(argument) and key_of(argument) not in self.roles.variables
        )

    def _entropy(self, node: Apply) -> t.Term:
        return t.Entropy(self.law(node.arguments[0].value))

    # ------------------------------------------------------------ integrals, sums, optima

    def _integral(self, node: SyntaxIntegral) -> t.Term:
        body = self.term(node.body)
        variables = [self.variable(v) for v in names_in(node.variables)]
        if not variables:
            raise ElaborationError("over which variable is integrated is not written", node.span)
        everything = _is_everything(node.domain, node.upper, [v.name for v in variables])
        if not everything and not self._is_other_variable(node):
            raise ElaborationError("an integral over a part of the space is not understood yet", node.span)
        return t.Integral(body, *variables)

    def _is_other_variable(self, node: SyntaxIntegral) -> bool:
        r"""\int_z f dx: the differential says over what is integrated, whatever letter stands below."""
        below = node.domain
        return isinstance(below, Name) and node.upper is None and key_of(below) in self.roles.variables

    def _big_operator(self, node: BigOperator) -> t.Term:
        index = index_of(node, self.roles)
        if index is not None:
            return t.Integral(indexed(self.term(node.body), index), self.remember(index, index.name))
        under = node.under
        if isinstance(under, Member) and _is_everything(under.group, None, [key_of(v) for v in names_in([under.item])]):
            under = under.item  # z ∈ 𝒵
        if node.kind != "sum" or node.upper is not None or isinstance(under, Equation | Member) or under is None:
            raise ElaborationError("sums and products over an index are not understood yet", node.span)
        variables = list(names_in([under]))
        if not variables or not all(key_of(v) in self.roles.variables for v in variables):
            raise ElaborationError("sums and products over an index are not understood yet", node.span)
        return t.Integral(self.term(node.body), *(self.variable(v) for v in variables))

    def _optimum(self, node: Optimum) -> t.Term:
        candidates = [self._candidate(name) for name in optimised(node.over)]
        if not candidates:
            raise ElaborationError("over what is optimised is not written", node.span)
        kind = t.ArgExtremum if node.kind.startswith("arg") else t.Extremum
        return kind(node.kind, self.term(node.body), *candidates)

    def _candidate(self, name: Name) -> Basic:
        if key_of(name) in self.roles.functions:
            raise ElaborationError("an optimum over functions is not understood yet", name.span)
        if self.roles.is_law(name):
            return t.Law(self.law_name(name).args[0])
        return self.parameter(name)


def _is_everything(domain: Node | None, upper: Node | None, variables: list[str]) -> bool:
    """Whether bounds leave nothing out: none, −∞ and ∞, ℝᵈ, or 𝒵 for z."""
    match domain:
        case None:
            return upper is None
        case Neg(body=Symbol(kind="infty")):
            return isinstance(upper, Symbol) and upper.kind == "infty"
        case Pow(base=Name() as base):
            return upper is None and base.font == "bb"
        case Name(font="bb" | "cal" | "scr", subscript=None):
            letters = {name.split("_")[0] for name in variables}
            return upper is None and (domain.base == "R" or letters == {domain.base.lower()})
        case _:
            return False


def _article(words: str) -> str:
    return f"{'an' if words[:1] in 'aeiou' else 'a'} {words}"
