"""A theorem as a reader follows it: from the left side to the right, one line per step, each with its reason.

The kernel's chains both run towards the middle: from the left side, and from the right side.  Here the second one is
read backwards.  Detours that lead back to a formula already reached are left out where they need nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from derive.kernel import Theorem
from derive.rules import TABLE
from derive.rules.inferences import INFERENCES
from derive.site import PathError, site
from derive.steps import ProofError, Step, instance
from derive.terms.binding import fingerprint, same
from derive.terms.nodes import Extremum, Number, Term, Times
from derive.writing.mathml import Marked


@dataclass(frozen=True)
class Line:
    """One line of a proof.

    relation   how the formula stands to the one before it: "=", ">=" or "<="
    term       the formula
    step       the kernel's step; ``reversed`` if it is read from after to before
    """

    relation: str
    term: Term
    step: Step
    reversed: bool = False


@dataclass(frozen=True)
class Chain:
    """A start and the lines that follow from it.

    purpose   what the chain is for, where a proof has several ("the bound"); empty otherwise
    skipped   how many of the kernel's steps are left out because they lead back to where they began
    """

    start: Term
    lines: tuple[Line, ...]
    purpose: str = ""
    skipped: int = 0


# ---------------------------------------------------------------- chains


def inference(theorem: Theorem) -> str:
    """The name of the kernel's last conclusion (a key of INFERENCES), or "refine" for a plain chain."""
    parts = theorem.parts
    if theorem.judgement == "argmax-equiv":
        return "same-optimum"
    if not parts:
        return "refine"
    if len(parts) == 1:
        turned = same(parts[0].left, theorem.right) and same(parts[0].right, theorem.left)
        return "turned" if turned else "from-difference"
    if len(parts) > 2:
        return "combine"
    if isinstance(theorem.left, Extremum) and parts[0].judgement in (">=", "<="):
        return "supremum"
    if theorem.judgement == "=":
        return "equal"
    return "order" if theorem.bridge else "optimum"


def chains(theorem: Theorem) -> tuple[Chain, ...]:
    """The proof as chains to be read one after the other."""
    match inference(theorem):
        case "supremum":
            bound, reached = theorem.parts
            return (_chain(bound, "no candidate exceeds the bound"), _chain(reached, "one candidate reaches it"))
        case "same-optimum":
            return (_chain(theorem.parts[0], "the two objectives differ by a constant"),)
        case "from-difference":
            return (_chain(theorem.parts[0], "the difference of the two sides"),)
        case "optimum":
            best, other = theorem.parts
            return (_chain(best, "the objective at its optimum"), _chain(other, "the objective at another value"))
        case "combine":
            whole, rest, *gaps = theorem.parts
            left_out = (named for gap in gaps for named in _named(gap, "what is left out is never negative"))
            return (_chain(whole, "what is left out"), *_named(rest, "without it"), *left_out)
        case "turned" if not theorem.forward and not theorem.bridge and not theorem.backward:
            return chains(theorem.parts[0])
        case _:
            return (_chain(theorem),)


def _named(theorem: Theorem, purpose: str) -> tuple[Chain, ...]:
    return tuple(replace(chain, purpose=chain.purpose or purpose) for chain in chains(theorem))


def _chain(theorem: Theorem, purpose: str = "") -> Chain:
    chain = without_detours(Chain(theorem.left, tuple(_lines(theorem)), purpose))
    upwards = len(chain.lines) > LONG and all(line.reversed and line.relation == "=" for line in chain.lines)
    return _from_the_right(chain) if upwards else chain


LONG = 2  # lines up to which building the right side up from the left one is easier to follow than taking it apart


def _from_the_right(chain: Chain) -> Chain:
    """The same lines, read from the right side down to the left one."""
    terms = [chain.start, *(line.term for line in chain.lines)]
    lines = [Line("=", term, line.step) for term, line in zip(terms, chain.lines, strict=False)]
    purpose = chain.purpose or "from the right side to the left one"
    return Chain(terms[-1], tuple(reversed(lines)), purpose, chain.skipped)


def _lines(theorem: Theorem) -> Iterator[Line]:
    here = theorem.left
    for step in theorem.forward:
        here = step.after
        yield Line("=", here, step)
    for step in theorem.bridge:
        turned = not same(step.before, here)
        here = step.before if turned else step.after
        yield Line(theorem.judgement, here, step, turned)
    for step in reversed(theorem.backward):
        yield Line("=", step.before, step, True)


