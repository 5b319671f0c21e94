"""The syntax tree: a formula as it is written, before anybody asks what it means.

Every node carries the span of the source it was read from, so that a message can point at it.  The tree keeps what
the author wrote (a fraction stays a fraction, a bare law stays bare); names become laws, functions or variables only
later, when the whole document is known.

    Formula     one piece of mathematics of the document: its rows, split into statements
    Statement   a chain of sides joined by relations, with the reason written beside it
    Node        one side, or a part of one
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Span:
    """Characters start..end (end excluded) of the document's text, counted from 0."""

    start: int
    end: int

    def join(self, other: Span) -> Span:
        return Span(min(self.start, other.start), max(self.end, other.end))


@dataclass(frozen=True, slots=True)
class _Spanned:
    span: Span = field(compare=False, repr=False)


# ---------------------------------------------------------------- leaves


@dataclass(frozen=True, slots=True)
class Num(_Spanned):
    """A number: 3, 0.5, ½."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Name(_Spanned):
    r"""A name with what is attached to it: P_\theta, \hat p, z^{(i)}, q^*, x_{1:T}, \mathcal L, \text{ELBO}.

    base         the letter or word, fonts dropped: "P", "theta", "z", "ELBO"
    font         "" or the font that makes it another letter: "cal", "bb", "word" (an upright word of several letters)
    accents      hat, tilde, bar, … from the inside out
    subscript    what stands below, as a tree
    superscript  what stands above and is part of the name ("*", "(i)", a prime, T), never a power
    """

    base: str
    font: str = ""
    accents: tuple[str, ...] = ()
    subscript: Node | None = None
    superscript: Node | None = None


@dataclass(frozen=True, slots=True)
class Symbol(_Spanned):
    """A mark with a meaning of its own: "cdot" (an argument left open), "dots", "infty", "star", "prime"."""

    kind: str


@dataclass(frozen=True, slots=True)
class Constant(_Spanned):
    r""" "+ const", "+ C": something that does not depend on what matters."""

    text: str


# ---------------------------------------------------------------- arithmetic


@dataclass(frozen=True, slots=True)
class Add(_Spanned):
    """terms[0] ± terms[1] …; a minus is a Neg among the terms."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Neg(_Spanned):
    body: Node


@dataclass(frozen=True, slots=True)
class Mul(_Spanned):
    r"""Factors side by side or joined by \cdot, \times."""

    factors: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Frac(_Spanned):
    r"""A quotient: \frac{a}{b}, a/b, {a \over b}."""

    numerator: Node
    denominator: Node


@dataclass(frozen=True, slots=True)
class Pow(_Spanned):
    base: Node
    exponent: Node


@dataclass(frozen=True, slots=True)
class Factorial(_Spanned):
    body: Node


# ---------------------------------------------------------------- application


@dataclass(frozen=True, slots=True)
class Argument(_Spanned):
    """One argument and the mark before it: "" for the first, then ",", "|", ";", ":" or "=" …"""

    mark: str
    value: Node


@dataclass(frozen=True, slots=True)
class Apply(_Spanned):
    """head(arguments): a law, a function, an entropy, an information; which, the document decides later.

    The arguments keep their separators in order: p(x, z | y ; θ) is ["" x, "," z, "|" y, ";" θ].
    An event X = x inside the brackets is an Equation node.
    """

    head: Node
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Function(_Spanned):
    """A function every reader knows: log, exp, sqrt, sin, det, tr, Var, Cov, diag, softplus, max(a, b) …

    base: the small number at a log (log_2), or the law under Var_q; None otherwise.
    """

    name: str
    arguments: tuple[Node, ...]
    base: Node | None = None


@dataclass(frozen=True, slots=True)
class Equation(_Spanned):
    """left = right inside brackets or under an operator: X=x, i=1."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Tuple_(_Spanned):
    r"""(a, b) or a, b where one thing stands for several: \arg\max_{\theta, q}, \theta^*, q^*."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Set_(_Spanned):
    r"""\{ … \}: a set, with the condition after a bar or colon and the limits attached (as in \{x_i\}_{i=1}^n)."""

    items: tuple[Node, ...]
    condition: Node | None = None
    lower: Node | None = None
    upper: Node | None = None


@dataclass(frozen=True, slots=True)
class Abs(_Spanned):
    """|body| ("abs") or ‖body‖ ("norm")."""

    kind: Literal["abs", "norm"]
    body: Node


# ---------------------------------------------------------------- probability


@dataclass(frozen=True, slots=True)
class Sampled(_Spanned):
    """variables ~ law, under an expectation or as a statement of its own; iid where the text says so."""

    variables: tuple[Node, ...]
    law: Node
    iid: bool = False


