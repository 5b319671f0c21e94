"""The syntax tree: a formula as it is written, before anybody asks what it means.

Every node carries the span of the source it was read from, so that a message can point at it.  The tree keeps what
the author wrote (a fraction stays a fraction, a bare law stays bare); names become laws, functions or variables only
later, when the whole document is known.

Node is one side of a statement, or a part of one; statements.py puts the sides together.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import Literal, TypeAlias, TypeVar, dataclass_transform


@dataclass(frozen=True, slots=True)
class Span:
    """Characters start..end (end excluded) of the document's text, counted from 0."""

    start: int
    end: int

    def join(self, other: Span) -> Span:
        return Span(min(self.start, other.start), max(self.end, other.end))


Class = TypeVar("Class")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def node(cls: type[Class]) -> type[Class]:
    """A frozen dataclass with slots; it takes the repr of Spanned, as making forty more would slow every start."""
    return dataclass(frozen=True, slots=True, repr=False)(cls)


@node
class Spanned:
    """What every node has: the part of the document it was read from (two nodes are equal wherever they stand)."""

    span: Span = field(compare=False)

    def __repr__(self) -> str:
        shown = (f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if f.name != "span")
        return f"{type(self).__name__}({', '.join(shown)})"


# ---------------------------------------------------------------- leaves


@node
class Num(Spanned):
    """A number: 3, 0.5, ½."""

    value: Fraction


@node
class Name(Spanned):
    r"""A name with what is attached to it: P_\theta, \hat p, z^{(i)}, q^*, x_{1:T}, \mathcal L, \text{ELBO}.

    base         the letter or word, fonts dropped: "P", "theta", "z", "ELBO"
    font         "" or the font that makes it another letter: "cal", "bb", "word" (an upright word of several letters)
    accents      hat, tilde, bar, … from the inside out
    subscript    what stands below, as a tree
    superscript  what stands above and is part of the name ("*", "(i)", a prime, T), never a power; (i) is a Tuple_ of
                 one item, several marks are a Tuple_ of them
    """

    base: str
    font: str = ""
    accents: tuple[str, ...] = ()
    subscript: Node | None = None
    superscript: Node | None = None


@node
class Symbol(Spanned):
    """A mark with a meaning of its own, most of them superscripts of a name.

    kind  "cdot" (an argument left open), "dots", "infty", "star", "prime", "top" (transposed), "dagger", "diamond",
          "plus", "minus", "emptyset"
    """

    kind: str


@node
class Constant(Spanned):
    r""" "+ const", "+ C": something that does not depend on what matters."""

    text: str


# ---------------------------------------------------------------- arithmetic


@node
class Add(Spanned):
    """terms[0] ± terms[1] …; a minus is a Neg among the terms."""

    terms: tuple[Node, ...]


@node
class Neg(Spanned):
    """A minus before one term."""

    body: Node


@node
class Mul(Spanned):
    r"""Factors side by side or joined by \cdot, \times."""

    factors: tuple[Node, ...]


@node
class Frac(Spanned):
    r"""A quotient: \frac{a}{b}, a/b, {a \over b}."""

    numerator: Node
    denominator: Node


@node
class Pow(Spanned):
    """base to the power of exponent."""

    base: Node
    exponent: Node


@node
class Factorial(Spanned):
    """body!"""

    body: Node


# ---------------------------------------------------------------- application


@node
class Argument(Spanned):
    """One argument and the mark before it: "" for the first, then ",", "|", ";", ":" or "=" …"""

    mark: str
    value: Node


@node
class Apply(Spanned):
    """head(arguments): a law, a function, an entropy, an information; which, the document decides later.

    The arguments keep their separators in order: p(x, z | y ; θ) is ["" x, "," z, "|" y, ";" θ].
    An event X = x inside the brackets is an Equation node.
    """

    head: Node
    arguments: tuple[Argument, ...]


@node
class Function(Spanned):
    """A function every reader knows: log, exp, sqrt, sin, det, tr, Var, Cov, diag, softplus, max(a, b) …

    Also "lim", "binom", "inner" (⟨a, b⟩), "interval", "partial" (a lone ∂x), and "hat", "tilde", "bar" …
    where an accent stands over more than a name.

    base: the small number at a log (log_2), the law under Var_q, the index of a norm or a root, what stands under lim;
    None otherwise.
    """

    name: str
    arguments: tuple[Node, ...]
    base: Node | None = None


