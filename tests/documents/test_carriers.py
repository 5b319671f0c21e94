"""LaTeX articles and notebooks are checked as Markdown is, with the places of their own format."""

from __future__ import annotations

import json
from pathlib import Path

from verify.documents import check_file

ARTICLE = r"""\documentclass{article}
\newcommand{\E}[2]{\mathbb{E}_{#1}\left[#2\right]}
\begin{document}
\section{Bound} % a comment = with a sign
\begin{align}
  \log p(x) &\ge \E{q(z|x)}{\log \frac{p(x,z)}{q(z|x)}} \\
            &= \E{q(z|x)}{\log p(x|z)} - D_{KL}(q(z|x) \| p(z)) \label{eq:elbo}
\end{align}
The end. $\log p(x) = \log \sum_z p(x,z)$.
\end{document}
"""


def test_an_article_with_macros(tmp_path: Path) -> None:
    file = tmp_path / "article.tex"
    file.write_text(ARTICLE, encoding="utf-8")
    document = check_file(file)
    assert [(c.place.line, c.verdict.word) for c in document.claims] == [(6, "proved"), (7, "proved"), (9, "proved")]


def test_a_notebook_gives_the_cell_and_the_line_in_it(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n"]},
        {"cell_type": "code", "metadata": {}, "source": ["x = 1  # $1 = 2$\n"], "outputs": [], "execution_count": None},
        {
            "cell_type": "markdown",
            "metadata": {},
            "source": ["Words.\n", "\n", "$$\\log p(x) = \\log\\int p(x,z)\\,dz$$\n"],
        },
    ]
    file = tmp_path / "notes.ipynb"
    file.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    (claim,) = check_file(file).claims
    assert (claim.place.cell, claim.place.line, claim.verdict.word) == (2, 3, "proved")


def test_markdown_that_was_damaged_on_its_way_is_still_read(tmp_path: Path) -> None:
    r"""Converters write \_ for _ and \\\\ for \\ inside formulas."""
    file = tmp_path / "damaged.md"
    file.write_text(
        "$$\\log p\\_\\theta(x) \\ge \\mathbb{E}\\_{q(z|x)}\\left[\\log \\frac{p\\_\\theta(x,z)}{q(z|x)}\\right]$$\n",
        encoding="utf-8",
    )
    (claim,) = check_file(file).claims
    assert claim.verdict.word == "proved"