def without_detours(chain: Chain) -> Chain:
    """Cuts loops of equalities that end at a formula seen before, where no step in them needs anything."""
    prints = [fingerprint(term) for term in (chain.start, *(line.term for line in chain.lines))]
    kept: list[Line] = []
    reached = [prints[0]]
    for line, print_ in zip(chain.lines, prints[1:], strict=True):
        back = reached.index(print_) if print_ in reached else None
        loop = kept[back:] if back is not None else []
        if back is not None and all(_is_free(one) for one in (*loop, line)):
            del kept[back:], reached[back + 1 :]
            continue
        kept.append(line)
        reached.append(print_)
    return Chain(chain.start, tuple(kept), chain.purpose, len(chain.lines) - len(kept))


def _is_free(line: Line) -> bool:
    return line.relation == "=" and not line.step.premises


# ---------------------------------------------------------------- names


def title(rule: str) -> str:
    """What a lecturer would call a rule or an inference."""
    row = TABLE.get(rule) or INFERENCES.get(rule)
    return row.title if row is not None else rule


def why(rule: str) -> str:
    row = TABLE.get(rule) or INFERENCES.get(rule)
    return row.why if row is not None else ""


# from the least telling rule to the most telling one
BOOKKEEPING = (
    "ring", "integral-of-zero", "inner-weight", "definition", "hypothesis", "log-one", "expectation-definition",
    "normalise", "constant-weight",
    "constant-factor", "linearity", "constant-into-mean", "expectation-of-constant", "exp-log", "log-exp", "exp-sum",
    "log-quotient", "log-power", "log-product", "iterate-nonnegative", "iterate", "entropy-definition",
    "kl-definition", "marginalise", "product-rule", "conditional", "multiply-divide",
)  # fmt: skip


def main_rule(theorem: Theorem) -> str:
    """The rule or inference that a reader would name first: an inequality, else the least everyday one."""
    how = inference(theorem)
    if how in ("supremum", "same-optimum", "optimum"):
        return how
    used = [line.step.rule for chain in chains(theorem) for line in chain.lines]
    return max(used, key=_tells) if used else how if how in INFERENCES else "equal"


def _tells(rule: str) -> int:
    row = TABLE.get(rule)
    if row is not None and row.relation != "=":
        return len(BOOKKEEPING) + 1
    return BOOKKEEPING.index(rule) if rule in BOOKKEEPING else len(BOOKKEEPING)


def rules_used(theorem: Theorem) -> tuple[str, ...]:
    """Every rule that the proof cites, in order of first use."""
    return tuple(dict.fromkeys(step.rule for step in steps(theorem)))


def steps(theorem: Theorem) -> Iterator[Step]:
    """All steps of a theorem and of the theorems it was made from."""
    own = (*theorem.forward, *theorem.bridge, *theorem.backward)
    yield from own
    if not own:
        for part in theorem.parts:
            yield from steps(part)


# ---------------------------------------------------------------- what a step changes


def marked(line: Line) -> Term:
    """The line's formula, the part that differs from the line before it marked (unless that is all of it)."""
    step = line.step
    path = step.path if line.reversed else _path_after(step)
    if not path:
        return line.term
    try:
        here = site(line.term, path)
        if not line.reversed and not _is_result(here.part, step):
            return line.term
        return here.replace(_mark(here.part))
    except PathError:
        return line.term


def _path_after(step: Step) -> tuple[int | tuple[int, ...], ...]:
    """Where the changed part stands afterwards: terms picked from a sum come back as its first term."""
    if step.rule != "ring" and step.path and isinstance(step.path[-1], tuple):
        return (*step.path[:-1], 0)
    return step.path


def _is_result(part: Term, step: Step) -> bool:
    if step.rule not in TABLE:
        return True
    try:
        return same(part, instance(TABLE[step.rule], step.substitution, step.backwards)[1])
    except ProofError:
        return False


def _mark(part: Term) -> Term:
    """The minus of a negative term stays outside, where a sum prints it."""
    if isinstance(part, Times) and isinstance(part.terms[0], Number) and part.terms[0].value < 0:
        rest = part.terms[1:]
        return Times(part.terms[0], Marked(rest[0] if len(rest) == 1 else Times(*rest)))
    return Marked(part)
