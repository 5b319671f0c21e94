r"""Which names are laws, and how they are used: inferred from the whole document before any formula is given a meaning.

A law's name is split into the name proper and its parameters: P_\theta is the law P with parameter θ, P_x and
p_{data} are names of their own.  Two spellings are one law if they differ in case only, or if one leaves the parameters
out, and are never used for different things (in one formula, or with the same arguments).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field

from derive.reading.meaning.spelling import key_of, latex_of, subscript_parts
from derive.reading.statements import Formula
from derive.reading.survey import PARAMETER_LETTERS, Survey
from derive.reading.syntax import (
    Apply,
    BigOperator,
    Divergence,
    Equation,
    Expect,
    IntegralOver,
    Labelled,
    Member,
    Mul,
    Name,
    Node,
    Optimum,
    Sampled,
    Symbol,
    Tuple_,
)
from derive.reading.walk import walk
from derive.writing.notation import GREEK

Signature = tuple[tuple[str, ...], tuple[str, ...]]  # variable keys left and right of the bar
_NOT_LAWS = frozenset(["H", "I", "D", "KL", "ELBO", "Var", "Cov"])


@dataclass
class LawUse:
    """How one law is written and used."""

    latex: str
    signatures: Counter[Signature] = field(default_factory=Counter)
    formulas: set[int] = field(default_factory=set)
    parameters: Counter[tuple[str, ...]] = field(default_factory=Counter)
    spelled: set[str] = field(default_factory=set)
    sampled: Counter[Signature] = field(default_factory=Counter)  # x ~ P: what P draws, if nothing else says it
    places: dict[tuple[Signature | None, tuple[str, ...]], set[int]] = field(default_factory=dict)

    def place(self, signature: Signature | None, parameters: tuple[str, ...], formula: int) -> None:
        """Notes a formula in which the law stands with these arguments (None: without any) and these parameters."""
        self.places.setdefault((signature, parameters), set()).add(formula)


@dataclass
class Roles:
    """What the names of a document are.

    laws        key -> how it is used (aliases folded in)
    aliases     key -> the key it is read as
    implied     law key -> parameters that are understood where they are left out
    doubtful    of these the laws that may be another law where the parameters are left out
    distinct    laws that are another law where their parameters are left out
    variables   keys of arguments of laws, in order of first use
    bound       how often each variable is integrated, summed or averaged over
    free        how often each is left free in a law
    summed      variables that a Σ runs over; integrated: those under an ∫
    examples    letters i of x^(i); enumerated: those that some Σ_i runs over; counted: N -> the letters i of Σ_{i=1}^N
    parameters  keys of parameters
    functions   names applied to variables as f(x), with the variables of each use (None: something else than variables)
    """

    survey: Survey
    laws: dict[str, LawUse] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    implied: dict[str, tuple[str, ...]] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    distinct: set[str] = field(default_factory=set)
    variables: dict[str, str] = field(default_factory=dict)
    bound: Counter[str] = field(default_factory=Counter)
    free: Counter[str] = field(default_factory=Counter)
    summed: set[str] = field(default_factory=set)
    integrated: set[str] = field(default_factory=set)
    examples: set[str] = field(default_factory=set)
    enumerated: set[str] = field(default_factory=set)
    counted: dict[str, set[str]] = field(default_factory=dict)
    own_divergence: bool = False  # the text says what D(p ‖ q) is
    parameters: dict[str, str] = field(default_factory=dict)
    functions: dict[str, list[tuple[str, ...] | None]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)  # laws found in an earlier pass over the document
    latent: tuple[str, ...] = ()
    observed: tuple[str, ...] = ()

    # ------------------------------------------------------------ questions

    @property
    def indices(self) -> set[str]:
        r"""The letters i for which x^{(i)} is written, and \sum_i."""
        return self.examples & self.enumerated

    def is_law(self, name: Name) -> bool:
        """Whether a name stands for a law."""
        if self.law_key(name) in self.laws or self.law_key(name) in self.known:
            return True
        return self.survey.is_law(name.base) and name.base not in _NOT_LAWS and name.font != "cal"

    def law_key(self, name: Name) -> str:
        key = key_of(name, self.split(name)[0])
        return self.aliases.get(key, key)

    def split(self, name: Name) -> tuple[list[Node], list[Name]]:
        """What stands below a law's name: parts of the name, and parameters."""
        own, parameters = [], []
        for part in subscript_parts(name):
            if isinstance(part, Name) and self.is_parameter(part):
                parameters.append(part)
            else:
                own.append(part)
        return own, parameters

    def is_parameter(self, name: Name) -> bool:
        """Greek letters that no law draws, and what the text declares."""
        key = key_of(name)
        if key in self.variables:
            return False
        return key in self.parameters or key in self.indices or name.base in PARAMETER_LETTERS

    def apart(self) -> Roles:
        """The other reading: a doubtful law without its parameters is a law of its own."""
        other = deepcopy(self)
        other.separate(self.doubtful)
        return other

    def separate(self, laws: Iterable[str]) -> None:
        """From here on these laws are other laws where their parameters are left out."""
        for key in tuple(laws):
            self.implied.pop(key, None)
            self.doubtful.discard(key)
            self.distinct.add(key)

    def signature(self, law: str, wanted: Iterable[str] | None = None) -> Signature | None:
        """The most usual arguments of a law; ``wanted`` are the variables it must draw."""
        use = self.laws.get(law)
        if use is None:
            return None
        chosen = set(wanted) if wanted is not None else None
        known = use.signatures or use.sampled
        fitting = [s for s in known if chosen is None or set(s[0]) == chosen]
        return max(fitting, key=lambda s: (known[s], -len(s[0]))) if fitting else None


