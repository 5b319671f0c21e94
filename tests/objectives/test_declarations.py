"""What is declared is checked before anything is run; nothing of it is guessed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from verify import check_objective, strategies
from verify.objectives import Objective

PLAIN = {"returns": "elbo", "reduction": "sum"}


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ({"returns": "ELBO"}, "returns='ELBO' is not one of 'elbo', 'loss'"),
        ({"reduction": "average"}, "reduction='average' is not one of 'sum', 'mean', 'none'"),
        ({"kind": "vae"}, "kind='vae' is not one of"),
        ({"estimator": "reinforce"}, "estimator='reinforce' is not one of"),
        ({"dtype": "float16"}, "dtype='float16' is not one of"),
        ({"samples": 0}, "count from 1"),
        ({"batch_size": 0}, "count from 1"),
        ({"kind": "renyi"}, "alpha is the order of a Rényi bound"),
        ({"alpha": 0.5}, "alpha is the order of a Rényi bound"),
        ({"kind": "renyi", "alpha": 1.0}, "is the ELBO: declare kind"),
        ({"beta": -1.0}, "beta >= 0"),
        ({"kind": "iwae", "beta": 0.5}, "no meaning for kind"),
        ({"kind": "renyi", "alpha": 2.0, "beta": 2.0}, "no meaning for kind"),
    ],
)
def test_declarations_that_contradict_themselves_are_refused(declared: dict[str, Any], says: str) -> None:
    def never(rng: Any) -> Any:
        raise AssertionError("the objective was run")

    with pytest.raises(ValueError, match=r"\w") as refused:
        check_objective(never, strategies.build("normal-normal", 0), **{**PLAIN, **declared})
    assert says in str(refused.value)


def test_sign_and_reduction_have_no_default() -> None:
    """Neither can be told from a mistake by looking at numbers."""
    with pytest.raises(TypeError, match=r"returns.*reduction"):
        check_objective(lambda rng: 0.0, strategies.build("normal-normal", 0))  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("returns", "reduction", "value", "nats"),
    [
        ("elbo", "sum", -6.0, -6.0),
        ("loss", "sum", 6.0, -6.0),
        ("loss", "mean", 2.0, -6.0),
        ("elbo", "none", [-1.0, -2.0, -3.0], -6.0),
        ("loss", "none", [1.0, 2.0, 3.0], -6.0),
    ],
)
def test_values_are_compared_on_one_scale(returns: Any, reduction: Any, value: Any, nats: float) -> None:
    assert Objective(returns, reduction).in_nats(np.array(value), points=3) == nats


@pytest.mark.parametrize(
    ("declared", "is_bound"),
    [
        ({}, True),
        ({"beta": 0.5}, False),
        ({"beta": 4.0}, True),
        ({"kind": "iwae", "samples": 5}, True),
        ({"kind": "renyi", "alpha": 0.5}, True),
        ({"kind": "renyi", "alpha": -1.0}, False),
    ],
)
def test_which_objectives_are_lower_bounds(declared: dict[str, Any], is_bound: bool) -> None:
    assert Objective("elbo", "sum", **declared).is_lower_bound is is_bound


@pytest.mark.parametrize(
    ("declared", "title"),
    [
        ({}, "ELBO"),
        ({"beta": 0.5}, "ELBO with beta = 0.5"),
        ({"kind": "iwae", "samples": 5}, "importance-weighted bound with K = 5"),
        ({"kind": "renyi", "alpha": 2.0, "samples": 3}, "Rényi bound of order 2 with K = 3"),
    ],
)
def test_titles_name_what_is_declared(declared: dict[str, Any], title: str) -> None:
    assert Objective("elbo", "sum", **declared).title == title


@pytest.mark.parametrize(
    ("declared", "wrong"),
    [
        ({"returns": "elbo", "reduction": "mean"}, "the sign"),
        ({"returns": "loss", "reduction": "sum"}, "the value is averaged over the data points"),
        ({"returns": "loss", "reduction": "mean", "beta": 0.5}, ""),
    ],
)
def test_a_wrong_declaration_is_a_failure_like_a_wrong_objective(declared: dict[str, Any], wrong: str) -> None:
    case = strategies.build("ppca", 3, points=3, latents=2, dimension=4)
    with pytest.raises(AssertionError) as caught:
        check_objective(lambda model, q: -model.elbo(q) / len(model.x), case, **declared, noise="none")
    assert wrong in str(caught.value)
    assert check_objective(
        lambda model, q: -model.elbo(q) / len(model.x), case, returns="loss", reduction="mean", noise="none"
    ).with_status("held")


def test_code_that_is_right_for_one_size_only_is_still_explained() -> None:
    """Its number of data points is written into the code, so other models say nothing about it."""
    case = strategies.build("ppca", 3, points=3, latents=2, dimension=4)
    with pytest.raises(AssertionError, match="the sign: it returns the negative"):
        check_objective(lambda model, q: -model.elbo(q) / 3, case, returns="elbo", reduction="mean", noise="none")
