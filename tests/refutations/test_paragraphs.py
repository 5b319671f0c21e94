"""A refutation told in one paragraph: in the author's notation, with both sides' values, and true."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from derive.claims import Claim
from derive.reading.meaning.document import read_document
from derive.reading.sources import read_markdown
from verify.check import check
from verify.cli import main
from verify.report.wording import explanation
from verify.verdict import Verdict

Table = dict[tuple[int, ...], float]


def refuted(formula: str, words: str = "") -> Verdict:
    read = read_document(read_markdown(f"{words}\n\n$$ {formula} $$\n", "told.md")).claims[-1]
    assert isinstance(read.content, Claim)
    verdict = check(read.content)
    assert verdict.word == "refuted"
    return verdict


def tuples(told: str, name: str) -> list[list[float]]:
    """The entries that the paragraph gives for a table of two points a name: rows for the values of what is given."""
    found = re.search(rf"{re.escape(name)} = (?P<all>[\d/]+) everywhere", told)
    if found:
        return [[number(found["all"])] * 2] * 2
    found = re.search(rf"{re.escape(name)} = (?P<most>[\d/]+) except (?P<one>[\d/]+) at \w = (\d), \w = (\d)", told)
    if found:
        rows = [[number(found["most"])] * 2 for _ in range(2)]
        rows[int(found[3])][int(found[4])] = number(found["one"])
        return rows
    row, at = r"\([^a-z]+\)", r" for \w = \d"
    found = re.search(rf"{re.escape(name)} = (?P<rows>{row}(?:{at}(?:, | and ){row}{at})?)", told)
    assert found, f"{name} is not in: {told}"
    return [[number(entry) for entry in row.split(",")] for row in re.findall(r"\(([^)]+)\)", found["rows"])]


def number(written: str) -> float:
    top, _, bottom = written.strip().partition("/")
    return float(top) / float(bottom or 1)


def told_values(told: str) -> list[float]:
    """The decimal values of the left and the right side, in this order."""
    sides = re.search(r"the left side(.*) and the right side(.*?)(?:: the |, so )", told)
    assert sides, told
    return [decimal(side) for side in sides.groups()]


def decimal(side: str) -> float:
    last = re.split(r"is about |is | ≈ | = ", side)[-1]
    return float(last.replace("−", "-"))


def kl(q: list[float], p: list[float]) -> float:
    return sum(a * math.log(a / b) for a, b in zip(q, p, strict=True))


def swapped_kl(told: str) -> tuple[float, float]:
    (q, *_), (p, *_) = tuples(told, "q(z)"), tuples(told, "p(z)")
    return kl(q, p), kl(p, q)


def log_of_mean(told: str) -> tuple[float, float]:
    (q, *_), given = tuples(told, "q(z)"), tuples(told, "p(x|z)")
    x = place(told, "x")
    values = [row[x] for row in given]
    return math.log(sum(map(math.prod, zip(q, values, strict=True)))), sum(
        a * math.log(v) for a, v in zip(q, values, strict=True)
    )


def no_normaliser(told: str) -> tuple[float, float]:
    joint = tuples(told, "p(x,z)")
    x, z = place(told, "x"), place(told, "z")
    return joint[x][z] / sum(joint[x]), joint[x][z]


def elbo_reversed(told: str) -> tuple[float, float]:
    joint, q = tuples(told, "p(x,z)"), tuples(told, "q(z|x)")
    x = place(told, "x")
    return math.log(sum(joint[x])), sum(a * math.log(p / a) for a, p in zip(q[x], joint[x], strict=True))


def squares(told: str) -> tuple[float, float]:
    points = re.search(r"z take the values (\S+) and (\S+),", told)
    assert points
    z = [float(value.replace("−", "-")) for value in points.groups()]
    (p, *_) = tuples(told, "p(z)")
    return sum(map(math.prod, zip(p, z, strict=True))) ** 2, sum(a * b * b for a, b in zip(p, z, strict=True))


def entropy(told: str) -> tuple[float, float]:
    weights = re.search(r"base weights of x ([\d/]+) and ([\d/]+)", told)
    assert weights
    (p, *_) = tuples(told, "p(x)")
    return sum(number(w) * a * math.log(a) for w, a in zip(weights.groups(), p, strict=True)), 0.0


def place(told: str, name: str) -> int:
    found = re.search(rf"At [^.]*?\b{name} = (\d)", told)
    assert found
    return int(found[1])


CASES: dict[str, tuple[str, Callable[[str], tuple[float, float]]]] = {
    "swapped KL": (r"D_{KL}(q(z) \,\|\, p(z)) = D_{KL}(p(z) \,\|\, q(z))", swapped_kl),
    "log and mean exchanged": (r"\log \mathbb{E}_{q(z)}[p(x|z)] = \mathbb{E}_{q(z)}[\log p(x|z)]", log_of_mean),
    "missing normaliser": (r"p(z|x) = p(x|z) p(z)", no_normaliser),
    "bound reversed": (r"\log p(x) \le \mathbb{E}_{q(z|x)}\left[\log \frac{p(x, z)}{q(z|x)}\right]", elbo_reversed),
    "false inequality": (r"(\mathbb{E}_{p(z)}[z])^2 \ge \mathbb{E}_{p(z)}[z^2]", squares),
    "density, not mass": (r"\int p(x) \log p(x)\, dx \le 0", entropy),
}


@pytest.mark.parametrize("name", CASES)
def test_the_values_of_both_sides_follow_from_the_world_that_is_told(name: str) -> None:
    """Computed here from the numbers in the paragraph and the definition of each side, with the math module alone."""
    formula, sides = CASES[name]
    verdict = refuted(formula)
    assert verdict.counterexample is not None
    told = verdict.counterexample.paragraph
    values, expected = told_values(told), sides(told)
    for value, side in zip(values, expected, strict=True):
        assert math.isclose(value, side, rel_tol=1e-5, abs_tol=1e-9)
    difference = re.search(r"by ([\d.e−]+)(?:, and|\.)", told)
    assert difference
    assert math.isclose(float(difference[1].replace("−", "-")), abs(expected[0] - expected[1]), rel_tol=1e-2)


@pytest.mark.parametrize("name", CASES)
def test_it_says_which_way_the_inequality_fails(name: str) -> None:
    formula, sides = CASES[name]
    verdict = refuted(formula)
    assert verdict.counterexample is not None
    told = verdict.counterexample.paragraph
    left, right = sides(told)
    if r"\le" in formula or r"\ge" in formula:
        assert f"the left side is {'larger' if left > right else 'smaller'} by" in told
    else:
        assert "the two differ by" in told


def test_it_ends_with_what_is_wrong_and_what_holds() -> None:
    told = explanation(refuted(CASES["bound reversed"][0]))
    assert told.startswith("Let x and z take two values each, with p(x,z) = ")
    assert told.endswith("What holds is ≥, by the variational bound: equal iff q(z|x) = p(z|x), the posterior.")
    assert "KL is not symmetric" in explanation(refuted(CASES["swapped KL"][0]))


def test_it_is_in_the_notation_of_the_author() -> None:
    told = explanation(refuted(CASES["bound reversed"][0]))
    assert "the left side, log p(x), is" in told
    assert "the right side, E_{q(z|x)}[log(p(x,z)/q(z|x))], is" in told


def test_two_objectives_are_compared_at_two_candidates() -> None:
    best, expected = r"\operatorname*{argmax}_\theta", r"\mathbb{E}_{q(z)}[\log p_\theta(x, z)]"
    told = explanation(refuted(rf"{best} \log p_\theta(x) = {best} {expected}"))
    assert "From the first candidate to the second, the left objective, log p_θ(x), rises by" in told
    assert "the two order these candidates differently." in told


def test_a_function_and_a_large_table_are_told_too() -> None:
    told = explanation(refuted(r"f(\mathbb{E}_{p(z)}[z]) \le \mathbb{E}_{p(z)}[f(z)]", "For a concave function $f$,"))
    assert re.search(r"f\(t\) = min\(.+\)", told)
    assert "p(x,y,z) as in the table" in explanation(refuted(r"p(x, y, z) = p(x)\, p(y)\, p(z)"))


def test_every_format_tells_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text(f"$$ {CASES['bound reversed'][0]} $$\n", encoding="utf-8")
    assert main(["check", str(notes), "--format", "json"]) == 1
    (claim,) = json.loads(capsys.readouterr().out)["documents"][0]["claims"]
    told = claim["explanation"]
    assert "the left side, log p(x), is" in told
    main(["check", str(notes)])
    world, _, _ = told.partition(" What holds")
    assert world in " ".join(capsys.readouterr().out.split())
    main(["check", str(notes), "--format", "markdown"])
    assert "What holds is ≥" in capsys.readouterr().out
    main(["report", str(notes), "-o", str(tmp_path / "notes.html")])
    assert "the left side is larger by" in (tmp_path / "notes.html").read_text(encoding="utf-8")


def test_what_is_proved_has_no_explanation() -> None:
    read = read_document(read_markdown(r"$$ D_{KL}(q(z) \,\|\, p(z)) \ge 0 $$", "true.md")).claims[0]
    assert isinstance(read.content, Claim)
    assert explanation(check(read.content)) == ""
