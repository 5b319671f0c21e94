"""What ``jensen rules`` and ``jensen explain RULE`` print.  Everything is taken from the rule table.

A page has fixed headings: statement, why, use, needs, equality, example, mistakes, reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from textwrap import fill

from derive.rules import TABLE
from derive.rules.inferences import INFERENCES, Inference
from derive.rules.rule import Need, Rule
from derive.writing import text
from verify.report.examples import example, latex_statement, statement
from verify.report.wording import sign

WIDTH = 80
EVERY: Mapping[str, Rule | Inference] = {**TABLE, **INFERENCES}


class UnknownRuleError(ValueError):
    """No rule has that name; the message names those that come close."""


# ---------------------------------------------------------------- the table


def rules_table() -> str:
    """All rules, each with its statement and its title."""
    equations = [rule for rule in TABLE.values() if rule.relation == "="]
    inequalities = [rule for rule in TABLE.values() if rule.relation != "="]
    blocks = [
        ("Inequalities", _rows(inequalities)),
        ("Equations", _rows(equations)),
        ("Computed steps and conclusions", [(row.name, row.statement, row.title) for row in INFERENCES.values()]),
    ]
    lines = [line for heading, rows in blocks for line in _block(heading, rows)]
    return "\n".join([*lines, "jensen explain RULE says more about one of them."]) + "\n"


def _rows(rules: Iterable[Rule]) -> list[tuple[str, str, str]]:
    return [(rule.name, statement(rule), rule.title) for rule in rules]


def _block(heading: str, rows: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    width = max(map(len, EVERY)) + 2
    yield heading
    for name, said, title in rows:
        yield _wrapped(said, f"  {name:<{width}}", " " * (width + 4))
        yield f"  {'':<{width}}{title}"
    yield ""


# ---------------------------------------------------------------- one rule


def rule_page(name: str) -> str:
    """The page of one rule, by its name or its title.  Raises UnknownRuleError, naming what comes close."""
    wanted = EVERY.get(name) or next((row for row in EVERY.values() if row.title == name), None)
    if wanted is None:
        close = get_close_matches(name.lower(), EVERY, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}?" if close else "jensen rules lists them all"
        raise UnknownRuleError(f"there is no rule {name!r}; {hint}")
    sections = _inference(wanted) if isinstance(wanted, Inference) else _rule(wanted)
    head = f"{wanted.name}: {wanted.title}"
    return "\n".join([head, "=" * len(head), *(line for heading, body in sections for line in _section(heading, body))])


def _section(heading: str, body: Sequence[str]) -> Iterator[str]:
    if body:
        yield f"\n{heading}"
        for line in body:  # formulas and what is indented stay on one line
            yield f"    {line}" if line[:1] == " " or "\\" in line else _wrapped(line, "    ", "    ")
    if heading == "Reference":
        yield ""


def _wrapped(line: str, first: str, following: str) -> str:
    return fill(
        line, WIDTH, initial_indent=first, subsequent_indent=following, break_long_words=False, break_on_hyphens=False
    )


def _rule(rule: Rule) -> Iterator[tuple[str, list[str]]]:
    yield "Statement", [statement(rule), latex_statement(rule)]
    yield "Why", [rule.why]
    yield "Use", list(_use(rule))
    yield "Needs", [*map(_need, rule.needs), *_curvature(rule)]
    yield "Equality", [f"iff {rule.equality.replace('{', '').replace('}', '')}"] if rule.equality else []
    sides = example(rule)
    yield "Example", [] if sides is None else [f"{text(sides[0])} {sign(rule.relation)} {text(sides[1])}"]
    yield "Common mistakes", [line for miss in rule.near_misses for line in (statement(miss), f"    {miss.mistake}")]
    yield "Reference", [rule.reference]


def _use(rule: Rule) -> Iterator[str]:
    """In which directions, and at what price."""
    if rule.relation != "=":
        yield f"an inequality: the left side is {'at least' if rule.relation == '>=' else 'at most'} the right side"
        return
    for direction, needs in (("left to right", rule.splitting), ("right to left", rule.merging)):
        if needs is None:
            yield f"{direction}: not used"
        elif needs:
            yield f"{direction}: where {' and '.join(dict.fromkeys(map(_need, needs)))}"
        else:
            yield f"{direction}: {'needs nothing more' if rule.needs else 'freely'}"


def _need(need: Need) -> str:
    return f"{need.text} ({need.kind})" if need.text else need.kind


def _curvature(rule: Rule) -> list[str]:
    if rule.curvature is None:
        return []
    hole, kind = rule.curvature
    return [f"{hole} is {kind}: said by the text, or found from its second derivative"]


def _inference(row: Inference) -> Iterator[tuple[str, list[str]]]:
    yield "Statement", [row.statement]
    yield "Why", [row.why]
    yield "Needs", list(row.needs)
    yield "Reference", [row.reference]