def infer_roles(formulas: Iterable[Formula], survey: Survey, sentences: Mapping[int, int] | None = None) -> Roles:
    """The roles of all names of a document.

    ``sentences`` maps where a formula begins to where its sentence does, if another formula stands before it there.
    """
    roles = Roles(survey)
    collected = list(formulas)
    for _ in range(2):  # the second pass knows which names are variables
        roles.known |= set(roles.laws)
        roles.laws.clear()
        roles.functions.clear()
        roles.bound.clear()
        roles.free.clear()
        for formula in collected:
            number = (sentences or {}).get(formula.span.start, formula.span.start)
            for statement in formula.statements:
                for side in statement.sides:
                    if side is not None:
                        _Reader(roles, number).read(side)
    _fold_case(roles)
    _fold_parameters(roles)
    roles.latent, roles.observed = _latent_and_observed(roles)
    return roles


class _Reader:
    """Collects what one side says about names."""

    def __init__(self, roles: Roles, formula: int) -> None:
        self.roles, self.formula = roles, formula

    def read(self, side: Node) -> None:
        for node in walk(side):
            match node:
                case Apply(head=Name() as head) if self.roles.is_law(head):
                    self._law(head, node)
                case Apply(head=Name() as head):
                    self._function(head, node)
                case Divergence():
                    for part in (node.left, node.right):
                        self._bare(part)
                case Expect():
                    for under in node.under:
                        self._under(under)
                case IntegralOver():
                    for variable in names_in(node.variables):
                        self.roles.bound[key_of(variable)] += 1
                        self.roles.integrated.add(key_of(variable))
                case Name(superscript=Tuple_(items=(Name() as letter,))):
                    self.roles.examples.add(key_of(letter))
                case BigOperator(kind="sum", under=Equation(left=Name() as letter), upper=upper):
                    self.roles.enumerated.add(key_of(letter))
                    if isinstance(upper, Name):
                        self.roles.counted.setdefault(key_of(upper), set()).add(key_of(letter))
                case BigOperator(kind="sum") if node.under is not None and not isinstance(
                    node.under, Equation | Member
                ):
                    for variable in names_in([node.under]):
                        self.roles.bound[key_of(variable)] += 1
                        self.roles.summed.add(key_of(variable))
                        self.roles.enumerated.add(key_of(variable))
                case Optimum():
                    for name in optimised(node.over):
                        if not self.roles.is_law(name):
                            self.roles.parameters.setdefault(key_of(name), latex_of(name))
                case Sampled():
                    self._bare(node.law)

    def _law(self, head: Name, node: Apply) -> None:
        at, given, parameters = arguments_of(node)
        behind = [v for v in names_in(given) if self._is_parameter_behind(v, at)]
        below = (*self._parameters(head), *(key_of(p) for p in [*behind, *names_in(parameters)]))
        use = self._use(head, below)
        at_keys = tuple(key_of(v) for v in names_in(at))
        given_keys = tuple(key_of(v) for v in names_in(given) if not self.roles.is_parameter(v))
        use.signatures.update([(at_keys, given_keys)] if at_keys else [])  # q(·|x) does not say what q draws
        use.place((at_keys, given_keys), below, self.formula)
        drawn = {key_of(v) for v in names_in(at)}
        for variable in names_in([*at, *given]):
            key = key_of(variable)
            if key not in drawn and self.roles.is_parameter(variable):
                continue
            self.roles.variables.setdefault(key, latex_of(variable))
            self.roles.free[key] += 1
        for name in names_in(parameters):
            self.roles.parameters.setdefault(key_of(name), latex_of(name))

    def _function(self, head: Name, node: Apply) -> None:
        arguments = [key_of(v) for v in names_in([a.value for a in node.arguments])]
        known = tuple(arguments) if all(a in self.roles.variables for a in arguments) and arguments else None
        key = key_of(head)
        uses = self.roles.functions.setdefault(key, [])
        if known not in uses:
            uses.append(known)

    def _is_parameter_behind(self, name: Name, at: list[Node]) -> bool:
        """θ in p(x | θ), but not where a law draws it."""
        drawn = {key_of(v) for v in names_in(at)}
        return key_of(name) not in drawn and self.roles.is_parameter(name)

    def _use(self, head: Name, below: tuple[str, ...] | None = None) -> LawUse:
        """``below``: its parameters, where there are others than those in the subscript."""
        own, parameters = self.roles.split(head)
        key = key_of(head, own)
        use = self.roles.laws.setdefault(key, LawUse(latex_of(head, own)))
        use.formulas.add(self.formula)
        use.parameters[tuple(key_of(p) for p in parameters) if below is None else below] += 1
        for parameter in parameters:
            self.roles.parameters.setdefault(key_of(parameter), latex_of(parameter))
        return use

    def _parameters(self, head: Name) -> tuple[str, ...]:
        return tuple(key_of(parameter) for parameter in self.roles.split(head)[1])

    def _bare(self, node: Node) -> None:
        """A law without arguments, as in KL(q ‖ p)."""
        for part in node.factors if isinstance(node, Mul) else (node,):
            if isinstance(part, Labelled):
                self._bare(part.body)
            elif isinstance(part, Name):
                self._use(part).place(None, self._parameters(part), self.formula)
            elif isinstance(part, Apply) and isinstance(part.head, Name):
                self._use(part.head)

    def _under(self, node: Node) -> None:
        if isinstance(node, Sampled):
            self._bare(node.law)
            if isinstance(node.law, Name):
                self._use(node.law).sampled[tuple(key_of(v) for v in names_in(node.variables)), ()] += 1
            for variable in names_in(node.variables):
                self.roles.bound[key_of(variable)] += 1
                self.roles.variables.setdefault(key_of(variable), latex_of(variable))
            return
        for part in node.factors if isinstance(node, Mul) else (node,):
            if isinstance(part, Apply):
                for variable in names_in(arguments_of(part)[0]):
                    self.roles.bound[key_of(variable)] += 1
                if isinstance(part.head, Name):
                    self._use(part.head)
            elif isinstance(part, Name) and self.roles.survey.is_law(part.base):
                self._use(part)


