"""Markdown, LaTeX and notebooks: which formulas are found, where they stand, and what is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from derive.reading.parser import parse_source
from derive.reading.sources import Source, SourceError, load, read_latex, read_markdown, read_notebook


def bodies(source: Source) -> list[str]:
    return [source.clean[f.body.start : f.body.end].strip() for f in source.formulas]


def displays(source: Source) -> list[bool]:
    return [formula.display for formula in source.formulas]


# ---------------------------------------------------------------- Markdown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Let $x$ be.", ["x"]),
        ("Let $ x = 1 $ be.", ["x = 1"]),
        ("$$a = b$$", ["a = b"]),
        ("$$\na = b\n$$", ["a = b"]),
        (r"Inline \(x_i\) and \\(y_i\\).", ["x_i", "y_i"]),
        ("\\[\na = b\n\\]", ["a = b"]),
        ("\\begin{align}\na &= b\n\\end{align}", ["\\begin{align}\na &= b\n\\end{align}"]),
        ("\\begin{align\\*}\na &= b\n\\end{align\\*}", ["\\begin{align\\*}\na &= b\n\\end{align\\*}"]),
        ("```math\na = b\n```", ["a = b"]),
        ("```{math}\n:label: one\n\na = b\n```", ["a = b"]),
        ("Inline $`x = 1`$ here.", ["x = 1"]),
        ("{% math %}\na = b\n{% endmath %}", ["a = b"]),
        ("kramdown $$z$$ and $$x$$ inline", ["z", "x"]),
        ("| $p(x|z)$ | $a \\ge b$ |", ["p(x|z)", "a \\ge b"]),
        ("- item\n\n    $$\n    a = b\n    $$\n", ["a = b"]),
        ("1. $$a = b$$", ["a = b"]),
        ("> quoted\n> $$\n> a = b\n> $$", ["a = b"]),
        ("text:\n$$a = b$$\nmore", ["a = b"]),
        ("$$a \\\\$$ then $$b$$", ["a \\\\", "b"]),
        ("**$x$** and _$y$_", ["x", "y"]),
    ],
)
def test_formulas_of_markdown(text: str, expected: list[str]) -> None:
    assert bodies(read_markdown(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $6.",
        "between $5-$10 a month",
        "set $HOME and $PATH",
        "`$x$` is code",
        "``$x ` $y$`` is code",
        "```\n$x$\n```",
        "~~~python\n$x$\n~~~",
        "<!-- $x$ -->",
        "<!--\n$$a = b$$\n-->",
        "<pre>\n$x$\n</pre>",
        r"a price of \$5 and \$6",
        r"escaped \(not maths, only brackets with words in them\)",
        r"\[a link\]",
        "---\ntitle: $x$\n---\n",
        "$$$$",
        "$ $",
        "",
    ],
)
def test_what_is_not_mathematics_in_markdown(text: str) -> None:
    assert bodies(read_markdown(text)) == []


def test_display_and_inline() -> None:
    text = "A $x$ and $$y$$ inline.\n\n$$z$$\n\nwe get\n$$\nu\n$$\n- $$v$$\n"
    assert displays(read_markdown(text)) == [False, False, True, True, True]


def test_an_unclosed_display_does_not_swallow_the_document() -> None:
    text = "$$a = b\n\nThen some words about $x$ follow here.\n\n$$c = d$$\n"
    source = read_markdown(text)
    assert "c = d" in bodies(source)
    assert "x" in bodies(source)
    assert any("never closed" in warning.message for warning in source.warnings)


def test_an_unclosed_dollar_ends_with_its_paragraph() -> None:
    assert bodies(read_markdown("a $x_1 stray\n\nthen $y$ is fine")) == ["y"]


def test_an_unclosed_fence_hides_nothing() -> None:
    source = read_markdown("```\n\n$x$\n")
    assert bodies(source) == ["x"]
    assert [warning.message for warning in source.warnings] == ["this code fence is never closed"]


def test_quotation_marks_inside_a_quoted_display_are_no_relations() -> None:
    source = read_markdown("> $$\n> a\n> = b\n> $$\n")
    (formula,) = parse_source(source)
    assert [relation.sign for relation in formula.statements[0].relations] == ["="]


def test_positions_in_markdown() -> None:
    source = read_markdown("# Title\n\nwe have\n$$\na\n  \\ge b\n$$\n")
    (formula,) = parse_source(source)
    position = source.position(formula.statements[0].relations[0].span.start)
    assert (position.line, position.column, position.cell) == (6, 3, None)
    assert source.line_text(formula.statements[0].relations[0].span.start) == "  \\ge b"


def test_every_relation_of_a_chain_has_its_own_place() -> None:
    text = "$$\n\\begin{aligned}\na &= b \\\\\n&\\ge c\n= d\n\\end{aligned}\n$$"
    source = read_markdown(text)
    (formula,) = parse_source(source)
    places = [source.position(relation.span.start) for relation in formula.statements[0].relations]
    assert [(place.line, place.column) for place in places] == [(3, 4), (4, 2), (5, 1)]


def test_windows_line_ends() -> None:
    source = read_markdown("a\r\n\r\n$$x\r\n= y$$\r\n")
    (formula,) = parse_source(source)
    place = source.position(formula.statements[0].relations[0].span.start)
    assert (place.line, place.column) == (4, 1)


def test_directives() -> None:
    text = "x\n<!-- jensen: latent z;\n observed x -->\n<!-- other -->\n"
    source = read_markdown(text)
    assert [directive.text for directive in source.directives] == ["latent z;\n observed x"]
    assert source.text[source.directives[0].span.start :].startswith("latent z")
    assert source.position(source.directives[0].span.start).line == 2


def test_the_words_around_a_formula() -> None:
    text = (
        "First sentence, e.g. this one. Then, for any $q$ with $q>0$, the bound\n\n"
        "$$a = b,$$\n\nwhere $c$ is a constant. Last words.\n"
    )
    source = read_markdown(text)
    q, positive, display, constant = source.formulas
    assert q.lead == "Then, for any"
    assert positive.lead == "Then, for any $q$ with"
    assert positive.trail == ", the bound"
    assert display.lead == "Then, for any $q$ with $q>0$, the bound"
    assert display.trail == "where $c$ is a constant."
    assert constant.lead == "where"


def test_paragraphs_of_running_text() -> None:
    text = "One $x$.\nStill one.\n\nTwo.\n\n$$a$$\n\nthree\n- four\n\n```\ncode\n```\n"
    source = read_markdown(text)
    assert [prose.text for prose in source.prose] == ["One $x$.\nStill one.", "Two.", "three", "- four"]
    for prose in source.prose:
        assert source.text[prose.span.start : prose.span.end] == prose.text


# ---------------------------------------------------------------- LaTeX


@pytest.mark.parametrize(
    "environment",
    ["equation", "align", "gather", "multline", "eqnarray", "flalign", "alignat", "displaymath", "align*", "equation*"],
)
def test_environments_of_latex(environment: str) -> None:
    columns = "{2}" if environment == "alignat" else ""
    body = f"\\begin{{{environment}}}{columns}\na &= b \\\\\nc &= d\n\\end{{{environment}}}\n"
    source = read_latex(f"\\begin{{document}}\nWords.\n{body}\\end{{document}}\n")
    (formula,) = parse_source(source)
    assert formula.display
    assert [relation.sign for s in formula.statements for relation in s.relations] == ["=", "="]
    place = source.position(formula.statements[1].relations[0].span.start)
    assert (place.line, place.column) == (5, 4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"$x$, \(y\), \[z\], $$w$$", ["x", "y", "z", "w"]),
        (r"% $x$" + "\n$y$", ["y"]),
        (r"100\% of $x$", ["x"]),
        (r"\verb|$x$| and $y$", ["y"]),
        ("\\begin{verbatim}\n$x$\n\\end{verbatim}\n$y$", ["y"]),
        ("\\begin{lstlisting}\n$x$ % \n\\end{lstlisting}\n$y$", ["y"]),
        ("\\begin{comment}\n$x$\n\\end{comment}\n$y$", ["y"]),
        ("\\iffalse $x$ \\fi $y$", ["y"]),
        (r"\newcommand{\foo}{$x$} $y$", ["y"]),
        (r"a line break \\[2pt] and $y$", ["y"]),
        (r"$a \text{ if $b$ holds}$ and $c$", [r"a \text{ if $b$ holds}", "c"]),
        (r"\newcommand{\be}{\begin{equation}}\newcommand{\ee}{\end{equation}} \be a = b \ee", ["a = b"]),
        ("$a % one\n= b$", ["a      \n= b"]),
    ],
)
def test_formulas_of_latex(text: str, expected: list[str]) -> None:
    assert bodies(read_latex(text)) == expected


def test_the_preamble_is_not_read() -> None:
    source = read_latex("\\title{$x$}\n\\begin{document}\nWords $y$.\n\\end{document}\n$z$")
    assert bodies(source) == ["y"]
    assert [prose.text for prose in source.prose] == ["Words $y$."]


def test_directives_of_latex() -> None:
    source = read_latex("%% jensen: latent z\n% jensen: observed x\n% other\n\\% jensen: none\n")
    assert [directive.text for directive in source.directives] == ["latent z", "observed x"]


def test_included_files(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "one.tex").write_text("inside\n\\[ a = b \\]\n", encoding="utf-8")
    main = tmp_path / "main.tex"
    main.write_text("$x$ \\input{parts/one} $y\n= z$\n% \\input{two}\n", encoding="utf-8")
    source = load(main)
    x, included, last = parse_source(source)
    place = source.position(included.statements[0].relations[0].span.start)
    assert (place.file, place.line, place.column) == ("parts/one.tex", 2, 6)
    assert source.line_text(included.statements[0].relations[0].span.start) == "\\[ a = b \\]"
    after = source.position(last.statements[0].relations[0].span.start)
    assert (after.file, after.line, after.column) == (None, 2, 1)
    beside = source.position(last.statements[0].sides[0].span.start if last.statements[0].sides[0] else 0)
    assert (beside.line, beside.column) == (1, 24)
    assert source.position(x.span.start).column == 1


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "sub/../../secret", "main", "nowhere"])
def test_nothing_outside_the_folder_is_included(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.tex").write_text("$secret$", encoding="utf-8")
    folder = tmp_path / "folder"
    folder.mkdir()
    main = folder / "main.tex"
    main.write_text(f"$x$ \\input{{{name}}} $y$", encoding="utf-8")
    source = load(main)
    assert bodies(source) == ["x", "y"]
    assert len(source.warnings) == 1


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.tex").write_text("$secret$", encoding="utf-8")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link.tex").symlink_to(tmp_path / "secret.tex")
    (folder / "main.tex").write_text("\\input{link}", encoding="utf-8")
    source = load(folder / "main.tex")
    assert bodies(source) == []
    assert "secret" not in source.text


# ---------------------------------------------------------------- notebooks


def notebook(*cells: tuple[str, object]) -> str:
    return json.dumps({"cells": [{"cell_type": kind, "source": source} for kind, source in cells], "nbformat": 4})


def test_markdown_cells_of_a_notebook() -> None:
    text = notebook(("markdown", "$x$"), ("code", "a = '$y$'"), ("markdown", ["words\n", "$$a\n", "= b$$"]))
    source = read_notebook(text)
    inline, display = parse_source(source)
    assert (inline.cell, display.cell) == (0, 2)
    place = source.position(display.statements[0].relations[0].span.start)
    assert (place.cell, place.line, place.column) == (2, 3, 1)
    assert source.line_text(display.statements[0].relations[0].span.start) == "= b$$"


def test_macros_hold_across_cells() -> None:
    text = notebook(("markdown", r"$$\newcommand{\KL}[2]{D_{KL}(#1\|#2)}$$"), ("markdown", r"$\KL{q}{p} \ge 0$"))
    formulas = parse_source(read_notebook(text))
    assert [relation.sign for f in formulas for s in f.statements for relation in s.relations] == [">="]


def test_an_unclosed_formula_ends_with_its_cell() -> None:
    source = read_notebook(notebook(("markdown", "$$a = b"), ("markdown", "text $$c$$")))
    assert bodies(source) == ["c"]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "3", '{"cells": 3}', '{"a": 1}', "[" * 100_000, '{"cells": {"a": 1}}', "\x00"],
)
def test_what_is_no_notebook(text: str) -> None:
    with pytest.raises(SourceError, match="is not a notebook"):
        read_notebook(text)


@pytest.mark.parametrize("cell", [None, 3, "x", {}, {"cell_type": "markdown"}, {"cell_type": "markdown", "source": 3}])
def test_odd_cells_are_passed_over(cell: object) -> None:
    text = json.dumps({"cells": [cell, {"cell_type": "markdown", "source": "$x$"}]})
    assert bodies(read_notebook(text)) == ["x"]


# ---------------------------------------------------------------- files


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        load(tmp_path / "nothing.md")
    with pytest.raises(SourceError, match="is a directory"):
        load(tmp_path)
    (tmp_path / "binary.md").write_bytes(b"\x89PNG\x00\x00\xff")
    with pytest.raises(SourceError, match="binary"):
        load(tmp_path / "binary.md")
    (tmp_path / "zeros.md").write_bytes(b"a\x00b")
    with pytest.raises(SourceError, match="binary"):
        load(tmp_path / "zeros.md")
    (tmp_path / "latin.md").write_bytes("prix: 5 € à".encode("latin-1", "replace") + b"\xe9")
    with pytest.raises(SourceError, match="not UTF-8"):
        load(tmp_path / "latin.md")


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "bom.md").write_bytes(b"\xef\xbb\xbf$x$")
    source = load(tmp_path / "bom.md")
    assert source.text == "$x$"
    assert source.position(0).column == 1


@pytest.mark.parametrize(("ending", "kind"), [(".md", "markdown"), (".tex", "latex"), (".markdown", "markdown")])
def test_the_ending_decides(tmp_path: Path, ending: str, kind: str) -> None:
    (tmp_path / f"a{ending}").write_text("$x$", encoding="utf-8")
    assert load(tmp_path / f"a{ending}").kind == kind
