"""Random worlds are what they are said to be: normalised, of their kind, and within the hypotheses of the text."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from derive.claims import Claim, Setting
from derive.reading.meaning.document import read_document
from derive.reading.sources import read_markdown
from verify.check import without_names
from verify.worlds.draw import KINDS, draw
from verify.worlds.evaluate import Evaluator
from verify.worlds.sources import RandomSource, RoundedSource
from verify.worlds.vocabulary import Vocabulary
from verify.worlds.world import World

BOUND = r"$$ \log p(x) \ge \mathbb{E}_{q(z|x)}\left[\log \frac{p(x, z)}{q(z|x)}\right] $$"
CHAIN = "Assume $q(z_1, z_2|x) = q(z_1|x)\\, q(z_2|z_1)$.\n\n$$ q(z_2|z_1, x) = q(z_2|z_1) $$"
COUNT = 400


def spoken_of(text: str) -> tuple[Claim, Vocabulary]:
    content = read_document(read_markdown(text + "\n", "worlds.md")).claims[-1].content
    assert isinstance(content, Claim)
    claim = without_names(content)
    return claim, Vocabulary.of((claim.lhs, claim.rhs), claim.setting)


def drawn(text: str, kind: str, seed: int = 0) -> World:
    claim, vocabulary = spoken_of(text)
    return draw(vocabulary, claim.setting, kind, COUNT, np.random.default_rng(seed))


def mass(world: World, key: str) -> np.ndarray:
    """Σ w p over the drawn spaces: 1 everywhere."""
    law = world.laws[key]
    table = law.table
    for axis, space in enumerate(law.spaces):
        if space in law.drawn:
            shape = [1] * table.ndim
            shape[axis], shape[-1] = world.weights[space].shape
            table = (table * world.weights[space].reshape(shape)).sum(axis=axis, keepdims=True)
    return table


@pytest.mark.parametrize("text", [BOUND, CHAIN])
@pytest.mark.parametrize("kind", [*KINDS, "sparse"])
def test_every_law_is_normalised_under_the_base_weights(kind: str, text: str) -> None:
    world = drawn(text, kind)
    assert world.count == COUNT
    for key, law in world.laws.items():
        assert law.table.shape[-1] == COUNT
        assert (law.table >= 0).all()
        np.testing.assert_allclose(mass(world, key), 1.0, rtol=1e-12)


def test_base_weights_have_all_scales() -> None:
    generic = drawn(BOUND, "generic").weights["z"]
    scales = generic.mean(axis=0)
    assert scales.max() / scales.min() > 30
    assert (generic == 1).all(axis=0).mean() > 0.2  # counting measure in some worlds, where the text leaves it open
    assert (drawn(BOUND, "flat").weights["z"] == 1).all()


def test_concentrated_worlds_have_small_probabilities_and_uniform_ones_none() -> None:
    law = drawn(BOUND, "concentrated").laws["p"].table
    ratio = law.max(axis=(0, 1)) / law.min(axis=(0, 1))
    assert np.median(ratio) > 10
    assert ratio.max() > 1e3
    assert np.ptp(drawn(BOUND, "uniform").laws["p"].table, axis=(0, 1)).max() < 1e-12


def test_symmetric_worlds_do_not_change_when_turned_round() -> None:
    world = drawn(BOUND, "symmetric")
    for law in world.laws.values():
        spaces = tuple(range(len(law.spaces)))
        np.testing.assert_allclose(np.flip(law.table, axis=spaces), law.table, rtol=1e-12)
        assert np.ptp(law.table, axis=spaces).max() > 0.1  # symmetric is not uniform
    for weights in world.weights.values():
        np.testing.assert_array_equal(weights[::-1], weights)


def test_sparse_worlds_hold_zeros_and_in_some_everything_is_determined() -> None:
    law = drawn(BOUND, "sparse").laws["q"].table  # q(z | x), axes x and z in some order
    zeros = (law == 0).mean(axis=(0, 1))
    assert (zeros > 0).mean() > 0.5
    axis = drawn(BOUND, "sparse").laws["q"].spaces.index("z")
    determined = ((law > 0).sum(axis=axis) == 1).all(axis=0).mean()
    # 25 % by construction and a few by chance; below 15 % with probability < 1e-5 among 400 worlds.
    assert 0.15 < determined < 0.6


def test_positive_laws_have_no_zeros_even_in_sparse_worlds() -> None:
    world = drawn("All densities are positive everywhere.\n\n" + BOUND, "sparse")
    assert all((law.table > 0).all() for law in world.laws.values())


def test_alike_worlds_hold_q_at_the_posterior_and_near_it() -> None:
    claim, vocabulary = spoken_of(BOUND)
    gaps = []
    for seed in range(12):
        world = draw(vocabulary, claim.setting, "alike", COUNT, np.random.default_rng(seed))
        evaluate = Evaluator(world, vocabulary.names)
        gaps.append(float(np.abs(evaluate(claim.lhs) - evaluate(claim.rhs)).max()))
    assert min(gaps) < 1e-12
    assert any(1e-9 < gap < 1e-1 for gap in gaps)


@pytest.mark.parametrize("kind", [*KINDS, "sparse"])
def test_conditional_independence_is_met_by_construction(kind: str) -> None:
    claim, vocabulary = spoken_of(CHAIN)
    world = draw(vocabulary, claim.setting, kind, COUNT, np.random.default_rng(1))
    evaluate = Evaluator(world, vocabulary.names)
    left, right = np.broadcast_arrays(evaluate(claim.lhs), evaluate(claim.rhs))
    defined = ~(np.isnan(left) | np.isnan(right))
    assert defined.any()
    np.testing.assert_allclose(left[defined], right[defined], rtol=1e-9, atol=1e-12)
    assert Setting() != claim.setting  # the hypothesis was read


@pytest.mark.parametrize(("lower", "upper"), [(0, None), (None, 0), (Fraction(1, 3), None), (None, Fraction(-2, 7))])
def test_rounded_numbers_stay_strictly_within_their_bounds(lower: Fraction | None, upper: Fraction | None) -> None:
    low, high = (None if bound is None else Fraction(bound) for bound in (lower, upper))
    source = RoundedSource(RandomSource("generic", 20_000, np.random.default_rng(0)))
    values = source.numbers((3,), low, high)
    assert low is None or (values > float(low)).all()
    assert high is None or (values < float(high)).all()