@node
class Equation(Spanned):
    """left = right inside brackets or under an operator: X=x, i=1."""

    left: Node
    right: Node


@node
class Tuple_(Spanned):
    r"""(a, b) or a, b where one thing stands for several: \arg\max_{\theta, q}, \theta^*, q^*."""

    items: tuple[Node, ...]


@node
class Range(Spanned):
    r"""Several indices at once, in a subscript: 1:T, <t, \le t, \setminus j (also -j and \neq j: all but j).

    mark   ":", "<", "<=", ">", ">=" or "without"
    first  None for every mark but ":"; an end left out (:t, t:) is None too
    """

    mark: Literal[":", "<", "<=", ">", ">=", "without"]
    first: Node | None
    last: Node | None


@node
class Set_(Spanned):
    r"""\{ … \}: a set, with the condition after a bar or colon and the limits attached (as in \{x_i\}_{i=1}^n)."""

    items: tuple[Node, ...]
    condition: Node | None = None
    lower: Node | None = None
    upper: Node | None = None


@node
class Abs(Spanned):
    """|body| ("abs") or ‖body‖ ("norm")."""

    kind: Literal["abs", "norm"]
    body: Node


# ---------------------------------------------------------------- probability


@node
class Sampled(Spanned):
    """variables ~ law, below an expectation; iid where it says so there.  (As a statement it is a Relation "~".)"""

    variables: tuple[Node, ...]
    law: Node
    iid: bool = False


@node
class Expect(Spanned):
    r"""E_{subscript}[body | given]; ⟨body⟩_{subscript}.

    under      what stands below the E: Sampled nodes, laws (with or without arguments), variables; empty if nothing;
               E_{z|x} gives z and the Argument "|" x
    bracketed  False for an expectation without brackets, whose body is the rest of the term
    """

    under: tuple[Node, ...]
    body: Node
    given: tuple[Node, ...] = ()
    bracketed: bool = True


@node
class Divergence(Spanned):
    r"""head(left ‖ right): D_{KL}, KL, D, D_f, D_\alpha, TV, \chi^2, JS.

    kind  "KL", "JS", "TV" or "chi2" where the head says so, otherwise "" (D alone, D_f, D_\alpha: see the head)
    """

    kind: str
    head: Name
    left: Node
    right: Node


@node
class IntegralOver(Spanned):
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


@node
class BigOperator(Spanned):
    r"""\sum or \prod (kind) with what stands below and above.

    under: Name (\sum_z), Tuple_ (\sum_{x,z}), Equation (\sum_{i=1}), Member (\sum_{x \in D}), Compare (j<k), or None
    """

    kind: Literal["sum", "prod"]
    under: Node | None
    upper: Node | None
    body: Node


@node
class Member(Spanned):
    r"""item \in set."""

    item: Node
    group: Node


@node
class Compare(Spanned):
    r"""left < right, i \neq j … where it is not a claim but a range: below an operator, in a condition."""

    relation: str
    left: Node
    right: Node


@node
class Optimum(Spanned):
    """argmax, argmin, max, min, sup, inf over the names (and Member/Compare nodes) written below."""

    kind: Literal["argmax", "argmin", "max", "min", "sup", "inf"]
    over: tuple[Node, ...]
    body: Node


@node
class Gradient(Spanned):
    r"""\nabla_{variables} body, \frac{\partial}{\partial x} body, \partial_x body."""

    variables: tuple[Node, ...]
    body: Node


@node
class Labelled(Spanned):
    r"""\underbrace{body}_{label}, \overbrace, \boxed: a remark attached to a part."""

    body: Node
    label: str


@node
class Unreadable(Spanned):
    """A part that could not be read, and why.  A side that contains one makes its claims unread.

    The span is all that was given up; at is where the trouble stands, for the caret.
    """

    message: str
    hint: str = ""
    at: Span | None = field(default=None, compare=False)


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
    | Range
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
