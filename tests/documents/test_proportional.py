r"""A law in proportion to something: equal to it once that is divided by its integral over what the law draws."""

from __future__ import annotations

import pytest
from checking import only, words


@pytest.mark.parametrize(
    "formula",
    [
        r"p(z|x) \propto p(x|z)\, p(z)",
        r"p(z|x) \propto p(x, z)",
        r"p(z|x) \propto 3\, p(x, z)",
        r"p(z|x, y) \propto p(y|x, z)\, p(x|z)\, p(z)",
    ],
)
def test_a_posterior_is_proportional_to_the_joint(formula: str) -> None:
    assert words(f"$${formula}$$") == ["proved"]


@pytest.mark.parametrize(
    "formula",
    [
        r"p(z|x) \propto p(x|z)",
        r"p(z|x) \propto p(z)",
        r"p(z|x) \propto p(x, z)^2",
        r"p(z|x, y) \propto p(y|x)\, p(x|z)\, p(z)",
    ],
)
def test_a_factor_forgotten_is_refuted(formula: str) -> None:
    claim = only(f"$${formula}$$")
    assert claim.verdict.word == "refuted"
    assert claim.verdict.counterexample is not None


@pytest.mark.parametrize("formula", [r"p(z|x) \propto -p(x, z)", r"\log p(z|x) \propto \log p(x, z)"])
def test_what_may_be_negative_is_not_called_proportional(formula: str) -> None:
    assert words(f"$${formula}$$") == ["undecided"]