def arguments_of(node: Apply) -> tuple[list[Node], list[Node], list[Node]]:
    """The arguments left of the bar, right of it, and after a semicolon."""
    groups: tuple[list[Node], list[Node], list[Node]] = ([], [], [])
    place = 0
    for argument in node.arguments:
        if argument.mark == "|":
            place = 1
        elif argument.mark in (";", ":"):
            place = 2
        groups[place].append(argument.value)
    return groups


def names_in(nodes: Iterable[Node]) -> Iterator[Name]:
    """The names that a list of arguments consists of (events X = x by their right side)."""
    for node in nodes:
        if isinstance(node, Name):
            yield node
        elif isinstance(node, Equation):
            yield from names_in([node.right])
        elif isinstance(node, Member):
            yield from names_in([node.item])
        elif isinstance(node, Tuple_):
            yield from names_in(node.items)


def optimised(nodes: Iterable[Node]) -> Iterator[Name]:
    """What an optimum ranges over: θ, φ; a law, also where it is written q(z) or q ∈ 𝒬."""
    for node in nodes:
        match node:
            case Member():
                yield from optimised([node.item])
            case Tuple_():
                yield from optimised(node.items)
            case Apply(head=Name() as head):
                yield head
            case Name():
                yield node


# ---------------------------------------------------------------- folding spellings


