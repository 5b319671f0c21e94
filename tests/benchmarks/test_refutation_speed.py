"""What it costs to see that a claim is false, from drawing the worlds to the first failure; ratios within one run.

The yardstick is one call of `scipy.stats.entropy` on four states, the usual way to compute one KL divergence.
Run `pytest tests/benchmarks/test_refutation_speed.py -s` to see the figures.
"""

from __future__ import annotations

from statistics import median

import numpy as np
import scipy.stats
from timing import costs

from derive.claims import Claim
from derive.reading.meaning.document import read_document
from derive.reading.sources import read_markdown
from verify.check import WORLDS, check, without_names
from verify.worlds.draw import draw
from verify.worlds.trial import try_claim
from verify.worlds.vocabulary import Vocabulary

ELBO = r"\mathbb{E}_{q(z|x)}\left[\log \frac{p(x, z)}{q(z|x)}\right]"
KL = r"D_{KL}(q(z|x) \,\|\, p(z|x))"
FALSE = [
    rf"\log p(x) = {ELBO}",
    rf"\log p(x) = {ELBO} - {KL}",
    rf"\log p(x) \le {ELBO}",
    rf"{KL} = D_{{KL}}(p(z|x) \,\|\, q(z|x))",
    rf"{ELBO} = \mathbb{{E}}_{{q(z|x)}}[\log p(x|z)] + D_{{KL}}(q(z|x) \,\|\, p(z))",
    r"\log \mathbb{E}_{q(z)}[f(z)] = \mathbb{E}_{q(z)}[\log f(z)]",
    r"\log \int p(x, z)\, dz = \int \log p(x, z)\, dz",
    r"p(x, z) = p(x)\, p(z)",
    r"p(z|x) = \frac{p(x|z)}{p(x)}",
    r"\sum_x p(x) \log p(x) \ge \sum_x p(x) \log q(x) + D_{KL}(p(x) \,\|\, q(x)) + \frac{1}{10}",
    r"\mathbb{E}_{q(z_1, z_2)}[f(z_1)] = \mathbb{E}_{q(z_2)}[f(z_2)]",
    r"p(z_1, z_2|x) = p(z_1|x)\, p(z_2|z_1)",
]


def claim_of(formula: str) -> Claim:
    content = read_document(read_markdown(f"$$ {formula} $$\n", "false.md")).claims[-1].content
    assert isinstance(content, Claim)
    return content


def seen_to_fail(claim: Claim) -> bool:
    """The first part of `check`: worlds of one kind after the other, until the claim fails in one."""
    plain = without_names(claim)
    vocabulary, random = Vocabulary.of((plain.lhs, plain.rhs), plain.setting), np.random.default_rng(0)
    batches = (draw(vocabulary, plain.setting, kind, count, random) for kind, count in WORLDS.items())
    return any(try_claim(plain, vocabulary, batch).failed.any() for batch in batches)


def test_refuting_a_false_claim_costs_as_much_as_a_few_divergences() -> None:
    """At the median less than 12 calls of scipy, worlds drawn and both sides evaluated in at least 96 of them."""
    p, q = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.4, 0.3, 0.2, 0.1])
    times, ratios = [], []
    for formula in FALSE:
        claim = claim_of(formula)
        assert check(claim).word == "refuted"
        assert seen_to_fail(claim)
        ours, divergence = costs(lambda claim=claim: seen_to_fail(claim), lambda: scipy.stats.entropy(q, p))  # type: ignore[misc]
        times.append(ours)
        ratios.append(ours / divergence)
    print(f"\nworlds drawn and the claim seen to fail: median {median(times) * 1e3:.2f} ms, largest "
          f"{max(times) * 1e3:.2f} ms; times one scipy.stats.entropy: median {median(ratios):.1f}")
    assert median(ratios) < 12


def test_an_exact_small_counterexample_costs_less_than_some_hundred_times_that() -> None:
    """Search among small rational worlds, shrinking, exact decision and the sentence about the mistake."""
    ratios = []
    for formula in FALSE:
        claim = claim_of(formula)
        whole, seen = costs(lambda claim=claim: check(claim), lambda claim=claim: seen_to_fail(claim))  # type: ignore[misc]
        ratios.append(whole / seen)
    print(f"\nwhole verdict / first failure: median {median(ratios):.0f}, largest {max(ratios):.0f}")
    assert median(ratios) < 200
