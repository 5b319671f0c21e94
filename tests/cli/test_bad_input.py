"""Input that cannot be used gets a message with its place, never a traceback, and the rest is still checked."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from running import GOOD, Done, jensen

BACKSLASH = "\\"


def check(folder: Path, name: str, content: str | bytes) -> Done:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    done = jensen("check", name, "--format", "json", folder=folder)
    assert "Traceback" not in done.err + done.out
    return done


def verdicts(done: Done) -> list[str]:
    return [claim["verdict"] for claim in done.json["documents"][0]["claims"]]


def failure(done: Done) -> str:
    assert done.status == 2
    message = done.json["documents"][0]["failure"]
    assert isinstance(message, str)
    return message


def test_an_empty_file_is_fine_and_says_that_nothing_was_found(tmp_path: Path) -> None:
    (tmp_path / "empty.md").write_text("")
    done = jensen("check", "empty.md", folder=tmp_path)
    assert done.status == 0
    assert "nothing to check" in done.out


@pytest.mark.parametrize("content", [bytes(range(256)) * 40, b"text \x00 $p(x) = 1$", b"caf\xe9 $p(x)=1$"])
def test_what_is_no_text(tmp_path: Path, content: bytes) -> None:
    assert any(word in failure(check(tmp_path, "data.md", content)) for word in ("binary", "UTF-8"))


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    done = jensen("check", "missing.md", folder=tmp_path)
    assert done.status == 2
    assert "missing.md does not exist" in done.out


def test_a_folder_without_documents(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = jensen("check", "empty", folder=tmp_path)
    assert done.status == 2
    assert "no .md, .tex or .ipynb" in done.out


def test_one_bad_file_does_not_keep_the_others_from_being_checked(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text(GOOD)
    done = jensen("check", "missing.md", "good.md", folder=tmp_path)
    assert done.status == 2
    assert "1 proved" in done.out


def test_five_megabytes_in_one_line(tmp_path: Path) -> None:
    done = check(tmp_path, "long.md", "$$p(x) = " + "x+" * 2_500_000 + "x$$\n\n" + GOOD)
    assert verdicts(done) == ["unread", "proved"]


def test_five_megabytes_of_words_in_one_line(tmp_path: Path) -> None:
    assert verdicts(check(tmp_path, "long.md", "word " * 1_000_000 + f"{GOOD}")) == ["proved"]


def test_ten_thousand_nested_braces(tmp_path: Path) -> None:
    done = check(tmp_path, "nested.md", "$$" + "{" * 10_000 + "x" + "}" * 10_000 + f" = 1$$\n\n{GOOD}")
    assert verdicts(done) == ["unread", "proved"]


DEEP = ("(" * 500 + "x" + ")" * 500, "\\log" * 400 + " x", "\\frac{1}{" * 300 + "x" + "}" * 300)


@pytest.mark.parametrize("deep", DEEP)
def test_other_deep_nesting(tmp_path: Path, deep: str) -> None:
    words = verdicts(check(tmp_path, "deep.md", f"$$p(x) = {deep}$$\n\n{GOOD}"))
    assert words[-1] == "proved"
    assert len(words) == 2
    assert words[0] != "proved"


def test_dollars_that_do_not_match(tmp_path: Path) -> None:
    done = check(tmp_path, "money.md", f"It costs $5 or $6.\n\n{GOOD}\n\n$$ p(x) = \n\nmore words\n")
    assert "proved" in verdicts(done)


def test_unknown_macros_are_named(tmp_path: Path) -> None:
    (tmp_path / "macros.md").write_text(f"$$\\frobnicate(x) = 1$$\n\n{GOOD}\n")
    out = jensen("check", "macros.md", folder=tmp_path).out
    assert "frobnicate" in out
    assert "1 proved" in out


def test_a_macro_bomb_is_defused(tmp_path: Path) -> None:
    names = "abcdefghij"
    bomb = BACKSLASH + "newcommand{" + BACKSLASH + "a}{xxxxxxxxxx}"
    for before, name in pairwise(names):
        bomb += BACKSLASH + "newcommand{" + BACKSLASH + name + "}{" + (BACKSLASH + before) * 10 + "}"
    done = check(tmp_path, "bomb.tex", bomb + "\n$" + BACKSLASH + f"j = 1$\n\n{GOOD}\n")
    assert verdicts(done) == ["unread", "proved"]


@pytest.mark.parametrize(
    "content",
    ['{"cells": [', "[]", '{"cells": 5}', '{"cells": [[], 5, {"cell_type": "markdown", "source": 5}]}', '"text"', ""],
)
def test_a_broken_notebook(tmp_path: Path, content: str) -> None:
    done = check(tmp_path, "broken.ipynb", content)
    document = done.json["documents"][0]
    assert document["claims"] == []


def test_a_notebook_with_surrogates_and_scripts(tmp_path: Path) -> None:
    cells = [{"cell_type": "markdown", "source": ["$p_\ud800(x) = 1$ <script>alert(1)</script>\n", GOOD]}]
    content = json.dumps({"cells": cells})
    file = tmp_path / "hostile.ipynb"
    file.write_text(content)
    assert "Traceback" not in jensen("check", "hostile.ipynb", folder=tmp_path).err
    page = tmp_path / "page.html"
    jensen("report", "hostile.ipynb", "-o", str(page), folder=tmp_path)
    assert "<script>alert" not in page.read_text(encoding="utf-8", errors="replace")


@pytest.mark.parametrize(
    "code",
    ["__import__('os').system('touch pwned')", "\\input{/etc/passwd}", "{{7*7}}", "p.__class__", "exec('1')"],
)
def test_nothing_in_a_document_is_run_or_fetched(tmp_path: Path, code: str) -> None:
    done = check(tmp_path, "code.md", f"$$p(x) = {code}$$\n\n{GOOD}\n")
    assert not (tmp_path / "pwned").exists()
    assert "root:" not in done.out
    assert verdicts(done)[-1] == "proved"
    assert "proved" not in verdicts(done)[:-1]


def test_an_unknown_command_or_format_is_a_usage_error(tmp_path: Path) -> None:
    assert jensen("frobnicate", folder=tmp_path).status == 2
    assert jensen("check", "--format", "pdf", folder=tmp_path).status == 2