@dataclass(frozen=True, slots=True)
class Expect(_Spanned):
    r"""E_{subscript}[body | given]; ⟨body⟩_{subscript}.

    under      what stands below the E: Sampled nodes, laws (with or without arguments), variables; empty if nothing
    bracketed  False for an expectation without brackets, whose body is the rest of the term
    """

    under: tuple[Node, ...]
    body: Node
    given: tuple[Node, ...] = ()
    bracketed: bool = True


@dataclass(frozen=True, slots=True)
class Divergence(_Spanned):
    r"""head(left ‖ right): D_{KL}, KL, D, D_f, D_\alpha, TV, \chi^2, JS; kind is "KL" where that is certain."""

    kind: str
    head: Name
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class IntegralOver(_Spanned):
    r"""\int_domain body dvariables.

    variables       from the differentials, or from the subscript where it is a variable (\int_z)
    domain          the subscript where it is not a variable (\int_{\mathcal Z}, \int_{S_q}), lower bounds included
    upper           the upper bound
    differentials   False where the integral was written without any dz
    """

    variables: tuple[Node, ...]
    body: Node
    domain: Node | None = None
    upper: Node | None = None
    differentials: bool = True


@dataclass(frozen=True, slots=True)
class BigOperator(_Spanned):
    r"""\sum or \prod (kind) with what stands below and above.

    under: Name (\sum_z), Tuple_ (\sum_{x,z}), Equation (\sum_{i=1}), Member (\sum_{x \in D}), Compare (j<k), or None
    """

    kind: Literal["sum", "prod"]
    under: Node | None
    upper: Node | None
    body: Node


@dataclass(frozen=True, slots=True)
class Member(_Spanned):
    r"""item \in set."""

    item: Node
    group: Node


@dataclass(frozen=True, slots=True)
class Compare(_Spanned):
    r"""left < right, i \neq j … where it is not a claim but a range: below an operator, in a condition."""

    relation: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Optimum(_Spanned):
    """argmax, argmin, max, min, sup, inf over the names (and Member/Compare nodes) written below."""

    kind: Literal["argmax", "argmin", "max", "min", "sup", "inf"]
    over: tuple[Node, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class Gradient(_Spanned):
    r"""\nabla_{variables} body, \frac{\partial}{\partial x} body, \partial_x body."""

    variables: tuple[Node, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class Labelled(_Spanned):
    r"""\underbrace{body}_{label}, \overbrace, \boxed: a remark attached to a part."""

    body: Node
    label: str


@dataclass(frozen=True, slots=True)
class Unreadable(_Spanned):
    """A part that could not be read, and why.  A side that contains one makes its claims unread."""

    message: str
    hint: str = ""


Node: TypeAlias = (
    Num
    | Name
    | Symbol
    | Constant
    | Add
    | Neg
    | Mul
    | Frac
    | Pow
    | Factorial
    | Argument
    | Apply
    | Function
    | Equation
    | Tuple_
    | Set_
    | Abs
    | Sampled
    | Expect
    | Divergence
    | IntegralOver
    | BigOperator
    | Member
    | Compare
    | Optimum
    | Gradient
    | Labelled
    | Unreadable
)

# ---------------------------------------------------------------- statements

RelationSign: TypeAlias = Literal[
    "=", ">=", "<=", ">", "<", "!=", ":=", "=:", "approx", "propto", "~", "in", "<<", "->", "=>", "<=>"
]


@dataclass(frozen=True, slots=True)
class Relation(_Spanned):
    r"""A relation sign of a chain.

    marked  True where the sign itself says "definition" (:=, \equiv, \triangleq, \stackrel{def}{=})
    above   what is written over it (\overset{(a)}{=}), as text
    """

    sign: RelationSign
    marked: bool = False
    above: str = ""


@dataclass(frozen=True, slots=True)
class Statement(_Spanned):
    """side₀ relation₁ side₁ …, in reading order.

    sides      one more than relations; sides[0] is None where the row begins with a relation and so continues the
               chain before it
    relations  empty for an expression that claims nothing
    reasons    prose inside or beside the formula (\\text{…}, a && column), in order
    lead       the last words of running text before the formula or before this statement ("where", "let", "so")
    """

    sides: tuple[Node | None, ...]
    relations: tuple[Relation, ...] = ()
    reasons: tuple[str, ...] = ()
    lead: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Warning_(_Spanned):
    """Something read with doubt: an unknown macro, an integral without dz, an expectation without brackets."""

    message: str


@dataclass(frozen=True, slots=True)
class Formula(_Spanned):
    """One formula of the document.

    display     False for inline mathematics
    cell        the notebook cell, from 0; None elsewhere
    statements  what it says, in order
    """

    statements: tuple[Statement, ...]
    display: bool
    cell: int | None = None
    warnings: tuple[Warning_, ...] = ()
