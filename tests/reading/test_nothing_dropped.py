"""Nothing an author writes is dropped in silence.

Three properties, the first for any text, the others for every formula of the fixture files: the TeX tokens tile the
formula; changing any letter, digit or sign changes what is understood; and so does leaving one out.
"""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from reading_cases import Case, all_cases

from derive.reading.lexer import Tex, lex
from derive.reading.macros import collect
from derive.reading.messages import unread_parts
from derive.reading.parser import parse_formula
from derive.reading.scanning import blanked
from derive.reading.vocabulary import CHARACTERS, GREEK, MARKS, RELATIONS

CASES = [case for case in all_cases() if case.file != "damage"]
PER_CASE = 14
# Cases that say something twice: \int_z … dz, \int\int … dx dy, 007, ==, \perp\perp.
REDUNDANT = frozenset(
    ["the variable below the sign", "double integrals", "numbers", "in plain characters", "independence"]
)
LAYOUT = frozenset(" ,.;:&~'{}\n")
MEANINGFUL_COMMANDS = (GREEK | set(MARKS) | set(RELATIONS)) - {"quad", "qquad", "cdot", "times", "lvert", "rvert"}


@seed(1)
@settings(max_examples=300, deadline=None, database=None)
@given(st.text(alphabet=st.sampled_from("ab\\{}_^&%#$ \n1=\\left\\alpha"), max_size=60))
def test_the_tokens_tile_any_text(text: str) -> None:
    tokens = lex(text)
    assert "".join(text[token.start : token.end] for token in tokens) == text


def understanding(formula: str) -> object:
    """Everything that was made of a formula; of what was given up, its source."""
    macros = collect(formula)
    read = parse_formula(blanked(formula, macros.spans), macros=macros)
    notes = [(note.kind, note.text) for note in read.notes]
    given_up = [re.sub(r"\s", "", formula[part.span.start : part.span.end]) for part in unread_parts(read)]
    return read.statements, [warning.message for warning in read.warnings], notes, given_up


def visible(formula: str) -> list[Tex]:
    """The characters and commands that say something."""
    macros = collect(formula)
    return [token for token in lex(blanked(formula, macros.spans)) if _says_something(token)]


def _says_something(token: Tex) -> bool:
    if token.kind == "char":
        return token.text not in LAYOUT and token.end - token.start == 1
    return token.kind == "command" and token.text in MEANINGFUL_COMMANDS


def chosen(case: Case) -> list[Tex]:
    tokens = visible(case.formula)
    return random.Random(str(case)).sample(tokens, min(PER_CASE, len(tokens)))


def another(token: Tex) -> str:
    """Something else of the same sort."""
    if token.kind == "command":
        return r"\xi" if token.text != "xi" else r"\rho"
    if token.text.isdigit():
        return str((int(token.text) + 1) % 10)
    if token.text.isalpha() and token.text.isascii():
        return "k" if token.text != "k" else "j"
    signs = {"+": "-", "-": "+", "=": ">", "<": ">", ">": "<", "/": "+", "!": "+"}
    return signs.get(token.text, "k") if token.text not in CHARACTERS else "k"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_changed_sign_changes_what_is_understood(case: Case) -> None:
    before = understanding(case.formula)
    for token in chosen(case):
        changed = f"{case.formula[: token.start]}{another(token)} {case.formula[token.end :]}"
        assert understanding(changed) != before, changed


@pytest.mark.parametrize("case", [case for case in CASES if case.title not in REDUNDANT], ids=str)
def test_a_missing_sign_changes_what_is_understood(case: Case) -> None:
    before = understanding(case.formula)
    for token in chosen(case):
        if token.text == "*":
            continue  # a product with or without its sign
        shorter = f"{case.formula[: token.start]} {case.formula[token.end :]}"
        assert understanding(shorter) != before, shorter
