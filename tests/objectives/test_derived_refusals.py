"""What cannot serve as a reference is refused, with the reason and the choices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from verify import derivation, strategies
from verify.models import Categorical
from verify.objectives.derived import (
    ConditionError,
    DerivationError,
    LinesOfDerivation,
    NotProvedError,
    NoValueError,
    RolesError,
)

BOUND = r"\mathbb{E}_{z \sim q(z|x)}[\log p(x|z)] - D_{KL}(q(z|x) \,\|\, p(z))"
TABLE, SHARED = strategies.build("finite-table", 1), strategies.build("normal-normal", 1)


def lines(folder: Path, *paragraphs: str) -> LinesOfDerivation:
    """A document with these paragraphs: at lines 1, 3, 5 …; those with a backslash are displayed formulas."""
    shown = [p if p.startswith(("<!--", "Assume", "Let", "For")) else f"$${p}$$" for p in paragraphs]
    path = folder / "notes.md"
    path.write_text("\n\n".join(shown) + "\n", encoding="utf-8")
    return derivation(path)


# ---------------------------------------------------------------- what is not proved


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        (rf"\log p(x) = {BOUND}", "is refuted, not proved"),
        (r"\log p(x) \ge 2 \mathbb{E}_{z \sim q(z|x)}[\log p(x|z)] - D_{KL}(q(z|x) \| p(z))", "is refuted"),
        (r"\log p(x) \ge \frac{", "is unread"),
    ],
)
def test_a_last_line_that_is_not_proved_is_refused_with_its_place_and_verdict(
    tmp_path: Path, formula: str, says: str
) -> None:
    with pytest.raises(NotProvedError, match=says) as caught:
        lines(tmp_path, rf"\log p(x) \ge {BOUND}", formula).last()
    assert "notes.md:3" in str(caught.value)


def test_definitions_and_mistakes_on_purpose_are_no_last_line(tmp_path: Path) -> None:
    found = lines(
        tmp_path, rf"\log p(x) \ge {BOUND}", f"L := {BOUND}", "<!-- jensen: expect refuted -->", rf"\log p(x) = {BOUND}"
    )
    assert found.last().where.endswith("notes.md:1")


def test_a_mistake_on_purpose_is_refused_when_it_is_asked_for(tmp_path: Path) -> None:
    found = lines(tmp_path, rf"\log p(x) \ge {BOUND}", "<!-- jensen: expect refuted -->", rf"\log p(x) = {BOUND}")
    with pytest.raises(NotProvedError):
        found.claim(line=5)


def test_a_document_without_claims_and_one_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NotProvedError, match="makes no claim"):
        lines(tmp_path, "Let us see.").last()
    with pytest.raises(DerivationError, match="does not exist"):
        derivation(tmp_path / "missing.md")


def test_a_line_with_two_claims_is_listed_with_columns(tmp_path: Path) -> None:
    found = lines(tmp_path, rf"\log p(x) = \log \int p(x, z)\, dz \ge {BOUND}")
    with pytest.raises(DerivationError, match="2 claims") as caught:
        found.claim(line=1)
    columns = [one.column for one in found.lines]
    assert all(f"1:{column}  " in str(caught.value) for column in columns)
    assert found.claim(line=1, column=columns[1]).claim.sign == ">="


# ---------------------------------------------------------------- what the model does not meet


def without_one_state(q: Categorical) -> Categorical:
    """q with probability 0 of the first state."""
    weights = np.where(np.arange(q.probabilities.shape[1]) == 0, 0.0, q.probabilities)
    return Categorical(weights / weights.sum(-1, keepdims=True))


def test_a_condition_that_q_does_not_meet_is_named(tmp_path: Path) -> None:
    marginal = lines(tmp_path, r"\log p(x) = \log \int q(z|x) \frac{p(x, z)}{q(z|x)}\, dz").last().over()
    assert marginal(TABLE.model, TABLE.q).value == pytest.approx(TABLE.model.log_evidence(), rel=1e-12)
    with pytest.raises(ConditionError, match=r"q\(z\|x\) > 0 wherever p\(x,z\) > 0"):
        marginal(TABLE.model, without_one_state(TABLE.q))


def test_a_bound_that_needs_no_condition_holds_for_a_q_with_zeros(tmp_path: Path) -> None:
    bound = lines(tmp_path, rf"\log p(x) \ge {BOUND}").last().over()
    narrow = without_one_state(TABLE.q)
    assert bound(TABLE.model, narrow).value == pytest.approx(TABLE.model.elbo(narrow), rel=1e-12)


def test_a_hypothesis_that_q_does_not_meet_is_named(tmp_path: Path) -> None:
    found = lines(tmp_path, "Assume $q(z|x) = p(z|x)$. Then", rf"\log p(x) = {BOUND}").last().over()
    posterior = TABLE.model.posterior_q()
    assert found(TABLE.model, posterior).value == pytest.approx(TABLE.model.log_evidence(), rel=1e-12)
    with pytest.raises(ConditionError, match="does not hold in finite-table"):
        found(TABLE.model, TABLE.q)


def test_parameters_need_values_within_their_range(tmp_path: Path) -> None:
    right = r"\log p(x) - D_{KL}(q(z|x) \| p(z|x)) - (\beta - 1) D_{KL}(q(z|x) \| p(z))"
    left = r"\mathbb{E}_{z \sim q(z|x)}[\log p(x|z)] - \beta D_{KL}(q(z|x) \,\|\, p(z))"
    found = lines(tmp_path, r"For $\beta \ge 1$,", f"{left} = {right}").last()
    with pytest.raises(NoValueError, match=r"β has no value"):
        found.over(TABLE.model)
    with pytest.raises(ConditionError, match="the range of β"):
        found.over(TABLE.model, values={"β": 0.5})
    with pytest.raises(DerivationError, match="gamma: no parameter"):
        found.over(values={"gamma": 2})
    both = [found.over(values={"beta": 3}, side=side)(TABLE.model, TABLE.q).value for side in ("left", "right")]
    assert both[0] == pytest.approx(both[1], rel=1e-12)
    assert both[0] < TABLE.model.elbo(TABLE.q)


# ---------------------------------------------------------------- what has no value


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        (r"\mathbb{E}_{z \sim q(z|x)}[f(z) + \log p(x|z)] = "
         r"\mathbb{E}_{z \sim q(z|x)}[\log p(x|z)] + \mathbb{E}_{z \sim q(z|x)}[f(z)]", r"contains f\(z\)"),
        (rf"\sup_q ({BOUND}) = \log p(x)", "contains sup"),
    ],
)  # fmt: skip
def test_functions_and_suprema_have_no_value_over_a_model(tmp_path: Path, formula: str, says: str) -> None:
    with pytest.raises(NoValueError, match=says):
        lines(tmp_path, formula).last().over(side="left")


def test_an_average_over_single_data_points_needs_a_latent_for_each(tmp_path: Path) -> None:
    of_one = r"\mathbb{E}_{x \sim p_{data}(x)}[\log p(x) - D_{KL}(q(z|x) \| p(z|x))]"
    found = lines(tmp_path, rf"\mathbb{{E}}_{{x \sim p_{{data}}(x)}}[{BOUND}] = {of_one}").last().over()
    assert found(TABLE.model, TABLE.q).value == pytest.approx(TABLE.model.elbo(TABLE.q), rel=1e-12)
    with pytest.raises(NoValueError, match="share one latent"):
        found(SHARED.model, SHARED.q)


def test_an_infinite_average_of_squared_weights_has_no_value(tmp_path: Path) -> None:
    squared = r"\mathbb{E}_{z \sim q(z|x)}\left[\left(\frac{p(x, z)}{q(z|x)}\right)^2\right]"
    found = lines(tmp_path, rf"{squared} \ge p(x)^2").last().over(side="left")
    posterior = SHARED.model.posterior_q()
    wide, narrow = (posterior.replace(variance=posterior.variance * factor) for factor in (1.5, 0.4))
    assert found(SHARED.model, wide).value > np.exp(2 * SHARED.model.log_evidence())
    with pytest.raises(NoValueError, match="does not settle"):
        found(SHARED.model, narrow)


# ---------------------------------------------------------------- what is open


def test_a_formula_that_does_not_add_up_over_data_asks_what_x_is(tmp_path: Path) -> None:
    squared = r"\mathbb{E}_{z \sim q(z|x)}\left[\left(\frac{p(x, z)}{q(z|x)}\right)^2\right]"
    claim = lines(tmp_path, rf"{squared} \ge p(x)^2").last()
    with pytest.raises(RolesError, match=r"per='point'.*per='data'"):
        claim.over()(TABLE.model, TABLE.q)
    by_point, together = (claim.over(per=per)(TABLE.model, TABLE.q).value for per in ("point", "data"))
    logs = [np.exp(TABLE.model.replace(x=TABLE.model.x[i : i + 1]).log_evidence()) for i in range(len(TABLE.model.x))]
    assert by_point == pytest.approx(sum(value**2 for value in logs), rel=1e-12)
    assert together == pytest.approx(np.prod(logs) ** 2, rel=1e-12)


# ---------------------------------------------------------------- where an integrand lies


@pytest.mark.parametrize("factor", [0.2, 1.0, 4.0])
def test_an_average_of_exponentials_is_found_or_refused_but_never_wrong(tmp_path: Path, factor: float) -> None:
    written, turned = (r"\exp(\log p(x, z) - \log q(z|x))", r"\exp(-\log q(z|x) + \log p(x, z))")
    left, right = (rf"\log \mathbb{{E}}_{{z \sim q(z|x)}}[{weight}]" for weight in (written, turned))
    found = lines(tmp_path, f"{left} = {right}").last().over()
    posterior = SHARED.model.posterior_q()
    q = posterior.replace(mean=posterior.mean + 1, variance=posterior.variance * factor)
    try:
        value = found(SHARED.model, q).value
    except NoValueError:
        assert factor < 1  # only for a q so narrow that its own grid does not reach the posterior
    else:
        assert value == pytest.approx(SHARED.model.log_evidence(), rel=1e-6)


def test_infinity_less_infinity_is_no_value(tmp_path: Path) -> None:
    found = lines(tmp_path, rf"\log p(x) = {BOUND} + D_{{KL}}(q(z|x) \| p(z|x))").last()
    certain = TABLE.model.replace(prior=np.eye(len(TABLE.model.prior))[0])
    with pytest.raises((ConditionError, NoValueError)):
        found.over(side="right")(certain, TABLE.q)
