"""``jensen check``: what it prints, and its exit status."""

from __future__ import annotations

import json
from pathlib import Path

from running import GOOD, WRONG, jensen


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_one_line_a_claim_then_a_summary(tmp_path: Path) -> None:
    write(tmp_path, "notes.md", f"{GOOD}\n")
    done = jensen("check", "notes.md", folder=tmp_path)
    first, *_, last = done.out.strip().splitlines()
    assert first.startswith("notes.md:1:13  proved")
    assert first.endswith("log p(x) = log(∫ p(x,z) dz)")
    assert last == "1 claim in 1 document: 1 proved"
    assert (done.status, done.err) == (0, "")


def test_a_refuted_claim_is_status_1_with_both_values(tmp_path: Path) -> None:
    write(tmp_path, "notes.md", f"{GOOD}\n\n{WRONG}\n")
    done = jensen("check", "notes.md", folder=tmp_path)
    assert done.status == 1
    assert "notes.md:3:" in done.out
    assert "left side" in done.out
    assert "right side" in done.out


def test_a_mistake_announced_is_status_0_and_one_that_does_not_come_is_1(tmp_path: Path) -> None:
    write(tmp_path, "shown.md", f"<!-- jensen: expect refuted -->\n{WRONG}\n")
    write(tmp_path, "cried.md", f"<!-- jensen: expect refuted -->\n{GOOD}\n")
    assert jensen("check", "shown.md", folder=tmp_path).status == 0
    assert jensen("check", "cried.md", folder=tmp_path).status == 1


def test_strict_also_fails_on_open_conditions_and_what_is_unread(tmp_path: Path) -> None:
    write(tmp_path, "open.md", "$$\\int p(x,z)\\,dz = \\int q(z) \\frac{p(x,z)}{q(z)}\\,dz$$\n")
    write(tmp_path, "unread.md", "$$p(x) = \\begin{matrix} 1 \\end{matrix}$$\n")
    write(tmp_path, "good.md", f"{GOOD}\n")
    assert [jensen("check", n, folder=tmp_path).status for n in ("open.md", "unread.md", "good.md")] == [0, 0, 0]
    strict = [jensen("check", "--strict", n, folder=tmp_path).status for n in ("open.md", "unread.md", "good.md")]
    assert strict == [1, 1, 0]


def test_a_baseline_accepts_what_was_there_and_nothing_new(tmp_path: Path) -> None:
    write(tmp_path, "notes.md", f"{WRONG}\n")
    assert jensen("check", "notes.md", "--write-baseline", "accepted.json", folder=tmp_path).status == 1
    assert jensen("check", "notes.md", "--baseline", "accepted.json", folder=tmp_path).status == 0
    write(tmp_path, "notes.md", f"New words move it.\n\n{WRONG}\n")
    assert jensen("check", "notes.md", "--baseline", "accepted.json", folder=tmp_path).status == 0
    write(tmp_path, "notes.md", f"{WRONG}\n\n$$p(x) = 1$$\n")
    assert jensen("check", "notes.md", "--baseline", "accepted.json", folder=tmp_path).status == 1


def test_a_file_that_is_no_baseline_is_status_2(tmp_path: Path) -> None:
    write(tmp_path, "notes.md", f"{GOOD}\n")
    write(tmp_path, "broken.json", "[]")
    done = jensen("check", "notes.md", "--baseline", "broken.json", folder=tmp_path)
    assert done.status == 2
    assert "baseline" in done.err


def test_standard_input(tmp_path: Path) -> None:
    done = jensen("check", "-", folder=tmp_path, stdin=f"{WRONG}\n")
    assert done.status == 1
    assert "<stdin>:1:" in done.out


def test_a_folder_is_searched_but_not_what_is_hidden(tmp_path: Path) -> None:
    (tmp_path / "docs" / "deep").mkdir(parents=True)
    (tmp_path / "docs" / ".hidden").mkdir()
    write(tmp_path / "docs", "a.md", f"{GOOD}\n")
    write(tmp_path / "docs" / "deep", "b.tex", f"{GOOD}\n")
    write(tmp_path / "docs" / ".hidden", "c.md", f"{WRONG}\n")
    write(tmp_path / "docs", "d.txt", f"{WRONG}\n")
    found = jensen("check", "docs", "--format", "json", folder=tmp_path).json["documents"]
    assert [Path(d["path"]).name for d in found] == ["a.md", "b.tex"]


def test_without_a_path_the_library_is_checked_and_all_of_it_holds(tmp_path: Path) -> None:
    done = jensen("check", folder=tmp_path)
    assert done.status == 0
    assert "elbo.md" in done.out
    assert "refuted" not in done.out
    assert "undecided" not in done.out


def test_json_has_every_field_of_the_contract(tmp_path: Path) -> None:
    write(tmp_path, "notes.md", f"{GOOD}\n\n{WRONG}\n")
    run = jensen("check", "notes.md", "--format", "json", folder=tmp_path).json
    (document,) = run["documents"]
    assert document["path"] == "notes.md"
    assert {"roles", "claims", "whole"} <= document.keys()
    proved, refuted = document["claims"]
    assert (proved["id"], proved["line"], proved["column"], proved["relation"]) == (1, 1, 13, "=")
    assert proved["verdict"] == "proved"
    assert proved["proof"]
    assert refuted["verdict"] == "refuted"
    assert refuted["counterexample"]["left"] != refuted["counterexample"]["right"]
    assert run["summary"]["proved"] == run["summary"]["refuted"] == 1


def test_no_colours_in_a_pipe_colours_on_demand(tmp_path: Path) -> None:
    write(tmp_path, "notes.md", f"{WRONG}\n")
    assert "\x1b[" not in jensen("check", "notes.md", folder=tmp_path).out
    assert "\x1b[" in jensen("check", "notes.md", "--color", "always", folder=tmp_path).out
    assert "\x1b[" not in jensen("check", "notes.md", "--color", "never", folder=tmp_path).out


def test_a_stream_without_unicode_gets_ascii(tmp_path: Path) -> None:
    write(tmp_path, "notes.md", "$$\\log p_\\theta(x) \\ge \\int q(z)\\log\\frac{p_\\theta(x,z)}{q(z)}\\,dz$$\n")
    out = jensen("check", "notes.md", folder=tmp_path, PYTHONIOENCODING="ascii").out
    assert out.isascii()
    assert "log p_theta(x) >=" in out


def test_each_counterexample_as_python(tmp_path: Path) -> None:
    write(tmp_path, "notes.md", f"{WRONG}\n")
    assert "import numpy as np" not in jensen("check", "notes.md", folder=tmp_path).out
    assert "import numpy as np" in jensen("check", "notes.md", "--python", folder=tmp_path).out


def test_two_runs_print_the_same(tmp_path: Path) -> None:
    write(tmp_path, "notes.md", f"{WRONG}\n\n{GOOD}\n")
    first, second = (jensen("check", "notes.md", "--format", "json", folder=tmp_path).out for _ in range(2))
    assert first == second
    assert json.loads(first)
