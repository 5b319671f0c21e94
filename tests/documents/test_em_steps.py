"""EM over data, as it is taught: E-step, M-step, and why the likelihood never goes down."""

from __future__ import annotations

from checking import checked

EM = r"""
The log-likelihood is $\ell(\theta) := \sum_i \log p_\theta(x^{(i)})$.

E-step: $Q_i(z^{(i)}) := p_{\theta_t}(z^{(i)}|x^{(i)})$. M-step:

$$\theta' := \arg\max_\theta
\sum_i \mathbb{E}_{Q_i(z^{(i)})}\left[\log \frac{p_\theta(x^{(i)}, z^{(i)})}{Q_i(z^{(i)})}\right]$$

Then

$$
\begin{aligned}
\ell(\theta')
&\ge \sum_i \mathbb{E}_{Q_i(z^{(i)})}\left[\log \frac{p_{\theta'}(x^{(i)}, z^{(i)})}{Q_i(z^{(i)})}\right]\\
&\ge \sum_i \mathbb{E}_{Q_i(z^{(i)})}\left[\log \frac{p_{\theta_t}(x^{(i)}, z^{(i)})}{Q_i(z^{(i)})}\right]\\
&= \ell(\theta_t)
\end{aligned}
$$
"""


def test_em_never_lowers_the_likelihood() -> None:
    document = checked(EM)
    assert [claim.verdict.word for claim in document.claims] == ["assumed"] * 3 + ["proved"] * 3
    assert document.claims[4].verdict.equality == "iff the other value is an optimum as well"


def test_without_the_m_step_nothing_is_said_of_the_new_parameters() -> None:
    text = EM.replace(r"\arg\max_\theta", r"\arg\min_\theta")
    words = [claim.verdict.word for claim in checked(text).claims]
    assert words[3] == "proved"  # the bound holds at every parameter
    assert words[4] != "proved"


def test_without_the_e_step_the_bound_does_not_touch() -> None:
    text = EM.replace(r"p_{\theta_t}(z^{(i)}|x^{(i)})", r"r(z^{(i)})")
    assert checked(text).claims[-1].verdict.word != "proved"


def test_an_optimum_found_under_another_law_is_none_under_this_one() -> None:
    """θ' is best for Q = the posterior of the first section; nothing is said of it for another Q."""
    other = r"""
# Another Q

Let $Q_i(z^{(i)}) := r(z^{(i)})$.

$$
\sum_i \mathbb{E}_{Q_i(z^{(i)})}\left[\log \frac{p_{\theta'}(x^{(i)}, z^{(i)})}{Q_i(z^{(i)})}\right]
\ge \sum_i \mathbb{E}_{Q_i(z^{(i)})}\left[\log \frac{p_{\theta_t}(x^{(i)}, z^{(i)})}{Q_i(z^{(i)})}\right]
$$
"""
    claims = checked("# The first\n" + EM + other).claims
    assert claims[4].verdict.word == "proved"
    assert claims[-1].verdict.word not in ("proved", "refuted")
