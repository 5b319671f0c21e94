"""Every wrong objective of the collection is caught, by the layer that should, and told what is wrong with it; the
correct versions pass.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from mutants import ALL, Family, Mutant
from mutants.correct import report
from mutants.table import row

SEEDS = (0, 1)
FRESH = range(20)

# All others are seen from the expectation.
LAYERS = {
    "pointwise": {
        "renyi05/no_div",
        "lognormal/no_jac",
        "lognormal/jac_sign",
        "lognormal/model_no_jac",
        "lognormal/entropy_in_u_only_half",
        "score_function/use_prior_sample",
        "masked_seq/lik_unmasked",
        "masked_seq/mean_over_T",
        "particles/sign",
        "particles/divided_twice",
        "particles/exp_of_mean",
    },
    "gradients": {
        "vae_gauss/grad_std_chain",
        "vae_gauss/kl_detached",
        "iwae/w_norm_twice",
        "score_function/no_score",
        "score_function/score_not_detached",
        "score_function/score_sign",
    },
}
LAYER = {name: layer for layer, names in LAYERS.items() for name in names}


def mutants() -> Iterator[tuple[str, Family, Mutant]]:
    for family in ALL:
        for mutant in family.mutants:
            yield f"{family.name}/{mutant.name}", family, mutant


MUTANTS = tuple(mutants())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "family", "mutant"), MUTANTS, ids=[name for name, _, _ in MUTANTS])
def test_a_wrong_objective_is_caught_and_named(name: str, family: Family, mutant: Mutant, seed: int) -> None:
    found = row(family, mutant, seed)
    assert found.layer == LAYER.get(name, "expectation")
    assert mutant.sentence is None or found.told, found.likely


def test_there_are_62_of_them_and_most_have_a_sentence() -> None:
    assert len(MUTANTS) == len({name for name, _, _ in MUTANTS}) == 62
    assert set(LAYER) <= {name for name, _, _ in MUTANTS}
    assert sum(mutant.sentence is not None for _, _, mutant in MUTANTS) >= 2 / 3 * 62


def test_a_sentence_is_said_of_its_own_mistake_alone() -> None:
    """Two mutants of one family share a sentence only where they share the mistake; nothing is said of everything."""
    for family in ALL:
        sentences = [mutant.sentence for mutant in family.mutants if mutant.sentence is not None]
        assert len(set(sentences)) == len(sentences)


@pytest.mark.parametrize("seed", FRESH)
@pytest.mark.parametrize("family", ALL, ids=[f"{family.name}-{k}" for k, family in enumerate(ALL)])
def test_the_correct_objective_passes(family: Family, seed: int) -> None:
    found = report(family, 1000 + seed)
    held = {finding.layer for finding in found.with_status("held")}
    assert found.failure is None
    assert "expectation" in held or "bounds" in held, str(found)


@pytest.mark.parametrize("family", ALL, ids=[f"{family.name}-{k}" for k, family in enumerate(ALL)])
def test_gradients_of_the_correct_objective_are_compared_where_there_are_any(family: Family) -> None:
    statuses = {finding.status for finding in report(family, 3).findings if finding.layer == "gradients"}
    assert "held" in statuses if family.gradient else statuses == {"not applicable"}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("family", ALL, ids=[f"{family.name}-{k}" for k, family in enumerate(ALL)])
def test_the_cases_hide_nothing(family: Family, seed: int) -> None:
    """With one latent dimension, unit variances or q at the prior many mistakes return the right number."""
    case = family.case(seed)
    sizes = [np.size(array) for array in case.q.arrays().values()]
    assert max(sizes) > 1 or case.model.name in ("normal-normal", "log-normal")
    assert len(next(iter(case.model.data().values()))) > 1 or case.model.name == "bernoulli-decoder"
    for name, array in {**case.q.arrays(), **getattr(case.model, "parameters", dict)()}.items():
        if "variance" in name or "scale" in name:
            assert not np.any(np.isclose(array, 1.0, atol=1e-3)), name
    assert case.model.gap_sum(case.q).value > 1e-3
