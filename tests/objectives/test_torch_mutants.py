"""Wrong objectives in PyTorch are caught and told what is wrong; the correct ones pass."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="the objectives are written in PyTorch")

from mutants import ALL
from mutants.in_torch import FAMILIES, Family, Mutant, report

from verify.objectives import ObjectiveError

# By autograd a mistake that only the gradient has can show in another coordinate, and be told nothing of.
IN_GRADIENTS = {"grad_std_chain", "kl_detached", "no_score", "score_not_detached", "score_sign", "w_norm_twice"}
NOT_TOLD = {"score_not_detached"}
SEEDS = {"score_function": 3, "iwae": 3, "renyi05": 3, "mvn_kl": 5}  # of 20; enumeration takes hundreds of calls
MUTANTS = [(family, mutant) for family in FAMILIES for mutant in family.mutants]


@pytest.mark.parametrize(("family", "mutant"), MUTANTS, ids=[f"{f.name}-{m.name}" for f, m in MUTANTS])
def test_a_wrong_objective_is_caught_and_told_what_is_wrong(family: Family, mutant: Mutant) -> None:
    with pytest.raises(ObjectiveError) as caught:
        report(family, mutant.name, seed=0)
    assert (caught.value.finding.layer == "gradients") == (mutant.name in IN_GRADIENTS)
    told = any((mutant.sentence or "") in sentence for sentence in caught.value.report.likely)
    assert told or mutant.sentence is None or mutant.name in NOT_TOLD


def test_every_mutant_of_the_collection_is_here() -> None:
    assert [(family.name, mutant) for family, mutant in MUTANTS] == [(f.name, m) for f in ALL for m in f.mutants]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_correct_objectives_pass(family: Family) -> None:
    for seed in range(SEEDS.get(family.name, 20)):
        found = report(family, "", seed)
        assert found.failure is None
        assert any(f.status == "held" and f.layer == "gradients" for f in found.findings)
