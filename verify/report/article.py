"""One claim on the page: its formula, the answer, and everything the answer rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from derive.conditions import Condition
from derive.writing import Notation
from verify.explain import condition_text
from verify.report.formulas import claim_formula, formula_block, relation_formula, sentence, term_formula
from verify.report.markup import Content, Markup, element
from verify.report.proof import Chain, Line, chains, inference, main_rule, marked, title, why
from verify.report.tables import world_tables
from verify.report.wording import (
    MEANINGS,
    SYMBOLS,
    counted,
    excerpt,
    explanation,
    necessity,
    one_line,
    sign,
    spot,
    statement,
    tried,
)
from verify.results import CheckedClaim
from verify.verdict import Required, Word


def article(claim: CheckedClaim, notation: Notation, anchor: str) -> Markup:
    """The claim as one section of the page."""
    return element(
        "article",
        _head(claim),
        claim_formula(claim),
        _answer(claim, notation),
        conditions(claim.verdict.conditions, notation, lambda one: _witness(one, sign(claim.relation))),
        _counterexample(claim, notation),
        _proof(claim, notation),
        _source(claim),
        id=f"{anchor}{claim.id}",
        class_=f"claim {claim.verdict.word}",
    )


def badge(word: Word) -> Markup:
    return element("span", f"{SYMBOLS[word]} {word}", class_=f"badge {word}", title=MEANINGS[word])


def _head(claim: CheckedClaim) -> Markup:
    theorem = claim.verdict.theorem
    rule = "" if theorem is None else title(main_rule(theorem))
    return element(
        "header",
        element("h3", f"Claim {claim.id}", element("span", statement(claim), class_="hidden")),
        badge(claim.verdict.word),
        element("span", rule, class_="rule") if rule else None,
        element("span", spot(claim.place), class_="place"),
    )


# ---------------------------------------------------------------- the answer in words


def _answer(claim: CheckedClaim, notation: Notation) -> Markup | None:
    """The message, the equality case, what it uses, and how it fared in random worlds."""
    verdict = claim.verdict
    rows = [element("p", sentence(message, notation), class_="message") for message in _messages(claim)]
    if verdict.word == "unread":
        rows.append(element("pre", excerpt(claim), class_="excerpt"))
    facts = [
        ("equality", verdict.equality),
        ("uses", ", ".join(verdict.uses)),
        ("tried", tried(claim)),
    ]
    shown = [(element("dt", name), element("dd", sentence(fact, notation))) for name, fact in facts if fact]
    if shown:
        rows.append(element("dl", shown))
    return element("div", rows, class_="answer") if rows else None


def _messages(claim: CheckedClaim) -> Iterator[str]:
    verdict = claim.verdict
    if claim.expected is not None:
        yield "As announced in the text." if claim.as_expected else f"The text announces: {claim.expected}."
    if verdict.message and not (verdict.word == "proved" and (verdict.conditions or verdict.equality)):
        yield f"Likely mistake: {verdict.message}" if verdict.word == "refuted" else verdict.message
    if verdict.word != "unread":
        yield from verdict.notes


# ---------------------------------------------------------------- conditions and counterexamples


def conditions(required: Sequence[Required], notation: Notation, after: Callable[[Required], Content]) -> Markup | None:
    """The conditions, each with its status; ``after`` says what stands behind one."""
    if not required:
        return None
    return element("ul", [_condition(one, notation, after(one)) for one in required], class_="conditions")


def _condition(required: Required, notation: Notation, after: Content) -> Markup:
    condition = required.condition
    unknown = necessity(required) if required.witness is None else ""
    reason = unknown or (condition.by if condition.status != "open" else "")
    said = [
        sentence(required.text, notation, (condition.subject, *condition.where)),
        element("span", reason, class_="because") if reason else None,
        after,
    ]
    label = element("span", condition.status, class_=f"status {condition.status}")
    return element("li", label, element("div", said), class_="condition")


def _witness(required: Required, relation: str) -> Markup | None:
    """The world that shows why a condition is named."""
    if required.witness is None:
        return None
    summary = element("summary", "Why it is needed: a world that breaks it")
    return element("details", summary, world_tables(required.witness, relation))


def _counterexample(claim: CheckedClaim, notation: Notation) -> Markup | None:
    sides = claim.verdict.counterexample
    if sides is None:
        return None
    tables = world_tables(sides, sign(claim.relation))
    paragraph = element("p", sentence(explanation(claim.verdict), notation, claim.verdict.sides or ()))
    return element("section", element("h4", "Counterexample"), paragraph, tables, class_="counterexample")


# ---------------------------------------------------------------- proofs


def _proof(claim: CheckedClaim, notation: Notation) -> Markup | None:
    """The proof, to be unfolded: formula after formula, each with its reason."""
    theorem = claim.verdict.theorem
    if theorem is None:
        return None
    parts = chains(theorem)
    count = sum(len(chain.lines) for chain in parts)
    how = inference(theorem)
    conclusion = (
        element("p", f"{title(how)}: {why(how)}", class_="why") if how in ("supremum", "same-optimum") else None
    )
    body = [_chain(chain, notation) for chain in parts]
    return element(
        "details", element("summary", f"Proof in {counted(count, 'step')}"), body, conclusion, class_="proof"
    )


def _chain(chain: Chain, notation: Notation) -> Markup:
    purpose = element("p", f"{chain.purpose}:", class_="purpose") if chain.purpose else None
    start = element("li", formula_block([term_formula(chain.start, notation)]))
    steps = element("ol", start, [_line(line, notation) for line in chain.lines])
    skipped = None
    if chain.skipped:
        words = f"{counted(chain.skipped, 'step')} that lead back to a formula above are left out here."
        skipped = element("p", words, class_="why")
    return element("div", purpose, steps, skipped, class_="steps")


def _line(line: Line, notation: Notation) -> Markup:
    step = line.step
    formula = formula_block([relation_formula(line.relation), Markup(" "), term_formula(marked(line), notation)])
    wanted = [
        element("span", "where ", _premise(premise, notation), class_=f"premise {premise.status}")
        for premise in step.premises
    ]
    reason = element(
        "p",
        element("span", title(step.rule), class_="rule"),
        element("span", why(step.rule), class_="why"),
        wanted,
        class_="reason",
    )
    return element("li", formula, reason)


def _premise(premise: Condition, notation: Notation) -> Markup:
    return sentence(condition_text(premise, notation), notation, (premise.subject, *premise.where))


def _source(claim: CheckedClaim) -> Markup | None:
    if not claim.source or claim.verdict.word == "unread":
        return None
    summary = element("summary", "As written")
    return element("details", summary, element("pre", element("code", one_line(claim.source))), class_="source")