def _fold_case(roles: Roles) -> None:
    """P_θ and p_θ: one law, unless some formula (or sentence) writes both with the same subscripts."""
    first: dict[str, str] = {}
    for key in list(roles.laws):
        other = first.setdefault(key.lower(), key)
        if other == key:
            continue
        mine, theirs = roles.laws[key], roles.laws[other]
        bare = not mine.signatures or not theirs.signatures  # the law P and its density p
        if mine.formulas & theirs.formulas and not bare:
            continue
        _merge(roles, key, other)


def _merge(roles: Roles, key: str, into: str) -> None:
    mine, theirs = roles.laws.pop(key), roles.laws[into]
    theirs.signatures += mine.signatures
    theirs.sampled += mine.sampled
    theirs.parameters += mine.parameters
    theirs.formulas |= mine.formulas
    for (signature, parameters), formulas in mine.places.items():
        theirs.places.setdefault((signature, parameters), set()).update(formulas)
    theirs.spelled.add(mine.latex)
    roles.aliases[key] = into


def _fold_parameters(roles: Roles) -> None:
    """p(z) beside p_θ(x|z): the parameter is understood, unless one formula writes both of the same arguments.

    Where different formulas do, log p(x) here and log p_θ(x) there, it may be either.
    """
    for key, use in roles.laws.items():
        named = [parameters for parameters in use.parameters if parameters]
        if len(named) > 1:  # θ beside θ^{old}
            named = [parameters for parameters in named if not any("^" in p or "'" in p for p in parameters)]
        if len(named) != 1 or () not in use.parameters:
            continue
        both = [(use.places[s, named[0]], use.places[s, ()]) for s, p in use.places if p and (s, ()) in use.places]
        if any(with_them & without for with_them, without in both):
            roles.distinct.add(key)
            continue
        roles.implied[key] = named[0]
        if both:
            roles.doubtful.add(key)


def _latent_and_observed(roles: Roles) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Latent: the variable bound most often.  Observed: the one left free most often among the others."""
    candidates = [v for v in roles.variables if v not in GREEK]
    bound = [v for v in candidates if roles.bound[v]]
    latent = max(bound, key=lambda v: (roles.bound[v], -candidates.index(v)), default=None)
    others = [v for v in candidates if v != latent]
    observed = max(others, key=lambda v: (roles.free[v], -candidates.index(v)), default=None)
    return (latent,) if latent else (), (observed,) if observed else ()


def is_open(node: Node) -> bool:
    """The dot of q(·|x)."""
    return isinstance(node, Symbol) and node.kind == "cdot"
