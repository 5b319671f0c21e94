"""The pages of the rules: all of them, from the table, with an example that holds."""

from __future__ import annotations

import pytest

from derive.claims import Claim, Positive, Setting
from derive.rules import TABLE
from derive.rules.inferences import INFERENCES
from verify.check import check
from verify.report.examples import example, statement
from verify.report.rules_page import UnknownRuleError, rule_page, rules_table

EVERY = [*TABLE, *INFERENCES]


def test_the_table_lists_every_rule_with_its_title() -> None:
    table = rules_table()
    for name, row in {**TABLE, **INFERENCES}.items():
        assert f"  {name} " in table
        assert row.title in table
    assert all(statement(rule) in table for rule in TABLE.values() if len(statement(rule)) < 50)


@pytest.mark.parametrize("name", EVERY)
def test_a_page_says_everything_the_table_knows(name: str) -> None:
    page = " ".join(rule_page(name).split())
    row = TABLE.get(name) or INFERENCES[name]
    for said in (row.name, row.title, row.why, row.reference):
        assert " ".join(said.split()) in page


@pytest.mark.parametrize("name", TABLE)
def test_a_rules_page_has_its_conditions_mistakes_and_equality_case(name: str) -> None:
    rule, page = TABLE[name], " ".join(rule_page(name).split())
    assert statement(rule) in page
    for need in (*rule.needs, *(rule.splitting or ()), *(rule.merging or ())):
        assert need.text in page
    for miss in rule.near_misses:
        assert " ".join(miss.mistake.split()) in page
        assert statement(miss) in page
    assert ("Equality iff" in page) == bool(rule.equality)
    assert "{" not in statement(rule).replace("E_{", "")


@pytest.mark.parametrize("name", TABLE)
def test_a_page_fits_the_terminal_but_for_formulas(name: str) -> None:
    for line in rule_page(name).splitlines():
        assert len(line) <= 80 or "\\" in line or line.startswith(" " * 8), line


def test_most_rules_have_an_example_and_none_is_false() -> None:
    setting = Setting(hypotheses=(Positive(None),))
    examples = {name: example(rule) for name, rule in TABLE.items()}
    assert sum(sides is not None for sides in examples.values()) >= 0.9 * len(TABLE)
    words = {}
    for name, sides in examples.items():
        if sides is not None:
            words[name] = check(Claim(sides[0], TABLE[name].relation, sides[1], setting)).word
    assert [name for name, word in words.items() if word == "refuted"] == []
    assert list(words.values()).count("proved") >= 0.8 * len(words)


def test_the_title_finds_the_rule_as_well() -> None:
    assert rule_page("Jensen: log is concave") == rule_page("jensen-log")


@pytest.mark.parametrize(
    ("wrong", "meant"), [("jensen", "jensen-log"), ("Marginalize", "marginalise"), ("zzz", "rules")]
)
def test_an_unknown_rule_is_answered_with_what_comes_close(wrong: str, meant: str) -> None:
    with pytest.raises(UnknownRuleError, match=meant):
        rule_page(wrong)
