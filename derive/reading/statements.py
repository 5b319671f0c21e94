"""What a formula says: chains of sides joined by relations, with the words beside them.

Formula     one piece of mathematics of the document: its rows, split into statements
Statement   a chain of sides joined by relations, with the reason written beside it
Relation    one sign of the chain; every claim of a document stands at such a sign
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from derive.reading.syntax import Node, Spanned, node

RelationSign: TypeAlias = Literal[
    "=", ">=", "<=", ">", "<", "!=", ":=", "=:", "approx", "propto", "~", "in", "<<", "->", "=>", "<=>", "subset", ":"
]


@node
class Relation(Spanned):
    r"""A relation sign of a chain.

    marked  True where the sign itself says "definition" (:=, \equiv, \triangleq, \stackrel{def}{=})
    above   what is written over or under it (\overset{(a)}{=}), as text; "iid" at a ~ that says so
    reason  the prose beside its row (\text{…}, a && column)
    tag     the tag or label of its row

    "->" is an arrow (\to, \mapsto), ":" the colon of f : A \to B, "subset" is \subseteq.  "=>" and "<=>" bind less than
    all other signs of a chain.
    """

    sign: RelationSign
    marked: bool = False
    above: str = ""
    reason: str = ""
    tag: str = ""


@node
class Statement(Spanned):
    r"""side₀ relation₁ side₁ …, in reading order.

    sides      one more than relations; sides[0] is None where the row begins with a relation and so continues the
               chain before it
    relations  empty for an expression that claims nothing
    reasons    prose inside or beside the formula (\text{…}, a && column), in order
    lead       the last words of running text before the formula or before this statement ("where", "let", "so")
    tag        the first tag or label written on it

    A comma-separated side is a Tuple_.  The side before a ~ may end in an Argument "|" (x | z \sim …).  An independence
    X \perp Y | Z is an Apply of the name "perp" and no relation.
    """

    sides: tuple[Node | None, ...]
    relations: tuple[Relation, ...] = ()
    reasons: tuple[str, ...] = ()
    lead: str = ""
    tag: str = ""


@node
class Warning_(Spanned):
    """Something read with doubt: an unknown macro, an integral without dz, an expectation without brackets."""

    message: str


@node
class Note(Spanned):
    """Something written that carries no mathematics: a colour, a box, a label, a comment, a phantom."""

    kind: str
    text: str


@node
class Formula(Spanned):
    """One formula of the document.

    display     False for inline mathematics
    cell        the notebook cell, from 0; None elsewhere
    statements  what it says, in order
    notes       what was set aside as carrying no mathematics
    """

    statements: tuple[Statement, ...]
    display: bool
    cell: int | None = None
    warnings: tuple[Warning_, ...] = ()
    notes: tuple[Note, ...] = ()
